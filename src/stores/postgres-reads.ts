/** What is read: one plain statement each. */

import { spellings } from '../accounts/tidy.ts'
import type { AuditEvent } from '../engine/audit.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, Accounts, Outbox, Session, Store } from '../engine/ports.ts'
import { draftOf, hitsOf } from './draft.ts'
import type { Postgres } from './postgres-pool.ts'
import { challengeColumns, countOf, eventColumns, readCounts, sessionColumns } from './postgres-rows.ts'
import { accountOf, type Users } from './postgres-users.ts'

type Reads =
  | ('challenge' | 'session' | 'sessionsOf' | 'full' | 'outbox')
  | ('nextDue' | 'history' | 'events' | 'eventsOf' | 'ping')

/** Reads of the store. */
export function storeReads(db: Postgres): Pick<Store, Reads> {
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
      const text = `SELECT count(*) FILTER (WHERE due_at <= $1) AS due,
        count(*) FILTER (WHERE due_at > $1 AND lease IS NOT NULL) AS held,
        count(*) FILTER (WHERE due_at > $1 AND lease IS NULL) AS later, min(created_at) AS oldest
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
      const text = `SELECT ${eventColumns} FROM latchkey_events WHERE account_id = $1 AND name = ANY($2::text[])
        ORDER BY seq DESC LIMIT $3`
      const found = await all<AuditEvent & { seq: number }>(text, accountId, names, count)
      return found.map(({ seq: _, ...event }) => event)
    },
    async ping() {
      // A standby answers too, and nothing can be asked of it.
      const text = 'SELECT pg_is_in_recovery() AS standby, count(*) FROM latchkey_migrations'
      const [state] = await all<{ standby: boolean }>(text)
      if (state?.standby) throw new Fault('database-busy', `${db.place} is a standby, which cannot be written.`)
    },
  }
}

/** Reads of the accounts. */
export function accountReads(db: Postgres, users: Users): Omit<Accounts, 'add'> {
  const { id, idParameter, idValue } = users
  const select = `${users.select} WHERE ${users.is}`
  const all = async (text: string, ...values: unknown[]): Promise<Account[]> =>
    (await db.read({ text, values }))[0]!.rows.map((row) => accountOf(row)!)
  const ofAddress = `${select} AND ${users.hasAddress} ORDER BY ${id}`
  const ofUsername =
    users.foldedUsername && `${select} AND ${users.foldedUsername} = lower($1::text COLLATE "C") ORDER BY ${id}`
  /** Materialized, so that no plan for one row walks along the ids until it meets the name. */
  const orAnybody = (text: string): string => `WITH named AS MATERIALIZED (${text})
    (SELECT true AS found, * FROM named)
    UNION ALL (SELECT false, * FROM (${select} ORDER BY ${id} LIMIT 1) AS anybody) LIMIT 1`
  return {
    // One row always: of this id, else anybody's, which is then thrown away. To read a row takes longer than to find none.
    async byId(wanted) {
      const text = `(${select} AND ${id} = ${idParameter(1)})
        UNION ALL (${select} ORDER BY ${id} LIMIT 1) LIMIT 1`
      const [account] = await all(text, idValue(wanted))
      // A column of numbers also matches "01"; only the one spelling that we hand out names the account.
      return account?.id === wanted ? account : null
    },
    // No text of PostgreSQL holds a NUL.
    byAddress: async (address) => (address.includes('\0') ? [] : all(ofAddress, ...spellings(address))),
    async byName(name) {
      if (name.includes('\0')) return null
      // Both at once, whatever the first one finds, and a row of each: a name that nobody has must not take longer, by a way to
      // the server and back, or shorter than one that somebody has.
      const withUsername = ofUsername === null ? [] : [{ text: orAnybody(ofUsername), values: [name] }]
      const answers = await db.read({ text: orAnybody(ofAddress), values: spellings(name) }, ...withUsername)
      const accounts = answers.map(({ rows: [row] }) => {
        if (!row) return null
        const { found, ...rest } = row
        const account = accountOf(rest)
        return found ? account : null
      })
      return accounts.find((account) => account !== null) ?? null
    },
    list: (after, count) =>
      after === null
        ? all(`${select} ORDER BY ${id} LIMIT $1`, count)
        : all(`${select} AND ${id} > ${idParameter(1)} ORDER BY ${id} LIMIT $2`, idValue(after), count),
  }
}
