/**
 * A grant and a new password: judge first (a poor password costs no proof), then one transaction: close the challenge and
 * its siblings, set the password if the account is still as the proof saw it, end its sessions, queue the notice, note it.
 */
import { type Caller, event } from './audit.ts'
import { isFor } from './bound.ts'
import { type Captcha, unsolved } from './captcha.ts'
import { deviceFor } from './device.ts'
import { setPassword } from './elsewhere.ts'
import type { Flow } from './flow.ts'
import { digest, fresh } from './keys.ts'
import { isOver } from './life.ts'
import { passwordTakes, refusedProofTakes, toldTakes, untoldTakes, wrongCodeTakes } from './limits.ts'
import { namesOf } from './login.ts'
import { notice } from './notice.ts'
import { type Outcome, refuse, secondsUntil, type Unmet } from './outcome.ts'
import { ineligible, judge } from './policy.ts'
import type { Account, Challenge, Change, Kit } from './ports.ts'
import { isGrant, isOurGrant, readGrant } from './proof.ts'
import { type Link, openLink, standsInColumns } from './prove.ts'
import { newSession } from './session.ts'

/** A new password, and what entitles to set it: a grant, or a link's own token. */
export type Wanted = {
  readonly by: { readonly grant: string } | Link
  readonly password: string
  /** The second field; null where the face has none. */
  readonly confirm: string | null
  readonly caller: Caller
  /** Absent: none is set up. */
  readonly captcha?: Captcha
}

/** What the one winner gets. */
export type Changed = {
  readonly account: Account
  /** Value of a session's cookie, where the flow logs in and the account has no second factor. */
  readonly session: string | null
  /** Value of the cookie that makes this browser a known device of the account. */
  readonly device: string
}

type Needs = Pick<
  Kit,
  | 'store'
  | 'accounts'
  | 'elsewhere'
  | 'clock'
  | 'random'
  | 'hasher'
  | 'keys'
  | 'limits'
  | 'remembered'
  | 'tidyAddress'
  | 'tidyPassword'
  | 'isCommon'
  | 'isBreached'
>

/** Why a good password was not set. */
type Lost = 'session-expired' | 'link-dead' | 'password-refused' | 'unsettled'

type Entitled = { readonly account: Account; readonly challenge: Challenge | null; readonly nonce: string | null }

/** Sets the password, for exactly one of any number of callers with one proof. */
export async function change(
  kit: Needs,
  flow: Flow,
  wanted: Wanted,
): Promise<Outcome<Changed, Lost | 'too-many-attempts' | 'captcha-required'>> {
  const first = await unsolved(kit, 'change', wanted.captcha, wanted.caller)
  if (first) return refuse(first)
  const entitled = await entitlement(kit, flow, wanted)
  if ('code' in entitled) return refuse(entitled)
  const { account } = entitled
  const at = kit.clock.now()
  const offers = passwordTakes(kit.keys, kit.limits, entitled.challenge?.id ?? account.id)
  const about = { flow: flow.name, accountId: account.id }
  const { hits } = await kit.store.take(offers, at, event(at, 'password.refused', wanted.caller, about))
  if (hits[0]) return refuse({ code: 'too-many-attempts', retryAfter: secondsUntil(hits[0].retryAt, at) })
  const password = kit.tidyPassword(wanted.password)
  const confirm = wanted.confirm === null ? null : kit.tidyPassword(wanted.confirm)

  const { isCommon, hasher } = kit
  const cheap = judge(flow.password, password, { confirm, account, isCommon, refuses: hasher.refuses })
  const unmet = cheap.length > 0 ? cheap : await repeats(kit, flow, account, password)
  if (unmet.length > 0) {
    await kit.store.note(event(at, 'password.refused', wanted.caller, { ...about, because: unmet.join(' ') }))
    return refuse({ code: 'password-refused', unmet })
  }
  return set(kit, flow, wanted.caller, entitled, password)
}

/** Who is entitled, judged before anything slow is done. */
async function entitlement(
  kit: Needs,
  flow: Flow,
  wanted: Wanted,
): Promise<Entitled | { code: 'session-expired' } | { code: 'link-dead' }> {
  const refused = async (code: 'session-expired' | 'link-dead', because: string, accountId: string | null = null) => {
    const noted = { flow: flow.name, accountId, because }
    const refusal = event(kit.clock.now(), 'proof.refused', wanted.caller, noted)
    await kit.store.noteWithin(refusedProofTakes(kit.keys, kit.limits, wanted.caller.block), refusal)
    return { code } as { code: 'session-expired' } | { code: 'link-dead' }
  }
  if (!('grant' in wanted.by)) {
    const opened = await openLink(kit, flow, wanted.by)
    return opened.ok ? { ...opened, nonce: null } : refused('link-dead', opened.because, opened.accountId)
  }
  const opened = await openGrant(kit, flow, wanted.by.grant)
  return typeof opened === 'string' ? refused('session-expired', opened) : opened
}

/** What a grant entitles to now, or why it is dead. Reads only. */
export async function openGrant(
  kit: Pick<Kit, 'store' | 'accounts' | 'clock' | 'keys'>,
  flow: Flow,
  text: string,
): Promise<Entitled | string> {
  const grant = readGrant(text)
  const isRowless = grant?.challengeId === ''
  if (!grant || (isRowless !== (flow.proof.kind === 'signed') && !(isRowless && flow.earlier))) return 'not a grant'
  if (!isOurGrant(kit.keys, flow, text)) return 'not genuine'
  const challenge = grant.challengeId === '' ? null : await kit.store.challenge(grant.challengeId)
  const account = await kit.accounts.byId(grant.accountId)
  const nonce = challenge?.nonce ?? null
  const state = isRowless && account ? (flow.earlier?.state(account) ?? null) : null
  const isIts = [nonce, state].map((bound) => isGrant(kit.keys, flow, text, grant, bound, account)).includes(true)
  if (!isIts || !account) return 'the account has changed, or the code was proved again'
  if (isOver(grant.expiresAt - flow.grant * 1000, grant.expiresAt, kit.clock.now())) return 'grant expired'
  if (grant.challengeId !== '' && (!challenge || challenge.flow !== flow.name || challenge.state === 'closed')) {
    return 'used or revoked'
  }
  if (challenge && !isFor(challenge, account.id)) return 'another account'
  if (challenge && !standsInColumns(kit, flow, challenge, account, null)) return 'not in the users table'
  return ineligible(flow, account) ?? { account, challenge, nonce }
}

/** The slow judgements: what a breach made known, the current password, and the earlier ones that the flow looks back on. */
export async function repeats(
  kit: Pick<Kit, 'store' | 'hasher' | 'isBreached'>,
  flow: Flow,
  account: Account,
  password: string,
): Promise<Unmet[]> {
  if (await kit.isBreached(password)) return ['common']
  if (account.passwordHash !== null && (await kit.hasher.matches(account.passwordHash, password))) {
    return ['same-as-current']
  }
  // The current one is the first of those that are looked back on.
  const earlier = flow.password.history > 1 ? await kit.store.history(account.id, flow.password.history - 1) : []
  for (const hash of earlier) {
    if (await kit.hasher.matches(hash, password)) return ['used-before']
  }
  return []
}

async function set(
  kit: Needs,
  flow: Flow,
  caller: Caller,
  entitled: Entitled,
  password: string,
): Promise<Outcome<Changed, Lost>> {
  const { account, challenge, nonce } = entitled
  const passwordHash = await kit.hasher.hash(password)
  const at = kit.clock.now()
  const names = await namesOf(kit, account)
  // A program has no cookies: a session would be nobody's. And a mailbox is no second factor.
  const logsIn = flow.after.login && caller.browser !== null && !account.secondFactor
  const token = logsIn ? fresh(kit.random, 32) : null
  const value: Change = {
    at,
    challenge: challenge && { id: challenge.id, nonce, boundTo: challenge.accountId ?? '' },
    account,
    passwordHash,
    history: kit.remembered,
    letter: notice(kit, 'changed', flow, account, caller, at),
    event: event(at, 'password.changed', caller, {
      flow: flow.name,
      accountId: account.id,
      challengeId: challenge?.id,
    }),
    forget: countsOf(kit, account, names),
    session: token === null ? null : newSession(kit.keys, token, account, caller, at),
  }
  const ended = await setPassword(kit, value, password)
  if (ended.kind === 'refused') return refuse({ code: 'password-refused', unmet: ended.unmet })
  if (ended.kind === 'unsettled') return refuse({ code: 'unsettled', retryAfter: ended.retryAfter })
  if (ended.kind === 'lost') {
    const refusal = { flow: flow.name, accountId: account.id, because: 'another was first' }
    const counts = refusedProofTakes(kit.keys, kit.limits, caller.block)
    await kit.store.noteWithin(counts, event(at, 'proof.refused', caller, refusal))
    return refuse({ code: nonce === null ? 'link-dead' : 'session-expired' })
  }
  return { ok: true, account, session: ended.session ? token : null, device: deviceFor(kit.keys, kit.random, names) }
}

/** Counts that a success ends: wrong codes of this address, failed log-ins of the account. */
export function countsOf(
  kit: Pick<Kit, 'keys' | 'limits' | 'tidyAddress'>,
  account: Account,
  names: readonly string[],
): string[] {
  const address = kit.tidyAddress(account.email) ?? account.email
  const wrong = wrongCodeTakes(kit.keys, kit.limits, digest(kit.keys.lasting, 'address', [address]))
  const failed = [
    ...names.flatMap((name) => toldTakes(kit.keys, kit.limits, { name, block: '', device: null })),
    ...untoldTakes(kit.keys, kit.limits, { accountId: account.id, device: null }),
  ]
  return [...(wrong ? [wrong.account.key, wrong.inARow.key] : []), ...failed.map((take) => take.key)]
}
