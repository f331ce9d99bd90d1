/** A sentence with its parameters filled in: plurals by the language's own rules, and strange text kept apart. */
import { IntlMessageFormat } from 'intl-messageformat'

export type Params = { readonly [name: string]: string | number }

type Ready = {
  readonly format: IntlMessageFormat
  /** Parameters that choose between words and are not said themselves. */
  readonly chosenBy: ReadonlySet<string>
}

const sentences = new Map<string, Ready>()

/** More than one language says; with every language in use it starts over now and then, and stays small. */
const mostSentences = 1000

/** The platform's formats, each made once a language and not once a sentence: they are dear to make, and alike. */
const once = <T>(make: (locale: string, options: object | undefined) => T) => {
  const made = new Map<string, T>()
  return (locales?: string | string[], options?: object): T => {
    const name = `${locales}${JSON.stringify(options ?? {})}`
    const one = made.get(name) ?? make(String(locales), options)
    made.set(name, one)
    return one
  }
}
const formatters = {
  getNumberFormat: once((locale, options) => new Intl.NumberFormat(locale, options)),
  getDateTimeFormat: once((locale, options) => new Intl.DateTimeFormat(locale, options)),
  getPluralRules: once((locale, options) => new Intl.PluralRules(locale, options)),
}

/** Sentences are few and live in files, so what is kept cannot grow with what visitors send. */
function prepare(locale: string, text: string): Ready {
  const name = `${locale}\n${text}`
  const known = sentences.get(name)
  if (known) return known
  if (sentences.size >= mostSentences) sentences.clear()
  // Sentences are text; who makes HTML of them escapes them whole, so "<" is a letter like another.
  const format = new IntlMessageFormat(text, locale, undefined, { ignoreTag: true, formatters })
  const ready = { format, chosenBy: new Set([...text.matchAll(/\{(\w+), select,/g)].map(([, one]) => one as string)) }
  sentences.set(name, ready)
  return ready
}

// What turns the direction of a line, or would end an isolate before its time.
const turns = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
const rightToLeft = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u

/**
 * Somebody else's text as it may stand in a sentence: without controls that turn lines, and where it may run the other
 * way between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (Unicode UAX 9), so that an address, a name or a code
 * moves nothing around it.
 */
function apart(text: string, dir: 'ltr' | 'rtl'): string {
  const plain = text.replace(turns, '')
  return plain !== '' && (dir === 'rtl' || rightToLeft.test(plain)) ? `\u2068${plain}\u2069` : plain
}

/**
 * Fills a sentence in.
 * @throws when a parameter is missing.
 */
export function fill(text: string, locale: string, dir: 'ltr' | 'rtl', params: Params): string {
  if (!text.includes('{')) return text
  const { format, chosenBy } = prepare(locale, text)
  const given = Object.entries(params).map(([name, value]) => [
    name,
    typeof value === 'string' && !chosenBy.has(name) ? apart(value, dir) : value,
  ])
  return String(format.format(Object.fromEntries(given)))
}
