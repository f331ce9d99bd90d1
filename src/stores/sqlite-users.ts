/**
 * The accounts' table in SQL, ours or a mapped one, which may be two. The application's own index on addresses serves
 * where there is one (`sqlite-emails.ts`); where user names are mapped, one on `lower(username)` is advisable.
 */
import type { DatabaseSync } from 'node:sqlite'
import { isOwn } from '../accounts/own.ts'
import { spellings } from '../accounts/tidy.ts'
import type { Account, AccountsTable } from '../engine/ports.ts'
import { bytes, conditionsIn, type Of, refuseMissing, sessionsOf, wrong } from './mapping.ts'
import { type Found, quote, resetColumns } from './schema.ts'
import { matchOf } from './sqlite-emails.ts'

/** Pieces of SQL for one mapping. */
export type Users = {
  readonly table: string
  readonly isOwn: boolean
  readonly id: string
  /** What a row must be to be an account; to be joined to every condition by AND. */
  readonly is: string
  /** What finds an address: its spellings are ?1 and ?2. */
  readonly hasAddress: string
  readonly username: string | null
  /** `SELECT … FROM …`, to be read by `accountOf`. */
  readonly select: string
  /** Sets a password where the account is as it was: hash, id, old hash, email, verified, active, secondFactor, signOn. */
  readonly setPassword: string
  readonly reset: { readonly assign: string; readonly clear: string; readonly isText: boolean } | null
  /** Empties the two columns of an id; null where there are none, or `setPassword` does it. */
  readonly clearReset: string | null
  /** Deletes the application's sessions of an id; null where none are mapped. */
  readonly endSessions: string | null
}

/** The pieces for this mapping; an id is compared as it stands, so that numbers and texts both use their index. */
export function usersOf(mapping: AccountsTable, columns: boolean, found: Found, db: DatabaseSync): Users {
  refuseUnknown(mapping, found)
  const { credentials } = mapping
  const table = quote(mapping.table)
  const holder = credentials ? quote(credentials.table) : table
  // With its table, for `id` alone would be the text that is selected, and "10" comes before "9".
  const named = (column: string): string => `${table}.${quote(column)}`
  const held = (column: string): string => `${holder}.${quote(column)}`
  // What a view computes has no type, and would equal no text.
  const compared = (name: string, type: string | undefined): string => (type === '' ? `CAST(${name} AS TEXT)` : name)
  const id = compared(named(mapping.id), found.columns.get(mapping.id.toLowerCase()))
  const password = held(mapping.password)
  const username = mapping.username === undefined ? null : named(mapping.username)
  const email = `coalesce(${named(mapping.email)}, '')`
  const [verified, active] = [truthOf(mapping.verified, named), truthOf(mapping.active, named)]
  const secondFactor = inUse(mapping.secondFactor, named)
  const elsewhere = credentials ? `${held(credentials.account)} IS NULL OR ` : ''
  const signOn = isOwn(mapping)
    ? inUse(mapping.signOn, named)
    : `(${elsewhere}${inUse(mapping.signOn, named)} OR coalesce(${password} GLOB '!*', 0))`
  const reset = columns ? resetOf(found) : null
  const is = conditionsIn(mapping.where, '1', dialectOf(named))
  const isCredential = conditionsIn(credentials?.where, '1', dialectOf(held))
  const from = credentials
    ? `${table} LEFT JOIN ${holder} ON ${held(credentials.account)} = ${named(mapping.id)} AND ${isCredential}`
    : table
  const select = `SELECT CAST(${named(mapping.id)} AS TEXT) AS id, ${email} AS email, ${username ?? 'NULL'} AS username,
    ${password} AS passwordHash, ${verified} AS verified, ${active} AS active,
    ${secondFactor} AS secondFactor, ${signOn} AS signOn,
    ${mapping.locale === undefined ? 'NULL' : named(mapping.locale)} AS locale,
    ${reset ? named(resetColumns.reference) : 'NULL'} AS reference, ${reset ? named(resetColumns.expiry) : 'NULL'} AS expiry
    ${mapping.lastLogin === undefined ? '' : `, substr(${named(mapping.lastLogin)}, 1, 19) AS lastLogin`}
    FROM ${from}`
  const unchanged = `${email} = ?4 AND ${verified} = ?5 AND ${active} = ?6 AND ${secondFactor} = ?7
    AND ${signOn} = ?8 AND ${is}`
  // With a second one the old password would go on opening the account.
  const another = (column: string): string => `another.${quote(column)}`
  const onlyOne =
    credentials &&
    `1 = (SELECT count(*) FROM ${holder} AS another WHERE ${another(credentials.account)} = ?2
      AND ${conditionsIn(credentials.where, '1', dialectOf(another))})`
  const setPassword = credentials
    ? `UPDATE ${holder} SET ${quote(mapping.password)} = ?1 WHERE ${held(credentials.account)} = ?2 AND ${isCredential}
      AND ${password} IS ?3 AND ${onlyOne} AND EXISTS (SELECT 1 FROM ${table} WHERE ${id} = ?2 AND ${unchanged})`
    : `UPDATE ${table} SET ${quote(mapping.password)} = ?1${reset?.clear ?? ''}
      WHERE ${id} = ?2 AND ${password} IS ?3 AND ${unchanged}`
  const clearReset =
    credentials && reset ? `UPDATE ${table} SET ${reset.clear.replace(', ', '')} WHERE ${id} = ?` : null
  const hasAddress = isOwn(mapping) ? `lower(${named(mapping.email)}) IN (?1, ?2)` : matchOf(db, mapping, is).sql
  const ended = sessionsOf(mapping)
  const endSessions = ended && `DELETE FROM ${quote(ended.table)} WHERE ${quote(ended.account)} = ?`
  return {
    ...{ table, isOwn: isOwn(mapping), id, is, hasAddress, username, select },
    ...{ setPassword, reset, clearReset, endSessions },
  }
}

const dialectOf = (name: (column: string) => string) => ({
  name,
  truth: (column: string) => `(${truthOf(column, name)})`,
  holds: (column: string, value: string) => `${name(column)} = '${value.replaceAll("'", "''")}'`,
})

/** A row of `select`. */
export function accountOf(row: Record<string, unknown> | undefined): Account | null {
  if (!row) return null
  const { reference, expiry, ...rest } = row
  const expiresAt = expiry === null ? Number.NaN : millisecondsOf(expiry as number | string)
  return {
    ...(rest as Pick<Account, 'id' | 'email' | 'username' | 'passwordHash' | 'locale'>),
    verified: rest.verified === 1,
    active: rest.active === 1,
    secondFactor: rest.secondFactor === 1,
    signOn: rest.signOn === 1,
    reset: reference && !Number.isNaN(expiresAt) ? { reference: String(reference), expiresAt } : null,
  }
}

/** The parameters of `lower(email) IN (?, ?)`. */
export const addressParameters = (address: string): [string, string] => spellings(address)

/** The expiry as the column takes it: a number, or in a column of dates a text in UTC, as Django and Rails write it. */
export const expiryFor = (users: Users, ms: number): number | string =>
  users.reset?.isText ? new Date(ms).toISOString().replace('T', ' ').replace('Z', '') : ms

function millisecondsOf(value: number | string): number {
  if (typeof value === 'number' || /^\d+(\.\d+)?$/.test(value)) return Number(value)
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`
  return Date.parse(zoned.replace(' ', 'T'))
}

/**
 * True for numbers but 0, for the usual words, and for a time (`email_verified_at`). Everything else is false: a column
 * that was mapped by mistake must not let anybody in.
 */
function truthOf(column: string | undefined, named: (column: string) => string): string {
  if (column === undefined) return '1'
  const name = named(column)
  return `coalesce(lower(${name}) IN ('1', 'true', 't', 'yes', 'y', 'on')
    OR (typeof(${name}) IN ('integer', 'real') AND ${name} <> 0) OR ${name} GLOB '[12][0-9][0-9][0-9]-[0-9]*', 0)`
}

/**
 * True for whatever is there, a secret or a provider's name as well as a number, but for what says "none". The other
 * way round than `truthOf`: what is not understood must not let anybody past a factor.
 */
function inUse(column: string | undefined, named: (column: string) => string): string {
  if (column === undefined) return '0'
  return `(lower(coalesce(trim(${named(column)}), ''))
    NOT IN ('', '0', '0.0', 'false', 'f', 'no', 'n', 'off', 'null', 'none', '[]', '{}'))`
}

function resetOf(found: Found): NonNullable<Users['reset']> {
  const isText = /DATE|TIME|TEXT|CHAR|CLOB/i.test(found.columns.get(resetColumns.expiry) ?? '')
  const expiry = isText ? '?' : 'CAST(? AS INTEGER)'
  return {
    assign: `${resetColumns.reference} = ?, ${resetColumns.expiry} = ${expiry}`,
    clear: `, ${resetColumns.reference} = NULL, ${resetColumns.expiry} = NULL`,
    isText,
  }
}

/** A mapping that names what is not there, or what cannot be written, told before anything runs on it. */
export function refuseUnknown(mapping: AccountsTable, found: Found): void {
  const { columns, views } = found
  const of = (which: Of) => (which === 'accounts' ? columns : found[which])
  refuseMissing(
    mapping,
    (which) => [...of(which).keys()],
    (which, column) => of(which).has(column.toLowerCase()),
  )
  const holder = mapping.credentials?.table ?? mapping.table
  if (views.includes(holder)) {
    throw wrong(
      `accounts.table: "${holder}" is a view, and SQLite writes no passwords into one. Name the table behind it, and with "where" which of its rows are accounts.`,
    )
  }
  const ended = sessionsOf(mapping)?.table
  if (ended !== undefined && views.includes(ended)) {
    throw wrong(`accounts.sessions.table: "${ended}" is a view; name the table behind it.`)
  }
  const type = columns.get(mapping.id.toLowerCase()) ?? ''
  if (bytes.test(type)) throw wrong(`accounts.id: "${mapping.id}" is ${type}; an id must be a number or a text.`)
}
