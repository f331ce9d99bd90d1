/** A change of a password that is kept elsewhere, in SQLite: begun here, set there, ended here. */
import type { DatabaseSync } from 'node:sqlite'
import type { Change, Ending, PendingChange } from '../engine/ports.ts'
import { type Rows, rowOf } from './sqlite-rows.ts'

/** The operations of this file; `goWith` is what goes with any change. */
export function pendingOperations(db: DatabaseSync, rows: Rows, goWith: GoWith) {
  const isGranted = db.prepare(`SELECT 1 FROM latchkey_challenges
    WHERE id = ? AND state <> 'closed' AND nonce IS ? AND account_id = ?`)
  const close = db.prepare(`UPDATE latchkey_challenges SET state = 'closed' WHERE id = ?`)
  const isPending = db.prepare('SELECT 1 FROM latchkey_changes WHERE account_id = ?')
  const begin = db.prepare(
    'INSERT INTO latchkey_changes (account_id, id, begun_at, due_at, body) VALUES (?, ?, ?, ?, ?)',
  )
  const end = db.prepare('DELETE FROM latchkey_changes WHERE account_id = ? AND id = ?')
  const due = db.prepare(`SELECT id, account_id AS accountId, begun_at AS begunAt, body FROM latchkey_changes
    WHERE due_at <= ? ORDER BY due_at, id LIMIT ?`)
  const hold = db.prepare('UPDATE latchkey_changes SET due_at = ? WHERE account_id = ?')

  return {
    beginChange(pending: PendingChange, challenge: Change['challenge'], dueAt: number): 'begun' | 'busy' | 'dead' {
      const { id, accountId, begunAt, body } = pending
      if (isPending.get(accountId)) return 'busy'
      if (challenge && !isGranted.get(challenge.id, challenge.nonce, challenge.boundTo)) return 'dead'
      if (challenge && challenge.boundTo !== accountId) close.run(challenge.id)
      begin.run(accountId, id, begunAt, dueAt, body)
      return 'begun'
    },
    endChange({ id, accountId }: Pick<PendingChange, 'id' | 'accountId'>, at: number, ending: Ending): boolean {
      if (end.run(accountId, id).changes === 0) return false
      if (ending.kind === 'changed') goWith(accountId, ending.replaced, at, ending)
      else rows.note(ending.event)
      return true
    },
    dueChanges(count: number, at: number, until: number): PendingChange[] {
      const found = due.all(at, count).map((row) => rowOf<PendingChange>(row)!)
      for (const { accountId } of found) hold.run(until, accountId)
      return found
    },
  }
}

/** What goes with a change: the account's proofs, its sessions, its counts, and the oldest of its passwords. */
export type GoWith = (
  accountId: string,
  replaced: string | null,
  at: number,
  change: Pick<Change, 'history' | 'session' | 'forget' | 'event' | 'letter'>,
  boundTo?: string,
) => void
