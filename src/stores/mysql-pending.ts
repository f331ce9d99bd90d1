/** A change of a password that is kept elsewhere, in MySQL: begun here, set there, ended here, under the account's lock. */
import type { PendingChange, Store } from '../engine/ports.ts'
import { draftOf } from './draft.ts'
import { isAsGranted, type Open } from './live.ts'
import type { Mysql } from './mysql-pool.ts'
import { challengesOf, closeAll, closing, holds } from './mysql-proofs.ts'
import { lock, statementsOf } from './mysql-rows.ts'
import type { Statement } from './transaction.ts'

/** The operations of this file. */
export const pendingOperations = (
  db: Mysql,
  onQueued: () => void,
): Pick<Store, 'beginChange' | 'endChange' | 'dueChanges'> => ({
  beginChange: (pending, challenge, dueAt) =>
    db.transaction(async (transaction) => {
      const { accountId } = pending
      const boundTo = challenge?.boundTo ?? accountId
      const [, there, found] = await transaction.all(
        lock([holds(accountId), holds(boundTo)]),
        pendingOf(accountId),
        challengesOf(accountId, boundTo),
      )
      if (there!.rows.length > 0) return 'busy'
      const open = found!.rows as Open[]
      if (challenge && !open.some(isAsGranted(challenge))) return 'dead'
      const closed = challenge && boundTo !== accountId ? [closeAll([challenge])] : []
      await transaction.commit(...closed, add(pending, dueAt))
      return 'begun'
    }),

  async endChange({ id, accountId }, at, ending) {
    const ended = await db.transaction(async (transaction) => {
      const forget = ending.kind === 'changed' ? ending.forget : []
      const [, there, found] = await transaction.all(
        lock([holds(accountId), ...forget]),
        pendingOf(accountId),
        challengesOf(accountId),
      )
      if (there!.rows[0]?.id !== id) return false
      const draft = draftOf(new Map(), new Map())
      const changed = ending.kind === 'changed' ? ending : null
      if (changed?.session) draft.openSession(changed.session)
      if (changed) draft.queue(changed.letter)
      draft.note(ending.event)
      const also = changed ? closing(accountId, changed.replaced, at, changed, found!.rows as Open[]) : []
      const gone = { text: 'DELETE FROM latchkey_changes WHERE account_id = $1', values: [accountId] }
      await transaction.commit(gone, ...also, ...statementsOf(draft.written()))
      return true
    })
    if (ended && ending.kind === 'changed') onQueued()
    return ended
  },

  dueChanges: (count, at, until) =>
    db.transaction(async (transaction) => {
      const [due] = await transaction.all({
        text: `SELECT id, account_id AS accountId, begun_at AS begunAt, body FROM latchkey_changes WHERE due_at <= $1
          ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED`,
        values: [at, count],
      })
      const held = due!.rows as unknown as PendingChange[]
      if (held.length === 0) return []
      await transaction.commit({
        text: 'UPDATE latchkey_changes SET due_at = $1 WHERE account_id IN ($2)',
        values: [until, held.map(({ accountId }) => accountId)],
      })
      return held
    }),
})

const pendingOf = (accountId: string): Statement => ({
  text: 'SELECT id FROM latchkey_changes WHERE account_id = $1 FOR UPDATE',
  values: [accountId],
})

const add = ({ id, accountId, begunAt, body }: PendingChange, dueAt: number): Statement => ({
  text: 'INSERT INTO latchkey_changes (account_id, id, begun_at, due_at, body) VALUES ($1)',
  values: [[accountId, id, begunAt, dueAt, body]],
})
