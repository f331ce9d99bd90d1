/** What may be said of accounts that functions of the host keep, and what cannot be so where they do. */
import type { Flow } from '../engine/flow.ts'
import type { AccountsTable } from '../engine/ports.ts'
import type { AccountFunctions, UsersTable } from '../options.ts'
import { elsewhere, own } from './own.ts'

const five = ['byId', 'byAddress', 'byName', 'setPassword', 'endSessions'] as const

/** Milliseconds that one call may take where nothing is said, and the bounds of what may be said. */
export const callMs = { usual: 5_000, least: 100, most: 20_000 } as const

type Given = UsersTable | AccountFunctions | undefined

/** The functions; null where accounts are a table. */
export const functionsIn = (given: Given): AccountFunctions | null =>
  typeof given === 'object' && given !== null && five.some((name) => name in given) ? (given as AccountFunctions) : null

/** The mapping; null where accounts are functions, or Latchkey's own. */
export const mappingIn = (given: Given): UsersTable | null =>
  given && !functionsIn(given) ? (given as UsersTable) : null

/** The table that a database is opened with. */
export function tableOf(given: Given): AccountsTable {
  if (functionsIn(given)) return elsewhere
  const { hash, ...table }: UsersTable = mappingIn(given) ?? own
  return table
}

/** What is wrong with functions, and with flows beside them; a sentence each. */
export function refuseFunctions(given: AccountFunctions, flows: readonly Flow[]): string[] {
  const reasons: string[] = five
    .filter((name) => typeof given[name] !== 'function')
    .map((name) => `accounts.${name}: expected a function; all of ${five.join(', ')} are needed.`)
  const { timeout = callMs.usual, verify, hash } = given
  if (!Number.isInteger(timeout) || timeout < callMs.least || timeout > callMs.most) {
    reasons.push(`accounts.timeout: expected ${callMs.least} to ${callMs.most} milliseconds.`)
  }
  if (verify !== undefined && typeof verify !== 'function') reasons.push('accounts.verify: expected a function.')
  if (verify && hash) reasons.push('accounts.verify: it goes without accounts.hash; a hash is compared here.')
  for (const { name, proof, password } of flows) {
    if (proof.kind === 'stored' && proof.keep === 'columns') {
      reasons.push(
        `Flow "${name}" keeps its proof in the users table, and accounts are functions: give it proof: { ...flows.${name}.proof, keep: 'rows' }.`,
      )
    }
    if (!hash && password.history > 0) {
      reasons.push(
        `Flow "${name}" looks back on earlier hashes, and accounts without "hash" show none: give it password: { ...flows.${name}.password, history: 0 }; accounts.setPassword may refuse "used-before" itself.`,
      )
    }
  }
  return reasons
}

/** Why accounts are neither added nor listed here. */
export const ofFunctions =
  'The accounts are kept by functions of the configuration: add and list them where they are kept (docs/adopt/functions.md).'
