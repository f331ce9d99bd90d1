/** ALTCHA's format is ALTCHA's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyring } from '../engine/keys.ts'
import { seededRandom } from '../testing/index.ts'
import { altchaChallenge, altchaLife, judgeAltcha, readAltcha } from './altcha.ts'

const keys = keyring('a secret of a test, of which nothing outside hangs')
const place = { form: 'request', host: 'app.example.com', instead: '' } as const
const at = Date.UTC(2026, 0, 5, 12)

/** What the package altcha-lib 2.8.0 made of our challenge: `solveChallenge({ challenge, deriveKey })` with its SHA deriver. */
const solvedByAltchaLib =
  'eyJjaGFsbGVuZ2UiOnsicGFyYW1ldGVycyI6eyJhbGdvcml0aG0iOiJTSEEtMjU2IiwiY29zdCI6MSwiZGF0YSI6eyJmb3JtIjoicmVxdWVzdCIsImhvc3QiOiJhcHAuZXhhbXBsZS5jb20iLCJpbnN0ZWFkIjoiIn0sImV4cGlyZXNBdCI6MTc2NzYxNDUyMCwia2V5TGVuZ3RoIjozMiwia2V5UHJlZml4IjoiMDQ0ZTFlODhiMTY5ODc2NmRkMTQ2M2ZhOGU0NTJlZGMiLCJub25jZSI6IjAwMWNlN2I2YWE3ZDBmMmY1ZTE0ZTUyNTZkOGE2MGQxIiwic2FsdCI6ImJhZTU3MzY1MWU4YWVhYzcxNDgyNTg5YTQ0N2UzMzllIn0sInNpZ25hdHVyZSI6IlN3WHdTUFM3SDBBVlJGRnAxX1c5VHRxcktMN211aGw0bDBRT29nYVdILXMifSwic29sdXRpb24iOnsiY291bnRlciI6OTY2MjgsImRlcml2ZWRLZXkiOiIwNDRlMWU4OGIxNjk4NzY2ZGQxNDYzZmE4ZTQ1MmVkY2E1MmM4ZmJiOGFjZGZlNmFlYzI1NGZhODQ1MDhiNzdkIiwidGltZSI6MH19'

test('a challenge of ours that ALTCHA’s own library has solved is solved', () => {
  assert.equal(judgeAltcha(keys, solvedByAltchaLib, at, place).ok, true)
  const { challenge } = JSON.parse(atob(solvedByAltchaLib))
  assert.deepEqual(altchaChallenge(keys.current, seededRandom(7), at, place), challenge)
})

test('it is solved until its time is over, for its own place, and under an earlier secret too', () => {
  const judged = (when: number, where: Parameters<typeof judgeAltcha>[3] = place, ring = keys) =>
    judgeAltcha(ring, solvedByAltchaLib, when, where).ok
  assert.equal(judged(at + altchaLife - 1), true)
  assert.equal(judged(at + altchaLife), false)
  assert.equal(judged(at, { ...place, form: 'login' }), false)
  assert.equal(judged(at, { ...place, host: 'evil.example' }), false)
  assert.equal(judged(at, { ...place, instead: 'hcaptcha' }), false)
  const [old, now] = ['a secret of a test, of which nothing outside hangs', 'another secret of a test, made since then']
  assert.equal(judged(at, place, keyring(now, [old])), true)
  assert.equal(judged(at, place, keyring(now)), false)
})

test('each challenge is another one, and its number is in no way in it', () => {
  const made = Array.from({ length: 50 }, (_, seed) => altchaChallenge(keys.current, seededRandom(seed + 1), at, place))
  assert.equal(new Set(made.map((one) => one.signature)).size, 50)
  for (const { parameters } of made) {
    assert.equal(parameters.keyPrefix.length, 32)
    assert.deepEqual(Object.keys(parameters), [...Object.keys(parameters)].sort(), 'in the order in which ALTCHA signs')
  }
})

test('whatever else is brought is not readable, and never an error', () => {
  const { challenge, solution } = JSON.parse(atob(solvedByAltchaLib))
  const with_ = (parameters: object, more: object = {}) =>
    btoa(
      JSON.stringify({
        challenge: { ...challenge, parameters: { ...challenge.parameters, ...parameters } },
        solution,
        ...more,
      }),
    )
  const odd = [
    ...['', 'x', '{}', 'null', '[]', '"a"', '{"challenge":null}', '{"challenge":{"parameters":{}}}'].map(btoa),
    ...[with_({ cost: '1' }), with_({ nonce: 7 }), with_({ data: null }), with_({ salt: 'x'.repeat(301) })],
    ...[-1, 1.5, 100_001, 1e300, '7', null].map((counter) => with_({}, { solution: { counter } })),
    '\u0000',
    'ÿ'.repeat(100),
  ]
  for (const answer of odd) {
    assert.equal(readAltcha(answer), null, answer.slice(0, 80))
    assert.deepEqual(judgeAltcha(keys, answer, at, place), { ok: false, because: 'not readable' })
  }
  for (const changed of [{ cost: 2 }, { keyLength: 1 }, { keyPrefix: '' }, { nonce: '' }, { algorithm: 'none' }]) {
    assert.deepEqual(judgeAltcha(keys, with_(changed), at, place), { ok: false, because: 'not genuine' })
  }
})
