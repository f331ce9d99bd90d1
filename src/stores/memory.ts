/**
 * A database in memory: the reference that says what a store does, in plain Maps. Each operation is atomic by being
 * synchronous: it judges first and writes only when nothing can go wrong any more.
 */
import { findable, lowerAscii, spellings, tidyAddress } from '../accounts/tidy.ts'
import type { AuditEvent } from '../engine/audit.ts'
import { givenBack, type Hit, type Take } from '../engine/limits.ts'
import { Fault } from '../engine/outcome.ts'
import type * as port from '../engine/ports.ts'
import { challengeAge, eventAge, letterAge } from './ages.ts'
import { type Count, crossing, hitOf, nothing, oneMore, quieted, worst } from './counts.ts'

type Queued = {
  readonly letter: port.Letter
  readonly state: 'queued' | 'sent' | 'dropped'
  /** When its turn comes; while it is leased, when the lease ends. */
  readonly dueAt: number
  readonly attempts: number
  readonly lease: string | null
}

type Rows = {
  readonly accounts: Map<string, port.Account>
  readonly challenges: Map<string, port.Challenge>
  readonly letters: Map<string, Queued>
  readonly counts: Map<string, Count>
  readonly sessions: Map<string, port.Session>
  /** Newest first. */
  readonly history: Map<string, readonly string[]>
  readonly listeners: Set<() => void>
  events: (AuditEvent & { seq: number })[]
  accountIds: number
  eventSeqs: number
}

/**
 * A database that forgets everything when the process ends: for tests, and to read. It keeps accounts of Latchkey's own
 * shape, whatever table is mapped. Whatever is opened from one value shares its rows.
 */
export function memory(): port.Database {
  const rows: Rows = {
    accounts: new Map(),
    challenges: new Map(),
    letters: new Map(),
    counts: new Map(),
    sessions: new Map(),
    history: new Map(),
    listeners: new Set(),
    events: [],
    accountIds: 0,
    eventSeqs: 0,
  }
  return {
    pending: async () => [],
    migrate: async () => [],
    open: async () => ({ store: storeOf(rows), accounts: accountsOf(rows) }),
  }
}

function storeOf(rows: Rows): port.Store {
  return {
    ask: async (ask) => askIn(rows, ask),
    challenge: async (id) => rows.challenges.get(id) ?? null,
    bind: async (binding) => bindIn(rows, binding),
    takeTry: async (id, at, takes, notice) => takeTryIn(rows, id, at, takes, notice),
    prove: async (id, nonce, at, giveBack, forget, event) => {
      const challenge = rows.challenges.get(id)
      if (challenge?.state !== 'open' || challenge.expiresAt <= at) return false
      rows.challenges.set(id, { ...challenge, state: 'proved', nonce })
      giveBackIn(rows, giveBack, forget)
      note(rows, event)
      return true
    },
    change: async (change) => changeIn(rows, change),
    note: async (event) => note(rows, event),

    take: async (takes, at, event) => {
      const hits = fullOf(rows, takes, at)
      if (hits.length === 0) for (const take of takes) count(rows, take, at)
      else tellOfFirst(rows, takes, hits, at, event)
      return { hits }
    },
    giveBack: async (keys, forget) => giveBackIn(rows, keys, forget),
    full: async (takes, at) => fullOf(rows, takes, at),

    lease: async (most, at, until, lease) => leaseIn(rows, most, at, until, lease),
    renew: async (lease, until) => {
      for (const [id, queued] of rows.letters) {
        if (queued.lease === lease) rows.letters.set(id, { ...queued, dueAt: until })
      }
    },
    settle: async (id, lease, at, settlement, event) => settleIn(rows, id, lease, at, settlement, event),
    nextDue: async (at) => {
      const times = [...rows.letters.values()].filter((one) => one.state === 'queued').map((one) => one.dueAt)
      return times.length === 0 ? null : Math.max(0, Math.min(...times) - at)
    },
    onLetter: (listener) => void rows.listeners.add(listener),

    openSession: async (session, event) => {
      refuseTaken(rows.sessions, session.id)
      rows.sessions.set(session.id, session)
      note(rows, event)
    },
    session: async (id, at) => {
      const session = rows.sessions.get(id)
      return session && session.expiresAt > at ? session : null
    },
    endSession: async (id, event) => {
      if (rows.sessions.delete(id)) note(rows, event)
    },

    history: async (accountId, most) => (rows.history.get(accountId) ?? []).slice(0, most),
    events: async (after, most) => rows.events.filter((event) => event.seq > after).slice(0, most),
    purge: async (at) => purgeIn(rows, at),
    ping: async () => {},
    close: async () => {},
  }
}

function askIn(rows: Rows, ask: port.Ask): port.Asked {
  refuseTaken(rows.letters, ask.letter.id)
  if (ask.challenge) refuseTaken(rows.challenges, ask.challenge.id)
  const { at } = ask
  const hits = fullOf(rows, ask.refuse, at)
  if (hits.length > 0) {
    tellOfFirst(rows, ask.refuse, hits, at, { ...ask.event, challengeId: null })
    return { kind: 'refused', limit: worst(hits).limit, retryAt: worst(hits).retryAt }
  }
  const previous = (ask.again && rows.challenges.get(ask.again.id)) ?? null
  const retryAt = previous && ask.again?.waitUntil ? Math.min(previous.mailedAt, at) + ask.again.waitUntil : 0
  if (retryAt > at) return { kind: 'refused', limit: 'resend', retryAt }

  const again = previous && mayMailAgain(previous, ask) ? previous : null
  for (const take of ask.refuse) count(rows, take, at)
  const room = [ask.mail, ask.reserve].find((take) => take && !hitIn(rows, take, at))
  if (!room) {
    const challengeId = again?.id ?? null
    note(rows, { ...ask.event, name: 'letter.withheld', challengeId, because: ask.mail.limit })
    return { kind: 'asked', challengeId, mailed: false }
  }
  count(rows, room, at)
  const challenge = again ? { ...again, mailedAt: at } : ask.challenge
  if (challenge) rows.challenges.set(challenge.id, challenge)
  const expiresAt = again ? again.expiresAt : ask.letter.expiresAt
  note(rows, { ...ask.event, challengeId: challenge?.id ?? null })
  queue(rows, { ...ask.letter, challengeId: challenge?.id ?? null, expiresAt })
  return { kind: 'asked', challengeId: challenge?.id ?? null, mailed: true }
}

/** The asker's own, for the same address, and with enough life left for a letter to be of use. */
const mayMailAgain = (previous: port.Challenge, { at, again, challenge }: port.Ask): boolean =>
  previous.flow === challenge?.flow &&
  previous.addressKey === challenge.addressKey &&
  previous.browser === challenge.browser &&
  previous.state === 'open' &&
  previous.triesLeft > 0 &&
  previous.expiresAt - at > (again?.halfLife ?? 0)

function bindIn(rows: Rows, binding: port.Binding): port.Challenge | null {
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
    .filter((one) => one.state !== 'closed' && one.expiresAt > at)
    .sort((a, b) => a.askedAt - b.askedAt || (a.id < b.id ? -1 : 1))
  const newest = live.findLast((one) => one.state === 'open')
  const oldest = live[0]
  let mails = asked.id
  if (oldest && live.length >= binding.live) {
    if (newest && oldest.expiresAt - at >= binding.halfLife) mails = newest.id
    else rows.challenges.set(oldest.id, { ...oldest, state: 'closed' })
  }
  const bound = { ...asked, accountId, mails }
  rows.challenges.set(asked.id, bound)
  return bound
}

function takeTryIn(
  rows: Rows,
  id: string,
  at: number,
  takes: readonly Take[],
  notice: Parameters<port.Store['takeTry']>[3],
): boolean {
  if (notice.letter) refuseTaken(rows.letters, notice.letter.id)
  const challenge = rows.challenges.get(id)
  if (!challenge || !isOpen(challenge, at) || challenge.triesLeft <= 0) return false
  const hits = fullOf(rows, takes, at)
  if (hits.length > 0) {
    tellOfFirst(rows, takes, hits, at, notice.event)
    if (notice.letter && hits.some((hit) => hit.first && hit.limit === notice.limit)) queue(rows, notice.letter)
    return false
  }
  for (const take of takes) count(rows, take, at)
  rows.challenges.set(id, { ...challenge, triesLeft: challenge.triesLeft - 1 })
  return true
}

function changeIn(rows: Rows, change: port.Change): boolean {
  refuseTaken(rows.letters, change.letter.id)
  if (change.session) refuseTaken(rows.sessions, change.session.id)
  const { id } = change.account
  const account = rows.accounts.get(id)
  if (!account || !isAsSeen(account, change.account)) return false
  if (change.challenge) {
    const challenge = rows.challenges.get(change.challenge.id)
    if (!challenge || challenge.state === 'closed' || challenge.accountId !== id) return false
    if (challenge.nonce !== change.challenge.nonce) return false
  }
  rows.accounts.set(id, { ...account, passwordHash: change.passwordHash, reset: null })
  const before = account.passwordHash === null ? [] : [account.passwordHash]
  rows.history.set(id, [...before, ...(rows.history.get(id) ?? [])].slice(0, change.history))
  for (const one of rows.challenges.values()) {
    if (one.accountId === id) rows.challenges.set(one.id, { ...one, state: 'closed' })
  }
  for (const session of rows.sessions.values()) if (session.accountId === id) rows.sessions.delete(session.id)
  if (change.session) rows.sessions.set(change.session.id, change.session)
  giveBackIn(rows, [], change.forget)
  note(rows, change.event)
  queue(rows, change.letter)
  return true
}

const isAsSeen = (now: port.Account, seen: port.Account): boolean =>
  now.passwordHash === seen.passwordHash &&
  now.email === seen.email &&
  now.active === seen.active &&
  now.verified === seen.verified

function leaseIn(rows: Rows, most: number, at: number, until: number, lease: string): port.Leased[] {
  const due = [...rows.letters.values()]
    .filter((one) => one.state === 'queued' && one.dueAt <= at)
    .sort((a, b) => a.dueAt - b.dueAt)
    .slice(0, most)
  for (const one of due) rows.letters.set(one.letter.id, { ...one, dueAt: until, lease })
  return due.map(({ letter, attempts }) => ({ letter, attempts, lease }))
}

function settleIn(
  rows: Rows,
  id: string,
  lease: string,
  at: number,
  settlement: port.Settlement,
  event: AuditEvent | null,
): boolean {
  const held = rows.letters.get(id)
  if (held?.lease !== lease) return false
  const free = { ...held, lease: null }
  switch (settlement.kind) {
    case 'sent':
    case 'dropped':
      rows.letters.set(id, { ...free, state: settlement.kind, letter: { ...held.letter, sealedAddress: '' } })
      break
    case 'again':
      rows.letters.set(id, { ...free, dueAt: settlement.at, attempts: held.attempts + 1 })
      break
    case 'given-back':
      rows.letters.set(id, { ...free, dueAt: at })
  }
  if (event) note(rows, event)
  return true
}

function purgeIn(rows: Rows, at: number): number {
  const events = rows.events.length
  // The newest stays, so that no number is ever given twice.
  rows.events = rows.events.filter((event) => event.seq === rows.eventSeqs || event.at + eventAge > at)
  return (
    sweep(rows.challenges, (one) => one.expiresAt + challengeAge <= at) +
    sweep(rows.letters, ({ state, letter }) => state !== 'queued' && letter.createdAt + letterAge <= at) +
    sweep(rows.counts, (one) => one.overAt <= at) +
    sweep(rows.sessions, (one) => one.expiresAt <= at) +
    events -
    rows.events.length
  )
}

function sweep<T>(map: Map<string, T>, isOver: (value: T) => boolean): number {
  const over = [...map].filter(([, value]) => isOver(value))
  for (const [key] of over) map.delete(key)
  return over.length
}

const isOpen = (challenge: port.Challenge, at: number): boolean =>
  challenge.state === 'open' && challenge.expiresAt > at

const hitIn = (rows: Rows, take: Take, at: number): Hit | null => hitOf(rows.counts.get(take.key) ?? nothing, take, at)

const fullOf = (rows: Rows, takes: readonly Take[], at: number): Hit[] =>
  takes.map((take) => hitIn(rows, take, at)).filter((hit) => hit !== null)

function count(rows: Rows, take: Take, at: number): void {
  rows.counts.set(take.key, oneMore(rows.counts.get(take.key) ?? nothing, take, at))
}

function tellOfFirst(rows: Rows, takes: readonly Take[], hits: Hit[], at: number, event: AuditEvent | null): void {
  for (const hit of hits.filter((one) => one.first)) {
    const take = takes.find((one) => one.key === hit.key)!
    rows.counts.set(hit.key, quieted(rows.counts.get(hit.key) ?? nothing, take, at))
    if (event) note(rows, crossing(event, hit))
  }
}

function giveBackIn(rows: Rows, keys: readonly string[], forget: readonly string[]): void {
  for (const key of keys) {
    const kept = rows.counts.get(key)
    if (kept) rows.counts.set(key, { ...kept, times: givenBack(kept.times) })
  }
  for (const key of forget) rows.counts.delete(key)
}

function note(rows: Rows, event: AuditEvent): void {
  rows.events.push({ ...event, seq: ++rows.eventSeqs })
}

function queue(rows: Rows, letter: port.Letter): void {
  rows.letters.set(letter.id, { letter, state: 'queued', dueAt: letter.createdAt, attempts: 0, lease: null })
  for (const listener of rows.listeners) listener()
}

function refuseTaken(map: Map<string, unknown>, id: string): void {
  if (map.has(id)) throw new Fault('database', `The id ${id} is taken: each row needs a new one.`)
}

function accountsOf(rows: Rows): port.Accounts {
  const all = () => [...rows.accounts.values()]
  const byAddress = (address: string) =>
    all().filter((account) => spellings(address).includes(lowerAscii(account.email)))
  const byUsername = (name: string) =>
    all().find(({ username }) => username !== null && lowerAscii(username) === lowerAscii(name))
  return {
    byId: async (id) => rows.accounts.get(id) ?? null,
    byAddress: async (address) => byAddress(address),
    byName: async (name) => byAddress(name)[0] ?? byUsername(name) ?? null,
    add: async (added) => {
      const taken: number[] = []
      for (const [index, row] of added.entries()) {
        const username = row.username || null
        const email = findable(row.email)
        if (byAddress(tidyAddress(email) ?? email).length > 0 || (username && byUsername(username))) {
          taken.push(index)
          continue
        }
        const id = String(++rows.accountIds)
        rows.accounts.set(id, { ...row, id, email, username, locale: null, reset: null })
      }
      return { taken }
    },
    list: async (after, most) =>
      all()
        .filter(({ id }) => after === null || Number(id) > Number(after))
        .slice(0, most),
  }
}
