/** Sessions and settings, accounts of our own table, and the removal of what is over. */
import type { AuditEvent } from '../engine/audit.ts'
import { Fault } from '../engine/outcome.ts'
import type { Accounts, NewAccount, Setting, Store } from '../engine/ports.ts'
import { challengeAge, letterAge, step } from './ages.ts'
import { asKept, chosen, lookedFor } from './new-accounts.ts'
import type { Postgres, Statement } from './postgres-pool.ts'
import { addEvents, lock, noted } from './postgres-rows.ts'
import type { Users } from './postgres-users.ts'
import { type AgePiece, byAge, byPlace, type PlacePiece } from './removal.ts'

/** The operations of this file. */
export const restOperations = (db: Postgres): Pick<Store, 'endSession' | 'settings' | 'setSetting' | 'purge'> => ({
  async endSession(id, event) {
    await db.write(noted((one) => `DELETE FROM latchkey_sessions WHERE id = ${one}`, [id], event))
  },
  async settings() {
    const [all] = await db.read({ text: 'SELECT name, value, version FROM latchkey_settings ORDER BY name' })
    return all!.rows as unknown as Setting[]
  },
  /** The version that is there decides who was first. */
  async setSetting({ name, value, version }, at, event) {
    if (!Number.isInteger(version) || version < 1) return false
    const change = (...[one, text, number, when]: string[]) =>
      version === 1
        ? `INSERT INTO latchkey_settings (name, value, version, changed_at) VALUES (${one}, ${text}, ${number}, ${when})
          ON CONFLICT (name) DO NOTHING`
        : `UPDATE latchkey_settings SET value = ${text}, version = ${number}, changed_at = ${when}
          WHERE name = ${one} AND version = ${number}::integer - 1`
    const values = [name, value, version, at]
    const plain = (): Statement => ({ text: change(...values.map((_, index) => `$${index + 1}`)), values })
    return (await db.write(event ? noted(change, values, event) : plain())).count === 1
  },
  purge: purger(db),
})

/** What another process is removing is passed over. */
function purger(db: Postgres): Store['purge'] {
  const purgeLimits = byPlace(limitsOf(db))
  const challenges = byAge(sweepOf(db, 'latchkey_challenges', 'id', 'expires_at'))
  const letters = byAge(sweepOf(db, 'latchkey_letters', 'seq', 'created_at', `AND state <> 'queued'`))
  const sessions = byAge(sweepOf(db, 'latchkey_sessions', 'id', 'expires_at'))
  return async (at) => {
    let total = await challenges(at - challengeAge)
    total += await letters(at - letterAge)
    total += await sessions(at)
    return total + (await purgeLimits(at))
  }
}

/** In the order of an index: else a table of which nearly all is over is read from its beginning for each piece. */
const sweepOf =
  (db: Postgres, table: string, key: string, age: string, more = ''): AgePiece =>
  async (after, until) => {
    const { rows } = await db.write({
      text: `WITH gone AS (DELETE FROM ${table} WHERE ${key} = ANY(ARRAY(SELECT ${key} FROM ${table}
          WHERE ${age} >= $1 AND ${age} <= $2 ${more} ORDER BY ${age} LIMIT ${step} FOR UPDATE SKIP LOCKED))
          RETURNING ${age} AS age)
        SELECT count(*) AS gone, max(age) AS last FROM gone`,
      values: [after, until],
    })
    return rows[0] as { gone: number; last: number | null }
  }

/**
 * By their place in the table: an index on the end of each count would cost every ask more than this costs a minute, and
 * along the key a removal that begins anew passes over all that the last one removed and the database has not yet cleaned up,
 * which took seconds where it was a million (bench/growth.ts). What moves to a page that was passed is met the next time.
 */
const limitsOf =
  (db: Postgres): PlacePiece =>
  async (after, at) => {
    const from = Number(after)
    const { rows } = await db.write({
      text: `WITH gone AS (DELETE FROM latchkey_limits WHERE key = ANY(ARRAY(SELECT key FROM latchkey_limits
          WHERE ctid >= $1::tid AND ctid < $2::tid AND over_at <= $3 LIMIT ${step} FOR UPDATE SKIP LOCKED)) RETURNING 1)
        SELECT count(*) AS gone, pg_relation_size('latchkey_limits') / current_setting('block_size')::integer AS pages
        FROM gone`,
      values: [`(${from},0)`, `(${from + pagesAtOnce},0)`, at],
    })
    const { gone, pages } = rows[0] as { gone: number; pages: number }
    const to = gone < step ? from + pagesAtOnce : from
    return { gone, next: to < pages ? String(to) : null }
  }
/** Some 2,000 counts, if none was removed there: 2 ms. */
const pagesAtOnce = 32

/** Adds rows to our own table, one caller at a time. */
export function adder(db: Postgres, users: Users): Accounts['add'] {
  if (!users.isOwn) {
    return async () => {
      const owner = 'by the application that the table belongs to'
      throw new Fault('configuration', `Accounts are added to ${users.table} ${owner}.`)
    }
  }
  return (rows, at, event) =>
    db.transaction(async (transaction) => {
      const given = rows.map(asKept)
      const { emails, names } = lookedFor(given)
      const [, found] = await transaction.all(lock(['accounts']), {
        text: `SELECT lower(email COLLATE "C") AS email, lower(username COLLATE "C") AS username FROM users
          WHERE lower(email COLLATE "C") = ANY($1::text[]) OR lower(username COLLATE "C") = ANY($2::text[])`,
        values: [emails, names],
      })
      const { added, taken } = chosen(given, found!.rows)
      if (added.length === 0) return { taken }
      const { rows: ids } = (await transaction.all(insert(added, at)))[0]!
      const idOf = new Map(ids.map(({ id, email }) => [email, String(id)]))
      const events = added.map((row): AuditEvent => ({ ...event!, accountId: idOf.get(row.email)! }))
      await transaction.commit(...(event ? [addEvents(events)] : []))
      return { taken }
    })
}

const insert = (rows: readonly NewAccount[], at: number): Statement => ({
  text: `INSERT INTO users (email, username, password_hash, email_verified, is_active, created_at)
    SELECT email, username, hash, verified, active, $6
    FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::boolean[]) WITH ORDINALITY
      AS given (email, username, hash, verified, active, number) ORDER BY number
    RETURNING id, email`,
  values: [
    rows.map((row) => row.email),
    rows.map((row) => row.username),
    rows.map((row) => row.passwordHash),
    rows.map((row) => row.verified),
    rows.map((row) => row.active),
    at,
  ],
})
