/** The reference for a change of a password that is kept elsewhere. */
import type * as port from '../engine/ports.ts'
import { goWith, isAsGranted } from './memory-proofs.ts'
import { note, type Rows, refuseTaken } from './memory-rows.ts'

/** `Store.beginChange`. */
export function beginIn(
  rows: Rows,
  pending: port.PendingChange,
  challenge: port.Change['challenge'],
  dueAt: number,
): 'begun' | 'busy' | 'dead' {
  if (rows.pending.has(pending.accountId)) return 'busy'
  if (challenge && !isAsGranted(rows, challenge)) return 'dead'
  if (challenge && challenge.boundTo !== pending.accountId) {
    rows.challenges.set(challenge.id, { ...rows.challenges.get(challenge.id)!, state: 'closed' })
  }
  rows.pending.set(pending.accountId, { ...pending, dueAt })
  return 'begun'
}

/** `Store.endChange`. */
export function endIn(
  rows: Rows,
  { id, accountId }: Pick<port.PendingChange, 'id' | 'accountId'>,
  _at: number,
  ending: port.Ending,
): boolean {
  if (rows.pending.get(accountId)?.id !== id) return false
  if (ending.kind === 'changed') {
    refuseTaken(rows.letters, ending.letter.id)
    if (ending.session) refuseTaken(rows.sessions, ending.session.id)
    goWith(rows, accountId, ending.replaced, ending)
  } else if (ending.kind === 'undone') note(rows, ending.event)
  rows.pending.delete(accountId)
  return true
}

/** `Store.dueChanges`. */
export function dueIn(rows: Rows, most: number, at: number, until: number): port.PendingChange[] {
  const due = [...rows.pending.values()]
    .filter((one) => one.dueAt <= at)
    .sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1))
    .slice(0, most)
  for (const one of due) rows.pending.set(one.accountId, { ...one, dueAt: until })
  return due.map(({ dueAt: _, ...pending }) => pending)
}
