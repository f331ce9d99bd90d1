/**
 * SQLite, built into Node. Reads run here and at once; writes run on a thread of their own, where all that is called in
 * one turn of the event loop shares one durable commit. Several processes may use one file.
 */
import { resolve } from 'node:path'
import { Fault } from '../engine/outcome.ts'
import type { Accounts, AccountsTable, Database, Store } from '../engine/ports.ts'
import { byPlace } from './removal.ts'
import { auditReads } from './sqlite-audit.ts'
import { backUp } from './sqlite-backup.ts'
import { type File, guarded, openToRead } from './sqlite-file.ts'
import { look, migrateIn, pendingIn } from './sqlite-migrate.ts'
import { accountReads, storeReads } from './sqlite-reads.ts'
import { purged } from './sqlite-rest.ts'
import { settingReads } from './sqlite-settings.ts'
import { usersOf } from './sqlite-users.ts'
import { startWriter, type Writer } from './sqlite-writer.ts'

/** What can be set. */
export type SqliteOptions = {
  /** How long a write waits for another process's, in milliseconds. Default: 5000. */
  readonly busyTimeout?: number
}

/**
 * A database in a file, made for its owner alone (mode 0600) where there is none.
 * @throws Fault `configuration` when the schema is not up to date or the mapping names what is not there; `database`
 * and `database-busy` from any operation, after which the store goes on serving.
 * @example latchkey({ store: sqlite('data/app.db'), … })
 */
export function sqlite(path: string, options: SqliteOptions = {}): Database {
  if (path === '' || path.startsWith(':')) {
    throw new Fault('configuration', `sqlite("${path}"): name a file; for a database in memory use memory().`)
  }
  const file: File = { path: resolve(path), busyTimeout: options.busyTimeout ?? 5000 }
  return {
    pending: async (table, columns) => pendingIn(file, table, columns),
    migrate: async (table, columns) => migrateIn(file, table, columns),
    open: async (table, columns) => openFile(file, table, columns),
    backUp: async (to) => backUp(file, to),
  }
}

function openFile(file: File, table: AccountsTable, columns: boolean): { store: Store; accounts: Accounts } {
  const lacking = pendingIn(file, table, columns).map((step) => step.name)
  const db = openToRead(file)
  if (lacking.length > 0 || !db) {
    db?.close()
    throw new Fault('configuration', `${file.path} lacks ${lacking.join(', ')}: run "latchkey migrate".`)
  }
  const listeners = new Set<() => void>()
  const reads = guarded(file, () => {
    const users = usersOf(table, columns, look(db, table), db)
    return { ...storeReads(db), audit: auditReads(db), ...settingReads(db), ...accountReads(db, users) }
  })
  const writer = startWriter({ file, table, columns }, () => {
    for (const listener of listeners) listener()
  })
  const read = async <T>(work: () => T): Promise<T> => guarded(file, work)
  const close = async () => {
    // Before the thread's connection, so that the last one to close is one that can tidy up the file.
    if (db.isOpen) db.close()
    await writer.close()
  }
  const store: Store = {
    ask: (ask) => writer.run('ask', ask),
    challenge: (id) => read(() => reads.challenge(id)),
    bind: (binding) => writer.run('bind', binding),
    takeTry: (...args) => writer.run('takeTry', ...args),
    wrongTry: (...args) => writer.run('wrongTry', ...args),
    prove: (...args) => writer.run('prove', ...args),
    change: (change) => writer.run('change', change),
    renewHash: (renewal) => writer.run('renewHash', renewal),
    beginChange: (...args) => writer.run('beginChange', ...args),
    endChange: (...args) => writer.run('endChange', ...args),
    dueChanges: (...args) => writer.run('dueChanges', ...args),
    note: (event) => writer.run('note', event),
    noteWithin: (...args) => writer.run('noteWithin', ...args),
    take: (...args) => writer.run('take', ...args),
    giveBack: (...args) => writer.run('giveBack', ...args),
    full: (takes, at) => read(() => reads.full(takes, at)),
    lease: (...args) => writer.run('lease', ...args),
    renew: (...args) => writer.run('renew', ...args),
    settle: (...args) => writer.run('settle', ...args),
    nextDue: (at) => read(() => reads.nextDue(at)),
    outbox: (at) => read(() => reads.outbox(at)),
    onLetter: (listener) => void listeners.add(listener),
    openSession: (...args) => writer.run('openSession', ...args),
    session: (id, at) => read(() => reads.session(id, at)),
    endSession: (...args) => writer.run('endSession', ...args),
    sessionsOf: (...args) => read(() => reads.sessionsOf(...args)),
    settings: () => read(() => reads.settings()),
    setSetting: (...args) => writer.run('setSetting', ...args),
    history: (accountId, count) => read(() => reads.history(accountId, count)),
    events: (after, count) => read(() => reads.events(after, count)),
    eventsOf: (...args) => read(() => reads.eventsOf(...args)),
    audit: {
      tip: () => read(() => reads.audit.tip()),
      checkpoint: () => read(() => reads.audit.checkpoint()),
      segments: (after, count) => read(() => reads.audit.segments(after, count)),
      rows: (after, count) => read(() => reads.audit.rows(after, count)),
      about: (...args) => read(() => reads.audit.about(...args)),
      newest: () => read(() => reads.audit.newest()),
      whole: (at, count) => read(() => reads.audit.whole(at, count)),
      seal: (...args) => writer.run('sealSegment', ...args),
      shorten: (...args) => writer.run('shortenEvents', ...args),
      erase: (...args) => writer.run('eraseEvents', ...args),
      remove: (...args) => writer.run('removeSegments', ...args),
    },
    purge: purger(writer),
    ping: () =>
      read(() => {
        writer.check()
        reads.ping()
      }),
    close,
  }
  const accounts: Accounts = {
    byId: (id) => read(() => reads.byId(id)),
    byAddress: (address) => read(() => reads.byAddress(address)),
    byName: (name) => read(() => reads.byName(name)),
    add: (...args) => writer.run('addAccounts', ...args),
    list: (after, count) => read(() => reads.list(after, count)),
  }
  return { store, accounts }
}

/** Step after step, each an operation like any other, so that others get their turn in between. */
function purger(writer: Writer): (at: number) => Promise<number> {
  const purgeLimits = byPlace((after, at) => writer.run('purgeLimits', after, at))
  return async (at) => {
    let total = 0
    for (const what of purged) {
      for (let gone = -1; gone !== 0; total += gone) gone = await writer.run('purge', what, at)
    }
    return total + (await purgeLimits(at))
  }
}
