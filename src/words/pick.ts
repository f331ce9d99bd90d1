/** Which language to speak: the best of those that there are for what somebody wishes. */
import { fallbackLocale, type Locale, locales, taught } from './list.ts'

/** Norwegian is written in two ways, and asked for by a third name. */
const alike: Readonly<Record<string, string>> = { no: 'nb', nn: 'nb' }

/**
 * The language that there is for one tag, null where there is none: the tag itself, else the tag without its last parts
 * (RFC 4647, 3.4), else the one that is written alike, so that `pt-PT` finds `pt-BR` and `zh-TW` finds `zh-Hant`.
 * Takes the spellings of operating systems and frameworks, too: `de_AT.UTF-8`.
 */
export function lookUp(tag: string | null | undefined): Locale | null {
  if (!tag) return null
  const plain = tag
    .slice(0, 40)
    .replace(/[.@].*$/, '')
    .replaceAll('_', '-')
    .toLowerCase()
  if (!/^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/.test(plain)) return null
  for (let range = plain; range !== ''; range = range.replace(/-?[^-]*$/, '')) {
    const found = [...locales, ...taught()].find((locale) => locale.toLowerCase() === range)
    if (found) return found
  }
  const script = scriptOf(plain)
  return script === null ? null : (locales.find((locale) => scriptOf(locale) === script) ?? null)
}

/** Language and script, said or likely: `zh-TW` is `zh-Hant`. Null for what is no tag. */
function scriptOf(tag: string): string | null {
  try {
    const { language, script } = new Intl.Locale(tag).maximize()
    return `${alike[language] ?? language}-${script}`
  } catch {
    return null
  }
}

/**
 * The language to answer in, from an `Accept-Language` header (RFC 9110, 12.5.4) and the languages that there are.
 * Anything that cannot be read counts as not sent.
 */
export function pickLocale(acceptLanguage: string | null | undefined): Locale {
  if (!acceptLanguage) return fallbackLocale
  const wishes = acceptLanguage
    .slice(0, 500)
    .split(',')
    .map(readWish)
    .filter((wish) => wish.weight > 0)
    .sort((a, b) => b.weight - a.weight)
    // Nobody speaks more; looking one up has its price.
    .slice(0, 20)
  for (const { tag } of wishes) {
    const found = lookUp(tag)
    if (found) return found
  }
  return fallbackLocale
}

function readWish(part: string): { tag: string; weight: number } {
  const match = /^\s*([a-z]{1,8}(?:-[a-z0-9]{1,8}){0,4})\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/i.exec(part)
  if (!match?.[1]) return { tag: '', weight: 0 }
  return { tag: match[1], weight: match[2] === undefined ? 1 : Math.min(1, Number(match[2])) }
}
