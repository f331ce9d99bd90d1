/** Rows as the port has them, and what an operation reads under lock. */
import type { AuditEvent } from '../engine/audit.ts'
import type { Challenge, Letter, Session } from '../engine/ports.ts'
import type { Count } from './counts.ts'
import { json, type Statement } from './postgres-pool.ts'

/** Columns under the names of the port: `address_key AS "addressKey"`. */
const columns = (...names: string[]): string =>
  names.map((name) => (snake(name) === name ? name : `${snake(name)} AS "${name}"`)).join(', ')

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** A row under the names of the table. */
export const asRow = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).map(([name, one]) => [snake(name), one]))

const challenge = ['id', 'flow', 'addressKey', 'browser', 'keyId', 'askedAt', 'expiresAt', 'state', 'triesLeft']
const challengeNames = [...challenge, 'accountId', 'mails', 'nonce', 'mailedAt']
const letterNames = ['id', 'kind', 'flow', 'challengeId', 'accountId', 'sealedAddress', 'keyId', 'locale', 'createdAt']
const sessionNames = ['id', 'accountId', 'createdAt', 'expiresAt', 'network', 'agent']
const event = ['at', 'name', 'flow', 'accountId', 'addressKey', 'challengeId', 'network', 'agent', 'requestId']

/** Columns of a challenge, a letter, a session, an event. */
export const challengeColumns = columns(...challengeNames)
export const letterColumns = columns(...letterNames, 'expiresAt')
export const sessionColumns = columns(...sessionNames)
export const eventColumns = columns('seq', ...event, 'because')

/** The same as the table names them. */
const plain = (names: readonly string[]): string => names.map(snake).join(', ')

/**
 * Holds the keys until the transaction ends: what is counted under them is read by nobody else in between. In the order
 * of what is locked, which is a hash, so that two never wait for each other.
 */
export const lock = (keys: readonly string[]): Statement => ({
  text: `SELECT pg_advisory_xact_lock(hash)
    FROM (SELECT DISTINCT hashtextextended(key, 0) AS hash FROM unnest($1::text[]) AS key ORDER BY hash) AS hashes`,
  values: [keys],
})

/** Counts by key, in a statement of its own, so that it sees what was committed while one waited for the lock. */
export const readCounts = (keys: readonly string[]): Statement => ({
  text: `SELECT key, times, quiet_until AS "quietUntil", over_at AS "overAt" FROM latchkey_limits
    WHERE key = ANY($1::text[])`,
  values: [keys],
})

/** A row of `readCounts`. */
export function countOf(row: Record<string, unknown>): [key: string, count: Count] {
  const { key, times, quietUntil, overAt } = row as { key: string; times: string; quietUntil: number; overAt: number }
  return [key, { times: JSON.parse(times), quietUntil, overAt }]
}

/** Challenges by id; `held`: until the transaction ends nobody else changes them. */
export const readChallenges = (ids: readonly string[], held: boolean): Statement => ({
  text: `SELECT ${challengeColumns} FROM latchkey_challenges WHERE id = ANY($1::text[])
    ORDER BY id${held ? ' FOR UPDATE' : ''}`,
  values: [ids],
})

/** What is written of each kind, all rows in one statement. */
export const addChallenges = (rows: readonly Challenge[]): Statement =>
  insert('latchkey_challenges', challengeNames, rows)
export const addSessions = (rows: readonly Session[]): Statement => insert('latchkey_sessions', sessionNames, rows)
export const addLetters = (rows: readonly Letter[]): Statement =>
  insert(
    'latchkey_letters',
    [...letterNames, 'expiresAt', 'dueAt'],
    rows.map((letter) => ({ ...letter, dueAt: letter.createdAt })),
  )

const insert = (table: string, names: readonly string[], rows: readonly object[]): Statement => ({
  text: `INSERT INTO ${table} (${plain(names)}) SELECT ${plain(names)} FROM json_populate_recordset(null::${table}, $1)`,
  values: [json(rows.map(asRow))],
})

/** What becomes of challenges that are held. */
export const setChallenges = (rows: readonly Challenge[]): Statement => ({
  text: `UPDATE latchkey_challenges AS kept SET state = given.state, tries_left = given.tries_left, nonce = given.nonce,
    account_id = given.account_id, mails = given.mails, mailed_at = given.mailed_at
    FROM json_populate_recordset(null::latchkey_challenges, $1) AS given WHERE kept.id = given.id`,
  values: [json(rows.map(asRow))],
})

/** Counts as they are now, under keys that are held. */
export const setCounts = (counts: readonly (readonly [string, Count])[]): Statement => ({
  text: `INSERT INTO latchkey_limits (key, times, quiet_until, over_at)
    SELECT key, times, quiet_until, over_at FROM json_populate_recordset(null::latchkey_limits, $1)
    ON CONFLICT (key) DO UPDATE
    SET times = excluded.times, quiet_until = excluded.quiet_until, over_at = excluded.over_at`,
  values: [json(counts.map(([key, { times, ...rest }]) => ({ key, times: JSON.stringify(times), ...asRow(rest) })))],
})

export const dropCounts = (keys: readonly string[]): Statement => ({
  text: 'DELETE FROM latchkey_limits WHERE key = ANY($1::text[])',
  values: [keys],
})

/** Numbers and notes events: the last statement of a transaction, for the row of the last number is held from here on. */
export const addEvents = (events: readonly AuditEvent[]): Statement => ({
  text: `WITH last AS (UPDATE latchkey_last_event SET seq = seq + $2 RETURNING seq - $2 AS base)
    INSERT INTO latchkey_events (seq, ${eventNames})
    SELECT last.base + given.seq, ${eventNames} FROM last, json_populate_recordset(null::latchkey_events, $1) AS given`,
  values: [json(events.map((one, at) => ({ ...asRow(one), seq: at + 1 }))), events.length],
})
const eventNames = plain([...event, 'because'])

/** `change`, a statement that touches one row or none and answers it; the event is noted where it touched one. `$1` is the event's. */
export const noted = (change: string, values: readonly unknown[], event: AuditEvent): Statement => ({
  text: `WITH done AS (${change} RETURNING 1),
    last AS (UPDATE latchkey_last_event SET seq = seq + 1 WHERE EXISTS (SELECT FROM done) RETURNING seq)
    INSERT INTO latchkey_events (seq, ${eventNames})
    SELECT last.seq, ${eventNames} FROM last, json_populate_record(null::latchkey_events, $1) AS given`,
  values: [json(asRow(event)), ...values],
})

/** Wakes the workers of every process, when the transaction is committed. */
export const wake: Statement = { text: `SELECT pg_notify('latchkey_letters', '')` }
