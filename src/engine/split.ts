/**
 * Several accounts under one address, which some tables allow: each gets a letter of its own with a link. Where codes are
 * mailed one letter with one code is for all of them, as long as their addresses are the same to the letter and there is a
 * code to mail; which account is then chosen after the proof, for a choice before it would tell a stranger how many
 * there are.
 */
import { type AuditEvent, event, nobody } from './audit.ts'
import { mostAccounts } from './bound.ts'
import type { Flow } from './flow.ts'
import { digest, seal } from './keys.ts'
import type { Account, Challenge, Kit, Letter, Settlement } from './ports.ts'

/** One letter becomes several; how its turn ends, and what is noted of that. */
export type Split = {
  readonly kind: 'split'
  readonly settlement: Extract<Settlement, { kind: 'split' }>
  readonly event: AuditEvent
}

/**
 * The letters of these accounts in place of one. Ids derive from the letter's and the account's. Each gets a challenge like
 * the ask's, which no browser holds and no code proves: these letters carry links, for a code does not say whose it is.
 */
export function splitFor(
  kit: Pick<Kit, 'clock' | 'keys' | 'random'>,
  flow: Flow,
  letter: Letter,
  address: string,
  challenge: Challenge | null,
  accounts: readonly Account[],
): Split {
  const { current } = kit.keys
  const served = accounts.slice(0, mostAccounts)
  const idOf = (what: 'letter' | 'challenge', { id }: Account): string =>
    digest(current, 'challenge', ['split', what, letter.id, id])
  const challenges = served.flatMap((account): Challenge[] => {
    if (!challenge) return []
    const id = idOf('challenge', account)
    return [{ ...challenge, id, keyId: current.id, browser: null, triesLeft: 0, accountId: null, mails: id }]
  })
  const letters = served.map((account, at): Letter => {
    const id = idOf('letter', account)
    const sealedAddress = seal(current, kit.random, id, address)
    const challengeId = challenges[at]?.id ?? null
    return { ...letter, id, accountId: account.id, challengeId, sealedAddress, keyId: current.id }
  })
  const because = 'a letter for each account'
  const noted = { flow: flow.name, challengeId: letter.challengeId, because }
  return {
    kind: 'split',
    settlement: { kind: 'split', letters, challenges },
    event: event(kit.clock.now(), 'letter.dropped', nobody, noted),
  }
}
