/** The walk of a visitor as a pure machine: a state, an event, the next state. No React, no clock, no network. */
import type { AccountChoice, Problem, ProveAnswer, Rules } from '../http/wire.ts'
import type { Asked } from './client.ts'

/** What opens the last door: a grant, or a link's token. In memory only. */
export type Leave = { readonly grant: string } | { readonly token: string; readonly uid?: string }

/** What the steps with a form share: `busy` while a call is under way, `problem` what its last answer refused. */
type Form = { readonly busy: boolean; readonly problem: Problem | null }

/** An address is asked for. */
export type Asking = Form & { readonly step: 'asking'; readonly email: string }

/** A link was promised; the walk goes on in the letter. */
export type Sent = { readonly step: 'sent'; readonly email: string; readonly message: string }

/** A code was promised and is asked for. `resendIn`: seconds until another may be asked for. */
export type Proving = Form & {
  readonly step: 'proving'
  readonly email: string
  readonly message: string
  readonly flowId: string
  /** Seconds that the code lives, counted from its ask; null when the server did not say. */
  readonly expiresIn: number | null
  readonly resendIn: number | null
  readonly resendAt: number
}

/** The code was right, and several accounts have the address: one of them is to be chosen. */
export type Choosing = {
  readonly step: 'choosing'
  readonly email: string
  readonly accounts: readonly AccountChoice[]
  readonly rules: Rules
}

/** A new password is asked for. `account`, what the account is called, and `rules` are null until they are known. */
export type Changing = Form & {
  readonly step: 'changing'
  readonly leave: Leave
  readonly account: string | null
  readonly rules: Rules | null
}

/** The password is changed. */
export type Done = { readonly step: 'done'; readonly message: string }

/**
 * The way is closed: for `retryIn` seconds, after which the machine goes `back` by itself, or for good, when the
 * link or the grant is dead and `back` is null.
 */
export type Refused = {
  readonly step: 'refused'
  readonly problem: Problem
  readonly email: string
  readonly retryIn: number | null
  readonly retryAt: number
  readonly back: Asking | Proving | Changing | null
}

/** Where a visitor stands. Switch on `step`. */
export type RecoveryState = Asking | Sent | Proving | Choosing | Changing | Done | Refused

/** What may happen. `at` is milliseconds of any clock that only goes forward. */
export type RecoveryEvent =
  | { readonly type: 'called' }
  | { readonly type: 'sent'; readonly email: string; readonly answer: Asked; readonly at: number }
  | { readonly type: 'proved'; readonly answer: ProveAnswer }
  /** `grant`: that of the chosen account. */
  | { readonly type: 'chosen'; readonly grant: string }
  | { readonly type: 'changed'; readonly message: string }
  | { readonly type: 'refused'; readonly problem: Problem; readonly at: number }
  | { readonly type: 'rules'; readonly rules: Rules }
  | { readonly type: 'ticked'; readonly at: number }
  | { readonly type: 'restarted' }

/** How a walk may begin: at the ask, or with a link's token at the new password. */
export type Beginning = { readonly token?: string; readonly uid?: string; readonly email?: string }

/** The first state. */
export const begin = ({ token, uid, email = '' }: Beginning = {}): RecoveryState =>
  token === undefined
    ? { step: 'asking', email, busy: false, problem: null }
    : {
        step: 'changing',
        leave: uid === undefined ? { token } : { token, uid },
        account: null,
        rules: null,
        busy: false,
        problem: null,
      }

/** The next state. An event that does not fit the step changes nothing: an answer may come after its step is left. */
export function next(state: RecoveryState, event: RecoveryEvent): RecoveryState {
  switch (event.type) {
    case 'called':
      return hasForm(state) ? { ...state, busy: true, problem: null } : state
    case 'sent':
      return state.step === 'asking' || state.step === 'proving' ? promised(event.email, event.answer, event.at) : state
    case 'proved':
      return state.step === 'proving' ? proved(event.answer, state.email) : state
    case 'chosen':
      return state.step === 'choosing' ? chosen(state, event.grant) : state
    case 'changed':
      return state.step === 'changing' ? { step: 'done', message: event.message } : state
    case 'refused':
      return hasForm(state) ? refused(state, event.problem, event.at) : state
    case 'rules':
      return withRules(state, event.rules)
    case 'ticked':
      return ticked(state, event.at)
    case 'restarted':
      return begin({ email: 'email' in state ? state.email : '' })
  }
}

/** Whether a countdown runs in this state, so that it wants `ticked` once a second. */
export const isCounting = (state: RecoveryState): boolean =>
  (state.step === 'refused' && state.retryIn !== null) || (state.step === 'proving' && state.resendIn !== null)

/** The step to show: the step itself, or the one that a countdown holds up, so that its form stays with what is typed. */
export const shownOf = (state: RecoveryState): RecoveryState =>
  state.step === 'refused' && state.back ? state.back : state

/** What the form of `shownOf` takes: `<AskForm {...formOf(state)} onAsk={ask} />`. */
export function formOf(state: RecoveryState): { busy: boolean; problem: Problem | null; wait: number | null } {
  if (state.step === 'refused') return { busy: false, problem: state.problem, wait: state.retryIn }
  return hasForm(state)
    ? { busy: state.busy, problem: state.problem, wait: null }
    : { busy: false, problem: null, wait: null }
}

const hasForm = (state: RecoveryState): state is Asking | Proving | Changing =>
  state.step === 'asking' || state.step === 'proving' || state.step === 'changing'

/** Only a code has a time for sending it again; without one the letter holds a link. */
function promised(email: string, answer: Asked, at: number): RecoveryState {
  const { message, flow_id: flowId, resend_after: wait } = answer
  if (flowId === undefined || typeof wait !== 'number') return { step: 'sent', email, message }
  const resendAt = at + wait * 1000
  const expiresIn = answer.expires_in ?? null
  const resendIn = secondsTo(resendAt, at)
  return { step: 'proving', email, message, flowId, expiresIn, resendIn, resendAt, busy: false, problem: null }
}

function proved(answer: ProveAnswer, email: string): Choosing | Changing {
  if (!('accounts' in answer)) return opened(answer)
  return { step: 'choosing', email, accounts: answer.accounts, rules: answer.rules }
}

function chosen(state: Choosing, grant: string): Choosing | Changing {
  const one = state.accounts.find((account) => account.grant === grant)
  return one ? opened({ grant, account: one.name, rules: state.rules }) : state
}

const opened = ({ grant, account, rules }: { grant: string; account: string; rules: Rules }): Changing => ({
  step: 'changing',
  leave: { grant },
  account,
  rules,
  busy: false,
  problem: null,
})

function refused(state: Asking | Proving | Changing, problem: Problem, at: number): RecoveryState {
  const email = 'email' in state ? state.email : ''
  const back = { ...state, busy: false, problem: null }
  if (problem.code === 'too-many-attempts') {
    // A limit always ends; a minute where the answer does not say when.
    const wait = Math.max(1, problem.retry_after ?? 60)
    return { step: 'refused', problem, email, retryIn: Math.ceil(wait), retryAt: at + wait * 1000, back }
  }
  if (isDead(state, problem)) return { step: 'refused', problem, email, retryIn: null, retryAt: 0, back: null }
  return { ...back, problem }
}

/** Whether no other password would help: the way in is dead, or the token so broken that the server cannot read it. */
const isDead = (state: Asking | Proving | Changing, problem: Problem): boolean =>
  problem.code === 'link-dead' ||
  problem.code === 'session-expired' ||
  (state.step === 'changing' && problem.status === 400 && problem.code === 'bad-request')

function withRules(state: RecoveryState, rules: Rules): RecoveryState {
  if (state.step === 'changing') return { ...state, rules }
  if (state.step === 'refused' && state.back?.step === 'changing') return { ...state, back: { ...state.back, rules } }
  return state
}

function ticked(state: RecoveryState, at: number): RecoveryState {
  if (state.step === 'proving') return { ...state, resendIn: secondsTo(state.resendAt, at) }
  if (state.step !== 'refused' || state.retryIn === null) return state
  const retryIn = secondsTo(state.retryAt, at)
  return retryIn === null && state.back ? ticked(state.back, at) : { ...state, retryIn }
}

/** Whole seconds until `then`, rounded up; null once it has come. */
const secondsTo = (then: number, at: number): number | null => (then > at ? Math.ceil((then - at) / 1000) : null)
