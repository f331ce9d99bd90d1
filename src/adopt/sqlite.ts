/** A file of SQLite, opened so that nothing can be written; `tryOut` opens it anew, and undoes what it does. */

import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { spellings } from '../accounts/tidy.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, AccountsTable } from '../engine/ports.ts'
import { quote } from '../stores/schema.ts'
import { matchOf } from '../stores/sqlite-emails.ts'
import { type File, guarded } from '../stores/sqlite-file.ts'
import { look } from '../stores/sqlite-migrate.ts'
import { accountOf, refuseUnknown, usersOf } from '../stores/sqlite-users.ts'
import type { Source, Table } from './source.ts'

/** Opens a file that is there. */
export function sqliteSource(path: string): Source {
  const file: File = { path, busyTimeout: 5000 }
  if (!existsSync(path)) throw new Fault('configuration', `${path} is not there.`)
  const db = guarded(file, () => new DatabaseSync(path, { readOnly: true, timeout: file.busyTimeout }))
  // What is sorted goes to the disk, not into memory.
  guarded(file, () => db.exec('PRAGMA temp_store = FILE; PRAGMA cache_size = -2000'))
  const reading = async <T>(work: () => T): Promise<T> => guarded(file, work)
  // A view can be looked at, though not written.
  const usersIn = (mapping: AccountsTable) => usersOf(mapping, false, { ...look(db, mapping), views: [] }, db)
  return {
    dialect: 'sqlite',
    place: path,
    tables: () => reading(() => tablesIn(db)),
    all: (sql) => reading(() => db.prepare(sql).all()),
    mapped: (mapping) =>
      reading(() => {
        const { select, is, id } = usersIn(mapping)
        const isView = look(db, mapping).views.includes(mapping.table)
        const advice = `CREATE INDEX ${quote(`${mapping.table}_lower_email`)} ON ${quote(mapping.table)} (lower(${quote(mapping.email)}));`
        return {
          index: matchOf(db, mapping, is).index,
          advice: isView ? null : advice,
          rows: `(${select} WHERE ${is})`,
          lastRows: `${select} WHERE ${is} ORDER BY ${id} DESC`,
          barred: [...barredIn(db, mapping), ...unwritable(path)],
        }
      }),
    find: (mapping, address) =>
      reading(() => {
        const { select, is, hasAddress, id } = usersIn(mapping)
        const found = db.prepare(`${select} WHERE ${is} AND ${hasAddress} ORDER BY ${id}`).all(...spellings(address))
        return found.map((row) => accountOf(row)!)
      }),
    tryOut: (mapping, account, hash) => reading(() => tryOut(file, mapping, account, hash)),
    close: async () => db.close(),
  }
}

function barredIn(db: DatabaseSync, mapping: AccountsTable): string[] {
  try {
    refuseUnknown(mapping, look(db, mapping))
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}

function unwritable(path: string): string[] {
  try {
    for (const each of [path, dirname(path)]) accessSync(each, constants.W_OK)
    return []
  } catch {
    return [
      `${path} and its folder cannot be written by this user: start Latchkey as a user who may, or change their owner.`,
    ]
  }
}

function tryOut(file: File, mapping: AccountsTable, account: Account, hash: string) {
  const db = new DatabaseSync(file.path, { timeout: file.busyTimeout })
  try {
    db.exec('BEGIN IMMEDIATE')
    const users = usersOf(mapping, false, look(db, mapping), db)
    const { id, passwordHash, email, verified, active, secondFactor, signOn } = account
    const facts = [verified, active, secondFactor, signOn].map(Number)
    const { changes } = db.prepare(users.setPassword).run(hash, id, passwordHash, email, ...facts)
    const after = accountOf(db.prepare(`${users.select} WHERE ${users.is} AND ${users.id} = ?`).get(id))
    return { set: changes === 1, after }
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK')
    db.close()
  }
}

function tablesIn(db: DatabaseSync): Table[] {
  const columns = db.prepare('SELECT name, type, "notnull" AS filled, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1')
  const names = db.prepare(
    `SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'`,
  )
  return names.all().map(({ name, type }) => {
    const rows = columns.all(String(name))
    const keys = rows.filter(({ pk }) => Number(pk) > 0).length
    return {
      name: String(name),
      isView: type === 'view',
      columns: rows.map((row) => ({
        name: String(row.name),
        type: String(row.type).toLowerCase(),
        isNullable: !row.filled,
        isId: keys === 1 && Number(row.pk) === 1,
      })),
    }
  })
}
