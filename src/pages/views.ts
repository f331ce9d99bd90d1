/** What each page is given. Pages are plain functions of these; they know words, and no HTTP. */
import type { FullBrand, PasswordRule } from '../engine/flow.ts'
import type { Unmet } from '../engine/outcome.ts'

/** What every page of a flow shares. */
export type Frame = {
  readonly brand: FullBrand
  /** Which set of sentences. */
  readonly wording: string
  readonly locale: string
  /** Value of the hidden field `csrf_token`. */
  readonly csrf: string
  /** Addresses of the style sheet and the script. */
  readonly style: string
  readonly script: string
  /** Address of the script that estimates a password's strength; fetched where one is typed. */
  readonly strength: string
  /** Which challenges a page is about, where its address says so: kept when the language is changed. */
  readonly challenge?: string | null
  readonly loginUrl: string
  readonly askUrl: string
  readonly supportUrl: string | null
  readonly signUpUrl: string | null
  /** Whether a new password is known to end every session; absent: it is. */
  readonly endsSessions?: boolean
}

/** A captcha that stands in a form: ALTCHA, or a provider's that shows nothing. */
export type CaptchaView = {
  /** Address of the script that solves it. */
  readonly script: string
  /** Where its challenge is fetched when the form is sent. */
  readonly challengeUrl?: string
  /** Or the challenge itself, as JSON. */
  readonly challenge?: string
  /** Or whom to ask for a score. */
  readonly score?: { readonly siteKey: string; readonly action: string }
  /** Seconds after which one gets on without it; null where one never does. */
  readonly retryAfter: number | null
}

/** The step before a form. */
export type CaptchaStepView = {
  readonly action: string
  /** Where one goes on, a path of ours. */
  readonly to: string
  /** The provider as people know it. */
  readonly provider: string
  readonly script: string
  /** The provider's own; null where ALTCHA stands in for it. */
  readonly remote: {
    readonly script: string
    /** Class of the element that it fills; null where it shows nothing. */
    readonly element: string | null
    readonly siteKey: string
    readonly action: string
  } | null
  /** ALTCHA in its place. */
  readonly captcha: CaptchaView | null
  readonly problem: 'refused' | 'away' | 'down' | null
  readonly retryAfter: number | null
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
    | 'captcha-required'
    | null
  /** Whether a code is sent, not a link: button "Send Verification Code". */
  readonly code: boolean
  /** Absent or null: none is asked for. */
  readonly captcha?: CaptchaView | null
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
  readonly problem: 'code-dead' | 'code-malformed' | 'captcha-required' | null
  /** Seconds until the resend button works. */
  readonly resendIn: number
  /** A toast says that a code was sent if the address has an account. */
  readonly justSent: boolean
  /** Of the form that asks for another code. */
  readonly resendCaptcha?: CaptchaView | null
  /** Absent or null: none is asked for. */
  readonly captcha?: CaptchaView | null
}

/** The accounts that a proved code is for, each with what it is called and where its password is set. */
export type ChoiceView = { readonly accounts: readonly { readonly name: string; readonly href: string }[] }

export type NewPasswordView = {
  readonly action: string
  readonly fields: { readonly password: string; readonly confirm: string }
  /** Hidden field `challenge`: whose grant this form uses. */
  readonly challenge: string
  /**
   * The account's address or, where several have that, what it is called among them: shown, and in a hidden `username`
   * field for password managers.
   */
  readonly account: string
  /** How long the page works, from when it was first opened. */
  readonly minutes: number
  readonly rule: PasswordRule
  readonly unmet: readonly Unmet[]
  /** Refused for want of a captcha, and for nothing of the password's. */
  readonly problem?: 'captcha-required' | null
  /** Absent or null: none is asked for. */
  readonly captcha?: CaptchaView | null
}

/** `home`: where one who is signed in goes on to; null for a visitor who is to log in. */
export type DoneView = { readonly home: string | null }

export type LoginView = {
  readonly action: string
  readonly value: string
  /** `login-elsewhere`: the password was right, but these pages have no second factor and no single sign-on. */
  readonly problem: 'login-failed' | 'login-elsewhere' | 'captcha-required' | null
  readonly toast: 'password-reset' | 'signed-out' | null
  /** Absent or null: none is asked for. */
  readonly captcha?: CaptchaView | null
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
    | 'unsettled'
  /** Seconds, for "too many attempts": a countdown that runs. */
  readonly retryAfter: number | null
}

/** One's own account, for who is signed in. */
export type AccountView = {
  readonly email: string
  readonly username: string | null
  /** Where the form for a new password is posted, the ones that end sessions, and the way out. */
  readonly action: string
  readonly sessionsAction: string
  readonly logoutAction: string
  readonly toast: 'changed' | 'ended' | 'ended-others' | null
  /** The rules for a new password and what was refused; null where one signs in another way. */
  readonly password: {
    readonly rule: PasswordRule
    readonly unmet: readonly Unmet[]
    /** The current password was not it. */
    readonly wrong: boolean
  } | null
  readonly sessions: readonly SessionView[]
  readonly events: readonly EventView[]
}

/** `at`: since when, in milliseconds; `here`: the browser that looks. */
export type SessionView = {
  readonly id: string
  readonly at: number
  readonly agent: string
  readonly network: string
  readonly here: boolean
}

/** Something that happened `times` times in a row, the last time at `at` (milliseconds). */
export type EventView = {
  readonly kind:
    | 'password-changed'
    | 'password-refused'
    | 'letter-sent'
    | 'proof-accepted'
    | 'session-opened'
    | 'session-refused'
  readonly at: number
  readonly times: number
  readonly agent: string
  readonly network: string
}

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
export type LettersView = { readonly letters: readonly { readonly name: string; readonly subject: string }[] }
export type InboxLetterView = {
  /** Where it is one of: the inbox, or the made-up ones. */
  readonly among: 'inbox' | 'letters'
  readonly to: string
  readonly subject: string
  /** Null: never. */
  readonly at: string | null
  readonly text: string
  /** Address of the HTML part, shown in a sandboxed frame. */
  readonly frame: string
}
