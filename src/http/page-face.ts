/** The pages of a flow: form in, page or redirect out. Nothing here decides; every decision is a verb's. */
import type { Context } from 'hono'
import type { Changed } from '../engine/change.ts'
import type { Link, Proved } from '../engine/prove.ts'
import * as pages from '../pages/index.ts'
import type { AskView, CaptchaView, CodeView, NewPasswordView } from '../pages/views.ts'
import { broughtByForm, formPage, shownOn } from './captcha.ts'
import { handlesIn, nameOf, setPath, showChoice, siblingsOf } from './choice.ts'
import { refusalPage, status, wrongBody } from './faces.ts'
import { isOurPost } from './guard.ts'
import { callerOf, type Env, frameOf, type Parts } from './parts.ts'
import { hasControls, readForm, textOf } from './read.ts'
import { type CodePages, donePath, isCode, type PagesFlow, sentPath, shared } from './routes.ts'

type C = Context<Env>
type Answer = Response | Promise<Response>
type Fields = ReadonlyMap<string, unknown>

/** A page's caller: its browser's cookie is made if it has none, so that its codes belong to it from the first ask. */
const pageCaller = (c: C, parts: Parts) => callerOf(c, parts, parts.cookies.browserKey(c))

/** A form that is readable and ours, or the answer that refuses it. */
export async function formOf(
  c: C,
  parts: Parts,
  flow: PagesFlow | null,
  carriesProof: (fields: Fields) => boolean = () => false,
): Promise<Fields | Response> {
  const read = await readForm(c.req.raw)
  if (!read.ok) return refusalPage(c, parts, flow, wrongBody(read.status))
  const token = textOf(read.fields, 'csrf_token')
  if (token === null || !isOurPost(c, parts, token, carriesProof(read.fields))) {
    return refusalPage(c, parts, flow, 'forbidden')
  }
  return read.fields
}

// Ask

/** The form that asks for an address; also says "sent" where the flow has no page of its own for it. */
export function showAsk(c: C, parts: Parts, flow: PagesFlow): Answer {
  if (!flow.routes.sent && c.req.query('sent') === '1') return showSent(c, parts, flow)
  return formPage(c, parts, ofAsk(flow), null, askPage(c, parts, flow, '', null))
}

const ofAsk = (flow: PagesFlow) => ({ form: 'request', path: flow.routes.ask }) as const

const askPage =
  (c: C, parts: Parts, flow: PagesFlow, value: string, problem: AskView['problem']) =>
  (captcha: CaptchaView | null): string =>
    pages.ask(frameOf(c, parts, flow), {
      action: flow.routes.ask,
      field: flow.fields.email,
      value,
      problem,
      code: isCode(flow),
      captcha,
    })

/** An address came in. */
export async function postAsk(c: C, parts: Parts, flow: PagesFlow): Promise<Response> {
  const fields = await formOf(c, parts, flow)
  if (fields instanceof Response) return fields
  const address = textOf(fields, flow.fields.email)
  const again = (value: string, problem: NonNullable<AskView['problem']>): Answer =>
    formPage(c, parts, { ...ofAsk(flow), status: status(problem) }, null, askPage(c, parts, flow, value, problem))
  if (address === null || hasControls(address)) return again('', 'email-invalid')

  const caller = pageCaller(c, parts)
  const captcha = await broughtByForm(c, parts, 'request', fields, caller)
  // Nobody is looked up for one who is refused in any case.
  const known = captcha === 'required' ? ({ ok: true } as const) : await parts.verbs.lookup(flow, address, caller)
  const memory = parts.cookies.remembered(c, flow.name, address)
  const outcome = known.ok
    ? await parts.verbs.request(flow, {
        address,
        caller,
        previous: memory?.flowId ?? null,
        resend: fields.get('resend') === '1',
        captcha,
      })
    : known
  if (!outcome.ok) {
    const { refusal } = outcome
    if (refusal.code === 'too-many-attempts') return refusalPage(c, parts, flow, refusal.code, refusal.retryAfter)
    if (refusal.code === 'captcha-required') {
      return formPage(c, parts, ofAsk(flow), refusal, askPage(c, parts, flow, address, refusal.code))
    }
    return again(address, refusal.code)
  }
  if (!isCode(flow)) return c.redirect(sentPath(flow), 303)
  const remembered = { flowId: outcome.flowId, address: address.trim(), at: parts.verbs.now() }
  parts.cookies.remember(c, flow.name, remembered, outcome.expiresIn)
  return c.redirect(`${flow.routes.code}?sent=1`, 303)
}

/** "Check your email", the same for everybody. */
export const showSent = (c: C, parts: Parts, flow: PagesFlow): Answer =>
  c.html(pages.sent(frameOf(c, parts, flow), { minutes: Math.round(flow.life / 60) }))

// Code

/** Where a code is typed; the address is filled in from the ask that this browser made. */
export const showCode = async (c: C, parts: Parts, flow: CodePages): Promise<Response> =>
  formPage(c, parts, ofCode(flow), null, await codePage(c, parts, flow, null, null))

const ofCode = (flow: CodePages) => ({ form: 'verify', path: flow.routes.code }) as const

async function codePage(
  c: C,
  parts: Parts,
  flow: CodePages,
  typed: string | null,
  problem: CodeView['problem'],
): Promise<(captcha: CaptchaView | null) => string> {
  const memory = parts.cookies.remembered(c, flow.name, typed)
  const waits = memory ? memory.at + flow.proof.resendAfter * 1000 - parts.verbs.now() : 0
  const { view: resendCaptcha } = await shownOn(c, parts, 'request', flow.routes.ask)
  const view = {
    action: flow.routes.code,
    resendAction: flow.routes.ask,
    fields: flow.fields,
    address: typed ?? memory?.address ?? '',
    digits: flow.proof.digits,
    minutes: Math.round(flow.life / 60),
    problem,
    resendIn: Math.max(0, Math.ceil(waits / 1000)),
    justSent: problem === null && c.req.query('sent') === '1',
    resendCaptcha,
  }
  return (captcha) => pages.code(frameOf(c, parts, flow), { ...view, captcha })
}

/** A code was typed. */
export async function postCode(c: C, parts: Parts, flow: CodePages): Promise<Response> {
  const fields = await formOf(c, parts, flow)
  if (fields instanceof Response) return fields
  const address = textOf(fields, flow.fields.email)
  const code = textOf(fields, flow.fields.code)
  const flowId = parts.cookies.remembered(c, flow.name, address)?.flowId ?? ''
  const caller = pageCaller(c, parts)
  const captcha = await broughtByForm(c, parts, 'verify', fields, caller)
  const outcome =
    address === null || code === null
      ? ({ ok: false, refusal: { code: 'code-malformed' } } as const)
      : await parts.verbs.prove(flow, { flowId, address, code, caller, captcha })
  if (!outcome.ok) {
    const { refusal } = outcome
    const page = await codePage(c, parts, flow, address, refusal.code)
    if (refusal.code === 'captcha-required') return formPage(c, parts, ofCode(flow), refusal, page)
    return formPage(c, parts, { ...ofCode(flow), status: status(refusal.code) }, null, page)
  }
  return toSetPage(c, parts, flow, ...outcome.accounts)
}

// Link

/** A letter's link: the secret leaves the address at once. A look spends nothing. */
export async function openLink(c: C, parts: Parts, flow: PagesFlow, link: Link): Promise<Response> {
  if (c.req.method === 'HEAD') {
    const live = await parts.verbs.peek(flow, link)
    return live ? c.redirect(flow.routes.set, 303) : c.body(null, status('link-dead'))
  }
  const outcome = await parts.verbs.look(flow, link, pageCaller(c, parts))
  return outcome.ok ? toSetPage(c, parts, flow, outcome) : refusalPage(c, parts, flow, 'link-dead')
}

/** To the form for the new password or, where there are several accounts to set one for, to the choice between them. */
function toSetPage(c: C, parts: Parts, flow: PagesFlow, ...proved: readonly Proved[]): Response {
  for (const { handle, grant, expiresIn } of proved) parts.cookies.grant(c, handle, grant, expiresIn)
  const handles = proved.map(({ handle }) => handle)
  return c.redirect(setPath(flow, handles), 303)
}

// Set

/** The form for the new password, for a browser that holds a grant. */
export async function showSet(c: C, parts: Parts, flow: PagesFlow): Promise<Response> {
  if (!flow.routes.done && c.req.query('done') === '1') return showDone(c, parts, flow)
  const grants = parts.cookies.grants(c)
  const wanted = c.req.query('c')
  const handles = handlesIn(wanted)
  if (handles.length > 1) return showChoice(c, parts, flow, handles)
  for (const [handle, grant] of wanted ? grants.filter(([one]) => one === wanted) : grants.slice(-8).reverse()) {
    const account = await parts.verbs.granted(flow, grant)
    if (!account) continue
    const page = setPage(c, parts, flow, handle, nameOf(c, parts, grant, account), [])
    return formPage(c, parts, ofSet(flow, handle), null, page)
  }
  const missing = flow.proof.carry === 'query' && !wanted
  return refusalPage(c, parts, flow, missing ? 'missing-token' : 'session-expired')
}

const ofSet = (flow: PagesFlow, handle: string) =>
  ({ form: 'change', path: handle ? setPath(flow, [handle]) : flow.routes.set }) as const

const setPage =
  (
    c: C,
    parts: Parts,
    flow: PagesFlow,
    challenge: string,
    account: string,
    unmet: NewPasswordView['unmet'],
    problem: NewPasswordView['problem'] = null,
  ) =>
  (captcha: CaptchaView | null): string => {
    const { fields, password: rule, routes } = flow
    const view = {
      action: routes.set,
      fields,
      challenge,
      account,
      rule,
      unmet,
      problem,
      captcha,
      minutes: Math.round(flow.grant / 60),
    }
    return pages.newPassword(frameOf(c, parts, flow), view)
  }

/** A new password, with a grant from a cookie or, as scripts send it, with the link's own token. */
export async function postSet(c: C, parts: Parts, flow: PagesFlow, fromPath: Link | null): Promise<Response> {
  const linkOf = (fields: Fields): Link | null => {
    const token = isCode(flow) ? '' : textOf(fields, flow.fields.token)
    return fromPath ?? (token ? { uid: null, token } : null)
  }
  const fields = await formOf(c, parts, flow, (read) => linkOf(read) !== null)
  if (fields instanceof Response) return fields
  const password = textOf(fields, flow.fields.password, 8_192)
  const confirm = textOf(fields, flow.fields.confirm, 8_192)
  if (password === null || confirm === null) return refusalPage(c, parts, flow, 'bad-request')

  const link = linkOf(fields)
  const handle = textOf(fields, 'challenge')
  const grants = parts.cookies.grants(c)
  const held = grants.find(([one]) => one === handle) ?? (handle === '' && grants.length === 1 ? grants[0] : undefined)
  if (!link && !held) {
    const missing = flow.proof.carry === 'query' && handle === ''
    return refusalPage(c, parts, flow, missing ? 'missing-token' : 'session-expired')
  }
  const by = link ?? { grant: held![1] }
  const caller = pageCaller(c, parts)
  const captcha = await broughtByForm(c, parts, 'change', fields, caller)
  const outcome = await parts.verbs.change(flow, { by, password, confirm, caller, captcha })
  if (outcome.ok) return afterChange(c, parts, flow, held?.[1] ?? null, outcome)
  const { refusal } = outcome
  if (refusal.code === 'captcha-required') return refusedPassword(c, parts, flow, by, held?.[0] ?? null, [], refusal)
  if ('retryAfter' in refusal) return refusalPage(c, parts, flow, refusal.code, refusal.retryAfter)
  if (refusal.code !== 'password-refused') return refusalPage(c, parts, flow, refusal.code)
  return refusedPassword(c, parts, flow, by, held?.[0] ?? null, refusal.unmet)
}

/** A poor password costs no proof: the form again, with a grant where there was only a token. */
async function refusedPassword(
  c: C,
  parts: Parts,
  flow: PagesFlow,
  by: Link | { grant: string },
  handle: string | null,
  unmet: NewPasswordView['unmet'],
  unsolved: { readonly retryAfter: number | null } | null = null,
): Promise<Response> {
  const again = (challenge: string, name: string): Promise<Response> => {
    const page = setPage(c, parts, flow, challenge, name, unmet, unsolved && 'captcha-required')
    return formPage(c, parts, { ...ofSet(flow, challenge), status: status('password-refused') }, unsolved, page)
  }
  if ('grant' in by) {
    const account = await parts.verbs.granted(flow, by.grant)
    if (!account) return refusalPage(c, parts, flow, 'session-expired')
    return again(handle ?? '', nameOf(c, parts, by.grant, account))
  }
  const proved = await parts.verbs.look(flow, by, pageCaller(c, parts))
  if (!proved.ok) return refusalPage(c, parts, flow, 'link-dead')
  parts.cookies.grant(c, proved.handle, proved.grant, proved.expiresIn)
  return again(proved.handle, proved.account.email)
}

function afterChange(c: C, parts: Parts, flow: PagesFlow, grant: string | null, changed: Changed): Response {
  // What else came of its proof is dead with it.
  for (const handle of grant === null ? [] : siblingsOf(c, parts, grant)) parts.cookies.dropGrant(c, handle)
  parts.cookies.forget(c, flow.name, changed.account.email, flow.life)
  parts.cookies.knowDevice(c, changed.device)
  if (changed.session) parts.cookies.signIn(c, changed.session)
  else parts.cookies.signOut(c)
  // Who is logged in is not sent to a log-in page.
  const isOver = changed.session && flow.routes.done === 'login'
  return c.redirect(isOver ? (flow.home ?? shared.account) : donePath(flow), 303)
}

/** Success. */
export async function showDone(c: C, parts: Parts, flow: PagesFlow): Promise<Response> {
  const session = parts.cookies.session(c)
  const signedIn = session !== undefined && (await parts.verbs.signedIn(session)) !== null
  return c.html(pages.done(frameOf(c, parts, flow), { home: signedIn ? (flow.home ?? shared.account) : null }))
}
