/** Rows as the port has them, and what an operation reads under lock. */
import type { AuditEvent } from '../engine/audit.ts'
import type { Challenge, Letter, Session } from '../engine/ports.ts'
import type { Count } from './counts.ts'
import type { Written } from './draft.ts'
import type { Mysql } from './mysql-pool.ts'
import type { Statement } from './transaction.ts'

/** Columns by the port's names. */
const challengeRow = [
  ...['id', 'flow', 'addressKey', 'browser', 'keyId', 'state', 'accountId', 'mails', 'nonce'],
  ...['askedAt', 'expiresAt', 'mailedAt', 'triesLeft'],
]
const letterRow = [
  ...['id', 'kind', 'flow', 'challengeId', 'accountId', 'sealedAddress', 'keyId', 'locale'],
  ...['createdAt', 'expiresAt'],
]
const sessionRow = ['id', 'accountId', 'network', 'agent', 'createdAt', 'expiresAt']
const eventRow = [
  ...['name', 'flow', 'accountId', 'addressKey', 'challengeId', 'network', 'agent', 'requestId', 'because'],
  'at',
]

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Columns as the table names them; and as they are selected, under the names of the port. */
const plain = (columns: readonly string[]): string => columns.map(snake).join(', ')
const selected = (columns: readonly string[]): string =>
  columns.map((name) => (snake(name) === name ? name : `${snake(name)} AS ${name}`)).join(', ')

/** Columns of a challenge, a letter, a session, an event. */
export const challengeColumns = selected(challengeRow)
export const letterColumns = selected(letterRow)
export const sessionColumns = selected(sessionRow)
export const eventColumns = `seq, ${selected(eventRow)}`

const valuesOf = (columns: readonly string[], row: object): unknown[] =>
  columns.map((name) => (row as Record<string, unknown>)[name] ?? null)

/** Rows of `latchkey_locks`. Every process must place keys alike, of whatever version it is. */
export const slots = 4096

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function slotOf(key: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(key, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % slots
}

/**
 * Holds the keys until the transaction ends: what is counted under them is read by nobody else in between, also where
 * there is no row of theirs yet. Each key has a row of a table that nothing else is done with; these are locked in their
 * order, so that two never wait for each other.
 */
export const lock = (keys: readonly string[]): Statement => ({
  text: 'SELECT slot FROM latchkey_locks FORCE INDEX (PRIMARY) WHERE slot IN ($1) ORDER BY slot FOR UPDATE',
  values: [[...new Set(keys.map(slotOf))].sort((a, b) => a - b)],
})

/** Counts by key, in a statement of its own, so that it sees what was committed while one waited for the lock. */
export const readCounts = (keys: readonly string[]): Statement => ({
  text: 'SELECT name, times, quiet_until AS quietUntil, over_at AS overAt FROM latchkey_limits WHERE name IN ($1)',
  values: [keys],
})

/** A row of `readCounts`. */
export function countOf(row: Record<string, unknown>): [key: string, count: Count] {
  const { name, times, quietUntil, overAt } = row as { name: string; times: string; quietUntil: number; overAt: number }
  return [name, { times: JSON.parse(times), quietUntil, overAt }]
}

/** Challenges by id; `held`: until the transaction ends nobody else changes them. */
export const readChallenges = (ids: readonly string[], held: boolean): Statement => ({
  text: `SELECT ${challengeColumns} FROM latchkey_challenges WHERE id IN ($1) ORDER BY id${held ? ' FOR UPDATE' : ''}`,
  values: [ids],
})

const insert = (table: string, columns: readonly string[], rows: readonly object[]): Statement => ({
  text: `INSERT INTO ${table} (${plain(columns)}) VALUES $1`,
  values: [rows.map((row) => valuesOf(columns, row))],
})

/** What is written of each kind, all rows in one statement. */
export const addChallenges = (rows: readonly Challenge[]): Statement =>
  insert('latchkey_challenges', challengeRow, rows)

export const addSessions = (rows: readonly Session[]): Statement => insert('latchkey_sessions', sessionRow, rows)

export const addLetters = (rows: readonly Letter[]): Statement =>
  insert(
    'latchkey_letters',
    [...letterRow, 'dueAt'],
    rows.map((row) => ({ ...row, dueAt: row.createdAt })),
  )

/** What becomes of challenges that are held. `VALUES()` is what MySQL and MariaDB both know. */
export const setChallenges = (rows: readonly Challenge[]): Statement => {
  const { text, values } = addChallenges([...rows].sort((a, b) => (a.id < b.id ? -1 : 1)))
  const set = ['state', 'triesLeft', 'nonce', 'accountId', 'mails', 'mailedAt'].map(snake)
  return {
    text: `${text} ON DUPLICATE KEY UPDATE ${set.map((name) => `${name} = VALUES(${name})`).join(', ')}`,
    values: values!,
  }
}

/** Counts as they are now, under keys that are held. */
export const setCounts = (counts: readonly (readonly [string, Count])[]): Statement => ({
  text: `INSERT INTO latchkey_limits (name, times, quiet_until, over_at) VALUES $1 ON DUPLICATE KEY UPDATE
    times = VALUES(times), quiet_until = VALUES(quiet_until), over_at = VALUES(over_at)`,
  values: [
    [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { times, quietUntil, overAt }]) => [key, JSON.stringify(times), quietUntil, overAt]),
  ],
})

export const dropCounts = (keys: readonly string[]): Statement => ({
  text: 'DELETE FROM latchkey_limits WHERE name IN ($1)',
  values: [keys],
})

/**
 * Numbers and notes events: the last statements of a transaction, for the row of the last number is held from here on.
 * The number is the session's own until it asks for another.
 */
export const addEvents = (events: readonly AuditEvent[]): Statement[] => [
  { text: 'UPDATE latchkey_last_event SET seq = LAST_INSERT_ID(seq + $1)', values: [events.length] },
  {
    text: `INSERT INTO latchkey_events (seq, ${plain(eventRow)}) VALUES
      ${events.map((_, at) => `(LAST_INSERT_ID() - ${events.length - 1 - at}, $${at + 1})`).join(', ')}`,
    values: events.map((event) => valuesOf(eventRow, event)),
  },
]

/** A statement that touches one row or none, and answers whether it did; the event, if any, is noted where it did. */
export const noted = (db: Mysql, change: Statement, event: AuditEvent | null): Promise<boolean> =>
  db.transaction(async (transaction) => {
    const [done] = await transaction.all(change)
    if (done!.count !== 1) return false
    await transaction.commit(...(event ? addEvents([event]) : []))
    return true
  })

/** What writes a draft; the events last. */
export const statementsOf = (written: Written): Statement[] => {
  const { opened, moved, counts, gone, sessions, letters, events } = written
  return [
    ...(opened.length > 0 ? [addChallenges(opened)] : []),
    ...(moved.length > 0 ? [setChallenges(moved)] : []),
    ...(counts.length > 0 ? [setCounts(counts)] : []),
    ...(gone.length > 0 ? [dropCounts(gone)] : []),
    ...(sessions.length > 0 ? [addSessions(sessions)] : []),
    ...(letters.length > 0 ? [addLetters(letters)] : []),
    ...(events.length > 0 ? addEvents(events) : []),
  ]
}
