/** Who is asked for a captcha, what a solved one passes, and what nothing but time helps against. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caller, onBench } from '../../test/verbs.ts'
import { type Captcha, type Form, forms, overflow, passed, passing, refusalOf, unsolved } from './captcha.ts'
import type { Hit, LimitName, Take } from './limits.ts'
import { standard, take } from './limits.ts'
import type { Kit } from './ports.ts'

const minute = 60_000
const now = 1_000_000

const of = (limit: LimitName, key: string = limit): Take => ({
  limit,
  key,
  windows: [
    { max: 20, ms: minute },
    { max: 30, ms: 2 * minute },
  ],
})
const hitOn = ({ limit, key }: Take, retryAt = now + minute): Hit => ({
  limit,
  key,
  retryAt,
  closesAt: retryAt,
  first: false,
})

const passable: LimitName[] = ['asks-per-network', 'asks-of-all', 'letters-of-all', 'log-ins-per-network']
const kept: LimitName[] = [
  'asks-per-caller',
  'letters-per-address',
  'letters-in-reserve',
  'resend',
  'wrong-codes-per-account',
  'wrong-codes-in-a-row',
  'wrong-codes-of-all',
  'log-ins-per-account',
  'log-ins-per-device',
  'look-ups-per-network',
  'passwords-per-grant',
]

test('the four forms', () => {
  assert.deepEqual(forms, ['request', 'verify', 'change', 'login'])
})

test('a solved captcha passes what counts a network or the installation, and no count of a caller or an account', () => {
  for (const limit of passable) {
    const { windows, ...rest } = passed(of(limit), 'solved')
    assert.deepEqual(rest, { limit, key: limit }, 'it is counted all the same')
    assert.deepEqual(
      windows.map(({ ms }) => ms),
      [minute, 2 * minute],
      'and over the same times',
    )
    assert.ok(windows.every(({ max }) => max >= 20_000_000))
  }
  for (const limit of kept) assert.deepEqual(passed(of(limit), 'solved'), of(limit))
})

test('one that stood in for a provider passes each once more as often, one that was not solved nothing', () => {
  const twice = [
    { max: 40, ms: minute },
    { max: 60, ms: 2 * minute },
  ]
  for (const limit of passable) assert.deepEqual(passed(of(limit), 'stood-in').windows, twice)
  for (const limit of kept) assert.deepEqual(passed(of(limit), 'stood-in'), of(limit))
  for (const captcha of ['off', 'on-overflow', 'required', undefined] as const) {
    const takes = [...passable, ...kept].map((limit) => of(limit))
    assert.deepEqual(passing(takes, captcha), takes)
  }
  const some = [of('asks-per-caller'), of('asks-per-network')]
  assert.deepEqual(passing(some, 'stood-in'), [some[0], { ...some[1], windows: twice }])
})

test('where every limit that is full can be passed a captcha is asked for, elsewhere time alone helps', () => {
  for (const limit of passable) {
    assert.deepEqual(refusalOf([hitOn(of(limit))], 'on-overflow', 60), { code: 'captcha-required', retryAfter: 60 })
    for (const captcha of ['off', 'solved', 'stood-in', undefined] as const) {
      assert.deepEqual(refusalOf([hitOn(of(limit))], captcha, 60), { code: 'too-many-attempts', retryAfter: 60 })
    }
  }
  const mixed = [hitOn(of('asks-per-network')), hitOn(of('asks-per-caller'))]
  assert.deepEqual(refusalOf(mixed, 'on-overflow', 60), { code: 'too-many-attempts', retryAfter: 60 })
  assert.deepEqual(refusalOf([], 'on-overflow', 60), { code: 'too-many-attempts', retryAfter: 60 }, 'a resend waits')
})

test('of the caller’s own limits the window is told whose wait is the longest', () => {
  const [near, far] = [of('asks-per-network'), { ...of('asks-per-caller'), windows: [{ max: 3, ms: 9 * minute }] }]
  const within = { max: 3, ms: 9 * minute }
  const hits = [hitOn(near), hitOn(far, now + 9 * minute)]
  for (const some of [hits, hits.toReversed()]) {
    assert.deepEqual(refusalOf(some, 'off', 540, [near, far]), { code: 'too-many-attempts', retryAfter: 540, within })
    assert.deepEqual(refusalOf(some, 'off', 540, [far]), { code: 'too-many-attempts', retryAfter: 540, within })
    assert.deepEqual(refusalOf(some, 'off', 540, [near]), { code: 'too-many-attempts', retryAfter: 540 })
  }
  assert.deepEqual(refusalOf([], 'off', 540, [near]), { code: 'too-many-attempts', retryAfter: 540 })
})

/** Fills what is counted under this key. */
const fill = (kit: Kit, limit: LimitName, key: readonly string[], times: number, ms = minute) =>
  Promise.all(
    Array.from({ length: times }, () =>
      kit.store.take([take(kit.keys, limit, key, [{ max: 1_000_000, ms }])], kit.clock.now(), null),
    ),
  )

const day = 24 * 60 * minute

test('each form asks for a captcha past its own counts of network and installation; a change never does', () =>
  onBench(
    async ({ kit }) => {
      const wait = async (form: Form, block = caller.block) => overflow(kit, form, { ...caller, block })
      const all = async (block?: string) => Promise.all(forms.map((form) => wait(form, block)))
      assert.deepEqual(await all(), [null, null, null, null])
      await fill(kit, 'asks-per-network', [caller.block], 20)
      assert.deepEqual(await all(), [900, null, null, null])
      assert.deepEqual(await all('198.51.100.1'), [null, null, null, null])
      await fill(kit, 'log-ins-per-network', ['2001:db8:1::/48'], 100)
      assert.deepEqual(await all('2001:db8:1:1::/64'), [null, null, null, 900])
      await fill(kit, 'wrong-codes-of-all', [], 1000, day)
      assert.deepEqual(await all('198.51.100.1'), [null, 86_400, null, null])
      await fill(kit, 'asks-of-all', [], 100)
      assert.deepEqual(await wait('request', '198.51.100.1'), 3600)
      assert.deepEqual(await wait('request'), 3600, 'of two the later')
      assert.deepEqual(await wait('request', ''), 3600, 'where no network is known too')
    },
    { limits: { asksOfAll: [{ max: 100, ms: 60 * minute }] } },
  ))

test('a budget of letters asks for one too; without limits nothing does', () =>
  onBench(
    async ({ kit }) => {
      await fill(kit, 'letters-of-all', [], 100)
      assert.equal(await overflow(kit, 'request', caller), 3600)
      for (const form of forms) assert.equal(await overflow({ ...kit, limits: null }, form, caller), null)
    },
    { limits: { lettersOfAll: [{ max: 100, ms: 60 * minute }] } },
  ))

test('whoever must solve one is told so, and until when where that ends', () =>
  onBench(async ({ kit }) => {
    const said = (captcha: Captcha | undefined) => unsolved(kit, 'request', captcha, caller)
    assert.deepEqual(await said('required'), { code: 'captcha-required', retryAfter: null })
    for (const captcha of ['off', 'on-overflow', 'solved', 'stood-in', undefined] as const) {
      assert.equal(await said(captcha), null)
    }
    await fill(kit, 'asks-per-network', [caller.block], standard.asksPerNetwork[0].max)
    assert.deepEqual(await said('on-overflow'), { code: 'captcha-required', retryAfter: 900 })
    for (const captcha of ['off', 'solved', 'stood-in', undefined] as const) assert.equal(await said(captcha), null)
  }))
