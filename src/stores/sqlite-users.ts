/**
 * The accounts' table in SQL, ours or a mapped one. Addresses are compared as `lower(email)`: on a mapped table of more
 * than a few thousand rows an index is advisable, `CREATE INDEX … ON users (lower(email))`, and one on
 * `lower(username)` where user names are mapped.
 */
import { isOwn } from '../accounts/own.ts'
import { spellings } from '../accounts/tidy.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, AccountsTable } from '../engine/ports.ts'
import { type Found, quote, resetColumns } from './schema.ts'

/** Pieces of SQL for one mapping. */
export type Users = {
  readonly table: string
  readonly isOwn: boolean
  readonly id: string
  readonly password: string
  readonly username: string | null
  /** The column; and the same, never null. */
  readonly rawEmail: string
  readonly email: string
  readonly verified: string
  readonly active: string
  readonly secondFactor: string
  readonly signOn: string
  /** `SELECT … FROM …`, to be read by `accountOf`. */
  readonly select: string
  readonly reset: { readonly assign: string; readonly clear: string; readonly isText: boolean } | null
}

/** The pieces for this mapping; an id is compared as it stands, so that numbers and texts both use their index. */
export function usersOf(mapping: AccountsTable, columns: boolean, found: Found): Users {
  refuseUnknown(mapping, found)
  const table = quote(mapping.table)
  // With its table, for `id` alone would be the text that is selected, and "10" comes before "9".
  const id = `${table}.${quote(mapping.id)}`
  const password = quote(mapping.password)
  const username = mapping.username === undefined ? null : quote(mapping.username)
  const rawEmail = quote(mapping.email)
  const email = `coalesce(${rawEmail}, '')`
  const verified = truthOf(mapping.verified)
  const active = truthOf(mapping.active)
  const secondFactor = inUse(mapping.secondFactor)
  const signOn = inUse(mapping.signOn)
  const reset = columns ? resetOf(found) : null
  const select = `SELECT CAST(${id} AS TEXT) AS id, ${email} AS email, ${username ?? 'NULL'} AS username,
    ${password} AS passwordHash, ${verified} AS verified, ${active} AS active,
    ${secondFactor} AS secondFactor, ${signOn} AS signOn,
    ${mapping.locale === undefined ? 'NULL' : quote(mapping.locale)} AS locale,
    ${reset ? resetColumns.reference : 'NULL'} AS reference, ${reset ? resetColumns.expiry : 'NULL'} AS expiry
    FROM ${table}`
  const facts = { verified, active, secondFactor, signOn }
  return { table, isOwn: isOwn(mapping), id, password, username, rawEmail, email, ...facts, select, reset }
}

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
function truthOf(column: string | undefined): string {
  if (column === undefined) return '1'
  const name = quote(column)
  return `coalesce(lower(${name}) IN ('1', 'true', 't', 'yes', 'y', 'on')
    OR (typeof(${name}) IN ('integer', 'real') AND ${name} <> 0) OR ${name} GLOB '[12][0-9][0-9][0-9]-[0-9]*', 0)`
}

/**
 * True for whatever is there, a secret or a provider's name as well as a number, but for what says "none". The other
 * way round than `truthOf`: what is not understood must not let anybody past a factor.
 */
function inUse(column: string | undefined): string {
  if (column === undefined) return '0'
  return `(lower(coalesce(trim(${quote(column)}), ''))
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

/** A mapping that names what is not there, told before anything runs on it. */
export function refuseUnknown(mapping: AccountsTable, { columns }: Found): void {
  if (columns.size === 0) {
    throw new Fault('configuration', `accounts.table: there is no table "${mapping.table}" in the database.`)
  }
  const { table, ...parts } = mapping
  for (const [part, column] of Object.entries(parts)) {
    if (columns.has(column.toLowerCase())) continue
    const known = [...columns.keys()].join(', ')
    throw new Fault('configuration', `accounts.${part}: "${table}" has no column "${column}"; it has ${known}.`)
  }
}
