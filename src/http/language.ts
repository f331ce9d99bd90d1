/** The language of an answer: `?lang=`, else what the browser was told before, else what it wishes, else the default. */
import type { Context, MiddlewareHandler } from 'hono'
import { type Locale, lookUp, pickLocale, ready } from '../words/index.ts'
import type { Cookies } from './cookies.ts'

/**
 * Chooses the language of each request and reads its words before anything is said. `?lang=` is for this request and,
 * on pages, for those that follow: it is kept in a cookie, which holds one of the tags that there are and nothing that
 * was sent. What names no language of ours counts as not sent.
 */
export function chooseLanguage(cookies: Cookies, isProgram: (c: Context) => boolean): MiddlewareHandler {
  return async (c, next) => {
    const asked = lookUp(c.req.query('lang'))
    const kept = lookUp(cookies.language(c))
    const locale = asked ?? kept ?? pickLocale(c.req.header('accept-language'))
    if (asked !== null && asked !== kept && !isProgram(c)) cookies.keepLanguage(c, asked)
    c.set('locale', locale)
    await ready(locale)
    await next()
  }
}

/** The language of this request. */
export const localeOf = (c: Context): Locale => c.get('locale') ?? pickLocale(c.req.header('accept-language'))

/** The language of this request, noted on the answer, which is written in it (RFC 9110, 8.5 and 12.5.5). */
export function speakOn(c: Context, locale: Locale = localeOf(c)): Locale {
  c.header('Content-Language', locale)
  c.header('Vary', 'Accept-Language')
  return locale
}
