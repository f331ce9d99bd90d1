/**
 * Captchas by HTTP: what a request brings, the step before a form, and what a program is told. ALTCHA stands in the form;
 * a provider's script never loads on a page that holds a code, a grant or a password, so it has a page of its own, which
 * leaves a pass for the form.
 */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AltchaChallenge } from '../captcha/altcha.ts'
import type { Judged, SetUp } from '../captcha/index.ts'
import type { Caller } from '../engine/audit.ts'
import { type Captcha, type Form, forms } from '../engine/captcha.ts'
import * as pages from '../pages/index.ts'
import type { CaptchaStepView, CaptchaView } from '../pages/views.ts'
import { refusalPage, status, wrong, wrongBody } from './faces.ts'
import { isOurPost, policyWith } from './guard.ts'
import { callerOf, type Env, frameOf, type Parts } from './parts.ts'
import { readForm, textOf } from './read.ts'
import { hasPages, isCode, shared } from './routes.ts'
import type { Problem } from './wire.ts'

type C = Context<Env>
type Fields = ReadonlyMap<string, unknown>

/** The longest answer that is looked at. */
export const longestAnswer = 8_192

/** The form that a path names; null for none. */
export const formNamed = (name: string | undefined): Form | null => forms.find((one) => one === name) ?? null

const pathOf = (pattern: string, form: Form): string => pattern.replace(':form', form)
const isUnsolved = (setUp: SetUp): Captcha => (setUp.when === 'always' ? 'required' : 'on-overflow')
const worth = ({ stoodIn }: { readonly stoodIn: boolean }): Captcha => (stoodIn ? 'stood-in' : 'solved')

// Programs

/** What a program's request brings. `instead`: the provider does not answer, and this challenge stands in. */
export type Brought = { readonly captcha: Captcha; readonly instead: Problem['captcha'] | null }

/** Judges the answer of a JSON body. An empty one says that the provider's script could not be had. */
export async function broughtBy(
  parts: Parts,
  form: Form,
  answer: string | undefined,
  caller: Caller,
): Promise<Brought> {
  const setUp = await parts.captchas.setUp(form)
  if (!setUp) return { captcha: 'off', instead: null }
  const judged: Judged = answer === undefined ? { kind: 'unsolved' } : await parts.captchas.judge(form, answer, caller)
  if (judged.kind === 'solved') return { captcha: worth(judged), instead: null }
  const challenge = judged.kind === 'unavailable' ? judged.instead : null
  return { captcha: isUnsolved(setUp), instead: challenge && { form, provider: 'altcha', site_key: '', challenge } }
}

/** What a program needs to solve one, for its problem document. */
export async function tellOf(parts: Parts, form: Form, { instead }: Brought): Promise<Problem['captcha']> {
  if (instead) return instead
  const setUp = await parts.captchas.setUp(form)
  if (!setUp) return undefined
  const { provider, siteKey } = setUp
  const challenge = setUp.remote ? null : parts.captchas.challenge(form)
  return { form, provider, site_key: siteKey, challenge }
}

/** `GET /api/captcha/<form>/`: a challenge of ALTCHA's, as its own widget takes it. */
export async function giveChallenge(c: C, parts: Parts): Promise<Response> {
  const form = formNamed(c.req.param('form'))
  const setUp = form && (await parts.captchas.setUp(form))
  if (!form || !setUp || setUp.remote) return wrong(c, callerOf(c, parts, null).locale, 'not-found')
  return c.json(parts.captchas.challenge(form))
}

// Pages

/** What a form of ours brings: ALTCHA's answer in it, or a pass from the step before it. */
export async function broughtByForm(c: C, parts: Parts, form: Form, fields: Fields, caller: Caller): Promise<Captcha> {
  const setUp = await parts.captchas.setUp(form)
  if (!setUp) return 'off'
  if (!setUp.remote) {
    const answer = textOf(fields, 'captcha', longestAnswer)
    const judged = answer ? await parts.captchas.judge(form, answer, caller) : null
    return judged?.kind === 'solved' ? worth(judged) : isUnsolved(setUp)
  }
  const pass = parts.cookies.captchaPass(c, form)
  if (pass === undefined) return isUnsolved(setUp)
  parts.cookies.dropCaptchaPass(c, form)
  const solved = await parts.captchas.spendPass(form, parts.cookies.browser(c), pass)
  return solved ? worth(solved) : isUnsolved(setUp)
}

/** What a form's page shows: nothing, ALTCHA in the form, or not itself but the step before it. */
export type Shown = { readonly view: CaptchaView | null; readonly step: string | null }

/** Whether this visitor is asked, and how. `refused`: a post was just refused for want of one. `to`: where the form is. */
export async function shownOn(
  c: C,
  parts: Parts,
  form: Form,
  to: string,
  refused: { readonly retryAfter: number | null } | null = null,
): Promise<Shown> {
  const setUp = await parts.captchas.setUp(form)
  if (!setUp) return { view: null, step: null }
  const caller = callerOf(c, parts, parts.cookies.browserKey(c))
  const retryAfter = refused ? refused.retryAfter : await parts.verbs.overflow(form, caller)
  if (!refused && setUp.when === 'overflow' && retryAfter === null) return { view: null, step: null }
  const wait = setUp.when === 'always' ? null : retryAfter
  if (!setUp.remote) {
    const challengeUrl = pathOf(shared.captchaChallenge, form)
    return { view: { script: scriptOf(parts), challengeUrl, retryAfter: wait }, step: null }
  }
  const pass = parts.cookies.captchaPass(c, form)
  const holds = !refused && pass && (await parts.captchas.isPass(form, parts.cookies.browser(c), pass))
  return { view: null, step: holds ? null : `${pathOf(shared.captcha, form)}?to=${encodeURIComponent(to)}` }
}

/**
 * A form's page: with ALTCHA in it where one is asked for, or the way to the step before it. `refused`: a post was just
 * refused for want of one. A post that was refused for something else shows its reason first.
 */
export async function formPage(
  c: C,
  parts: Parts,
  at: { readonly form: Form; readonly path: string; readonly status?: ContentfulStatusCode },
  refused: { readonly retryAfter: number | null } | null,
  page: (captcha: CaptchaView | null) => string,
): Promise<Response> {
  const shown = await shownOn(c, parts, at.form, at.path, refused)
  if (shown.step && (refused || at.status === undefined)) return c.redirect(shown.step, 303)
  return c.html(page(shown.view), refused ? status('captcha-required') : (at.status ?? 200))
}

const scriptOf = (parts: Parts): string => `${shared.captchaScript}?v=${parts.assets.version}`

/** `GET /captcha/<form>/`: the step. */
export async function showStep(c: C, parts: Parts): Promise<Response> {
  const form = formNamed(c.req.param('form'))
  const setUp = form && (await parts.captchas.setUp(form))
  if (!form || !setUp) return refusalPage(c, parts, null, 'not-found')
  const to = ownPath(parts, form, c.req.query('to') ?? '')
  return setUp.remote ? step(c, parts, form, setUp, { to }) : c.redirect(to, 303)
}

/** `instead`: ALTCHA's challenge, in the provider's place. */
type Step = Pick<CaptchaStepView, 'to'> &
  Partial<Pick<CaptchaStepView, 'problem'>> & { readonly instead?: AltchaChallenge }

async function step(c: C, parts: Parts, form: Form, setUp: SetUp, view: Step): Promise<Response> {
  const { remote, siteKey, title } = setUp
  const { instead, problem = null, to } = view
  const caller = callerOf(c, parts, parts.cookies.browserKey(c))
  const retryAfter = setUp.when === 'always' ? null : await parts.verbs.overflow(form, caller)
  const action = pathOf(shared.captcha, form)
  const captcha = instead ? { script: scriptOf(parts), challenge: JSON.stringify(instead), retryAfter } : null
  if (!captcha && remote) {
    // Its form leads to this step and nowhere else, and it may fetch nothing of ours: what a stranger's script could do here
    // it could do with the visitor's cookies.
    c.header(
      'Content-Security-Policy',
      policyWith(remote.policy, `${c.req.header('host') ?? new URL(c.req.url).host}${action}`),
    )
    // Some providers look where they are asked from; it holds the host and no path.
    c.header('Referrer-Policy', 'strict-origin')
  }
  const script = remote && {
    script: remote.script(siteKey, caller.locale),
    element: remote.element,
    siteKey,
    action: form,
  }
  const page = pages.captcha(frameOf(c, parts, null), {
    ...{ action, to, provider: title, script: scriptOf(parts), retryAfter, captcha, problem },
    remote: captcha ? null : script,
  })
  return c.html(page, problem === null ? 200 : problem === 'down' ? 503 : status('captcha-required'))
}

/** `POST /captcha/<form>/`: an answer came in; a good one leaves a pass and leads on. */
export async function postStep(c: C, parts: Parts): Promise<Response> {
  const form = formNamed(c.req.param('form'))
  const setUp = form && (await parts.captchas.setUp(form))
  if (!form || !setUp) return refusalPage(c, parts, null, 'not-found')
  const read = await readForm(c.req.raw)
  if (!read.ok) return refusalPage(c, parts, null, wrongBody(read.status))
  const token = textOf(read.fields, 'csrf_token')
  if (token === null || !isOurPost(c, parts, token, false)) return refusalPage(c, parts, null, 'forbidden')
  const to = ownPath(parts, form, textOf(read.fields, 'to') ?? '')
  if (!setUp.remote) return c.redirect(to, 303)
  // ALTCHA's answer, where it stands in, is in a field of ours.
  const answers = ['captcha', setUp.remote.field].map((name) => textOf(read.fields, name, longestAnswer))
  if (answers.includes(null)) return refusalPage(c, parts, null, 'bad-request')
  const caller = callerOf(c, parts, parts.cookies.browserKey(c))
  const judged = await parts.captchas.judge(form, answers.find(Boolean) ?? '', caller)
  if (judged.kind === 'solved') {
    parts.cookies.captchaPassed(c, form, parts.captchas.pass(form, parts.cookies.browser(c), judged.stoodIn))
    return c.redirect(to, 303)
  }
  if (judged.kind === 'unsolved') return step(c, parts, form, setUp, { to, problem: 'refused' })
  if (!judged.instead) return step(c, parts, form, setUp, { to, problem: 'down' })
  return step(c, parts, form, setUp, { to, problem: 'away', instead: judged.instead })
}

/** Where the form is: a path of ours that has this form, with the name of its challenge; else the first that has it. */
function ownPath(parts: Parts, form: Form, to: string): string {
  const flows = parts.flows.filter(hasPages)
  const paths = flows.flatMap((flow): string[] => {
    if (form === 'request') return [flow.routes.ask]
    if (form === 'login') return [flow.routes.login]
    if (form === 'change') return [flow.routes.set]
    return isCode(flow) ? [flow.routes.code] : []
  })
  const url = URL.canParse(to, parts.publicUrl) ? new URL(to, parts.publicUrl) : null
  const path = paths.find((one) => url?.origin === parts.publicUrl && url.pathname === one) ?? paths[0] ?? '/'
  const challenge = url?.searchParams.get('c') ?? ''
  return form === 'change' && /^[\w-]{1,64}$/.test(challenge) ? `${path}?c=${challenge}` : path
}
