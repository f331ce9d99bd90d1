/**
 * The accounts' table in MySQL, ours or a mapped one, which may be two. The application's own index on addresses serves
 * where its order folds A to Z (`mysql-columns.ts`); where user names are mapped, one for them is advisable (docs/mysql.md).
 */
import { isOwn } from '../accounts/own.ts'
import { lowerAscii, spellings } from '../accounts/tidy.ts'
import type { Account, AccountsTable } from '../engine/ports.ts'
import { bytes, conditionsIn, namedBy, type Of, refuseMissing, sessionsOf, tableOf, wrong } from './mapping.ts'
import * as columns from './mysql-columns.ts'
import { resetColumns } from './schema.ts'
import { type Column, columnIn, type Found, type FoundTable, quote, quoteTable } from './schema-mysql.ts'

/** An id as its column takes it. */
export type Id = string | bigint

/** Pieces of SQL for one mapping. */
export type Users = {
  readonly table: string
  readonly isOwn: boolean
  readonly compare: 'folded' | 'lower'
  readonly id: string
  /** The id as a parameter, to be compared with the column. */
  readonly idParameter: (number: number) => string
  /** What is true of the row with the id of a parameter, and of no other. */
  readonly hasId: (number: number) => string
  /** The id as that parameter takes it; null for what no id of this type is. */
  readonly idValue: (id: string) => Id | null
  /** What a row must be to be an account; to be joined to every condition by AND. */
  readonly is: string
  /** Finds an address, whose spellings are $1 and $2, and others that look like it: `ofAddress` tells them apart. */
  readonly hasAddress: string
  /** Whether an index on the column alone can serve for that. */
  readonly isServed: boolean
  /** Finds a user name, $1, and others that look like it. */
  readonly hasUsername: string | null
  /** `SELECT … FROM …`, to be read by `accountOf`. */
  readonly select: string
  /** Sets a password where the account is as it was: hash, id, old hash, email, verified, active, secondFactor, signOn. */
  readonly setPassword: string
  /** `reset_token = $1, reset_token_expiry = …$2`, and what empties both. */
  readonly reset: { readonly assign: string; readonly clear: string; readonly isText: boolean } | null
  /** Empties the two columns of an id; null where there are none, or `setPassword` does it. */
  readonly clearReset: string | null
  /** Deletes the application's sessions of an id, $1 as a text and $2 as a number; null where none are mapped. */
  readonly endSessions: string | null
}

/** A column of a table by a name that a mapping has for it: in SQL, and what it is. */
function named(table: string, found: FoundTable, name: string): [sql: string, column: Column, bare: string] {
  const known = columnIn(found.columns, name) ?? name
  return [`${table}.${quote(known)}`, found.columns.get(known) ?? unknown, quote(known)]
}
const unknown: Column = { type: 'text', unsigned: false, charset: null, collation: null, mayRead: true, mayWrite: true }

const dialectOf = (table: string, found: FoundTable) => ({
  name: (column: string) => named(table, found, column)[0],
  truth: (column: string) => truth(table, found, column),
  holds: (column: string, value: string) => {
    const [sql, known] = named(table, found, column)
    return columns.holdsText(sql, known, value)
  },
})

const truth = (table: string, found: FoundTable, name: string): string => {
  const [sql, column] = named(table, found, name)
  return columns.truthOf(sql, column)
}

const used = (table: string, found: FoundTable, name: string | undefined): string => {
  if (name === undefined) return 'FALSE'
  const [sql, column] = named(table, found, name)
  return columns.inUse(sql, column)
}

/** The pieces for this mapping. */
export function usersOf(mapping: AccountsTable, hasReset: boolean, found: Found): Users {
  refuseUnknown(mapping, found)
  const { credentials, compare = 'folded' } = mapping
  const table = quoteTable(mapping.table)
  const [holder, holds] = credentials ? [quoteTable(credentials.table), found.credentials] : [table, found.accounts]
  const column = (name: string) => named(table, found.accounts, name)
  const text = (name: string | undefined): string => (name === undefined ? 'NULL' : columns.asText(column(name)[0]))
  const [id, idColumn] = column(mapping.id)
  const [password, , passwordName] = named(holder, holds, mapping.password)
  const hash = columns.asText(password)
  const email = `coalesce(${text(mapping.email)}, '')`
  const elsewhere = credentials ? `${named(holder, holds, credentials.account)[0]} IS NULL OR ` : ''
  const signOn = used(table, found.accounts, mapping.signOn)
  const facts = {
    verified: mapping.verified === undefined ? 'TRUE' : truth(table, found.accounts, mapping.verified),
    active: mapping.active === undefined ? 'TRUE' : truth(table, found.accounts, mapping.active),
    secondFactor: used(table, found.accounts, mapping.secondFactor),
    signOn: isOwn(mapping) ? signOn : `(${elsewhere}${signOn} OR coalesce(${hash} LIKE '!%', FALSE))`,
  }
  const reset = hasReset ? resetOf(table, found.accounts) : null
  const is = conditionsIn(mapping.where, 'TRUE', dialectOf(table, found.accounts))
  const ids = idOf(id, idColumn)
  const join = credentials && joined(mapping, found, id, idColumn)
  const select = `SELECT ${columns.asText(id)} AS id, ${email} AS email, ${text(mapping.username)} AS username,
    ${hash} AS passwordHash, ${facts.verified} AS verified, ${facts.active} AS active,
    ${facts.secondFactor} AS secondFactor, ${facts.signOn} AS signOn, ${text(mapping.locale)} AS locale,
    ${reset ? columns.asText(column(resetColumns.reference)[0]) : 'NULL'} AS reference, ${reset?.read ?? 'NULL'} AS expiry
    ${mapping.lastLogin === undefined ? '' : `, left(${text(mapping.lastLogin)}, 19) AS lastLogin`}
    FROM ${table}${join ? ` LEFT JOIN ${holder} ON ${join.on}` : ''}`
  const unchanged = `${columns.asBytes(email)} = CAST($4 AS BINARY) AND ${facts.verified} = $5 AND ${facts.active} = $6
      AND ${facts.secondFactor} = $7 AND ${facts.signOn} = $8 AND ${is}`
  const wasPassword = `${columns.asBytes(password)} <=> CAST($3 AS BINARY)`
  const setPassword = join
    ? `UPDATE ${holder} SET ${passwordName} = $1 WHERE ${join.ofAccount} AND ${wasPassword} AND ${join.isOnly}
      AND EXISTS (SELECT 1 FROM ${table} WHERE ${ids.hasId(2)} AND ${unchanged})`
    : `UPDATE ${table} SET ${passwordName} = $1${reset?.clear ?? ''} WHERE ${ids.hasId(2)} AND ${wasPassword}
      AND ${unchanged}`
  const [emailSql, emailColumn] = column(mapping.email)
  const address = columns.findsFolded(emailSql, emailColumn, ['$1', '$2'], compare)
  const username = mapping.username === undefined ? null : column(mapping.username)
  return {
    ...{ table, isOwn: isOwn(mapping), compare, ...ids, is, select, setPassword, reset },
    hasAddress: address.sql,
    isServed: address.isServed,
    hasUsername: username && columns.findsFolded(username[0], username[1], ['$1'], 'folded').sql,
    clearReset: join && reset ? `UPDATE ${table} SET ${reset.clear.replace(', ', '')} WHERE ${ids.hasId(1)}` : null,
    endSessions: endingOf(mapping, found),
  }
}

/** A table of passwords beside that of accounts: how they are joined, and the account's one row in it. */
function joined({ credentials }: AccountsTable, { credentials: found }: Found, id: string, idColumn: Column) {
  const holder = quoteTable(credentials!.table)
  const [account, accountColumn] = named(holder, found, credentials!.account)
  const isPassword = (table: string): string => conditionsIn(credentials!.where, 'TRUE', dialectOf(table, found))
  const has = (name: string): string => idOf(name, accountColumn).hasId(2)
  const another = named('another', found, credentials!.account)[0]
  return {
    on: `${columns.sameId(account, accountColumn, id, idColumn)} AND ${isPassword(holder)}`,
    ofAccount: `${has(account)} AND ${isPassword(holder)}`,
    // With a second one the old password would go on opening the account. Counted before, since MySQL changes no table by
    // a question about itself.
    isOnly: `1 = (SELECT n FROM (SELECT count(*) AS n FROM ${holder} AS another
      WHERE ${has(another)} AND ${isPassword('another')}) AS counted)`,
  }
}

/** By the id as a text, $1, and as a number where it is one, $2: the application may keep it as either. */
function endingOf(mapping: AccountsTable, found: Found): string | null {
  const sessions = sessionsOf(mapping)
  if (!sessions) return null
  const table = quoteTable(sessions.table)
  const [name, column] = named(table, found.sessions, sessions.account)
  if (columns.isInteger(column)) return `DELETE FROM ${table} WHERE ${name} = $2`
  const exact = `${columns.asBytes(name)} = CAST($1 AS BINARY)`
  const near = column.charset === null ? 'TRUE' : `${name} = ${columns.likeColumn(column, '$1')}`
  return `DELETE FROM ${table} WHERE ${near} AND ${exact}`
}

/** An id is compared in its column's type, so that its index is used; what no such id can be is not compared at all. */
function idOf(id: string, column: Column): Pick<Users, 'id' | 'idParameter' | 'hasId' | 'idValue'> {
  if (columns.isInteger(column)) {
    const idParameter = (at: number): string => `$${at}`
    return { id, idParameter, hasId: (at) => `${id} = $${at}`, idValue: integerOf }
  }
  if (column.type === 'uuid') {
    const isUuid = (value: string): boolean => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(value)
    const idParameter = (at: number): string => `CAST($${at} AS UUID)`
    return { id, idParameter, hasId: (at) => `${id} = ${idParameter(at)}`, idValue: (v) => (isUuid(v) ? v : null) }
  }
  const exact = (at: number): string => `${columns.asBytes(id)} = CAST($${at} AS BINARY)`
  if (column.charset === null) {
    return { id: columns.asText(id), idParameter: (at) => `$${at}`, hasId: exact, idValue: (value) => value }
  }
  const idParameter = (at: number): string => columns.likeColumn(column, `$${at}`)
  return { id, idParameter, hasId: (at) => `${id} = ${idParameter(at)} AND ${exact(at)}`, idValue: (value) => value }
}

/** Only the one spelling that we hand out names an account. */
export const integerOf = (text: string): bigint | null =>
  /^-?\d{1,20}$/.test(text) && String(BigInt(text)) === text ? BigInt(text) : null

function resetOf(table: string, found: FoundTable) {
  const [, , reference] = named(table, found, resetColumns.reference)
  const [sql, column, expiry] = named(table, found, resetColumns.expiry)
  const [write, read] = columns.expiryIn(sql, column)
  return {
    assign: `${reference} = $1, ${expiry} = ${write}`,
    clear: `, ${reference} = NULL, ${expiry} = NULL`,
    isText: /char$|text$/.test(column.type),
    read,
  }
}

/** A row of `select`. */
export function accountOf(row: Record<string, unknown> | undefined): Account | null {
  if (!row) return null
  const { reference, expiry, verified, active, secondFactor, signOn, ...rest } = row
  const expiresAt = expiry === null ? Number.NaN : millisecondsOf(String(expiry))
  return {
    ...(rest as Pick<Account, 'id' | 'email' | 'username' | 'passwordHash' | 'locale' | 'lastLogin'>),
    verified: verified === 1,
    active: active === 1,
    secondFactor: secondFactor === 1,
    signOn: signOn === 1,
    reset: reference && !Number.isNaN(expiresAt) ? { reference: String(reference), expiresAt } : null,
  }
}

/** Whether an account that was found has the address: A to Z count as a to z, and nothing else as anything else. */
export const ofAddress = ({ compare }: Pick<Users, 'compare'>, { email }: Account, address: string): boolean =>
  spellings(address).includes(compare === 'lower' ? email : lowerAscii(email))

/** The expiry as the column's assignment takes it: milliseconds, or in a column of texts a time in UTC. */
export const expiryFor = (users: Users, ms: number): number | string =>
  users.reset?.isText ? new Date(ms).toISOString().replace('T', ' ').replace('Z', '') : ms

function millisecondsOf(value: string): number {
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value)
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`
  return Date.parse(zoned.replace(' ', 'T'))
}

/** A mapping that names what is not there, or what may not be read or written, told before anything runs on it. */
export function refuseUnknown(mapping: AccountsTable, found: Found): void {
  refuseMissing(
    mapping,
    (which) => [...found[which].columns.keys()],
    (which, column) => columnIn(found[which].columns, column) !== null,
  )
  for (const { part, of, column } of namedBy(mapping)) refuseBarred(mapping, found, part, of, column)
  for (const which of ['accounts', 'credentials', 'sessions'] as const) refuseTable(mapping, found, which)
  const type = found.accounts.columns.get(columnIn(found.accounts.columns, mapping.id) ?? '')?.type ?? ''
  if (bytes.test(type) || /blob$/.test(type)) {
    throw wrong(
      `accounts.id: "${mapping.id}" is ${type}; an id must be a number, a UUID or a text. A view with BIN_TO_UUID(${mapping.id}) has one.`,
    )
  }
}

function refuseBarred(mapping: AccountsTable, found: Found, part: string, of: Of, column: string): void {
  const known = found[of].columns.get(columnIn(found[of].columns, column) ?? '')
  const right = known?.mayRead === false ? 'SELECT' : part === 'password' && known?.mayWrite === false ? 'UPDATE' : null
  if (right === null) return
  const table = tableOf(mapping, of)
  const [name, host] = found.user.split(/@(?=[^@]*$)/)
  const grant = `GRANT ${right} (${quote(column)}) ON ${quoteTable(table)} TO '${name}'@'${host}';`
  const verb = right === 'SELECT' ? 'read' : 'write'
  throw wrong(`accounts.${part}: the user "${found.user}" may not ${verb} "${column}" of "${table}": ${grant}`)
}

/** Where there is no transaction, a change could be half done: the password set, and the proof still good. */
function refuseTable(mapping: AccountsTable, found: Found, of: Of): void {
  const { engine, isView, canWrite } = found[of]
  const table = tableOf(mapping, of)
  const part = of === 'accounts' ? 'accounts.table' : `accounts.${of}.table`
  if (engine !== null && engine.toLowerCase() !== 'innodb') {
    throw wrong(
      `${part}: "${table}" is a table of ${engine}, which knows no transactions: a change of a password could be half done. ALTER TABLE ${quoteTable(table)} ENGINE=InnoDB;`,
    )
  }
  if (isView && !canWrite && (of === 'sessions' || of === (mapping.credentials ? 'credentials' : 'accounts'))) {
    throw wrong(
      `${part}: "${table}" is a view that cannot be written. Name the table behind it, and with "where" which of its rows are accounts.`,
    )
  }
}
