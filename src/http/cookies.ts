/** The cookies, by name. On https each is `__Host-`: this host's alone, and never sent in clear (RFC 6265bis). */
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { digestOfRandom, fresh, type Keyring, mac, same, seal, unseal } from '../engine/keys.ts'
import type { Random } from '../engine/ports.ts'
import { sessionLife } from '../engine/session.ts'

/** What a browser remembers of an ask, sealed. */
export type AskMemory = { readonly flowId: string; readonly address: string; readonly at: number }

export type Cookies = ReturnType<typeof cookies>

const day = 86_400

/** Asks of one flow that a browser remembers, the latest of each address: a tab each. */
const mostAsks = 3

const isFor =
  (address: string) =>
  (memory: AskMemory): boolean =>
    memory.address.toLowerCase() === address.trim().toLowerCase()

/** Reads and writes the cookies of one installation. */
export function cookies(keys: Keyring, random: Random, secure: boolean) {
  const prefix = secure ? '__Host-' : ''
  const name = (plain: string): string => `${prefix}lk_${plain}`
  const set = (c: Context, plain: string, value: string, maxAge: number): void =>
    setCookie(c, name(plain), value, { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge })
  const get = (c: Context, plain: string): string | undefined => getCookie(c, name(plain))
  const named = (c: Context, start: string): [string, string][] =>
    Object.entries(getCookie(c))
      .filter(([key]) => key.startsWith(name(start)))
      .map(([key, value]) => [key.slice(name(start).length), value])

  /** The browser's own random value; made here if it has none. Its form token and its codes hang on it. */
  const browser = (c: Context): string => {
    const known = c.get('browser') ?? get(c, 'browser')
    if (known && /^[\w-]{22}$/.test(known)) return known
    const made = fresh(random, 16)
    c.set('browser', made)
    set(c, 'browser', made, day)
    return made
  }

  /** Latest first. */
  const asks = (c: Context, flow: string): AskMemory[] => {
    const sealed = get(c, `ask_${flow}`)
    if (!sealed || sealed.length > 4_096) return []
    for (const one of keys.all) {
      const text = unseal(one, `ask:${flow}`, sealed)
      if (text !== null) return JSON.parse(text)
    }
    return []
  }
  const keepAsks = (c: Context, flow: string, memories: readonly AskMemory[], seconds: number): void => {
    if (memories.length === 0) deleteCookie(c, name(`ask_${flow}`), { path: '/', secure })
    else set(c, `ask_${flow}`, seal(keys.current, random, `ask:${flow}`, JSON.stringify(memories)), seconds)
  }

  return {
    browser,
    /** What stands for the browser in the database. */
    browserKey: (c: Context): string => digestOfRandom(browser(c)).slice(0, 22),
    csrfToken: (browser: string): string => mac(keys.current, 'csrf', [browser]),
    isCsrfToken: (browser: string | undefined, token: string): boolean =>
      browser !== undefined && keys.all.some((one) => same(mac(one, 'csrf', [browser]), token)),
    knownBrowser: (c: Context): string | undefined => get(c, 'browser'),

    remember(c: Context, flow: string, memory: AskMemory, seconds: number): void {
      const others = asks(c, flow).filter((one) => !isFor(memory.address)(one))
      keepAsks(c, flow, [memory, ...others].slice(0, mostAsks), seconds)
    },
    /** The ask for this address, else the latest. */
    remembered(c: Context, flow: string, address: string | null): AskMemory | null {
      const all = asks(c, flow)
      return all.find(isFor(address ?? '')) ?? all[0] ?? null
    },
    forget: (c: Context, flow: string, address: string, seconds: number): void =>
      keepAsks(
        c,
        flow,
        asks(c, flow).filter((one) => !isFor(address)(one)),
        seconds,
      ),

    /** One cookie per challenge and account, so that two tabs with two accounts never mix. */
    grant: (c: Context, handle: string, grant: string, seconds: number): void =>
      set(c, `grant_${handle}`, grant, seconds),
    grants: (c: Context): [handle: string, grant: string][] => named(c, 'grant_'),
    dropGrant: (c: Context, handle: string): void =>
      void deleteCookie(c, name(`grant_${handle}`), { path: '/', secure }),

    /** Leave for one form, from the captcha before it. */
    captchaPass: (c: Context, form: string): string | undefined => get(c, `captcha_${form}`),
    captchaPassed: (c: Context, form: string, pass: string): void => set(c, `captcha_${form}`, pass, 600),
    dropCaptchaPass: (c: Context, form: string): void =>
      void deleteCookie(c, name(`captcha_${form}`), { path: '/', secure }),

    language: (c: Context): string | undefined => get(c, 'lang'),
    keepLanguage: (c: Context, locale: string): void => set(c, 'lang', locale, 180 * day),

    session: (c: Context): string | undefined => get(c, 'session'),
    signIn: (c: Context, token: string): void => set(c, 'session', token, sessionLife / 1000),
    signOut(c: Context): void {
      if (get(c, 'session') !== undefined) deleteCookie(c, name('session'), { path: '/', secure })
    },

    devices: (c: Context): string[] =>
      named(c, 'device_')
        .slice(0, 8)
        .map(([, value]) => value),
    /** Known for half a year; the name is the value's own start, so that several accounts share a browser. */
    knowDevice: (c: Context, value: string): void => set(c, `device_${value.slice(0, 8)}`, value, 180 * day),
  }
}
