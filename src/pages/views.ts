/** What each page is given. Pages are plain functions of these; they know words, and no HTTP. */
import type { Brand, PasswordRule } from '../engine/flow.ts'
import type { Unmet } from '../engine/outcome.ts'

/** What every page of a flow shares. */
export type Frame = {
  readonly brand: Required<Omit<Brand, 'logo'>> & Pick<Brand, 'logo'>
  /** Which set of sentences. */
  readonly wording: string
  readonly locale: string
  /** Value of the hidden field `csrf_token`. */
  readonly csrf: string
  /** Addresses of the style sheet and the script. */
  readonly style: string
  readonly script: string
  readonly loginUrl: string
  readonly askUrl: string
  readonly supportUrl: string | null
  readonly signUpUrl: string | null
}

export type AskView = {
  readonly action: string
  readonly field: string
  readonly value: string
  readonly problem:
    | 'email-required'
    | 'email-invalid'
    | 'address-unknown'
    | 'address-unverified'
    | 'account-inactive'
    | null
  /** Whether a code is sent, not a link: button "Send Verification Code". */
  readonly code: boolean
}

/** "Check your email"; the same for everybody. `minutes`: how long the link lives. */
export type SentView = { readonly minutes: number }

export type CodeView = {
  readonly action: string
  /** The resend form posts the address and `resend=1` here. */
  readonly resendAction: string
  readonly fields: { readonly email: string; readonly code: string }
  readonly address: string
  readonly digits: number
  readonly minutes: number
  readonly problem: 'code-dead' | 'code-malformed' | null
  /** Seconds until the resend button works. */
  readonly resendIn: number
  /** A toast says that a code was sent if the address has an account. */
  readonly justSent: boolean
}

export type NewPasswordView = {
  readonly action: string
  readonly fields: { readonly password: string; readonly confirm: string }
  /** Hidden field `challenge`: whose grant this form uses. */
  readonly challenge: string
  /** The account's address, shown, and in a hidden `username` field for password managers. */
  readonly account: string
  readonly rule: PasswordRule
  readonly unmet: readonly Unmet[]
}

/** `home`: where one who is signed in goes on to; null for a visitor who is to log in. */
export type DoneView = { readonly home: string | null }

export type LoginView = {
  readonly action: string
  readonly value: string
  /** `login-elsewhere`: the password was right, but these pages have no second factor and no single sign-on. */
  readonly problem: 'login-failed' | 'login-elsewhere' | null
  readonly toast: 'password-reset' | 'signed-out' | null
}

export type ProblemView = {
  readonly kind:
    | 'link-dead'
    | 'missing-token'
    | 'session-expired'
    | 'too-many-attempts'
    | 'forbidden'
    | 'not-found'
    | 'method-not-allowed'
    | 'bad-request'
    | 'too-large'
    | 'unsupported-type'
    | 'misdirected'
    | 'unavailable'
  /** Seconds, for "too many attempts": a countdown that runs. */
  readonly retryAfter: number | null
}

export type AccountView = { readonly email: string; readonly username: string | null }

/** Development only. */
export type GalleryView = {
  readonly flows: readonly { readonly name: string; readonly askUrl: string; readonly loginUrl: string }[]
  readonly accounts: readonly {
    readonly email: string
    readonly username: string | null
    readonly password: string
    readonly note: string
  }[]
}
export type InboxView = {
  readonly letters: readonly {
    readonly id: string
    readonly to: string
    readonly subject: string
    readonly at: string
  }[]
}
export type InboxLetterView = {
  readonly to: string
  readonly subject: string
  readonly at: string
  readonly text: string
  /** Address of the HTML part, shown in a sandboxed frame. */
  readonly frame: string
}
