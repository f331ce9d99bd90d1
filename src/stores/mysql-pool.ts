/** Connections, and transactions over them. What a session must be like is said on each new one, whatever the server's own settings are. */
import type { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import mysql, { type Pool, type PoolOptions as PoolConfig, type PoolConnection } from 'mysql2/promise'
import { Fault } from '../engine/outcome.ts'
import type { PoolUse } from '../engine/ports.ts'
import { faultOf, isBroken, isLost, isOfReplica, isUndone, type Place, uncertain } from './mysql-faults.ts'
import { written } from './mysql-values.ts'
import type { Answer, Statement, Transaction } from './transaction.ts'

/** How connections are made and when one is given up. */
export type PoolOptions = {
  readonly url: string
  readonly connections: number
  /** Milliseconds for one statement, for a lock, and for a connection. */
  readonly timeout: number
}

/** Which of the two it is. */
export type Flavour = 'mariadb' | 'mysql'

/** A pool. Everything that it throws is a Fault. */
export type Mysql = {
  readonly place: Place
  /** Reads; tried once more on a new connection where the old one had broken. */
  read(...statements: Statement[]): Promise<Answer[]>
  /** One statement that writes, a transaction of its own. */
  write(statement: Statement): Promise<Answer>
  /**
   * Runs `work` in a transaction, undone where it ends without a commit. Run again, a bounded number of times, where the
   * server undid it for the sake of another, or the connection broke before the commit was sent.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
  /** Runs `work` on one connection, without a transaction: for what the server commits by itself. */
  session<T>(work: (run: Transaction['all']) => Promise<T>): Promise<T>
  /** How full it is now. */
  use(): PoolUse
  close(): Promise<void>
}

/** Runs of one transaction, at most. */
const mostRuns = 6

/** `mysql://user:password@host:3306/name` without what is secret. */
export function placeOf(url: string): Place {
  const { hostname, port, pathname, searchParams } = new URL(url)
  const host = searchParams.get('socket') ?? (hostname || 'localhost')
  return `The database "${pathname.slice(1)}" at ${host}${port ? `:${port}` : ''}`
}

/** Milliseconds until connections that do not say farewell are left alone. */
const longestFarewell = 5_000
/** A migration may take long; to be let in may not. Milliseconds. */
const longestConnect = 10_000

/** What a connection is made with. */
export function connectionConfig({ url, timeout }: PoolOptions): PoolConfig {
  const { hostname, port, pathname, username, password, searchParams } = new URL(url)
  const mode = searchParams.get('ssl-mode') ?? 'DISABLED'
  const authority = searchParams.get('ssl-ca')
  const verifies = mode.startsWith('VERIFY')
  const ssl = {
    rejectUnauthorized: verifies,
    verifyIdentity: mode === 'VERIFY_IDENTITY',
    ...(authority === null ? {} : { ca: readFileSync(authority, 'utf8') }),
  }
  const socket = searchParams.get('socket')
  return {
    host: hostname || 'localhost',
    port: port === '' ? 3306 : Number(port),
    ...(socket === null ? {} : { socketPath: socket }),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ...(mode === 'DISABLED' ? {} : { ssl }),
    connectTimeout: Math.min(timeout, longestConnect),
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    charset: 'utf8mb4',
    // An UPDATE answers how many rows it found, not how many it left otherwise than they were.
    flags: ['FOUND_ROWS'],
    multipleStatements: false,
    dateStrings: true,
    // Milliseconds and numbers are kept as BIGINT, and fit into a number; what does not comes as a text.
    supportBigNumbers: true,
  }
}

/** The oldest that know all of what is used: SKIP LOCKED, CTEs, collations that pad nothing. */
const oldest = { mariadb: [10, 6, 0], mysql: [8, 0, 17] } as const

/** Which it is. @throws Fault `configuration` where it is too old. */
export function flavourOf(version: string): Flavour {
  const flavour: Flavour = /mariadb/i.test(version) ? 'mariadb' : 'mysql'
  // A proxy or a managed server may stand "5.5.5-" before MariaDB's own number.
  const given = version
    .replace(/^5\.5\.5-/, '')
    .split('.')
    .map(Number.parseFloat)
  const differs = oldest[flavour].findIndex((least, at) => (given[at] ?? 0) !== least)
  if (differs < 0 || (given[differs] ?? 0) > oldest[flavour][differs]!) return flavour
  throw new Fault('configuration', `The server is ${version}; expected MariaDB 10.6 or MySQL 8.0.17 at least.`)
}

/** What a session must be like, whatever the server's own settings are: what is judged here hangs on it. */
const setUp = (flavour: Flavour, timeout: number, more: readonly string[]): string[] => [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  `SET SESSION sql_mode = '${['STRICT_ALL_TABLES', 'NO_ENGINE_SUBSTITUTION', ...more].join(',')}', autocommit = 1,
    time_zone = '+00:00', innodb_lock_wait_timeout = ${Math.ceil(timeout / 1000)},
    ${flavour === 'mariadb' ? `max_statement_time = ${timeout / 1000}` : `max_execution_time = ${timeout}`}`,
]

/** Makes a new connection what it must be. `modes`: further ones of SQL. */
export async function prepare(client: mysql.Connection, timeout: number, modes: readonly string[] = []): Promise<void> {
  const [{ rows }] = (await send(client, [{ text: 'SELECT VERSION() AS version' }], timeout)) as [Answer]
  const flavour = flavourOf(String(rows[0]!.version))
  await send(
    client,
    setUp(flavour, timeout, modes).map((text) => ({ text })),
    timeout,
  )
}

/** Opens a pool; no connection is made before one is needed. */
export function pooled(options: PoolOptions): Mysql {
  const place = placeOf(options.url)
  const { timeout } = options
  const pool: Pool = mysql.createPool({ ...connectionConfig(options), connectionLimit: options.connections })
  const ready = new WeakSet<object>()
  let [used, waiting, made] = [0, 0, 0]
  let closing: Promise<void> | null = null

  async function connect(): Promise<PoolConnection> {
    if (closing) throw new Fault('database', 'The store is closed.')
    waiting++
    const client = await inTime(pool.getConnection(), timeout).finally(() => waiting--)
    const { connection } = client as unknown as { connection: EventEmitter }
    if (ready.has(connection)) return client
    try {
      await prepare(client, timeout)
    } catch (error) {
      client.destroy()
      throw error
    }
    made++
    connection.once('end', () => made--)
    ready.add(connection)
    return client
  }

  async function onOne<T>(work: (client: PoolConnection) => Promise<T>): Promise<T> {
    const client = await connect()
    used++
    try {
      const done = await work(client)
      client.release()
      return done
    } catch (error) {
      if (isLost(error) || isOfReplica(error)) client.destroy()
      else client.release()
      throw error
    } finally {
      used--
    }
  }

  const once =
    <T>(work: (client: PoolConnection) => Promise<T>) =>
    () =>
      onOne(work)

  async function read(...statements: Statement[]): Promise<Answer[]> {
    const run = once((client) => send(client, statements, timeout))
    try {
      return await run().catch((error) => (isBroken(error) && !closing ? run() : Promise.reject(error)))
    } catch (error) {
      throw faultOf(place, error)
    }
  }

  async function attempt<T>(work: (transaction: Transaction) => Promise<T>, told: { committing: boolean }): Promise<T> {
    return onOne(async (client) => {
      let isOpen = false
      const within = async (statements: readonly Statement[]): Promise<Answer[]> => {
        if (!isOpen) await send(client, [{ text: 'START TRANSACTION' }], timeout)
        isOpen = true
        return send(client, statements, timeout)
      }
      try {
        return await work({
          all: (...statements) => within(statements),
          async commit(...statements) {
            const answers = await within(statements)
            told.committing = true
            await send(client, [{ text: 'COMMIT' }], timeout)
            isOpen = false
            return answers
          },
        })
      } finally {
        // An error undoes its own statement alone. Where the connection is gone there is nothing left to undo.
        if (isOpen) await send(client, [{ text: 'ROLLBACK' }], timeout).catch(() => client.destroy())
      }
    })
  }

  async function transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let run = 1; ; run++) {
      const told = { committing: false }
      try {
        return await attempt(work, told)
      } catch (error) {
        const isSafe = isUndone(error) || (isBroken(error) && !told.committing && run === 1)
        if (isSafe && run < mostRuns && !closing) continue
        throw told.committing && isLost(error) ? uncertain(place, error) : faultOf(place, error)
      }
    }
  }

  return {
    place,
    read,
    transaction,
    write: (statement) => transaction(async ({ commit }) => (await commit(statement))[0]!),
    async session(work) {
      try {
        return await onOne((client) => work((...statements) => send(client, statements, timeout)))
      } catch (error) {
        throw faultOf(place, error)
      }
    },
    use: () => ({ used, idle: Math.max(0, made - used), waiting }),
    close() {
      closing ??= farewell(pool)
      return closing
    },
  }
}

/** The driver waits for the farewell of each connection, also of one whose server is gone. */
function farewell(pool: Pool): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, longestFarewell)
    pool
      .end()
      .finally(() => clearTimeout(timer))
      .then(resolve, reject)
  })
}

/** The driver waits for a free connection as long as it takes. */
function inTime(coming: Promise<PoolConnection>, timeout: number): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      reject(new Error('timeout: no connection was free in time'))
    }, timeout)
    coming.finally(() => clearTimeout(timer)).then((client) => (isLate ? client.release() : resolve(client)), reject)
  })
}

/** Sends one after the other; the first error ends it. */
export async function send(
  client: mysql.Connection,
  statements: readonly Statement[],
  timeout: number,
): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const statement of statements) {
    // The server's own time-out goes first, and says more.
    const [result] = await client.query({ sql: written(statement), timeout: timeout + 1000 })
    if (Array.isArray(result)) answers.push({ rows: result as Answer['rows'], count: result.length })
    else answers.push({ rows: [], count: result.affectedRows })
  }
  return answers
}
