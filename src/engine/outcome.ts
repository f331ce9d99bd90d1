/**
 * What a verb answers. A refusal is an expected no, a value, with the code that a visitor may know and what only the
 * audit may know. A fault is something broken, thrown.
 */
import type { Window } from './limits.ts'

/** Rules that a new password broke, as codes; the words are in `words`. */
export type Unmet =
  | 'too-short'
  | 'too-long'
  | 'no-upper'
  | 'no-lower'
  | 'no-digit'
  | 'no-special'
  | 'all-digits'
  | 'common'
  | 'is-name'
  | 'holds-name'
  | 'same-as-current'
  | 'used-before'
  | 'mismatch'
  | 'unprintable'
  | 'empty'
  /** Of the table's own form, which would cut it: bcrypt at 72 bytes, WordPress what is white at either end. */
  | 'too-many-bytes'
  | 'outer-space'

/** Every refusal that a visitor can meet. */
export type Refusal =
  | { readonly code: 'email-required' }
  | { readonly code: 'email-invalid' }
  /** `within`: the window that is full, where it is the caller's own and may be told. */
  | { readonly code: 'too-many-attempts'; readonly retryAfter: number; readonly within?: Window }
  | { readonly code: 'link-dead' }
  | { readonly code: 'code-dead' }
  | { readonly code: 'code-malformed' }
  | { readonly code: 'session-expired' }
  /** A change of this account's password is under way elsewhere, and nobody knows yet how it ends. */
  | { readonly code: 'unsettled'; readonly retryAfter: number }
  | { readonly code: 'password-refused'; readonly unmet: readonly Unmet[] }
  | { readonly code: 'login-failed' }
  /** The password was right, and the account has a second factor or single sign-on, which our pages have not. */
  | { readonly code: 'login-elsewhere' }
  /** `retryAfter`: when it goes without one; null where it never does. */
  | { readonly code: 'captcha-required'; readonly retryAfter: number | null }
  /** The three of `disclosure: 'explicit'`. */
  | { readonly code: 'address-unknown' }
  | { readonly code: 'address-unverified' }
  | { readonly code: 'account-inactive' }

export type RefusalCode = Refusal['code']

export type Outcome<T, C extends RefusalCode = RefusalCode> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly refusal: Extract<Refusal, { code: C }> }

/** A refusal as an outcome. */
export const refuse = <R extends Refusal>(refusal: R): { readonly ok: false; readonly refusal: R } => ({
  ok: false,
  refusal,
})

/** Whole seconds until `at`, at least one. */
export const secondsUntil = (at: number, now: number): number => Math.max(1, Math.ceil((at - now) / 1000))

export type FaultCode = 'configuration' | 'database' | 'database-busy' | 'accounts' | 'mail' | 'hash'

/** Something broke. `code` is stable; `message` says what, what was expected, and what to do. */
export class Fault extends Error {
  readonly code: FaultCode
  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'Fault'
    this.code = code
  }
}

/** The mail server will never take this letter. */
export class MailRefusal extends Error {
  override readonly name = 'MailRefusal'
}

/** The mail server is not there: no other letter would leave now either, so all of them rest a while. */
export class MailServerGone extends Error {
  override readonly name = 'MailServerGone'
}
