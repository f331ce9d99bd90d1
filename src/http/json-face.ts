/** The same verbs for programs: JSON in, JSON or a problem document out, and no cookie. */
import type { Context } from 'hono'
import type { z } from 'zod'
import type { Form } from '../engine/captcha.ts'
import type { Flow, JsonFlow } from '../engine/flow.ts'
import type { Refusal } from '../engine/outcome.ts'
import { longest } from '../engine/policy.ts'
import type { Link, Proved } from '../engine/prove.ts'
import type { Received } from '../engine/request.ts'
import { say } from '../words/index.ts'
import { type Brought, broughtBy, tellOf } from './captcha.ts'
import { namesApart } from './choice.ts'
import { deadToken, problemOf, wrong, wrongBody } from './faces.ts'
import { speakOn } from './language.ts'
import { callerOf, type Env, type Parts } from './parts.ts'
import { hasControls, readJson } from './read.ts'
import { changeBody, proveBody, requestBody, spaAskBody, spaChangeBody } from './schemas.ts'
import type { ChangeAnswer, ProveAnswer, RequestAnswer, Rules } from './wire.ts'

type C = Context<Env>

/** A body of the right form, or the answer that refuses it. */
async function bodyOf<T>(c: C, schema: z.ZodType<T>): Promise<T | Response> {
  const read = await readJson(c.req.raw)
  if (!read.ok) return wrong(c, speakOn(c), wrongBody(read.status), read.detail)
  const parsed = schema.safeParse(Object.fromEntries(read.fields))
  if (parsed.success) return parsed.data
  return wrong(c, speakOn(c), 'bad-request', toldOf(parsed.error.issues[0]))
}

/** What is wrong with a body. A member that we do not know is named where its name is a plain word, and never said again else. */
function toldOf(issue: z.core.$ZodIssue | undefined): string {
  const isOdd = issue?.code === 'unrecognized_keys' && issue.keys.some((key) => !/^\w{1,40}$/.test(key))
  if (isOdd) return 'A member does not belong here.'
  return [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')
}

/** What a new password of this flow must be. */
export const rulesOf = ({ password }: Flow): Rules => ({
  min: password.min,
  max: longest,
  upper: password.upper,
  lower: password.lower,
  digit: password.digit,
  special: password.special,
  not_all_digits: password.notAllDigits,
  history: password.history,
})

/** A refusal; where a captcha is asked for, with what a program needs to solve it. */
async function refused(
  c: C,
  parts: Parts,
  flow: Flow,
  refusal: Refusal,
  form: Form,
  brought: Brought,
): Promise<Response> {
  const captcha = refusal.code === 'captcha-required' ? await tellOf(parts, form, brought) : undefined
  return problemOf(c, speakOn(c), flow, refusal, captcha)
}

type AskBody = { readonly email?: string | null; readonly flow_id?: string; readonly captcha?: string }

/** What came of an ask, or the answer that refuses it. */
async function ask(c: C, parts: Parts, flow: Flow, body: AskBody): Promise<Received | Response> {
  const caller = callerOf(c, parts, null)
  const [address, previous] = [body.email ?? '', body.flow_id ?? null]
  if (hasControls(address)) return problemOf(c, speakOn(c), flow, { code: 'email-invalid' })
  const brought = await broughtBy(parts, 'request', body.captcha, caller)
  const { captcha } = brought
  // Nobody is looked up for one who is refused in any case.
  const known = captcha === 'required' ? ({ ok: true } as const) : await parts.verbs.lookup(flow, address, caller)
  const asked = { address, caller, previous, resend: previous !== null, captcha }
  const outcome = known.ok ? await parts.verbs.request(flow, asked) : known
  return outcome.ok ? outcome : refused(c, parts, flow, outcome.refusal, 'request', brought)
}

/** `POST /api/flows/<flow>/request` */
export async function apiRequest(c: C, parts: Parts, flow: Flow): Promise<Response> {
  const body = await bodyOf(c, requestBody)
  if (body instanceof Response) return body
  const outcome = await ask(c, parts, flow, body)
  if (outcome instanceof Response) return outcome
  const answer: RequestAnswer = {
    message: sentSentence(c, flow),
    flow_id: outcome.flowId,
    expires_in: outcome.expiresIn,
    resend_after: outcome.resendAfter,
  }
  return c.json(answer)
}

/** Looking at a link spends nothing, so it asks for nothing. */
const noCaptcha: Brought = { captcha: 'off', instead: null }

const sentSentence = (c: C, flow: Flow): string =>
  say(speakOn(c), flow.proof.kind === 'code' ? 'api.code-sent' : 'api.link-sent')

/** `POST /api/flows/<flow>/prove` */
export async function apiProve(c: C, parts: Parts, flow: Flow): Promise<Response> {
  const body = await bodyOf(c, proveBody)
  if (body instanceof Response) return body
  const caller = callerOf(c, parts, null)
  const brought = 'token' in body ? noCaptcha : await broughtBy(parts, 'verify', body.captcha, caller)
  const { captcha } = brought
  const outcome =
    'token' in body
      ? await parts.verbs.look(flow, { token: body.token, uid: body.uid ?? null }, caller)
      : await parts.verbs.prove(flow, { flowId: body.flow_id, address: body.email, code: body.code, caller, captcha })
  if (!outcome.ok) return refused(c, parts, flow, outcome.refusal, 'verify', brought)
  return c.json(provedAnswer(flow, 'accounts' in outcome ? outcome.accounts : [outcome]))
}

function provedAnswer(flow: Flow, [first, ...others]: readonly Proved[]): ProveAnswer {
  const shared = { expires_in: flow.grant, rules: rulesOf(flow) }
  if (first && others.length === 0) return { grant: first.grant, account: first.account.email, ...shared }
  const all = [first!, ...others]
  const names = namesApart(all.map(({ account }) => account))
  const accounts = all.map(({ grant, account: { email, username } }, at) => {
    return { grant, name: names[at]!, account: email, username }
  })
  return { accounts, ...shared }
}

/** `POST /api/flows/<flow>/change` */
export async function apiChange(c: C, parts: Parts, flow: Flow): Promise<Response> {
  const body = await bodyOf(c, changeBody)
  if (body instanceof Response) return body
  const by = 'token' in body ? { token: body.token, uid: body.uid ?? null } : { grant: body.grant }
  const caller = callerOf(c, parts, null)
  const brought = await broughtBy(parts, 'change', body.captcha, caller)
  const wanted = { by, password: body.password, confirm: body.confirm ?? null, caller, captcha: brought.captcha }
  const outcome = await parts.verbs.change(flow, wanted)
  if (!outcome.ok) return refused(c, parts, flow, outcome.refusal, 'change', brought)
  const answer: ChangeAnswer = { message: say(speakOn(c), 'api.changed') }
  return c.json(answer)
}

/** `POST /auth/forgot-password/`, with the bodies of its own. */
export async function spaAsk(c: C, parts: Parts, flow: JsonFlow): Promise<Response> {
  const body = await bodyOf(c, spaAskBody)
  if (body instanceof Response) return body
  const outcome = await ask(c, parts, flow, body)
  return outcome instanceof Response ? outcome : c.json({ message: sentSentence(c, flow) })
}

/** `POST /auth/reset-password/`: any wrong, old or used token is a 400 with one sentence. */
export async function spaChange(c: C, parts: Parts, flow: JsonFlow): Promise<Response> {
  const body = await bodyOf(c, spaChangeBody)
  if (body instanceof Response) return body
  const by: Link = { token: body.token ?? '', uid: null }
  const caller = callerOf(c, parts, null)
  const brought = await broughtBy(parts, 'change', body.captcha, caller)
  const wanted = { by, password: body.new_password ?? '', confirm: null, caller, captcha: brought.captcha }
  const outcome = await parts.verbs.change(flow, wanted)
  if (outcome.ok) return c.json({ message: say(speakOn(c), 'api.changed') })
  const refusal: Refusal = outcome.refusal
  return refusal.code === 'link-dead' ? deadToken(c, speakOn(c)) : refused(c, parts, flow, refusal, 'change', brought)
}
