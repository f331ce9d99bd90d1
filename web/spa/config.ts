/** What the server tells the front end: `<base>/config.json`. Not in the page, since its policy forbids inline code. */
import type { SpaWords } from '../../src/http/wire.ts'
import { type Answer, exchange } from '../../src/react/exchange.ts'

/** `api`: origin and prefix of the API, empty for this origin. `login`: the log-in page of the application. */
export type Config = {
  readonly api: string
  readonly base: string
  readonly login: string
  readonly brand: string
  /** In the visitor's language; null in English. */
  readonly words: SpaWords | null
}

/** The base that the server wrote into the page, with a slash at its end. */
export function baseOf(page: Document): string {
  const base = page.querySelector('meta[name="latchkey-base"]')?.getAttribute('content') ?? '/'
  return base.endsWith('/') ? base : `${base}/`
}

/** Fetches the configuration. */
export const loadConfig = (base: string): Promise<Answer<Config>> =>
  exchange<Config>((input, init) => fetch(input, init), {
    url: `${base}config.json`,
    has: { api: 'string', base: 'string', login: 'string', brand: 'string' },
    timeout: 15_000,
  })

/**
 * The address of the log-in page, or null when it leads nowhere: back to the front end's own, which would turn in a
 * circle, or to a scheme that is no page.
 */
export function loginUrl(login: string, own: string): string | null {
  if (login === '' || !URL.canParse(login, own)) return null
  const target = new URL(login, own)
  const isPage = target.protocol === 'https:' || target.protocol === 'http:'
  return isPage && withoutSlash(target) !== withoutSlash(new URL(own)) ? target.href : null
}

const withoutSlash = ({ origin, pathname }: URL): string => origin + pathname.replace(/\/+$/, '')
