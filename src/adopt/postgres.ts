/** A database of PostgreSQL, in a transaction in which nothing can be written; `tryOut` opens another, and undoes it. */
import pg from 'pg'
import { spellings } from '../accounts/tidy.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, AccountsTable } from '../engine/ports.ts'
import { matchOf } from '../stores/postgres-emails.ts'
import { faultOf } from '../stores/postgres-faults.ts'
import { look } from '../stores/postgres-migrate.ts'
import { connectionConfig, placeOf, type Statement } from '../stores/postgres-pool.ts'
import { accountOf, refuseUnknown, usersOf } from '../stores/postgres-users.ts'
import { quote } from '../stores/schema.ts'
import { quoteTable } from '../stores/schema-postgres.ts'
import type { Row, Source, Table } from './source.ts'

/** Milliseconds for a connection, for a lock, and for one question about all rows. */
const patience = 5_000
const longest = 120_000

/** Opens it. */
export async function postgresSource(url: string): Promise<Source> {
  const place = placeOf(url)
  const client = await opened(url, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const guarded = <T>(work: () => Promise<T>): Promise<T> => told(place, work)
  const run = runOn(client)
  // What may not be written can be looked at all the same.
  const usersIn = async (mapping: AccountsTable) => {
    const found = await look(run, mapping)
    return usersOf(mapping, false, { ...found, barred: found.barred.filter(({ from }) => from === 'read') })
  }
  const matched = async (mapping: AccountsTable) => {
    const users = await usersIn(mapping)
    // Its setting is for the question alone.
    await client.query('SAVEPOINT asked')
    const match = await matchOf(run, users.email, users.table, users.is)
    await client.query('ROLLBACK TO asked')
    return { users, match }
  }
  return {
    dialect: 'postgres',
    place,
    tables: () => guarded(async () => (await client.query(tablesSql)).rows.map(tableOf)),
    all: (sql) => guarded(async () => (await client.query<Row>(sql)).rows),
    mapped: (mapping) =>
      guarded(async () => {
        const { users, match } = await matched(mapping)
        const [about] = (await client.query(aboutSql, [users.table])).rows
        const advice = `CREATE INDEX CONCURRENTLY ON ${quoteTable(mapping.table)} (lower(${quote(mapping.email)} COLLATE "C"));`
        return {
          index: match.index,
          advice: about.kind === 'v' ? null : advice,
          rows: `(${users.select} WHERE ${users.is})`,
          lastRows: `${users.select} WHERE ${users.is} ORDER BY ${users.id} DESC`,
          barred: [...barredIn(mapping, await look(run, mapping)), ...barredFrom(about)],
        }
      }),
    find: (mapping, address) =>
      guarded(async () => {
        const { users, match } = await matched(mapping)
        const text = `${users.select} WHERE ${users.is} AND ${match.sql} ORDER BY ${users.id}`
        return (await client.query(text, spellings(address))).rows.map((row) => accountOf(row)!)
      }),
    tryOut: (mapping, account, hash) => guarded(() => tryOut(url, mapping, account, hash)),
    close: () => client.end(),
  }
}

const aboutSql = `SELECT relkind AS kind, pg_is_in_recovery() AS standby, current_schema() AS schema, current_user AS role,
    has_schema_privilege(current_schema(), 'CREATE') AS "mayCreate",
    EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('latchkey_migrations')) AS began,
    row_security_active(oid) AS "rowSecurity"
  FROM pg_class WHERE oid = to_regclass($1)`

/** What stands in the way of our own tables, or hides rows. */
function barredFrom({ standby, schema, role, mayCreate, began, rowSecurity }: Record<string, unknown>): string[] {
  const name = quote(String(role))
  return [
    ...(standby ? ['This server is a standby, which cannot be written: name the primary.'] : []),
    ...(mayCreate || began
      ? []
      : [
          `The role "${role}" may make no tables: GRANT CREATE ON SCHEMA ${quote(String(schema ?? 'public'))} TO ${name};`,
        ]),
    ...(rowSecurity
      ? [
          `Row security hides rows of the table from the role "${role}": ALTER ROLE ${name} BYPASSRLS; or a policy that lets it see and update all.`,
        ]
      : []),
  ]
}

function barredIn(mapping: AccountsTable, found: Parameters<typeof refuseUnknown>[1]): string[] {
  try {
    refuseUnknown(mapping, found)
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

async function opened(url: string, begin: string): Promise<pg.Client> {
  const client = new pg.Client(connectionConfig({ url, connections: 1, timeout: patience }))
  client.on('error', () => {})
  return told(placeOf(url), async () => {
    await client.connect()
    await client.query(`${begin}; SET LOCAL statement_timeout = ${longest}; SET LOCAL lock_timeout = ${patience}`)
    return client
  })
}

async function told<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Fault ? error : faultOf(place, error)
  }
}

const runOn =
  (client: pg.Client) =>
  async (...statements: Statement[]) => {
    const answers = []
    for (const { text, values } of statements) {
      const { rows, rowCount } = await client.query(text, values as unknown[])
      answers.push({ rows, count: rowCount ?? 0 })
    }
    return answers
  }

async function tryOut(url: string, mapping: AccountsTable, account: Account, hash: string) {
  const client = await opened(url, 'BEGIN READ WRITE')
  try {
    const users = usersOf(mapping, false, await look(runOn(client), mapping))
    const { id, passwordHash, email, verified, active, secondFactor, signOn } = account
    const row = users.idValue(id)
    const facts = [verified, active, secondFactor, signOn]
    const { rowCount } = await client.query(users.setPassword, [hash, row, passwordHash, email, ...facts])
    const text = `${users.select} WHERE ${users.is} AND ${users.id} = ${users.idParameter(1)}`
    const [after] = (await client.query(text, [row])).rows
    return { set: rowCount === 1, after: accountOf(after) }
  } finally {
    await client.query('ROLLBACK').catch(() => {})
    await client.end()
  }
}

/** Tables and views that the role may read; partitions are part of theirs. */
const tablesSql = `SELECT CASE WHEN pg_table_is_visible(c.oid) THEN relname ELSE nspname || '.' || relname END AS name,
    relkind IN ('v', 'm') AS "isView",
    json_agg(json_build_object('name', attname, 'type', format_type(atttypid, NULL), 'isNullable', NOT attnotnull,
      'isId', EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary AND indkey::text = attnum::text))
      ORDER BY attnum) AS columns
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
  JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition
    AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
    AND strpos(relname, '.') = 0 AND strpos(nspname, '.') = 0
  GROUP BY c.oid, nspname, relname, relkind ORDER BY nspname, relname`

const tableOf = (row: Record<string, unknown>): Table => row as Table
