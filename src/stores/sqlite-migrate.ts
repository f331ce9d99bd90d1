/** Looks at what a file holds, and brings it forward. */
import type { DatabaseSync } from 'node:sqlite'
import { isElsewhere, isOwn } from '../accounts/own.ts'
import { Fault } from '../engine/outcome.ts'
import type { AccountsTable, Migration } from '../engine/ports.ts'
import { sessionsOf } from './mapping.ts'
import { type Found, missing } from './schema.ts'
import { type File, guarded, openToRead, openToWrite } from './sqlite-file.ts'
import { refuseUnknown } from './sqlite-users.ts'

/** What an open database holds; what an absent one holds. */
export function look(db: DatabaseSync | null, mapping: AccountsTable): Found {
  const { table, credentials } = mapping
  const sessions = sessionsOf(mapping)
  if (!db) return { done: new Set(), columns: new Map(), credentials: new Map(), sessions: new Map(), views: [] }
  const began = db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get('latchkey_migrations')
  const done = began ? db.prepare('SELECT name FROM latchkey_migrations').all() : []
  const named = [table, ...[credentials, sessions].flatMap((one) => (one ? [one.table] : []))]
  const view = db.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'view' AND lower(name) = lower(?)`)
  return {
    done: new Set(done.map((row) => String(row.name))),
    columns: columnsIn(db, table),
    credentials: credentials ? columnsIn(db, credentials.table) : new Map(),
    sessions: sessions ? columnsIn(db, sessions.table) : new Map(),
    views: named.filter((name) => view.get(name)),
  }
}

function columnsIn(db: DatabaseSync, table: string): Map<string, string> {
  // With generated columns, which a table of users may well have for its folded address.
  const columns = db.prepare('SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1').all(table)
  return new Map(columns.map((row) => [String(row.name).toLowerCase(), String(row.type)]))
}

/** The steps that the file lacks; makes no file where there is none. */
export function pendingIn(file: File, table: AccountsTable, columns: boolean): Migration[] {
  const db = openToRead(file)
  try {
    return guarded(file, () => stepsFor(db, table, columns))
  } finally {
    db?.close()
  }
}

/** Applies what is missing, each step in a transaction of its own; answers what this process applied. */
export function migrateIn(file: File, table: AccountsTable, columns: boolean): Migration[] {
  const applied: Migration[] = []
  // A start with nothing to do waits for nobody; one with something to do waits while another does it to a large table.
  if (pendingIn(file, table, columns).length === 0) return applied
  const db = openToWrite({ ...file, busyTimeout: Math.max(file.busyTimeout, patience) })
  try {
    guarded(file, () => {
      for (let step = applyNext(db, table, columns); step; step = applyNext(db, table, columns)) applied.push(step)
    })
    return applied
  } finally {
    db.close()
  }
}

/** How long one process waits for another's migration, in milliseconds. */
const patience = 60_000

/** Looks again under the lock, so that of any number of processes one applies a step. */
function applyNext(db: DatabaseSync, table: AccountsTable, columns: boolean): Migration | null {
  db.exec('BEGIN IMMEDIATE')
  try {
    const step = stepsFor(db, table, columns)[0]
    if (step) {
      db.exec(step.sql)
      db.prepare(`INSERT OR REPLACE INTO latchkey_migrations VALUES (?, unixepoch() * 1000)`).run(step.name)
    }
    db.exec('COMMIT')
    return step ?? null
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function stepsFor(db: DatabaseSync | null, table: AccountsTable, columns: boolean): Migration[] {
  const found = look(db, table)
  const steps = missing(table, columns, found)
  // Its table is one of the steps.
  if (isElsewhere(table)) return steps
  if (!isOwn(table)) refuseUnknown(table, found)
  else if (found.columns.size > 0 && steps.some((step) => step.name === '2-users')) {
    throw new Fault(
      'configuration',
      'The database has a table "users" that Latchkey did not make: say with "accounts" which column is which.',
    )
  }
  return steps
}
