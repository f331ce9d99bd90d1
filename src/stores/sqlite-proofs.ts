/** What becomes of a challenge: bound, tried, proved, and closed when the password, or its hash, is written. */
import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent } from '../engine/audit.ts'
import type { Take } from '../engine/limits.ts'
import type { Account, Binding, Challenge, Change, Renewal, Store, Taken } from '../engine/ports.ts'
import { isOpen, joining } from './live.ts'
import { type GoWith, pendingOperations } from './sqlite-pending.ts'
import { challengeColumns, hitsOf, type Rows, rowOf } from './sqlite-rows.ts'
import { expiryFor, type Users } from './sqlite-users.ts'

type Notice = Parameters<Store['takeTry']>[3]

/** The operations of this file. */
export function proofOperations(db: DatabaseSync, rows: Rows, users: Users) {
  const bind = binder(db, rows, users)
  const writes = passwordWriter(db, users)
  const goWith = follower(db, rows, users, writes)
  const change = changer(db, goWith, writes)
  const countTry = db.prepare(`UPDATE latchkey_challenges SET tries_left = tries_left - 1
    WHERE id = ? AND state = 'open' AND expires_at > ? AND tries_left > 0`)
  const prove = db.prepare(`UPDATE latchkey_challenges SET state = 'proved', nonce = ?
    WHERE id = ? AND state = 'open' AND expires_at > ?`)

  return {
    bind,
    change,
    renewHash({ account, passwordHash, event }: Renewal): boolean {
      if (!writes.set(account, passwordHash)) return false
      writes.closeAll(account.id)
      rows.note(event)
      return true
    },
    ...pendingOperations(db, rows, goWith),
    takeTry(id: string, at: number, takes: readonly Take[], notice: Notice): boolean {
      const challenge = rows.challenge(id)
      if (!challenge || !isOpen(challenge, at) || challenge.triesLeft <= 0) return false
      const weighed = rows.weigh(takes, at)
      const hits = hitsOf(weighed)
      if (hits.length > 0) {
        rows.tellOfFirst(weighed, at, notice.event)
        if (notice.queue && hits.some((hit) => hit.first && hit.limit === notice.limit)) rows.queue(notice.letter)
        return false
      }
      rows.count(weighed, at)
      return countTry.run(id, at).changes === 1
    },
    wrongTry(at: number, takes: readonly Take[], event: AuditEvent, notice: Notice): Taken {
      const weighed = rows.weigh(takes, at)
      const hits = hitsOf(weighed)
      rows.note(event)
      rows.tellOfFirst(weighed, at, notice.event)
      if (notice.queue && hits.some((hit) => hit.first && hit.limit === notice.limit)) rows.queue(notice.letter)
      return { hits }
    },
    prove(
      id: string,
      nonce: string,
      at: number,
      giveBack: readonly string[],
      forget: readonly string[],
      event: AuditEvent,
    ): boolean {
      if (prove.run(nonce, id, at).changes === 0) return false
      rows.giveBack(giveBack, forget)
      rows.note(event)
      return true
    },
  }
}

function binder(db: DatabaseSync, rows: Rows, users: Users) {
  const live = db.prepare(`SELECT ${challengeColumns} FROM latchkey_challenges
    WHERE account_id = ? AND flow = ? AND state <> 'closed' AND state = 'open' AND mails = id AND expires_at > ?
    ORDER BY asked_at, id`)
  const set = db.prepare('UPDATE latchkey_challenges SET account_id = ?, mails = ? WHERE id = ? AND account_id IS NULL')
  const close = db.prepare(`UPDATE latchkey_challenges SET state = 'closed' WHERE id = ?`)
  const column = users.reset && db.prepare(`UPDATE ${users.table} SET ${users.reset.assign} WHERE ${users.id} = ?`)

  function bindFirst(asked: Challenge, binding: Binding): Challenge {
    const { accountId, at } = binding
    const others = live.all(accountId, asked.flow, at).map((row) => rowOf<Challenge>(row)!)
    const { mails, closes } = joining(others, binding)
    if (closes) close.run(closes)
    set.run(accountId, mails, asked.id)
    return { ...asked, accountId, mails }
  }

  return (binding: Binding): Challenge | null => {
    const { challengeId, accountId, at } = binding
    const asked = rows.challenge(challengeId)
    if (!asked || !isOpen(asked, at)) return null
    const bound = asked.accountId === null ? bindFirst(asked, binding) : asked
    const mailed = rows.challenge(bound.mails)
    // Bound to another account, it was meant for whoever had the address then.
    if (bound.accountId !== accountId || !mailed || !isOpen(mailed, at)) return null
    if (binding.column && mailed.id === challengeId) {
      column?.run(binding.column.reference, expiryFor(users, binding.column.expiresAt), accountId)
    }
    return mailed
  }
}

function passwordWriter(db: DatabaseSync, users: Users) {
  const setPassword = db.prepare(users.setPassword)
  const clearReset = users.clearReset === null ? null : db.prepare(users.clearReset)
  const close = db.prepare(`UPDATE latchkey_challenges SET state = 'closed'
    WHERE account_id IN (?, ?) AND state <> 'closed'`)
  return {
    /** Only where the account is as it was seen; false where it is not. */
    set({ id, passwordHash: old, email, ...facts }: Account, passwordHash: string): boolean {
      const { verified, active, secondFactor, signOn } = facts
      const seen = [verified, active, secondFactor, signOn].map(Number)
      if (setPassword.run(passwordHash, id, old, email, ...seen).changes !== 1) return false
      clearReset?.run(id)
      return true
    },
    /** Every challenge that the account has open, and those that are bound to what stands for it among several. */
    closeAll: (accountId: string, boundTo = accountId): void => void close.run(accountId, boundTo),
  }
}

type Writes = ReturnType<typeof passwordWriter>

function changer(db: DatabaseSync, goWith: GoWith, writes: Writes) {
  // Two guarded updates decide, each by its count of rows; what the first did is undone when the second fails.
  const close = db.prepare(`UPDATE latchkey_challenges SET state = 'closed'
    WHERE id = ? AND state IN ('open', 'proved') AND nonce IS ? AND account_id = ?`)
  const [save, undo, done] = ['SAVEPOINT one', 'ROLLBACK TO one', 'RELEASE one'].map((sql) => db.prepare(sql))

  function guard({ challenge, account, passwordHash }: Change): boolean {
    if (challenge && close.run(challenge.id, challenge.nonce, challenge.boundTo).changes !== 1) return false
    return writes.set(account, passwordHash)
  }

  return (change: Change): boolean => {
    save!.run()
    const won = guard(change)
    if (!won) undo!.run()
    done!.run()
    if (won) goWith(change.account.id, change.account.passwordHash, change.at, change, change.challenge?.boundTo)
    return won
  }
}

function follower(db: DatabaseSync, rows: Rows, users: Users, writes: Writes): GoWith {
  const endTheirs = users.endSessions === null ? null : db.prepare(users.endSessions)
  const endSessions = db.prepare('DELETE FROM latchkey_sessions WHERE account_id = ?')
  const remember = db.prepare('INSERT INTO latchkey_history VALUES (NULL, ?, ?, ?)')
  const trim = db.prepare(`DELETE FROM latchkey_history WHERE seq IN
    (SELECT seq FROM latchkey_history WHERE account_id = ? ORDER BY seq DESC LIMIT -1 OFFSET ?)`)

  return (id, replaced, at, { history, session, forget, event, letter }, boundTo) => {
    if (replaced !== null && history > 0) remember.run(id, replaced, at)
    trim.run(id, history)
    writes.closeAll(id, boundTo)
    endSessions.run(id)
    endTheirs?.run(id)
    if (session) rows.openSession(session)
    rows.giveBack([], forget)
    rows.note(event)
    rows.queue(letter)
  }
}
