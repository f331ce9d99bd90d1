/**
 * MySQL and MariaDB, for any number of processes on any number of machines. All that is called while one transaction is
 * on its way shares the next. What it asks of the server and of its users: docs/mysql.md.
 */
import { Fault } from '../engine/outcome.ts'
import type { Database } from '../engine/ports.ts'
import type { PoolOptions } from './mysql-pool.ts'

/** What can be set. */
export type MysqlOptions = {
  /** Connections of this process, at most. Default: 10. */
  readonly connections?: number
  /** How long a statement, a lock or a connection may take, in milliseconds. Default: 5000. */
  readonly timeout?: number
}

/**
 * A database at `mysql://user:password@host:3306/name`, or `mariadb://…`. `?ssl-mode=VERIFY_IDENTITY` encrypts the way
 * there, `&ssl-ca=FILE` names whom to believe, `?socket=FILE` a socket. The driver is loaded when it is used first.
 * @throws Fault `configuration` when the address is none, the server is too old, the schema is not up to date, or the
 * mapping names what is not there; `database-busy` from any operation where it may be tried again, `database` where
 * somebody must mend something.
 * @example latchkey({ store: mysql('mysql://latchkey@db.internal/shop'), … })
 */
export function mysql(url: string, options: MysqlOptions = {}): Database {
  const { connections = 10, timeout = 5000 } = options
  const reason = refuseMysqlAddress(url)
  if (reason) throw new Fault('configuration', `mysql: ${reason}`)
  refuseNumber('connections', connections, 2, 1000)
  refuseNumber('timeout', timeout, 1000, 600_000)
  const settings: PoolOptions = { url, connections, timeout }
  const store = () => import('./mysql-store.ts')
  return {
    pending: async (...args) => (await store()).pending(settings, ...args),
    migrate: async (...args) => (await store()).migrate(settings, ...args),
    open: async (...args) => (await store()).open(settings, ...args),
  }
}

/** What may follow in an address. */
const known = ['ssl-mode', 'ssl-ca', 'socket']
const sslModes = ['DISABLED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY']

/** Why an address is of no use; null where it is. Never quotes it, for it may hold a password. */
export function refuseMysqlAddress(url: string): string | null {
  if (!/^(?:mysql|mariadb):\/\//i.test(url)) return 'expected mysql://user:password@host:3306/database.'
  if (!URL.canParse(url))
    return 'it cannot be read: characters such as @ : / # in a password are written %40 %3A %2F %23.'
  const { username, password, pathname, searchParams } = new URL(url)
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part)
  } catch {
    return 'a % in user, password or database is written %25.'
  }
  if (!/^\/[^/]+$/.test(pathname)) return 'it names no database: mysql://user:password@host:3306/database.'
  const other = [...searchParams.keys()].find((name) => !known.includes(name))
  if (other !== undefined) return `"${other}" is not known; what may follow is ${known.join(', ')}.`
  const mode = searchParams.get('ssl-mode')
  if (mode !== null && !sslModes.includes(mode)) return `ssl-mode is one of ${sslModes.join(', ')}.`
  return null
}

function refuseNumber(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new Fault('configuration', `mysql(…, { ${name} }): expected a number from ${least} to ${most}, got ${value}.`)
}
