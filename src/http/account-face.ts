/** One's own account by HTTP: the page, a new password with the current one, and the end of sessions. */
import type { Context } from 'hono'
import type { AuditEvent } from '../engine/audit.ts'
import type { OwnAccount } from '../engine/signed-in.ts'
import * as pages from '../pages/index.ts'
import type { AccountView, EventView } from '../pages/views.ts'
import { refusalPage, status } from './faces.ts'
import { formOf } from './page-face.ts'
import { callerOf, type Env, frameOf, type Parts } from './parts.ts'
import { textOf } from './read.ts'
import { hasPages, shared } from './routes.ts'
import { firstLogin } from './sign-in.ts'

type C = Context<Env>

/** The flow by whose rules one's own password is judged, and whose words the page speaks: the first that has pages. */
const flowOf = (parts: Parts) => parts.flows.find(hasPages) ?? parts.flows[0]!

const ownOf = async (c: C, parts: Parts): Promise<OwnAccount | null> => {
  const token = parts.cookies.session(c)
  return token ? parts.verbs.ownAccount(token) : null
}

/** `GET /account/`: who is signed in. */
export async function showAccount(c: C, parts: Parts): Promise<Response> {
  const own = await ownOf(c, parts)
  if (!own) return c.redirect(firstLogin(parts), 303)
  const done = c.req.query('done') ?? ''
  const toast = done === 'changed' || done === 'ended' || done === 'ended-others' ? done : null
  return c.html(pages.account(frameOf(c, parts, null), viewOf(parts, own, { toast, unmet: [], wrong: false })))
}

/** `GET /.well-known/change-password` (W3C, A Well-Known URL for Changing Passwords): `ask` for whoever is not signed in. */
export async function changePassword(c: C, parts: Parts, ask: string): Promise<Response> {
  const session = parts.cookies.session(c)
  const signedIn = session !== undefined && (await parts.verbs.signedIn(session)) !== null
  // Which of the two it is hangs on the cookie.
  c.header('Cache-Control', 'no-store')
  return c.redirect(signedIn ? shared.account : ask, 303)
}

/** `POST /account/`: a new password of one's own. */
export async function postOwnPassword(c: C, parts: Parts): Promise<Response> {
  const fields = await formOf(c, parts, null)
  if (fields instanceof Response) return fields
  const [current, password, confirm] = ['current_password', 'new_password', 'confirm_password'].map((name) =>
    textOf(fields, name, 8_192),
  )
  if (current == null || password == null || confirm == null) return refusalPage(c, parts, null, 'bad-request')
  const token = parts.cookies.session(c) ?? ''
  const caller = callerOf(c, parts, parts.cookies.browserKey(c))
  const outcome = await parts.verbs.changeOwn(flowOf(parts), { token, current, password, confirm, caller })
  if (outcome.ok) {
    parts.cookies.signIn(c, outcome.session)
    parts.cookies.knowDevice(c, outcome.device)
    return c.redirect(`${shared.account}?done=changed`, 303)
  }
  const { refusal } = outcome
  if ('retryAfter' in refusal) return refusalPage(c, parts, null, refusal.code, refusal.retryAfter)
  const own = await ownOf(c, parts)
  if (!own || refusal.code === 'session-expired') return c.redirect(firstLogin(parts), 303)
  const unmet = refusal.code === 'password-refused' ? refusal.unmet : []
  const view = viewOf(parts, own, { toast: null, unmet, wrong: refusal.code === 'login-failed' })
  return c.html(pages.account(frameOf(c, parts, null), view), status(refusal.code))
}

/** `POST /account/sessions/`: ends one session of one's own, or with an empty field all others. */
export async function postEndSession(c: C, parts: Parts): Promise<Response> {
  const fields = await formOf(c, parts, null)
  if (fields instanceof Response) return fields
  const id = textOf(fields, 'session')
  if (id === null) return refusalPage(c, parts, null, 'bad-request')
  const caller = callerOf(c, parts, parts.cookies.browserKey(c))
  const isSignedIn = await parts.verbs.endOwn(parts.cookies.session(c) ?? '', id === '' ? null : id, caller)
  if (!isSignedIn) return c.redirect(firstLogin(parts), 303)
  return c.redirect(`${shared.account}?done=${id === '' ? 'ended-others' : 'ended'}`, 303)
}

/** Things in a row that are alike are told as one, so that a stranger's guesses do not push out what matters. */
const mostTold = 12

function viewOf(
  parts: Parts,
  own: OwnAccount,
  more: Pick<AccountView, 'toast'> & Pick<NonNullable<AccountView['password']>, 'unmet' | 'wrong'>,
): AccountView {
  const { account, session, sessions } = own
  const { toast, ...refused } = more
  return {
    email: account.email,
    username: account.username,
    action: shared.account,
    sessionsAction: shared.accountSessions,
    logoutAction: shared.logout,
    toast,
    password: account.signOn ? null : { rule: flowOf(parts).password, ...refused },
    sessions: sessions.map(({ id, createdAt, agent, network }) => ({
      ...{ id, at: createdAt, agent, network },
      here: id === session.id,
    })),
    events: told(own.events),
  }
}

function told(events: readonly AuditEvent[]): EventView[] {
  const list: EventView[] = []
  for (const event of events) {
    // Notices tell of what stands in this list already.
    if (event.name === 'letter.sent' && event.because !== null) continue
    const kind = event.name.replace('.', '-') as EventView['kind']
    const { agent, network, at } = event
    const last = list.at(-1)
    if (last?.kind === kind && last.agent === agent && last.network === network) {
      list[list.length - 1] = { ...last, times: last.times + 1 }
    } else list.push({ kind, at, agent, network, times: 1 })
  }
  return list.slice(0, mostTold)
}
