/** Within which bounds counts may be set, each kept at its edge and broken one step past it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classic, code } from '../flows/index.ts'
import type { CodeFlow, Flow } from './flow.ts'
import { boundsFor, refuseLimits } from './limit-bounds.ts'
import { type Limits, standard } from './limits.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const withDigits = (digits: CodeFlow['proof']['digits']): Flow => ({ ...code, proof: { ...code.proof, digits } })

/** Least and most, and the shortest window, where codes have six digits. */
const bounds: Record<keyof Limits, readonly [number, number, number]> = {
  asksPerNetwork: [1, 2_000, minute],
  lettersPerAddress: [1, 100, minute],
  lettersInReserve: [1, 10, hour],
  wrongCodesPerAccount: [1, 10, day],
  wrongCodesInARow: [1, 100, 365 * day],
  wrongCodesOfAll: [1, 5_000, day],
  wrongCodesAlarm: [1, 1_000, day],
  logInsPerAccount: [1, 100, minute],
  logInsPerNetwork: [1, 10_000, minute],
  lookUpsPerNetwork: [1, 2_000, minute],
  refusedProofsPerNetwork: [10, 10_000, minute],
  looksPerLink: [5, 1_000, minute],
  passwordsPerGrant: [20, 1_000, minute],
  asksOfAll: [100, 10_000_000, minute],
  lettersOfAll: [100, 10_000_000, minute],
}

const reasons = (limits: object, flows: readonly Flow[] = [classic, code]): string[] =>
  refuseLimits({ ...standard, ...limits } as Limits, flows)

test('every count may be set from its least to its most, and in no shorter window', () => {
  assert.deepEqual(Object.keys(boundsFor(6)).sort(), Object.keys(bounds).sort())
  for (const [name, [least, most, ms]] of Object.entries(bounds)) {
    const told = (max: number, window: number): string =>
      `limits.${name}: max must be ${least} to ${most} in ${ms / 1000} seconds or more, it is ${max} in ${window / 1000}`
    for (const max of [least, most]) assert.deepEqual(reasons({ [name]: [{ max, ms }] }), [], name)
    assert.deepEqual(reasons({ [name]: [{ max: least, ms: ms * 2 }] }), [])
    for (const [max, window] of [
      [least - 1, ms],
      [most + 1, ms],
      [least, ms - 1],
      [least + 0.5, ms],
      [Number.NaN, ms],
      [Number.POSITIVE_INFINITY, ms],
      [least, Number.NaN],
      [least, Number.POSITIVE_INFINITY],
    ] as const) {
      assert.deepEqual(reasons({ [name]: [{ max, ms: window }] }), [told(max, window)])
    }
    const [good, bad] = [
      { max: least, ms },
      { max: most + 1, ms },
    ]
    assert.deepEqual(reasons({ [name]: [good, bad, good, bad] }), [told(bad.max, ms), told(bad.max, ms)])
    assert.deepEqual(reasons({ [name]: [] }), [`limits.${name}: name a window, such as { max: ${least}, ms: ${ms} }`])
  }
})

test('a budget may be left out, and nothing else', () => {
  for (const name of Object.keys(bounds)) {
    const isBudget = name === 'asksOfAll' || name === 'lettersOfAll'
    assert.deepEqual(reasons({ [name]: null }), isBudget ? [] : [`limits.${name}: it cannot be left out`])
  }
})

test('a count that there is not is told of, beside all that is wrong with the others', () => {
  const wrong = { asksPerNetwerk: [{ max: 1, ms: minute }], logInsPerAccount: [{ max: 0, ms: minute }] }
  assert.deepEqual(reasons(wrong).sort(), [
    'limits.asksPerNetwerk: there is no such count',
    'limits.logInsPerAccount: max must be 1 to 100 in 60 seconds or more, it is 0 in 60',
  ])
})

test('a digit more allows ten times the guesses; a hundred in a row is the most for any', () => {
  for (const [digits, account, all, alarm] of [
    [6, 10, 5_000, 1_000],
    [7, 100, 50_000, 10_000],
    [8, 100, 500_000, 100_000],
    [10, 100, 50_000_000, 10_000_000],
  ] as const) {
    const { wrongCodesPerAccount, wrongCodesInARow, wrongCodesOfAll, wrongCodesAlarm } = boundsFor(digits)
    assert.deepEqual(
      [wrongCodesPerAccount.most, wrongCodesInARow.most, wrongCodesOfAll.most, wrongCodesAlarm.most],
      [account, 100, all, alarm],
    )
  }
})

test('the shortest code of all flows counts, and where there is none the longest there is', () => {
  const most = (flows: readonly Flow[]): string =>
    reasons({ wrongCodesOfAll: [{ max: 0, ms: day }] }, flows)
      .join()
      .replace(/.* to (\d+) in .*/, '$1')
  assert.equal(most([classic, withDigits(8)]), '500000')
  assert.equal(most([withDigits(8), code, withDigits(7)]), '5000')
  assert.equal(most([classic]), '50000000')
  assert.equal(most([]), '50000000')
})
