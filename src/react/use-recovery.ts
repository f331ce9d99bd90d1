/** The hook: the machine, its verbs, and the two timers that a browser must keep. */
import { type RefObject, useEffect, useReducer, useRef } from 'react'
import { withCaptcha } from './captcha.ts'
import { type ProveBody, type RecoveryVerbs, type RequestBody, recoveryClient } from './client.ts'
import { type Beginning, begin, isCounting, next, type RecoveryEvent, type RecoveryState } from './machine.ts'

/** How a recovery is set up. `token`, `uid` and `email` count at the first render only. */
export type RecoveryOptions = Beginning & {
  /** Origin and prefix of the API. Default: the page's own origin. */
  readonly base?: string
  /** Verbs to use instead of a client of `base`: `spaVerbs(client)`, or your own. */
  readonly client?: RecoveryVerbs
}

/** Where the visitor stands, and what may be done there. A deed that does not fit the step does nothing. */
export type Recovery = {
  readonly state: RecoveryState
  /** Asks for a letter. `captcha`, here and below: the answer of a provider's captcha; ALTCHA is solved unasked. */
  ask(email: string, captcha?: string): void
  /** Asks for another code. */
  resend(): void
  /** Brings the typed code. */
  prove(code: string, captcha?: string): void
  /** Takes one of several accounts, by its grant. */
  choose(grant: string): void
  /** Brings the new password. It is sent and not kept. */
  change(password: string, confirm?: string, captcha?: string): void
  /** Back to the ask, with the address that was typed. */
  startOver(): void
}

type Deed = (verbs: RecoveryVerbs, signal: AbortSignal) => Promise<RecoveryEvent>

// A monotonic clock: a countdown must not jump when the computer's date is set.
const now = (): number => performance.now()

/**
 * Walks a visitor through the recovery of one flow. Safe to render on a server; React 18 and 19.
 * @example
 * const { state, ask } = useRecovery('classic')
 * if (state.step === 'asking') return <AskForm onAsk={ask} busy={state.busy} problem={state.problem} />
 */
export function useRecovery(flow: string, options: RecoveryOptions = {}): Recovery {
  const [state, dispatch] = useReducer(next, options, begin)
  const flight = useRef<AbortController | null>(null)
  const verbs = useLatestVerbs(flow, options)
  useRules(state, verbs, dispatch)
  useTicks(state, dispatch)
  useEffect(() => () => land(flight), [])

  const run = async (deed: Deed): Promise<void> => {
    // A second click while the first is under way is harmless.
    if (flight.current) return
    const own = new AbortController()
    flight.current = own
    dispatch({ type: 'called' })
    try {
      const event = await deed(verbs.current, own.signal)
      if (!own.signal.aborted) dispatch(event)
    } finally {
      if (flight.current === own) flight.current = null
    }
  }

  return {
    state,
    ask: (email, captcha) => void run(asks({ email, captcha })),
    resend: () => {
      if (state.step === 'proving') void run(asks({ email: state.email, flow_id: state.flowId }))
    },
    prove: (code, captcha) => {
      if (state.step === 'proving') void run(proves({ flow_id: state.flowId, email: state.email, code, captcha }))
    },
    choose: (grant) => dispatch({ type: 'chosen', grant }),
    change: (password, confirm, captcha) => {
      if (state.step !== 'changing') return
      const { leave } = state
      void run(async (verbs, signal) => {
        const call = (captcha?: string) => verbs.change({ ...leave, password, confirm, captcha }, { signal })
        const answer = await withCaptcha(call, { captcha, signal })
        return answer.ok ? { type: 'changed', message: answer.message } : refusal(answer)
      })
    },
    startOver: () => {
      land(flight)
      dispatch({ type: 'restarted' })
    },
  }
}

const asks =
  ({ captcha, ...asked }: RequestBody): Deed =>
  async (verbs, signal) => {
    const call = (captcha?: string) => verbs.request({ ...asked, captcha }, { signal })
    const answer = await withCaptcha(call, { captcha, signal })
    return answer.ok ? { type: 'sent', email: asked.email, answer, at: now() } : refusal(answer)
  }

const proves =
  ({ captcha, ...typed }: Extract<ProveBody, { code: string }>): Deed =>
  async (verbs, signal) => {
    const call = (captcha?: string) => verbs.prove({ ...typed, captcha }, { signal })
    const answer = await withCaptcha(call, { captcha, signal })
    return answer.ok ? { type: 'proved', answer } : refusal(answer)
  }

const refusal = ({ problem }: { problem: Extract<RecoveryEvent, { type: 'refused' }>['problem'] }): RecoveryEvent => ({
  type: 'refused',
  problem,
  at: now(),
})

function land(flight: RefObject<AbortController | null>): void {
  flight.current?.abort()
  flight.current = null
}

/** The verbs of the last render, so that a client made anew in each render asks for nothing twice. */
function useLatestVerbs(flow: string, { base = '', client }: RecoveryOptions): RefObject<RecoveryVerbs> {
  const verbs = client ?? recoveryClient({ base, flow })
  const latest = useRef(verbs)
  useEffect(() => {
    latest.current = verbs
  })
  return latest
}

/** Fetches the rules once they are needed. Without them the form shows the least; the server judges anyway. */
function useRules(state: RecoveryState, verbs: RefObject<RecoveryVerbs>, dispatch: (event: RecoveryEvent) => void) {
  const isWanting = state.step === 'changing' && state.rules === null
  useEffect(() => {
    if (!isWanting) return
    const stop = new AbortController()
    void verbs.current.rules({ signal: stop.signal }).then((answer) => {
      if (answer.ok && !stop.signal.aborted) dispatch({ type: 'rules', rules: answer })
    })
    return () => stop.abort()
  }, [isWanting, verbs, dispatch])
}

function useTicks(state: RecoveryState, dispatch: (event: RecoveryEvent) => void): void {
  const counting = isCounting(state)
  useEffect(() => {
    if (!counting) return
    const timer = setInterval(() => dispatch({ type: 'ticked', at: now() }), 1000)
    return () => clearInterval(timer)
  }, [counting, dispatch])
}
