/** Log-in and log-out, so that each flow can be gone through to its end. */
import type { Context } from 'hono'
import * as pages from '../pages/index.ts'
import type { CaptchaView, LoginView } from '../pages/views.ts'
import { broughtByForm, formPage } from './captcha.ts'
import { refusalPage, status } from './faces.ts'
import { formOf } from './page-face.ts'
import { callerOf, type Env, frameOf, type Parts } from './parts.ts'
import { textOf } from './read.ts'
import { hasPages, loginPath, type PagesFlow, shared, withQuery } from './routes.ts'

type C = Context<Env>

/** The log-in page of the flow that claims this path first. */
export function showLogin(c: C, parts: Parts, flow: PagesFlow): Response | Promise<Response> {
  const toast = c.req.query('reset') === 'done' ? 'password-reset' : c.req.query('out') === '1' ? 'signed-out' : null
  return formPage(c, parts, ofLogin(flow), null, loginPage(c, parts, flow, { value: '', problem: null, toast }))
}

const ofLogin = (flow: PagesFlow) => ({ form: 'login', path: flow.routes.login }) as const

const loginPage =
  (c: C, parts: Parts, flow: PagesFlow, view: Omit<LoginView, 'action' | 'captcha'>) =>
  (captcha: CaptchaView | null): string =>
    pages.login(frameOf(c, parts, flow), { action: flow.routes.login, ...view, captcha })

/** Name and password came in. */
export async function postLogin(c: C, parts: Parts, flow: PagesFlow): Promise<Response> {
  const fields = await formOf(c, parts, flow)
  if (fields instanceof Response) return fields
  const [name, password] = [textOf(fields, 'username'), textOf(fields, 'password', 8_192)]
  if (name === null || password === null) return refusalPage(c, parts, flow, 'bad-request')
  const caller = callerOf(c, parts, parts.cookies.browserKey(c))
  const captcha = await broughtByForm(c, parts, 'login', fields, caller)
  const outcome = await parts.verbs.login({ name, password, caller, captcha })
  if (outcome.ok) {
    parts.cookies.signIn(c, outcome.session)
    parts.cookies.knowDevice(c, outcome.device)
    return c.redirect(flow.home ?? shared.account, 303)
  }
  const { refusal } = outcome
  if (refusal.code === 'too-many-attempts') return refusalPage(c, parts, flow, refusal.code, refusal.retryAfter)
  const page = loginPage(c, parts, flow, { value: name, problem: refusal.code, toast: null })
  if (refusal.code === 'captcha-required') return formPage(c, parts, ofLogin(flow), refusal, page)
  return formPage(c, parts, { ...ofLogin(flow), status: status(refusal.code) }, null, page)
}

/** The log-in page of whoever is not signed in. */
export const firstLogin = (parts: Parts): string => {
  const flow = parts.flows.find(hasPages)
  return flow ? loginPath(flow) : `${parts.spaUrl}/login`
}

/** Ends the session. */
export async function postLogout(c: C, parts: Parts): Promise<Response> {
  const fields = await formOf(c, parts, null)
  if (fields instanceof Response) return fields
  const session = parts.cookies.session(c)
  if (session) await parts.verbs.logout(session, callerOf(c, parts, parts.cookies.browserKey(c)))
  parts.cookies.signOut(c)
  return c.redirect(withQuery(firstLogin(parts), 'out=1'), 303)
}
