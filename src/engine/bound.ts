/**
 * What a challenge is bound to: an account, by its id, or several accounts of one address, for which one code is. Those
 * are written down in their order, so that the code is for them alone, whoever gets an account with that address since.
 */
import type { Account, Challenge } from './ports.ts'
import { accountOf, uidOf } from './proof.ts'

const mark = 'several:'

/** Characters that a binding may have: indexes of some databases take no more. Ten UUIDs are 498. */
const longest = 512

/** Accounts that one ask serves, at most: what one stranger's ask may cost a mailbox. */
export const mostAccounts = 10

/** What stands for these accounts in `Challenge.accountId`: one's id; several's ids, in this order. */
export const boundTo = (accounts: readonly Pick<Account, 'id'>[]): string =>
  accounts.length === 1 ? accounts[0]!.id : mark + accounts.map(({ id }) => uidOf(id)).join('.')

/** Whether a binding is of several accounts, and so no account's id. */
export const isOfSeveral = (bound: string): boolean => bound.startsWith(mark)

/** The ids that `boundTo` was made of; a decoy's is its own, and nobody's. */
export const idsIn = (bound: string | null): readonly string[] => {
  if (!bound?.startsWith(mark)) return bound === null ? [] : [bound]
  return bound
    .slice(mark.length)
    .split('.')
    .map((uid) => accountOf(uid) ?? '')
}

/** Whether a proof of this challenge is for this account. */
export const isFor = (challenge: Challenge, accountId: string): boolean =>
  idsIn(challenge.accountId).includes(accountId)

/** Those of the accounts that a binding is of, in the order in which its code was made for them. */
export const boundAmong = (bound: string | null, accounts: readonly Account[]): readonly Account[] =>
  idsIn(bound).flatMap((id) => accounts.filter((one) => one.id === id))

/**
 * Whether one letter with one code may be for all of these: where each stores the very same address, for a letter goes to
 * the address that is stored on its account.
 */
export const mayShare = (accounts: readonly Account[]): boolean =>
  accounts.length > 1 &&
  accounts.length <= mostAccounts &&
  accounts.every(({ email }) => email === accounts[0]!.email) &&
  boundTo(accounts).length <= longest
