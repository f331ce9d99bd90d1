/**
 * How an address is looked for in a column of the application's, so that its own index serves: A to Z count as a to z, and
 * nothing else counts as anything else, whatever a language's rules (or citext) make of it.
 */
import { Fault } from '../engine/outcome.ts'
import type { Answer, Statement } from './postgres-pool.ts'

/** A condition over the parameters $1 and $2, two spellings of one address, and the index that serves it. */
export type Match = { readonly sql: string; readonly index: string | null }

/** A column of addresses: in SQL, as a text, and its type. */
export type EmailColumn = {
  readonly named: string
  readonly text: string
  readonly type: string
  readonly compare: 'folded' | 'lower'
}

/** Only A to Z are folded. */
export const folded = (text: string): string => `lower(${text} COLLATE "C")`

function waysOf({ named, text, type, compare }: EmailColumn): string[] {
  const exact = `${folded(text)} IN ($1, $2)`
  if (compare === 'lower') return [`${text} IN ($1::text, $2::text) AND ${exact}`]
  const by = (left: string, right: (parameter: string) => string): string =>
    `${left} IN (${right('$1::text')}, ${right('$2::text')}) AND ${exact}`
  return [
    exact,
    ...(/(^|\.)citext$/.test(type) ? [by(named, (parameter) => `${parameter}::${type}`)] : []),
    by(`lower(${text})`, (parameter) => `lower(${parameter})`),
    by(`upper(${text})`, (parameter) => `upper(${parameter})`),
  ]
}

/** What the way to look is found out with: statements, sent together as one transaction that is then undone. */
type Run = (...statements: Statement[]) => Promise<Answer[]>

/** The first way that an index serves, else the first. `from`: the table; `is`: what makes a row an account. */
export async function matchOf(run: Run, email: EmailColumn, from: string, is: string): Promise<Match> {
  const ways = waysOf(email)
  const plans = await run(
    // The planner shows what could serve, also on a table that is too small for it to matter.
    { text: 'SET LOCAL enable_seqscan = off' },
    ...ways.map((sql) => ({
      text: `EXPLAIN (FORMAT JSON) SELECT 1 FROM ${from} WHERE ${is} AND ${sql}`,
      values: [asked, asked],
    })),
  )
  for (const [at, sql] of ways.entries()) {
    const [row] = plans[at + 1]!.rows
    const index = indexIn(row?.['QUERY PLAN'])
    if (index !== null) return { sql, index }
  }
  return { sql: ways[0]!, index: null }
}

type Node = { readonly 'Index Name'?: string; readonly 'Index Cond'?: string; readonly Plans?: readonly Node[] }

/** What is asked for, to be found again in the plan. */
const asked = 'a@example.org'

/** The index that is asked for the address; one that is asked for a condition alone is of no use. */
function indexIn(plan: unknown): string | null {
  const [root] = plan as readonly { readonly Plan: Node }[]
  if (!root) throw new Fault('database', 'EXPLAIN answers nothing.')
  const search = (node: Node): string | null => {
    if (node['Index Cond']?.toLowerCase().includes(asked)) return node['Index Name'] ?? 'an index'
    for (const child of node.Plans ?? []) {
      const found = search(child)
      if (found !== null) return found
    }
    return null
  }
  return search(root.Plan)
}
