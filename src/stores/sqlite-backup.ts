/** A copy of the file as it is at one moment, while others read and write it. */
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from '../engine/outcome.ts'
import { type File, guarded, openToRead } from './sqlite-file.ts'

/**
 * Writes the copy to `to`, for its owner alone, whole or not at all. It holds no row that was deleted, for it is written
 * anew; writers go on meanwhile, and their journal grows until it is done.
 * @throws Fault `configuration` when there is nothing to copy, or something stands at `to`.
 */
export function backUp(file: File, to: string): void {
  if (existsSync(to)) throw new Fault('configuration', `${to} is there already: a backup overwrites nothing.`)
  const partial = `${to}.partial`
  const db = openToRead(file)
  if (!db) throw new Fault('configuration', `${file.path} does not exist: there is nothing to copy.`)
  try {
    rmSync(partial, { force: true })
    // Made first, so that nobody can read what is written into it.
    closeSync(openSync(partial, 'w', 0o600))
    guarded({ ...file, path: partial }, () => db.prepare('VACUUM INTO ?').run(partial))
    chmodSync(partial, 0o600)
    guarded({ ...file, path: partial }, () => check(partial))
    sync(partial)
    renameSync(partial, to)
  } finally {
    db.close()
    rmSync(partial, { force: true })
  }
}

/** A backup that cannot be read is none, and is found out here rather than in the night when it is wanted. */
function check(path: string): void {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const { integrity_check: found } = db.prepare('PRAGMA integrity_check').get() as { integrity_check: string }
    if (found !== 'ok') throw new Fault('database', `The copy is not sound: ${found}`)
  } finally {
    db.close()
  }
}

function sync(path: string): void {
  const open = openSync(path, 'r+')
  fsyncSync(open)
  closeSync(open)
}
