/** The typed client: the verbs of a flow for a browser or any other program, with no framework and no dependency. */
import type {
  ChangeAnswer,
  ChangeBody,
  ProveAnswer,
  ProveBody,
  RequestAnswer,
  RequestBody,
  Rules,
  SpaAnswer,
  SpaAskBody,
  SpaChangeBody,
} from '../http/wire.ts'
import { type Answer, type Call, exchange } from './exchange.ts'

export type {
  AccountChoice,
  AltchaChallenge,
  Problem,
  Proof,
  ProveAnswer,
  ProveBody,
  RequestAnswer,
  RequestBody,
  Rules,
} from '../http/wire.ts'
export type { Answer } from './exchange.ts'

/** Where a client calls, and for which flow. */
export type ClientOptions = {
  /** Origin and prefix of the API, `https://app.example.com`; empty for the page's own origin. */
  readonly base: string
  /** Name of the flow, as it stands in `/api/flows/<flow>/`. */
  readonly flow: string
  /** Default: the platform's. */
  readonly fetch?: typeof fetch
  /** Milliseconds until a call is given up. Default: 15,000. */
  readonly timeout?: number
}

/** What each verb takes beside its body: a signal that gives the call up, which then answers `unavailable`. */
export type CallOptions = { readonly signal?: AbortSignal }

/** What the routes of the flow `spa` take beside: the answer of a captcha, where `captcha-required` asked for one. */
export type SpaCallOptions = CallOptions & { readonly captcha?: string }

/** What an ask answers. The members that go with a typed code are missing where a link is mailed by the seed's route. */
export type Asked = Pick<RequestAnswer, 'message'> & Partial<RequestAnswer>

/** The verbs that `useRecovery` needs; a client has them, and so may anything else. */
export type RecoveryVerbs = {
  request(asked: RequestBody, options?: CallOptions): Promise<Answer<Asked>>
  prove(proof: ProveBody, options?: CallOptions): Promise<Answer<ProveAnswer>>
  change(change: ChangeBody, options?: CallOptions): Promise<Answer<ChangeAnswer>>
  rules(options?: CallOptions): Promise<Answer<Rules>>
}

/** The verbs of one flow, and the two routes of the flow `spa`. No call rejects; each answers with a value. */
export type RecoveryClient = RecoveryVerbs & {
  /** Asks for a letter. The answer is the same for every address. */
  request(asked: RequestBody, options?: CallOptions): Promise<Answer<RequestAnswer>>
  /** `POST /auth/forgot-password/`: asks for a letter with a link. */
  forgotPassword(email: string, options?: SpaCallOptions): Promise<Answer<SpaAnswer>>
  /** `POST /auth/reset-password/`: sets a new password by the token of a link. */
  resetPassword(token: string, newPassword: string, options?: SpaCallOptions): Promise<Answer<SpaAnswer>>
}

/**
 * Makes a client.
 * @example
 * const client = recoveryClient({ base: 'https://app.example.com', flow: 'code' })
 * const asked = await client.request({ email: 'ana@example.org' })
 * if (!asked.ok) console.log(asked.problem.error)
 */
export function recoveryClient({ base, flow, fetch, timeout = 15_000 }: ClientOptions): RecoveryClient {
  const origin = base.replace(/\/+$/, '')
  const api = `${origin}/api/flows/${encodeURIComponent(flow)}`
  // Called as a plain function, since a browser's `fetch` refuses any other `this`.
  const send: typeof globalThis.fetch = (input, init) => (fetch ?? globalThis.fetch)(input, init)
  const call = <T>(url: string, has: Call['has'], options?: CallOptions, body?: unknown): Promise<Answer<T>> =>
    exchange<T>(send, { url, has, body, timeout, signal: options?.signal })

  return {
    request: (asked: RequestBody, options) => call(`${api}/request`, { message: 'string' }, options, asked),
    prove: (proof: ProveBody, options) => call(`${api}/prove`, { expires_in: 'number' }, options, proof),
    change: (change: ChangeBody, options) => call(`${api}/change`, { message: 'string' }, options, change),
    rules: (options) => call(`${api}/rules`, { min: 'number', max: 'number' }, options),
    forgotPassword: (email, options) =>
      call(`${origin}/auth/forgot-password/`, { message: 'string' }, options, {
        email,
        ...captchaOf(options),
      } satisfies SpaAskBody),
    resetPassword: (token, newPassword, options) =>
      call(`${origin}/auth/reset-password/`, { message: 'string' }, options, {
        token,
        new_password: newPassword,
        ...captchaOf(options),
      } satisfies SpaChangeBody),
  }
}

const captchaOf = ({ captcha }: SpaCallOptions = {}) => (captcha === undefined ? {} : { captcha })

/** The verbs by the routes that the flow `spa` has from its seed, for `useRecovery('spa', { client: spaVerbs(client) })`. */
export const spaVerbs = (client: RecoveryClient): RecoveryVerbs => ({
  ...client,
  request: ({ email, captcha }, options) => client.forgotPassword(email, { ...options, captcha }),
  change: (change, options) =>
    'token' in change
      ? client.resetPassword(change.token, change.password, { ...options, captcha: change.captcha })
      : client.change(change, options),
})
