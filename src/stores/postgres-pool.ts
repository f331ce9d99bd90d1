/**
 * Connections, and transactions over them. Statements of a transaction that need no answer of one another are sent in one
 * go, so that a whole operation is two ways to the server and back. Nothing is left behind in a session, so that PgBouncer
 * may hand each transaction to another one: no session lock, no SET, no statement with a name.
 */
import type { Writable } from 'node:stream'
import pg, { type Client, type Pool, type PoolClient, type PoolConfig } from 'pg'
import { Fault } from '../engine/outcome.ts'
import type { PoolUse } from '../engine/ports.ts'
import { faultOf, isBroken, isLost, isOfStandby, isUndone, type Place, uncertain } from './postgres-faults.ts'
import type { Answer, Statement, Transaction } from './transaction.ts'

export type { Answer, Statement, Transaction } from './transaction.ts'

/** How connections are made and when one is given up. */
export type PoolOptions = {
  readonly url: string
  readonly connections: number
  /** Milliseconds for one statement, for a connection, and for a transaction in which nothing happens. */
  readonly timeout: number
}

/** `command`: what was done, as the server names it. */
type Result = { readonly rows: Answer['rows']; readonly rowCount: number | null; readonly command: string }

/** A pool. Everything that it throws is a Fault. */
export type Postgres = {
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
  /** How full it is now. */
  use(): PoolUse
  close(): Promise<void>
}

/** Runs of one transaction, at most. */
const mostRuns = 6

/** `postgres://user:password@host:5432/name` without what is secret. */
export function placeOf(url: string): Place {
  const { hostname, port, pathname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? (hostname || 'localhost')
  return `The database${pathname.length > 1 ? ` "${pathname.slice(1)}"` : ''} at ${host}${port ? `:${port}` : ''}`
}

/** What a connection is made with, in the pool and beside it. */
export const connectionConfig = ({ url, timeout }: PoolOptions): PoolConfig => ({
  connectionString: url,
  connectionTimeoutMillis: timeout,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  application_name: 'latchkey',
  // Milliseconds and numbers are kept as BIGINT, and fit into a number.
  types: { getTypeParser: (id, format) => (id === bigint ? Number : pg.types.getTypeParser(id as never, format)) },
})
const bigint = 20

/** Opens a pool; no connection is made before one is needed. */
export function pooled(options: PoolOptions): Postgres {
  const place = placeOf(options.url)
  const { timeout } = options
  const pool: Pool = new pg.Pool({
    ...connectionConfig(options),
    max: options.connections,
    allowExitOnIdle: true,
    pipeline: true,
    // The server's own timeout goes first, and says more.
    query_timeout: timeout + 1000,
  } as PoolConfig)
  // A connection that breaks while nobody uses it is thrown away by the pool; while somebody does, its query fails.
  pool.on('error', () => {})
  pool.on('connect', (client) => void client.on('error', () => {}))
  let closing: Promise<void> | null = null

  /** Also where the database or a role says otherwise: what is judged here hangs on this isolation. */
  const begin: Statement = {
    text: `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = ${timeout};
      SET LOCAL idle_in_transaction_session_timeout = ${timeout}`,
  }

  async function connect(): Promise<PoolClient> {
    if (closing) throw new Fault('database', 'The store is closed.')
    return pool.connect()
  }

  async function onOne<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await connect()
    try {
      const done = await work(client)
      client.release()
      return done
    } catch (error) {
      client.release(isLost(error) || isOfStandby(error))
      throw error
    }
  }

  async function read(...statements: Statement[]): Promise<Answer[]> {
    const once = () => onOne((client) => send(client, statements))
    try {
      return await once().catch((error) => (isBroken(error) && !closing ? once() : Promise.reject(error)))
    } catch (error) {
      throw faultOf(place, error)
    }
  }

  async function attempt<T>(work: (transaction: Transaction) => Promise<T>, told: { committing: boolean }): Promise<T> {
    return onOne(async (client) => {
      let state = 'new' as 'new' | 'open' | 'over'
      const first = (): Statement[] => {
        const isNew = state === 'new'
        state = 'open'
        return isNew ? [begin] : []
      }
      try {
        return await work({
          async all(...statements) {
            const opening = first()
            return (await send(client, [...opening, ...statements])).slice(opening.length)
          },
          async commit(...statements) {
            const opening = first()
            state = 'over'
            told.committing = true
            const answers = await send(client, [...opening, ...statements, { text: 'COMMIT' }])
            // After an error that was passed over the server undoes everything, and says so without an error.
            if (answers.at(-1)!.command !== 'COMMIT')
              throw new TypeError('A transaction that had failed was committed.')
            return answers.slice(opening.length, -1)
          },
        })
      } finally {
        // After an error of the server too. Where the connection is gone there is nothing left to undo.
        if (state === 'open') await client.query('ROLLBACK').catch(() => {})
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

  // With its BEGIN and COMMIT it is as quick, and neither its isolation nor its time-out hangs on the server's settings.
  const write = (statement: Statement): Promise<Answer> =>
    transaction(async ({ commit }) => (await commit(statement))[0]!)

  return {
    place,
    read,
    write,
    transaction,
    use: () => ({ used: pool.totalCount - pool.idleCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close() {
      closing ??= pool.end()
      return closing
    },
  }
}

/** Sends all at once and waits for all, so that nothing is on the way on a connection that is given back. */
async function send(
  client: Client | PoolClient,
  statements: readonly Statement[],
): Promise<(Answer & Pick<Result, 'command'>)[]> {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Writable } }).connection
  // Else each of them is written by itself, and wakes the server for itself.
  stream.cork()
  const sent = statements.map(({ text, values }) =>
    values ? client.query(text, values.map(sendable)) : client.query(text),
  )
  stream.uncork()
  const ended = await Promise.allSettled(sent)
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed) throw failed.reason
  return ended.map((one) => {
    const { rows, rowCount, command } = (one as PromiseFulfilledResult<Result>).value
    return { rows, count: rowCount ?? 0, command }
  })
}

/** PostgreSQL's texts hold no NUL. What comes with one is nothing that we have made, and finds nothing. */
function sendable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sendable)
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value
}
