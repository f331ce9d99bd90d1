/** Databases of their own for stories and tests, on the PostgreSQL of this run. */
import { after, type TestContext } from 'node:test'
import pg from 'pg'
import type { Database } from '../src/engine/ports.ts'
import { type PostgresOptions, postgres } from '../src/stores/postgres.ts'
import { makeTemplate, type PostgresServer, startPostgres } from './postgres.ts'

/** A database on the PostgreSQL for tests. */
export type PostgresDatabase = { readonly url: string; readonly database: Database; drop(): void }

/**
 * Makes one, with nothing in it but our tables, or not even those. It is dropped beside what comes next, for the server
 * waits a tenth of a second for connections that are ending.
 * @example const { database, drop } = await newPostgres()
 */
export async function newPostgres(options: PostgresOptions = {}, tables = true): Promise<PostgresDatabase> {
  server ??= reach()
  const { admin, sweeper, template, urlOf } = await server
  const name = `latchkey_${process.pid}_${++made}`
  const copy = `TEMPLATE ${tables ? template : 'template0'} STRATEGY file_copy`
  await admin.query(`CREATE DATABASE ${name} ${copy}`)
  const url = urlOf(name)
  const drop = (): void => {
    dropped = dropped.then(async () => void (await sweeper.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)))
  }
  return { url, database: postgres(url, options), drop }
}
let made = 0
let dropped: Promise<void> = Promise.resolve()

/** The address of a database of the test's own, dropped when the test is over; `tables`: with ours in it. */
export async function newUrl(t: TestContext, tables = true): Promise<string> {
  const { url, drop } = await newPostgres({}, tables)
  t.after(drop)
  return url
}

/** What an operator or an application does there, on a connection of its own. */
export async function inDatabase<T>(url: string, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const db = new pg.Client({ connectionString: url })
  db.on('error', () => {})
  await db.connect()
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}

/** The same when nobody else is connected any more: a connection tells what it has counted when it ends. */
export const inQuietDatabase = <T>(url: string, work: (db: pg.Client) => Promise<T>): Promise<T> =>
  inDatabase(url, async (db) => {
    const others = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()'
    while ((await db.query(others)).rows[0].n > 1) await new Promise((wake) => setTimeout(wake, 20))
    return work(db)
  })

type Reached = {
  readonly admin: pg.Client
  readonly sweeper: pg.Client
  readonly template: string
  readonly urlOf: (name: string) => string
}
let server: Promise<Reached> | null = null
let started: PostgresServer | null = null

/** The server of this run, or one for this file alone, with a database to copy. */
async function reach(): Promise<Reached> {
  const named = process.env.TEST_DATABASE_URL
  if (!named) started = await startPostgres()
  const root = named ?? started!.url
  const urlOf = (name: string): string => {
    const url = new URL(root)
    url.pathname = `/${name}`
    return url.href
  }
  const [admin, sweeper] = [new pg.Client({ connectionString: root }), new pg.Client({ connectionString: root })]
  await Promise.all([admin.connect(), sweeper.connect()])
  const template = process.env.TEST_DATABASE_TEMPLATE ?? (await makeTemplate(root))
  return { admin, sweeper, template, urlOf }
}

after(async () => {
  if (!server) return
  const { admin, sweeper, template } = await server
  await dropped
  if (template !== process.env.TEST_DATABASE_TEMPLATE)
    await admin.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`)
  await Promise.all([admin.end(), sweeper.end()])
  await started?.stop()
})
