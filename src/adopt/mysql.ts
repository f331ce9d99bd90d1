/** A database of MySQL or MariaDB, in a transaction in which nothing can be written; `tryOut` opens another, and undoes it. */
import { type Connection, createConnection } from 'mysql2/promise'
import { spellings } from '../accounts/tidy.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, AccountsTable } from '../engine/ports.ts'
import { faultOf } from '../stores/mysql-faults.ts'
import { look, type Run } from '../stores/mysql-migrate.ts'
import { connectionConfig, placeOf, prepare, send } from '../stores/mysql-pool.ts'
import { accountOf, ofAddress, refuseUnknown, usersOf } from '../stores/mysql-users.ts'
import { columnIn, type Found, quote, quoteTable } from '../stores/schema-mysql.ts'
import type { Row, Source, Table } from './source.ts'

/** Milliseconds for a connection, and for one question about all rows. */
const patience = 5_000
const longest = 120_000

/** Opens it. */
export async function mysqlSource(url: string): Promise<Source> {
  const place = placeOf(url)
  const { client, run } = await opened(url, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
  const guarded = <T>(work: () => Promise<T>): Promise<T> => told(place, work)
  const rows = async (text: string, ...values: unknown[]): Promise<Row[]> => (await run({ text, values }))[0]!.rows
  const usersIn = async (mapping: AccountsTable) => usersOf(mapping, false, readable(await look(run, mapping)))
  return {
    dialect: 'mysql',
    place,
    tables: () => guarded(async () => tablesIn(await rows(tablesSql))),
    all: (sql) => guarded(() => rows(sql)),
    mapped: (mapping) =>
      guarded(async () => {
        const users = await usersIn(mapping)
        const found = await look(run, mapping)
        const index = users.isServed ? indexIn(mapping, found, await rows(indexesSql, ...placed(mapping.table))) : null
        const advice = `CREATE INDEX latchkey_email ON ${quoteTable(mapping.table)} (${quote(mapping.email)});`
        const [server] = await rows('SELECT @@global.read_only AS isReplica')
        return {
          index,
          advice: found.accounts.isView || !users.isServed ? null : advice,
          rows: `(${users.select} WHERE ${users.is})`,
          lastRows: `${users.select} WHERE ${users.is} ORDER BY ${users.id} DESC`,
          barred: [
            ...(server?.isReplica === 1
              ? ['This server is only read, as a replica is: name the one that is written.']
              : []),
            ...barredIn(mapping, found),
          ],
        }
      }),
    find: (mapping, address) =>
      guarded(async () => {
        const users = await usersIn(mapping)
        const text = `${users.select} WHERE ${users.is} AND ${users.hasAddress} ORDER BY ${users.id}`
        const found = (await rows(text, ...spellings(address))).map((row) => accountOf(row)!)
        return found.filter((account) => ofAddress(users, account, address))
      }),
    tryOut: (mapping, account, hash) => guarded(() => tryOut(url, mapping, account, hash)),
    close: () => client.end(),
  }
}

/** What may not be written can be looked at all the same. */
const readable = (found: Found): Found => {
  const one = (of: 'accounts' | 'credentials' | 'sessions') => ({
    ...found[of],
    engine: null,
    canWrite: true,
    columns: new Map([...found[of].columns].map(([name, column]) => [name, { ...column, mayWrite: true }])),
  })
  return { ...found, accounts: one('accounts'), credentials: one('credentials'), sessions: one('sessions') }
}

function barredIn(mapping: AccountsTable, found: Found): string[] {
  try {
    refuseUnknown(mapping, found)
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

/** The index that begins with the column of addresses, or with columns that the conditions say. */
function indexIn({ email, where = {} }: AccountsTable, { accounts }: Found, rows: readonly Row[]): string | null {
  const known = (name: string): string | null => columnIn(accounts.columns, name)
  const said = new Set(Object.keys(where).map(known))
  const names = [...new Set(rows.map(({ name }) => String(name)))]
  const serves = (index: string): boolean => {
    const columns = rows.filter(({ name }) => name === index).map(({ column }) => String(column))
    const at = columns.indexOf(known(email) ?? '')
    return at >= 0 && columns.slice(0, at).every((column) => said.has(column))
  }
  return names.find(serves) ?? null
}

const placed = (table: string): [string | null, string] => {
  const dot = table.indexOf('.')
  return dot < 0 ? [null, table] : [table.slice(0, dot), table.slice(dot + 1)]
}

const indexesSql = `SELECT index_name AS name, column_name AS "column" FROM information_schema.statistics
  WHERE table_schema = coalesce($1, DATABASE()) AND table_name = $2 AND index_type = 'BTREE'
  ORDER BY index_name, seq_in_index`

/** Names of SQL in double quotes, as the other databases have them. */
const modes = ['ANSI_QUOTES', 'PIPES_AS_CONCAT']

async function opened(url: string, begin: string): Promise<{ client: Connection; run: Run }> {
  return told(placeOf(url), async () => {
    const client = await createConnection(connectionConfig({ url, connections: 1, timeout: patience }))
    client.on('error', () => {})
    const run: Run = (...statements) => send(client, statements, longest)
    await prepare(client, longest, modes)
    await run(
      { text: `SET SESSION innodb_lock_wait_timeout = ${patience / 1000}` },
      { text: 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ' },
      { text: begin },
    )
    return { client, run }
  })
}

async function told<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Fault ? error : faultOf(place, error)
  }
}

async function tryOut(url: string, mapping: AccountsTable, account: Account, hash: string) {
  const { client, run } = await opened(url, 'START TRANSACTION')
  try {
    const users = usersOf(mapping, false, await look(run, mapping))
    const { id, passwordHash, email, verified, active, secondFactor, signOn } = account
    const row = users.idValue(id)
    const [set, after] = await run(
      {
        text: users.setPassword,
        values: [hash, row, passwordHash, email, verified, active, secondFactor, signOn],
      },
      { text: `${users.select} WHERE ${users.is} AND ${users.hasId(1)}`, values: [row] },
    )
    return { set: set!.count === 1, after: accountOf(after!.rows[0]) }
  } finally {
    await run({ text: 'ROLLBACK' }).catch(() => {})
    await client.end()
  }
}

/** Tables and views that the user may read. */
const tablesSql = `SELECT c.table_name AS "table", t.table_type AS kind, c.column_name AS name, c.data_type AS type,
    c.is_nullable AS nullable, c.column_key AS "key"
  FROM information_schema.columns AS c JOIN information_schema.tables AS t
    ON t.table_schema = c.table_schema AND t.table_name = c.table_name
  WHERE c.table_schema = DATABASE() AND t.table_schema = DATABASE() AND c.privileges LIKE '%select%'
  ORDER BY c.table_name, c.ordinal_position`

function tablesIn(rows: readonly Row[]): Table[] {
  const names = [...new Set(rows.map(({ table }) => String(table)))].filter((name) => !name.includes('.'))
  return names.map((name) => {
    const own = rows.filter(({ table }) => table === name)
    const keys = own.filter(({ key }) => key === 'PRI').length
    return {
      name,
      isView: own[0]!.kind === 'VIEW',
      columns: own.map((row) => ({
        name: String(row.name),
        type: String(row.type).toLowerCase(),
        isNullable: row.nullable === 'YES',
        isId: keys === 1 && row.key === 'PRI',
      })),
    }
  })
}
