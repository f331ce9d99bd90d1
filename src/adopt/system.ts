/** What a system's file gives: how its tables are known, and what stands in them. All of it is data. */
import type { FormName } from '../accounts/formats/index.ts'
import type { AccountsTable } from '../engine/ports.ts'
import type { Table } from './source.ts'

/** A table of accounts that was recognised. */
export type Proposal = {
  /** As it is told: "Django". */
  readonly system: string
  readonly mapping: AccountsTable
  /** Forms of new passwords that the system's own log-in reads, the preferred first; none where the rows decide. */
  readonly forms: readonly FormName[]
  /** Whether the system stores every address in lower case. */
  readonly lowers: boolean
  /** What a change of password ends by itself, and what goes on until it expires; a clause each. */
  readonly ends: readonly string[]
  readonly lasts: readonly string[]
  /** What to know besides, a sentence each. */
  readonly notes: readonly string[]
  /** Lines for either file that are written as comments: what one may want, and must fill in oneself. */
  readonly commented: { readonly config: readonly string[]; readonly environment: readonly string[] }
  /** Why it cannot be adopted; null when it can. */
  readonly refused: string | null
}

/** Looks for one system's tables; more than one where the database holds several. */
export type System = (tables: readonly Table[]) => Proposal[]

/** A proposal, of which only what differs need be said. */
export const proposal = (
  system: string,
  mapping: AccountsTable,
  rest: Partial<Omit<Proposal, 'system' | 'mapping'>>,
): Proposal => ({
  system,
  mapping,
  forms: [],
  lowers: false,
  ends: [],
  lasts: [],
  notes: [],
  commented: { config: [], environment: [] },
  refused: null,
  ...rest,
})

/** Without what is undefined, so that nothing of it is written. */
export function defined<T extends object>(parts: T): T {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as T
}
