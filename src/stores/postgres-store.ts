/** The store over a pool: what `postgres()` opens. A file of its own, so that naming a database loads no driver. */
import type { Accounts, AccountsTable, Migration, Store } from '../engine/ports.ts'
import { followed } from './clock.ts'
import { groupedOperations } from './grouped.ts'
import { groupsOf } from './groups.ts'
import { auditOf } from './postgres-audit.ts'
import { groundOf } from './postgres-ground.ts'
import { letterOperations } from './postgres-letters.ts'
import { listening } from './postgres-listen.ts'
import { migrateIn, pendingIn, ready } from './postgres-migrate.ts'
import { pendingOperations } from './postgres-pending.ts'
import { type PoolOptions, type Postgres, pooled } from './postgres-pool.ts'
import { proofOperations } from './postgres-proofs.ts'
import { accountReads, storeReads } from './postgres-reads.ts'
import { adder, restOperations } from './postgres-rest.ts'
import { usersOf, withIndex } from './postgres-users.ts'

/** What a database is opened with. `direct`: where one connection listens for letters of other processes. */
export type Settings = PoolOptions & { readonly direct: string | null }

/** `Database.pending`. */
export const pending = (settings: Settings, table: AccountsTable, columns: boolean): Promise<Migration[]> =>
  briefly(settings, (db) => pendingIn(db, table, columns))

/** `Database.migrate`. A migration of a large table may take longer than any request. */
export const migrate = (settings: Settings, table: AccountsTable, columns: boolean): Promise<Migration[]> =>
  briefly({ ...settings, timeout: Math.max(settings.timeout, migrationTimeout) }, (db) => migrateIn(db, table, columns))
const migrationTimeout = 600_000

async function briefly<T>(settings: Settings, work: (db: Postgres) => Promise<T>): Promise<T> {
  const db = pooled({ ...settings, connections: 1 })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}

/** `Database.open`. */
export async function open(settings: Settings, table: AccountsTable, columns: boolean) {
  const db = pooled(settings)
  try {
    const users = await withIndex(db, usersOf(table, columns, await ready(db, table, columns)))
    const clock = await followed(() => now(db))
    const listeners = new Set<() => void>()
    const onQueued = (): void => {
      for (const listener of listeners) listener()
    }
    const wakes = settings.direct !== null
    const ear = settings.direct === null ? null : listening({ ...settings, url: settings.direct }, onQueued)
    const groups = groupsOf(groundOf(db, wakes), settings.timeout, onQueued)
    let closing: Promise<void> | null = null
    const close = async (): Promise<void> => {
      clock.stop()
      await groups.close()
      await Promise.all([ear?.close(), db.close()])
    }
    const store: Store = {
      ...storeReads(db),
      ...letterOperations(db),
      ...restOperations(db),
      ...proofOperations(db, users, wakes, onQueued),
      ...pendingOperations(db, wakes, onQueued),
      ...groupedOperations(groups.run),
      onLetter: (listener) => void listeners.add(listener),
      audit: auditOf(db),
      pool: () => db.use(),
      close() {
        closing ??= close()
        return closing
      },
    }
    const accounts: Accounts = { ...accountReads(db, users), add: adder(db, users) }
    return { store, accounts, clock }
  } catch (error) {
    await db.close()
    throw error
  }
}

async function now(db: Postgres): Promise<number> {
  const [answer] = await db.read({ text: 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now' })
  return Number(answer!.rows[0]!.now)
}
