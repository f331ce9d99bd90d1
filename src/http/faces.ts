/** One outcome, two dresses: a page or a problem document. The only place with status codes of refusals. */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Flow } from '../engine/flow.ts'
import type { Refusal, RefusalCode } from '../engine/outcome.ts'
import { problem as problemPage } from '../pages/index.ts'
import type { ProblemView } from '../pages/views.ts'
import { type Locale, say, unmetSentence } from '../words/index.ts'
import { frameOf, type Parts } from './parts.ts'
import type { PagesFlow } from './routes.ts'
import type { Problem } from './wire.ts'

/** Noes that no verb says: the request itself is wrong. */
export type Wrong = Exclude<Problem['code'], RefusalCode>

const statusOf: Record<Problem['code'], ContentfulStatusCode> = {
  'email-required': 400,
  'email-invalid': 400,
  'too-many-attempts': 429,
  'link-dead': 410,
  'code-dead': 400,
  'code-malformed': 422,
  'session-expired': 410,
  'password-refused': 422,
  'login-failed': 403,
  'login-elsewhere': 403,
  'captcha-required': 403,
  'address-unknown': 404,
  'address-unverified': 409,
  'account-inactive': 409,
  'bad-request': 400,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'too-large': 413,
  'unsupported-type': 415,
  misdirected: 421,
  unsettled: 503,
  unavailable: 503,
}

/** The status of a refusal, for a page that shows it in place. */
export const status = (code: Problem['code']): ContentfulStatusCode => statusOf[code]

/** A refusal with a page of its own. */
export function refusalPage(
  c: Context,
  parts: Parts,
  flow: PagesFlow | null,
  kind: ProblemView['kind'],
  retryAfter: number | null = null,
): Response | Promise<Response> {
  if (retryAfter !== null) c.header('Retry-After', String(retryAfter))
  const code = kind === 'missing-token' ? 'bad-request' : kind
  // No form, so no cookie: a post from another site comes without the visitor's (they are Lax), and a new one would
  // throw out theirs, and with it every form that is open and the code that belongs to it.
  return c.html(problemPage(frameOf(c, parts, flow, false), { kind, retryAfter }), statusOf[code])
}

/** A refusal of a flow's verb, as a problem document (RFC 9457), its sentence also under `error`. */
export function problemOf(
  c: Context,
  locale: Locale,
  flow: Flow,
  refusal: Refusal,
  captcha?: Problem['captcha'],
): Response {
  const problem = problemBody(refusal.code, say(locale, `problem.${refusal.code}`, {}, flow.wording))
  if (refusal.code === 'password-refused') {
    problem.unmet = refusal.unmet.map((code) => ({ code, message: unmetSentence(locale, code, flow.password.min) }))
  }
  if (refusal.code === 'captcha-required') {
    if (captcha) problem.captcha = captcha
    if (refusal.retryAfter !== null) {
      problem.retry_after = refusal.retryAfter
      c.header('Retry-After', String(refusal.retryAfter))
    }
  }
  if (refusal.code === 'unsettled') {
    problem.retry_after = refusal.retryAfter
    c.header('Retry-After', String(refusal.retryAfter))
  }
  if (refusal.code === 'too-many-attempts') {
    problem.retry_after = refusal.retryAfter
    c.header('Retry-After', String(refusal.retryAfter))
    // draft-ietf-httpapi-ratelimit-headers: what is allowed, that none is left, and when there will be.
    if (refusal.within) {
      c.header('RateLimit-Policy', `"caller";q=${refusal.within.max};w=${Math.ceil(refusal.within.ms / 1000)}`)
    }
    c.header('RateLimit', `"caller";r=0;t=${refusal.retryAfter}`)
  }
  return json(c, problem)
}

/** A wrong request, as a problem document. */
export function wrong(c: Context, locale: Locale, code: Wrong, detail?: string): Response {
  return json(c, { ...problemBody(code, say(locale, `problem.${code}`)), ...(detail ? { detail } : {}) })
}

/** A dead link where a program sent its token in the body: a 400 with the sentence that the program expects. */
export const deadToken = (c: Context, locale: Locale): Response =>
  json(c, { ...problemBody('link-dead', say(locale, 'api.token-dead')), status: 400 })

function problemBody(code: Problem['code'], title: string): Problem {
  return { type: `urn:latchkey:problem:${code}`, title, status: statusOf[code], error: title, code }
}

function json(c: Context, problem: Problem): Response {
  const headers = { 'Content-Type': 'application/problem+json; charset=utf-8' }
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode, headers)
}

/** The status of an unreadable body as a code. */
export const wrongBody = (status: 400 | 413 | 415): Wrong =>
  status === 413 ? 'too-large' : status === 415 ? 'unsupported-type' : 'bad-request'
