/**
 * PostgreSQL, for any number of processes on any number of machines. All that is called while one transaction is on its
 * way shares the next. What it asks of the server, of PgBouncer and of roles: docs/postgres.md.
 */
import { Fault } from '../engine/outcome.ts'
import type { Database } from '../engine/ports.ts'
import type { Settings } from './postgres-store.ts'

/** What can be set. */
export type PostgresOptions = {
  /** Connections of this process, at most. Default: 10. */
  readonly connections?: number
  /**
   * How long a statement, a connection, or a transaction in which nothing happens may take, in milliseconds. Default: 5000.
   */
  readonly timeout?: number
  /**
   * The database's address past PgBouncer: one connection listens there, so that letters that another process queues leave
   * at once. Default: none; then they are looked for every second.
   */
  readonly direct?: string
}

/**
 * A database at `postgres://user:password@host:5432/name`; further settings of the driver may follow, such as
 * `?sslmode=verify-full`. The driver is loaded when it is used first.
 * @throws Fault `configuration` when the address is none, the schema is not up to date, or the mapping names what is not
 * there; `database-busy` from any operation where it may be tried again, `database` where somebody must mend something.
 * @example latchkey({ store: postgres('postgres://latchkey@db.internal/app'), … })
 */
export function postgres(url: string, options: PostgresOptions = {}): Database {
  const { connections = 10, timeout = 5000, direct } = options
  for (const [name, address] of [
    ['postgres', url],
    ['direct', direct],
  ] as const) {
    const reason = address === undefined ? null : refuseAddress(address)
    if (reason) throw new Fault('configuration', `${name}: ${reason}`)
  }
  refuseNumber('connections', connections, 2, 1000)
  refuseNumber('timeout', timeout, 100, 600_000)
  const settings: Settings = { url, connections, timeout, direct: direct ?? null }
  const store = () => import('./postgres-store.ts')
  return {
    pending: async (...args) => (await store()).pending(settings, ...args),
    migrate: async (...args) => (await store()).migrate(settings, ...args),
    open: async (...args) => (await store()).open(settings, ...args),
  }
}

/** Why an address is of no use; null where it is. Never quotes it, for it may hold a password. */
export function refuseAddress(url: string): string | null {
  if (!/^postgres(?:ql)?:\/\//i.test(url)) return 'expected postgres://user:password@host:5432/database.'
  if (!URL.canParse(url))
    return 'it cannot be read: characters such as @ : / # in a password are written %40 %3A %2F %23.'
  const { username, password, pathname } = new URL(url)
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part)
  } catch {
    return 'a % in user, password or database is written %25.'
  }
  return null
}

function refuseNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new Fault(
    'configuration',
    `postgres(…, { ${name} }): expected a number from ${least} to ${most}, got ${value}.`,
  )
}
