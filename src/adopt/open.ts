/** Which kind of database an address names, and what is said of those that cannot be adopted. */
import { Fault } from '../engine/outcome.ts'
import { isMysql, sqlitePath } from '../server/read-store.ts'
import { refuseMysqlAddress } from '../stores/mysql.ts'
import { refuseAddress } from '../stores/postgres.ts'
import type { Source } from './source.ts'

/**
 * Opens the database to be looked at. The driver is loaded when it is needed.
 * @throws Fault `configuration` where the address is none, or names a system that is not there yet.
 */
export async function openSource(url: string): Promise<Source> {
  if (/^postgres(?:ql)?:/i.test(url)) {
    const reason = refuseAddress(url)
    if (reason) throw new Fault('configuration', `DATABASE_URL: ${reason}`)
    return (await import('./postgres.ts')).postgresSource(url)
  }
  if (isMysql(url)) {
    const address = url.replace(/^mysql2:/i, 'mysql:')
    const reason = refuseMysqlAddress(address)
    if (reason) throw new Fault('configuration', `DATABASE_URL: ${reason}`)
    return (await import('./mysql.ts')).mysqlSource(address)
  }
  const path = sqlitePath(url)
  if (path !== null) return (await import('./sqlite.ts')).sqliteSource(path)
  const other = /^(mssql|sqlserver|oracle|mongodb)\b/i.exec(url)?.[1]
  throw new Fault(
    'configuration',
    other
      ? `DATABASE_URL: ${other} is not there yet; accounts in SQLite, PostgreSQL and MySQL can be adopted.`
      : 'DATABASE_URL: expected sqlite:PATH, postgres://user:password@host:5432/database or mysql://….',
  )
}
