/** What a captcha of somebody else's is: where its answers are verified, and what its page needs. One file each. */
import type { Form } from '../engine/captcha.ts'

/** Every provider by the name that settings know it by. */
export const providers = ['recaptcha-v2', 'recaptcha-v3', 'hcaptcha', 'turnstile', 'altcha'] as const
export type ProviderName = (typeof providers)[number]
/** Those that are asked over the network. */
export type RemoteName = Exclude<ProviderName, 'altcha'>

/** What a provider said of an answer: members of its JSON, whatever they are. */
export type Said = Readonly<Record<string, unknown>>

/** What an answer must be for. */
export type Expected = {
  readonly form: Form
  /** Host of `publicUrl`, without a port. */
  readonly host: string
  /** Lowest score, 0 to 1; for providers that have one. */
  readonly threshold: number
}

/** A provider on the other side of the network. */
export type Remote = {
  readonly name: RemoteName
  /** Where an answer is verified: one POST, form-encoded. */
  readonly endpoint: string
  /** Longest time for which an answer is good, in milliseconds. */
  readonly life: number
  /** Its script, for this site key and language. */
  script(siteKey: string, locale: string): string
  /** Class of the element that the script fills; null where it shows nothing and is told to begin. */
  readonly element: string | null
  /** Field of the form in which the script leaves the answer. */
  readonly field: string
  /** What the page's content policy must let through, as its documentation lists it. */
  readonly policy: Readonly<Record<'script' | 'frame' | 'connect' | 'style' | 'img', readonly string[]>>
  /** Whether this key, site key or secret, is one of those that pass everybody, for tests. */
  isTestKey(key: string): boolean
  /** Sent with an answer beside it and the secret. */
  extra?(siteKey: string): Readonly<Record<string, string>>
  /** Why an answer that it calls good is not good for us; null for a good one. */
  judge(said: Said, expected: Expected): string | null
}

/** Whether the answer was given on a page of ours. Every provider tells the host under the same name. */
export const otherHost = (said: Said, { host }: Expected): string | null =>
  typeof said.hostname === 'string' && said.hostname.toLowerCase() === host ? null : 'another host'

/** Whether it was given for this form; for providers that tell. */
export const otherAction = (said: Said, { form }: Expected): string | null =>
  said.action === form ? null : 'another form'
