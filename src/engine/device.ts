/**
 * A known device: a browser that has logged in as an account before, or reset its password. It has counts of its own, so
 * that a stranger who uses up an address's limits does not keep its owner out. The cookie names nobody.
 */
import { digest, fresh, type Keyring, mac, same } from './keys.ts'
import type { Random } from './ports.ts'

/** A device's cookie starts with its id and goes on with one signature for each name of its account. */
const idLength = 22
const macLength = 43

/**
 * The value of a device's cookie for an account that has these names. Its first eight characters are the same for one
 * account: a name for the cookie.
 */
export function deviceFor(keyring: Keyring, random: Random, names: readonly string[]): string {
  const start = digest(keyring.current, 'handle', ['device', names[0] ?? '']).slice(0, 8)
  const id = start + fresh(random, 16).slice(0, idLength - start.length)
  return id + names.map((name) => mac(keyring.current, 'device', [id, name])).join('')
}

/** The key under which the device's own counts stand, when one of the cookies is of the account with this name. */
export function knownDevice(keyring: Keyring, name: string, cookies: readonly string[]): string | null {
  for (const cookie of cookies) {
    const id = cookie.slice(0, idLength)
    // An account has two names at most.
    const signatures = [0, 1].map((at) => cookie.slice(idLength + at * macLength, idLength + (at + 1) * macLength))
    const known = keyring.all.some((keys) => {
      const right = mac(keys, 'device', [id, name])
      return signatures.some((signature) => same(right, signature))
    })
    if (known) return digest(keyring.lasting, 'limit', ['device', id])
  }
  return null
}
