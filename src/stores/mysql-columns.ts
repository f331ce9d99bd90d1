/**
 * Columns of the application's in SQL. How a text is compared hangs on its column: most take `ß` for `ss` and a space at
 * the end for nothing. So a column's own order finds (that is what its index is sorted by), and its bytes decide.
 */
import { Fault } from '../engine/outcome.ts'
import { textOf } from './mysql-values.ts'
import { resetColumns } from './schema.ts'
import type { Column } from './schema-mysql.ts'

const integers = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'year']
const numbers = [...integers, 'bit', 'decimal', 'float', 'double']
const times = ['datetime', 'timestamp', 'date']

/** Whether a column holds numbers without a fraction. */
export const isInteger = ({ type }: Pick<Column, 'type'>): boolean => integers.includes(type)

/** Whether it holds texts, in whatever encoding, or their bytes. */
const isText = ({ charset, type }: Column): boolean => charset !== null || /^(var)?binary$|blob$/.test(type)

/** As a text. */
export const asText = (name: string): string => `CONVERT(${name} USING utf8mb4)`

/** As bytes of its text, which are equal to nothing else. */
export const asBytes = (sql: string): string => `CAST(${asText(sql)} AS BINARY)`

/** A text as the column's own order compares it: what its encoding has no letter for is a question mark there. */
export const likeColumn = ({ charset, collation }: Column, sql: string): string =>
  charset === null ? `CAST(${sql} AS BINARY)` : `CONVERT(${sql} USING ${charset}) COLLATE ${collation}`

/** Orders in which A to Z are a to z, whatever stands around them. Others may take `I` for a `ı`, or `ch` for one letter. */
const foldsAscii =
  /^(utf8mb4|utf8mb3|utf8|latin1|ascii)_(general|unicode|unicode_520|swedish|0900_ai|0900_as|uca1400_ai|uca1400_as|general1400_as)(_nopad)?(_nopad)?_ci$|^(utf8mb4_|utf8mb3_)?uca1400(_nopad)?_a[is]_ci$/

/**
 * Finds rows whose address or name may be the one of a parameter; more than these, and never one less. `by`: the parameters.
 * `isServed`: whether an index on the column alone can serve.
 */
export function findsFolded(
  name: string,
  column: Column,
  by: readonly string[],
  compare: 'folded' | 'lower',
): { readonly sql: string; readonly isServed: boolean } {
  if (compare === 'lower' || foldsAscii.test(column.collation ?? '')) {
    return { sql: `${name} IN (${by.map((one) => likeColumn(column, one)).join(', ')})`, isServed: true }
  }
  const folded = (sql: string): string => `CAST(LOWER(${asText(sql)}) AS BINARY)`
  return { sql: `${folded(name)} IN (${by.map(folded).join(', ')})`, isServed: false }
}

/** True where a column holds the text, byte for byte; a number as a number. */
export function holdsText(name: string, column: Column, value: string): string {
  if (isInteger(column) && /^-?\d{1,20}$/.test(value)) return `${name} = ${value}`
  if (times.includes(column.type)) return `${name} = ${textOf(value)}`
  return `${asBytes(name)} = CAST(${textOf(value)} AS BINARY)`
}

/**
 * True for numbers but 0, for the usual words, and for a time (`email_verified_at`). Everything else is false: a column
 * that was mapped by mistake must not let anybody in.
 */
export function truthOf(name: string, { type }: Column): string {
  // A time of zeros is none.
  if ([...numbers, ...times].includes(type)) return `coalesce(${name} + 0 <> 0, FALSE)`
  const text = asText(name)
  return `coalesce(CAST(LOWER(${text}) AS BINARY) IN ('1', 'true', 't', 'yes', 'y', 'on')
    OR ${text} REGEXP '^[12][0-9][0-9][0-9]-[0-9]', FALSE)`
}

/**
 * True for whatever is there, a secret or a provider's name as well as a number, but for what says "none". The other
 * way round than `truthOf`: what is not understood must not let anybody past a factor.
 */
export function inUse(name: string, { type }: Column): string {
  if ([...numbers, ...times].includes(type)) return `coalesce(${name} + 0 <> 0, FALSE)`
  return `(CAST(LOWER(TRIM(coalesce(${asText(name)}, ''))) AS BINARY)
    NOT IN ('', '0', '0.0', 'false', 'f', 'no', 'n', 'off', 'null', 'none', '[]', '{}'))`
}

/** Two columns hold one id: by the order that their index has, and by their bytes. */
export function sameId(left: string, leftColumn: Column, right: string, rightColumn: Column): string {
  if (isInteger(leftColumn) && isInteger(rightColumn)) return `${left} = ${right}`
  const exact = `${asBytes(left)} = ${asBytes(right)}`
  const isAlike = isText(leftColumn) && isText(rightColumn) && leftColumn.collation === rightColumn.collation
  return isAlike ? `${left} = ${right} AND ${exact}` : exact
}

/** How an expiry is written from `$2` to and read from a column of this type. */
export function expiryIn(name: string, { type }: Column): [write: string, read: string] {
  const epoch = `TIMESTAMP('1970-01-01')`
  if (type === 'datetime' || type === 'timestamp') {
    // As Django and Rails write it: in UTC, which is the session's zone.
    const read = `TIMESTAMPDIFF(MICROSECOND, ${epoch}, ${name}) / 1000`
    return [`DATE_ADD(${epoch}, INTERVAL $2 * 1000 MICROSECOND)`, read]
  }
  if (['bigint', 'decimal', 'double'].includes(type)) return ['$2', `${name} + 0`]
  if (/char$|text$/.test(type)) return ['$2', asText(name)]
  throw new Fault('configuration', `${resetColumns.expiry} is ${type}, which holds no time: make it BIGINT.`)
}
