/** What people read, by key and language. Knows nothing of pages, letters or flows. */
import { en } from './en.ts'
import type { Key, SharedKey, WordingKey } from './language.ts'
import { fallbackLocale, isKnown, type Locale, words } from './list.ts'
import { fill, type Params } from './sentence.ts'

export type { Key, Language, SharedKey, WordingKey } from './language.ts'
export { fallbackLocale, type Locale, locales, nameOf, ready, words } from './list.ts'
export { lookUp, pickLocale } from './pick.ts'
export type { Params } from './sentence.ts'

/** Says sentences in one language and wording. */
export type Say = (key: Key, params?: Params) => string

/** The sentence as it stands in the file, before its parameters are filled in. */
function pattern(locale: string, wording: string, key: Key): string {
  const { shared, wordings } = words(locale)
  const own = wordingOf(wordings, wording)[key as WordingKey]
  if (own !== undefined) return own
  const english = wordingOf(en.wordings, wording)[key as WordingKey]
  // What English leaves out of a wording is left out of it everywhere.
  if (english === '') return ''
  const found =
    wordings.classic?.[key as WordingKey] ??
    shared[key as SharedKey] ??
    english ??
    en.wordings.classic[key as WordingKey] ??
    en.shared[key as SharedKey]
  if (found === undefined) throw new Error(`There is no sentence "${key}"`)
  return found
}

type Wording = Partial<Readonly<Record<WordingKey, string>>>

// A wording's name comes from configuration: `constructor` must not find what every object has.
const wordingOf = (wordings: Readonly<Record<string, Wording>>, name: string): Wording =>
  Object.hasOwn(wordings, name) ? wordings[name]! : {}

/**
 * The sentence of `key`, with its parameters filled in; plain text, never HTML.
 * @throws when a parameter is missing.
 */
export function say(locale: string, key: Key, params: Params = {}, wording = 'classic'): string {
  const known = isKnown(locale) ? locale : fallbackLocale
  return fill(pattern(known, wording, key), known, words(known).dir, params)
}

/** `say` with language and wording chosen once. */
export const speaker =
  (locale: string, wording = 'classic'): Say =>
  (key, params) =>
    say(locale, key, params, wording)

type UnmetOf<K> = K extends `unmet.${infer Code}` ? Code : never

/** What one broken rule of a password is called. `min`: the fewest characters that the flow asks for. */
export const unmetSentence = (locale: Locale, code: UnmetOf<SharedKey>, min = 8): string =>
  say(locale, `unmet.${code}`, { min })

/** How long something lives, in words: whole hours as hours, all else as minutes. */
export function life(sayIt: Say, minutes: number): string {
  const hours = minutes / 60
  return Number.isInteger(hours) ? sayIt('life.hours', { count: hours }) : sayIt('life.minutes', { count: minutes })
}

/** Whether the language runs from right to left. */
export const isRightToLeft = (locale: string): boolean => words(locale).dir === 'rtl'
