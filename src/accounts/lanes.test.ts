/** The same work for every log-in: what is computed adds up to one sum, whichever hash of the table a log-in meets, or none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { iterationsOf } from './formats/bounds.ts'
import type { Work } from './formats/work.ts'
import { lanes, mostLanes } from './lanes.ts'

const salt = Buffer.alloc(16)
const argon2 = (memory: number): Work => ({
  ...{ kdf: 'argon2', variant: 2, version: 1, memory },
  ...{ passes: 2, lanes: 1, salt, length: 32 },
})
const bcrypt = (cost: number): Work => ({ kdf: 'bcrypt', cost, salt })
const pbkdf2 = (digest: 'sha1' | 'sha256' | 'sha512', iterations: number, length: number): Work => ({
  ...{ kdf: 'pbkdf2', digest, iterations, salt, length },
})
const phpass = (rounds: number): Work => ({ kdf: 'phpass', rounds, salt })
const scrypt = (n: number): Work => ({ kdf: 'scrypt', n, r: 8, p: 1, salt, length: 64 })

const anyWork: fc.Arbitrary<Work> = fc.oneof(
  fc.constantFrom(4_096, 19_456).map(argon2),
  fc.integer({ min: 4, max: 14 }).map(bcrypt),
  fc
    .tuple(fc.constantFrom('sha1', 'sha256'), fc.integer({ min: 1, max: 3_000_000 }), fc.constantFrom(20, 32))
    .map(([digest, iterations, length]) => pbkdf2(digest as 'sha1', iterations, length)),
  fc.integer({ min: 128, max: 131_072 }).map(phpass),
)

/** How much of each function is computed. */
function sums(works: readonly Work[]): Record<string, number> {
  const sum: Record<string, number> = { turns: works.length }
  for (const work of works) {
    // A turn of the thread pool alone.
    if (work.kdf === 'pbkdf2' && work.digest === 'sha512' && work.iterations === 1) continue
    const [name, amount] =
      work.kdf === 'pbkdf2'
        ? [work.digest, iterationsOf(work)]
        : work.kdf === 'bcrypt'
          ? ['bcrypt', 2 ** work.cost]
          : work.kdf === 'phpass'
            ? ['phpass', work.rounds]
            : [work.kdf === 'argon2' ? `argon2 ${work.memory}` : `scrypt ${work.n}`, 1]
    sum[name] = (sum[name] ?? 0) + amount
  }
  return sum
}

test('whichever of its hashes a log-in meets, and where it meets none, the same is computed', () => {
  fc.assert(
    fc.property(anyWork, fc.array(anyWork, { maxLength: 20 }), (first, others) => {
      const alley = lanes(first)
      for (const work of others) alley.learn(work)
      const nobody = sums(alley.rest(null))
      for (const own of [first, ...others]) assert.deepEqual(sums([own, ...alley.rest(own)]), nobody)
    }),
  )
})

test('a table of one form costs its one hash, known or not', () => {
  const alley = lanes(argon2(19_456))
  alley.learn(argon2(19_456))
  assert.deepEqual(alley.rest(argon2(19_456)), [])
  assert.equal(alley.rest(null).length, 1)
})

test('bcrypt of cost 10 is filled up to cost 12 by 10 and 11', () => {
  const alley = lanes(bcrypt(12))
  alley.learn(bcrypt(10))
  assert.deepEqual(
    alley.rest(bcrypt(10)).map((work) => work.kdf === 'bcrypt' && work.cost),
    [10, 11],
  )
})

test('a table of very many kinds has no more lanes than a few, the form that is written among them', () => {
  const alley = lanes(argon2(19_456))
  for (let exponent = 1; exponent < 20; exponent++) alley.learn(scrypt(2 ** exponent))
  assert.equal(alley.rest(null).length, mostLanes)
  assert.deepEqual(alley.rest(argon2(19_456)).length, mostLanes - 1)
})
