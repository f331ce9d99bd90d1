/** What becomes of a challenge when its letter finds the account, as a judgement over those that are held. */
import type { Binding, Challenge } from '../engine/ports.ts'
import { isOpen, joining } from './live.ts'

/**
 * Challenges as they are afterwards, those alone that change, and the one whose proof the letter carries; null where it is
 * gone or closed. `found`: the one that was asked for, the one that it mails, and the account's own that are open.
 */
export function bound(
  found: readonly Challenge[],
  binding: Binding,
): { readonly changes: readonly Challenge[]; readonly mailed: Challenge | null } {
  const { challengeId, accountId, at } = binding
  const asked = found.find((one) => one.id === challengeId)
  if (!asked || !isOpen(asked, at)) return { changes: [], mailed: null }
  const changes = asked.accountId === null ? joined(asked, found, binding) : []
  const now = changes.find((one) => one.id === challengeId) ?? asked
  const mailed = changes.find((one) => one.id === now.mails) ?? found.find((one) => one.id === now.mails)
  // Bound to another account, it was meant for whoever had the address then.
  const isGood = now.accountId === accountId && mailed !== undefined && isOpen(mailed, at)
  return { changes, mailed: isGood ? mailed : null }
}

/** What is written when it is bound for the first time. */
function joined(asked: Challenge, found: readonly Challenge[], binding: Binding): Challenge[] {
  const { accountId, at } = binding
  const live = found
    .filter((one) => one.accountId === accountId && one.flow === asked.flow && one.mails === one.id)
    .filter((one) => isOpen(one, at))
    .sort((a, b) => a.askedAt - b.askedAt || (a.id < b.id ? -1 : 1))
  const { mails, closes } = joining(live, binding)
  const closed = live.find((one) => one.id === closes)
  return [...(closed ? [{ ...closed, state: 'closed' as const }] : []), { ...asked, accountId, mails }]
}
