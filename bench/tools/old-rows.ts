/**
 * A database that has been in use for a year: accounts, and the rows that as many resets leave, by SQL, everything over and
 * nothing removed. Of each reset: its challenge, the letter with the proof and the notice, the counts of its caller and its
 * address, a session, the hash before, and five events.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { own } from '../../src/accounts/own.ts'
import type { Database } from '../../src/engine/ports.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { startCluster } from './cluster.ts'

/** Those with numbers from `from` on, below `to`. */
export type Span = { readonly from: number; readonly to: number; readonly passwordHash: string }

/** A database to grow old. */
export type Ground = {
  readonly name: string
  readonly database: Database
  grow(span: Span): Promise<void>
  /** Settles what was written and reads all of it once, so that what is measured is the search and not a cold disk. */
  warm(): Promise<void>
  /** Bytes that its rows take, on a disk. */
  bytes(): Promise<number>
  /** Gives back what removed rows took, as the database does it by itself in time. */
  tidy(): Promise<void>
  /** Rows of each table. */
  rows(): Promise<Record<string, number>>
  /** Runs `work`; milliseconds for which a transaction that removes rows was seen to hold some, or null where it cannot be seen. */
  longest(work: () => Promise<unknown>): Promise<number | null>
  end(): Promise<void>
}

function readAll(folder: string): void {
  spawnSync('sync')
  const { status, stderr, error } = spawnSync('find', [folder, '-type', 'f', '-exec', 'cat', '{}', '+'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${folder} could not be read: ${error?.message ?? stderr}`)
}

const day = 24 * 3600 * 1000
/** Rows in one transaction, at most: a million at once would be a file of its own beside the database. */
const batch = 50_000
const events = ['challenge.opened', 'letter.sent', 'link.opened', 'password.changed', 'letter.sent']
const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const tables = ['challenges', 'letters', 'limits', 'sessions', 'history', 'events'].map((name) => `latchkey_${name}`)

/** What differs between the databases. */
type Dialect = {
  /** A table `n (i)` of the numbers. */
  readonly numbers: (from: number, to: number) => string
  /** 22 characters or more that no other row has. */
  readonly random: string
  readonly address: string
  readonly id: string
  readonly true: string
}

const inSqlite: Dialect = {
  numbers: (from, to) => `WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${to})`,
  random: 'lower(hex(randomblob(16)))',
  address: `printf('known%06d@example.org', i)`,
  id: 'CAST(i + 1 AS TEXT)',
  true: '1',
}
const inPostgres: Dialect = {
  numbers: (from, to) => `WITH n (i) AS (SELECT generate_series(${from}, ${to - 1}))`,
  random: 'md5(random()::text || i)',
  address: `'known' || lpad(i::text, 6, '0') || '@example.org'`,
  id: '(i + 1)::text',
  true: 'true',
}

function statements(sql: Dialect, { from, to, passwordHash }: Span, firstEvent: string): string[] {
  const { random, address, id } = sql
  const old = Date.now() - 400 * day
  const into = (table: string, columns: string, values: string, times = '') =>
    `INSERT INTO ${table} (${columns}) ${sql.numbers(from, to)} SELECT ${values} FROM n ${times}`
  const twice = (one: string, other: string) =>
    `CROSS JOIN (SELECT '${one}' AS what UNION ALL SELECT '${other}') AS kinds`
  const named = events.map((name, at) => `SELECT '${name}' AS name, ${at} AS place`).join(' UNION ALL ')
  return [
    into('users', 'email, password_hash, email_verified', `${address}, '${passwordHash}', ${sql.true}`),
    into(
      'latchkey_challenges',
      'id, flow, address_key, browser, key_id, asked_at, expires_at, state, tries_left, account_id, mails, nonce, mailed_at',
      `${random}, 'spa', ${random}, NULL, 'key', ${old}, ${old} + i, 'closed', 0, ${id}, ${random}, NULL, ${old}`,
    ),
    into(
      'latchkey_letters',
      'id, kind, flow, account_id, sealed_address, key_id, locale, created_at, expires_at, state, due_at',
      `${random}, what, 'spa', ${id}, '', 'key', 'en', ${old} + i, ${old} + i, 'sent', ${old}`,
      twice('proof', 'changed'),
    ),
    into(
      'latchkey_limits',
      'key, times, quiet_until, over_at',
      `${random} || what, '[[${old},1]]', 0, ${old} + i`,
      twice('a', 'b'),
    ),
    into(
      'latchkey_sessions',
      'id, account_id, created_at, expires_at, network, agent',
      `${random}, ${id}, ${old}, ${old} + i, '198.51.100.1', '${agent}'`,
    ),
    into('latchkey_history', 'account_id, password_hash, replaced_at', `${id}, '${passwordHash}', ${old}`),
    into(
      'latchkey_events',
      'seq, at, name, flow, account_id, address_key, challenge_id, network, agent, request_id',
      `${firstEvent} + (i - ${from}) * ${events.length} + place, ${old} + i, name, 'spa', ${id}, ${random}, ${random},
        '198.51.100.1', '${agent}', ${random}`,
      `CROSS JOIN (${named}) AS acts`,
    ),
  ]
}

const newest = '(SELECT coalesce(max(seq), 0) + 1 FROM latchkey_events)'
const counts = tables.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`).join(', ')

/** A file, as one process of ours writes it. */
export async function inFile(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-old-'))
  const file = join(folder, 'app.db')
  const database = sqlite(file)
  await database.migrate(own, true)
  const within = <T>(work: (db: DatabaseSync) => T): T => {
    const db = new DatabaseSync(file, { timeout: 60_000 })
    try {
      return work(db)
    } finally {
      db.close()
    }
  }
  return {
    name: 'SQLite',
    database,
    grow: async (span) =>
      within((db) => {
        for (let from = span.from; from < span.to; from += batch) {
          const part = { ...span, from, to: Math.min(from + batch, span.to) }
          const first = String(db.prepare(`SELECT ${newest} AS first`).get()!.first)
          db.exec(`BEGIN; ${statements(inSqlite, part, first).join(';\n')}; COMMIT`)
        }
        db.exec('PRAGMA wal_checkpoint(TRUNCATE); ANALYZE')
      }),
    warm: async () => readAll(folder),
    bytes: async () =>
      within((db) => {
        const value = (name: string): number => Number(Object.values(db.prepare(`PRAGMA ${name}`).get()!)[0])
        return statSync(file).size - value('freelist_count') * value('page_size')
      }),
    tidy: async () => within((db) => db.exec('PRAGMA wal_checkpoint(TRUNCATE)')),
    rows: async () => within((db) => ({ ...db.prepare(`SELECT ${counts}`).get() }) as Record<string, number>),
    // One writes at a time: how long it holds the database is how long the others wait.
    async longest(work) {
      await work()
      return null
    },
    end: async () => rmSync(folder, { recursive: true }),
  }
}

/** PostgreSQL on the same disk, as durable as it comes. */
export async function inCluster(): Promise<Ground> {
  const cluster = await startCluster()
  const url = await cluster.database()
  const database = postgres(url)
  await database.migrate(own, true)
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  return {
    name: 'PostgreSQL',
    database,
    async grow(span) {
      for (let from = span.from; from < span.to; from += batch) {
        const part = { ...span, from, to: Math.min(from + batch, span.to) }
        const first = String((await db.query(`SELECT ${newest} AS first`)).rows[0].first)
        const last = 'UPDATE latchkey_last_event SET seq = (SELECT max(seq) FROM latchkey_events)'
        await db.query(`BEGIN; ${statements(inPostgres, part, first).join(';\n')}; ${last}; COMMIT`)
      }
      await db.query('VACUUM ANALYZE')
      await db.query('CHECKPOINT')
    },
    warm: async () => readAll((await db.query('SHOW data_directory')).rows[0].data_directory),
    bytes: async () => Number((await db.query('SELECT pg_database_size(current_database()) AS bytes')).rows[0].bytes),
    tidy: async () => void (await db.query('VACUUM FULL')),
    rows: async () =>
      Object.fromEntries(
        Object.entries((await db.query(`SELECT ${counts}`)).rows[0]).map(([name, count]) => [name, Number(count)]),
      ),
    async longest(work) {
      // A transaction has a number from the first row on that it holds.
      const since = new Map<string, number>()
      let [over, longest] = [false, 0]
      const looking = (async () => {
        while (!over) {
          const { rows } = await db.query(`SELECT backend_xid::text AS number FROM pg_stat_activity
            WHERE backend_xid IS NOT NULL AND query LIKE '%DELETE FROM latchkey_%' AND pid <> pg_backend_pid()
              AND datname = current_database()`)
          const now = performance.now()
          for (const { number } of rows) {
            if (!since.has(number)) since.set(number, now)
            longest = Math.max(longest, now - since.get(number)!)
          }
          await new Promise((resolve) => setTimeout(resolve, 2))
        }
      })()
      await work()
      over = true
      await looking
      return longest
    },
    async end() {
      await db.end()
      await cluster.stop()
    },
  }
}
