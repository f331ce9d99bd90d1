/**
 * The letter's turn: find the account, judge whether it may recover, derive the proof. Runs off the request's thread, and
 * does the same work in the database for an address that nobody has, so that not even load tells.
 */
import { type AuditEvent, event, nobody } from './audit.ts'
import { boundTo, isFor, mayShare } from './bound.ts'
import { decoyOf } from './decoy.ts'
import type { Flow } from './flow.ts'
import { digest, type Keys, unseal } from './keys.ts'
import { unknownTakes, wrongCodeTakes } from './limits.ts'
import { ineligible } from './policy.ts'
import type { Account, Challenge, Kit, Letter } from './ports.ts'
import { codeOf, columnReference, linkToken, noAccount, signedToken, uidOf } from './proof.ts'
import { type Split, splitFor } from './split.ts'

/** What a letter carries. */
export type Issued =
  | {
      readonly kind: 'send'
      /** Who reads it. A code for several accounts names none of them. */
      readonly account: Account
      /**
       * `other-door`: the account signs in elsewhere, and its letter says where. `no-account`: the address that was typed
       * is told that nobody has it. Null: a notice.
       */
      readonly proof:
        | { readonly kind: 'link' | 'link-instead' | 'code'; readonly secret: string }
        | { readonly kind: 'other-door' | 'no-account'; readonly secret: '' }
        | null
      readonly expiresAt: number
      readonly event: AuditEvent
    }
  | { readonly kind: 'drop'; readonly event: AuditEvent }
  | Split

type Needs = Pick<Kit, 'store' | 'accounts' | 'clock' | 'random' | 'keys' | 'links' | 'limits' | 'tidyAddress'>

/** Nothing is sent with less life left than this: it would be dead on arrival. Milliseconds. */
const leastLife = 120_000

/** What to send for this letter, or why nothing is sent. The same letter gives the same proof however often. */
export async function issue(kit: Needs, flow: Flow, letter: Letter): Promise<Issued> {
  const at = kit.clock.now()
  const drop = (name: 'letter.dropped' | 'letter.expired', because: string, account?: Account): Issued => ({
    kind: 'drop',
    event: event(at, name, nobody, {
      flow: flow.name,
      accountId: account?.id ?? letter.accountId,
      challengeId: letter.challengeId,
      because,
    }),
  })
  if (letter.expiresAt - at < leastLife) return drop('letter.expired', 'too little time left')
  const keys = kit.keys.find(letter.keyId)
  const address = keys && unseal(keys, letter.id, letter.sealedAddress)
  if (!keys || address === null) return drop('letter.dropped', 'key is gone')

  const accounts = await accountsFor(kit, flow, letter, address)
  const account = accounts[0] ?? null
  const challenge = letter.challengeId === null ? null : await kit.store.challenge(letter.challengeId)
  const codesUp = challenge ? await codesUsedUp(kit, flow, challenge) : false
  const because = letter.kind === 'proof' ? ineligible(flow, account) : account ? null : 'no account'
  if (because || !account) {
    if (challenge) await bind(kit, flow, challenge, decoyOf(challenge), at)
    if (!account && letter.kind === 'proof' && flow.tellsUnknown && (await isFirst(kit, letter, address))) {
      const about = { flow: flow.name, challengeId: letter.challengeId, because }
      return {
        kind: 'send',
        account: { ...noAccount, email: address },
        proof: { kind: 'no-account', secret: '' },
        expiresAt: letter.expiresAt,
        event: event(at, 'letter.sent', nobody, about),
      }
    }
    if (because !== 'signs in elsewhere' || !account) {
      return drop('letter.dropped', because ?? 'no account', account ?? undefined)
    }
    const about = { flow: flow.name, accountId: account.id, challengeId: letter.challengeId, because }
    const told = event(at, 'letter.sent', nobody, about)
    return {
      kind: 'send',
      account,
      proof: { kind: 'other-door', secret: '' },
      expiresAt: letter.expiresAt,
      event: told,
    }
  }

  const split = () => splitFor(kit, flow, letter, address, challenge, accounts)
  const isShared = flow.proof.kind === 'code' && !codesUp && mayShare(accounts)
  if (accounts.length > 1 && !isShared) {
    if (challenge) await bind(kit, flow, challenge, decoyOf(challenge), at)
    return split()
  }

  // Which notice it was; a proof's letter is told by its challenge.
  const notice = letter.kind === 'proof' ? null : letter.kind
  const whose = isShared ? { addressKey: challenge?.addressKey } : { accountId: account.id }
  const sent = { flow: flow.name, ...whose, challengeId: letter.challengeId, because: notice }
  const send = { kind: 'send', account: readerOf(accounts), event: event(at, 'letter.sent', nobody, sent) } as const
  if (letter.kind !== 'proof') return { ...send, proof: null, expiresAt: letter.expiresAt }
  if (flow.proof.kind === 'signed') {
    const token = signedToken(keys, flow, account, letter.expiresAt)
    const link = kit.links.toProof(flow.name, uidOf(account.id), token)
    return { ...send, proof: { kind: 'link', secret: link }, expiresAt: letter.expiresAt }
  }
  const told = isShared ? undefined : account
  if (!challenge) return drop('letter.dropped', 'challenge is gone', told)
  const mailed = await bind(kit, flow, challenge, boundTo(accounts), at)
  if (!mailed && isOutgrown(challenge, accounts)) return split()
  if (!mailed) return drop('letter.dropped', 'challenge is closed', told)
  if (mailed.expiresAt - at < leastLife) return drop('letter.expired', 'too little time left', told)
  const proofKeys = kit.keys.find(mailed.keyId)
  if (!proofKeys) return drop('letter.dropped', 'key is gone', told)
  const proof = proofOf(kit, flow, proofKeys, challenge, mailed, accounts, codesUp)
  return proof ? { ...send, proof, expiresAt: mailed.expiresAt } : split()
}

/** The account; of several that share a letter nobody by name, in the language that all of them have. */
function readerOf(accounts: readonly Account[]): Account {
  const [first = noAccount, ...others] = accounts
  if (others.length === 0) return first
  const locale = others.every((one) => one.locale === first.locale) ? first.locale : null
  return { ...noAccount, email: first.email, locale }
}

/** Whether its code was made for other accounts than have the address by now, while it is open: each gets a link then. */
const isOutgrown = (challenge: Challenge, accounts: readonly Account[]): boolean =>
  challenge.state === 'open' &&
  challenge.accountId !== boundTo(accounts) &&
  (accounts.length > 1 || isFor(challenge, accounts[0]!.id))

/** Whether this letter has the one place that its address has in a week. */
async function isFirst(kit: Needs, letter: Letter, address: string): Promise<boolean> {
  const { once, again } = unknownTakes(kit.keys, digest(kit.keys.lasting, 'address', [address]), letter.id)
  const { hits } = await kit.store.take([once, again], kit.clock.now(), null)
  return hits.length === 0 || hits.some(({ key }) => key === again.key)
}

/**
 * A notice has its account; a proof letter finds it by the address, which is then never used again. Of several those that
 * may recover, else the first; a letter that one was split into has its own among them.
 */
async function accountsFor(kit: Needs, flow: Flow, letter: Letter, address: string): Promise<readonly Account[]> {
  if (letter.kind !== 'proof') return [await toldOf(kit, letter, address)].filter((one) => one !== null)
  const found = await kit.accounts.byAddress(address)
  if (letter.accountId !== null) return found.filter(({ id }) => id === letter.accountId)
  const able = found.filter((one) => ineligible(flow, one) === null)
  return able.length > 0 ? able : found
}

async function toldOf(kit: Needs, letter: Letter, address: string): Promise<Account | null> {
  if (letter.accountId === null) return null
  const account = await kit.accounts.byId(letter.accountId)
  // A notice goes to the address of the moment it tells of, not to one that was put in its place since; and it goes
  // though the account is gone, for whoever took it may be who deleted it.
  return { ...(account ?? noAccount), id: letter.accountId, email: address }
}

async function codesUsedUp(kit: Needs, flow: Flow, challenge: Challenge): Promise<boolean> {
  const takes = flow.proof.kind === 'code' ? wrongCodeTakes(kit.keys, kit.limits, challenge.addressKey) : null
  return takes !== null && (await kit.store.full(Object.values(takes), kit.clock.now())).length > 0
}

function bind(kit: Needs, flow: Flow, challenge: Challenge, accountId: string, at: number): Promise<Challenge | null> {
  const keys = kit.keys.find(challenge.keyId)
  const inColumns = flow.proof.kind === 'stored' && flow.proof.keep === 'columns' && keys
  return kit.store.bind({
    challengeId: challenge.id,
    accountId,
    live: flow.limits.live,
    halfLife: flow.life * 500,
    keyIds: kit.keys.all.map((one) => one.id),
    at,
    column: inColumns ? { reference: columnReference(keys, challenge.id), expiresAt: challenge.expiresAt } : null,
  })
}

/**
 * A code that was asked for in another browser would be of no use to the reader: such a letter carries a link. Null where
 * several accounts would have to share that, for a link opens one.
 */
function proofOf(
  kit: Needs,
  flow: Flow,
  keys: Keys,
  asked: Challenge,
  mailed: Challenge,
  accounts: readonly Account[],
  codesUp: boolean,
): { kind: 'link' | 'link-instead' | 'code'; secret: string } | null {
  const elsewhere = asked.id !== mailed.id && (asked.browser === null || asked.browser !== mailed.browser)
  if (flow.proof.kind === 'code' && !codesUp && !elsewhere && mailed.triesLeft > 0) {
    return { kind: 'code', secret: codeOf(keys, flow, mailed, accounts) }
  }
  const [account, ...others] = accounts
  if (!account || others.length > 0) return null
  const link = kit.links.toProof(flow.name, uidOf(account.id), linkToken(keys, flow, mailed, account))
  return { kind: flow.proof.kind === 'code' ? 'link-instead' : 'link', secret: link }
}
