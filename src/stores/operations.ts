/** An ask and what counts beside it, as judgements over a draft. */
import type { AuditEvent } from '../engine/audit.ts'
import type { Take } from '../engine/limits.ts'
import type { Ask, Asked, BudgetName, Session, Store, Taken } from '../engine/ports.ts'
import { heldBudget, worst } from './counts.ts'
import { type Draft, hitsOf } from './draft.ts'
import { isOpen, mayMailAgain, waitEnds } from './live.ts'

/** What an operation needs to have read, under lock, and what it does then. */
export type Operation<T> = {
  /** Keys of the counts that it may read or write. */
  readonly keys: readonly string[]
  readonly challenges: readonly string[]
  readonly run: (draft: Draft) => T
}

type Notice = Parameters<Store['takeTry']>[3]

const keysOf = (takes: readonly (Take | null | undefined)[]): string[] =>
  takes.filter((take) => take !== null && take !== undefined).map((take) => take.key)

/** `Store.ask`. */
export function ask(ask: Ask): Operation<Asked> {
  const { refuse, mail, reserve, budget, again } = ask
  const counted = typeof mail === 'string' ? [] : [mail, reserve]
  return {
    keys: keysOf([...refuse, ...counted, budget?.asks, budget?.letters]),
    challenges: again ? [again.id] : [],
    run: (draft) => runAsk(draft, ask),
  }
}

function runAsk(draft: Draft, ask: Ask): Asked {
  const { at } = ask
  const callers = draft.weigh(ask.refuse, at)
  const refusing = [...callers, ...draft.weigh(heldBudget(ask), at)]
  const hits = hitsOf(refusing)
  if (hits.length > 0) {
    draft.tellOfFirst(refusing, at, { ...ask.event, challengeId: null })
    return { kind: 'refused', limit: worst(hits).limit, retryAt: worst(hits).retryAt, hits }
  }
  const previous = ask.again && draft.challenge(ask.again.id)
  const retryAt = waitEnds(previous, ask)
  if (retryAt > 0) return { kind: 'refused', limit: 'resend', retryAt, hits: [] }

  const again = previous && mayMailAgain(previous, ask) ? previous : null
  draft.count(callers, at)
  // Whether a letter goes or not, what the asker meets afterwards (a resend, wrong codes) is the same.
  if (again) draft.setChallenge({ ...again, mailedAt: at })
  else if (ask.challenge) draft.openChallenge(ask.challenge)
  const challengeId = (again ?? ask.challenge)?.id ?? null
  const over = spend(draft, 'asks', ask)
  if (!countLetter(draft, ask)) {
    draft.note({ ...ask.event, name: 'letter.withheld', challengeId, because: 'letters-per-address' })
    return { kind: 'asked', challengeId, mailed: false, over }
  }
  draft.note({ ...ask.event, challengeId })
  draft.queue({ ...ask.letter, challengeId, expiresAt: again ? again.expiresAt : ask.letter.expiresAt })
  return { kind: 'asked', challengeId, mailed: true, over: [...over, ...spend(draft, 'letters', ask)] }
}

/** Takes a place for the letter, or the caller's own in reserve. */
function countLetter(draft: Draft, { mail, reserve, at }: Ask): boolean {
  if (typeof mail === 'string') return mail === 'room'
  for (const take of [mail, reserve]) {
    const weighed = take ? draft.weigh([take], at) : []
    if (weighed.length === 0 || hitsOf(weighed).length > 0) continue
    draft.count(weighed, at)
    return true
  }
  return false
}

/** Counts in a budget, full or not, and answers it when it is used up. */
function spend(draft: Draft, what: 'asks' | 'letters', { budget, at, event }: Ask): BudgetName[] {
  const one = budget?.[what]
  if (!one) return []
  draft.count(draft.weigh([one], at), at)
  const weighed = draft.weigh([one], at)
  draft.tellOfFirst(weighed, at, { ...event, challengeId: null })
  return hitsOf(weighed).length > 0 ? [`${what}-of-all`] : []
}

/** `Store.take`; `then` runs where it was counted. */
export function take(
  takes: readonly Take[],
  at: number,
  event: AuditEvent | null,
  then: (draft: Draft) => void = () => {},
): Operation<Taken> {
  return {
    keys: keysOf(takes),
    challenges: [],
    run(draft) {
      const weighed = draft.weigh(takes, at)
      const hits = hitsOf(weighed)
      if (hits.length > 0) draft.tellOfFirst(weighed, at, event)
      else {
        draft.count(weighed, at)
        then(draft)
      }
      return { hits }
    },
  }
}

/** `Store.noteWithin`. */
export const noteWithin = (takes: readonly Take[], event: AuditEvent): Operation<Taken> =>
  take(takes, event.at, event, (draft) => draft.note(event))

/** `Store.note`. */
export const note = (event: AuditEvent): Operation<void> => ({
  keys: [],
  challenges: [],
  run: (draft) => draft.note(event),
})

/** `Store.giveBack`. */
export const giveBack = (keys: readonly string[], forget: readonly string[]): Operation<void> => ({
  keys: [...keys, ...forget],
  challenges: [],
  run: (draft) => draft.giveBack(keys, forget),
})

/** `Store.openSession`. */
export const openSession = (session: Session, event: AuditEvent): Operation<void> => ({
  keys: [],
  challenges: [],
  run(draft) {
    draft.openSession(session)
    draft.note(event)
  },
})

/** `Store.takeTry`. */
export const takeTry = (id: string, at: number, takes: readonly Take[], notice: Notice): Operation<boolean> => ({
  keys: keysOf(takes),
  challenges: [id],
  run(draft) {
    const challenge = draft.challenge(id)
    if (!challenge || !isOpen(challenge, at) || challenge.triesLeft <= 0) return false
    const weighed = draft.weigh(takes, at)
    if (hitsOf(weighed).length > 0) {
      tell(draft, weighed, at, notice)
      return false
    }
    draft.count(weighed, at)
    draft.setChallenge({ ...challenge, triesLeft: challenge.triesLeft - 1 })
    return true
  },
})

/** `Store.wrongTry`. */
export const wrongTry = (at: number, takes: readonly Take[], event: AuditEvent, notice: Notice): Operation<Taken> => ({
  keys: keysOf(takes),
  challenges: [],
  run(draft) {
    const weighed = draft.weigh(takes, at)
    draft.note(event)
    tell(draft, weighed, at, notice)
    return { hits: hitsOf(weighed) }
  },
})

function tell(draft: Draft, weighed: ReturnType<Draft['weigh']>, at: number, notice: Notice): void {
  draft.tellOfFirst(weighed, at, notice.event)
  if (notice.queue && hitsOf(weighed).some((hit) => hit.first && hit.limit === notice.limit)) draft.queue(notice.letter)
}

/** `Store.prove`. */
export const prove = (...[id, nonce, at, back, forget, event]: Parameters<Store['prove']>): Operation<boolean> => ({
  keys: [...back, ...forget],
  challenges: [id],
  run(draft) {
    const challenge = draft.challenge(id)
    if (!challenge || !isOpen(challenge, at)) return false
    draft.setChallenge({ ...challenge, state: 'proved', nonce })
    draft.giveBack(back, forget)
    draft.note(event)
    return true
  },
})
