/** The outbox: letters are leased, and settled only by whom still holds the lease. */
import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent } from '../engine/audit.ts'
import type { Leased, Letter, Settlement } from '../engine/ports.ts'
import { letterColumns, type Rows } from './sqlite-rows.ts'

/** The operations of this file. */
export function letterOperations(db: DatabaseSync, rows: Rows) {
  const due = db.prepare(`SELECT ${letterColumns}, attempts, seq FROM latchkey_letters
    WHERE state = 'queued' AND due_at <= ? ORDER BY due_at, seq LIMIT ?`)
  const hold = db.prepare('UPDATE latchkey_letters SET lease = ?, due_at = ? WHERE seq = ?')
  const renew = db.prepare('UPDATE latchkey_letters SET due_at = ? WHERE lease = ?')
  // The address goes with the letter's turn; the row stays a while to tell what became of it.
  const end = db.prepare(`UPDATE latchkey_letters SET state = ?, sealed_address = '', lease = NULL
    WHERE id = ? AND lease = ?`)
  const putOff = db.prepare(`UPDATE latchkey_letters SET due_at = ?, attempts = attempts + ?, because = ?, lease = NULL
    WHERE id = ? AND lease = ?`)

  function settleRow(id: string, lease: string, at: number, settlement: Settlement): boolean {
    switch (settlement.kind) {
      case 'sent':
      case 'dropped':
        return end.run(settlement.kind, id, lease).changes === 1
      case 'split': {
        const held = end.run('dropped', id, lease).changes === 1
        for (const challenge of held ? settlement.challenges : []) rows.openChallenge(challenge)
        for (const letter of held ? settlement.letters : []) rows.queue(letter)
        return held
      }
      case 'again':
        return putOff.run(settlement.at, 1, settlement.because, id, lease).changes === 1
      case 'given-back':
        return putOff.run(at, 0, null, id, lease).changes === 1
    }
  }

  return {
    lease(count: number, at: number, until: number, lease: string): Leased[] {
      return due.all(at, count).map((row) => {
        const { attempts, seq, ...letter } = row as unknown as Letter & { attempts: number; seq: number }
        hold.run(lease, until, seq)
        return { letter, attempts, lease }
      })
    },
    renew: (lease: string, until: number): void => void renew.run(until, lease),
    settle(id: string, lease: string, at: number, settlement: Settlement, event: AuditEvent | null): boolean {
      const held = settleRow(id, lease, at, settlement)
      if (held && event) rows.note(event)
      return held
    },
  }
}
