/**
 * Log-in, beside the walk: so that a flow can be gone through to its end, and tried. A name that nobody has costs the same
 * time as a known one, and failed tries shut out the stranger, not the owner. An account with a second factor, or with
 * single sign-on, is not logged in here: these pages know no factor but the password. A hash that is older than what is
 * written now is renewed by the log-in, once it has succeeded: then its time tells nothing to whoever guesses.
 */
import { type Caller, event } from './audit.ts'
import { type Captcha, passing, refusalOf } from './captcha.ts'
import { deviceFor, knownDevice } from './device.ts'
import { fresh } from './keys.ts'
import { toldTakes, untoldTakes } from './limits.ts'
import { type Outcome, refuse, secondsUntil } from './outcome.ts'
import type { Account, Kit, Session } from './ports.ts'
import { newSession, sessionIds } from './session.ts'

/** Name and password as typed. */
export type Credentials = {
  readonly name: string
  readonly password: string
  readonly caller: Caller
  /** Absent: none is set up. */
  readonly captcha?: Captcha
}

/** Values of the session's and the device's cookies. */
export type SignedIn = { readonly session: string; readonly device: string; readonly account: Account }

type Needs = Pick<
  Kit,
  'store' | 'accounts' | 'clock' | 'random' | 'hasher' | 'keys' | 'limits' | 'tidyAddress' | 'tidyPassword'
>

/** Opens a session under a new id. The try is counted before anything is compared and given back by a right password. */
export async function login(
  kit: Needs,
  typed: Credentials,
): Promise<Outcome<SignedIn, 'login-failed' | 'login-elsewhere' | 'too-many-attempts' | 'captcha-required'>> {
  if (typed.captcha === 'required') return refuse({ code: 'captcha-required', retryAfter: null })
  const at = kit.clock.now()
  const name = nameOf(kit, typed.name)
  const device = knownDevice(kit.keys, name, typed.caller.devices)
  const crossed = event(at, 'session.refused', typed.caller)
  const told = toldTakes(kit.keys, kit.limits, { name, block: typed.caller.block, device })
  // Before the account is looked up: the refusal must not take longer because there is one.
  const { hits } = await kit.store.take(passing(told, typed.captcha), at, crossed)
  if (hits.length > 0) {
    const retryAt = Math.max(...hits.map((hit) => hit.retryAt))
    return refuse(refusalOf(hits, typed.captcha, secondsUntil(retryAt, at)))
  }
  const account = await kit.accounts.byName(name)
  const untold = untoldTakes(kit.keys, kit.limits, { accountId: account?.id ?? `nobody:${name}`, device })
  const { hits: unseen } = await kit.store.take(untold, at, crossed)
  const password = kit.tidyPassword(typed.password)
  const right = await kit.hasher.verify(account?.passwordHash ?? null, password)
  if (!right || !account?.active || unseen.length > 0) {
    const because = unseen[0]?.limit ?? (!account ? 'no account' : right ? 'not active' : 'wrong password')
    await kit.store.note(event(at, 'session.refused', typed.caller, { accountId: account?.id, because }))
    return refuse({ code: 'login-failed' })
  }
  const givenBack = [...told, ...untold].map((take) => take.key)
  await kit.store.giveBack(givenBack, [])
  const elsewhere = account.signOn ? 'signs in elsewhere' : account.secondFactor ? 'second factor' : null
  if (elsewhere) {
    // Told to nobody but who has the right password, so that no name can be probed for it.
    const refused = event(at, 'session.refused', typed.caller, { accountId: account.id, because: elsewhere })
    await kit.store.note(refused)
    return refuse({ code: 'login-elsewhere' })
  }
  const token = fresh(kit.random, 32)
  const opened = event(at, 'session.opened', typed.caller, { accountId: account.id })
  const session = newSession(kit.keys, token, account, typed.caller, at)
  await kit.store.openSession(session, opened)
  // A reset ends the sessions that are there; one that was opened a moment after it, on the old password, ends here.
  const now = await kit.accounts.byId(account.id)
  if (!now || !(await isStillOf(kit, now, account, password))) {
    await kit.store.endSession(
      session.id,
      event(at, 'session.ended', typed.caller, { accountId: account.id, because: 'password changed' }),
    )
    return refuse({ code: 'login-failed' })
  }
  await renew(kit, now, password, typed.caller)
  return { ok: true, session: token, device: deviceFor(kit.keys, kit.random, await namesOf(kit, account)), account }
}

/** Whether the password still opens it: a hash may change without it, by a renewal here or at the application's log-in. */
async function isStillOf(kit: Pick<Kit, 'hasher'>, now: Account, before: Account, password: string): Promise<boolean> {
  if (now.passwordHash === before.passwordHash) return true
  return now.passwordHash !== null && kit.hasher.matches(now.passwordHash, password)
}

/** Hashes the password anew where its hash is older than what is written; there is no other moment at which it is known. */
async function renew(kit: Needs, account: Account, password: string, caller: Caller): Promise<void> {
  if (account.passwordHash === null || !kit.hasher.renews(account.passwordHash, password)) return
  const passwordHash = await kit.hasher.hash(password)
  const renewed = event(kit.clock.now(), 'password.renewed', caller, { accountId: account.id })
  // Nobody is kept out for it, as by a column too short for the new form: the metrics count it, the next log-in tries again.
  await kit.store.renewHash({ account, passwordHash, event: renewed }).catch(() => {})
}

/** The one spelling of a name by which one logs in. Only A to Z are folded, as in the table. */
const nameOf = (kit: Pick<Kit, 'tidyAddress'>, typed: string): string =>
  kit.tidyAddress(typed) ??
  typed
    .trim()
    .slice(0, 320)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/**
 * The names by which one logs in as this account, its address first. Another account's address is none of them, though
 * it stand here as the user name: else whoever chose it could meddle with the other's counts.
 */
export async function namesOf(kit: Pick<Kit, 'accounts' | 'tidyAddress'>, account: Account): Promise<string[]> {
  const names = [account.email, account.username].flatMap((name) => (name ? [nameOf(kit, name)] : []))
  const holders = await Promise.all(names.map((name) => kit.accounts.byName(name)))
  return names.filter((_, at) => holders[at]?.id === account.id)
}

/** The session of a cookie and its account; null when it has ended, or the account may not be used. */
export async function openedBy(
  kit: Pick<Kit, 'store' | 'accounts' | 'clock' | 'keys'>,
  token: string,
): Promise<{ readonly session: Session; readonly account: Account } | null> {
  let session: Session | null = null
  for (const id of sessionIds(kit.keys, token)) session ??= await kit.store.session(id, kit.clock.now())
  const account = session && (await kit.accounts.byId(session.accountId))
  return session && account?.active ? { session, account } : null
}

/** The account of a session's cookie; null when it has ended, or the account may not be used. */
export const signedIn = async (
  kit: Pick<Kit, 'store' | 'accounts' | 'clock' | 'keys'>,
  token: string,
): Promise<Account | null> => (await openedBy(kit, token))?.account ?? null

/** Ends a session, and notes whose it was. */
export async function logout(kit: Pick<Kit, 'store' | 'clock' | 'keys'>, token: string, caller: Caller): Promise<void> {
  const at = kit.clock.now()
  for (const id of sessionIds(kit.keys, token)) {
    const accountId = (await kit.store.session(id, at))?.accountId
    await kit.store.endSession(id, event(at, 'session.ended', caller, { accountId }))
  }
}
