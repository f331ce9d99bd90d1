/** What the commands on the audit share: the store opened, and the keys where they are needed. */
import { auditKeys } from '../audit/auditor.ts'
import type { Keyring } from '../engine/keys.ts'
import type { Accounts, Store } from '../engine/ports.ts'
import { loadConfig, tableOf } from '../server/config.ts'
import { badConfiguration, finding, isSound, told } from '../server/findings.ts'
import { systemClock, systemRandom } from '../system.ts'
import type { Io } from './command.ts'
import { ofDatabase } from './opened.ts'

/** The audit of the database that is configured. `keys` are not to be used by commands that did not ask for them. */
export type Opened = {
  readonly store: Store
  readonly accounts: Accounts
  readonly keys: Keyring
  readonly clock: typeof systemClock
  readonly random: typeof systemRandom
}

const ofSecret = /^L00[1-6]/

/** Runs `work` on it and closes the database again, whatever happens. `keyed`: the secret must be there and sound. */
export async function withAudit(
  flags: { readonly config?: string },
  io: Io,
  keyed: boolean,
  work: (opened: Opened) => Promise<number>,
): Promise<number> {
  const { options, findings } = await loadConfig(io.environment, flags, io.folder)
  const counts = (code: string): boolean => ofDatabase.test(code) || (keyed && ofSecret.test(code))
  const found = findings.filter(({ code, level }) => level === 'error' && counts(code))
  const { table, columns } = tableOf(options)
  if (isSound(found)) {
    const pending = await options.store!.pending(table, columns)
    if (pending.length > 0) found.push(finding('L052', { steps: pending.map(({ name }) => name).join(', ') }))
  }
  if (!isSound(found)) {
    io.error(told(found))
    return badConfiguration
  }
  const { store, accounts } = await options.store!.open(table, columns)
  const keys = auditKeys(options.secret ?? '', options.secretFallbacks, options.audit)
  try {
    return await work({ store, accounts, keys, clock: systemClock, random: systemRandom })
  } finally {
    await store.close()
  }
}
