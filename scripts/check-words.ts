/**
 * Holds every language to English: no sentence missing or made up, the same parameters, every plural that the language
 * has, nothing left in English, no markup. Why a script: nobody of us reads all of them, and a sentence that breaks is
 * read by somebody who is locked out.
 */
import { readFileSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import { en } from '../src/words/en.ts'
import type { Language } from '../src/words/language.ts'
import { fallbackLocale, locales, nameOf, ready, words } from '../src/words/list.ts'

/** Read by operators and developers, who read the documentation in English too. */
const forOperators = /^(alarm|gallery|inbox|letters)\./

type Sentences = Readonly<Record<string, string | undefined>>
type Node = {
  readonly type: number
  readonly value?: string
  readonly options?: Readonly<Record<string, { value: Node[] }>>
  readonly children?: Node[]
}

const problems: string[] = []

/** What a sentence takes, and which forms its plurals have. */
function taken(text: string, locale: string): { names: Set<string>; plurals: string[][] } {
  const names = new Set<string>()
  const plurals: string[][] = []
  const walk = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      // Of the parser: 0 text, 1 an argument, 2 number, 3 date, 4 time, 5 select, 6 plural, 7 the number in a plural.
      if (node.type >= 1 && node.type <= 6) names.add(node.value!)
      if (node.type === 6) plurals.push(Object.keys(node.options!))
      for (const { value } of Object.values(node.options ?? {})) walk(value)
      walk(node.children ?? [])
    }
  }
  walk(new IntlMessageFormat(text, locale, undefined, { ignoreTag: true }).getAst() as unknown as Node[])
  return { names, plurals }
}

const wordsIn = (text: string): number => text.replaceAll(/\{[^{}]*\}/g, ' ').match(/[A-Za-z]{2,}/g)?.length ?? 0

function checkSentence(place: string, locale: string, english: string, text: string): void {
  const say = (what: string): void => void problems.push(`${place}: ${what}`)
  if (text === '' || english === '') {
    if ((text === '') !== (english === '')) say(english === '' ? 'English leaves it out' : 'is empty')
    return
  }
  if (/<\/?[a-z]|&[a-z]+;/i.test(text)) say('holds markup, and is text')
  if (/^\s|\s$| {2}/.test(text)) say('has a space too many')
  if (text === english && wordsIn(text) > 2) say('is still in English')
  if (
    [...text].filter((one) => '\u2066\u2067\u2068'.includes(one)).length !==
    [...text].filter((one) => one === '\u2069').length
  ) {
    say('opens an isolate that it does not close')
  }
  try {
    const [here, there] = [taken(text, locale), taken(english, fallbackLocale)]
    // What chooses an article in English may have nothing to choose elsewhere.
    const missing = [...there.names].filter((name) => !here.names.has(name) && name !== 'named')
    const added = [...here.names].filter((name) => !there.names.has(name))
    if (missing.length > 0) say(`lacks {${missing.join('}, {')}}`)
    if (added.length > 0) say(`takes {${added.join('}, {')}}, which nobody gives`)
    const categories = new Intl.PluralRules(locale).resolvedOptions().pluralCategories
    for (const forms of here.plurals) {
      const lacking = categories.filter((one) => !forms.includes(one))
      const foreign = forms.filter((one) => !one.startsWith('=') && !categories.includes(one as Intl.LDMLPluralRule))
      if (lacking.length > 0) say(`has a plural without ${lacking.join(', ')}`)
      if (foreign.length > 0) say(`has a plural ${foreign.join(', ')}, which the language has not`)
    }
  } catch (error) {
    say(`cannot be read: ${(error as Error).message}`)
  }
}

/** Where another wording is not said in a language, the classic one is: it must mean the same. */
const means = (text: string): string =>
  ['code', 'link'].filter((one) => new RegExp(`\\b${one}\\b`, 'i').test(text)).join()

/** A code is not a link; a sentence that names neither goes with both. */
const differs = (one: string, other: string): boolean => one !== '' && other !== '' && one !== other

/** `needed`: whether a sentence must be there; those without a word of their own need not. */
function checkAll(
  place: string,
  locale: string,
  english: Sentences,
  there: Sentences,
  needed: (key: string) => boolean,
): void {
  for (const [key, text] of Object.entries(english)) {
    if (forOperators.test(key)) continue
    const said = there[key]
    if (said !== undefined) checkSentence(`${place} ${key}`, locale, text!, said)
    else if (needed(key) && wordsIn(text!) > 0) problems.push(`${place} ${key}: is missing`)
  }
  for (const key of Object.keys(there)) if (!(key in english)) problems.push(`${place} ${key}: English has no such key`)
}

for (const locale of locales) {
  await ready(locale)
  const language: Language = words(locale)
  const [canonical] = Intl.getCanonicalLocales(locale)
  if (canonical !== locale) problems.push(`${locale}: is written ${canonical}`)
  const { script } = new Intl.Locale(locale).maximize()
  const dir = script === 'Arab' || script === 'Hebr' ? 'rtl' : 'ltr'
  if (language.dir !== dir) problems.push(`${locale}: runs ${dir}`)
  if (locale === fallbackLocale) continue
  checkAll(locale, locale, en.shared, language.shared, () => true)
  for (const [wording, sentences] of Object.entries(en.wordings)) {
    const classic: Sentences = en.wordings.classic
    const needed = (key: string): boolean =>
      wording === 'classic' || differs(means((sentences as Sentences)[key]!), means(classic[key] ?? ''))
    checkAll(`${locale} ${wording}`, locale, sentences, language.wordings[wording] ?? {}, needed)
  }
  for (const wording of Object.keys(language.wordings)) {
    if (!(wording in en.wordings)) problems.push(`${locale} ${wording}: there is no such wording`)
  }
}

const told = readFileSync('docs/languages.md', 'utf8')
const rows = locales.map((tag) => `| \`${tag}\` | ${nameOf(tag)} |`)
if (!told.includes(`\n${rows.join('\n')}\n\n`))
  problems.push(`docs/languages.md: its table should be\n${rows.join('\n')}`)

for (const problem of problems) console.error(problem)
console.log(`${locales.length} languages, ${problems.length === 0 ? 'each whole' : `${problems.length} problems`}`)
if (problems.length > 0) process.exitCode = 1
