/** Ids that no account has: what a stranger's address is bound to, so that it costs the database what anybody's does. */
import { isOfSeveral } from './bound.ts'
import type { Challenge } from './ports.ts'

/** What a decoy is bound to. */
export const decoyOf = (challenge: Challenge): string => `decoy:${challenge.addressKey}`

/** Whether an id is nobody's: a decoy's, several accounts', or that of a challenge which is not bound. */
export const isNobody = (accountId: string): boolean =>
  accountId === '' || accountId.startsWith('decoy:') || isOfSeveral(accountId)
