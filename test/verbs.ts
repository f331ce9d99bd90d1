/** A kit on the memory store for unit tests of the engine: a clock that stands, cheap hashes, and the first of all accounts. */
import assert from 'node:assert/strict'
import type { AuditEvent, Caller } from '../src/engine/audit.ts'
import type { Flow } from '../src/engine/flow.ts'
import { type Issued, issue } from '../src/engine/issue.ts'
import type { Take } from '../src/engine/limits.ts'
import type { Account, Kit, Letter } from '../src/engine/ports.ts'
import { request } from '../src/engine/request.ts'
import { memory } from '../src/stores/memory.ts'
import { type TestOptions, type TurnableClock, testRecovery } from '../src/testing/index.ts'
import { quickHasher } from './promises/life-real.ts'

/** The first account's address and password. The address is not as it is tidied, for what is counted goes by the tidy one. */
export const owner = 'Ana@Example.org'
export const password = 'Old-Kettle-17!'

export const caller: Caller = {
  network: '203.0.113.7',
  block: '203.0.113.7',
  agent: 'a browser',
  browser: 'the browser of ana',
  devices: [],
  locale: 'en',
  requestId: 'request',
}

/** Another caller for each number: another browser, another network. */
export const stranger = (count: number): Caller => {
  const network = `198.51.100.${count}`
  return { ...caller, browser: `browser ${count}`, network, block: network, requestId: `request ${count}` }
}

export type Bench = {
  readonly kit: Kit
  readonly clock: TurnableClock
  /** Alarms that were raised, in order. */
  readonly alarms: string[]
  /** The accounts by id, to be changed behind our back. */
  readonly accounts: Map<string, Account>
  /** Ana as she is now. */
  ana(): Account
  /** Changes the row of an account, Ana's unless another id is given. */
  alter(change: Partial<Account>, id?: string): void
  /** Adds an account and answers its id. */
  add(email: string, more?: Partial<Account>): Promise<string>
  /** What callers did, oldest first; not what happened at the start. */
  events(): Promise<AuditEvent[]>
  /** The newest of those. */
  last(): Promise<AuditEvent>
}

/** Runs the body with a bench of its own. */
export async function onBench(body: (bench: Bench) => Promise<void>, options: TestOptions = {}): Promise<void> {
  const database = memory()
  const recovery = await testRecovery({ ...options, database })
  const { accounts } = database
  const alarms: string[] = []
  const kit: Kit = { ...recovery.kit, hasher: quickHasher, alarm: (name) => void alarms.push(name) }
  const idOf = async (email: string) => (await kit.accounts.byAddress(kit.tidyAddress(email)!))[0]!.id
  const alter = (change: Partial<Account>, id: string) => void accounts.set(id, { ...accounts.get(id)!, ...change })
  const add: Bench['add'] = async (email, more = {}) => {
    await kit.accounts.add([{ email, username: null, passwordHash: null, verified: true, active: true }], 0)
    const id = await idOf(email)
    alter(more, id)
    return id
  }
  const events = async () => (await kit.store.events(0, 10_000)).filter(({ requestId }) => requestId !== '')
  const { clock } = recovery
  try {
    const id = await add(owner, { username: 'Ana-7', passwordHash: await quickHasher.hash(password) })
    await body({
      kit,
      clock,
      alarms,
      accounts,
      ana: () => accounts.get(id)!,
      alter: (change, other = id) => alter(change, other),
      add,
      events,
      last: async () => (await events()).at(-1)!,
    })
  } finally {
    await recovery.close()
  }
}

/** Asks, and answers the flow id. */
export async function ask(kit: Kit, flow: Flow, address = owner, by: Caller = caller): Promise<string> {
  const asked = await request(kit, flow, { address, caller: by, previous: null, resend: false })
  assert.ok(asked.ok)
  return asked.flowId
}

/** The letters whose time has come; they are then as good as sent. */
export async function letters(kit: Kit): Promise<Letter[]> {
  const at = kit.clock.now()
  const leased = await kit.store.lease(100, at, at + 1000, 'lease')
  for (const { letter } of leased) await kit.store.settle(letter.id, 'lease', at, { kind: 'sent' }, null)
  return leased.map(({ letter }) => letter)
}

/** Asks, gives the one proof letter that waits its turn, and answers what it carries. Notices are as good as sent. */
export async function mail(
  kit: Kit,
  flow: Flow,
  address = owner,
  by: Caller = caller,
): Promise<{ flowId: string; letter: Letter; issued: Issued; secret: string }> {
  const flowId = await ask(kit, flow, address, by)
  const [letter, ...more] = (await letters(kit)).filter(({ kind }) => kind === 'proof')
  assert.ok(letter && more.length === 0, 'one letter')
  const issued = await issue(kit, flow, letter)
  return { flowId, letter, issued, secret: (issued.kind === 'send' && issued.proof?.secret) || '' }
}

/** What a link carries. */
export function linkIn(flow: Flow, secret: string): { uid: string | null; token: string } {
  const url = new URL(secret)
  const parts = url.pathname.split('/').filter(Boolean)
  const token = url.searchParams.get(flow.fields.token) ?? parts.at(-1)!
  return { uid: flow.proof.kind === 'signed' ? parts.at(-2)! : null, token }
}

/** Whether anything at all is counted there. */
export const isCounted = async (kit: Kit, { limit, key }: Take): Promise<boolean> =>
  (await kit.store.full([{ limit, key, windows: [{ max: 1, ms: 86_400_000 }] }], kit.clock.now())).length > 0

/** The code of a refusal; null where there is none. */
export const refusalIn = (outcome: { ok: true } | { ok: false; refusal: { code: string } }): string | null =>
  outcome.ok ? null : outcome.refusal.code
