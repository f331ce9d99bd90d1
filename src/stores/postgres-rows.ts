/** Rows as the port has them, and what an operation reads under lock. */
import type { AuditEvent } from '../engine/audit.ts'
import type { Challenge, Letter, Session } from '../engine/ports.ts'
import type { Count } from './counts.ts'
import type { Written } from './draft.ts'
import type { Statement } from './postgres-pool.ts'

/** A column by the port's name, with its type. */
type Column = readonly [name: string, type: 'text' | 'bigint' | 'integer']

const texts = (...names: string[]): Column[] => names.map((name) => [name, 'text'])
const numbers = (...names: string[]): Column[] => names.map((name) => [name, 'bigint'])

const challengeRow: readonly Column[] = [
  ...texts('id', 'flow', 'addressKey', 'browser', 'keyId', 'state', 'accountId', 'mails', 'nonce'),
  ...numbers('askedAt', 'expiresAt', 'mailedAt'),
  ['triesLeft', 'integer'],
]
const letterRow: readonly Column[] = [
  ...texts('id', 'kind', 'flow', 'challengeId', 'accountId', 'sealedAddress', 'keyId', 'locale'),
  ...numbers('createdAt', 'expiresAt'),
]
const sessionRow: readonly Column[] = [
  ...texts('id', 'accountId', 'network', 'agent'),
  ...numbers('createdAt', 'expiresAt'),
]
const eventRow: readonly Column[] = [
  ...texts('name', 'flow', 'accountId', 'addressKey', 'challengeId', 'network', 'agent', 'requestId', 'because'),
  ...numbers('at'),
]
const countRow: readonly Column[] = [...texts('key', 'times'), ...numbers('quietUntil', 'overAt')]

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Columns as the table names them; and as they are selected, under the names of the port. */
const plain = (columns: readonly Column[]): string => columns.map(([name]) => snake(name)).join(', ')
const selected = (columns: readonly Column[]): string =>
  columns.map(([name]) => (snake(name) === name ? name : `${snake(name)} AS "${name}"`)).join(', ')

/** Columns of a challenge, a letter, a session, an event. */
export const challengeColumns = selected(challengeRow)
export const letterColumns = selected(letterRow)
export const sessionColumns = selected(sessionRow)
export const eventColumns = `seq, ${selected(eventRow)}`

/** Rows as parameters from `$1` on, one array for each column; in SQL they are the table `given`. */
const given = (columns: readonly Column[], numbered = ''): string => {
  const arrays = columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ')
  return numbered === ''
    ? `unnest(${arrays}) AS given (${plain(columns)})`
    : `unnest(${arrays}) WITH ORDINALITY AS given (${plain(columns)}, ${numbered})`
}
const arrays = (columns: readonly Column[], rows: readonly object[]): unknown[][] =>
  columns.map(([name]) => rows.map((row) => (row as Record<string, unknown>)[name] ?? null))

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
export const addChallenges = (rows: readonly Challenge[]): Statement => ({
  text: newChallenges,
  values: arrays(challengeRow, rows),
})
const newChallenges = `INSERT INTO latchkey_challenges (${plain(challengeRow)})
  SELECT ${plain(challengeRow)} FROM ${given(challengeRow)}`

export const addSessions = (rows: readonly Session[]): Statement => ({
  text: newSessions,
  values: arrays(sessionRow, rows),
})
const newSessions = `INSERT INTO latchkey_sessions (${plain(sessionRow)})
  SELECT ${plain(sessionRow)} FROM ${given(sessionRow)}`

export const addLetters = (rows: readonly Letter[]): Statement => ({
  text: newLetters,
  values: arrays(letterRow, rows),
})
const newLetters = `INSERT INTO latchkey_letters (${plain(letterRow)}, due_at)
  SELECT ${plain(letterRow)}, created_at FROM ${given(letterRow, 'number')} ORDER BY number`

/** What becomes of challenges that are held. */
export const setChallenges = (rows: readonly Challenge[]): Statement => ({
  text: changedChallenges,
  values: arrays(challengeRow, rows),
})
const changedChallenges = `UPDATE latchkey_challenges AS kept SET state = given.state, tries_left = given.tries_left,
  nonce = given.nonce, account_id = given.account_id, mails = given.mails, mailed_at = given.mailed_at
  FROM ${given(challengeRow)} WHERE kept.id = given.id`

/** Counts as they are now, under keys that are held. */
export const setCounts = (counts: readonly (readonly [string, Count])[]): Statement => ({
  text: newCounts,
  values: arrays(
    countRow,
    counts.map(([key, { times, ...rest }]) => ({ key, times: JSON.stringify(times), ...rest })),
  ),
})
const newCounts = `INSERT INTO latchkey_limits (${plain(countRow)}) SELECT ${plain(countRow)} FROM ${given(countRow)}
  ON CONFLICT (key) DO UPDATE SET times = excluded.times, quiet_until = excluded.quiet_until, over_at = excluded.over_at`

export const dropCounts = (keys: readonly string[]): Statement => ({
  text: 'DELETE FROM latchkey_limits WHERE key = ANY($1::text[])',
  values: [keys],
})

/** Numbers and notes events: the last statement of a transaction, for the row of the last number is held from here on. */
export const addEvents = (events: readonly AuditEvent[]): Statement =>
  asOne([['last', numbersFor(events)]], ['noted', newEvents(events)])

const numbersFor = ({ length }: readonly AuditEvent[]): Statement => ({
  text: 'UPDATE latchkey_last_event SET seq = seq + $1 RETURNING seq - $1 AS base',
  values: [length],
})
/** Beside numbers that are called `last`. */
const newEvents = (events: readonly AuditEvent[]): Statement => ({
  text: numberedEvents,
  values: arrays(eventRow, events),
})
const numberedEvents = `INSERT INTO latchkey_events (seq, ${plain(eventRow)})
  SELECT last.base + given.number, ${plain(eventRow)} FROM last, ${given(eventRow, 'number')}`

/**
 * A statement that touches one row or none, and answers whether it did; the event is noted where it did. The statement is
 * given the names of its parameters.
 */
export const noted = (
  change: (...names: string[]) => string,
  values: readonly unknown[],
  event: AuditEvent,
): Statement => ({
  text: `WITH done AS (${change(...values.map((_, at) => `$${at + eventRow.length + 1}`))} RETURNING 1),
    last AS (UPDATE latchkey_last_event SET seq = seq + 1 WHERE EXISTS (SELECT FROM done) RETURNING seq)
    INSERT INTO latchkey_events (seq, ${plain(eventRow)})
    SELECT last.seq, ${eventRow.map(([, type], at) => `$${at + 1}::${type}`).join(', ')} FROM last`,
  values: [...eventRow.map(([name]) => (event as Record<string, unknown>)[name] ?? null), ...values],
})

/** Wakes the workers of every process, when the transaction is committed. */
export const wake: Statement = { text: `SELECT pg_notify('latchkey_letters', '')` }

/**
 * What writes a draft: one statement, or none. Its events go first: of parts that no other reads PostgreSQL runs the first
 * one last, so that the row of the last number is not held while the others are written. In any order all of it is right.
 */
export const statementsOf = (written: Written, wakes: boolean): Statement[] => {
  const { opened, moved, counts, gone, sessions, letters, events } = written
  const parts = [
    ...partOf('last', events, numbersFor),
    ...partOf('noted', events, newEvents),
    ...partOf('opened', opened, addChallenges),
    ...partOf('moved', moved, setChallenges),
    ...partOf('counted', counts, setCounts),
    ...partOf('dropped', gone, dropCounts),
    ...partOf('signed_in', sessions, addSessions),
    ...partOf('queued', letters, addLetters),
    ...(wakes ? partOf('woken', letters, () => wake) : []),
  ]
  const last = parts.pop()
  return last ? [asOne(parts, last)] : []
}

/** A statement under the name that it has within a larger one. */
type Part = readonly [name: string, Statement]

const partOf = <T>(name: string, rows: readonly T[], write: (rows: readonly T[]) => Statement): Part[] =>
  rows.length > 0 ? [[name, write(rows)]] : []

/**
 * Statements of which no two write one row, as a single one: each by itself is a message to the server and one back, and
 * that is most of what a small group costs. What a name stands for is always the same text.
 */
function asOne(before: readonly Part[], last: Part): Statement {
  const parts = [...before, last]
  const values = parts.flatMap(([, { values }]) => values ?? [])
  const key = parts.map(([name]) => name).join(' ')
  const known = joined.get(key)
  if (known !== undefined) return { text: known, values }
  let from = 0
  const texts = parts.map(([name, { text, values = [] }], at) => {
    const renumbered = text.replaceAll(/\$(\d+)/g, (_, number) => `$${Number(number) + from}`)
    from += values.length
    return at < parts.length - 1 ? `${name} AS (${renumbered})` : renumbered
  })
  const text = texts.length === 1 ? texts[0]! : `WITH ${texts.slice(0, -1).join(', ')} ${texts.at(-1)}`
  joined.set(key, text)
  return { text, values }
}
const joined = new Map<string, string>()
