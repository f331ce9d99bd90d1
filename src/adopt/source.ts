/** A database that is looked at and not touched: its tables, and answers to questions about them. */
import type { Account, AccountsTable } from '../engine/ports.ts'

/** A column. `isId`: the primary key is this column alone. */
export type Column = {
  readonly name: string
  readonly type: string
  readonly isNullable: boolean
  readonly isId: boolean
}

/** A table or a view, under the name that a mapping takes. */
export type Table = { readonly name: string; readonly isView: boolean; readonly columns: readonly Column[] }

/** A row of an answer. */
export type Row = Readonly<Record<string, unknown>>

/** One mapping in the database's own SQL. */
export type Mapped = {
  /** The index that finds an address; null where every row is read. */
  readonly index: string | null
  /** What makes an index that would serve, for somebody else to run; null where none can be made. */
  readonly advice: string | null
  /** The accounts as a table to select from: id, email (never null), "passwordHash", active and more. */
  readonly rows: string
  /** The same in the order of their ids, the last first, to be ended by a LIMIT: of numbers, the newest. */
  readonly lastRows: string
  /** Why a reset could not write here, and what to do about it; a sentence each. */
  readonly barred: readonly string[]
}

/** What one account looks like, its password set and everything put back. */
export type Tried = { readonly set: boolean; readonly after: Account | null }

/** An open database. */
export type Source = {
  readonly dialect: 'sqlite' | 'postgres' | 'mysql'
  /** For sentences: no user's name, no password. */
  readonly place: string
  tables(): Promise<Table[]>
  all(sql: string): Promise<Row[]>
  /** Refuses what cannot be read. */
  mapped(mapping: AccountsTable): Promise<Mapped>
  /** The accounts of an address. */
  find(mapping: AccountsTable, address: string): Promise<Account[]>
  /** Sets a password as a reset does, in a transaction that is undone. */
  tryOut(mapping: AccountsTable, account: Account, hash: string): Promise<Tried>
  close(): Promise<void>
}

/** Letters and digits of a name in lower case: `userId`, `user_id` and `UserID` are one. */
export const plain = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '')

/** A table's name without its schema. */
export const bare = (name: string): string => name.slice(name.indexOf('.') + 1)

/** The column of one of these names, the first name first, however it is written. */
export function columnNamed(table: Table, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const found = table.columns.find((column) => plain(column.name) === plain(name))
    if (found) return found.name
  }
  return undefined
}

/** The table of one of these names, and with all of these columns. */
export const tableNamed = (
  tables: readonly Table[],
  names: readonly string[],
  ...columns: readonly string[]
): Table | undefined =>
  tables.find(
    (table) =>
      names.some((name) => plain(bare(table.name)) === plain(name)) &&
      columns.every((column) => columnNamed(table, column) !== undefined),
  )

/** Whether there is a table of this name. */
export const hasTable = (tables: readonly Table[], name: string): boolean => tableNamed(tables, [name]) !== undefined

/** The primary key, or a column that is called so. */
export const idOf = (table: Table): string | undefined =>
  table.columns.find((column) => column.isId)?.name ?? columnNamed(table, 'id', 'user_id', 'uid', 'uuid')
