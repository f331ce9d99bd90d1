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
  changePassword: '/.well-known/change-password',
  health: '/healthz',
  ready: '/readyz',
  openapi: '/openapi.json',
  api: '/api/flows/:flow/',
  inbox: '/dev/inbox/',
  style: '/latchkey/page.css',
  script: '/latchkey/page.js',
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
  if (flow.routes.done === 'login') return `${loginPath(flow)}?reset=done`
  return flow.routes.done ?? `${flow.routes.set}?done=1`
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
      if (flow.proof.carry === 'query') return `${path}?${flow.fields.token}=${token}`
      return flow.proof.carry === 'fragment' && !pattern.includes(':token') ? `${path}#${token}` : path
    },
  }
}

/** Where the flow's ask page is, as an absolute address; for letters. */
export const askUrlOf = (flow: Flow, publicUrl: string, spaUrl: string): string =>
  flow.face === 'json' ? spaUrl + flow.routes.spa.ask : publicUrl + flow.routes.ask

/** Every path that two claim, told with who claims it; empty when the map is sound. */
export function collisions(flows: readonly Flow[], publicUrl: string, spaUrl: string): string[] {
  const claims = new Map<string, string>()
  const found: string[] = []
  const claim = (path: string, by: string): void => {
    const key = path.replace(/:\w+/g, ':').replace(/\/$/, '')
    const first = claims.get(key)
    if (first !== undefined && first !== by) found.push(`"${path}" is claimed by ${first} and by ${by}`)
    claims.set(key, first ?? by)
  }
  for (const path of Object.values(shared)) claim(path, 'Latchkey itself')
  for (const flow of flows) {
    const by = `the flow "${flow.name}"`
    const paths = hasPages(flow) ? pagePaths(flow) : [flow.routes.ask, flow.routes.change]
    for (const path of paths) claim(path, by)
  }
  const spa = new URL(spaUrl)
  if (spa.origin === new URL(publicUrl).origin) {
    const base = spa.pathname.replace(/\/$/, '')
    const json = flows.find((flow) => flow.face === 'json')
    const pages = json?.face === 'json' ? Object.values(json.routes.spa) : []
    for (const path of pages) claim(base + path, 'the front end under SPA_URL')
    // A log-in page may be shared by flows, but not with the front end.
    for (const flow of flows.filter(hasPages)) {
      if (pages.some((path) => same(base + path, flow.routes.login))) {
        found.push(`"${flow.routes.login}" is claimed by the flow "${flow.name}" and by the front end under SPA_URL`)
      }
    }
  }
  const names = flows.map((flow) => flow.name)
  for (const name of new Set(names.filter((one, at) => names.indexOf(one) !== at))) {
    found.push(`two flows are named "${name}"`)
  }
  return found
}

const same = (one: string, other: string): boolean => one.replace(/\/$/, '') === other.replace(/\/$/, '')
