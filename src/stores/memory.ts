/**
 * A database in memory: the reference that says what a store does, in plain Maps. Each operation is atomic by being
 * synchronous: it judges first and writes only when nothing can go wrong any more.
 */
import { findable, lowerAscii, spellings, tidyAddress } from '../accounts/tidy.ts'
import type { AuditEvent } from '../engine/audit.ts'
import type { Hit, Take } from '../engine/limits.ts'
import type * as port from '../engine/ports.ts'
import { challengeAge, letterAge } from './ages.ts'
import { isOpen } from './live.ts'
import { auditOf, chain, eventOf } from './memory-audit.ts'
import { beginIn, dueIn, endIn } from './memory-pending.ts'
import { askIn, bindIn, changeIn, renewIn, takeTryIn, wrongTryIn } from './memory-proofs.ts'
import { count, fullOf, giveBackIn, note, queue, type Rows, refuseTaken, tellOfFirst } from './memory-rows.ts'
import { setSettingIn } from './memory-settings.ts'

/** A database in memory, and its accounts by id: to be changed behind our back, as the application would. */
export type MemoryDatabase = port.Database & { readonly accounts: Map<string, port.Account> }

/** What a new row says nothing of. */
const unsaid = { locale: null, secondFactor: false, signOn: false, reset: null } as const

/**
 * A database that forgets everything when the process ends: for tests, and to read. It keeps accounts of Latchkey's own
 * shape, whatever table is mapped. Whatever is opened from one value shares its rows.
 */
export function memory(): MemoryDatabase {
  const rows: Rows = {
    accounts: new Map(),
    challenges: new Map(),
    letters: new Map(),
    counts: new Map(),
    sessions: new Map(),
    history: new Map(),
    settings: new Map(),
    pending: new Map(),
    listeners: new Set(),
    events: [],
    accountIds: 0,
    eventSeqs: 0,
    chain: chain(),
  }
  return {
    accounts: rows.accounts,
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
    wrongTry: async (at, takes, event, notice) => wrongTryIn(rows, at, takes, event, notice),
    prove: async (id, nonce, at, giveBack, forget, event) => {
      const challenge = rows.challenges.get(id)
      if (!challenge || !isOpen(challenge, at)) return false
      rows.challenges.set(id, { ...challenge, state: 'proved', nonce })
      giveBackIn(rows, giveBack, forget)
      note(rows, event)
      return true
    },
    change: async (change) => changeIn(rows, change),
    renewHash: async (renewal) => renewIn(rows, renewal),
    beginChange: async (pending, challenge, dueAt) => beginIn(rows, pending, challenge, dueAt),
    endChange: async (pending, at, ending) => endIn(rows, pending, at, ending),
    dueChanges: async (most, at, until) => dueIn(rows, most, at, until),
    note: async (event) => note(rows, event),

    noteWithin: async (takes, event) => {
      const hits = takeIn(rows, takes, event.at, event)
      if (hits.length === 0) note(rows, event)
      return { hits }
    },

    take: async (takes, at, event) => ({ hits: takeIn(rows, takes, at, event) }),
    giveBack: async (keys, forget) => giveBackIn(rows, keys, forget),
    full: async (takes, at) => fullOf(rows, takes, at),

    lease: async (most, at, until, lease) => leaseIn(rows, most, at, until, lease),
    renew: async (lease, until) => {
      for (const [id, queued] of rows.letters) {
        if (queued.lease === lease) rows.letters.set(id, { ...queued, dueAt: until })
      }
    },
    settle: async (id, lease, at, settlement, event) => settleIn(rows, id, lease, at, settlement, event),
    outbox: async (at) => outboxIn(rows, at),
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

    sessionsOf: async (accountId, at, most) =>
      [...rows.sessions.values()]
        .filter((one) => one.accountId === accountId && one.expiresAt > at)
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
        .slice(0, most),

    settings: async () => [...rows.settings.values()],
    setSetting: async (setting, _, event) => setSettingIn(rows, setting, event),

    history: async (accountId, most) => (rows.history.get(accountId) ?? []).slice(0, most),
    events: async (after, most) =>
      rows.events
        .filter((event) => event.seq > after)
        .slice(0, most)
        .map(eventOf),
    eventsOf: async (accountId, names, most) =>
      rows.events
        .filter((row) => row.accountId === accountId && names.includes(row.name))
        .reverse()
        .slice(0, most)
        .map((row) => {
          const { seq: _, ...event } = eventOf(row)
          return event
        }),
    audit: auditOf(rows),
    purge: async (at) => purgeIn(rows, at),
    ping: async () => {},
    close: async () => {},
  }
}

function takeIn(rows: Rows, takes: readonly Take[], at: number, event: AuditEvent | null): Hit[] {
  const hits = fullOf(rows, takes, at)
  if (hits.length === 0) for (const take of takes) count(rows, take, at)
  else tellOfFirst(rows, takes, hits, at, event)
  return hits
}

function outboxIn(rows: Rows, at: number): port.Outbox {
  const queued = [...rows.letters.values()].filter((one) => one.state === 'queued')
  const waiting = queued.filter((one) => one.dueAt > at)
  const held = waiting.filter((one) => one.lease !== null).length
  const times = queued.map((one) => one.letter.createdAt)
  const oldest = times.length === 0 ? null : Math.min(...times)
  return { due: queued.length - waiting.length, held, later: waiting.length - held, oldest }
}

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
    case 'split':
      rows.letters.set(id, { ...free, state: 'dropped', letter: { ...held.letter, sealedAddress: '' } })
      for (const challenge of settlement.challenges) rows.challenges.set(challenge.id, challenge)
      for (const letter of settlement.letters) queue(rows, letter)
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
  return (
    sweep(rows.challenges, (one) => one.expiresAt + challengeAge <= at) +
    sweep(rows.letters, ({ state, letter }) => state !== 'queued' && letter.createdAt + letterAge <= at) +
    sweep(rows.counts, (one) => one.overAt <= at) +
    sweep(rows.sessions, (one) => one.expiresAt <= at)
  )
}

function sweep<T>(map: Map<string, T>, isOver: (value: T) => boolean): number {
  const over = [...map].filter(([, value]) => isOver(value))
  for (const [key] of over) map.delete(key)
  return over.length
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
    add: async (added, _, event) => {
      const taken: number[] = []
      for (const [index, row] of added.entries()) {
        const username = row.username || null
        const email = findable(row.email)
        if (byAddress(tidyAddress(email) ?? email).length > 0 || (username && byUsername(username))) {
          taken.push(index)
          continue
        }
        const id = String(++rows.accountIds)
        rows.accounts.set(id, { ...row, id, email, username, ...unsaid })
        if (event) note(rows, { ...event, accountId: id })
      }
      return { taken }
    },
    list: async (after, most) =>
      all()
        .filter(({ id }) => after === null || Number(id) > Number(after))
        .slice(0, most),
  }
}
