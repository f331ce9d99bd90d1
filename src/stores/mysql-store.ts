/** The store over a pool: what `mysql()` opens. A file of its own, so that naming a database loads no driver. */
import type { Accounts, AccountsTable, Migration, Store } from '../engine/ports.ts'
import { followed } from './clock.ts'
import { groupedOperations } from './grouped.ts'
import { groupsOf } from './groups.ts'
import { auditOf } from './mysql-audit.ts'
import { groundOf } from './mysql-ground.ts'
import { letterOperations } from './mysql-letters.ts'
import { migrateIn, pendingIn, ready } from './mysql-migrate.ts'
import { pendingOperations } from './mysql-pending.ts'
import { type Mysql, type PoolOptions, pooled } from './mysql-pool.ts'
import { proofOperations } from './mysql-proofs.ts'
import { accountReads, storeReads } from './mysql-reads.ts'
import { adder, restOperations } from './mysql-rest.ts'
import { usersOf } from './mysql-users.ts'

/** `Database.pending`. */
export const pending = (settings: PoolOptions, table: AccountsTable, columns: boolean): Promise<Migration[]> =>
  briefly(settings, (db) => pendingIn(db, table, columns))

/** `Database.migrate`. A migration of a large table may take longer than any request. */
export const migrate = (settings: PoolOptions, table: AccountsTable, columns: boolean): Promise<Migration[]> =>
  briefly({ ...settings, timeout: Math.max(settings.timeout, migrationTimeout) }, (db) => migrateIn(db, table, columns))
const migrationTimeout = 600_000

async function briefly<T>(settings: PoolOptions, work: (db: Mysql) => Promise<T>): Promise<T> {
  const db = pooled({ ...settings, connections: 2 })
  try {
    return await work(db)
  } finally {
    await db.close()
  }
}

/** `Database.open`. */
export async function open(settings: PoolOptions, table: AccountsTable, columns: boolean) {
  const db = pooled(settings)
  try {
    const users = usersOf(table, columns, await ready(db, table, columns))
    const clock = await followed(() => now(db))
    const listeners = new Set<() => void>()
    const onQueued = (): void => {
      for (const listener of listeners) listener()
    }
    const groups = groupsOf(groundOf(db), settings.timeout, onQueued)
    let closing: Promise<void> | null = null
    const close = async (): Promise<void> => {
      clock.stop()
      await groups.close()
      await db.close()
    }
    const store: Store = {
      ...storeReads(db),
      ...letterOperations(db),
      ...restOperations(db),
      ...proofOperations(db, users, onQueued),
      ...pendingOperations(db, onQueued),
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

async function now(db: Mysql): Promise<number> {
  const [answer] = await db.read({ text: 'SELECT UNIX_TIMESTAMP(SYSDATE(6)) * 1000 AS now' })
  return Number(answer!.rows[0]!.now)
}
