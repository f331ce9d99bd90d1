/** Values that the contract's tests are made of: sound ones, of which a test changes what it is about. */
import { type AuditEvent, type EventName, event, nobody } from '../engine/audit.ts'
import type { LimitName, Take } from '../engine/limits.ts'
import type {
  Account,
  Accounts,
  Ask,
  Challenge,
  Change,
  Letter,
  NewAccount,
  Renewal,
  Session,
  Store,
} from '../engine/ports.ts'

/** A store to put to the test, with nothing in it. */
export type Opened = { readonly store: Store; readonly accounts: Accounts; readonly close: () => Promise<void> }

/** Promises as sentences, each with the story that shows it kept. */
export type Promises = Record<string, (opened: Opened) => Promise<void>>

/** When every story starts: a time of day in 2023, in milliseconds. */
export const start = 1_700_000_000_000
export const minute = 60_000
export const day = 24 * 60 * minute

let made = 0

/** 22 characters, as long as an id of 128 bits, never the same twice in a process. */
export const freshId = (): string => String(++made).padStart(22, 'A')

export const anEvent = (name: EventName, more: Parameters<typeof event>[3] = {}, at = start): AuditEvent =>
  event(at, name, { ...nobody, network: '192.0.2.1', requestId: 'r1' }, more)

/** Keys that are known, in every binding. */
export const keyIds: readonly string[] = ['k1', 'k2']

export function aChallenge(more: Partial<Challenge> = {}): Challenge {
  const id = more.id ?? freshId()
  return {
    id,
    flow: 'code',
    addressKey: 'address-key',
    browser: 'browser',
    keyId: 'k1',
    askedAt: start,
    expiresAt: start + 15 * minute,
    state: 'open',
    triesLeft: 5,
    accountId: null,
    mails: id,
    nonce: null,
    mailedAt: start,
    ...more,
  }
}

export const aLetter = (more: Partial<Letter> = {}): Letter => ({
  id: freshId(),
  kind: 'proof',
  flow: 'code',
  challengeId: null,
  accountId: null,
  sealedAddress: 'sealed-address',
  keyId: 'k1',
  locale: 'en',
  createdAt: start,
  expiresAt: start + 15 * minute,
  ...more,
})

export const aTake = (limit: LimitName, max: number, key = `${limit} key`, ms = 15 * minute): Take => ({
  limit,
  key,
  windows: [{ max, ms }],
})

/** An ask that opens a challenge at `at`, unhindered unless `more` says so. */
export function anAsk(more: Partial<Ask> = {}): Ask {
  const at = more.at ?? start
  const challenge = aChallenge({ askedAt: at, mailedAt: at, expiresAt: at + 15 * minute })
  return {
    at,
    refuse: [],
    mail: aTake('letters-per-address', 1000),
    reserve: null,
    budget: null,
    again: null,
    challenge,
    letter: aLetter({ challengeId: challenge.id, createdAt: at, expiresAt: challenge.expiresAt }),
    event: anEvent('challenge.opened', { flow: 'code', addressKey: 'address-key', challengeId: challenge.id }, at),
    ...more,
  }
}

export const aSession = (accountId: string, more: Partial<Session> = {}): Session => ({
  id: freshId(),
  accountId,
  createdAt: start,
  expiresAt: start + 14 * day,
  network: '192.0.2.1',
  agent: 'a browser',
  ...more,
})

/** An account of its own address and name, as the store then answers it. */
export async function anAccount(accounts: Accounts, more: Partial<NewAccount> = {}): Promise<Account> {
  const name = `person-${++made}`
  const row = { email: `${name}@example.org`, username: name, passwordHash: 'old hash', verified: true, active: true }
  await accounts.add([{ ...row, ...more }], start)
  return (await accounts.byAddress((more.email ?? row.email).toLowerCase()))[0]!
}

/** A challenge that was asked for, in the store. */
export async function asked(store: Store, more: Partial<Challenge> = {}): Promise<Challenge> {
  const challenge = aChallenge(more)
  await store.ask(anAsk({ challenge, mail: aTake('letters-per-address', 1000, freshId()) }))
  return challenge
}

/** A challenge that was asked for and bound to an account. */
export async function bound(store: Store, accountId: string, more: Partial<Challenge> = {}): Promise<Challenge> {
  const challenge = await asked(store, more)
  const binding = {
    challengeId: challenge.id,
    accountId,
    live: 10,
    halfLife: 0,
    keyIds,
    at: challenge.askedAt,
    column: null,
  }
  await store.bind(binding)
  return (await store.challenge(challenge.id))!
}

/** A change of this account's password with this challenge, sound unless `more` says otherwise. */
export const aChange = (account: Account, challenge: Challenge | null, more: Partial<Change> = {}): Change => ({
  at: start + minute,
  challenge: challenge && { id: challenge.id, nonce: challenge.nonce, boundTo: account.id },
  account,
  passwordHash: 'new hash',
  history: 0,
  letter: aLetter({ kind: 'changed', accountId: account.id, createdAt: start + minute }),
  event: anEvent('password.changed', { accountId: account.id }, start + minute),
  forget: [],
  session: null,
  ...more,
})

/** This account's password hashed anew, its event told at `at`. */
export const aRenewal = (account: Account, passwordHash = 'renewed hash', at = start + minute): Renewal => ({
  account,
  passwordHash,
  event: anEvent('password.renewed', { accountId: account.id }, at),
})

/** Everything that can be seen of a store, to tell whether anything has changed. */
export async function everything(store: Store, ids: readonly string[], accounts: Accounts) {
  return {
    accounts: await accounts.list(null, 100),
    challenges: await Promise.all(ids.map((id) => store.challenge(id))),
    events: await store.events(0, 1000),
    due: await store.nextDue(start),
    history: await Promise.all((await accounts.list(null, 100)).map(({ id }) => store.history(id, 10))),
  }
}

/** The names of all events so far, oldest first. */
export const eventNames = async (store: Store): Promise<EventName[]> =>
  (await store.events(0, 10_000)).map((one) => one.name)

/** `work` so many times at once. */
export const atOnce = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
