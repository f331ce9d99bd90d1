/**
 * A proof came back. Looking at a link spends nothing and changes nothing: mail scanners look, and some run scripts. A
 * code is proved once; its try is counted before anything is compared.
 */
import { type Caller, event } from './audit.ts'
import { boundAmong, idsIn } from './bound.ts'
import { type Captcha, unsolved } from './captcha.ts'
import type { EarlierLink, EarlierLinks } from './earlier.ts'
import type { Flow } from './flow.ts'
import { digest, fresh, same } from './keys.ts'
import { isOver } from './life.ts'
import { lookTakes, refusedProofTakes, take, wrongCodeTakes } from './limits.ts'
import { notice } from './notice.ts'
import { type Outcome, refuse } from './outcome.ts'
import { ineligible } from './policy.ts'
import type { Account, Challenge, Kit } from './ports.ts'
import {
  accountOf,
  challengeOf,
  codeOf,
  columnReference,
  type Grant,
  grantOf,
  handleOf,
  isLinkToken,
  isSignedToken,
  namesAccount,
  signedExpiry,
} from './proof.ts'
import { challengeIdOf } from './request.ts'

/** Leave to set one password, of one account. */
export type Proved = {
  readonly grant: string
  /** Public name of the grant's challenge. */
  readonly handle: string
  readonly account: Account
  /** Seconds. */
  readonly expiresIn: number
}

/** What a code gives: leave for its account or, where it is for several, for the one of them that is chosen. */
export type ProvedCode = { readonly accounts: readonly Proved[] }

/** What a link carries; `uid` is null where the link had none. */
export type Link = EarlierLink

/** An opened link, or why it opens nothing (for the audit alone). */
export type Opened =
  | {
      readonly ok: true
      readonly account: Account
      readonly challenge: Challenge | null
      /** What its grant hangs on besides, where an earlier product made it. */
      readonly state?: string
    }
  | { readonly ok: false; readonly because: string; readonly accountId: string | null }

type Reads = Pick<Kit, 'store' | 'accounts' | 'clock' | 'keys'>
type Notes = Reads & Pick<Kit, 'limits'>

/** Looks at a link: a grant for a live one, one and the same refusal for any other. */
export async function look(kit: Notes, flow: Flow, link: Link, caller: Caller): Promise<Outcome<Proved, 'link-dead'>> {
  const at = kit.clock.now()
  const opened = await openLink(kit, flow, link)
  const about = { flow: flow.name, challengeId: challengeOf(link.token) }
  if (!opened.ok) {
    const noted = event(at, 'proof.refused', caller, { flow: flow.name, because: opened.because })
    await kit.store.noteWithin(refusedProofTakes(kit.keys, kit.limits, caller.block), noted)
    return refuse({ code: 'link-dead' })
  }
  const looks = lookTakes(kit.keys, kit.limits, opened.challenge?.id ?? opened.account.id)
  const because = opened.state === undefined ? null : 'mailed by the product before'
  const noted = { ...about, accountId: opened.account.id, because }
  await kit.store.noteWithin(looks, event(at, 'link.opened', caller, noted))
  return { ok: true, ...grantFor(kit, flow, opened.account, opened.challenge?.id ?? '', opened.state) }
}

/** Finds what a link opens. Reads only. */
export function openLink(kit: Reads, flow: Flow, link: Link): Promise<Opened> {
  const named = flow.earlier?.names(link, kit.clock.now())
  if (flow.earlier && named) return openEarlier(kit, flow, flow.earlier, named, link)
  return flow.proof.kind === 'signed' ? openSigned(kit, flow, link) : openStored(kit, flow, link)
}

const dead = (because: string, accountId: string | null = null): Opened => ({ ok: false, because, accountId })

async function openSigned(kit: Reads, flow: Flow, link: Link): Promise<Opened> {
  const accountId = accountOf(link.uid ?? '')
  if (accountId === null || !namesAccount(kit.keys, flow, accountId, link.token)) return dead('not genuine')
  const account = await kit.accounts.byId(accountId)
  const unchanged = isSignedToken(kit.keys, flow, account, link.token)
  if (!unchanged || !account) return dead('the account has changed', account?.id)
  const expiresAt = signedExpiry(link.token) ?? 0
  if (isOver(expiresAt - flow.life * 1000, expiresAt, kit.clock.now())) return dead('expired', account.id)
  const because = ineligible(flow, account)
  return because ? dead(because, account.id) : { ok: true, account, challenge: null }
}

/**
 * No badge shows who made it before the account is read; the work on it is the same where there is none. What a stranger
 * may learn by the clock is whether an id is in use, never whose it is.
 */
async function openEarlier(
  kit: Reads,
  flow: Flow,
  earlier: EarlierLinks,
  ids: readonly string[],
  link: Link,
): Promise<Opened> {
  if (ids.length === 0) return dead('expired')
  let account: Account | null = null
  for (const id of ids) account ??= await kit.accounts.byId(id)
  if (!earlier.isFor(link, account) || !account) return dead('not genuine, or the account has changed')
  const because = ineligible(flow, account)
  return because ? dead(because, account.id) : { ok: true, account, challenge: null, state: earlier.state(account) }
}

async function openStored(kit: Reads, flow: Flow, link: Link): Promise<Opened> {
  const challengeId = challengeOf(link.token)
  const challenge = challengeId === null ? null : await kit.store.challenge(challengeId)
  if (!challenge || challenge.flow !== flow.name) return dead('unknown')
  const keys = kit.keys.find(challenge.keyId)
  const account = await kit.accounts.byId(challenge.accountId ?? '')
  if (!keys || !isLinkToken(keys, flow, challenge, account, link.token) || !account) {
    return dead('not genuine, or the account has changed', challenge.accountId)
  }
  if (link.uid !== null && accountOf(link.uid) !== account.id) return dead('another account', account.id)
  if (challenge.state !== 'open') return dead('used or revoked', account.id)
  const at = kit.clock.now()
  if (isOver(challenge.askedAt, challenge.expiresAt, at)) return dead('expired', account.id)
  if (!standsInColumns(kit, flow, challenge, account, at)) return dead('not in the users table', account.id)
  const because = ineligible(flow, account)
  return because ? dead(because, account.id) : { ok: true, account, challenge }
}

/** For a flow that keeps its proof in the users table: whether the table still holds it. `at` null: its expiry is past caring. */
export function standsInColumns(
  kit: Pick<Kit, 'keys'>,
  flow: Flow,
  challenge: Challenge,
  account: Account,
  at: number | null,
): boolean {
  if (flow.proof.kind !== 'stored' || flow.proof.keep !== 'columns') return true
  const keys = kit.keys.find(challenge.keyId)
  if (!keys || !account.reset || !same(columnReference(keys, challenge.id), account.reset.reference)) return false
  return at === null || account.reset.expiresAt > at
}

/** A code as it was typed. */
export type Typed = {
  readonly flowId: string
  readonly address: string
  readonly code: string
  readonly caller: Caller
  /** Absent: none is set up. */
  readonly captcha?: Captcha
}

type Needs = Pick<Kit, 'store' | 'accounts' | 'clock' | 'random' | 'keys' | 'limits' | 'tidyAddress' | 'alarm'>

/** Proves a typed code, once, in the browser that asked for it. Wrong, old, foreign and capped all read the same. */
export async function prove(
  kit: Needs,
  flow: Flow,
  typed: Typed,
): Promise<Outcome<ProvedCode, 'code-dead' | 'code-malformed' | 'captcha-required'>> {
  const first = await unsolved(kit, 'verify', typed.captcha, typed.caller)
  if (first) return refuse(first)
  const code = tidyCode(typed.code)
  if (flow.proof.kind !== 'code' || code.length !== flow.proof.digits || !/^[0-9]+$/.test(code)) {
    return refuse({ code: 'code-malformed' })
  }
  const at = kit.clock.now()
  const noted = { flow: flow.name }
  const refused = async (because: string, more = {}) => {
    const refusal = event(at, 'proof.refused', typed.caller, { ...noted, ...more, because })
    await kit.store.noteWithin(refusedProofTakes(kit.keys, kit.limits, typed.caller.block), refusal)
    return refuse({ code: 'code-dead' as const })
  }
  const found = await findChallenge(kit, flow, typed, at)
  if (typeof found === 'string') return refused(found)

  const { accounts, owner } = await standing(kit, flow, found, typed.address)
  // What is about several is noted under their address.
  const accountId = accounts.length === 1 ? accounts[0]!.id : null
  const about = { challengeId: found.id, accountId, addressKey: found.addressKey }
  const takes = wrongCodeTakes(kit.keys, kit.limits, found.addressKey)
  const counts = takes ? Object.values(takes) : []
  const wrong = event(at, 'proof.refused', typed.caller, { ...noted, ...about, because: 'wrong code' })
  const tooMany = {
    limit: 'wrong-codes-per-account',
    // Written for nobody too, and then not queued: to seal an address takes a while.
    letter: notice(kit, 'too-many-tries', flow, owner ?? nobodyAt(typed.address), typed.caller, at),
    queue: owner !== null,
    event: wrong,
  } as const
  const counted = await kit.store.takeTry(found.id, at, counts, tooMany)
  if (!counted) return refused('no tries left', about)

  const keys = kit.keys.find(found.keyId)
  const right = keys !== null && same(codeOf(keys, flow, found, accounts), code)
  if (!right || accounts.length === 0 || accounts.some((one) => ineligible(flow, one))) {
    const { hits } = await kit.store.wrongTry(at, counts, wrong, tooMany)
    if (hits.some((hit) => hit.limit === 'wrong-codes-of-all')) kit.alarm('links-instead-of-codes')
    await raiseAlarm(kit, at)
    return refuse({ code: 'code-dead' })
  }
  const nonce = fresh(kit.random, 16)
  const giveBack = takes ? [takes.account.key, takes.ofAll.key] : []
  const accepted = event(at, 'proof.accepted', typed.caller, { ...noted, ...about })
  const isFirst = await kit.store.prove(found.id, nonce, at, giveBack, takes ? [takes.inARow.key] : [], accepted)
  if (!isFirst) return refused('proved before', about)
  return { ok: true, accounts: accounts.map((account) => grantFor(kit, flow, account, found.id, nonce)) }
}

/**
 * The accounts that a code is for, as they are now, and who is told of too many guesses: while the letter has not had its
 * turn, whoever would get it. Two questions, whether the code is for one, for several or for nobody, so that no answer
 * takes longer for that: the one that is not needed is about somebody who is not there.
 */
async function standing(
  kit: Needs,
  flow: Flow,
  { accountId, addressKey }: Challenge,
  typed: string,
): Promise<{ accounts: readonly Account[]; owner: Account | null }> {
  const [id, ...others] = idsIn(accountId)
  const isOne = id !== undefined && others.length === 0
  const address = isOne ? `${addressKey}@nobody.invalid` : (kit.tidyAddress(typed) ?? '')
  const [account, found] = await Promise.all([kit.accounts.byId(isOne ? id : ''), kit.accounts.byAddress(address)])
  if (isOne) return { accounts: account ? [account] : [], owner: account }
  const accounts = boundAmong(accountId, found)
  const first = accountId === null ? found.find((one) => ineligible(flow, one) === null) : accounts[0]
  return { accounts, owner: first ?? null }
}

const nobodyAt = (email: string) => ({ id: '', email })

/** Spaces, hyphens and full-width digits are how people and phones write codes; they cost no try. */
const tidyCode = (text: string): string =>
  text.length > 64 ? '' : text.normalize('NFKC').replace(/[\s\p{Cf}\p{Pd}-]/gu, '')

/** The challenge whose code this browser may type, or why there is none. */
async function findChallenge(kit: Needs, flow: Flow, typed: Typed, at: number): Promise<Challenge | string> {
  let asked: Challenge | null = null
  for (const keys of kit.keys.all) asked ??= await kit.store.challenge(challengeIdOf(kit, typed.flowId, keys))
  const mailed = asked && (await kit.store.challenge(asked.mails))
  if (!asked || !mailed || mailed.flow !== flow.name) return 'unknown'
  if (asked.browser !== typed.caller.browser) return 'another browser'
  if (mailed.id !== asked.id && (asked.browser === null || asked.browser !== mailed.browser)) return 'a link was mailed'
  if (!kit.keys.find(mailed.keyId)) return 'key is gone'
  const address = kit.tidyAddress(typed.address)
  if (address === null || !same(digest(kit.keys.lasting, 'address', [address]), mailed.addressKey)) {
    return 'another address'
  }
  if (mailed.state !== 'open') return 'used or revoked'
  return isOver(mailed.askedAt, mailed.expiresAt, at) ? 'expired' : mailed
}

async function raiseAlarm({ keys, limits, store, alarm }: Needs, at: number): Promise<void> {
  if (!limits) return
  const hits = await store.full([take(keys, 'wrong-codes-of-all', [], limits.wrongCodesAlarm)], at)
  if (hits.length > 0) alarm('wrong-codes-of-all')
}

function grantFor(
  kit: Pick<Kit, 'clock' | 'keys'>,
  flow: Flow,
  account: Account,
  challengeId: string,
  nonce: string | null = null,
): Proved {
  const grant: Grant = { challengeId, accountId: account.id, expiresAt: kit.clock.now() + flow.grant * 1000 }
  return {
    grant: grantOf(kit.keys.current, flow, grant, nonce, account),
    handle: handleOf(kit.keys, flow, grant),
    account,
    expiresIn: flow.grant,
  }
}
