/**
 * A change of a password that the host's own functions set, in a database or directory that no transaction of ours
 * reaches. So: close, set, confirm. A row that is there once for an account closes its proofs to all others; then the host
 * sets the password; then one transaction does what a change does besides. What was cut off in between is ended by
 * `finishChanges`, which asks the host how the account is now: done, it is confirmed; not done, it is undone, and the
 * proof, which nobody has touched, is good again.
 */
import type { AuditEvent } from './audit.ts'
import { digest, fresh, same } from './keys.ts'
import { Fault, type Unmet } from './outcome.ts'
import type { Account, Change, Elsewhere, Ending, Kit, PendingChange } from './ports.ts'

/** How a change ended. `session`: whether the one that was to be opened is. */
export type Ended =
  | { readonly kind: 'changed'; readonly session: boolean }
  /** Another was first, or the account is not as the proof saw it. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'refused'; readonly unmet: readonly Unmet[] }
  /** Nobody knows yet whether it is set. Seconds until that may be. */
  | { readonly kind: 'unsettled'; readonly retryAfter: number }

type Needs = Pick<Kit, 'store' | 'accounts' | 'clock' | 'random' | 'keys' | 'elsewhere'>

/** Sets the password: in one transaction where the accounts stand beside our rows, else close, set, confirm. */
export async function setPassword(kit: Needs, change: Change, password: string): Promise<Ended> {
  if (kit.elsewhere) return changeElsewhere(kit, kit.elsewhere, change, password)
  return (await kit.store.change(change)) ? { kind: 'changed', session: true } : { kind: 'lost' }
}

async function changeElsewhere(kit: Needs, host: Elsewhere, change: Change, password: string): Promise<Ended> {
  const pending = pendingOf(kit, host, change)
  const { heldMs } = timesOf(host)
  const unsettled = { kind: 'unsettled', retryAfter: Math.ceil(heldMs / 1000) } as const
  const begun = await kit.store.beginChange(pending, change.challenge, pending.begunAt + heldMs)
  if (begun === 'dead') return { kind: 'lost' }
  if (begun === 'busy') {
    await kit.store.note({ ...change.event, name: 'password.refused', because: 'another is under way' })
    return unsettled
  }

  const { body, ...row } = pending
  const wish = {
    account: change.account,
    key: row.id,
    ...(host.takesHash ? { hash: change.passwordHash } : { password }),
  }
  const answer = await setOnce(kit, host, row, change, wish)
  if (answer !== null && typeof answer === 'object') {
    await undo(kit, row, change.event, answer.refused.join(' '))
    return { kind: 'refused', unmet: answer.refused }
  }
  // Whatever it said: what stands there counts, and the proof dies by that alone.
  const isDone = await kit.accounts.byId(row.accountId).then(
    (now) => isSet(kit, host, now, JSON.parse(body)),
    () => null,
  )
  if (answer === 'stale' && !(isDone && host.takesHash)) {
    await undo(kit, row, change.event, 'the account had changed')
    return { kind: 'lost' }
  }
  if (!isDone) {
    if (answer === 'set' && isDone === false) host.warn('a password was "set", and accounts.byId does not show it', row)
    return unsettled
  }
  const isTold = await endSessions(host, row)
  const ending: Ending = { ...change, kind: 'changed', replaced: replacedBy(host, change) }
  return { kind: 'changed', session: isTold && (await kit.store.endChange(row, kit.clock.now(), ending)) }
}

type Row = Pick<PendingChange, 'id' | 'accountId'>

/**
 * What the host made of it; null where it did not say, and nobody knows. What certainly did not happen is undone here.
 * @throws Fault `accounts` where trying again may help.
 */
async function setOnce(kit: Needs, host: Elsewhere, row: Row, change: Change, wish: Parameters<Elsewhere['set']>[0]) {
  // Read once more, now that no other change of ours is under way: so one wins, though the host cannot compare.
  const now = await kit.accounts.byId(row.accountId).catch(async (error) => {
    await undo(kit, row, change.event, 'the accounts did not answer')
    throw error
  })
  if (!now || seenOf(kit, now) !== seenOf(kit, change.account)) return 'stale'
  const answer = await host.set(wish).catch(() => null)
  if (answer !== 'not-set') return answer
  await undo(kit, row, change.event, 'it could not be set')
  throw new Fault('accounts', 'accounts.setPassword answered "not-set": the password is as it was. Try again later.')
}

/** Tells the host. False where it failed: the change stays pending, so that it is told again. */
const endSessions = (host: Elsewhere, { accountId, id }: Row): Promise<boolean> =>
  host.endSessions(accountId, id).then(
    () => true,
    () => false,
  )

/** What a restart needs to end it. No password: hashes of it where the host takes them, else digests of what was before. */
type Body = {
  /** What is being set; null where the host makes the hash, of a password that is kept nowhere. */
  readonly hash: string | null
  /** The key of the two digests. */
  readonly keyId: string
  /** Digests of the password's hash or stamp, and of all that a change hangs on, before. */
  readonly before: string
  readonly seen: string
  readonly ending: Omit<Extract<Ending, { kind: 'changed' }>, 'session'>
}

function pendingOf(kit: Needs, host: Elsewhere, change: Change): PendingChange {
  const { account, history, letter, event, forget, passwordHash } = change
  const body: Body = {
    hash: host.takesHash ? passwordHash : null,
    keyId: kit.keys.lasting.id,
    before: hashOf(kit, account),
    seen: seenOf(kit, account),
    ending: { kind: 'changed', replaced: replacedBy(host, change), history, letter, event, forget },
  }
  return { id: fresh(kit.random, 16), accountId: account.id, begunAt: kit.clock.now(), body: JSON.stringify(body) }
}

/** For the history, which is made of hashes. */
const replacedBy = (host: Elsewhere, { account }: Change): string | null =>
  host.takesHash ? account.passwordHash : null

const hashOf = ({ keys }: Pick<Kit, 'keys'>, { id, passwordHash }: Account): string =>
  digest(keys.lasting, 'pending', [id, passwordHash ?? ''])

const seenOf = (kit: Pick<Kit, 'keys'>, account: Account): string => {
  const { email, active, verified, secondFactor, signOn } = account
  const facts = [active, verified, secondFactor, signOn].map(String)
  return digest(kit.keys.lasting, 'pending', [hashOf(kit, account), email, ...facts])
}

/** Whether the new password stands there: its hash, or where that is not known, another stamp than before. */
const isSet = (kit: Pick<Kit, 'keys'>, host: Elsewhere, now: Account | null, body: Body): boolean =>
  now !== null && (host.takesHash ? now.passwordHash === body.hash : !same(hashOf(kit, now), body.before))

/** The password is as it was, and the proof is good again. */
function undo(kit: Pick<Kit, 'store' | 'clock'>, row: Row, event: AuditEvent, because: string): Promise<boolean> {
  const at = kit.clock.now()
  return kit.store.endChange(row, at, { kind: 'undone', event: { ...event, at, name: 'password.refused', because } })
}

/** Milliseconds: how long a request keeps its change to itself; when a change that shows nowhere is given up. */
export function timesOf({ timeout }: Pick<Elsewhere, 'timeout'>): { heldMs: number; givenUpMs: number } {
  // Four calls of the host and some of our own; and what a host began just before its time was up may land late.
  const heldMs = 5 * timeout + 5_000
  return { heldMs, givenUpMs: 4 * heldMs }
}

/** Changes that are looked at together, and when again: milliseconds. */
const most = 10
const againMs = 30_000

/** Ends what was cut off between "close" and "confirm"; answers how many. What the host does not answer waits. */
export async function finishChanges(kit: Needs): Promise<number> {
  const { elsewhere: host, store, clock } = kit
  if (!host) return 0
  const at = clock.now()
  const due = await store.dueChanges(most, at, at + againMs)
  const ended = await Promise.all(due.map((one) => finish(kit, host, one).catch(() => false)))
  return ended.filter(Boolean).length
}

async function finish(kit: Needs, host: Elsewhere, pending: PendingChange): Promise<boolean> {
  const body: Body = JSON.parse(pending.body)
  const { event } = body.ending
  const isOld = kit.clock.now() - pending.begunAt >= timesOf(host).givenUpMs
  // Another secret tells another digest of the same: nothing can be known of what was before.
  if (body.keyId !== kit.keys.lasting.id) return undo(kit, pending, event, 'key is gone')
  const account = await kit.accounts.byId(pending.accountId)
  let isDone = isSet(kit, host, account, body)
  if (!isDone) {
    const isAsSeen = account !== null && same(seenOf(kit, account), body.seen)
    if (!isAsSeen) return undo(kit, pending, event, 'the account had changed')
    if (isOld) return undo(kit, pending, event, 'it was never set')
    // A password that the host was to hash is kept nowhere: it can be waited for, not set again.
    if (body.hash === null) return false
    const answer = await host.set({ account, key: pending.id, hash: body.hash })
    if (typeof answer === 'object') return undo(kit, pending, event, answer.refused.join(' '))
    isDone = isSet(kit, host, await kit.accounts.byId(pending.accountId), body)
    if (!isDone && answer === 'stale') return undo(kit, pending, event, 'the account had changed')
  }
  // Its owner is told in any case, and the account is not kept waiting for ever.
  if (!isDone || (!(await endSessions(host, pending)) && !isOld)) return false
  const at = kit.clock.now()
  return kit.store.endChange(pending, at, { ...body.ending, event: { ...event, at }, session: null })
}
