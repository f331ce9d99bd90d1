/**
 * The accounts' table in PostgreSQL, ours or a mapped one. Addresses are compared as `lower(email COLLATE "C")`: on a
 * mapped table of more than a few thousand rows an index on that is advisable, and one for user names (docs/postgres.md).
 */
import { isOwn } from '../accounts/own.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, AccountsTable } from '../engine/ports.ts'
import { quote, resetColumns } from './schema.ts'
import { columnOf, type Found, quoteTable } from './schema-postgres.ts'

/** Pieces of SQL for one mapping. */
export type Users = {
  readonly table: string
  readonly isOwn: boolean
  readonly id: string
  /** The id as a parameter, with the type that the column's index wants. */
  readonly idParameter: (number: number) => string
  /** The id as that parameter takes it; null for what no id of this type is. */
  readonly idValue: (id: string) => string | null
  readonly password: string
  readonly email: string
  readonly foldedEmail: string
  readonly foldedUsername: string | null
  readonly verified: string
  readonly active: string
  readonly secondFactor: string
  readonly signOn: string
  /** `SELECT … FROM …`, to be read by `accountOf`. */
  readonly select: string
  /** `reset_token = $1, reset_token_expiry = …$2`, and what empties both. */
  readonly reset: { readonly assign: string; readonly clear: string; readonly isText: boolean } | null
}

/** The pieces for this mapping. */
export function usersOf(mapping: AccountsTable, columns: boolean, found: Found): Users {
  refuseUnknown(mapping, found)
  const table = quoteTable(mapping.table)
  const column = (name: string): string => quote(columnOf(found, name) ?? name)
  const named = (name: string): string => `${table}.${column(name)}`
  const typeOf = (name: string): string => found.columns.get(columnOf(found, name) ?? name) ?? ''
  const id = named(mapping.id)
  const text = (name: string): string => (typeOf(name) === 'text' ? named(name) : `${named(name)}::text`)
  const email = `coalesce(${text(mapping.email)}, '')`
  const truth = (name: string | undefined) => (name === undefined ? 'true' : truthOf(named(name), typeOf(name)))
  const used = (name: string | undefined) => (name === undefined ? 'false' : inUse(named(name), typeOf(name)))
  const facts = {
    verified: truth(mapping.verified),
    active: truth(mapping.active),
    secondFactor: used(mapping.secondFactor),
    signOn: used(mapping.signOn),
  }
  const reset = columns ? resetOf(column, typeOf) : null
  const select = `SELECT ${id}::text AS id, ${email} AS email,
    ${mapping.username === undefined ? 'NULL' : text(mapping.username)} AS username,
    ${text(mapping.password)} AS "passwordHash", ${facts.verified} AS verified, ${facts.active} AS active,
    ${facts.secondFactor} AS "secondFactor", ${facts.signOn} AS "signOn",
    ${mapping.locale === undefined ? 'NULL' : text(mapping.locale)} AS locale,
    ${reset ? text(resetColumns.reference) : 'NULL'} AS reference, ${reset?.read ?? 'NULL'} AS expiry FROM ${table}`
  return {
    table,
    isOwn: isOwn(mapping),
    ...idOf(id, typeOf(mapping.id)),
    password: column(mapping.password),
    email,
    foldedEmail: folded(text(mapping.email)),
    foldedUsername: mapping.username === undefined ? null : folded(text(mapping.username)),
    ...facts,
    select,
    reset,
  }
}

/** A row of `select`. */
export function accountOf(row: Record<string, unknown> | undefined): Account | null {
  if (!row) return null
  const { reference, expiry, ...rest } = row
  const expiresAt = expiry === null ? Number.NaN : millisecondsOf(expiry as number | string)
  return {
    ...(rest as Omit<Account, 'reset'>),
    reset: reference && !Number.isNaN(expiresAt) ? { reference: String(reference), expiresAt } : null,
  }
}

/** The expiry as the column's assignment takes it: milliseconds, or in a column of texts a time in UTC. */
export const expiryFor = (users: Users, ms: number): number | string =>
  users.reset?.isText ? new Date(ms).toISOString().replace('T', ' ').replace('Z', '') : ms

/** Only A to Z are folded. */
const folded = (text: string): string => `lower(${text} COLLATE "C")`

const integers = ['smallint', 'integer', 'bigint']
const numbers = [...integers, 'numeric', 'real', 'double precision']
const times = ['timestamp with time zone', 'timestamp without time zone', 'date']

/** An id is compared in its column's type, so that its index is used; what no such id can be is not compared at all. */
function idOf(id: string, type: string): Pick<Users, 'id' | 'idParameter' | 'idValue'> {
  if (integers.includes(type)) {
    return { id, idParameter: (at) => `$${at}::bigint`, idValue: (value) => (isBigint(value) ? value : null) }
  }
  if (type === 'uuid') {
    const isUuid = (value: string) => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(value)
    return { id, idParameter: (at) => `$${at}::uuid`, idValue: (value) => (isUuid(value) ? value : null) }
  }
  const idValue = (value: string) => (value.includes('\0') ? null : value)
  if (['text', 'character varying'].includes(type)) return { id, idParameter: (at) => `$${at}::text`, idValue }
  return { id: `${id}::text`, idParameter: (at) => `$${at}::text`, idValue }
}

const isBigint = (text: string): boolean =>
  /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)

/**
 * True for numbers but 0, for the usual words, and for a time (`email_verified_at`). Everything else is false: a column
 * that was mapped by mistake must not let anybody in.
 */
function truthOf(name: string, type: string): string {
  if (type === 'boolean') return `coalesce(${name}, false)`
  if (numbers.includes(type)) return `coalesce(${name} <> 0, false)`
  if (times.includes(type)) return `coalesce(isfinite(${name}), false)`
  return `coalesce(lower(${name}::text COLLATE "C") IN ('1', 'true', 't', 'yes', 'y', 'on')
    OR ${name}::text ~ '^[12][0-9][0-9][0-9]-[0-9]', false)`
}

/**
 * True for whatever is there, a secret or a provider's name as well as a number, but for what says "none". The other
 * way round than `truthOf`: what is not understood must not let anybody past a factor.
 */
function inUse(name: string, type: string): string {
  if (type === 'boolean') return `coalesce(${name}, false)`
  if (numbers.includes(type)) return `coalesce(${name} <> 0, false)`
  return `(lower(coalesce(trim(${name}::text), '') COLLATE "C")
    NOT IN ('', '0', '0.0', 'false', 'f', 'no', 'n', 'off', 'null', 'none', '[]', '{}', '\\x'))`
}

function resetOf(column: (name: string) => string, typeOf: (name: string) => string) {
  const [reference, expiry] = [column(resetColumns.reference), column(resetColumns.expiry)]
  const [write, read] = expiryIn(typeOf(resetColumns.expiry), expiry)
  return {
    assign: `${reference} = $1, ${expiry} = ${write}`,
    clear: `, ${reference} = NULL, ${expiry} = NULL`,
    isText: write === '$2::text',
    read,
  }
}

/** How an expiry is written to and read from a column of this type. */
function expiryIn(type: string, column: string): [write: string, read: string] {
  const written = 'to_timestamp($2::float8 / 1000)'
  const read = `round(extract(epoch FROM ${column}) * 1000)::float8`
  switch (type) {
    case 'timestamp with time zone':
      return [written, read]
    case 'timestamp without time zone':
      // As Django and Rails write it: in UTC.
      return [`${written} AT TIME ZONE 'UTC'`, read]
    case 'bigint':
    case 'numeric':
    case 'double precision':
      return ['$2::bigint', `${column}::float8`]
    case 'text':
    case 'character varying':
      return ['$2::text', `${column}::text`]
    default:
      throw new Fault('configuration', `${resetColumns.expiry} is ${type}, which holds no time: make it bigint.`)
  }
}

function millisecondsOf(value: number | string): number {
  if (typeof value === 'number' || /^\d+(\.\d+)?$/.test(value)) return Number(value)
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`
  return Date.parse(zoned.replace(' ', 'T'))
}

/** A mapping that names what is not there, told before anything runs on it. */
export function refuseUnknown(mapping: AccountsTable, found: Found): void {
  if (found.columns.size === 0) {
    throw new Fault('configuration', `accounts.table: there is no table "${mapping.table}" in the database.`)
  }
  const { table, ...parts } = mapping
  for (const [part, column] of Object.entries(parts)) {
    if (columnOf(found, column) !== null) continue
    const known = [...found.columns.keys()].join(', ')
    throw new Fault('configuration', `accounts.${part}: "${table}" has no column "${column}"; it has ${known}.`)
  }
}
