/** What people read, by key and language. Knows nothing of pages, letters or flows. */
import { IntlMessageFormat } from 'intl-messageformat'
import { en } from './en.ts'

/** A sentence that is the same in every flow. */
export type SharedKey = keyof typeof en.shared
/** A sentence that each wording may say in its own way. */
export type WordingKey = keyof typeof en.wordings.classic
export type Key = SharedKey | WordingKey
export type Params = { readonly [name: string]: string | number }

/** One language. `wordings.classic` is whole; any other says only what it says differently. */
export type Language = {
  readonly dir: 'ltr' | 'rtl'
  readonly shared: Readonly<Record<SharedKey, string>>
  readonly wordings: { readonly classic: Readonly<Record<WordingKey, string>> } & {
    readonly [wording: string]: Partial<Readonly<Record<WordingKey, string>>>
  }
}

/** A language's tag (BCP 47), one of `locales`. */
export type Locale = string

/** Says sentences in one language and wording. */
export type Say = (key: Key, params?: Params) => string

const languages: ReadonlyMap<string, Language> = new Map([['en', en satisfies Language]])

/** What is said where a language is not known. */
export const fallbackLocale: Locale = 'en'

/** The languages that there are, the fallback first. */
export const locales: readonly Locale[] = [...languages.keys()]

/** Everything that is said in `locale`; in English, where the locale is unknown. */
export const words = (locale: string): Language => languages.get(locale) ?? en

/** The sentence as it stands in the file, before its parameters are filled in. */
function pattern(language: Language, wording: string, key: Key): string {
  // A wording's name comes from configuration: `constructor` must not find what every object has.
  const own = Object.hasOwn(language.wordings, wording) ? language.wordings[wording] : undefined
  const found =
    own?.[key as WordingKey] ?? language.wordings.classic[key as WordingKey] ?? language.shared[key as SharedKey]
  if (found === undefined) throw new Error(`There is no sentence "${key}"`)
  return found
}

const formats = new Map<string, IntlMessageFormat>()

/** Sentences are few and live in files, so the cache cannot grow with what visitors send. */
function format(locale: string, text: string): IntlMessageFormat {
  const name = `${locale}\n${text}`
  let made = formats.get(name)
  if (!made) {
    // Sentences are text; who makes HTML of them escapes them whole, so "<" is a letter like another.
    made = new IntlMessageFormat(text, locale, undefined, { ignoreTag: true })
    formats.set(name, made)
  }
  return made
}

/**
 * The sentence of `key`, with its parameters filled in; plain text, never HTML.
 * @throws when a parameter is missing.
 */
export function say(locale: string, key: Key, params: Params = {}, wording = 'classic'): string {
  const known = languages.has(locale) ? locale : fallbackLocale
  const text = pattern(words(known), wording, key)
  return text.includes('{') ? String(format(known, text).format(params)) : text
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

/**
 * The language to answer in, from an `Accept-Language` header (RFC 9110, 12.5.4) and the languages that there are.
 * Anything that cannot be read counts as not sent.
 */
export function pickLocale(acceptLanguage: string | null | undefined): Locale {
  const wishes = (acceptLanguage ?? '')
    .slice(0, 500)
    .split(',')
    .map(readWish)
    .filter((wish) => wish.weight > 0)
    .sort((a, b) => b.weight - a.weight)
  for (const { tag } of wishes) {
    const primary = tag.split('-')[0] as string
    const found = locales.find((locale) => locale.toLowerCase() === tag) ?? locales.find((locale) => locale === primary)
    if (found) return found
  }
  return fallbackLocale
}

function readWish(part: string): { tag: string; weight: number } {
  const match = /^\s*([a-z]{1,8}(?:-[a-z0-9]{1,8}){0,4})\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/i.exec(part)
  if (!match?.[1]) return { tag: '', weight: 0 }
  return { tag: match[1].toLowerCase(), weight: match[2] === undefined ? 1 : Number(match[2]) }
}
