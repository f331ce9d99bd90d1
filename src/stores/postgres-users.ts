/**
 * The accounts' table in PostgreSQL, ours or a mapped one, which may be two. The application's own index on addresses
 * serves where there is one (`postgres-emails.ts`); where user names are mapped, one for them is advisable (docs/postgres.md).
 */
import { isOwn } from '../accounts/own.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, AccountsTable } from '../engine/ports.ts'
import { bytes, conditionsIn, namedBy, type Of, refuseMissing, sessionsOf, tableOf, wrong } from './mapping.ts'
import { type EmailColumn, folded, matchOf } from './postgres-emails.ts'
import type { Postgres } from './postgres-pool.ts'
import { quote, resetColumns } from './schema.ts'
import { columnIn, columnOf, type Found, quoteTable } from './schema-postgres.ts'

/** Pieces of SQL for one mapping. */
export type Users = {
  readonly table: string
  readonly isOwn: boolean
  readonly id: string
  /** The id as a parameter, with the type that the column's index wants. */
  readonly idParameter: (number: number) => string
  /** The id as that parameter takes it; null for what no id of this type is. */
  readonly idValue: (id: string) => string | null
  /** What a row must be to be an account; to be joined to every condition by AND. */
  readonly is: string
  readonly email: EmailColumn
  readonly foldedEmail: string
  /** What finds an address: its spellings are $1 and $2. */
  readonly hasAddress: string
  readonly foldedUsername: string | null
  /** `SELECT … FROM …`, to be read by `accountOf`. */
  readonly select: string
  /** Sets a password where the account is as it was: hash, id, old hash, email, verified, active, secondFactor, signOn. */
  readonly setPassword: string
  /** `reset_token = $1, reset_token_expiry = …$2`, and what empties both. */
  readonly reset: { readonly assign: string; readonly clear: string; readonly isText: boolean } | null
  /** Empties the two columns of an id; null where there are none, or `setPassword` does it. */
  readonly clearReset: string | null
  /** Deletes the application's sessions of an id; null where none are mapped. */
  readonly endSessions: string | null
}

/** The pieces for this mapping. */
export function usersOf(mapping: AccountsTable, columns: boolean, found: Found): Users {
  refuseUnknown(mapping, found)
  const { credentials } = mapping
  const table = quoteTable(mapping.table)
  const holder = credentials ? quoteTable(credentials.table) : table
  const column = (name: string): string => quote(columnOf(found, name) ?? name)
  const named = (name: string): string => `${table}.${column(name)}`
  const typeOf = (name: string): string => found.columns.get(columnOf(found, name) ?? name) ?? ''
  const holds = credentials ? found.credentials : found.columns
  const held = (name: string): string => `${holder}.${quote(columnIn(holds, name) ?? name)}`
  const heldType = (name: string): string => holds.get(columnIn(holds, name) ?? name) ?? ''
  const id = named(mapping.id)
  const asText = (sql: string, type: string): string => (type === 'text' ? sql : `${sql}::text`)
  const text = (name: string): string => asText(named(name), typeOf(name))
  const password = asText(held(mapping.password), heldType(mapping.password))
  const email = `coalesce(${text(mapping.email)}, '')`
  const truth = (name: string | undefined) => (name === undefined ? 'true' : truthOf(named(name), typeOf(name)))
  const used = (name: string | undefined) => (name === undefined ? 'false' : inUse(named(name), typeOf(name)))
  const elsewhere = credentials ? `${held(credentials.account)} IS NULL OR ` : ''
  const facts = {
    verified: truth(mapping.verified),
    active: truth(mapping.active),
    secondFactor: used(mapping.secondFactor),
    signOn: isOwn(mapping)
      ? used(mapping.signOn)
      : `(${elsewhere}${used(mapping.signOn)} OR coalesce(${password} LIKE '!%', false))`,
  }
  const reset = columns ? resetOf(column, named, typeOf) : null
  const is = conditionsIn(mapping.where, 'true', dialectOf(named, typeOf))
  const isCredential = conditionsIn(credentials?.where, 'true', dialectOf(held, heldType))
  const from = credentials
    ? `${table} LEFT JOIN ${holder} ON ${held(credentials.account)} = ${id} AND ${isCredential}`
    : table
  const select = `SELECT ${id}::text AS id, ${email} AS email,
    ${mapping.username === undefined ? 'NULL' : text(mapping.username)} AS username,
    ${password} AS "passwordHash", ${facts.verified} AS verified, ${facts.active} AS active,
    ${facts.secondFactor} AS "secondFactor", ${facts.signOn} AS "signOn",
    ${mapping.locale === undefined ? 'NULL' : text(mapping.locale)} AS locale,
    ${reset ? `${named(resetColumns.reference)}::text` : 'NULL'} AS reference, ${reset?.read ?? 'NULL'} AS expiry
    ${mapping.lastLogin === undefined ? '' : `, ${secondsIn(named(mapping.lastLogin), typeOf(mapping.lastLogin))} AS "lastLogin"`}
    FROM ${from}`
  const ids = idOf(id, typeOf(mapping.id))
  const set = quote(columnIn(holds, mapping.password) ?? mapping.password)
  const unchanged = `${email} = $4 AND ${facts.verified} = $5 AND ${facts.active} = $6
      AND ${facts.secondFactor} = $7 AND ${facts.signOn} = $8 AND ${is}`
  const wasPassword = `${password} IS NOT DISTINCT FROM $3::text`
  // With a second one the old password would go on opening the account.
  const another = (name: string): string => `another.${quote(columnIn(holds, name) ?? name)}`
  const onlyOne =
    credentials &&
    `1 = (SELECT count(*) FROM ${holder} AS another WHERE ${another(credentials.account)} = ${ids.idParameter(2)}
      AND ${conditionsIn(credentials.where, 'true', dialectOf(another, heldType))})`
  const setPassword = credentials
    ? `UPDATE ${holder} SET ${set} = $1 WHERE ${held(credentials.account)} = ${ids.idParameter(2)} AND ${isCredential}
      AND ${wasPassword} AND ${onlyOne} AND EXISTS (SELECT FROM ${table} WHERE ${ids.id} = ${ids.idParameter(2)} AND ${unchanged})`
    : `UPDATE ${table} SET ${set} = $1${reset?.clear ?? ''}
      WHERE ${ids.id} = ${ids.idParameter(2)} AND ${wasPassword} AND ${unchanged}`
  return {
    table,
    isOwn: isOwn(mapping),
    ...ids,
    is,
    email: {
      named: named(mapping.email),
      text: text(mapping.email),
      type: typeOf(mapping.email),
      compare: mapping.compare ?? 'folded',
    },
    foldedEmail: folded(text(mapping.email)),
    hasAddress: `${folded(text(mapping.email))} IN ($1, $2)`,
    foldedUsername: mapping.username === undefined ? null : folded(text(mapping.username)),
    select,
    setPassword,
    reset,
    clearReset:
      credentials && reset
        ? `UPDATE ${table} SET ${reset.clear.replace(', ', '')} WHERE ${ids.id} = ${ids.idParameter(1)}`
        : null,
    endSessions: endingOf(mapping, found),
  }
}

/** The application may keep the id as a number here and as a text there: what is one as a text is one. */
function endingOf(mapping: AccountsTable, found: Found): string | null {
  const sessions = sessionsOf(mapping)
  if (!sessions) return null
  const name = columnIn(found.sessions, sessions.account) ?? sessions.account
  const type = found.sessions.get(name) ?? 'text'
  const isPlain = /^(smallint|integer|bigint|uuid|text|character varying)$/.test(type)
  const own = type === 'character varying' ? 'text' : type
  const same = isPlain ? `${quote(name)} = $1::${own}` : `${quote(name)}::text = $1::text`
  return `DELETE FROM ${quoteTable(sessions.table)} WHERE ${same}`
}

/** With the way to look for an address that an index of the table serves. */
export async function withIndex(db: Pick<Postgres, 'transaction'>, users: Users): Promise<Users> {
  if (users.isOwn) return users
  const { sql } = await db.transaction(({ all }) => matchOf(all, users.email, users.table, users.is))
  return { ...users, hasAddress: sql }
}

const dialectOf = (name: (column: string) => string, typeOf: (column: string) => string) => ({
  name,
  truth: (column: string) => truthOf(name(column), typeOf(column)),
  // A backslash is one whatever the server makes of it in a plain text.
  holds: (column: string, value: string) =>
    `${name(column)} = E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
})

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

/** A time to the second, in UTC. */
function secondsIn(name: string, type: string): string {
  if (!times.includes(type)) return `left(${name}::text, 19)`
  const utc = type === 'timestamp with time zone' ? `${name} AT TIME ZONE 'UTC'` : name
  return `to_char(${utc}, 'YYYY-MM-DD HH24:MI:SS')`
}

type Naming = (name: string) => string

function resetOf(column: Naming, named: Naming, typeOf: Naming) {
  const [reference, expiry] = [column(resetColumns.reference), column(resetColumns.expiry)]
  const [write, read] = expiryIn(typeOf(resetColumns.expiry), named(resetColumns.expiry))
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

/** A mapping that names what is not there, or what may not be read or written, told before anything runs on it. */
export function refuseUnknown(mapping: AccountsTable, found: Found): void {
  const of = (which: Of) => (which === 'accounts' ? found.columns : found[which])
  refuseMissing(
    mapping,
    (which) => [...of(which).keys()],
    (which, column) => columnIn(of(which), column) !== null,
  )
  for (const named of namedBy(mapping)) {
    const barred = found.barred.filter(
      (one) => one.of === named.of && one.column === columnIn(of(named.of), named.column),
    )
    for (const one of barred) {
      if (one.from === 'write' && named.part !== 'password') continue
      const table = tableOf(mapping, named.of)
      const right = one.from === 'read' ? 'SELECT' : 'UPDATE'
      throw wrong(
        one.because === 'view'
          ? `accounts.password: "${table}" is a view whose "${one.column}" PostgreSQL cannot write. Name the table behind it, and with "where" which of its rows are accounts.`
          : `accounts.${named.part}: the role "${one.role}" may not ${one.from} "${one.column}" of "${table}": GRANT ${right} (${quote(one.column)}) ON ${quoteTable(table)} TO ${quote(one.role)};`,
      )
    }
  }
  if (found.keepsSessions !== null) {
    const table = quoteTable(tableOf(mapping, 'sessions'))
    const role = found.keepsSessions
    throw wrong(
      `accounts.sessions: the role "${role}" may not delete rows of ${table}: GRANT DELETE ON ${table} TO ${quote(role)};`,
    )
  }
  const type = found.columns.get(columnOf(found, mapping.id) ?? '') ?? ''
  if (bytes.test(type))
    throw wrong(`accounts.id: "${mapping.id}" is ${type}; an id must be a number, a UUID or a text.`)
}
