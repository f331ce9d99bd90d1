/**
 * What one does with one's own account while signed in: look at it, change its password with the current one, end its
 * sessions. A stolen cookie alone changes nothing: the password is asked for again, and guesses at it are counted with
 * failed log-ins (OWASP ASVS 5.0, 6.2.3 and 7.5.1).
 */
import { type AuditEvent, type Caller, type EventName, event } from './audit.ts'
import { countsOf, repeats } from './change.ts'
import { deviceFor, knownDevice } from './device.ts'
import { setPassword } from './elsewhere.ts'
import type { Flow } from './flow.ts'
import { fresh } from './keys.ts'
import { passwordTakes, toldTakes, untoldTakes } from './limits.ts'
import { namesOf, openedBy } from './login.ts'
import { notice } from './notice.ts'
import { type Outcome, refuse, secondsUntil } from './outcome.ts'
import { judge } from './policy.ts'
import type { Account, Change, Kit, Session } from './ports.ts'
import { newSession } from './session.ts'

/** What the owner sees of the account. */
export type OwnAccount = {
  readonly account: Account
  /** The session that looks. */
  readonly session: Session
  /** Every live session, newest first; `session` among them. */
  readonly sessions: readonly Session[]
  /** What happened lately, newest first. */
  readonly events: readonly AuditEvent[]
}

/** A new password of one's own. */
export type OwnWish = {
  /** Value of the session's cookie. */
  readonly token: string
  readonly current: string
  readonly password: string
  readonly confirm: string
  readonly caller: Caller
}

/** Values of the new session's and the device's cookies. */
export type OwnChanged = { readonly account: Account; readonly session: string; readonly device: string }

/** What an owner is shown of the audit: how somebody came in, and what could have let them in. */
const shown: readonly EventName[] = [
  'password.changed',
  'password.refused',
  'letter.sent',
  'proof.accepted',
  'session.opened',
  'session.refused',
]

const mostSessions = 100
const mostEvents = 60

type Reads = Pick<Kit, 'store' | 'accounts' | 'clock' | 'keys'>

/** The account of a session's cookie with what belongs to it; null when nobody is signed in. */
export async function ownAccount(kit: Reads, token: string): Promise<OwnAccount | null> {
  const opened = await openedBy(kit, token)
  if (!opened) return null
  const { id } = opened.account
  const [sessions, events] = await Promise.all([
    kit.store.sessionsOf(id, kit.clock.now(), mostSessions),
    kit.store.eventsOf(id, shown, mostEvents),
  ])
  return { ...opened, sessions, events }
}

type Makes = Pick<
  Kit,
  | 'elsewhere'
  | 'random'
  | 'hasher'
  | 'limits'
  | 'remembered'
  | 'tidyAddress'
  | 'tidyPassword'
  | 'isCommon'
  | 'isBreached'
>

/**
 * Sets one's own password by the rules of `flow`. Every session ends and this browser gets a new one; every open
 * challenge is revoked, and the owner is told by a letter, as after a reset.
 */
export async function changeOwn(
  kit: Reads & Makes,
  flow: Flow,
  wish: OwnWish,
): Promise<
  Outcome<
    OwnChanged,
    'session-expired' | 'login-failed' | 'login-elsewhere' | 'password-refused' | 'unsettled' | 'too-many-attempts'
  >
> {
  const at = kit.clock.now()
  const opened = await openedBy(kit, wish.token)
  if (!opened) return refuse({ code: 'session-expired' })
  const { account } = opened
  // It may have no password that works here.
  if (account.signOn) return refuse({ code: 'login-elsewhere' })
  const names = await namesOf(kit, account)
  const refused = (because: string | null) =>
    event(at, 'password.refused', wish.caller, { accountId: account.id, because })

  const device = names.map((name) => knownDevice(kit.keys, name, wish.caller.devices)).find(Boolean) ?? null
  const whom = { name: names[0] ?? account.email, block: wish.caller.block, device }
  const takes = [
    ...toldTakes(kit.keys, kit.limits, whom),
    ...untoldTakes(kit.keys, kit.limits, { accountId: account.id, device }),
  ]
  const { hits } = await kit.store.take(takes, at, refused(null))
  if (hits.length > 0) {
    const retryAt = Math.max(...hits.map((hit) => hit.retryAt))
    return refuse({ code: 'too-many-attempts', retryAfter: secondsUntil(retryAt, at) })
  }
  const current = kit.tidyPassword(wish.current)
  if (!(await kit.hasher.verify(account.passwordHash, current))) {
    await kit.store.note(refused('wrong password'))
    return refuse({ code: 'login-failed' })
  }
  await kit.store.giveBack(
    takes.map((take) => take.key),
    [],
  )

  const offers = passwordTakes(kit.keys, kit.limits, account.id)
  const { hits: offered } = await kit.store.take(offers, at, refused(null))
  if (offered[0]) return refuse({ code: 'too-many-attempts', retryAfter: secondsUntil(offered[0].retryAt, at) })
  const [password, confirm] = [kit.tidyPassword(wish.password), kit.tidyPassword(wish.confirm)]
  const { isCommon, hasher } = kit
  const broken = judge(flow.password, password, { confirm, account, isCommon, refuses: hasher.refuses })
  const unmet = broken.length > 0 ? broken : await repeats(kit, flow, account, password)
  if (unmet.length > 0) {
    await kit.store.note(refused(unmet.join(' ')))
    return refuse({ code: 'password-refused', unmet })
  }
  const passwordHash = await kit.hasher.hash(password)
  const token = fresh(kit.random, 32)
  const changed = { flow: flow.name, accountId: account.id, because: 'signed in' }
  const value: Change = {
    at,
    challenge: null,
    account,
    passwordHash,
    history: kit.remembered,
    letter: notice(kit, 'changed', flow, account, wish.caller, at),
    event: event(at, 'password.changed', wish.caller, changed),
    forget: countsOf(kit, account, names),
    session: newSession(kit.keys, token, account, wish.caller, at),
  }
  const ended = await setPassword(kit, value, password)
  // Another change was first, and has ended this session with all others.
  if (ended.kind === 'lost') return refuse({ code: 'session-expired' })
  if (ended.kind === 'refused') return refuse({ code: 'password-refused', unmet: ended.unmet })
  if (ended.kind === 'unsettled') return refuse({ code: 'unsettled', retryAfter: ended.retryAfter })
  return { ok: true, account, session: token, device: deviceFor(kit.keys, kit.random, names) }
}

/**
 * Ends sessions of one's own account: the one of this id, or with null all but the one that asks. One of another account
 * is left alone. False when nobody is signed in.
 */
export async function endOwn(kit: Reads, token: string, id: string | null, caller: Caller): Promise<boolean> {
  const own = await ownSessions(kit, token)
  if (!own) return false
  const ended = event(kit.clock.now(), 'session.ended', caller, { accountId: own.account.id, because: 'by its owner' })
  for (const session of own.sessions) {
    if (id === null ? session.id !== own.session.id : session.id === id) await kit.store.endSession(session.id, ended)
  }
  return true
}

async function ownSessions(kit: Reads, token: string) {
  const opened = await openedBy(kit, token)
  return opened && { ...opened, sessions: await kit.store.sessionsOf(opened.account.id, kit.clock.now(), 10_000) }
}
