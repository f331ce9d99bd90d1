/** What each format file gives: how its text is read, and how it is written. All of it is data; `work.ts` computes. */
import type { Random } from '../../engine/ports.ts'
import type { Work } from './work.ts'

/** A stored hash that can be compared with. */
export type Stored = {
  readonly work: Work
  /** What must come of it. */
  readonly key: Uint8Array
  /** What is derived from. Absent: the password in UTF-8. */
  readonly secret?: (password: string) => string | Uint8Array
  /** What is compared. Absent: what is derived, as it is. */
  readonly finish?: (derived: Uint8Array) => Uint8Array
  /** Bytes past which the function would cut; a longer password is not this one. */
  readonly mostBytes?: number
}

/** What a text of this format says; a sentence's end where it cannot be used ("cannot be read: …"). */
export type Reading = Stored | { readonly because: string }

/** What the reading needs to know beside the text. */
export type HashKeys = {
  /** Devise's pepper, put after each password before bcrypt. Absent or empty: none. */
  readonly pepper?: string
}

/** How one system writes its password hashes. */
export type Format = {
  /** As `doctor` and the log call it. */
  readonly name: string
  /** Whether a text is of this format, by its first letters; then no other is asked. */
  readonly mark: RegExp
  readonly read: (stored: string, keys: HashKeys) => Reading
}

/** A new hash before its key is derived. */
export type Draft = Pick<Stored, 'work' | 'secret'> & { readonly text: (key: Uint8Array) => string }

/** A form that new passwords are written in. */
export type Form = {
  readonly draft: (random: Random, keys: HashKeys) => Draft
  /** Whether a text was written in this form, at whatever cost. */
  readonly mark: RegExp
  /** Why this form cannot hold a password whole; null when it does. Absent: it holds every one. */
  readonly refuses?: (password: string) => 'too-many-bytes' | 'outer-space' | null
}

/** A text that begins as it should and then does not go on so. */
export const broken: Reading = { because: 'broken' }

/** A base-10 number without sign, of nine digits at most; NaN for anything else. */
export const count = (text: string | undefined): number => (/^\d{1,9}$/.test(text ?? '') ? Number(text) : Number.NaN)
