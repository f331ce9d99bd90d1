/** Opens the file: to write (the thread, migrations) or to read, and says in plain words what is wrong with it. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../engine/outcome.ts'

/** The file, and how long one waits for another process that writes, in milliseconds. */
export type File = { readonly path: string; readonly busyTimeout: number }

/** Opens the file to write; makes it, for its owner alone, where there is none. */
export function openToWrite(file: File): DatabaseSync {
  return guarded(file, () => {
    create(file.path)
    const db = new DatabaseSync(file.path, { timeout: file.busyTimeout, enableForeignKeyConstraints: true })
    intoWal(db, file.busyTimeout)
    // FULL: what is answered is on the disk.
    db.exec(`PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY`)
    checkpointEvery(db, usualPages)
    return db
  })
}

/** After so many pages the log is moved into the file: rarely, for asks write the same pages anew anyway. */
export const usualPages = 4000

/** Who writes then waits until all of them are written. */
export const checkpointEvery = (db: DatabaseSync, pages: number): void =>
  db.exec(`PRAGMA wal_autocheckpoint = ${pages}`)

/** Opens the file to read; null where there is none. */
export function openToRead(file: File): DatabaseSync | null {
  if (!existsSync(file.path)) return null
  return guarded(file, () => new DatabaseSync(file.path, { timeout: file.busyTimeout, readOnly: true }))
}

/** Runs what touches the database, and turns what it throws into a fault. */
export function guarded<T>(file: File, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw faultOf(file, error)
  }
}

/** What went wrong, and what to do about it. */
export function faultOf(file: File, error: unknown): Fault {
  if (error instanceof Fault) return error
  const { message, errcode, code } = error as Error & { errcode?: number; code?: string }
  const told = (text: string, name: 'database' | 'database-busy' = 'database') =>
    new Fault(name, text, { cause: error })
  switch ((errcode ?? 0) & 255) {
    case sqliteBusy:
    case sqliteLocked:
      return told(
        `Another process held ${file.path} for more than ${file.busyTimeout} ms. Try again; if it stays so, look for ` +
          'a long transaction, such as that of an open sqlite3 shell.',
        'database-busy',
      )
    case sqliteReadOnly:
    case sqliteCannotOpen:
      return told(`${file.path} cannot be opened or written (${message}). Check its owner and those of its folder.`)
    case sqliteFull:
      return told(`There is no room on the disk for ${file.path}. Nothing of this operation was written.`)
    default:
      return told(`${file.path}: ${message ?? String(error)}${code ? ` (${code} ${errcode ?? ''})` : ''}`)
  }
}

/** Whether it is of use to try each operation of a batch alone: not when the file or its disk is at fault. */
export const isOfOneOperation = (error: unknown): boolean => {
  const errcode = (error as { errcode?: number }).errcode
  return errcode === undefined || [sqliteError, sqliteTooBig, sqliteConstraint, sqliteMismatch].includes(errcode & 255)
}

// Result codes of https://www.sqlite.org/rescode.html; the lowest eight bits are the primary code.
const sqliteError = 1
const sqliteBusy = 5
const sqliteLocked = 6
const sqliteReadOnly = 8
const sqliteFull = 13
const sqliteCannotOpen = 14
const sqliteTooBig = 18
const sqliteConstraint = 19
const sqliteMismatch = 20

function create(path: string): void {
  if (existsSync(path)) return
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // SQLite gives its two files beside it the same mode.
  closeSync(openSync(path, 'a', 0o600))
}

/** Several processes may switch a new file at once, and SQLite does not wait for its turn here as it does elsewhere. */
function intoWal(db: DatabaseSync, patience: number): void {
  for (let waited = 0; ; waited += pause) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      const errcode = (error as { errcode?: number }).errcode ?? 0
      if ((errcode & 255) !== sqliteBusy || waited >= patience) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause)
    }
  }
}
const pause = 20
