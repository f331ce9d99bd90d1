/** Commands that work on the database: configuration read, database open, closed again whatever happens. */
import { hostAccounts } from '../accounts/elsewhere.ts'
import { functionsIn, ofFunctions } from '../accounts/elsewhere-options.ts'
import { hasher } from '../accounts/hash.ts'
import { type AuditEvent, event, nobody } from '../engine/audit.ts'
import type { Accounts, Hasher, Store } from '../engine/ports.ts'
import type { Options } from '../options.ts'
import { loadConfig, tableOf } from '../server/config.ts'
import { badConfiguration, finding, isSound, told } from '../server/findings.ts'
import { systemRandom } from '../system.ts'
import type { Io } from './command.ts'
import { atKeyboard } from './keyboard.ts'

/** Findings that have to do with the database, the file and the flows; whoever adds an account needs no mail server. */
export const ofDatabase = /^L0(2[56]|4[02]|5|6)/

/** Findings that have to do with the secret; PUBLIC_URL (L003) has its number among them. */
export const ofSecret = (code: string): boolean => /^L00/.test(code) && code !== 'L003'

/** An open database, and the configuration that it was opened by. */
export type OpenedStore = {
  readonly store: Store
  readonly accounts: Accounts
  readonly options: Partial<Options>
  readonly development: boolean
}

/** Runs `work` on the database that is configured. `counts`: which findings stand in its way. */
export async function withStore(
  flags: { readonly config?: string },
  io: Io,
  counts: (code: string) => boolean,
  work: (opened: OpenedStore) => Promise<number>,
): Promise<number> {
  const { options, findings, development } = await loadConfig(io.environment, flags, io.folder)
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
  const { store, ...opened } = await options.store!.open(table, columns)
  const functions = functionsIn(options.accounts)
  const accounts = functions ? hostAccounts(functions, () => {}).accounts : opened.accounts
  try {
    return await work({ store, accounts, options, development })
  } finally {
    await store.close()
  }
}

/** Runs `work` on the accounts that are configured. */
export const withAccounts = (
  flags: { readonly config?: string },
  io: Io,
  work: (accounts: Accounts, hasher: Hasher) => Promise<number>,
): Promise<number> =>
  withStore(
    flags,
    io,
    (code) => ofDatabase.test(code),
    async ({ accounts, options }) => {
      if (!functionsIn(options.accounts))
        return work(accounts, hasher({ random: systemRandom, inFlight: options.hashes }))
      io.error(`latchkey: ${ofFunctions}\n`)
      return badConfiguration
    },
  )

/** That an account was added, and by whom. */
export const addedByHand = (at: number): AuditEvent =>
  event(at, 'account.added', nobody, { because: `by ${atKeyboard()}` })
