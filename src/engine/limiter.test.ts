/** A limiter whose counts are taken away: what is refused then, what goes on, and how it comes back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { own } from '../accounts/own.ts'
import {
  aChange,
  anAsk,
  anEvent,
  asked,
  aTake,
  bound,
  day,
  eventNames,
  minute,
  start,
} from '../stores/contract-values.ts'
import { memory } from '../stores/memory.ts'
import { type TurnableClock, testClock } from '../testing/index.ts'
import type { AuditEvent } from './audit.ts'
import { limited } from './limiter.ts'
import type { LimitName, Take } from './limits.ts'
import { Fault } from './outcome.ts'
import type { Accounts, Ask, Store } from './ports.ts'

type Bench = {
  /** As verbs get it. */
  store: Store
  /** What is behind it, always whole. */
  plain: Store
  accounts: Accounts
  clock: TurnableClock
  settle: ReturnType<typeof limited>['settle']
  shut: ReturnType<typeof limited>['shut']
  alarms: string[]
  /** Operations that counted something, in order. */
  counting: string[]
  /** What these throw from here on; null: they work. */
  breaks(fault: unknown): void
}

/** A store in memory whose counts can be taken away as when their table is gone: what counts fails, all else works. */
async function onBench(body: (bench: Bench) => Promise<void>): Promise<void> {
  const { store: plain, accounts } = await memory().open(own, true)
  const clock = testClock(start)
  const alarms: string[] = []
  const counting: string[] = []
  let fault: unknown = null
  const counts = (name: string, takes: readonly unknown[]): void => {
    if (takes.length === 0) return
    counting.push(name)
    if (fault !== null) throw fault
  }
  const takesOf = ({ refuse, mail, reserve, budget }: Ask): unknown[] =>
    [...refuse, mail, reserve, budget?.asks, budget?.letters].filter((one) => one && typeof one !== 'string')
  const breakable: Store = {
    ...plain,
    async ask(ask) {
      counts('ask', takesOf(ask))
      return plain.ask(ask)
    },
    async take(takes, at, event) {
      counts('take', takes)
      return plain.take(takes, at, event)
    },
    async full(takes, at) {
      counts('full', takes)
      return plain.full(takes, at)
    },
    async noteWithin(takes, event) {
      counts('noteWithin', takes)
      return plain.noteWithin(takes, event)
    },
    async takeTry(id, at, takes, notice) {
      counts('takeTry', takes)
      return plain.takeTry(id, at, takes, notice)
    },
    async wrongTry(at, takes, event, notice) {
      counts('wrongTry', takes)
      return plain.wrongTry(at, takes, event, notice)
    },
    async change(change) {
      counts('change', change.forget)
      return plain.change(change)
    },
  }
  const { store, settle, shut } = limited(breakable, clock, (name) => void alarms.push(name))
  const breaks = (broken: unknown): void => {
    fault = broken
  }
  await body({ store, plain, accounts, clock, settle, shut, alarms, counting, breaks })
}

const broken = new Fault('database', 'no such table')

const last = async (store: Store): Promise<AuditEvent> => (await store.events(0, 1000)).at(-1)!

test('what guesses is a fault while counts are away: none is let through, right or wrong', () =>
  onBench(async ({ store, plain, breaks, alarms }) => {
    const challenge = await asked(plain)
    const notice = {
      limit: 'wrong-codes-per-account',
      letter: anAsk().letter,
      queue: true,
      event: anEvent('limit.crossed'),
    } as const
    const before = await eventNames(plain)
    breaks(broken)
    const count = [aTake('wrong-codes-per-account', 3)]
    await assert.rejects(store.takeTry(challenge.id, start, count, notice), broken)
    assert.equal((await plain.challenge(challenge.id))?.triesLeft, 5)
    for (const limit of [
      'log-ins-per-account',
      'log-ins-per-network',
      'log-ins-per-device',
      'captcha-answers',
    ] as const) {
      await assert.rejects(store.take([aTake(limit, 3)], start, null), broken)
      const beside = [aTake('asks-per-network', 3), aTake(limit, 3)]
      await assert.rejects(store.take(beside, start, null), broken, 'nor with another beside it')
    }
    assert.ok(alarms.length > 0 && alarms.every((name) => name === 'limiter-down'))
    assert.deepEqual(await eventNames(plain), before)
    breaks(null)
    assert.ok(await store.takeTry(challenge.id, start, count, notice))
  }))

test('what does not guess is counted by the process alone while counts are away, and by all when they are back', () =>
  onBench(async ({ store, breaks, alarms, clock }) => {
    const free: LimitName[] = [
      'asks-per-caller',
      'asks-per-network',
      'look-ups-per-network',
      'refused-proofs-per-network',
      'looks-per-link',
      'passwords-per-grant',
    ]
    for (const limit of free) {
      breaks(broken)
      const one = aTake(limit, 2)
      const takes = [one]
      assert.deepEqual(await store.take(takes, start, null), { hits: [] })
      assert.deepEqual(await store.take(takes, start, null), { hits: [] })
      const { hits } = await store.take(takes, start + 1, null)
      const retryAt = start + 15 * minute
      assert.deepEqual(hits, [{ limit, key: one.key, retryAt, first: false, closesAt: retryAt }])
      breaks(null)
      assert.deepEqual(await store.take(takes, clock.now(), null), { hits: [] }, 'the others knew nothing of it')
    }
    assert.equal(alarms.length, free.length * 3)
  }))

test('a fault that is not of the counts is passed on as it is, and raises no alarm', () =>
  onBench(async ({ store, breaks, alarms, counting }) => {
    for (const fault of [new Fault('database-busy', 'busy'), new Error('database'), 'database', undefined]) {
      breaks(fault)
      await assert.rejects(store.take([aTake('asks-per-network', 3)], start, null), (thrown) => thrown === fault)
      await assert.rejects(store.ask(anAsk()), (thrown) => thrown === fault)
      await assert.rejects(store.full([aTake('asks-per-network', 3)], start), (thrown) => thrown === fault)
    }
    assert.deepEqual([...new Set(counting)], ['take', 'ask', 'full'])
    assert.equal(counting.length, 12, 'nor is it probed')
    assert.deepEqual(alarms, [])
  }))

test('an operation that fails while counts work is at fault by itself', async () => {
  const { store: plain } = await memory().open(own, true)
  const alarms: string[] = []
  const ask = async (): Promise<never> => {
    throw broken
  }
  const { store } = limited({ ...plain, ask, full: ask }, testClock(start), (name) => void alarms.push(name))
  await assert.rejects(store.ask(anAsk()), broken)
  await assert.rejects(store.full([aTake('asks-of-all', 9)], start), broken)
  assert.deepEqual(alarms, [])
  const counted = (max: number) => plain.full([{ ...aTake('asks-of-all', max), key: 'probe' }], start)
  assert.equal((await counted(1)).length, 1, 'it was asked with a count of nothing')
})

/** An ask that counts everything an ask can. */
const fullAsk = (max: number, more: Partial<Ask> = {}): Ask =>
  anAsk({
    refuse: [aTake('asks-per-caller', max), aTake('asks-per-network', 100)],
    mail: aTake('letters-per-address', 3),
    reserve: aTake('letters-in-reserve', 2),
    budget: { asks: aTake('asks-of-all', 100), letters: aTake('letters-of-all', 100), holds: true },
    ...more,
  })

test('asks go on while counts are away, held to what this process counts, letters too', () =>
  onBench(async ({ store, plain, breaks }) => {
    breaks(broken)
    for (let count = 0; count < 4; count++) {
      const ask = fullAsk(4)
      const answer = await store.ask(ask)
      assert.deepEqual(answer, { kind: 'asked', challengeId: ask.challenge!.id, mailed: count < 3, over: [] })
      assert.ok(await plain.challenge(ask.challenge!.id), 'its challenge is opened, letter or not')
    }
    const names = (await eventNames(plain)).slice(-2)
    assert.deepEqual(names, ['challenge.opened', 'letter.withheld'])
    const refused = await store.ask(fullAsk(4))
    const retryAt = start + 15 * minute
    const { key } = aTake('asks-per-caller', 4)
    assert.deepEqual(refused, {
      kind: 'refused',
      limit: 'asks-per-caller',
      retryAt,
      hits: [{ limit: 'asks-per-caller', key, retryAt, first: false, closesAt: retryAt }],
    })
    assert.equal((await plain.lease(99, start, start + 1, 'lease')).length, 3)
    for (const mail of ['room', 'full'] as const) {
      const answer = await store.ask(anAsk({ mail }))
      assert.equal(answer.kind === 'asked' && answer.mailed, mail === 'room')
    }
  }))

test('an ask that two local counts refuse waits for the later', () =>
  onBench(async ({ store, breaks }) => {
    breaks(broken)
    const short = aTake('asks-per-network', 1, 'short', minute)
    const long = aTake('asks-per-caller', 1, 'long', 10 * minute)
    assert.equal((await store.ask(anAsk({ refuse: [short, long], mail: 'room' }))).kind, 'asked')
    for (const refuse of [
      [short, long],
      [long, short],
    ]) {
      const answer = await store.ask(anAsk({ refuse, mail: 'room' }))
      assert.ok(answer.kind === 'refused')
      assert.deepEqual([answer.limit, answer.retryAt, answer.hits.length], [long.limit, start + 10 * minute, 2])
    }
  }))

test('of two local counts that last as long the first is told', () =>
  onBench(async ({ store, breaks }) => {
    breaks(broken)
    const refuse = [aTake('asks-per-caller', 1), aTake('asks-per-network', 1)]
    await store.ask(anAsk({ refuse, mail: 'room' }))
    const answer = await store.ask(anAsk({ refuse, mail: 'room' }))
    assert.equal(answer.kind === 'refused' && answer.limit, 'asks-per-caller')
  }))

test('counts that failed are let rest for five seconds; a clock that steps back ends the rest', () =>
  onBench(async ({ store, breaks, counting }) => {
    const askAt = (at: number) => store.ask(fullAsk(100, { at }))
    breaks(broken)
    await askAt(start)
    assert.deepEqual(counting.splice(0), ['ask', 'take'])
    breaks(null)
    await askAt(start)
    await askAt(start + 4_999)
    assert.deepEqual(counting.splice(0), [], 'the database is not asked to count')
    await askAt(start - 1)
    assert.deepEqual(counting.splice(0), ['ask'])
    await askAt(start + 5_000)
    assert.deepEqual(counting.splice(0), ['ask'])
  }))

test('whoever was refused by what the process counts is known to be over its limit', () =>
  onBench(async ({ store, plain, breaks, shut, settle, clock }) => {
    breaks(broken)
    const ask = fullAsk(1)
    await store.ask(ask)
    await store.ask(fullAsk(1))
    assert.deepEqual(
      shut(ask.refuse, start).map(({ limit }) => limit),
      ['asks-per-caller'],
    )
    clock.turn({ minutes: 15 })
    await settle()
    const { name, because, challengeId } = await last(plain)
    assert.deepEqual([name, because, challengeId], ['limit.closed', 'asks-per-caller: 2 refused', null])
  }))

test('what the store refused is known: by the caller’s counts, and by a budget that holds', () =>
  onBench(async ({ store, plain, shut, settle, clock }) => {
    const [asks, letters] = [aTake('asks-of-all', 1), aTake('letters-of-all', 2)]
    const budget = { asks, letters, holds: true }
    await store.ask(anAsk({ budget }))
    assert.equal((await store.ask(anAsk({ budget }))).kind, 'refused')
    assert.equal((await store.ask(anAsk({ budget: { asks: null, letters, holds: true } }))).kind, 'asked')
    assert.equal((await store.ask(anAsk({ budget: { asks: null, letters, holds: true } }))).kind, 'refused')
    assert.deepEqual(
      shut([asks, letters], start).map(({ limit }) => limit),
      ['asks-of-all', 'letters-of-all'],
    )
    clock.turn({ minutes: 15 })
    await settle()
    const closed = (await plain.events(0, 99)).filter(({ name }) => name === 'limit.closed')
    assert.deepEqual(
      closed.map(({ because, challengeId }) => [because, challengeId]),
      [
        ['asks-of-all: 2 refused', null],
        ['letters-of-all: 2 refused', null],
      ],
    )
  }))

test('a count that is never given back is not asked for again while it is known to be full', () =>
  onBench(async ({ store, counting, plain, settle, clock }) => {
    const one = aTake('look-ups-per-network', 1)
    const looked = anEvent('account.looked-up')
    await store.take([one], start, looked)
    const { hits } = await store.take([one], start, looked)
    counting.splice(0)
    const again = await store.take([one], start + 1, looked)
    assert.deepEqual(again.hits, [{ ...hits[0]!, first: false }])
    assert.deepEqual(counting, [])
    // Without an event there is nothing to be told of.
    const silent = aTake('looks-per-link', 1)
    for (let count = 0; count < 3; count++) await store.take([silent], start, null)
    assert.equal(counting.length, 3)
    clock.turn({ minutes: 15 })
    await settle()
    assert.equal((await last(plain)).because, 'look-ups-per-network: 2 refused')
  }))

test('a refused proof is noted while there is room, here or elsewhere, and costs no write past it', () =>
  onBench(async ({ store, plain, breaks, counting }) => {
    const refused = anEvent('proof.refused')
    const noted = async () => (await eventNames(plain)).filter((name) => name === 'proof.refused').length
    const one = [aTake('refused-proofs-per-network', 2)]
    assert.deepEqual(await store.noteWithin(one, refused), { hits: [] })
    assert.deepEqual(await store.noteWithin(one, refused), { hits: [] })
    assert.equal((await store.noteWithin(one, refused)).hits.length, 1)
    counting.splice(0)
    assert.equal((await store.noteWithin(one, refused)).hits.length, 1)
    assert.deepEqual(counting, [])
    assert.equal(await noted(), 2)
    breaks(broken)
    const other = [aTake('refused-proofs-per-network', 2, 'other')]
    for (let count = 0; count < 4; count++) {
      assert.equal((await store.noteWithin(other, refused)).hits.length, count < 2 ? 0 : 1)
    }
    assert.equal(await noted(), 4)
  }))

test('a code that is refused for a full count is counted with those who stand before it', () =>
  onBench(async ({ store, plain, settle, clock }) => {
    const notice = {
      limit: 'wrong-codes-per-account',
      letter: anAsk().letter,
      queue: false,
      event: anEvent('limit.crossed', { flow: 'code' }),
    } as const
    const one = aTake('wrong-codes-per-account', 1)
    const { id } = await asked(plain)
    assert.ok(await store.takeTry(id, start, [one], notice))
    assert.equal(await store.takeTry(id, start, [one], notice), false)
    assert.equal(await store.takeTry(id, start, [one], notice), false)
    assert.equal(await store.takeTry('gone', start, [aTake('wrong-codes-of-all', 1)], notice), false)
    clock.turn({ minutes: 15 })
    await settle()
    const closed = (await plain.events(0, 99)).filter(({ name }) => name === 'limit.closed')
    assert.deepEqual(
      closed.map(({ because }) => because),
      ['wrong-codes-per-account: 2 refused'],
    )
  }))

test('what cannot be read counts as full, for five seconds', () =>
  onBench(async ({ store, breaks }) => {
    const takes: Take[] = [aTake('wrong-codes-of-all', 5000), aTake('asks-of-all', 100)]
    assert.deepEqual(await store.full(takes, start), [])
    breaks(broken)
    assert.deepEqual(
      await store.full(takes, start),
      takes.map(({ limit, key }) => ({ limit, key, retryAt: start + 5_000, first: false, closesAt: start + 5_000 })),
    )
  }))

test('a wrong code whose count is lost meanwhile is noted all the same', () =>
  onBench(async ({ store, plain, breaks }) => {
    const one = aTake('wrong-codes-per-account', 1)
    const notice = { limit: one.limit, letter: anAsk().letter, queue: false, event: anEvent('limit.crossed') }
    await store.take([one], start, null)
    const wrong = anEvent('proof.refused', { because: 'wrong code' })
    assert.equal((await store.wrongTry(start, [one], wrong, notice)).hits.length, 1)
    breaks(broken)
    const before = (await eventNames(plain)).length
    assert.deepEqual(await store.wrongTry(start, [one], wrong, notice), { hits: [] })
    assert.equal((await eventNames(plain)).length, before + 1)
    assert.equal((await last(plain)).because, 'wrong code')
  }))

test('the owner’s own change goes through though his counts cannot be forgotten; another fault of it does not', () =>
  onBench(async ({ store, plain, accounts, breaks }) => {
    const row = { email: 'ana@example.org', username: null, passwordHash: 'old', verified: true, active: true }
    await accounts.add([row], start)
    const [account] = await accounts.byAddress('ana@example.org')
    const challenge = await bound(plain, account!.id)
    const key = aTake('log-ins-per-account', 9).key
    breaks(broken)
    assert.ok(await store.change(aChange(account!, challenge, { forget: [key], passwordHash: 'new' })))
    assert.equal((await accounts.byId(account!.id))?.passwordHash, 'new')
    assert.equal(await store.change(aChange(account!, challenge, { forget: [key] })), false)
  }))

test('a change that fails with nothing to forget fails', async () => {
  const { store: plain } = await memory().open(own, true)
  const fails = async (): Promise<never> => {
    throw broken
  }
  let tried = 0
  const change = async (): Promise<never> => {
    tried += 1
    throw broken
  }
  const { store } = limited({ ...plain, change, take: fails }, testClock(start), () => {})
  await assert.rejects(store.change({ forget: [], at: start } as never), broken)
  assert.equal(tried, 1, 'and is not tried twice')
})

test('what was refused is told when the process ends, and to tell it never throws', async () => {
  const { store: plain } = await memory().open(own, true)
  let fails = false
  const note: Store['note'] = async (event) => {
    await new Promise((resolve) => setImmediate(resolve))
    if (fails) throw broken
    await plain.note(event)
  }
  const { store, settle } = limited({ ...plain, note }, testClock(start), () => {})
  const fill = async (name: string): Promise<void> => {
    const one = aTake('look-ups-per-network', 1, name, day)
    for (let count = 0; count < 2; count++) await store.take([one], start, anEvent('account.looked-up'))
  }
  await fill('one')
  await settle()
  assert.equal((await last(plain)).name, 'limit.crossed')
  await settle(true)
  assert.equal((await last(plain)).because, 'look-ups-per-network: 1 refused', 'it waits until that is written')
  await fill('two')
  fails = true
  await settle(true)
})

test('all else goes to the store as it is, though that be a class with a life of its own', async () => {
  class Kept {
    #pings = 0
    readonly audit = { newest: async () => 7 }
    async ping(): Promise<void> {
      this.#pings += 1
    }
    async nextDue(): Promise<number> {
      return this.#pings
    }
    get listeners(): number {
      return this.#pings
    }
  }
  const { store } = limited(new Kept() as unknown as Store, testClock(start), () => {})
  await store.ping()
  assert.equal(await store.nextDue(start), 1)
  assert.equal(await store.audit.newest(), 7)
  assert.equal((store as unknown as Kept).listeners, 1)
})
