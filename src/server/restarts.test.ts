import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restarts } from './restarts.ts'

test('who dies young waits twice as long each time, half a minute at most', () => {
  const again = restarts()
  const pauses = Array.from({ length: 11 }, () => again.after('1', 500))
  assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000])
  assert.equal(again.count(), 11)
})

test('who lived for a minute is started at once, and another is no worse off for it', () => {
  const again = restarts()
  for (let times = 0; times < 5; times++) again.after('1', 500)
  assert.equal(again.after('2', 500), 100)
  assert.equal(again.after('1', 60_000), 100)
  assert.equal(again.after('1', 500), 200)
})
