/**
 * Proofs and grants: the one file that makes secrets. A proof is derived when its letter is sent, never kept: a MAC over
 * the challenge, the account's state and the expiry. So a retried letter carries the same proof, neither queue nor table
 * holds anything that a reader could use, and a row that is moved, extended or older than a change opens nothing.
 */
import type { Dies, Fact, Flow } from './flow.ts'
import { digest, type Keyring, type Keys, mac, same } from './keys.ts'
import type { Account, Challenge } from './ports.ts'

/** Length of ids and of keyed digests: 128 bits, base64url. */
const idLength = 22
/** Length of a full MAC: 256 bits, base64url. */
const macLength = 43

/** Stands in for an account that is not there, so that a decoy costs the same work as one that is. */
export const noAccount: Account = {
  id: '',
  email: '',
  username: null,
  passwordHash: null,
  verified: false,
  active: false,
  locale: null,
  secondFactor: false,
  signOn: false,
  reset: null,
}

/** A value that changes with the credentials: what proofs and grants are bound to. */
function stamp(account: Account, dies: Dies): string[] {
  const facts: Record<Fact, string> = {
    password: account.passwordHash ?? '',
    email: account.email,
    active: String(account.active),
    verified: String(account.verified),
  }
  return dies.map((fact) => `${fact}=${facts[fact]}`)
}

const about = (flow: Flow, account: Account, expiresAt: number): string[] => [
  flow.name,
  account.id,
  account.email,
  String(expiresAt),
  ...stamp(account, flow.proof.dies),
]

/** The account's id as links carry it. */
export const uidOf = (accountId: string): string => Buffer.from(accountId).toString('base64url')

/** The account's id in a link's `uid`; null for what no link of ours holds. */
export function accountOf(uid: string): string | null {
  if (!/^[\w-]{1,200}$/.test(uid)) return null
  const id = Buffer.from(uid, 'base64url').toString('utf8')
  return uidOf(id) === uid ? id : null
}

/** The token of a stored link: the challenge's id and the MAC; 65 characters. */
export function linkToken(keys: Keys, flow: Flow, challenge: Challenge, account: Account): string {
  return challenge.id + mac(keys, 'link', [keys.id, challenge.id, ...about(flow, account, challenge.expiresAt)])
}

/** The challenge that a stored link's token names; null for what is not a token's form. */
export const challengeOf = (token: string): string | null =>
  token.length === idLength + macLength && /^[\w-]+$/.test(token) ? token.slice(0, idLength) : null

/** Whether the token is the one that this challenge's letter carried, the account being as it was. */
export const isLinkToken = (
  keys: Keys,
  flow: Flow,
  challenge: Challenge,
  account: Account | null,
  token: string,
): boolean => same(linkToken(keys, flow, challenge, account ?? noAccount), token) && account !== null

/**
 * What a bearer shows before any row is read: a digest over what the token itself says, nothing of the account. Without
 * it a forged one is refused unread, so that no answer takes longer because the account that it names is there.
 */
const badge = (keys: Keys, purpose: 'signed' | 'grant', flow: Flow, says: readonly string[]): string =>
  digest(keys, purpose, ['badge', keys.id, flow.name, ...says])

/** The token of a signed link, which no row stands behind: its expiry, its badge and the MAC. */
export function signedToken(keys: Keys, flow: Flow, account: Account, expiresAt: number): string {
  const expiry = expiresAt.toString(36)
  const signature = mac(keys, 'signed', [keys.id, ...about(flow, account, expiresAt)])
  return `${expiry}-${badge(keys, 'signed', flow, [account.id, expiry])}${signature}`
}

const signedForm = /^([0-9a-z]{6,10})-([\w-]{22})[\w-]{43}$/

/** When a signed token says it expires; null for what is not a token's form. The MAC covers it. */
export function signedExpiry(token: string): number | null {
  const found = signedForm.exec(token)
  return found ? Number.parseInt(found[1]!, 36) : null
}

/** Whether a signed token was made by us for an account of this id, whatever has become of it since. */
export function namesAccount(keyring: Keyring, flow: Flow, accountId: string, token: string): boolean {
  const [, expiry = '', shown = ''] = signedForm.exec(token) ?? []
  return keyring.all.map((keys) => same(badge(keys, 'signed', flow, [accountId, expiry]), shown)).includes(true)
}

/** Whether a signed token was made for this account in its present state, under any of our keys. */
export function isSignedToken(keyring: Keyring, flow: Flow, account: Account | null, token: string): boolean {
  const expiresAt = signedExpiry(token) ?? 0
  const matches = keyring.all.map((keys) => same(signedToken(keys, flow, account ?? noAccount, expiresAt), token))
  return matches.includes(true) && account !== null
}

/**
 * The digits of a challenge, uniform by rejection sampling, leading zeros kept. For several accounts they are over all of
 * them in their order, so that they die with a change of any.
 */
export function codeOf(keys: Keys, flow: Flow, challenge: Challenge, accounts: readonly Account[]): string {
  const digits = flow.proof.kind === 'code' ? flow.proof.digits : 6
  const range = 10 ** digits
  const fair = Math.floor(2 ** 48 / range) * range
  const whose = accounts.length > 0 ? accounts : [noAccount]
  const fields = [keys.id, challenge.id, ...whose.flatMap((account) => about(flow, account, challenge.expiresAt))]
  for (let round = 0; ; round++) {
    const words = Buffer.from(mac(keys, 'code', [...fields, String(round)]), 'base64url')
    for (let at = 0; at + 6 <= words.length; at += 6) {
      const word = words.readUIntBE(at, 6)
      if (word < fair) return String(word % range).padStart(digits, '0')
    }
  }
}

/** What the users table's own column holds in place of the token: a keyed digest that opens nothing. */
export const columnReference = (keys: Keys, challengeId: string): string => digest(keys, 'column', [challengeId])

/** What a grant says. `challengeId` is empty where the flow keeps no row. */
export type Grant = { readonly challengeId: string; readonly accountId: string; readonly expiresAt: number }

/** A grant: leave to set one password. Signed over the challenge, its nonce and the stamp; it dies when any of them does. */
export function grantOf(keys: Keys, flow: Flow, grant: Grant, nonce: string | null, account: Account): string {
  const { challengeId, accountId, expiresAt } = grant
  const signature = mac(keys, 'grant', [keys.id, challengeId, nonce ?? '', ...about(flow, account, expiresAt)])
  const says = [challengeId, uidOf(accountId), expiresAt.toString(36)]
  return [...says, badge(keys, 'grant', flow, says) + signature].join('.')
}

/** What a grant claims, before it is believed; null for what is not a grant's form. */
export function readGrant(text: string): Grant | null {
  const found = /^([\w-]{22}|)\.([\w-]{1,200})\.([0-9a-z]{6,10})\.[\w-]{65}$/.exec(text)
  const accountId = found ? accountOf(found[2]!) : null
  if (!found || accountId === null) return null
  return { challengeId: found[1]!, accountId, expiresAt: Number.parseInt(found[3]!, 36) }
}

/** Whether a grant was given by us, whatever has become of its challenge and its account since. */
export function isOurGrant(keyring: Keyring, flow: Flow, text: string): boolean {
  const [challengeId = '', uid = '', expiry = '', signature = ''] = text.split('.')
  const shown = signature.slice(0, idLength)
  return keyring.all.map((keys) => same(badge(keys, 'grant', flow, [challengeId, uid, expiry]), shown)).includes(true)
}

/** Whether the grant was given for this account in its present state, under any of our keys. */
export function isGrant(
  keyring: Keyring,
  flow: Flow,
  text: string,
  grant: Grant,
  nonce: string | null,
  account: Account | null,
): boolean {
  const matches = keyring.all.map((keys) => same(grantOf(keys, flow, grant, nonce, account ?? noAccount), text))
  return matches.includes(true) && account !== null
}

/** A short public name of a grant's challenge, by which two tabs with two accounts are told apart. */
export const handleOf = (keyring: Keyring, flow: Flow, grant: Grant): string =>
  digest(keyring.current, 'handle', [flow.name, grant.challengeId, grant.accountId]).slice(0, 12)
