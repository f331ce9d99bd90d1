/** The languages that there are. A new one is a file beside this one, and a line here. */
import { en } from './en.ts'
import type { Language } from './language.ts'

/** A language's tag (BCP 47), one of `locales`. */
export type Locale = string

/** What is said where a language is not known. */
export const fallbackLocale: Locale = 'en'

type Offered = {
  /** As its speakers call it. */
  readonly name: string
  /** Its words; they are read when they are first needed, so that nobody pays for what nobody speaks. */
  readonly load: () => Promise<Language>
}

const offered: Readonly<Record<Locale, Offered>> = {
  en: { name: 'English', load: async () => en },
  de: { name: 'Deutsch', load: async () => (await import('./de.ts')).de },
  fr: { name: 'Français', load: async () => (await import('./fr.ts')).fr },
  es: { name: 'Español', load: async () => (await import('./es.ts')).es },
  it: { name: 'Italiano', load: async () => (await import('./it.ts')).it },
  'pt-BR': { name: 'Português (Brasil)', load: async () => (await import('./pt-BR.ts')).ptBR },
  nl: { name: 'Nederlands', load: async () => (await import('./nl.ts')).nl },
  ar: { name: 'العربية', load: async () => (await import('./ar.ts')).ar },
  he: { name: 'עברית', load: async () => (await import('./he.ts')).he },
  pl: { name: 'Polski', load: async () => (await import('./pl.ts')).pl },
  ru: { name: 'Русский', load: async () => (await import('./ru.ts')).ru },
  tr: { name: 'Türkçe', load: async () => (await import('./tr.ts')).tr },
  'zh-Hans': { name: '简体中文', load: async () => (await import('./zh-Hans.ts')).zhHans },
  hi: { name: 'हिन्दी', load: async () => (await import('./hi.ts')).hi },
  ja: { name: '日本語', load: async () => (await import('./ja.ts')).ja },
  uk: { name: 'Українська', load: async () => (await import('./uk.ts')).uk },
  cs: { name: 'Čeština', load: async () => (await import('./cs.ts')).cs },
  sv: { name: 'Svenska', load: async () => (await import('./sv.ts')).sv },
  ko: { name: '한국어', load: async () => (await import('./ko.ts')).ko },
  el: { name: 'Ελληνικά', load: async () => (await import('./el.ts')).el },
  th: { name: 'ไทย', load: async () => (await import('./th.ts')).th },
  da: { name: 'Dansk', load: async () => (await import('./da.ts')).da },
  fi: { name: 'Suomi', load: async () => (await import('./fi.ts')).fi },
  // Added above this line
}

/** The languages that there are, the fallback first. */
export const locales: readonly Locale[] = Object.keys(offered)

/** What a language is called by those who speak it. */
export const nameOf = (locale: Locale): string => (Object.hasOwn(offered, locale) ? offered[locale]!.name : locale)

const loaded = new Map<Locale, Language>([[fallbackLocale, en]])

/** Reads the words of a language, once. To be awaited before anything is said in it; until then it speaks English. */
export async function ready(locale: Locale): Promise<void> {
  if (loaded.has(locale) || !Object.hasOwn(offered, locale)) return
  loaded.set(locale, await offered[locale]!.load())
}

const unoffered = new Set<Locale>()

/** Teaches a language that is in no list: whoever names its tag is answered in it. For tests that walk in made-up words. */
export function teach(locale: Locale, language: Language): void {
  loaded.set(locale, language)
  unoffered.add(locale)
}

/** The languages that were taught; none but in a test. */
export const taught = (): readonly Locale[] => [...unoffered]

/** The words of `locale`; English, where they are unknown or have not been read. */
export const words = (locale: string): Language => loaded.get(locale) ?? en

/** Whether something can be said in it now. */
export const isKnown = (locale: string): boolean => loaded.has(locale)
