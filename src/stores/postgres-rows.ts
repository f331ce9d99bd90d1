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
export const addEvents = (events: readonly AuditEvent[]): Statement => ({
  text: newEvents,
  values: [...arrays(eventRow, events), events.length],
})
const newEvents = `WITH last AS (UPDATE latchkey_last_event SET seq = seq + $${eventRow.length + 1}
    RETURNING seq - $${eventRow.length + 1} AS base)
  INSERT INTO latchkey_events (seq, ${plain(eventRow)})
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

/** What writes a draft: the rows in one statement, and the events last. */
export const statementsOf = (written: Written, wakes: boolean): Statement[] => {
  const { opened, moved, counts, gone, sessions, letters, events } = written
  const rows = [
    ...(opened.length > 0 ? [addChallenges(opened)] : []),
    ...(moved.length > 0 ? [setChallenges(moved)] : []),
    ...(counts.length > 0 ? [setCounts(counts)] : []),
    ...(gone.length > 0 ? [dropCounts(gone)] : []),
    ...(sessions.length > 0 ? [addSessions(sessions)] : []),
    ...(letters.length > 0 ? [addLetters(letters)] : []),
  ]
  return [
    ...(rows.length > 0 ? [asOne(rows)] : []),
    ...(letters.length > 0 && wakes ? [wake] : []),
    ...(events.length > 0 ? [addEvents(events)] : []),
  ]
}

/**
 * Statements that write rows of which no two are one, as a single one: each by itself is a message to the server and one
 * back, and that is most of what a small group costs.
 */
function asOne(statements: readonly Statement[]): Statement {
  const values: unknown[] = []
  const texts = statements.map(({ text, values: own = [] }) => {
    const before = values.length
    values.push(...own)
    return text.replaceAll(/\$(\d+)/g, (_, number) => `$${Number(number) + before}`)
  })
  const last = texts.pop()!
  const others = texts.map((text, at) => `rows${at} AS (${text})`).join(', ')
  return { text: others === '' ? last : `WITH ${others} ${last}`, values }
}
