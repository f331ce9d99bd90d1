/**
 * The key of counts and of address digests. Were they made under the secret of the day, a rotation would set every limit
 * to nothing and cut the audit in two. So it is random, made once, and kept in the settings, sealed under each secret in
 * turn: whoever has the database alone can neither count nor guess addresses, and a new secret opens it as long as the one
 * before is among its fallbacks. Drop the old secret at once, as one does when it leaked, and it begins anew.
 */
import { event, nobody } from './audit.ts'
import { fresh, type Keyring, type Keys, keysOf, seal, unseal } from './keys.ts'
import { Fault } from './outcome.ts'
import type { Random, Setting, Store } from './ports.ts'

type Where = Pick<Store, 'settings' | 'setSetting'>

const nameOf = (keys: Keys): string => `key.${keys.id}`

/**
 * The keyring with the installation's lasting key; makes it at the very first start.
 * @throws Fault `database` when it can be neither read nor written.
 */
export async function withLasting(keyring: Keyring, store: Where, random: Random, at: number): Promise<Keyring> {
  const text = (await kept(keyring, store, random, at)) ?? (await kept(keyring, store, random, at))
  if (text === null)
    throw new Fault('database', 'The key of counts can be neither read nor written in latchkey_settings.')
  return { ...keyring, lasting: keysOf(text) }
}

/** What is kept, sealed under the current secret from here on; null when another process was first with another one. */
async function kept(keyring: Keyring, store: Where, random: Random, at: number): Promise<string | null> {
  const settings = await store.settings()
  const found = keyring.all.map((keys) => opened(keys, settings))
  // The oldest goes first: a secret that was started with once, its forerunner forgotten, has made another meanwhile.
  const oldest = found.findLast((one) => one !== null)
  if (oldest && oldest === found[0]) return oldest
  const text = oldest ?? fresh(random, 32)
  const name = nameOf(keyring.current)
  const version = (settings.find((one) => one.name === name)?.version ?? 0) + 1
  const value = seal(keyring.current, random, name, text)
  const made = event(at, 'settings.changed', nobody, { because: name })
  return (await store.setSetting({ name, value, version }, at, made)) ? text : null
}

function opened(keys: Keys, settings: readonly Setting[]): string | null {
  const name = nameOf(keys)
  const value = settings.find((one) => one.name === name)?.value
  return value ? unseal(keys, name, value) : null
}
