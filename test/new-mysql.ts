/** Databases of their own for stories and tests, on the MariaDB of this run. */
import { after, type TestContext } from 'node:test'
import { type Connection, createConnection } from 'mysql2/promise'
import { own } from '../src/accounts/own.ts'
import type { Database } from '../src/engine/ports.ts'
import { type MysqlOptions, mysql } from '../src/stores/mysql.ts'
import { type MariadbServer, startMariadb } from './mariadb.ts'

/** A database on the MariaDB for tests. */
export type MysqlDatabase = { readonly url: string; readonly database: Database; drop(): Promise<void> }

/**
 * Makes one, with nothing in it but our tables, or not even those. `collation`: its own, as an application chose it.
 * @example const { database, drop } = await newMysql()
 */
export async function newMysql(
  options: MysqlOptions = {},
  tables = true,
  collation = 'utf8mb4_unicode_ci',
): Promise<MysqlDatabase> {
  server ??= reach()
  const { admin, urlOf } = await server
  const name = `latchkey_${process.pid}_${++made}`
  await admin.query(`CREATE DATABASE ${name} COLLATE ${collation}`)
  there.add(name)
  const database = mysql(urlOf(name), options)
  if (tables) await database.migrate(own, true)
  const drop = async (): Promise<void> => {
    there.delete(name)
    await admin.query(`DROP DATABASE IF EXISTS ${name}`)
  }
  return { url: urlOf(name), database, drop }
}
let made = 0
const there = new Set<string>()

/** The address of a database of the test's own, dropped when the test is over; `tables`: with ours in it. */
export async function newMysqlUrl(t: TestContext, tables = true): Promise<string> {
  const { url, drop } = await newMysql({}, tables)
  t.after(drop)
  return url
}

/** What an operator or an application does there, on a connection of its own, with the driver's and the server's own settings. */
export async function inMysql<T>(url: string, work: (db: Connection) => Promise<T>): Promise<T> {
  const db = await createConnection({ uri: url, multipleStatements: true, supportBigNumbers: true })
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}

type Reached = { readonly admin: Connection; readonly urlOf: (name: string) => string }
let server: Promise<Reached> | null = null
let started: MariadbServer | null = null

/** The server of this run, or one for this file alone. */
async function reach(): Promise<Reached> {
  const given = process.env.TEST_MYSQL_URL
  if (!given) started = await startMariadb()
  const root = given ?? started!.url
  const urlOf = (name: string): string => {
    const url = new URL(root)
    url.pathname = `/${name}`
    return url.href
  }
  return { admin: await createConnection({ uri: root }), urlOf }
}

after(async () => {
  if (!server) return
  const { admin } = await server
  for (const name of there) await admin.query(`DROP DATABASE IF EXISTS ${name}`)
  await admin.end()
  await started?.stop()
})
