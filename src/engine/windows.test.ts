/** The arithmetic of windows, at their edges: what counts, until when, and under which key. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { digest, keyring } from './keys.ts'
import {
  budgetTakes,
  counted,
  fullUntil,
  givenBack,
  lookTakes,
  networksOf,
  passwordTakes,
  refusedProofTakes,
  standard,
  type Times,
  take,
  toldTakes,
  unknownTakes,
  unlimited,
  untoldTakes,
  type Window,
  wrongCodeTakes,
} from './limits.ts'
import { secondsUntil } from './outcome.ts'

const ring = keyring('a secret of these tests, long enough to be one')
const minute = 60_000
const day = 24 * 60 * minute

test('a window is full with its last place taken, until its first leaves', () => {
  const windows = [{ max: 2, ms: 100 }]
  assert.equal(fullUntil([], windows, 1000), 0)
  assert.equal(fullUntil([[1000, 1]], windows, 1000), 0)
  const two: Times = [
    [1000, 1],
    [1040, 1],
  ]
  assert.equal(fullUntil(two, windows, 1050), 1100)
  assert.equal(fullUntil(two, windows, 1099), 1100)
  assert.equal(fullUntil(two, windows, 1100), 0)
  assert.equal(fullUntil([[1000, 2]], windows, 1050), 1100, 'two at one time are two')
  assert.equal(fullUntil([[990, 1], ...two], windows, 1050), 1100, 'the second newest decides')
})

test('of several windows the longest wait counts', () => {
  const windows = [
    { max: 1, ms: 10 },
    { max: 2, ms: 100 },
  ]
  const times: Times = [
    [1000, 1],
    [1050, 1],
  ]
  assert.equal(fullUntil(times, windows, 1055), 1100)
  assert.equal(fullUntil(times, [...windows].reverse(), 1055), 1100)
  assert.equal(fullUntil([[1050, 1]], windows, 1055), 1060)
})

test('a clock that steps back frees nobody', () => {
  const windows = [{ max: 1, ms: 100 }]
  assert.equal(fullUntil([[5000, 1]], windows, 1000), 1100)
  assert.deepEqual(counted([[5000, 1]], [{ max: 9, ms: 100 }], 1000), [
    [5000, 1],
    [1000, 1],
  ])
})

test('what no window sees any longer is forgotten', () => {
  const windows = [
    { max: 5, ms: 10 },
    { max: 5, ms: 100 },
  ]
  assert.deepEqual(
    counted(
      [
        [899, 1],
        [900, 1],
        [901, 3],
      ],
      windows,
      1000,
    ),
    [
      [901, 3],
      [1000, 1],
    ],
  )
})

test('up to 64 places each time is kept; past it they are counted in steps of a 64th', () => {
  const fine = [{ max: 64, ms: 6400 }]
  assert.deepEqual(counted([[1000, 1]], fine, 1001), [
    [1000, 1],
    [1001, 1],
  ])
  const coarse = [{ max: 65, ms: 6401 }]
  assert.deepEqual(counted([[1000, 1]], coarse, 1100), [[1000, 2]])
  const both = [{ max: 10, ms: 100 }, ...coarse]
  assert.deepEqual(counted([[1000, 1]], both, 1100), [[1000, 2]], 'the larger of two windows decides')
  assert.deepEqual(counted([[1000, 4]], coarse, 1101), [
    [1000, 4],
    [1101, 1],
  ])
  assert.deepEqual(counted([], coarse, 1), [[1, 1]])
  assert.deepEqual(
    counted(
      [
        [900, 2],
        [1000, 1],
      ],
      coarse,
      1001,
    ),
    [
      [900, 2],
      [1000, 2],
    ],
  )
})

test('a list of times stays short, and never lets more through than its window', () => {
  const steps = fc.array(fc.nat(400), { minLength: 1, maxLength: 150 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 100 }), (gaps, max) => {
      const windows: Window[] = [{ max, ms: 5000 }]
      let times: Times = []
      let now = 1_000_000
      const taken: number[] = []
      for (const gap of gaps) {
        now += gap
        const until = fullUntil(times, windows, now)
        assert.ok(until === 0 || (until > now && until <= now + 5000))
        if (until > 0) continue
        times = counted(times, windows, now)
        taken.push(now)
        assert.ok(times.length <= 66)
      }
      // In coarse steps a place may be given back by a 64th of the window too soon.
      const slack = max > 64 ? Math.ceil(5000 / 64) : 0
      for (const at of taken) {
        assert.ok(taken.filter((one) => one > at - 5000 + slack && one <= at).length <= max)
      }
    }),
  )
})

test('a place that is given back is the newest', () => {
  assert.deepEqual(givenBack([]), [])
  assert.deepEqual(givenBack([[1, 1]]), [])
  assert.deepEqual(
    givenBack([
      [1, 1],
      [2, 3],
    ]),
    [
      [1, 1],
      [2, 2],
    ],
  )
  assert.deepEqual(
    givenBack([
      [1, 2],
      [2, 1],
    ]),
    [[1, 2]],
  )
  const three: Times = [
    [1, 2],
    [2, 2],
    [3, 2],
  ]
  assert.deepEqual(givenBack(three), [...three.slice(0, 2), [3, 1]])
  assert.deepEqual(givenBack(givenBack(three)), three.slice(0, 2))
})

test('the counts of the product', () => {
  assert.deepEqual(standard, {
    asksPerNetwork: [{ max: 20, ms: 15 * minute }],
    lettersPerAddress: [
      { max: 6, ms: 15 * minute },
      { max: 10, ms: day },
    ],
    lettersInReserve: [{ max: 2, ms: day }],
    wrongCodesPerAccount: [{ max: 10, ms: day }],
    wrongCodesInARow: [{ max: 50, ms: 3650 * day }],
    wrongCodesOfAll: [{ max: 5000, ms: day }],
    wrongCodesAlarm: [{ max: 1000, ms: day }],
    logInsPerAccount: [{ max: 10, ms: 15 * minute }],
    logInsPerNetwork: [{ max: 100, ms: 15 * minute }],
    lookUpsPerNetwork: [{ max: 20, ms: 15 * minute }],
    refusedProofsPerNetwork: [{ max: 60, ms: 60 * minute }],
    looksPerLink: [{ max: 20, ms: 60 * minute }],
    passwordsPerGrant: [{ max: 100, ms: 15 * minute }],
    asksOfAll: null,
    lettersOfAll: null,
  })
  assert.deepEqual(unlimited, [{ max: 1_000_000_000, ms: minute }])
})

test('a network is its block, and for IPv6 the /48 around it', () => {
  assert.deepEqual(networksOf(''), [])
  assert.deepEqual(networksOf('203.0.113.7'), ['203.0.113.7'])
  assert.deepEqual(networksOf('2001:db8:1:2::/64'), ['2001:db8:1:2::/64', '2001:db8:1::/48'])
})

const key = (...fields: string[]): string => digest(ring.current, 'limit', fields)
const limits = { ...standard, asksOfAll: [{ max: 100, ms: minute }], lettersOfAll: [{ max: 200, ms: minute }] }

test('a take stands under a digest of its limit and what it counts', () => {
  const windows = [{ max: 1, ms: 1 }]
  assert.deepEqual(take(ring, 'asks-per-caller', ['a', 'b'], windows), {
    limit: 'asks-per-caller',
    key: key('asks-per-caller', 'a', 'b'),
    windows,
  })
})

test('without limits nothing is counted', () => {
  const whom = { name: 'ana', accountId: '7', block: '203.0.113.7', device: null }
  assert.equal(wrongCodeTakes(ring, null, 'address'), null)
  assert.deepEqual(toldTakes(ring, null, whom), [])
  assert.deepEqual(untoldTakes(ring, null, whom), [])
  assert.deepEqual(refusedProofTakes(ring, null, '203.0.113.7'), [])
  assert.deepEqual(lookTakes(ring, null, 'link'), [])
  assert.deepEqual(passwordTakes(ring, null, 'grant'), [])
  assert.deepEqual(budgetTakes(ring, null), { asks: null, letters: null })
  assert.deepEqual(budgetTakes(ring, standard), { asks: null, letters: null })
})

test('a wrong code counts against the account, in a row, and against the installation', () => {
  assert.deepEqual(wrongCodeTakes(ring, limits, 'address'), {
    account: take(ring, 'wrong-codes-per-account', ['address'], limits.wrongCodesPerAccount),
    inARow: take(ring, 'wrong-codes-in-a-row', ['address'], limits.wrongCodesInARow),
    ofAll: take(ring, 'wrong-codes-of-all', [], limits.wrongCodesOfAll),
  })
})

test('a letter to an address that nobody has takes its one place in a week, and its own by which a retry knows it', () => {
  const windows = [{ max: 1, ms: 7 * 24 * 60 * minute }]
  assert.deepEqual(unknownTakes(ring, 'address-key', 'letter-id'), {
    once: { limit: 'unknown-letters', key: key('unknown-letters', 'address', 'address-key'), windows },
    again: { limit: 'unknown-letters', key: key('unknown-letters', 'letter', 'letter-id'), windows },
  })
})

test('a failed log-in counts against name, account and networks; a known device has its own count in the place of both', () => {
  const block = '2001:db8:1:2::/64'
  const networks = [block, '2001:db8:1::/48'].map((one) =>
    take(ring, 'log-ins-per-network', [one], limits.logInsPerNetwork),
  )
  const whom = { name: 'ana', accountId: '7', block, device: null }
  const named = take(ring, 'log-ins-per-account', ['name', 'ana'], limits.logInsPerAccount)
  assert.deepEqual(toldTakes(ring, limits, whom), [named, ...networks])
  assert.deepEqual(untoldTakes(ring, limits, whom), [
    take(ring, 'log-ins-per-account', ['id', '7'], limits.logInsPerAccount),
  ])
  const device = take(ring, 'log-ins-per-device', ['d'], limits.logInsPerAccount)
  assert.deepEqual(toldTakes(ring, limits, { ...whom, device: 'd' }), [device, ...networks])
  assert.deepEqual(untoldTakes(ring, limits, { ...whom, device: 'd' }), [])
})

test('refused proofs count by network, the unknown ones together; looks and passwords by what they are of', () => {
  const refused = (one: string) => take(ring, 'refused-proofs-per-network', [one], limits.refusedProofsPerNetwork)
  assert.deepEqual(refusedProofTakes(ring, limits, ''), [refused('unknown')])
  assert.deepEqual(refusedProofTakes(ring, limits, '203.0.113.7'), [refused('203.0.113.7')])
  assert.deepEqual(lookTakes(ring, limits, 'x'), [take(ring, 'looks-per-link', ['x'], limits.looksPerLink)])
  const offered = take(ring, 'passwords-per-grant', ['x'], limits.passwordsPerGrant)
  assert.deepEqual(passwordTakes(ring, limits, 'x'), [offered])
  assert.deepEqual(budgetTakes(ring, limits), {
    asks: take(ring, 'asks-of-all', [], limits.asksOfAll),
    letters: take(ring, 'letters-of-all', [], limits.lettersOfAll),
  })
})

test('who must wait is told whole seconds, one at least', () => {
  assert.equal(secondsUntil(5000, 1000), 4)
  assert.equal(secondsUntil(5001, 1000), 5)
  assert.equal(secondsUntil(1000, 1000), 1)
  assert.equal(secondsUntil(500, 1000), 1)
})
