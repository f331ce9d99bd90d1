/** Rows as the port has them, and the writes that several operations share. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { AuditEvent } from '../engine/audit.ts'
import { givenBack, type Hit, type Take } from '../engine/limits.ts'
import type { Challenge, Letter, Session } from '../engine/ports.ts'
import { type Count, crossing, hitOf, nothing, oneMore, quieted } from './counts.ts'

/** Columns of a challenge under the names of the port. */
export const challengeColumns = `id, flow, address_key AS addressKey, browser, key_id AS keyId, asked_at AS askedAt,
  expires_at AS expiresAt, state, tries_left AS triesLeft, account_id AS accountId, mails, nonce, mailed_at AS mailedAt`

/** Columns of a letter under the names of the port. */
export const letterColumns = `id, kind, flow, challenge_id AS challengeId, account_id AS accountId,
  sealed_address AS sealedAddress, key_id AS keyId, locale, created_at AS createdAt, expires_at AS expiresAt`

/** Columns of a session under the names of the port. */
export const sessionColumns = `id, account_id AS accountId, created_at AS createdAt, expires_at AS expiresAt,
  network, agent`

/** Columns of an event under the names of the port. */
export const eventColumns = `seq, at, name, flow, account_id AS accountId, address_key AS addressKey,
  challenge_id AS challengeId, network, agent, request_id AS requestId, because`

/** SQLite's rows have no prototype; the port's values are ordinary objects. */
export const rowOf = <T>(row: Record<string, unknown> | undefined): T | null => (row ? ({ ...row } as T) : null)

/** The writes that operations share, on the thread's connection. */
export type Rows = ReturnType<typeof rowsOf>

/** Statements are prepared once, for the life of the thread. */
export function rowsOf(db: DatabaseSync) {
  const challenge = db.prepare(`SELECT ${challengeColumns} FROM latchkey_challenges WHERE id = ?`)
  const addChallenge = inserter(db, 'latchkey_challenges', 13)
  const addLetter = db.prepare(`INSERT INTO latchkey_letters (id, kind, flow, challenge_id, account_id, sealed_address,
    key_id, locale, created_at, expires_at, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const addEvent = db.prepare(`INSERT INTO latchkey_events (at, name, flow, account_id, address_key, challenge_id,
    network, agent, request_id, because) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const addSession = inserter(db, 'latchkey_sessions', 6)
  let queued = false

  return {
    ...countsOf(db, (event) => note(event)),
    challenge: (id: string) => rowOf<Challenge>(challenge.get(id)),
    openChallenge(one: Challenge): void {
      const { id, flow, addressKey, browser, keyId, askedAt, expiresAt, state, triesLeft, accountId } = one
      const times = [askedAt, expiresAt, state, triesLeft, accountId, one.mails, one.nonce, one.mailedAt]
      addChallenge.run(id, flow, addressKey, browser, keyId, ...times)
    },
    queue(one: Letter): void {
      const { id, kind, flow, challengeId, accountId, sealedAddress, keyId, locale, createdAt, expiresAt } = one
      const who = [challengeId, accountId, sealedAddress, keyId]
      addLetter.run(id, kind, flow, ...who, locale, createdAt, expiresAt, createdAt)
      queued = true
    },
    note,
    openSession(one: Session): void {
      addSession.run(one.id, one.accountId, one.createdAt, one.expiresAt, one.network, one.agent)
    },
    /** Whether a letter was queued since it was asked last. */
    letterWasQueued(): boolean {
      const was = queued
      queued = false
      return was
    },
  }

  function note(event: AuditEvent): void {
    const { at, name, flow, accountId, addressKey, challengeId, network, agent, requestId, because } = event
    addEvent.run(at, name, flow, accountId, addressKey, challengeId, network, agent, requestId, because)
  }
}

/** A take with what is kept for it, read once per operation. */
export type Weighed = { readonly take: Take; readonly count: Count; readonly hit: Hit | null }

/** The hits among what was weighed. */
export const hitsOf = (weighed: readonly Weighed[]): Hit[] =>
  weighed.map(({ hit }) => hit).filter((hit) => hit !== null)

/** Reads a count in either connection. */
export function countReader(db: DatabaseSync): (take: Take, at: number) => Weighed {
  const read = db.prepare('SELECT times, quiet_until, over_at FROM latchkey_limits WHERE key = ?')
  return (take, at) => {
    const row = read.get(take.key)
    const count: Count = row
      ? { times: JSON.parse(row.times as string), quietUntil: Number(row.quiet_until), overAt: Number(row.over_at) }
      : nothing
    return { take, count, hit: hitOf(count, take, at) }
  }
}

function countsOf(db: DatabaseSync, note: (event: AuditEvent) => void) {
  const read = countReader(db)
  const write = db.prepare(`INSERT INTO latchkey_limits VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE
    SET times = excluded.times, quiet_until = excluded.quiet_until, over_at = excluded.over_at`)
  const times = db.prepare('SELECT times FROM latchkey_limits WHERE key = ?')
  const setTimes = db.prepare('UPDATE latchkey_limits SET times = ? WHERE key = ?')
  const forget = db.prepare('DELETE FROM latchkey_limits WHERE key = ?')
  const keep = (key: string, count: Count) =>
    void write.run(key, JSON.stringify(count.times), count.quietUntil, count.overAt)

  return {
    weigh: (takes: readonly Take[], at: number): Weighed[] => takes.map((take) => read(take, at)),
    count(weighed: readonly Weighed[], at: number): void {
      for (const { take, count } of weighed) keep(take.key, oneMore(count, take, at))
    },
    /** Notes each hit that nobody was told of in its window, and marks it as told of. */
    tellOfFirst(weighed: readonly Weighed[], at: number, event: AuditEvent | null): void {
      for (const { take, count, hit } of weighed) {
        if (!hit?.first) continue
        keep(take.key, quieted(count, take, at))
        if (event) note(crossing(event, hit))
      }
    },
    giveBack(keys: readonly string[], forgotten: readonly string[]): void {
      for (const key of keys) {
        const row = times.get(key)
        if (row) setTimes.run(JSON.stringify(givenBack(JSON.parse(row.times as string))), key)
      }
      for (const key of forgotten) forget.run(key)
    },
  }
}

function inserter(db: DatabaseSync, table: string, columns: number) {
  const statement = db.prepare(`INSERT INTO ${table} VALUES (${Array(columns).fill('?').join(', ')})`)
  return { run: (...values: SQLInputValue[]) => void statement.run(...values) }
}
