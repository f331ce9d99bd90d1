/** The outbox: letters are leased, and settled only by whom still holds the lease. */
import type { AuditEvent } from '../engine/audit.ts'
import type { Leased, Letter, Settlement, Store } from '../engine/ports.ts'
import type { Postgres, Statement } from './postgres-pool.ts'
import { addChallenges, addEvents, addLetters, letterColumns, noted } from './postgres-rows.ts'

/** The operations of this file. */
export const letterOperations = (db: Postgres): Pick<Store, 'lease' | 'renew' | 'settle'> => ({
  /** Letters that another takes in this very moment are passed over, so that nobody waits. */
  async lease(count, at, until, lease) {
    const { rows } = await db.write({
      text: `WITH due AS (SELECT seq, due_at AS was FROM latchkey_letters WHERE state = 'queued' AND due_at <= $1
          ORDER BY due_at, seq LIMIT $2 FOR UPDATE SKIP LOCKED)
        UPDATE latchkey_letters AS letter SET lease = $3, due_at = $4 FROM due WHERE letter.seq = due.seq
        RETURNING ${letterColumns}, attempts, due.was, due.seq`,
      values: [at, count, lease, until],
    })
    const held = rows as unknown as (Letter & { attempts: number; was: number; seq: number })[]
    return held
      .sort((a, b) => a.was - b.was || a.seq - b.seq)
      .map(({ attempts, was: _, seq: __, ...letter }): Leased => ({ letter, attempts, lease }))
  },

  async renew(lease, until) {
    await db.write({ text: 'UPDATE latchkey_letters SET due_at = $1 WHERE lease = $2', values: [until, lease] })
  },

  async settle(id, lease, at, settlement, event) {
    if (settlement.kind === 'split') return split(db, id, lease, settlement, event)
    const values = [id, lease, ...valuesOf(settlement, at)]
    const change = (...names: string[]) => settling(settlement, names)
    const statement: Statement = event
      ? noted(change, values, event)
      : { text: change(...values.map((_, at) => `$${at + 1}`)), values }
    return (await db.write(statement)).count === 1
  },
})

/** All of it or nothing, and nothing where the lease was lost: so that no account gets two letters for one. */
const split = (
  db: Postgres,
  id: string,
  lease: string,
  { letters, challenges }: Extract<Settlement, { kind: 'split' }>,
  event: AuditEvent | null,
): Promise<boolean> =>
  db.transaction(async (transaction) => {
    const dropped = { kind: 'dropped' } as const
    const [ended] = await transaction.all({
      text: settling(dropped, ['$1', '$2', '$3']),
      values: [id, lease, ...valuesOf(dropped, 0)],
    })
    if (ended?.count !== 1) return false
    const events = event ? [addEvents([event])] : []
    await transaction.commit(addChallenges(challenges), addLetters(letters), ...events)
    return true
  })

/** The address goes with the letter's turn; the row stays a while to tell what became of it. */
function settling(
  { kind }: Exclude<Settlement, { kind: 'split' }>,
  [id, lease, first, because]: readonly string[],
): string {
  const held = `WHERE id = ${id} AND lease = ${lease}`
  switch (kind) {
    case 'sent':
    case 'dropped':
      return `UPDATE latchkey_letters SET state = ${first}, sealed_address = '', lease = NULL ${held}`
    case 'again':
      return `UPDATE latchkey_letters SET due_at = ${first}, attempts = attempts + 1, because = ${because},
        lease = NULL ${held}`
    case 'given-back':
      return `UPDATE latchkey_letters SET due_at = ${first}, because = NULL, lease = NULL ${held}`
  }
}

function valuesOf(settlement: Exclude<Settlement, { kind: 'split' }>, at: number): unknown[] {
  switch (settlement.kind) {
    case 'again':
      return [settlement.at, settlement.because]
    case 'given-back':
      return [at]
    default:
      return [settlement.kind]
  }
}
