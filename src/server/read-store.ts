/** DATABASE_URL: which database, without touching it. */
import type { Database } from '../engine/ports.ts'
import { mysql, refuseMysqlAddress } from '../stores/mysql.ts'
import { postgres, refuseAddress } from '../stores/postgres.ts'
import { sqlite } from '../stores/sqlite.ts'
import { finding } from './findings.ts'
import type { Reading } from './variables.ts'

/** Where the database stands when nothing is said. */
const usual = 'sqlite:data/latchkey.db'

/** The database that DATABASE_URL, the file or the default names; it is opened later. */
export function readStore(read: Reading, file: Database | string | undefined): Database | undefined {
  const asked = read.text('DATABASE_URL') ?? file ?? usual
  if (typeof asked !== 'string') return asked
  const direct = read.text('DATABASE_URL_DIRECT')
  if (isPostgres(asked)) return readPostgres(read, asked, direct)
  if (direct !== undefined) read.findings.push(finding('L053'))
  if (isMysql(asked)) return readMysql(read, asked)
  const path = sqlitePath(asked)
  if (path === null) read.findings.push(finding('L050'))
  return path === null ? undefined : sqlite(path)
}

const isPostgres = (url: string): boolean => /^postgres(?:ql)?:/i.test(url)

/** `mysql2://` is how Rails writes it. */
export const isMysql = (url: string): boolean => /^(?:mysql2?|mariadb):/i.test(url)

function readMysql(read: Reading, url: string): Database | undefined {
  const address = url.replace(/^mysql2:/i, 'mysql:')
  const reason = refuseMysqlAddress(address)
  if (reason) read.findings.push(finding('L054', { name: 'DATABASE_URL', reason }))
  return reason ? undefined : mysql(address)
}

function readPostgres(read: Reading, url: string, direct: string | undefined): Database | undefined {
  const reason = refuseAddress(url)
  if (reason) read.findings.push(finding('L051', { name: 'DATABASE_URL', reason }))
  const other = direct === undefined ? null : refuseAddress(direct)
  if (other) read.findings.push(finding('L051', { name: 'DATABASE_URL_DIRECT', reason: other }))
  return reason || other ? undefined : postgres(url, direct === undefined ? {} : { direct })
}

/**
 * The path of `sqlite:PATH`; null for anything else. With two slashes it is read as Django's dj-database-url does:
 * `sqlite:///app.db` is beside the working directory, `sqlite:////var/app.db` is absolute.
 */
export function sqlitePath(url: string): string | null {
  const [, slashes, path] = /^sqlite3?:(\/\/\/?)?(.+)$/is.exec(url) ?? []
  if (path === undefined || path.startsWith(':') || /[\u0000-\u001f]/.test(path)) return null
  // `sqlite://host/…` names a machine, which SQLite has not.
  return slashes === '//' ? null : path
}
