import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from './system.ts'

test('no bytes are handed out twice, wherever a draw ends, and what was handed out stays as it was', () => {
  const values = Array.from({ length: 20_000 }, (_, at) => systemRandom.bytes([9, 12, 16, 22, 32][at % 5]!))
  const first = values.map((value) => Buffer.from(value).toString('hex'))
  assert.equal(new Set(first).size, values.length)
  assert.ok(values.every((value, at) => value.length === [9, 12, 16, 22, 32][at % 5]))
  systemRandom.bytes(256)
  assert.deepEqual(
    values.map((value) => Buffer.from(value).toString('hex')),
    first,
  )
  assert.equal(systemRandom.bytes(5000).length, 5000)
  // Every byte value comes up about as often as any other.
  const counts = new Array<number>(256).fill(0)
  for (const value of values) for (const byte of value) counts[byte]!++
  const expected = values.reduce((sum, { length }) => sum + length, 0) / 256
  const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  assert.ok(chi < 400, `chi-squared ${chi} of 255 degrees of freedom`)
})
