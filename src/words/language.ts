/** What a language is: English whole, any other what it says of the same keys. */
import type { en } from './en.ts'

/** A sentence that is the same in every flow. */
export type SharedKey = keyof typeof en.shared
/** A sentence that each wording may say in its own way. */
export type WordingKey = keyof typeof en.wordings.classic
export type Key = SharedKey | WordingKey

/** What only operators and developers read: English everywhere, as the log, the settings and the documentation are. */
export type OperatorKey = Extract<SharedKey, `${'alarm' | 'gallery' | 'inbox' | 'letters'}.${string}`>

/**
 * One language. `wordings.classic` is what the other wordings fall back to.
 *
 * A sentence that is not there is said in English, so that a new one can be written before all can say it; a check
 * (`scripts/check-words.ts`) tells which are missing.
 */
export type Language = {
  /** Which way the lines run. */
  readonly dir: 'ltr' | 'rtl'
  readonly shared: Readonly<Partial<Record<SharedKey, string>>>
  readonly wordings: { readonly [wording: string]: Readonly<Partial<Record<WordingKey, string>>> }
}
