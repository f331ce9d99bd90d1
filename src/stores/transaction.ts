/** Statements, and transactions that are made of them. */

/** One statement; `$1` and so on stand for its values. */
export type Statement = { readonly text: string; readonly values?: readonly unknown[] }

/** What a statement answered: its rows, or how many it wrote. */
export type Answer = { readonly rows: Record<string, unknown>[]; readonly count: number }

/** A transaction, open from its first statements on. */
export type Transaction = {
  /** Sends them together; throws the first error, after which nothing else is of use. */
  all(...statements: Statement[]): Promise<Answer[]>
  /** Sends them and the commit together. It is durable when this answers. */
  commit(...statements: Statement[]): Promise<Answer[]>
}
