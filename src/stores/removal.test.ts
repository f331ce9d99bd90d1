import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byAge, byPlace } from './removal.ts'

/** Keys of four digits in a table, of which those in `over` may go; pieces of ten, as a store hands them over. */
function table(keys: number, over: ReadonlySet<string>) {
  let left = Array.from({ length: keys }, (_, at) => String(at).padStart(5, '0'))
  const purge = byPlace(async (after) => {
    const piece = left.filter((key) => key > after).slice(0, 10)
    const gone = piece.filter((key) => over.has(key))
    left = left.filter((key) => !gone.includes(key))
    return { gone: gone.length, next: piece.length < 10 ? null : piece.at(-1)! }
  })
  return { purge, left: () => left.length }
}

test('what is over behind more live counts than one removal passes goes in a later one', async () => {
  const { purge, left } = table(8_000, new Set(['07999']))
  assert.equal(await purge(0), 0)
  assert.equal(await purge(0), 1)
  assert.equal(left(), 7_999)
})

test('a removal that reached the end begins anew', async () => {
  const { purge, left } = table(100, new Set(['00000', '00055', '00099']))
  assert.equal(await purge(0), 3)
  assert.equal(left(), 97)
  assert.equal(await purge(0), 0)
})

/** Ages, removed in pieces of two; from where each piece began. */
function aged(...left: number[]) {
  const begun: number[] = []
  const purge = byAge(async (after, until) => {
    begun.push(after)
    const piece = left.filter((age) => age >= after && age <= until).slice(0, 2)
    for (const age of piece) left.splice(left.indexOf(age), 1)
    return { gone: piece.length, last: piece.at(-1) ?? null }
  })
  return { left, begun, purge }
}

test('a removal by age begins each piece where the last one ended, takes all of one age, and leaves what is younger', async () => {
  const { left, begun, purge } = aged(1, 1, 1, 1, 1, 2, 3, 3, 3, 9)
  assert.equal(await purge(5), 9)
  assert.deepEqual(left, [9])
  assert.deepEqual(begun.slice(1), [1, 1, 2, 3, 3])
  assert.equal(await aged().purge(5), 0)
})

test('the next removal by age goes on from there, and an hour of them later one begins with the oldest again', async () => {
  const { left, begun, purge } = aged(2, 3)
  assert.equal(await purge(5), 2)
  // What another process held at the time.
  left.push(1, 4)
  assert.equal(await purge(5), 1)
  assert.equal(begun.at(-2), 3)
  for (let minute = 2; minute < 60; minute++) assert.equal(await purge(5), 0)
  assert.equal(await purge(5), 1)
  assert.deepEqual(left, [])
})
