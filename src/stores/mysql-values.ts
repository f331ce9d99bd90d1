/**
 * Statements with their values in them. A text goes as its bytes in hexadecimal, under the name of its encoding: there is
 * no quoting that a server's settings could read otherwise, and nothing of it stands in a log of slow queries as it is.
 */
import type { Statement } from './transaction.ts'

/** `$1`, but not in what is quoted: a column may be called so. */
const places = /`(?:[^`]|``)*`|'(?:[^'\\]|\\.|'')*'|\$(\d+)/gs

/** What is sent. A list of values is `a, b`, to stand in brackets; a list of rows is `(a, b), (c, d)`. */
export function written({ text, values = [] }: Statement): string {
  return text.replaceAll(places, (whole, number?: string) => {
    if (number === undefined) return whole
    const at = Number(number) - 1
    if (at >= values.length) throw new TypeError(`A statement has no value for $${number}.`)
    return literal(values[at])
  })
}

/** A text in SQL, whatever it holds. */
export const textOf = (text: string): string => `_utf8mb4 X'${Buffer.from(text, 'utf8').toString('hex')}'`

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (typeof value === 'string') return textOf(value)
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  if (!Array.isArray(value)) throw new TypeError('A value of a statement is neither a text nor a number.')
  if (value.length === 0) return 'NULL'
  return value.map((one) => (Array.isArray(one) ? `(${literal(one)})` : literal(one))).join(', ')
}
