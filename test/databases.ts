/** Runs a story on every store that there is: the reference in memory, SQLite on a file of its own, and PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { own } from '../src/accounts/own.ts'
import { memory } from '../src/stores/memory.ts'
import { sqlite } from '../src/stores/sqlite.ts'
import { type TestOptions, type TestRecovery, testRecovery } from '../src/testing/index.ts'
import { newPostgres, type PostgresDatabase } from './new-postgres.ts'

/** Loaded before any test, for what it made goes when the file is over; and only where there is a MariaDB. */
const onMariadb = process.env.TEST_STORIES_ON === 'mysql' ? await import('./new-mysql.ts') : null

/** Opens a recovery on the story's store; it is closed when the story is over. */
export type Open = (options?: TestOptions) => Promise<TestRecovery>

/** Declares the story once for each store. */
export function onEveryStore(name: string, story: (open: Open) => Promise<void>): void {
  // In `npm run test:adopt`, which has a MariaDB, on that alone.
  if (onMariadb) {
    onMysql(`${name} (MariaDB)`, story)
    return
  }
  inMemory(`${name} (memory)`, story)
  test(`${name} (SQLite)`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-walk-'))
    const opened: TestRecovery[] = []
    try {
      await story(async (options = {}) => {
        const database = sqlite(join(folder, `${opened.length}.db`))
        await database.migrate(own, true)
        return kept(opened, await testRecovery({ database, ...options }))
      })
    } finally {
      for (const recovery of opened) await recovery.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
  onPostgres(`${name} (PostgreSQL)`, story)
}

/** Declares a story for PostgreSQL alone. */
export function onPostgres(name: string, story: (open: Open) => Promise<void>): void {
  test(name, async () => {
    const opened: TestRecovery[] = []
    const databases: PostgresDatabase[] = []
    try {
      await story(async (options = {}) => {
        const made = await newPostgres()
        databases.push(made)
        return kept(opened, await testRecovery({ database: made.database, ...options }))
      })
    } finally {
      for (const recovery of opened) await recovery.close()
      for (const made of databases) made.drop()
    }
  })
}

function onMysql(name: string, story: (open: Open) => Promise<void>): void {
  test(name, async () => {
    const opened: TestRecovery[] = []
    const drops: (() => Promise<void>)[] = []
    try {
      await story(async (options = {}) => {
        const { database, drop } = await onMariadb!.newMysql()
        drops.push(drop)
        return kept(opened, await testRecovery({ database, ...options }))
      })
    } finally {
      for (const recovery of opened) await recovery.close()
      for (const drop of drops) await drop()
    }
  })
}

/** Declares a story that no store has a part in. */
export function inMemory(name: string, story: (open: Open) => Promise<void>): void {
  test(name, async () => {
    const opened: TestRecovery[] = []
    try {
      await story(async (options = {}) => kept(opened, await testRecovery({ database: memory(), ...options })))
    } finally {
      for (const recovery of opened) await recovery.close()
    }
  })
}

function kept(opened: TestRecovery[], recovery: TestRecovery): TestRecovery {
  opened.push(recovery)
  return recovery
}
