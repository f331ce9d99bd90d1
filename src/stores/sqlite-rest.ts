/** Sessions, accounts of our own table, and the removal of what is over. */
import type { DatabaseSync } from 'node:sqlite'
import { findable, tidyAddress } from '../accounts/tidy.ts'
import type { AuditEvent } from '../engine/audit.ts'
import { Fault } from '../engine/outcome.ts'
import type { NewAccount, Session } from '../engine/ports.ts'
import { challengeAge, letterAge, step } from './ages.ts'
import type { Rows } from './sqlite-rows.ts'
import { addressParameters, type Users } from './sqlite-users.ts'

/** The operations of this file. */
export function restOperations(db: DatabaseSync, rows: Rows, users: Users) {
  const endSession = db.prepare('DELETE FROM latchkey_sessions WHERE id = ?')
  return {
    openSession(session: Session, event: AuditEvent): void {
      rows.openSession(session)
      rows.note(event)
    },
    endSession(id: string, event: AuditEvent): void {
      if (endSession.run(id).changes === 1) rows.note(event)
    },
    addAccounts: users.isOwn ? adder(db, rows) : refuseToAdd(users.table),
    ...purges(db),
  }
}

/** What can be purged a step at a time by one index. */
export const purged = ['challenges', 'letters', 'sessions'] as const

function purges(db: DatabaseSync) {
  const sweep = (table: string, key: string, where: string) =>
    db.prepare(`DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${where} LIMIT ${step})`)
  const sweeps = {
    challenges: [sweep('latchkey_challenges', 'id', 'expires_at <= ?'), challengeAge],
    letters: [sweep('latchkey_letters', 'seq', `state <> 'queued' AND created_at <= ?`), letterAge],
    sessions: [sweep('latchkey_sessions', 'id', 'expires_at <= ?'), 0],
  } as const
  const lastOfStep = db.prepare(`SELECT key FROM latchkey_limits WHERE key > ? ORDER BY key LIMIT 1 OFFSET ${step - 1}`)
  const limits = db.prepare('DELETE FROM latchkey_limits WHERE key > ? AND key <= ? AND over_at <= ?')
  const lastLimits = db.prepare('DELETE FROM latchkey_limits WHERE key > ? AND over_at <= ?')

  return {
    purge(what: (typeof purged)[number], at: number): number {
      const [statement, age] = sweeps[what]
      return Number(statement.run(at - age).changes)
    },
    /** Walks by key: an index on the end of each count would cost every ask more than this costs a minute. */
    purgeLimits(after: string, at: number): { gone: number; next: string | null } {
      const next = lastOfStep.get(after)?.key as string | undefined
      const { changes } = next === undefined ? lastLimits.run(after, at) : limits.run(after, next, at)
      return { gone: Number(changes), next: next ?? null }
    },
  }
}

type Add = (added: readonly NewAccount[], at: number, event?: AuditEvent) => { taken: number[] }

function adder(db: DatabaseSync, rows: Rows): Add {
  const taken = db.prepare(`SELECT 1 FROM users WHERE lower(email) IN (?, ?)
    UNION ALL SELECT 1 FROM users WHERE lower(username) = lower(?) LIMIT 1`)
  const insert = db.prepare(`INSERT INTO users (email, username, password_hash, email_verified, is_active, created_at)
    VALUES (?, ?, ?, ?, ?, ?)`)
  return (added, at, event) => {
    const left: number[] = []
    for (const [index, row] of added.entries()) {
      const email = findable(row.email)
      const username = row.username || null
      const [one, other] = addressParameters(tidyAddress(email) ?? email)
      if (taken.get(one, other, username)) {
        left.push(index)
        continue
      }
      const truths = [row.verified ? 1 : 0, row.active ? 1 : 0]
      const { lastInsertRowid } = insert.run(email, username, row.passwordHash, ...truths, at)
      if (event) rows.note({ ...event, accountId: String(lastInsertRowid) })
    }
    return { taken: left }
  }
}

const refuseToAdd =
  (table: string): Add =>
  () => {
    throw new Fault('configuration', `Accounts are added to ${table} by the application that the table belongs to.`)
  }
