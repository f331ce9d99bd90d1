/** Sessions and settings, accounts of our own table, and the removal of what is over. */
import { lowerAscii } from '../accounts/tidy.ts'
import type { AuditEvent } from '../engine/audit.ts'
import { Fault } from '../engine/outcome.ts'
import type { Accounts, NewAccount, Setting, Store } from '../engine/ports.ts'
import { challengeAge, letterAge, step } from './ages.ts'
import type { Mysql } from './mysql-pool.ts'
import { addEvents, lock, noted } from './mysql-rows.ts'
import type { Users } from './mysql-users.ts'
import { asKept, chosen, lookedFor } from './new-accounts.ts'
import { type AgePiece, byAge, byPlace, type PlacePiece } from './removal.ts'
import type { Statement } from './transaction.ts'

/** The operations of this file. */
export const restOperations = (db: Mysql): Pick<Store, 'endSession' | 'settings' | 'setSetting' | 'purge'> => ({
  async endSession(id, event) {
    await noted(db, { text: 'DELETE FROM latchkey_sessions WHERE id = $1', values: [id] }, event)
  },
  async settings() {
    const [all] = await db.read({ text: 'SELECT name, value, version FROM latchkey_settings ORDER BY name' })
    return all!.rows as unknown as Setting[]
  },
  /** The version that is there decides who was first. */
  async setSetting({ name, value, version }, at, event) {
    if (!Number.isInteger(version) || version < 1) return false
    const text =
      version === 1
        ? 'INSERT IGNORE INTO latchkey_settings (name, value, version, changed_at) VALUES ($1, $2, $3, $4)'
        : `UPDATE latchkey_settings SET value = $2, version = $3, changed_at = $4
          WHERE name = $1 AND version = $3 - 1`
    return noted(db, { text, values: [name, value, version, at] }, event)
  },
  purge: purger(db),
})

/** What another process is removing is passed over. */
function purger(db: Mysql): Store['purge'] {
  const purgeLimits = byPlace(limitsOf(db))
  const challenges = byAge(sweepOf(db, 'latchkey_challenges', 'id', 'expires_at'))
  const sent = byAge(sweepOf(db, 'latchkey_letters', 'seq', 'created_at', `AND state = 'sent'`))
  const dropped = byAge(sweepOf(db, 'latchkey_letters', 'seq', 'created_at', `AND state = 'dropped'`))
  const sessions = byAge(sweepOf(db, 'latchkey_sessions', 'id', 'expires_at'))
  return async (at) => {
    let total = await challenges(at - challengeAge)
    total += await sent(at - letterAge)
    total += await dropped(at - letterAge)
    total += await sessions(at)
    return total + (await purgeLimits(at))
  }
}

const sweepOf =
  (db: Mysql, table: string, key: string, age: string, more = ''): AgePiece =>
  (after, until) =>
    db.transaction(async (transaction) => {
      const [over] = await transaction.all({
        text: `SELECT ${key} AS one, ${age} AS age FROM ${table} WHERE ${age} >= $1 AND ${age} <= $2 ${more}
          ORDER BY ${age} LIMIT ${step} FOR UPDATE SKIP LOCKED`,
        values: [after, until],
      })
      const rows = over!.rows as { one: string | number; age: number }[]
      if (rows.length === 0) return { gone: 0, last: null }
      const ones = rows.map(({ one }) => one)
      await transaction.commit({ text: `DELETE FROM ${table} WHERE ${key} IN ($1)`, values: [ones] })
      return { gone: ones.length, last: rows.at(-1)!.age }
    })

/** By key: an index on the end of each count would cost every ask more than this costs a minute. */
const limitsOf =
  (db: Mysql): PlacePiece =>
  async (after, at) => {
    const [page] = await db.read({
      text: `SELECT name, over_at AS overAt FROM latchkey_limits WHERE name > $1 ORDER BY name LIMIT ${step}`,
      values: [after],
    })
    const seen = page!.rows as { name: string; overAt: number }[]
    const over = seen.filter(({ overAt }) => overAt <= at).map(({ name }) => name)
    const text = 'DELETE FROM latchkey_limits WHERE name IN ($1) AND over_at <= $2'
    const gone = over.length > 0 ? (await db.write({ text, values: [over, at] })).count : 0
    return { gone, next: seen.length < step ? null : seen.at(-1)!.name }
  }

/** Adds rows to our own table, one caller at a time. */
export function adder(db: Mysql, users: Users): Accounts['add'] {
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
        text: 'SELECT email, username FROM users WHERE email IN ($1) OR username IN ($2)',
        values: [emails, names],
      })
      const there = found!.rows.map(({ email, username }) => ({
        email: lowerAscii(String(email)),
        username: username === null ? null : lowerAscii(String(username)),
      }))
      const { added, taken } = chosen(given, there)
      if (added.length === 0) return { taken }
      const [, made] = await transaction.all(insert(added, at), {
        text: 'SELECT id, email FROM users WHERE email IN ($1)',
        values: [added.map(({ email }) => email)],
      })
      const idOf = new Map(made!.rows.map(({ id, email }) => [email, String(id)]))
      const events = added.map((row): AuditEvent => ({ ...event!, accountId: idOf.get(row.email)! }))
      await transaction.commit(...(event ? addEvents(events) : []))
      return { taken }
    })
}

const insert = (rows: readonly NewAccount[], at: number): Statement => ({
  text: `INSERT INTO users (email, username, password_hash, email_verified, is_active, created_at) VALUES $1`,
  values: [rows.map((row) => [row.email, row.username, row.passwordHash, row.verified, row.active, at])],
})
