/** What one process counts by itself while nobody else can: all of an ask or none of it, and no more keys than it may keep. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aTake, minute, start } from '../stores/contract-values.ts'
import { floor } from './floor.ts'

test('a count is full with its last place taken, until its window is over', () => {
  const local = floor()
  const one = aTake('asks-per-network', 3)
  for (let count = 0; count < 3; count++) assert.deepEqual(local.take([one], start + count), [])
  const retryAt = start + 15 * minute
  const hit = { limit: one.limit, key: one.key, retryAt, first: false, closesAt: retryAt }
  assert.deepEqual(local.take([one], start + 3), [hit])
  assert.deepEqual(local.take([one], retryAt - 1), [hit])
  assert.deepEqual(local.take([one], retryAt), [])
  assert.deepEqual(local.take([aTake('asks-per-network', 3, 'another')], start), [])
})

test('where one of several is full none is counted', () => {
  const local = floor()
  const [full, free] = [aTake('asks-per-caller', 1), aTake('asks-per-network', 2)]
  assert.deepEqual(local.take([full], start), [])
  for (let count = 0; count < 5; count++) assert.equal(local.take([full, free], start).length, 1)
  for (let count = 0; count < 2; count++) assert.deepEqual(local.take([free], start), [])
  assert.deepEqual(
    local.take([full, free], start).map(({ limit }) => limit),
    ['asks-per-caller', 'asks-per-network'],
  )
})

test('above ten thousand keys the one that was counted longest ago is forgotten', () => {
  const local = floor()
  const key = (count: number) => aTake('asks-per-network', 1, `network ${count}`)
  for (let count = 0; count < 10_000; count++) local.take([key(count)], start)
  assert.equal(local.take([key(0)], start).length, 1, 'all are kept')
  // Counted anew, the first is no longer the oldest.
  local.take([{ ...key(0), windows: [{ max: 2, ms: minute }] }], start)
  local.take([key(10_000)], start)
  for (const [count, kept] of [
    [0, 1],
    [2, 1],
    [10_000, 1],
    [1, 0],
  ] as const) {
    assert.equal(local.take([key(count)], start).length, kept, String(count))
  }
})
