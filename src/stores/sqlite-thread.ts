/**
 * The writer: the one connection of a process that writes, on a thread of its own, so that no request waits for a disk
 * but its own. What comes in one message shares one transaction and one durable commit.
 */
import type { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { FaultCode } from '../engine/outcome.ts'
import type { AccountsTable } from '../engine/ports.ts'
import { askOperations } from './sqlite-asks.ts'
import { auditOperations } from './sqlite-audit.ts'
import { checkpointEvery, type File, faultOf, isOfOneOperation, openToWrite, usualPages } from './sqlite-file.ts'
import { letterOperations } from './sqlite-letters.ts'
import { look } from './sqlite-migrate.ts'
import { proofOperations } from './sqlite-proofs.ts'
import { restOperations } from './sqlite-rest.ts'
import { rowsOf } from './sqlite-rows.ts'
import { settingOperations } from './sqlite-settings.ts'
import { usersOf } from './sqlite-users.ts'

/** What the thread is started with. */
export type ThreadData = { readonly file: File; readonly table: AccountsTable; readonly columns: boolean }

/** Everything that writes: synchronous functions that run within a transaction. */
export type Operations = ReturnType<typeof askOperations> &
  ReturnType<typeof auditOperations> &
  ReturnType<typeof proofOperations> &
  ReturnType<typeof letterOperations> &
  ReturnType<typeof restOperations> &
  ReturnType<typeof settingOperations>

/** An operation by name, with its arguments. */
export type Call = readonly [name: keyof Operations, ...args: unknown[]]

/** How each call of a message ended, in order, and whether a letter waits now that did not before. */
export type Reply = {
  readonly answers: readonly (readonly [true, unknown] | readonly [false, FaultCode, string])[]
  readonly queued: boolean
}

/** A removal writes pages from all over the file, each but once: many at a time would only be waited for longer. */
const pagesOfRemoval = 500

if (parentPort) serve(parentPort, workerData as ThreadData)

function serve(port: NonNullable<typeof parentPort>, { file, table, columns }: ThreadData): void {
  const db = openToWrite(file)
  const answer = answerer(db, file, table, columns)
  port.on('message', (message: readonly Call[] | 'close') => {
    if (message !== 'close') return port.postMessage(answer(message))
    // Another process may be reading; then the next one to close does it.
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    port.close()
  })
}

function answerer(db: DatabaseSync, file: File, table: AccountsTable, columns: boolean) {
  const rows = rowsOf(db)
  const users = usersOf(table, columns, look(db, table), db)
  const operations: Operations = {
    ...askOperations(db, rows),
    ...auditOperations(db, rows),
    ...proofOperations(db, rows, users),
    ...letterOperations(db, rows),
    ...restOperations(db, rows, users),
    ...settingOperations(db, rows),
  }
  const [begin, commit, rollback] = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'].map((sql) => db.prepare(sql))
  let pages = usualPages
  const run = ([name, ...args]: Call): unknown => (operations[name] as (...args: unknown[]) => unknown)(...args)

  /** All of them in one transaction, durable when it returns. SQLite touches no disk for one that wrote nothing. */
  function together(calls: readonly Call[]): unknown[] {
    const wanted = calls.some(([name]) => name === 'purge' || name === 'purgeLimits') ? pagesOfRemoval : usualPages
    if (wanted !== pages) checkpointEvery(db, wanted)
    pages = wanted
    begin!.run()
    try {
      const values = calls.map(run)
      commit!.run()
      return values
    } catch (error) {
      if (db.isTransaction) rollback!.run()
      throw error
    }
  }

  /** One bad operation must not fail the others: then each runs in a transaction of its own. */
  function attempt(calls: readonly Call[]): Reply {
    rows.letterWasQueued()
    try {
      const answers = together(calls).map((value) => [true, value] as const)
      return { answers, queued: rows.letterWasQueued() }
    } catch (error) {
      if (calls.length > 1 && isOfOneOperation(error)) {
        const replies = calls.map((call) => attempt([call]))
        return { answers: replies.flatMap((one) => one.answers), queued: replies.some((one) => one.queued) }
      }
      const { code, message } = faultOf(file, error)
      return { answers: calls.map(() => [false, code, message] as const), queued: false }
    }
  }
  return attempt
}
