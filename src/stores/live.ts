/** Pure judgements about challenges, the same in every store. */
import { isOver } from '../engine/life.ts'
import type { Ask, Binding, Challenge, Change } from '../engine/ports.ts'

/** A challenge that is not closed, as a change of password looks at it. */
export type Open = Pick<Challenge, 'id' | 'nonce' | 'accountId'>

/** Whether it is the one that a grant saw: bound as it was, and of that one proof. */
export const isAsGranted =
  ({ id, nonce, boundTo }: NonNullable<Change['challenge']>) =>
  (one: Open): boolean =>
    one.id === id && one.nonce === nonce && one.accountId === boundTo

/** Whether something may still be proved with it. */
export const isOpen = (challenge: Challenge, at: number): boolean =>
  challenge.state === 'open' && challenge.expiresAt > at

/** Until when a resend must wait; 0 when it need not. A clock that stepped back makes nobody wait longer. */
export const waitEnds = (previous: Challenge | null, { at, again }: Ask): number => {
  const until = previous && again?.waitUntil ? Math.min(previous.mailedAt, at) + again.waitUntil : 0
  return until > at ? until : 0
}

/** The asker's own, for the same address, and with enough life left for a letter to be of use. */
export const mayMailAgain = (previous: Challenge, { at, again, challenge }: Ask): boolean =>
  previous.flow === challenge?.flow &&
  previous.addressKey === challenge.addressKey &&
  previous.browser === challenge.browser &&
  previous.state === 'open' &&
  previous.triesLeft > 0 &&
  !isOver(previous.askedAt, previous.expiresAt, at) &&
  previous.expiresAt - at > (again?.halfLife ?? 0)

/**
 * How a challenge joins the account's open ones, oldest first: within the cap with a proof of its own; above it by
 * carrying the newest one's, or in the place of the oldest when that is past half its life. One that a clock made which
 * was ahead opens nothing until that time comes: it makes room.
 */
export function joining(open: readonly Challenge[], binding: Binding): { mails: string; closes: string | null } {
  const { challengeId, at, halfLife, keyIds } = binding
  const live = open.filter((one) => keyIds.includes(one.keyId))
  const ahead = live.find((one) => isOver(one.askedAt, one.expiresAt, at))
  if (ahead) return { mails: challengeId, closes: ahead.id }
  const oldest = live[0]
  const newest = live.at(-1)
  if (!oldest || !newest || live.length < binding.live) return { mails: challengeId, closes: null }
  if (oldest.expiresAt - at >= halfLife) return { mails: newest.id, closes: null }
  return { mails: challengeId, closes: oldest.id }
}
