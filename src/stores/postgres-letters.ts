/** The outbox: letters are leased, and settled only by whom still holds the lease. */
import type { Leased, Letter, Settlement, Store } from '../engine/ports.ts'
import type { Postgres, Statement } from './postgres-pool.ts'
import { letterColumns, noted } from './postgres-rows.ts'

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
    const values = [id, lease, ...valuesOf(settlement, at)]
    const change = (...names: string[]) => settling(settlement, names)
    const statement: Statement = event
      ? noted(change, values, event)
      : { text: change(...values.map((_, at) => `$${at + 1}`)), values }
    return (await db.write(statement)).count === 1
  },
})

/** The address goes with the letter's turn; the row stays a while to tell what became of it. */
function settling({ kind }: Settlement, [id, lease, first, because]: readonly string[]): string {
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

function valuesOf(settlement: Settlement, at: number): unknown[] {
  switch (settlement.kind) {
    case 'again':
      return [settlement.at, settlement.because]
    case 'given-back':
      return [at]
    default:
      return [settlement.kind]
  }
}
