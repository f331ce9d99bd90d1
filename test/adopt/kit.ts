/** Applications' databases for the tests of adoption: made of a fixture, adopted by the command, and reset through. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import pg from 'pg'
import { adopt } from '../../src/cli/adopt.ts'
import type { Io } from '../../src/cli/command.ts'
import type { Database, Mail } from '../../src/engine/ports.ts'
import { classic } from '../../src/flows/index.ts'
import type { UsersTable } from '../../src/options.ts'
import { loadFile } from '../../src/server/file.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { type TestRecovery, testRecovery } from '../../src/testing/index.ts'
import { newPostgres } from '../new-postgres.ts'
import { ask, resetByLink, stranger } from '../walks/steps.ts'

/** An application's database, and a folder in which the command is run. */
export type Place = {
  readonly dialect: 'sqlite' | 'postgres' | 'mysql'
  readonly url: string
  readonly folder: string
  /** Runs statements. */
  run(sql: string): Promise<void>
  /** Rows; a value of 64 bits as a text. */
  rows(sql: string): Promise<Record<string, unknown>[]>
  /** Runs the fixture of this name. */
  fixture(name: string): Promise<void>
  database(): Database
  /** Runs `latchkey adopt` on it. */
  adopt(...args: string[]): Promise<Ran>
  adoptWith(
    more: { stdin?: string; isTTY?: boolean; environment?: Record<string, string> },
    ...args: string[]
  ): Promise<Ran>
}

/** How a command ended, and what it said. */
export type Ran = { readonly code: number; readonly out: string; readonly error: string }

/** Declares a story once on SQLite and once on PostgreSQL. */
export function onBoth(name: string, story: (place: Place) => Promise<void>): void {
  onSqlite(`${name} (SQLite)`, story)
  onPostgres(`${name} (PostgreSQL)`, story)
}

/** On SQLite alone. */
export function onSqlite(name: string, story: (place: Place) => Promise<void>): void {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-adopt-'))
    const path = join(folder, 'app.db')
    const on = <T>(work: (db: DatabaseSync) => T): T => {
      const db = new DatabaseSync(path)
      try {
        return work(db)
      } finally {
        db.close()
      }
    }
    try {
      await story(
        placeOf('sqlite', `sqlite:${path}`, folder, {
          run: async (sql) => on((db) => db.exec(sql)),
          rows: async (sql) =>
            on((db) => {
              const statement = db.prepare(sql)
              statement.setReadBigInts(true)
              return statement.all().map(plainRow)
            }),
          database: () => sqlite(path),
        }),
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

/** On PostgreSQL alone. */
export function onPostgres(name: string, story: (place: Place) => Promise<void>): void {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-adopt-'))
    const { url, drop } = await newPostgres({}, false)
    const on = async <T>(work: (db: pg.Client) => Promise<T>): Promise<T> => {
      const db = new pg.Client({ connectionString: url })
      await db.connect()
      try {
        return await work(db)
      } finally {
        await db.end()
      }
    }
    try {
      await story(
        placeOf('postgres', url, folder, {
          run: (sql) => on(async (db) => void (await db.query(sql))),
          rows: (sql) => on(async (db) => (await db.query(sql)).rows),
          database: () => postgres(url),
        }),
      )
    } finally {
      drop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

const plainRow = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? plainNumber(value) : value]),
  )
const plainNumber = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : String(value)

type Own = Pick<Place, 'run' | 'rows' | 'database'>

/** A place on a database that is there. */
export function placeOf(dialect: Place['dialect'], url: string, folder: string, own: Own): Place {
  const adoptWith: Place['adoptWith'] = async ({ stdin = '', isTTY = false, environment = {} }, ...args) => {
    const [out, error]: [string[], string[]] = [[], []]
    const io: Io = {
      environment,
      folder,
      stdin: Object.assign(Readable.from([stdin]), { isTTY }),
      out: async (text) => out.push(text) > 0,
      error: (text) => void error.push(text),
    }
    const code = await adopt.run(args, io)
    return { code, out: out.join(''), error: error.join('') }
  }
  return {
    dialect,
    url,
    folder,
    ...own,
    async fixture(name) {
      const [general, special] = [`${name}.sql`, `${name}.${dialect}.sql`].map((file) => join(fixtures, file)) as [
        string,
        string,
      ]
      await own.run(readFileSync(name.startsWith('django') || name === 'supabase' ? special : general, 'utf8'))
    },
    adopt: (...args) => adoptWith({}, url, ...args),
    adoptWith: (more, ...args) =>
      more.environment?.DATABASE_URL ? adoptWith(more, ...args) : adoptWith(more, url, ...args),
  }
}

const fixtures = join(import.meta.dirname, 'fixtures')

/** What the command has written. */
export async function written(place: Place): Promise<UsersTable> {
  const { options, findings } = await loadFile(place.folder)
  assert.deepEqual(findings, [])
  return options.accounts as UsersTable
}

/** The password that everybody has before, in the hashes of `test/fixtures/hashes`. */
export const known = 'Str0ng-Horse-Staple!'
/** The one that is set; nothing else of these tests is called so. */
export const fresh = 'New-Harbour-83?'

/** A recovery on the application's table, with our own tables beside it. */
export async function opened(place: Place, accounts: UsersTable): Promise<TestRecovery> {
  const { hash: _, ...table } = accounts
  const database = place.database()
  await database.migrate(table, false)
  return testRecovery({ database, accounts, flows: [classic] })
}

/** Asks for a link, opens it, and sets `fresh`; answers whom the link went to. */
export async function reset(recovery: TestRecovery, address: string): Promise<string> {
  await recovery.worker.drain()
  const before = recovery.letters.length
  const set = await resetByLink(recovery, classic, address, fresh)
  assert.equal(set.status, 303, set.text)
  assert.equal(recovery.letters.length, before + 1, `one letter is sent for ${address}`)
  return recovery.letters[0]!.to
}

/** Asks for a link that is never sent as one; answers the letter that is sent instead, or null. */
export async function asked(recovery: TestRecovery, address: string): Promise<Mail | null> {
  // What is still due first: a notice is a letter too.
  await recovery.worker.drain()
  const before = recovery.letters.length
  assert.equal((await ask(stranger(recovery), classic, address)).status, 303)
  await recovery.worker.drain()
  return recovery.letters.length > before ? recovery.letters[0]! : null
}

/** What a value looks like in SQL. */
export const literal = (value: string | number | boolean | null): string =>
  typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value ?? 'NULL')

/** `INSERT` of rows; columns that a row lacks are empty. */
export function insert(table: string, rows: readonly Record<string, string | number | boolean | null>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const values = rows.map((row) => `(${columns.map((column) => literal(row[column] ?? null)).join(', ')})`)
  return `INSERT INTO ${table} (${columns.map((column) => `"${column}"`).join(', ')}) VALUES ${values.join(',\n')};\n`
}
