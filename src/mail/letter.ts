/** What a letter says, as data; `letters/` turns it into subject, text and HTML. */
import type { FullBrand } from '../engine/flow.ts'

export type LetterContent = {
  readonly locale: string
  readonly wording: string
  readonly brand: FullBrand
  /** How the reader is greeted: the user name, else nothing. Free text of a stranger: escape, and cut to 64 characters. */
  readonly name: string | null
  readonly email: string
  readonly supportUrl: string | null
} /** `which`: the account that it is for, where several have the address; free text, as `name` is. */ & (
  | {
      readonly kind: 'link'
      readonly link: string
      readonly which?: string | null
      readonly expiresAt: number
      readonly minutes: number
    }
  | { readonly kind: 'code'; readonly code: string; readonly expiresAt: number; readonly minutes: number }
  /** A link where a code flow would send a code: too many wrong ones were typed, or it would not say whose it is. */
  | {
      readonly kind: 'link-instead'
      readonly link: string
      readonly which?: string | null
      readonly expiresAt: number
      readonly minutes: number
    }
  /** An account that signs in elsewhere: where, if the flow says it. */
  | { readonly kind: 'other-door'; readonly signOnUrl: string | null }
  /** Nobody has the address that it goes to, which is what somebody typed. */
  | { readonly kind: 'no-account'; readonly askUrl: string; readonly signUpUrl: string | null }
  /** `endsSessions`: every session is known to have ended; absent: it is. */
  | { readonly kind: 'changed'; readonly at: number; readonly askUrl: string; readonly endsSessions?: boolean }
  | { readonly kind: 'too-many-tries'; readonly at: number; readonly askUrl: string }
)

export type Written = { readonly subject: string; readonly text: string; readonly html: string }
