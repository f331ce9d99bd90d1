/** What the HTTP face is given: verbs, words' settings and addresses. It holds no store. */
import type { Context } from 'hono'
import type { Captchas } from '../captcha/index.ts'
import type { Caller } from '../engine/audit.ts'
import type { Brand, Flow } from '../engine/flow.ts'
import type { Keyring } from '../engine/keys.ts'
import type { Random } from '../engine/ports.ts'
import type { Verbs } from '../engine/verbs.ts'
import type { Inbox } from '../mail/inbox.ts'
import type { Written } from '../mail/letter.ts'
import type { Peer } from '../options.ts'
import type { Frame, GalleryView } from '../pages/views.ts'
import type { Cookies } from './cookies.ts'
import { localeOf, speakOn } from './language.ts'
import { networkOf } from './network.ts'
import { hasPages, loginPath, type PagesFlow, shared } from './routes.ts'

/** A file that is served as it is. */
export type Asset = { readonly body: string | Uint8Array<ArrayBuffer>; readonly type: string }

/** Built front-end files. */
export type Assets = {
  readonly style: Asset
  readonly script: Asset
  /** Of the pages that ask for a captcha. */
  readonly captcha: Asset
  /** Of the pages where a new password is typed. */
  readonly strength: Asset
  /** Short digests of them, for addresses that may be cached for ever. */
  readonly version: string
  /** The front end's files by their path under its base; `index.html` among them. Null where it is not built or stands elsewhere. */
  readonly spa: ReadonlyMap<string, Asset> | null
}

export type Parts = {
  readonly verbs: Verbs
  readonly captchas: Captchas
  readonly flows: readonly Flow[]
  readonly keys: Keyring
  readonly random: Random
  readonly cookies: Cookies
  /** Origin without a slash at its end. */
  readonly publicUrl: string
  readonly spaUrl: string
  readonly allowedHosts: readonly string[]
  readonly isTrusted: (address: string) => boolean
  /** The text of `security.txt` as of now; null where there is none. */
  /** Whether a change of password is known to end every session. */
  readonly endsSessions: boolean
  readonly securityText: () => string | null
  readonly assets: Assets
  /** Development: the inbox, the gallery's accounts, the letters; null in production. */
  readonly development: {
    readonly inbox: Inbox | null
    readonly accounts: GalleryView['accounts']
    /** Every letter that can be sent, with made-up people. */
    readonly letters: (locale: string) => readonly (Written & { readonly name: string; readonly to: string })[]
  } | null
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

/** What Hono keeps for one request. */
export type Env = { Bindings: Peer; Variables: { browser: string; requestId: string; locale: string } }

/** The address at the other end of the connection; undefined where the host does not tell. */
export function peerOf(c: Context): string | undefined {
  const env = (c.env ?? {}) as Peer
  return env.remoteAddress ?? env.incoming?.socket?.remoteAddress
}

/** Who calls. `browser`: the cookie's digest for pages, null for programs. */
export function callerOf(c: Context, parts: Parts, browser: string | null): Caller {
  const network = networkOf(peerOf(c), c.req.header('x-forwarded-for') ?? null, parts.isTrusted)
  return {
    network: network.address,
    block: network.block,
    agent: (c.req.header('user-agent') ?? '').slice(0, 256).replace(/\p{C}/gu, ' '),
    browser,
    devices: browser === null ? [] : parts.cookies.devices(c),
    locale: localeOf(c),
    requestId: c.get('requestId'),
  }
}

/** A brand with its blanks filled. */
export const fullBrand = (brand: Brand): Frame['brand'] => {
  const longName = brand.longName ?? brand.name
  return { ...brand, longName, team: brand.team ?? `${longName} Team` }
}

/** The frame of a flow's page; makes the browser's cookie if it has none, for the page's forms (`hasForms`). */
export function frameOf(c: Context, parts: Parts, flow: PagesFlow | null, hasForms = true): Frame {
  const first = flow ?? parts.flows.find(hasPages) ?? null
  return {
    brand: fullBrand(first?.brand ?? { name: 'Latchkey' }),
    wording: first?.wording ?? 'classic',
    locale: speakOn(c),
    csrf: hasForms ? parts.cookies.csrfToken(parts.cookies.browser(c)) : '',
    style: `${shared.style}?v=${parts.assets.version}`,
    script: `${shared.script}?v=${parts.assets.version}`,
    strength: `${shared.strengthScript}?v=${parts.assets.version}`,
    challenge: /^[\w.-]{1,160}$/.exec(c.req.query('c') ?? '')?.[0] ?? null,
    loginUrl: first ? loginPath(first) : '/',
    askUrl: first?.routes.ask ?? '/',
    supportUrl: first?.supportUrl ?? null,
    signUpUrl: first?.signUpUrl ?? null,
    endsSessions: parts.endsSessions,
  }
}
