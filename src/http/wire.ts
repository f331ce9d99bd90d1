/**
 * The JSON API, as it goes over the wire. Shared by the server, the typed client, the React hooks and the docs; types
 * only, so that a browser bundle takes nothing from the server.
 */
import type { AltchaChallenge } from '../captcha/altcha.ts'
import type { ProviderName } from '../captcha/provider.ts'
import type { Form } from '../engine/captcha.ts'
import type { RefusalCode, Unmet } from '../engine/outcome.ts'

export type { AltchaChallenge } from '../captcha/altcha.ts'

/**
 * What every body may hold beside its own members: the answer of a captcha, where `captcha-required` asked for one. An
 * empty one says that the provider's script could not be loaded.
 */
export type Solved = { captcha?: string }

/** `POST /api/flows/<flow>/request`. `flow_id` of an earlier answer asks for the same code again. */
export type RequestBody = Solved & { email: string; flow_id?: string }
/** The same for every address. `flow_id` goes with the code that comes by mail. Seconds. */
export type RequestAnswer = { message: string; flow_id: string; expires_in: number; resend_after: number | null }

/** `POST /api/flows/<flow>/prove`: a typed code with its flow, or a link's token. Looking at a link spends nothing. */
export type ProveBody = (Solved & { flow_id: string; email: string; code: string }) | { token: string; uid?: string }
/** `grant` is the leave to set one password, for `expires_in` seconds. */
export type Proof = { grant: string; expires_in: number; account: string; rules: Rules }
/**
 * One account that a code is for, of several with one address. `name` is what to show: the user name or, without one, the
 * address, with the account's id where another is called the same. Of all the grants one sets a password; whoever needs
 * another asks again.
 */
export type AccountChoice = { grant: string; name: string; account: string; username: string | null }
/** What a link or a code opens: one account or, for a code where several have the address, a choice of them. */
export type ProveAnswer = Proof | { accounts: AccountChoice[]; expires_in: number; rules: Rules }

/** `POST /api/flows/<flow>/change`: a grant, or a link's token directly. */
export type ChangeBody = Solved & { password: string; confirm?: string } & (
    | { grant: string }
    | { token: string; uid?: string }
  )
export type ChangeAnswer = { message: string }

/** `GET /api/flows/<flow>/rules`: what a new password must be. */
export type Rules = {
  min: number
  max: number
  upper: boolean
  lower: boolean
  digit: boolean
  special: boolean
  not_all_digits: boolean
  history: number
}

/** Any error: an RFC 9457 problem document, with the sentence again under `error`. */
export type Problem = {
  type: string
  title: string
  status: number
  error: string
  code:
    | RefusalCode
    | 'bad-request'
    | 'forbidden'
    | 'not-found'
    | 'method-not-allowed'
    | 'too-large'
    | 'unsupported-type'
    | 'misdirected'
    | 'unavailable'
  detail?: string
  /** Rules that the password broke, each with its sentence. */
  unmet?: { code: Unmet; message: string }[]
  /** Seconds; the `Retry-After` header says the same. */
  retry_after?: number
  /** With `captcha-required`: what to solve. The answer goes into the member `captcha` of the same request. */
  captcha?: {
    /** What a provider is told under `action`. */
    form: Form
    provider: ProviderName
    /** Public key for the provider's script; empty for ALTCHA. */
    site_key: string
    /** The task, for ALTCHA: two minutes, once. */
    challenge: AltchaChallenge | null
  }
}

/** `POST /auth/forgot-password/` and `POST /auth/reset-password/` of the flow `spa`, as its seed has them. */
export type SpaAskBody = Solved & { email: string }
export type SpaChangeBody = Solved & { token: string; new_password: string }
export type SpaAnswer = { message: string }

/** Sentences of the front end, part of `<base>/config.json`: by the names that it has for them. */
export type SpaWords = {
  readonly lang: string
  readonly dir: 'ltr' | 'rtl'
  readonly page: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
  readonly rules: Readonly<Record<string, string>>
}
