/** What a mapping names, for either database: the columns that must be there, and its conditions. */
import { Fault } from '../engine/outcome.ts'
import type { AccountsTable, Conditions, SessionsTable } from '../engine/ports.ts'

/** Which of a mapping's tables. */
export type Of = 'accounts' | 'credentials' | 'sessions'

/** A column that a mapping names: where it says so, and in which of its tables. */
export type Named = { readonly part: string; readonly of: Of; readonly column: string }

const parts = [
  'id',
  'email',
  'username',
  'verified',
  'active',
  'locale',
  'lastLogin',
  'secondFactor',
  'signOn',
] as const

/** Every column that a mapping names. */
export function namedBy(mapping: AccountsTable): Named[] {
  const { credentials, where = {}, password } = mapping
  const named: Named[] = parts.flatMap((part) => {
    const column = mapping[part]
    return column === undefined ? [] : [{ part, of: 'accounts', column } as const]
  })
  named.push({ part: 'password', of: credentials ? 'credentials' : 'accounts', column: password })
  for (const column of Object.keys(where)) named.push({ part: 'where', of: 'accounts', column })
  const sessions = sessionsOf(mapping)
  if (sessions) named.push({ part: 'sessions.account', of: 'sessions', column: sessions.account })
  if (!credentials) return named
  named.push({ part: 'credentials.account', of: 'credentials', column: credentials.account })
  for (const column of Object.keys(credentials.where ?? {})) {
    named.push({ part: 'credentials.where', of: 'credentials', column })
  }
  return named
}

/** The application's table of sessions, where rows of it go with a change. */
export const sessionsOf = ({ sessions }: AccountsTable): SessionsTable | null =>
  typeof sessions === 'object' ? sessions : null

/** The table in which a column stands. */
export function tableOf(mapping: AccountsTable, of: Of): string {
  if (of === 'sessions') return sessionsOf(mapping)?.table ?? mapping.table
  return of === 'credentials' && mapping.credentials ? mapping.credentials.table : mapping.table
}

/**
 * Refuses a mapping that names a table or a column that is not there, before anything runs on it. `known`: the columns of
 * a table, empty where there is none; `has`: whether a name is among them.
 */
export function refuseMissing(
  mapping: AccountsTable,
  known: (of: Of) => readonly string[],
  has: (of: Of, column: string) => boolean,
): void {
  for (const of of new Set<Of>(['accounts', ...namedBy(mapping).map((one) => one.of)])) {
    if (known(of).length > 0) continue
    const part = of === 'accounts' ? 'accounts.table' : `accounts.${of}.table`
    throw wrong(`${part}: there is no table "${tableOf(mapping, of)}" in the database.`)
  }
  for (const { part, of, column } of namedBy(mapping)) {
    if (has(of, column)) continue
    const table = tableOf(mapping, of)
    throw wrong(`accounts.${part}: "${table}" has no column "${column}"; it has ${known(of).join(', ')}.`)
  }
}

/** A refusal of the mapping. */
export const wrong = (sentence: string): Fault => new Fault('configuration', sentence)

/** How one database writes a condition's two sides. */
type Dialect = {
  readonly name: (column: string) => string
  /** True where a column says yes, in whatever words. */
  readonly truth: (column: string) => string
  /** True where a column holds exactly this text. */
  readonly holds: (column: string, value: string) => string
}

/** The conditions as SQL; what is always true where there are none. */
export function conditionsIn(where: Conditions | undefined, always: string, dialect: Dialect): string {
  const written = Object.entries(where ?? {}).map(([column, value]) => {
    if (value === null) return `${dialect.name(column)} IS NULL`
    if (typeof value === 'boolean') return `${value ? '' : 'NOT '}${dialect.truth(column)}`
    if (typeof value === 'number' && Number.isSafeInteger(value)) return `${dialect.name(column)} = ${value}`
    if (typeof value === 'string' && !value.includes('\0')) return dialect.holds(column, value)
    throw wrong(`accounts.where: "${column}" can be null, a text, a whole number, true or false.`)
  })
  return written.length === 0 ? always : written.join(' AND ')
}

/** Id columns that no text stands for. */
export const bytes = /^(bytea|blob|binary|varbinary)/i
