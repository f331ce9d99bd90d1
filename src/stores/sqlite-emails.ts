/**
 * How an address is looked for in a column of the application's, so that its own index serves: A to Z count as a to z, and
 * nothing else counts as anything else, whatever the index does.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { AccountsTable } from '../engine/ports.ts'
import { quote } from './schema.ts'

/** A condition over the parameters ?1 and ?2, two spellings of one address, and the index that serves it. */
export type Match = { readonly sql: string; readonly index: string | null }

/** The ways to look, and which index would serve each; what `lower()` and NOCASE fold in SQLite is A to Z. */
function waysOf(mapping: AccountsTable): string[] {
  const email = `${quote(mapping.table)}.${quote(mapping.email)}`
  const folded = `lower(${email}) IN (?1, ?2)`
  if (mapping.compare === 'lower') return [`${email} IN (?1, ?2) AND ${folded}`]
  return [folded, `${email} COLLATE NOCASE IN (?1, ?2)`, `upper(${email}) IN (upper(?1), upper(?2)) AND ${folded}`]
}

/** The first way that an index serves, else the first. */
export function matchOf(db: DatabaseSync, mapping: AccountsTable, is: string): Match {
  const ways = waysOf(mapping)
  for (const sql of ways) {
    const index = indexOf(db, mapping, sql, is)
    if (index !== null) return { sql, index }
  }
  return { sql: ways[0]!, index: null }
}

function indexOf(db: DatabaseSync, { table, email, id }: AccountsTable, sql: string, is: string): string | null {
  const plan = `EXPLAIN QUERY PLAN SELECT ${quote(id)} FROM ${quote(table)} WHERE ${is} AND ${sql}`
  for (const { detail } of db.prepare(plan).all('a', 'b')) {
    const [, index, by] = /^SEARCH .* USING (?:COVERING )?INDEX (.+) \((.*)\)$/.exec(String(detail)) ?? []
    if (index && by?.split(' AND ').some((one) => one.startsWith('<expr>') || one === `${email}=?`)) return index
  }
  return null
}
