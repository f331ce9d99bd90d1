/** What a process remembers of full limits: no longer than they are full, for no other windows, and told of once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { own } from '../accounts/own.ts'
import { anEvent, aTake, day, eventNames, minute, start } from '../stores/contract-values.ts'
import { memory } from '../stores/memory.ts'
import { testClock } from '../testing/index.ts'
import type { AuditEvent } from './audit.ts'
import { doors } from './doors.ts'
import { limited } from './limiter.ts'
import type { Hit, Take } from './limits.ts'

const take = aTake('asks-per-network', 3)
const hitOn = (one: Take, retryAt: number, closesAt = retryAt): Hit => {
  const { limit, key } = one
  return { limit, key, retryAt, closesAt, first: true }
}
const noted = anEvent('challenge.opened', { flow: 'code' })

function known() {
  const told: AuditEvent[] = []
  return { told, doors: doors((event) => void told.push(event)) }
}

test('a door is shut until one more is allowed, and no moment longer', () => {
  const { doors } = known()
  doors.learn([take], [hitOn(take, start + 5 * minute)], start, noted)
  for (const [ms, shut] of [
    [0, true],
    [5 * minute - 1, true],
    [5 * minute, false],
  ] as const) {
    assert.equal(doors.shut([take], start + ms).length, shut ? 1 : 0, String(ms))
  }
})

test('a full window says nothing of a larger one over the same count, nor of another key', () => {
  const { doors } = known()
  doors.learn([take], [hitOn(take, start + day)], start, noted)
  const larger = { ...take, windows: [{ max: 1_000_000_000, ms: 15 * minute }] }
  assert.deepEqual(doors.shut([larger, aTake('asks-per-network', 3, 'another')], start), [])
  assert.equal(doors.shut([larger, take], start).length, 1)
})

test('a clock that steps back opens the door, for the store to judge anew', () => {
  const { doors } = known()
  doors.learn([take], [hitOn(take, start + day)], start, noted)
  assert.deepEqual(doors.shut([take], start - minute), [])
})

test('the number of those refused is told once, when the window of the crossing is over', () => {
  const { doors, told } = known()
  doors.learn([take], [hitOn(take, start + minute, start + 15 * minute)], start, noted)
  for (let count = 0; count < 7; count++) doors.shut([take], start + count)
  // One was let through meanwhile, and it is full again.
  doors.learn([take], [hitOn(take, start + 9 * minute, start + 15 * minute)], start + 2 * minute, noted)
  doors.settle(start + 15 * minute - 1)
  assert.deepEqual(told, [])
  doors.settle(start + 15 * minute)
  doors.settle(start + 16 * minute)
  assert.deepEqual(
    told.map(({ name, because, at, flow }) => ({ name, because, at, flow })),
    [{ name: 'limit.closed', because: 'asks-per-network: 9 refused', at: start + 15 * minute, flow: 'code' }],
  )
})

test('above four thousand doors the oldest is told of early', () => {
  const { doors, told } = known()
  for (let count = 0; count < 4_100; count++) {
    const one = aTake('asks-per-network', 3, `network ${count}`)
    doors.learn([one], [hitOn(one, start + day)], start, noted)
  }
  assert.equal(told.length, 4)
  assert.equal(doors.shut([aTake('asks-per-network', 3, 'network 4')], start).length, 1)
  assert.equal(doors.shut([aTake('asks-per-network', 3, 'network 3')], start).length, 0)
})

test('what was refused is in the audit once it is settled, and a process that ends settles everything', async () => {
  const { store: plain } = await memory().open(own, true)
  const clock = testClock(start)
  const { store, settle } = limited(plain, clock, () => {})
  const counts = [aTake('log-ins-per-account', 1, 'name', 15 * minute), aTake('look-ups-per-network', 1, 'n', day)]
  for (const one of counts) {
    for (let tries = 0; tries < 4; tries++) await store.take([one], clock.now(), anEvent('session.refused'))
  }
  clock.turn({ minutes: 15 })
  await settle()
  const closed = async () => (await store.events(0, 99)).filter(({ name }) => name === 'limit.closed')
  assert.deepEqual(
    (await closed()).map(({ because }) => because),
    ['log-ins-per-account: 3 refused'],
  )
  await settle(true)
  await settle(true)
  assert.deepEqual((await closed()).map(({ because }) => because).slice(1), ['look-ups-per-network: 3 refused'])
  const names = await eventNames(plain)
  assert.equal(names.filter((name) => name === 'limit.crossed').length, 2)
})

test('a count that is given back is never known to be full: who has the right password gets in at once', async () => {
  const { store: plain } = await memory().open(own, true)
  const { store } = limited(plain, testClock(start), () => {})
  const one = aTake('log-ins-per-account', 1)
  for (let tries = 0; tries < 3; tries++) await store.take([one], start, anEvent('session.refused'))
  // In another process.
  await plain.giveBack([], [one.key])
  assert.deepEqual(await store.take([one], start, anEvent('session.refused')), { hits: [] })
})

test('a window that is over is told of as soon as the next is full, and the next by its own first', () => {
  const { doors, told } = known()
  const byWhom = (requestId: string) => ({ ...noted, requestId })
  doors.learn([take], [hitOn(take, start + minute)], start, byWhom('first'))
  doors.learn([take], [hitOn(take, start + minute)], start + minute - 1, byWhom('second'))
  assert.deepEqual(told, [])
  doors.learn([take], [hitOn(take, start + 2 * minute)], start + minute, byWhom('third'))
  doors.settle(start + 2 * minute)
  assert.deepEqual(
    told.map(({ at, requestId, because }) => [at, requestId, because]),
    [
      [start + minute, 'first', 'asks-per-network: 2 refused'],
      [start + 2 * minute, 'third', 'asks-per-network: 1 refused'],
    ],
  )
})

test('who stands before a door is told what the store said of it, as nobody’s first', () => {
  const { doors } = known()
  doors.learn([take], [hitOn(take, start + minute, start + day)], start, noted)
  assert.deepEqual(doors.shut([take], start), [
    { limit: take.limit, key: take.key, retryAt: start + minute, closesAt: start + day, first: false },
  ])
})

test('what was learned by a clock ahead of time is told of at once when it steps back', () => {
  const { doors, told } = known()
  doors.learn([take], [hitOn(take, start + day)], start, noted)
  doors.settle(start)
  assert.deepEqual(told, [])
  doors.settle(start - 1)
  assert.equal(told.length, 1)
})

test('two windows of one count are two doors, whatever their order of numbers', () => {
  const { doors } = known()
  const [one, other] = [
    { ...take, windows: [{ max: 1, ms: 23 }] },
    { ...take, windows: [{ max: 12, ms: 3 }] },
  ]
  doors.learn([one], [hitOn(one, start + day)], start, noted)
  assert.equal(doors.shut([one], start).length, 1)
  assert.deepEqual(doors.shut([other], start), [])
})

test('a hit of what nobody took is no door', () => {
  const { doors, told } = known()
  doors.learn([take], [hitOn(aTake('asks-per-network', 3, 'another'), start + day)], start, noted)
  doors.settle(start, true)
  assert.deepEqual(told, [])
})
