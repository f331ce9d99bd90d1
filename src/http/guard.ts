/** What stands before every handler: the host, the headers that every answer carries, and whether a post is from our own page. */
import type { Context, MiddlewareHandler } from 'hono'
import { cameInClear } from './network.ts'
import { type Env, type Parts, peerOf } from './parts.ts'
import { hasPages, shared } from './routes.ts'

/** Headers of every answer (OWASP HTTP Headers Cheat Sheet). No script or style stands in a page; nothing comes from elsewhere. */
export function securityHeaders(parts: Parts): Record<string, string> {
  const policy = [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self'`,
    `img-src 'self' data:`,
    `connect-src ${["'self'", ...(parts.assets.spa ? [parts.publicUrl] : [])].join(' ')}`,
    `form-action ${["'self'", ...loginOrigins(parts)].join(' ')}`,
    `frame-src 'self'`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
    `object-src 'none'`,
  ]
  return {
    'Content-Security-Policy': policy.join('; '),
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Robots-Tag': 'noindex',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    ...(parts.publicUrl.startsWith('https:')
      ? { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' }
      : {}),
  }
}

/**
 * The content policy of a page on which a provider's script runs. `formAction`: the one place that its form may go to.
 */
export function policyWith(
  hosts: Readonly<Record<'script' | 'frame' | 'connect' | 'style' | 'img', readonly string[]>>,
  formAction: string,
): string {
  const some = (sources: readonly string[]): string => (sources.length > 0 ? sources.join(' ') : `'none'`)
  return [
    `default-src 'none'`,
    `script-src ${["'self'", ...hosts.script].join(' ')}`,
    `style-src ${["'self'", ...hosts.style].join(' ')}`,
    `img-src ${["'self'", 'data:', ...hosts.img].join(' ')}`,
    `connect-src ${some(hosts.connect)}`,
    `frame-src ${some(hosts.frame)}`,
    `form-action ${formAction}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
    `object-src 'none'`,
  ].join('; ')
}

/**
 * The request under a method that a router can look up: `constructor` is found in every object, and is no route. Node's
 * own parser lets none of these through; other servers' do.
 */
export const withPlainMethod = (request: Request): Request =>
  /^[A-Z-]{1,32}$/.test(request.method)
    ? request
    : new Request(request.url, { method: 'UNKNOWN', headers: request.headers })

/** What is answered where there is no app to ask: the request cannot be read at all, or nothing is open to answer it. */
export function bareAnswer(status: 400 | 503): Response {
  const headers = {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Security-Policy': `default-src 'none'; frame-ancestors 'none'`,
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 503 ? { 'Retry-After': '5' } : {}),
  }
  return new Response(status === 400 ? 'Bad request.\n' : 'Not available just now.\n', { status, headers })
}

/** A log-in page that stands elsewhere: browsers hold a form's redirect to the policy too. */
const loginOrigins = (parts: Parts): string[] => [
  ...new Set(
    parts.flows
      .filter(hasPages)
      .flatMap((flow) => [flow.loginUrl, flow.home])
      .filter((url) => url?.startsWith('http'))
      .map((url) => new URL(url!).origin),
  ),
]

/** Refuses a host that is not ours, by the header and by the request's own address; probes of health are let through. */
export function hostGuard(
  parts: Parts,
  refuse: (c: Context<Env>) => Response | Promise<Response>,
): MiddlewareHandler<Env> {
  const allowed = new Set(parts.allowedHosts.map((host) => host.toLowerCase()))
  const isOurs = (host: string): boolean => allowed.has(host) || allowed.has(host.replace(/:\d+$/, ''))
  return async (c, next) => {
    const url = new URL(c.req.url)
    const header = c.req.header('host')?.toLowerCase()
    const probe = url.pathname === shared.health || url.pathname === shared.ready
    if (!probe && !(isOurs(url.host) && (header === undefined || isOurs(header)))) return refuse(c)
    await next()
  }
}

/**
 * Keeps to https where the public address does. What a proxy took in clear was readable on the way: a page is looked for
 * again under https, anything else is refused and not led on, so that a program's mistake is seen at once.
 */
export function httpsOnly(
  parts: Parts,
  isProgram: (c: Context<Env>) => boolean,
  refuse: (c: Context<Env>) => Response | Promise<Response>,
): MiddlewareHandler<Env> {
  if (!parts.publicUrl.startsWith('https:')) return (_, next) => next()
  return async (c, next) => {
    const proto = c.req.header('x-forwarded-proto')
    if (proto === undefined || !cameInClear(peerOf(c), proto, parts.isTrusted)) return next()
    const { pathname, search } = new URL(c.req.url)
    if (pathname === shared.health || pathname === shared.ready) return next()
    const isLook = c.req.method === 'GET' || c.req.method === 'HEAD'
    return isLook && !isProgram(c) ? c.redirect(parts.publicUrl + pathname + search, 308) : refuse(c)
  }
}

/**
 * Whether a program's post was sent by a page of an origin that is neither ours nor the front end's. Browsers ask before
 * they send such JSON and are told no; this holds where something answered in our place, or nobody asked.
 */
export function isForeignPost(c: Context<Env>, parts: Parts): boolean {
  const origin = c.req.header('origin')
  if (origin !== undefined && origin !== 'null') {
    return !isOurOrigin(c, parts, origin) && origin !== new URL(parts.spaUrl).origin
  }
  const site = c.req.header('sec-fetch-site')
  return site === undefined ? origin === 'null' : site !== 'same-origin' && site !== 'none'
}

/**
 * Whether a form was sent from a page of ours: by `Sec-Fetch-Site`, then `Origin`, and where both are missing or `null`
 * by the form's token. A token that is there must be right. `carriesProof`: the post holds its own proof, which no
 * other site can know, as scripts send it.
 */
export function isOurPost(c: Context<Env>, parts: Parts, token: string, carriesProof: boolean): boolean {
  const site = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  if (origin !== undefined && origin !== 'null' && !isOurOrigin(c, parts, origin)) return false
  const right = parts.cookies.isCsrfToken(parts.cookies.knownBrowser(c), token)
  if (token !== '' && !right) return false
  const vouched = site !== undefined || (origin !== undefined && origin !== 'null')
  return vouched || right || carriesProof
}

/** The public origin, or the very host that the request names (which is on the list of ours). */
const isOurOrigin = (c: Context<Env>, parts: Parts, origin: string): boolean =>
  origin === parts.publicUrl || origin.replace(/^https?:\/\//, '') === (c.req.header('host') ?? new URL(c.req.url).host)

/** Exact-origin CORS for a front end that stands elsewhere; never with credentials. */
export function cors(parts: Parts): MiddlewareHandler<Env> {
  const origin = new URL(parts.spaUrl).origin
  const elsewhere = origin !== parts.publicUrl
  return async (c, next) => {
    if (!elsewhere || c.req.header('origin') !== origin) return next()
    if (c.req.method === 'OPTIONS') {
      return c.body(null, 204, {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Methods': 'GET, POST',
        'Access-Control-Allow-Headers': 'Content-Type',
        'Access-Control-Max-Age': '600',
        Vary: 'Origin',
      })
    }
    await next()
    c.header('Access-Control-Allow-Origin', origin)
    c.header('Access-Control-Expose-Headers', 'Retry-After, RateLimit, RateLimit-Policy')
    c.header('Cross-Origin-Resource-Policy', 'cross-origin')
    c.header('Vary', 'Origin', { append: true })
  }
}
