/**
 * The map of the house: name → path. Letters and pages take their links from here, so that an address is written once.
 * Two flows that claim one path are refused at the start.
 */
import { type CodeFlow, type Flow, type LinkFlow, pagePaths } from '../engine/flow.ts'
import type { Links } from '../engine/ports.ts'

/** Paths that belong to no flow. */
export const shared = {
  logout: '/logout/',
  account: '/account/',
  accountSessions: '/account/sessions/',
  changePassword: '/.well-known/change-password',
  securityText: '/.well-known/security.txt',
  health: '/healthz',
  ready: '/readyz',
  openapi: '/openapi.json',
  api: '/api/flows/:flow/',
  captcha: '/captcha/:form/',
  captchaChallenge: '/api/captcha/:form/',
  inbox: '/dev/inbox/',
  letters: '/dev/letters/',
  style: '/latchkey/page.css',
  script: '/latchkey/page.js',
  captchaScript: '/latchkey/captcha.js',
  strengthScript: '/latchkey/strength.js',
} as const

export type PagesFlow = LinkFlow | CodeFlow
export type CodePages = CodeFlow

/** Whether what comes back is typed: then there is a page for it. */
export const isCode = (flow: PagesFlow): flow is CodePages => flow.proof.kind === 'code'

/** Whether the flow shows pages of its own. */
export const hasPages = (flow: Flow): flow is PagesFlow => flow.face === 'pages'

/** Where the flow's "Check your email" is. */
export const sentPath = (flow: PagesFlow): string => flow.routes.sent ?? `${flow.routes.ask}?sent=1`

/** Where a change ends. */
export function donePath(flow: PagesFlow): string {
  if (flow.routes.done === 'login') return withQuery(loginPath(flow), 'reset=done')
  return flow.routes.done ?? `${flow.routes.set}?done=1`
}

/** An address with one more parameter; a log-in page elsewhere may have its own. */
export function withQuery(address: string, parameter: string): string {
  const [, before = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(address) ?? []
  return `${before}${query ? `${query}&` : '?'}${parameter}${fragment}`
}

/** Where one logs in after this flow. */
export const loginPath = (flow: PagesFlow): string => flow.loginUrl ?? flow.routes.login

/** Links of letters, made of configuration alone; nothing of a request can reach them. */
export function linksOf(flows: readonly Flow[], publicUrl: string, spaUrl: string): Links {
  return {
    toProof(name, uid, token) {
      const flow = flows.find((one) => one.name === name)
      if (!flow) throw new Error(`No flow "${name}" is enabled.`)
      const pattern = flow.face === 'json' ? spaUrl + flow.routes.spa.link : publicUrl + flow.routes.link[0]
      const path = pattern.replace(':uid', uid).replace(':token', token)
      // No row says whose a signed one is.
      const whose = flow.proof.kind === 'signed' && !pattern.includes(':uid') ? `uid=${uid}&` : ''
      if (flow.proof.carry === 'query') return `${path}?${whose}${flow.fields.token}=${token}`
      return flow.proof.carry === 'fragment' ? `${path}#${token}` : path
    },
  }
}

/** Where the flow's ask page is, as an absolute address; for letters. */
export const askUrlOf = (flow: Flow, publicUrl: string, spaUrl: string): string =>
  flow.face === 'json' ? spaUrl + flow.routes.spa.ask : publicUrl + flow.routes.ask

/** Who claims which path. */
type Claim = { readonly path: string; readonly by: string }

/** Every path that something of ours claims, whether or not it is served where this one runs. */
function claims(flows: readonly Flow[], publicUrl: string, spaUrl: string): Claim[] {
  const all: Claim[] = Object.values(shared).map((path) => ({ path, by: 'Latchkey itself' }))
  for (const flow of flows) {
    const paths = hasPages(flow) ? pagePaths(flow) : [flow.routes.ask, flow.routes.change]
    all.push(...paths.map((path) => ({ path, by: `the flow "${flow.name}"` })))
  }
  // Flows may share a log-in page, but with nothing else.
  const logins = flows.filter(hasPages).filter((flow) => !flow.loginUrl)
  for (const path of new Set(logins.map((flow) => flow.routes.login))) all.push({ path, by: 'a log-in page' })
  const spa = new URL(spaUrl)
  const json = flows.find((flow) => flow.face === 'json')
  if (json?.face === 'json' && spa.origin === new URL(publicUrl).origin) {
    const base = spa.pathname.replace(/\/$/, '')
    for (const path of Object.values(json.routes.spa))
      all.push({ path: base + path, by: 'the front end under SPA_URL' })
  }
  return all
}

/** Every path that two claim, told with who claims it; empty when the map is sound. */
export function collisions(flows: readonly Flow[], publicUrl: string, spaUrl: string): string[] {
  const seen: Claim[] = []
  const found: string[] = []
  for (const { path, by } of claims(flows, publicUrl, spaUrl)) {
    const first = seen.find((one) => one.by !== by && overlap(one.path, path))
    if (first) found.push(`"${path}" is claimed by ${first.by} and by ${by}`)
    if (!seen.some((one) => one.by === by && one.path === path)) seen.push({ path, by })
  }
  const names = flows.map((flow) => flow.name)
  for (const name of new Set(names.filter((one, at) => names.indexOf(one) !== at))) {
    found.push(`two flows are named "${name}"`)
  }
  return found
}

/**
 * Whether a path may be one of ours, told before anything is open: everything that begins as a claimed path does, or lies
 * under the front end's base. `/` is the host's.
 */
export function mayBeOurs(flows: readonly Flow[], publicUrl: string, spaUrl: string): (path: string) => boolean {
  const base = new URL(spaUrl).origin === publicUrl ? [new URL(spaUrl).pathname] : []
  const starts = [...claims(flows, publicUrl, spaUrl).map(({ path }) => path.split(':')[0]!), ...base]
  const bare = [...new Set(starts.map((start) => start.replace(/\/$/, '')))]
  return (path) => path !== '/' && bare.some((start) => path === start || path.startsWith(`${start}/`))
}

/** Whether one request could be meant for both, a slash at the end or not. */
function overlap(one: string, other: string): boolean {
  const [left, right] = [one, other].map((path) => path.replace(/\/$/, '').split('/')) as [string[], string[]]
  const isAny = (part: string): boolean => part.startsWith(':')
  return (
    left.length === right.length && left.every((part, at) => part === right[at] || isAny(part) || isAny(right[at]!))
  )
}
