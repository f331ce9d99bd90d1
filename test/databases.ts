/** Runs a story on every store that there is: the reference in memory, SQLite on a file of its own, and PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { own } from '../src/accounts/own.ts'
import type { Database } from '../src/engine/ports.ts'
import { memory } from '../src/stores/memory.ts'
import { type PostgresOptions, postgres } from '../src/stores/postgres.ts'
import { sqlite } from '../src/stores/sqlite.ts'
import { type TestOptions, type TestRecovery, testRecovery } from '../src/testing/index.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

/** Opens a recovery on the story's store; it is closed when the story is over. */
export type Open = (options?: TestOptions) => Promise<TestRecovery>

/** Declares the story once for each store. */
export function onEveryStore(name: string, story: (open: Open) => Promise<void>): void {
  inMemory(`${name} (memory)`, story)
  test(`${name} (SQLite)`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-walk-'))
    const opened: TestRecovery[] = []
    try {
      await story(async (options = {}) => {
        const database = sqlite(join(folder, `${opened.length}.db`))
        await database.migrate(own, true)
        return kept(opened, await testRecovery({ database, ...options }))
      })
    } finally {
      for (const recovery of opened) await recovery.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
  onPostgres(`${name} (PostgreSQL)`, story)
}

/** Declares a story for PostgreSQL alone. */
export function onPostgres(name: string, story: (open: Open) => Promise<void>): void {
  test(name, async () => {
    const opened: TestRecovery[] = []
    const databases: PostgresDatabase[] = []
    try {
      await story(async (options = {}) => {
        const made = await newPostgres()
        databases.push(made)
        return kept(opened, await testRecovery({ database: made.database, ...options }))
      })
    } finally {
      for (const recovery of opened) await recovery.close()
      for (const made of databases) made.drop()
    }
  })
}

/** Declares a story that no store has a part in. */
export function inMemory(name: string, story: (open: Open) => Promise<void>): void {
  test(name, async () => {
    const opened: TestRecovery[] = []
    try {
      await story(async (options = {}) => kept(opened, await testRecovery({ database: memory(), ...options })))
    } finally {
      for (const recovery of opened) await recovery.close()
    }
  })
}

function kept(opened: TestRecovery[], recovery: TestRecovery): TestRecovery {
  opened.push(recovery)
  return recovery
}

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
  const template = `latchkey_${process.pid}_template`
  await admin.query(`CREATE DATABASE ${template} TEMPLATE template0`)
  await postgres(urlOf(template)).migrate(own, true)
  return { admin, sweeper, template, urlOf }
}

after(async () => {
  if (!server) return
  const { admin, sweeper, template } = await server
  await dropped
  await admin.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`)
  await Promise.all([admin.end(), sweeper.end()])
  await started?.stop()
})
