/** What is read: one plain statement each. */
import { lowerAscii, spellings } from '../accounts/tidy.ts'
import type { AuditEvent } from '../engine/audit.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, Accounts, Outbox, Session, Store } from '../engine/ports.ts'
import { draftOf, hitsOf } from './draft.ts'
import type { Mysql } from './mysql-pool.ts'
import { challengeColumns, countOf, eventColumns, readCounts, sessionColumns } from './mysql-rows.ts'
import { accountOf, ofAddress, type Users } from './mysql-users.ts'

type Reads =
  | ('challenge' | 'session' | 'sessionsOf' | 'full' | 'outbox')
  | ('nextDue' | 'history' | 'events' | 'eventsOf' | 'ping')

/** Reads of the store. */
export function storeReads(db: Mysql): Pick<Store, Reads> {
  const all = async <T>(text: string, ...values: unknown[]): Promise<T[]> =>
    (await db.read({ text, values }))[0]!.rows as T[]
  return {
    async challenge(id) {
      return (await all<never>(`SELECT ${challengeColumns} FROM latchkey_challenges WHERE id = $1`, id))[0] ?? null
    },
    async session(id, at) {
      const text = `SELECT ${sessionColumns} FROM latchkey_sessions WHERE id = $1 AND expires_at > $2`
      return (await all<Session>(text, id, at))[0] ?? null
    },
    sessionsOf: (accountId, at, count) =>
      all<Session>(
        `SELECT ${sessionColumns} FROM latchkey_sessions WHERE account_id = $1 AND expires_at > $2
          ORDER BY created_at DESC, id LIMIT $3`,
        ...[accountId, at, count],
      ),
    async full(takes, at) {
      if (takes.length === 0) return []
      const [found] = await db.read(readCounts(takes.map((take) => take.key)))
      return hitsOf(draftOf(new Map(found!.rows.map(countOf)), new Map()).weigh(takes, at))
    },
    async outbox(at) {
      const text = `SELECT count(CASE WHEN due_at <= $1 THEN 1 END) AS due,
        count(CASE WHEN due_at > $1 AND lease IS NOT NULL THEN 1 END) AS held,
        count(CASE WHEN due_at > $1 AND lease IS NULL THEN 1 END) AS later, min(created_at) AS oldest
        FROM latchkey_letters WHERE state = 'queued'`
      return (await all<Outbox>(text, at))[0]!
    },
    async nextDue(at) {
      const text = `SELECT min(due_at) AS due FROM latchkey_letters WHERE state = 'queued'`
      const { due } = (await all<{ due: number | null }>(text))[0]!
      return due === null ? null : Math.max(0, due - at)
    },
    async history(accountId, count) {
      const text = 'SELECT password_hash AS hash FROM latchkey_history WHERE account_id = $1 ORDER BY seq DESC LIMIT $2'
      return (await all<{ hash: string }>(text, accountId, count)).map(({ hash }) => hash)
    },
    events: (after, count) =>
      all(`SELECT ${eventColumns} FROM latchkey_events WHERE seq > $1 ORDER BY seq LIMIT $2`, after, count),
    async eventsOf(accountId, names, count) {
      const text = `SELECT ${eventColumns} FROM latchkey_events WHERE account_id = $1 AND name IN ($2)
        ORDER BY seq DESC LIMIT $3`
      const found = await all<AuditEvent & { seq: number }>(text, accountId, names, count)
      return found.map(({ seq: _, ...event }) => event)
    },
    async ping() {
      // A replica answers too, and nothing can be asked of it.
      const text = 'SELECT @@global.read_only AS replica, count(*) FROM latchkey_migrations'
      const [state] = await all<{ replica: number }>(text)
      if (state?.replica === 1) throw new Fault('database-busy', `${db.place} is only read, as a replica is.`)
    },
  }
}

/** Reads of the accounts. What the table's collation finds is more than what is meant: the rest is sorted out here. */
export function accountReads(db: Mysql, users: Users): Omit<Accounts, 'add'> {
  const { id, hasId, idValue } = users
  const select = `${users.select} WHERE ${users.is}`
  const all = async (text: string, ...values: unknown[]): Promise<Account[]> =>
    (await db.read({ text, values }))[0]!.rows.map((row) => accountOf(row)!)
  const withAddress = async (address: string): Promise<Account[]> => {
    const found = await all(`${select} AND ${users.hasAddress} ORDER BY ${id}`, ...spellings(address))
    return found.filter((account) => ofAddress(users, account, address))
  }
  return {
    // One row always: of this id, else anybody's, which is then thrown away. To read a row takes longer than to find none.
    async byId(wanted) {
      const text = `(${select} AND ${hasId(1)}) UNION ALL (${select} ORDER BY ${id} LIMIT 1) LIMIT 1`
      const [account] = await all(text, idValue(wanted))
      return account?.id === wanted ? account : null
    },
    byAddress: withAddress,
    async byName(name) {
      const [account] = await withAddress(name)
      if (users.hasUsername === null) return account ?? null
      // Whatever was found: for a name that nobody has it must not be a way to the server and back more.
      const found = await all(`${select} AND ${users.hasUsername} ORDER BY ${id}`, name)
      const isNamed = ({ username }: Account) => username !== null && lowerAscii(username) === lowerAscii(name)
      return account ?? found.find(isNamed) ?? null
    },
    list: (after, count) =>
      after === null
        ? all(`${select} ORDER BY ${id} LIMIT $1`, count)
        : all(`${select} AND ${id} > ${users.idParameter(1)} ORDER BY ${id} LIMIT $2`, idValue(after), count),
  }
}
