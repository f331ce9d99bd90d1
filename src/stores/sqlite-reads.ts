/** What is read: on a connection of its own in the main thread, which never waits for the one that writes. */
import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent, EventName } from '../engine/audit.ts'
import type { Hit, Take } from '../engine/limits.ts'
import type { Account, Challenge, Outbox, Session } from '../engine/ports.ts'
import { challengeColumns, countReader, eventColumns, hitsOf, rowOf, sessionColumns } from './sqlite-rows.ts'
import { accountOf, addressParameters, type Users } from './sqlite-users.ts'

/** Reads of the store. */
export function storeReads(db: DatabaseSync) {
  const challenge = db.prepare(`SELECT ${challengeColumns} FROM latchkey_challenges WHERE id = ?`)
  const session = db.prepare(`SELECT ${sessionColumns} FROM latchkey_sessions WHERE id = ? AND expires_at > ?`)
  const sessionsOf = db.prepare(`SELECT ${sessionColumns} FROM latchkey_sessions WHERE account_id = ? AND expires_at > ?
    ORDER BY created_at DESC, id LIMIT ?`)
  const outbox = db.prepare(`SELECT count(*) FILTER (WHERE due_at <= ?1) AS due,
    count(*) FILTER (WHERE due_at > ?1 AND lease IS NOT NULL) AS held,
    count(*) FILTER (WHERE due_at > ?1 AND lease IS NULL) AS later, min(created_at) AS oldest
    FROM latchkey_letters WHERE state = 'queued'`)
  const due = db.prepare(`SELECT min(due_at) AS due FROM latchkey_letters WHERE state = 'queued'`)
  const history = db.prepare(
    `SELECT password_hash FROM latchkey_history WHERE account_id = ? ORDER BY seq DESC LIMIT ?`,
  )
  const events = db.prepare(`SELECT ${eventColumns} FROM latchkey_events WHERE seq > ? ORDER BY seq LIMIT ?`)
  const eventsOf = db.prepare(`SELECT ${eventColumns} FROM latchkey_events
    WHERE account_id = ? AND name IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT ?`)
  const answer = db.prepare('SELECT count(*) FROM latchkey_migrations')
  const weigh = countReader(db)

  return {
    challenge: (id: string) => rowOf<Challenge>(challenge.get(id)),
    session: (id: string, at: number) => rowOf<Session>(session.get(id, at)),
    sessionsOf: (accountId: string, at: number, count: number) =>
      sessionsOf.all(accountId, at, count).map((row) => rowOf<Session>(row)!),
    full: (takes: readonly Take[], at: number): Hit[] => hitsOf(takes.map((take) => weigh(take, at))),
    outbox(at: number): Outbox {
      const { due, held, later, oldest } = outbox.get(at)!
      return {
        due: Number(due),
        held: Number(held),
        later: Number(later),
        oldest: oldest === null ? null : Number(oldest),
      }
    },
    nextDue(at: number): number | null {
      const first = due.get()?.due as number | null
      return first === null ? null : Math.max(0, first - at)
    },
    history: (accountId: string, count: number) =>
      history.all(accountId, count).map((row) => String(row.password_hash)),
    events: (after: number, count: number) =>
      events.all(after, count).map((row) => rowOf<AuditEvent & { seq: number }>(row)!),
    eventsOf: (accountId: string, names: readonly EventName[], count: number) =>
      eventsOf.all(accountId, JSON.stringify(names), count).map((row) => {
        const { seq: _, ...event } = rowOf<AuditEvent & { seq: number }>(row)!
        return event
      }),
    ping: () => void answer.get(),
  }
}

/** Reads of the accounts. */
export function accountReads(db: DatabaseSync, users: Users) {
  // One row always: of this id, else anybody's, which is then thrown away. To read a row takes longer than to find none, for
  // its pages were let go of when another connection wrote.
  const accounts = `${users.select} WHERE ${users.is}`
  const byId = db.prepare(`${accounts} AND ${users.id} = ?
    UNION ALL SELECT * FROM (${accounts} ORDER BY ${users.id} LIMIT 1) LIMIT 1`)
  const byAddress = db.prepare(`${accounts} AND ${users.hasAddress} ORDER BY ${users.id}`)
  const orAnybody = (where: string) =>
    db.prepare(`SELECT 1 AS found, * FROM (${accounts} AND ${where} ORDER BY ${users.id})
    UNION ALL SELECT 0, * FROM (${accounts} ORDER BY ${users.id} LIMIT 1) LIMIT 1`)
  const ofAddress = orAnybody(users.hasAddress)
  const ofUsername = users.username === null ? null : orAnybody(`lower(${users.username}) = lower(?)`)
  const whose = (row: ReturnType<typeof ofAddress.get>): Account | null => {
    if (!row) return null
    const { found, ...rest } = row
    const account = accountOf(rest)
    return found === 1 ? account : null
  }
  const first = db.prepare(`${accounts} ORDER BY ${users.id} LIMIT ?`)
  const next = db.prepare(`${accounts} AND ${users.id} > ? ORDER BY ${users.id} LIMIT ?`)
  const withAddress = (address: string): Account[] =>
    byAddress.all(...addressParameters(address)).map((row) => accountOf(row)!)

  return {
    byId(id: string): Account | null {
      const account = accountOf(byId.get(id))
      // A column of numbers also matches "01" and "1.0"; only the one spelling that we hand out names the account.
      return account?.id === id ? account : null
    },
    byAddress: withAddress,
    /** Looks for both, whatever the first one finds: a name that nobody has must not take longer than one that somebody has. */
    byName(name: string): Account | null {
      const [one, other] = [whose(ofAddress.get(...addressParameters(name))), whose(ofUsername?.get(name))]
      return one ?? other
    },
    list: (after: string | null, count: number): Account[] =>
      (after === null ? first.all(count) : next.all(after, count)).map((row) => accountOf(row)!),
  }
}
