/**
 * An address came in. What a stranger can learn from the answer: nothing, for the account is not looked up here. Everybody
 * gets the same work: count the ask, open a challenge, queue its letter, note it, in one transaction. Whether the letter
 * has a reader is found out later, by `issue`, when nobody waits for it.
 */
import { type Caller, event } from './audit.ts'
import { type Captcha, passed, passing, refusalOf } from './captcha.ts'
import { knownDevice } from './device.ts'
import type { Flow } from './flow.ts'
import { digest, fresh, seal } from './keys.ts'
import { budgetTakes, type Hit, networksOf, type Take, take, unlimited } from './limits.ts'
import { type Outcome, refuse, secondsUntil } from './outcome.ts'
import type { Ask, Challenge, Kit, Letter } from './ports.ts'

/** What was asked, and by whom. */
export type Asked = {
  /** As typed. */
  readonly address: string
  readonly caller: Caller
  /** The flow id of this browser's or program's latest ask, if it has one. */
  readonly previous: string | null
  /** Whether the resend button was pressed: then the flow's waiting time counts. */
  readonly resend: boolean
  /** Absent: none is set up. */
  readonly captcha?: Captcha
}

/** The same for every address. Seconds. */
export type Received = { readonly flowId: string; readonly expiresIn: number; readonly resendAfter: number | null }

type Needs = Pick<Kit, 'store' | 'clock' | 'random' | 'keys' | 'limits' | 'tidyAddress' | 'shut' | 'alarm'>

/** Counts the ask, opens a challenge, queues its letter. Refused only for what the caller itself did. */
export async function request(
  kit: Needs,
  flow: Flow,
  asked: Asked,
): Promise<Outcome<Received, 'email-required' | 'email-invalid' | 'too-many-attempts' | 'captcha-required'>> {
  if (asked.captcha === 'required') return refuse({ code: 'captcha-required', retryAfter: null })
  if (asked.address.trim() === '') return refuse({ code: 'email-required' })
  const address = kit.tidyAddress(asked.address)
  if (address === null) return refuse({ code: 'email-invalid' })

  const at = kit.clock.now()
  const addressKey = digest(kit.keys.lasting, 'address', [address])
  const own = passing(callerTakes(kit, flow, asked.caller, addressKey), asked.captcha)
  const refusedBy = (hits: readonly Hit[], retryAt = Math.max(...hits.map((hit) => hit.retryAt))) =>
    refuse(refusalOf(hits, asked.captcha, secondsUntil(retryAt, at), own))
  // Nothing is made for one who is known to be over a limit: a flood must be cheaper to refuse than to answer.
  const shut = kit.shut(own, at)
  if (shut.length > 0) return refusedBy(shut)

  const opened = open(kit, flow, asked.caller, addressKey, at)
  const previous = await previousChallenge(kit, flow, asked)
  const outcome = await kit.store.ask({
    at,
    refuse: own,
    mail: take(kit.keys, 'letters-per-address', [addressKey], kit.limits?.lettersPerAddress ?? unlimited),
    reserve: reserveTake(kit, address, addressKey, asked),
    budget: budgetOf(kit, asked.captcha),
    again: previous,
    challenge: opened.challenge,
    letter: letterFor(kit, flow, asked.caller, address, at),
    event: event(at, 'challenge.opened', asked.caller, {
      flow: flow.name,
      addressKey,
      challengeId: opened.challenge?.id,
    }),
  })
  if (outcome.kind === 'refused') return refusedBy(outcome.hits, outcome.retryAt)
  for (const budget of outcome.over) kit.alarm(budget)
  const mailedAgain = previous !== null && outcome.challengeId === previous.id
  return {
    ok: true,
    flowId: mailedAgain && asked.previous ? asked.previous : opened.flowId,
    expiresIn: flow.life,
    resendAfter: flow.proof.kind === 'code' ? flow.proof.resendAfter : null,
  }
}

/** The challenge that a flow id stands for. The asker holds the flow id; the challenge's id only a letter's reader. */
export const challengeIdOf = (kit: Pick<Kit, 'keys'>, flowId: string, keys = kit.keys.current): string =>
  digest(keys, 'challenge', [flowId])

function open(
  kit: Needs,
  flow: Flow,
  caller: Caller,
  addressKey: string,
  at: number,
): { flowId: string; challenge: Challenge | null } {
  const flowId = fresh(kit.random, 16)
  if (flow.proof.kind === 'signed') return { flowId, challenge: null }
  const id = challengeIdOf(kit, flowId)
  const challenge: Challenge = {
    id,
    flow: flow.name,
    addressKey,
    browser: flow.proof.kind === 'code' ? caller.browser : null,
    keyId: kit.keys.current.id,
    askedAt: at,
    expiresAt: at + flow.life * 1000,
    state: 'open',
    triesLeft: flow.proof.kind === 'code' ? flow.proof.tries : 0,
    accountId: null,
    mails: id,
    nonce: null,
    mailedAt: at,
  }
  return { flowId, challenge }
}

function letterFor(kit: Needs, flow: Flow, caller: Caller, address: string, at: number): Letter {
  const id = fresh(kit.random, 16)
  return {
    id,
    kind: 'proof',
    flow: flow.name,
    challengeId: null,
    accountId: null,
    sealedAddress: seal(kit.keys.current, kit.random, id, address),
    keyId: kit.keys.current.id,
    locale: caller.locale,
    createdAt: at,
    expiresAt: at + flow.life * 1000,
  }
}

/** One asks again for a typed code: the same code is mailed while it has more than half its life, so that any letter works. */
async function previousChallenge(
  kit: Needs,
  flow: Flow,
  asked: Asked,
): Promise<{ id: string; halfLife: number; waitUntil: number | null } | null> {
  if (flow.proof.kind !== 'code' || asked.previous === null) return null
  const waitUntil = asked.resend ? flow.proof.resendAfter * 1000 : null
  return { id: await idOfPrevious(kit, asked.previous), halfLife: flow.life * 500, waitUntil }
}

/** Made under the current secret, or before the last rotation: else a rotation would end the wait for a resend. */
async function idOfPrevious(kit: Needs, flowId: string): Promise<string> {
  for (const keys of kit.keys.all.slice(1)) {
    const id = challengeIdOf(kit, flowId, keys)
    if (await kit.store.challenge(id)) return id
  }
  return challengeIdOf(kit, flowId)
}

/** A caller is its network and, where it has one, its browser: to lose a cookie or to change networks frees nobody. */
function callerTakes(kit: Needs, flow: Flow, caller: Caller, addressKey: string): Take[] {
  const { limits } = kit
  if (!limits) return []
  const { max, seconds } = flow.limits.asks
  const windows = [{ max, ms: seconds * 1000 }]
  const key = [flow.name, addressKey]
  const takes: Take[] = []
  if (caller.browser) takes.push(take(kit.keys, 'asks-per-caller', [...key, 'browser', caller.browser], windows))
  // A host that does not say where its requests come from has one network for everybody: not counted.
  if (caller.block === '') return takes
  takes.push(take(kit.keys, 'asks-per-caller', [...key, 'network', caller.block], windows))
  const networks = networksOf(caller.block).map((one) =>
    take(kit.keys, 'asks-per-network', [one], limits.asksPerNetwork),
  )
  return [...takes, ...networks]
}

/** Where a captcha is asked for past them, they hold; with one that stood in for a provider, as far as `passing` says. */
function budgetOf({ keys, limits }: Needs, captcha: Captcha | undefined): Ask['budget'] {
  const { asks, letters } = budgetTakes(keys, limits)
  if (captcha !== 'stood-in') return { asks, letters, holds: captcha === 'on-overflow' }
  return { asks: asks && passed(asks, captcha), letters: letters && passed(letters, captcha), holds: true }
}

/** A caller that the address knows, or one that solved a captcha for it. */
function reserveTake({ keys, limits }: Needs, address: string, addressKey: string, asked: Asked): Take | null {
  if (!limits) return null
  const solved = asked.captcha === 'solved' ? addressKey : null
  const key = knownDevice(keys, address, asked.caller.devices) ?? solved
  return key === null ? null : take(keys, 'letters-in-reserve', [key], limits.lettersInReserve)
}
