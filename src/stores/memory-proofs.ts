/** The reference for what becomes of a challenge: asked for, bound, tried, and closed by the change of a password. */
import type { AuditEvent } from '../engine/audit.ts'
import type { Take } from '../engine/limits.ts'
import type * as port from '../engine/ports.ts'
import { heldBudget, worst } from './counts.ts'
import { isOpen, joining, mayMailAgain, waitEnds } from './live.ts'
import { count, fullOf, giveBackIn, hitIn, note, queue, type Rows, refuseTaken, tellOfFirst } from './memory-rows.ts'

/** `Store.ask`. */
export function askIn(rows: Rows, ask: port.Ask): port.Asked {
  refuseTaken(rows.letters, ask.letter.id)
  if (ask.challenge) refuseTaken(rows.challenges, ask.challenge.id)
  const { at } = ask
  const refusing = [...ask.refuse, ...heldBudget(ask)]
  const hits = fullOf(rows, refusing, at)
  if (hits.length > 0) {
    tellOfFirst(rows, refusing, hits, at, { ...ask.event, challengeId: null })
    return { kind: 'refused', limit: worst(hits).limit, retryAt: worst(hits).retryAt, hits }
  }
  const previous = (ask.again && rows.challenges.get(ask.again.id)) ?? null
  const retryAt = waitEnds(previous, ask)
  if (retryAt > 0) return { kind: 'refused', limit: 'resend', retryAt, hits: [] }

  const again = previous && mayMailAgain(previous, ask) ? previous : null
  for (const take of ask.refuse) count(rows, take, at)
  // Whether a letter goes or not, what the asker meets afterwards (a resend, wrong codes) is the same.
  const challenge = again ? { ...again, mailedAt: at } : ask.challenge
  if (challenge) rows.challenges.set(challenge.id, challenge)
  const challengeId = challenge?.id ?? null
  const over = spend(rows, 'asks', ask)
  if (!countLetter(rows, ask)) {
    note(rows, { ...ask.event, name: 'letter.withheld', challengeId, because: 'letters-per-address' })
    return { kind: 'asked', challengeId, mailed: false, over }
  }
  const expiresAt = again ? again.expiresAt : ask.letter.expiresAt
  note(rows, { ...ask.event, challengeId })
  queue(rows, { ...ask.letter, challengeId, expiresAt })
  return { kind: 'asked', challengeId, mailed: true, over: [...over, ...spend(rows, 'letters', ask)] }
}

/** Takes a place for the letter, or the caller's own in reserve. */
function countLetter(rows: Rows, { mail, reserve, at }: port.Ask): boolean {
  if (typeof mail === 'string') return mail === 'room'
  const room = [mail, reserve].find((take) => take && !hitIn(rows, take, at))
  if (room) count(rows, room, at)
  return room !== undefined
}

/** Counts in a budget, full or not, and answers it when it is used up. */
function spend(rows: Rows, what: 'asks' | 'letters', { budget, at, event }: port.Ask): port.BudgetName[] {
  const take = budget?.[what]
  if (!take) return []
  count(rows, take, at)
  const hits = fullOf(rows, [take], at)
  tellOfFirst(rows, [take], hits, at, { ...event, challengeId: null })
  return hits.length > 0 ? [`${what}-of-all`] : []
}

/** `Store.bind`. */
export function bindIn(rows: Rows, binding: port.Binding): port.Challenge | null {
  const { challengeId, accountId, column, at } = binding
  const asked = rows.challenges.get(challengeId)
  if (!asked || !isOpen(asked, at)) return null
  const bound = asked.accountId === null ? bindFirst(rows, asked, binding) : asked
  const mailed = rows.challenges.get(bound.mails)
  // Bound to another account, it was meant for whoever had the address then.
  if (bound.accountId !== accountId || !mailed || !isOpen(mailed, at)) return null
  const account = rows.accounts.get(accountId)
  if (column && account && mailed.id === challengeId) rows.accounts.set(accountId, { ...account, reset: column })
  return mailed
}

function bindFirst(rows: Rows, asked: port.Challenge, binding: port.Binding): port.Challenge {
  const { accountId, at } = binding
  const live = [...rows.challenges.values()]
    .filter((one) => one.accountId === accountId && one.flow === asked.flow && one.mails === one.id)
    .filter((one) => isOpen(one, at))
    .sort((a, b) => a.askedAt - b.askedAt || (a.id < b.id ? -1 : 1))
  const { mails, closes } = joining(live, binding)
  if (closes) rows.challenges.set(closes, { ...rows.challenges.get(closes)!, state: 'closed' })
  const bound = { ...asked, accountId, mails }
  rows.challenges.set(asked.id, bound)
  return bound
}

/** `Store.takeTry`. */
export function takeTryIn(
  rows: Rows,
  id: string,
  at: number,
  takes: readonly Take[],
  notice: Parameters<port.Store['takeTry']>[3],
): boolean {
  if (notice.queue) refuseTaken(rows.letters, notice.letter.id)
  const challenge = rows.challenges.get(id)
  if (!challenge || !isOpen(challenge, at) || challenge.triesLeft <= 0) return false
  const hits = fullOf(rows, takes, at)
  if (hits.length > 0) {
    tellOfFirst(rows, takes, hits, at, notice.event)
    if (notice.queue && hits.some((hit) => hit.first && hit.limit === notice.limit)) queue(rows, notice.letter)
    return false
  }
  for (const take of takes) count(rows, take, at)
  rows.challenges.set(id, { ...challenge, triesLeft: challenge.triesLeft - 1 })
  return true
}

/** `Store.wrongTry`. */
export function wrongTryIn(
  rows: Rows,
  at: number,
  takes: readonly Take[],
  event: AuditEvent,
  notice: Parameters<port.Store['wrongTry']>[3],
): port.Taken {
  if (notice.queue) refuseTaken(rows.letters, notice.letter.id)
  const hits = fullOf(rows, takes, at)
  note(rows, event)
  tellOfFirst(rows, takes, hits, at, notice.event)
  if (notice.queue && hits.some((hit) => hit.first && hit.limit === notice.limit)) queue(rows, notice.letter)
  return { hits }
}

/** `Store.change`. */
export function changeIn(rows: Rows, change: port.Change): boolean {
  refuseTaken(rows.letters, change.letter.id)
  if (change.session) refuseTaken(rows.sessions, change.session.id)
  const { id } = change.account
  const account = rows.accounts.get(id)
  if (!account || !isAsSeen(account, change.account)) return false
  if (change.challenge && !isAsGranted(rows, change.challenge)) return false
  rows.accounts.set(id, { ...account, passwordHash: change.passwordHash, reset: null })
  goWith(rows, id, account.passwordHash, change, change.challenge?.boundTo)
  return true
}

/** Whether the challenge is bound as it was, not closed, and as the grant saw it. */
export function isAsGranted(rows: Rows, granted: NonNullable<port.Change['challenge']>): boolean {
  const challenge = rows.challenges.get(granted.id)
  if (!challenge || challenge.state === 'closed' || challenge.accountId !== granted.boundTo) return false
  return challenge.nonce === granted.nonce
}

/** What goes with a change: the account's proofs, its sessions, its counts, and the oldest of its passwords. */
export function goWith(
  rows: Rows,
  id: string,
  replaced: string | null,
  change: Pick<port.Change, 'history' | 'session' | 'forget' | 'event' | 'letter'>,
  boundTo = id,
): void {
  const before = replaced === null ? [] : [replaced]
  rows.history.set(id, [...before, ...(rows.history.get(id) ?? [])].slice(0, change.history))
  closeAll(rows, id, boundTo)
  for (const session of rows.sessions.values()) if (session.accountId === id) rows.sessions.delete(session.id)
  if (change.session) rows.sessions.set(change.session.id, change.session)
  giveBackIn(rows, [], change.forget)
  note(rows, change.event)
  queue(rows, change.letter)
}

/** `Store.renewHash`. */
export function renewIn(rows: Rows, { account: seen, passwordHash, event }: port.Renewal): boolean {
  const account = rows.accounts.get(seen.id)
  if (!account || !isAsSeen(account, seen)) return false
  rows.accounts.set(seen.id, { ...account, passwordHash, reset: null })
  closeAll(rows, seen.id)
  note(rows, event)
  return true
}

/** Those of the account, and those that are bound to what stands for it among several. */
function closeAll(rows: Rows, accountId: string, boundTo = accountId): void {
  for (const one of rows.challenges.values()) {
    if (one.accountId === accountId || one.accountId === boundTo)
      rows.challenges.set(one.id, { ...one, state: 'closed' })
  }
}

const isAsSeen = (now: port.Account, seen: port.Account): boolean =>
  now.passwordHash === seen.passwordHash &&
  now.email === seen.email &&
  now.active === seen.active &&
  now.verified === seen.verified &&
  now.secondFactor === seen.secondFactor &&
  now.signOn === seen.signOn
