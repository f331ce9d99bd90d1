/** What the commands on the audit share: the store opened, and the keys where they are needed. */
import { auditKeys } from '../audit/auditor.ts'
import type { Keyring } from '../engine/keys.ts'
import type { Accounts, Store } from '../engine/ports.ts'
import { systemClock, systemRandom } from '../system.ts'
import type { Io } from './command.ts'
import { ofDatabase, ofSecret, withStore } from './opened.ts'

/** The audit of the database that is configured. `keys` are not to be used by commands that did not ask for them. */
export type Opened = {
  readonly store: Store
  readonly accounts: Accounts
  readonly keys: Keyring
  readonly clock: typeof systemClock
  readonly random: typeof systemRandom
}

/** Runs `work` on it and closes the database again, whatever happens. `keyed`: the secret must be there and sound. */
export function withAudit(
  flags: { readonly config?: string },
  io: Io,
  keyed: boolean,
  work: (opened: Opened) => Promise<number>,
): Promise<number> {
  const counts = (code: string): boolean => ofDatabase.test(code) || (keyed && ofSecret(code))
  return withStore(flags, io, counts, ({ store, accounts, options }) => {
    const keys = auditKeys(options.secret ?? '', options.secretFallbacks, options.audit)
    return work({ store, accounts, keys, clock: systemClock, random: systemRandom })
  })
}
