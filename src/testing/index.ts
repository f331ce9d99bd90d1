/**
 * The kit that our own tests use: a recovery with a clock to turn, randomness to seed, a mailbox to open, and a browser
 * that keeps cookies and follows nothing by itself.
 */
import type { Clock, Database, Mail, Random } from '../engine/ports.ts'
import { latchkeyWith, type Recovery } from '../latchkey.ts'
import { inbox } from '../mail/inbox.ts'
import type { LogEntry, Options } from '../options.ts'
import { memory } from '../stores/memory.ts'
import { systemRandom } from '../system.ts'

/** A clock that stands until it is turned. */
export type TurnableClock = Clock & { turn(by: { days?: number; minutes?: number; seconds?: number }): void }

/** A clock that starts at a fixed time. */
export function testClock(start: number = Date.UTC(2026, 0, 5, 12)): TurnableClock {
  let now = start
  return {
    now: () => now,
    turn({ days = 0, minutes = 0, seconds = 0 }) {
      now += ((days * 24 * 60 + minutes) * 60 + seconds) * 1000
    },
  }
}

/** Randomness that repeats, from a seed: xorshift, for tests only. */
export function seededRandom(seed = 1): Random {
  let state = seed >>> 0 || 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  return { fraction: next, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) }
}

/** A recovery under test. */
export type TestRecovery = Recovery & {
  readonly clock: TurnableClock
  /** Letters that have left, newest first. */
  readonly letters: readonly Mail[]
  readonly log: readonly LogEntry[]
  /** Sends what is due, then gives the newest letter, or null when none has ever left. */
  mail(): Promise<Mail | null>
  /** Adds an account with this password. */
  account(row: {
    email: string
    password: string
    username?: string
    verified?: boolean
    active?: boolean
  }): Promise<void>
  /** A browser with a cookie jar of its own. */
  browser(options?: { address?: string; headers?: Record<string, string> }): TestBrowser
}

export type TestOptions = Partial<Options> & {
  readonly database?: Database
  /** Whether hashes cost what they cost in production, where that is what is tested. Default: false. */
  readonly realHashes?: boolean
}

/** A six-hundredth of a real one: a third of what a suite computes would be hashes, of which nobody guesses the password. */
const cheap = { memory: 64, passes: 1, lanes: 1 }

/** A recovery on the memory store (or `database`), with letters kept, a clock that stands, and hashes that cost little. */
export async function testRecovery(options: TestOptions = {}): Promise<TestRecovery> {
  const clock = (options.clock as TurnableClock | undefined) ?? testClock()
  const box = inbox(10_000)
  const log: LogEntry[] = []
  const { database, realHashes = false, ...rest } = options
  const store = database ?? memory()
  const whole = {
    secret: 'a secret of a test, of which nothing outside hangs',
    publicUrl: 'https://app.example.com',
    mail: { inbox: box, from: 'App <no-reply@example.com>' },
    worker: false,
    random: systemRandom,
    log: (entry: LogEntry) => void log.push(entry),
    ...rest,
    store,
    clock,
  }
  const recovery = latchkeyWith(whole, realHashes ? undefined : cheap)
  await recovery.ready()
  return Object.assign(Object.create(recovery) as Recovery, {
    clock,
    letters: box.letters,
    log,
    async mail() {
      await recovery.worker.drain()
      return box.letters[0] ?? null
    },
    async account(row: Parameters<TestRecovery['account']>[0]) {
      const passwordHash = await recovery.hasher.hash(row.password.normalize('NFC'))
      const { email, username = null, verified = true, active = true } = row
      await recovery.accounts.add([{ email, username, passwordHash, verified, active }], clock.now())
    },
    browser: (settings?: { address?: string; headers?: Record<string, string> }) =>
      testBrowser(recovery, rest.publicUrl ?? 'https://app.example.com', settings),
  })
}

/** A page as a browser got it. */
export type Page = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where a redirect leads; null for a page. */
  readonly location: string | null
}

export type TestBrowser = {
  readonly jar: Map<string, string>
  /** Follows redirects. */
  get(path: string, headers?: Record<string, string>): Promise<Page>
  /** Does not follow. */
  look(path: string, headers?: Record<string, string>): Promise<Page>
  /** Opens the page, fills its first form (or the one whose action is `action`) and sends it; follows redirects. */
  submit(path: string, fields: Record<string, string>, action?: string): Promise<Page>
  /** Posts as it is; does not follow. */
  post(path: string, body: string | Record<string, string>, headers?: Record<string, string>): Promise<Page>
  /** Posts JSON. */
  json(
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: any; headers: Headers }>
}

/** A browser without scripts: forms, cookies, redirects. */
export function testBrowser(
  recovery: Pick<Recovery, 'fetch'>,
  origin: string,
  settings: { address?: string; headers?: Record<string, string> } = {},
): TestBrowser {
  const jar = new Map<string, string>()
  const send = async (method: string, path: string, headers: Record<string, string>, body?: string): Promise<Page> => {
    const url = new URL(path, origin)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent = { host: url.host, ...(cookie ? { cookie } : {}), ...settings.headers, ...headers }
    const request = new Request(url, { method, headers: sent, ...(body === undefined ? {} : { body }) })
    const response = await recovery.fetch(request, { remoteAddress: settings.address ?? '203.0.113.7' })
    for (const line of response.headers.getSetCookie()) keep(jar, line)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, location: response.headers.get('location') }
  }
  const follow = async (page: Page): Promise<Page> => {
    let now = page
    for (let hops = 0; now.location !== null && hops < 5; hops++) now = await send('GET', now.location, {})
    return now
  }
  const get: TestBrowser['get'] = async (path, headers = {}) => follow(await send('GET', path, headers))
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  return {
    jar,
    get,
    look: (path, headers = {}) => send('GET', path, headers),
    async submit(path, fields, action) {
      const page = await get(path)
      const found = formIn(page.text, action)
      if (!found) throw new Error(`No form ${action ?? ''} on ${path} (status ${page.status}).`)
      const body = new URLSearchParams({ ...found.fields, ...fields }).toString()
      return follow(await send('POST', found.action, { ...form, 'sec-fetch-site': 'same-origin' }, body))
    },
    post: (path, body, headers = {}) =>
      send(
        'POST',
        path,
        { ...form, ...headers },
        typeof body === 'string' ? body : new URLSearchParams(body).toString(),
      ),
    async json(path, body, headers = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const page = await send('POST', path, { 'content-type': 'application/json', ...headers }, text)
      return { status: page.status, headers: page.headers, body: page.text === '' ? null : JSON.parse(page.text) }
    },
  }
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const at = pair.indexOf('=')
  const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
  if (attributes.some((one) => /^\s*max-age=0$/i.test(one))) jar.delete(name)
  else jar.set(name, value)
}

/** The hidden fields and the action of a form on a page. */
export function formIn(text: string, action?: string): { action: string; fields: Record<string, string> } | null {
  for (const [, attributes = '', inner = ''] of text.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
    // The menu of languages is on every page, and changes nothing.
    if (/\bmethod="get"/.test(attributes)) continue
    const target = unescaped(/action="([^"]*)"/.exec(attributes)?.[1] ?? '')
    if (action !== undefined && target !== action) continue
    const fields: Record<string, string> = {}
    for (const [tag] of inner.matchAll(/<input[^>]*>/g)) {
      const name = /\bname="([^"]*)"/.exec(tag)?.[1]
      if (name) fields[name] = unescaped(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '')
    }
    return { action: target, fields }
  }
  return null
}

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

/** The link in a letter's text. */
export const linkIn = (mail: Mail): string => /https?:\/\/\S+/.exec(mail.text)?.[0] ?? ''

/** The code in a letter's text. */
export const codeIn = (mail: Mail): string => /^\s*(\d[\d ]{4,}\d)\s*$/m.exec(mail.text)?.[1]?.replaceAll(' ', '') ?? ''
