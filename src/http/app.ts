/** The routes, each with its methods and handler. Web-standard: a Request comes in, a Response goes out. */
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { linkPaths } from '../engine/flow.ts'
import { fresh } from '../engine/keys.ts'
import { changePassword, postEndSession, postOwnPassword, showAccount } from './account-face.ts'
import { giveChallenge, postStep, showStep } from './captcha.ts'
import {
  showGallery,
  showInbox,
  showLetter,
  showLetterHtml,
  showSample,
  showSampleHtml,
  showSamples,
} from './development.ts'
import { refusalPage, type Wrong, wrong } from './faces.ts'
import { cors, hostGuard, httpsOnly, isForeignPost, securityHeaders } from './guard.ts'
import { apiChange, apiProve, apiRequest, rulesOf, spaAsk, spaChange } from './json-face.ts'
import { chooseLanguage, speakOn } from './language.ts'
import { openapi } from './openapi.ts'
import * as page from './page-face.ts'
import type { Asset, Env, Parts } from './parts.ts'
import { hasPages, isCode, type PagesFlow, shared } from './routes.ts'
import { served } from './served.ts'
import { postLogin, postLogout, showLogin } from './sign-in.ts'
import { spaWords } from './spa-words.ts'

type C = Context<Env>
type Handler = (c: C) => Response | Promise<Response>
type Methods = { readonly GET?: Handler; readonly POST?: Handler }

/** An app over the parts; `fetch(request, { remoteAddress })`. */
export function app(parts: Parts): Hono<Env> {
  const hono = new Hono<Env>({ strict: true })
  const headers = Object.entries(securityHeaders(parts))
  // With or without its slash, as the routes of programs are.
  const isJson = (c: C): boolean => jsonPaths(parts).some((start) => `${c.req.path}/`.startsWith(start))
  const refuse = (c: C, code: Wrong): Response | Promise<Response> =>
    isJson(c) ? wrong(c, speakOn(c), code) : refusalPage(c, parts, null, code)

  hono.use(async (c, next) => {
    c.set('requestId', fresh(parts.random, 9))
    for (const [name, value] of headers) c.header(name, value)
    await next()
  })
  hono.use(chooseLanguage(parts.cookies, isJson))
  hono.use(hostGuard(parts, (c) => refuse(c, 'misdirected')))
  hono.use(httpsOnly(parts, isJson, (c) => refuse(c, 'misdirected')))
  for (const path of jsonPaths(parts)) hono.use(`${path}*`, cors(parts), programsOnly(parts))
  hono.notFound((c) => refuse(c as C, 'not-found'))
  hono.onError((error, c) => {
    const noted = { request: c.get('requestId'), path: c.req.routePath, error: String(error) }
    if (isBrokenOff(error)) parts.log('info', 'a client broke off its request', noted)
    else parts.log('error', 'a request failed', noted)
    for (const [name, value] of headers) c.header(name, value)
    c.header('Retry-After', '5')
    return refuse(c as C, 'unavailable')
  })

  const route = (path: string, methods: Methods): void => {
    const allow = [...Object.keys(methods), ...(methods.GET ? ['HEAD'] : [])].join(', ')
    hono.all(path, (c) => {
      const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
      const handler = methods[method as keyof Methods]
      if (handler) return handler(c)
      c.header('Allow', allow)
      return refuse(c, 'method-not-allowed')
    })
  }
  /** A page's path ends with a slash; without it one is sent there. A path that holds a secret is served in both forms. */
  const routePage = (path: string, methods: Methods, holdsSecret = false): void => {
    route(path, methods)
    const bare = path.replace(/\/$/, '')
    if (bare === '' || bare === path) return
    // As it was asked for: decoded, a line break in the path would be one in the header.
    const slash: Handler = (c) => {
      const { pathname, search } = new URL(c.req.url)
      return c.redirect(`${pathname}/${search}`, 308)
    }
    route(bare, holdsSecret ? methods : { GET: slash, POST: slash })
  }

  routeShared(parts, route, routePage)
  if (parts.development) routeDevelopment(parts, routePage)
  for (const flow of parts.flows) {
    if (hasPages(flow)) routeFlow(parts, flow, routePage)
    else {
      routeBoth(route, flow.routes.ask, { POST: (c) => spaAsk(c, parts, flow) })
      routeBoth(route, flow.routes.change, { POST: (c) => spaChange(c, parts, flow) })
    }
    const api = shared.api.replace(':flow', flow.name)
    routeBoth(route, `${api}request`, { POST: (c) => apiRequest(c, parts, flow) })
    routeBoth(route, `${api}prove`, { POST: (c) => apiProve(c, parts, flow) })
    routeBoth(route, `${api}change`, { POST: (c) => apiChange(c, parts, flow) })
    routeBoth(route, `${api}rules`, { GET: (c) => c.json(rulesOf(flow)) })
  }
  for (const path of new Set(parts.flows.filter(hasPages).map((flow) => flow.routes.login))) {
    const first = parts.flows.filter(hasPages).find((flow) => flow.routes.login === path && !flow.loginUrl)
    if (first) routePage(path, { GET: (c) => showLogin(c, parts, first), POST: (c) => postLogin(c, parts, first) })
  }
  if (parts.assets.spa) routeSpa(parts, parts.assets.spa, route)
  return hono
}

/** Every path that the app answers, `:` before a part that may be anything. */
export const pathsOf = (hono: Hono<Env>): string[] => [
  ...new Set(hono.routes.map(({ path }) => path).filter((path) => !path.endsWith('*'))),
]

/** No page of another origin posts to a program's route. */
function programsOnly(parts: Parts): MiddlewareHandler<Env> {
  const detail =
    'The request came from a page of another origin. A front end that stands elsewhere is named by SPA_URL.'
  return async (c, next) => {
    if (c.req.method === 'POST' && isForeignPost(c, parts)) {
      return wrong(c, speakOn(c), 'forbidden', detail)
    }
    await next()
  }
}

/** Whether the other end went away while its body was read: nobody's fault, and nothing to wake an operator for. */
const isBrokenOff = (error: Error): boolean =>
  error.name === 'AbortError' || error.message === 'aborted' || (error as NodeJS.ErrnoException).code === 'ECONNRESET'

/** Where programs are answered with problem documents. */
const jsonPaths = (parts: Parts): string[] => [
  '/api/',
  ...parts.flows.flatMap((flow) => (flow.face === 'json' ? [flow.routes.ask, flow.routes.change] : [])),
]

type Route = (path: string, methods: Methods) => void

/** Programs may write a path with or without its slash. */
function routeBoth(route: Route, path: string, methods: Methods): void {
  const bare = path.replace(/\/$/, '')
  if (bare !== '') route(bare, methods)
  route(`${bare}/`, methods)
}

function routeShared(parts: Parts, route: Route, routePage: Route): void {
  const [first] = parts.flows
  const pages = parts.flows.find(hasPages)
  const change = pages?.routes.ask ?? (first?.face === 'json' ? parts.spaUrl + first.routes.spa.ask : null)
  route(shared.style, { GET: served(parts.assets.style) })
  route(shared.script, { GET: served(parts.assets.script) })
  route(shared.strengthScript, { GET: served(parts.assets.strength) })
  route(shared.captchaScript, { GET: served(parts.assets.captcha) })
  routePage(shared.captcha, { GET: (c) => showStep(c, parts), POST: (c) => postStep(c, parts) })
  routeBoth(route, shared.captchaChallenge, { GET: (c) => giveChallenge(c, parts) })
  route(shared.health, { GET: (c) => c.text('ok') })
  route(shared.ready, {
    GET: async (c) => {
      const answers = await parts.verbs.ping().then(
        () => true,
        () => false,
      )
      return answers ? c.text('ok') : c.text('not ok', 503)
    },
  })
  // Made when it is first asked for: at a start it would be a tenth of the wait.
  let document: string | null = null
  const describe: Handler = (c) => {
    document ??= JSON.stringify(openapi(parts))
    return c.body(document, 200, { 'Content-Type': 'application/json' })
  }
  route(shared.openapi, { GET: describe })
  if (change) route(shared.changePassword, { GET: (c) => changePassword(c, parts, change) })
  const securityText: Handler = (c) => {
    const text = parts.securityText()
    return text === null ? refusalPage(c, parts, null, 'not-found') : c.text(text)
  }
  if (parts.securityText() !== null) route(shared.securityText, { GET: securityText })
  routePage(shared.logout, { POST: (c) => postLogout(c, parts) })
  routePage(shared.account, { GET: (c) => showAccount(c, parts), POST: (c) => postOwnPassword(c, parts) })
  routePage(shared.accountSessions, { POST: (c) => postEndSession(c, parts) })
  const home = parts.flows.find((flow) => flow.home)?.home ?? shared.account
  // A home at `/` is a page of the host's own.
  if (home === '/' && !parts.development) return
  route('/', { GET: (c) => (parts.development ? showGallery(c, parts) : c.redirect(home, 303)) })
}

function routeDevelopment(parts: Parts, routePage: Route): void {
  routePage(shared.inbox, { GET: (c) => showInbox(c, parts) })
  routePage(`${shared.inbox}:id/`, { GET: (c) => showLetter(c, parts, c.req.param('id') ?? '') })
  routePage(`${shared.inbox}:id/html/`, { GET: (c) => showLetterHtml(c, parts, c.req.param('id') ?? '') })
  routePage(shared.letters, { GET: (c) => showSamples(c, parts) })
  routePage(`${shared.letters}:name/`, { GET: (c) => showSample(c, parts, c.req.param('name') ?? '') })
  routePage(`${shared.letters}:name/html/`, { GET: (c) => showSampleHtml(c, parts, c.req.param('name') ?? '') })
}

function routeFlow(
  parts: Parts,
  flow: PagesFlow,
  routePage: (path: string, methods: Methods, holdsSecret?: boolean) => void,
): void {
  const { routes } = flow
  const set: Methods = { GET: (c) => page.showSet(c, parts, flow), POST: (c) => page.postSet(c, parts, flow, null) }
  routePage(routes.ask, { GET: (c) => page.showAsk(c, parts, flow), POST: (c) => page.postAsk(c, parts, flow) })
  if (routes.sent) routePage(routes.sent, { GET: (c) => page.showSent(c, parts, flow) })
  if (routes.done && routes.done !== 'login') routePage(routes.done, { GET: (c) => page.showDone(c, parts, flow) })
  if (isCode(flow)) {
    routePage(flow.routes.code, {
      GET: (c) => page.showCode(c, parts, flow),
      POST: (c) => page.postCode(c, parts, flow),
    })
  }
  if (flow.proof.carry === 'query') {
    const inQuery = (c: C) => {
      const tokens = c.req.queries(flow.fields.token) ?? []
      if (tokens.join('') === '') return null
      // A token that is sent twice is none.
      return { uid: c.req.query('uid') ?? null, token: tokens.length === 1 ? tokens[0]! : '' }
    }
    const show: Handler = (c) => {
      const link = inQuery(c)
      return link ? page.openLink(c, parts, flow, link) : page.showSet(c, parts, flow)
    }
    routePage(routes.set, { GET: show, POST: (c) => page.postSet(c, parts, flow, inQuery(c)) }, true)
  } else routePage(routes.set, set)
  for (const path of linkPaths(flow).filter((one) => one.includes(':token'))) {
    const linkOf = (c: C) => ({ uid: c.req.param('uid') ?? null, token: c.req.param('token') ?? '' })
    const methods: Methods = {
      GET: (c) => page.openLink(c, parts, flow, linkOf(c)),
      POST: (c) => page.postSet(c, parts, flow, linkOf(c)),
    }
    routePage(path, methods, true)
  }
}

/** The front end under its base: its files, its settings, and its document for every other path there. */
function routeSpa(parts: Parts, files: ReadonlyMap<string, Asset>, route: Route): void {
  const base = new URL(parts.spaUrl).pathname.replace(/\/$/, '')
  const index = files.get('index.html')
  for (const [path, file] of files) {
    if (path === 'index.html') continue
    route(`${base}/${path}`, { GET: served(file) })
  }
  const first = parts.flows.find(hasPages)
  const json = parts.flows.find((flow) => flow.face === 'json')
  const settings = {
    api: '',
    base,
    login: first?.loginUrl ?? first?.routes.login ?? '/login/',
    brand: json?.brand.name ?? 'Latchkey',
  }
  route(`${base}/config.json`, {
    GET: (c) => c.json({ ...settings, words: json ? spaWords(speakOn(c), json) : null }),
  })
  const show: Handler = (c) => c.body(index?.body ?? '', 200, { 'Content-Type': 'text/html; charset=utf-8' })
  const pages = json?.face === 'json' ? Object.values(json.routes.spa) : []
  // The link's page once more without its token: there a reload ends up.
  const bare = pages.map((path) => path.replace(/\/:token.*$/, ''))
  for (const path of new Set([...pages, ...bare, '/'])) routeBoth(route, base + path, { GET: show })
}
