/** The outbox: letters are leased, and settled only by whom still holds the lease. */
import type { AuditEvent } from '../engine/audit.ts'
import type { Leased, Letter, Settlement, Store } from '../engine/ports.ts'
import type { Mysql } from './mysql-pool.ts'
import { addChallenges, addEvents, addLetters, letterColumns, noted } from './mysql-rows.ts'
import type { Statement } from './transaction.ts'

/** The operations of this file. */
export const letterOperations = (db: Mysql): Pick<Store, 'lease' | 'renew' | 'settle'> => ({
  /** Letters that another takes in this very moment are passed over, so that nobody waits. */
  lease: (count, at, until, lease) =>
    db.transaction(async (transaction) => {
      const [due] = await transaction.all({
        text: `SELECT ${letterColumns}, attempts, seq FROM latchkey_letters WHERE state = 'queued' AND due_at <= $1
          ORDER BY due_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED`,
        values: [at, count],
      })
      const held = due!.rows as unknown as (Letter & { attempts: number; seq: number })[]
      if (held.length === 0) return []
      await transaction.commit({
        text: 'UPDATE latchkey_letters SET lease = $1, due_at = $2 WHERE seq IN ($3)',
        values: [lease, until, held.map(({ seq }) => seq)],
      })
      return held.map(({ attempts, seq: _, ...letter }): Leased => ({ letter, attempts, lease }))
    }),

  async renew(lease, until) {
    await db.write({ text: 'UPDATE latchkey_letters SET due_at = $1 WHERE lease = $2', values: [until, lease] })
  },

  settle: (id, lease, at, settlement, event) =>
    settlement.kind === 'split'
      ? split(db, id, lease, settlement, event)
      : noted(db, settling(settlement, id, lease, at), event),
})

/** All of it or nothing, and nothing where the lease was lost: so that no account gets two letters for one. */
const split = (
  db: Mysql,
  id: string,
  lease: string,
  { letters, challenges }: Extract<Settlement, { kind: 'split' }>,
  event: AuditEvent | null,
): Promise<boolean> =>
  db.transaction(async (transaction) => {
    const [ended] = await transaction.all(settling({ kind: 'dropped' }, id, lease, 0))
    if (ended?.count !== 1) return false
    await transaction.commit(
      ...(challenges.length > 0 ? [addChallenges(challenges)] : []),
      ...(letters.length > 0 ? [addLetters(letters)] : []),
      ...(event ? addEvents([event]) : []),
    )
    return true
  })

/** The address goes with the letter's turn; the row stays a while to tell what became of it. */
function settling(
  settlement: Exclude<Settlement, { kind: 'split' }>,
  id: string,
  lease: string,
  at: number,
): Statement {
  const held = 'lease = NULL WHERE id = $1 AND lease = $2'
  switch (settlement.kind) {
    case 'sent':
    case 'dropped':
      return {
        text: `UPDATE latchkey_letters SET state = $3, sealed_address = '', ${held}`,
        values: [id, lease, settlement.kind],
      }
    case 'again':
      return {
        text: `UPDATE latchkey_letters SET due_at = $3, attempts = attempts + 1, because = $4, ${held}`,
        values: [id, lease, settlement.at, settlement.because],
      }
    case 'given-back':
      return { text: `UPDATE latchkey_letters SET due_at = $3, because = NULL, ${held}`, values: [id, lease, at] }
  }
}
