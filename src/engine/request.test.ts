/** An ask, to the last field: what is counted against whom, what row and letter come of it, and what the asker is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classic, code, spa, stateless } from '../flows/index.ts'
import { type TestRecovery, testRecovery } from '../testing/index.ts'
import type { Caller } from './audit.ts'
import type { Captcha } from './captcha.ts'
import { deviceFor, knownDevice } from './device.ts'
import type { Flow } from './flow.ts'
import { issue } from './issue.ts'
import { digest, keyring, unseal } from './keys.ts'
import { take } from './limits.ts'
import { lookup } from './lookup.ts'
import type { Kit } from './ports.ts'
import { type Asked, challengeIdOf, request } from './request.ts'

const caller: Caller = {
  network: '203.0.113.7',
  block: '203.0.113.7',
  agent: 'a browser',
  browser: 'a browser of its own',
  devices: [],
  locale: 'de',
  requestId: 'request',
}
const owner = 'ana@example.org'

type Bench = {
  recovery: TestRecovery
  kit: Kit
  ask: (flow: Flow, more?: Partial<Asked>) => ReturnType<typeof request>
}

async function inBench(body: (bench: Bench) => Promise<void>, options: object = {}): Promise<void> {
  const recovery = await testRecovery(options)
  const { kit } = recovery
  const ask: Bench['ask'] = (flow, more = {}) =>
    request(kit, flow, { address: owner, caller, previous: null, resend: false, ...more })
  try {
    await body({ recovery, kit, ask })
  } finally {
    await recovery.close()
  }
}

const refusalOf = (answer: Awaited<ReturnType<typeof request>>) => (answer.ok ? null : answer.refusal)

/** Events of asks and look-ups, those of the start left out. */
const opened = async (kit: Kit) => (await kit.store.events(0, 1000)).filter(({ network }) => network !== '')

const elsewhere = (count: number): Caller => ({
  ...caller,
  browser: `browser ${count}`,
  network: `198.51.100.${count}`,
  block: `198.51.100.${count}`,
})

test('an ask needs an address, and a plausible one', () =>
  inBench(async ({ ask, kit }) => {
    for (const address of ['', '  ', '\t\n']) {
      assert.deepEqual(refusalOf(await ask(classic, { address })), { code: 'email-required' })
    }
    for (const address of ['ana', 'ana@', 'a@b.org, c@d.org', 'ana@example.org\r\nBcc: eve@example.net']) {
      assert.deepEqual(refusalOf(await ask(classic, { address })), { code: 'email-invalid' })
    }
    assert.deepEqual(refusalOf(await ask(classic, { captcha: 'required' })), {
      code: 'captcha-required',
      retryAfter: null,
    })
    assert.deepEqual(await opened(kit), [], 'nothing was written')
  }))

test('an ask opens a challenge, queues its letter and notes it, whoever it is', () =>
  inBench(async ({ recovery, kit, ask }) => {
    for (const [flow, tries, browser] of [
      [classic, 0, null],
      [spa, 0, null],
      [code, 5, caller.browser],
    ] as const) {
      const at = recovery.clock.now()
      const answer = await ask(flow, { address: ' Ana@Example.org ' })
      assert.ok(answer.ok)
      const resendAfter = flow.proof.kind === 'code' ? 60 : null
      assert.deepEqual(answer, { ok: true, flowId: answer.flowId, expiresIn: flow.life, resendAfter })
      assert.equal(Buffer.from(answer.flowId, 'base64url').length, 16)
      const id = challengeIdOf(kit, answer.flowId)
      assert.equal(id, digest(kit.keys.current, 'challenge', [answer.flowId]))
      const addressKey = digest(kit.keys.lasting, 'address', [owner])
      const expiresAt = at + flow.life * 1000
      const keyId = kit.keys.current.id
      assert.deepEqual(await kit.store.challenge(id), {
        id,
        flow: flow.name,
        addressKey,
        browser,
        keyId,
        askedAt: at,
        expiresAt,
        state: 'open',
        triesLeft: tries,
        accountId: null,
        mails: id,
        nonce: null,
        mailedAt: at,
      })
      const [leased] = await kit.store.lease(1, at, at + 1000, 'lease')
      const { id: letterId, sealedAddress, ...letter } = leased!.letter
      assert.deepEqual(letter, {
        kind: 'proof',
        flow: flow.name,
        challengeId: id,
        accountId: null,
        keyId,
        locale: 'de',
        createdAt: at,
        expiresAt,
      })
      assert.equal(Buffer.from(letterId, 'base64url').length, 16)
      assert.equal(unseal(kit.keys.current, letterId, sealedAddress), owner)
      const { seq: _, ...event } = (await kit.store.events(0, 100)).at(-1)!
      const { network, agent, requestId } = caller
      const noted = { at, name: 'challenge.opened', flow: flow.name, accountId: null, addressKey, challengeId: id }
      assert.deepEqual(event, { ...noted, network, agent, requestId, because: null })
      await kit.store.settle(letterId, 'lease', at, { kind: 'sent' }, null)
    }
  }))

test('what keeps no row queues a letter alone', () =>
  inBench(async ({ recovery, kit, ask }) => {
    const answer = await ask(stateless)
    assert.ok(answer.ok)
    const at = recovery.clock.now()
    assert.equal(await kit.store.challenge(challengeIdOf(kit, answer.flowId)), null)
    const [leased] = await kit.store.lease(1, at, at + 1000, 'lease')
    assert.equal(leased!.letter.challengeId, null)
    assert.equal(leased!.letter.expiresAt, at + 3_600_000)
    assert.equal((await kit.store.events(0, 9)).at(-1)!.challengeId, null)
  }))

test('three asks by one browser or one network for one address and flow, then one waits', () =>
  inBench(async ({ recovery, ask }) => {
    const max = { max: 3, ms: 900_000 }
    for (let count = 0; count < 3; count++) {
      assert.ok((await ask(classic)).ok)
      recovery.clock.turn({ seconds: 10 })
    }
    const full = refusalOf(await ask(classic))
    assert.ok(full?.code === 'too-many-attempts')
    assert.equal(full.retryAfter, 870)
    assert.deepEqual('within' in full && full.within, max)
    const { browser } = caller
    assert.equal(
      (await ask(classic, { caller: { ...elsewhere(1), browser } })).ok,
      false,
      'another network frees nobody',
    )
    assert.equal((await ask(classic, { caller: { ...caller, browser: 'new' } })).ok, false, 'nor does a new browser')
    assert.equal((await ask(classic, { caller: { ...caller, browser: null } })).ok, false)
    assert.ok((await ask(spa)).ok, 'another flow has its own count')
    assert.ok((await ask(classic, { address: 'bea@example.org' })).ok, 'and another address')
    assert.ok((await ask(classic, { caller: elsewhere(2) })).ok, 'and another caller')
    recovery.clock.turn({ seconds: 870 })
    assert.ok((await ask(classic)).ok)
  }))

test('a host that says no networks counts by browser alone', () =>
  inBench(async ({ ask }) => {
    const nowhere = { ...caller, network: '', block: '' }
    for (let count = 0; count < 3; count++) assert.ok((await ask(classic, { caller: nowhere })).ok)
    assert.equal((await ask(classic, { caller: nowhere })).ok, false)
    for (let count = 0; count < 5; count++) {
      assert.ok((await ask(classic, { caller: { ...nowhere, browser: `browser ${count}` } })).ok)
      assert.ok((await ask(classic, { caller: { ...nowhere, browser: null } })).ok)
    }
    const many = { ...nowhere, browser: null }
    for (let count = 0; count < 30; count++) {
      assert.ok((await ask(classic, { caller: many, address: `${count}@example.org` })).ok)
    }
  }))

test('an ask is counted under its caller, its network and its address, each by a keyed digest of its own', () =>
  inBench(async ({ kit, ask }) => {
    assert.ok((await ask(classic)).ok)
    const addressKey = digest(kit.keys.lasting, 'address', [owner])
    const asks = ['classic', addressKey]
    for (const [limit, key, count] of [
      ['asks-per-caller', [...asks, 'browser', caller.browser!], 1],
      ['asks-per-caller', [...asks, 'network', caller.block], 1],
      ['asks-per-network', [caller.block], 1],
      ['letters-per-address', [addressKey], 1],
      ['letters-in-reserve', [addressKey], 0],
      ['asks-of-all', [], 0],
    ] as const) {
      const one = take(kit.keys, limit, key, [{ max: 1, ms: 86_400_000 }])
      assert.equal((await kit.store.full([one], kit.clock.now())).length, count, [limit, ...key].join(' '))
    }
    const names = new Set((await opened(kit)).map(({ name }) => name))
    assert.deepEqual([...names], ['challenge.opened'])
  }))

test('the reserve of a solved captcha is counted under its address, that of a device under the device', () =>
  inBench(
    async ({ kit, ask }) => {
      const addressKey = digest(kit.keys.lasting, 'address', [owner])
      const isCounted = async (key: string) => {
        const one = take(kit.keys, 'letters-in-reserve', [key], [{ max: 1, ms: 86_400_000 }])
        return (await kit.store.full([one], kit.clock.now())).length > 0
      }
      const device = deviceFor(kit.keys, kit.random, [owner])
      await ask(classic)
      await ask(classic, { caller: { ...elsewhere(1), devices: [device] } })
      assert.equal(await isCounted(addressKey), false)
      assert.ok(await isCounted(knownDevice(kit.keys, owner, [device])!))
      await ask(classic, { caller: elsewhere(2), captcha: 'solved' })
      assert.ok(await isCounted(addressKey))
    },
    { limits: { lettersPerAddress: [{ max: 1, ms: 86_400_000 }] } },
  ))

test('for a caller who is known to be over a limit nothing is made, and it waits for the last of them', () =>
  inBench(async ({ recovery, kit }) => {
    let drawn = 0
    const bytes = (count: number): Uint8Array => {
      drawn += 1
      return kit.random.bytes(count)
    }
    const counting: Kit = { ...kit, random: { ...kit.random, bytes } }
    const one = { ...classic, limits: { ...classic.limits, asks: { max: 1, seconds: 900 } } }
    const ask = (from: Caller) =>
      request(counting, one, { address: owner, caller: from, previous: null, resend: false })
    const waits = async (from: Caller) => {
      const refusal = refusalOf(await ask(from))
      return refusal?.code === 'too-many-attempts' ? refusal.retryAfter : null
    }
    const [first, second] = [elsewhere(1), elsewhere(2)]
    assert.ok((await ask(first)).ok)
    recovery.clock.turn({ seconds: 10 })
    for (const from of [first, { ...first, browser: null }]) {
      assert.equal(await waits(from), 890)
      const made = drawn
      assert.equal(await waits(from), 890)
      assert.equal(drawn, made, 'refused at the door')
    }
    recovery.clock.turn({ seconds: 100 })
    assert.ok((await ask(second)).ok)
    assert.equal(await waits({ ...second, browser: null }), 900)
    assert.equal(await waits({ ...second, browser: first.browser }), 900, 'the later of the two that are known')
  }))

test('twenty asks by one network, and by the /48 around an IPv6 one', () =>
  inBench(async ({ ask }) => {
    for (const [blocks, other] of [
      [['203.0.113.9'], '203.0.113.10'],
      [['2001:db8:1:1::/64', '2001:db8:1:2::/64'], '2001:db8:2:1::/64'],
    ] as const) {
      const from = (count: number, block: string = blocks[count % blocks.length]!): Partial<Asked> => ({
        caller: { ...caller, browser: null, network: block, block },
        address: `${count}@example.org`,
      })
      for (let count = 0; count < 20; count++) assert.ok((await ask(classic, from(count))).ok)
      assert.equal(refusalOf(await ask(classic, from(20)))?.code, 'too-many-attempts')
      assert.equal(refusalOf(await ask(classic, { ...from(20), captcha: 'on-overflow' }))?.code, 'captcha-required')
      assert.ok((await ask(classic, { ...from(20), captcha: 'solved' })).ok)
      assert.ok((await ask(classic, from(21, other))).ok)
    }
  }))

test('without limits everything is taken', () =>
  inBench(async ({ kit }) => {
    const free = { ...kit, limits: null }
    for (let count = 0; count < 30; count++) {
      const asked: Asked = { address: owner, caller, previous: null, resend: false, captcha: 'solved' }
      assert.ok((await request(free, classic, asked)).ok)
    }
    assert.equal((await kit.store.events(0, 100)).filter(({ name }) => name === 'challenge.opened').length, 30)
  }))

test('six letters for an address in a quarter of an hour; a known device or a solved captcha has two more', () =>
  inBench(async ({ kit, ask }) => {
    const withheld = async () =>
      (await kit.store.events(0, 1000)).filter(({ name }) => name === 'letter.withheld').length
    for (let count = 0; count < 6; count++) assert.ok((await ask(classic, { caller: elsewhere(count + 1) })).ok)
    assert.equal(await withheld(), 0)
    assert.ok((await ask(classic, { caller: elsewhere(10) })).ok)
    assert.equal(await withheld(), 1, 'and the answer is the same')
    const device = deviceFor(kit.keys, kit.random, [owner])
    for (let count = 0; count < 3; count++) {
      const known = { ...elsewhere(20 + count), devices: ['junk', device] }
      assert.ok((await ask(classic, { caller: known })).ok)
      assert.equal(await withheld(), count < 2 ? 1 : 2)
    }
    for (let count = 0; count < 3; count++) {
      assert.ok((await ask(classic, { caller: elsewhere(30 + count), captcha: 'solved' })).ok)
      assert.equal(await withheld(), count < 2 ? 2 : 3)
    }
    // A device of somebody else, and a captcha that was not solved, have none.
    const strange = { ...elsewhere(40), devices: [deviceFor(kit.keys, kit.random, ['bea@example.org'])] }
    assert.ok((await ask(classic, { caller: strange, captcha: 'on-overflow' })).ok)
    assert.equal(await withheld(), 4)
  }))

test('the same code is mailed again while it has more than half its life, after its waiting time', () =>
  inBench(async ({ recovery, ask }) => {
    const first = await ask(code)
    assert.ok(first.ok)
    const again = { previous: first.flowId, resend: true }
    assert.deepEqual(refusalOf(await ask(code, again))?.code, 'too-many-attempts')
    recovery.clock.turn({ seconds: 59.95 })
    const waits = refusalOf(await ask(code, again))
    assert.ok(waits?.code === 'too-many-attempts' && waits.retryAfter === 1)
    recovery.clock.turn({ seconds: 0.05 })
    const second = await ask(code, again)
    assert.ok(second.ok && second.flowId === first.flowId)
    const third = await ask(code, { previous: first.flowId })
    assert.ok(third.ok && third.flowId === first.flowId, 'without the button there is no wait')
  }))

test('with half its life or less it is another code', () =>
  inBench(async ({ recovery, ask }) => {
    const first = await ask(code)
    assert.ok(first.ok)
    recovery.clock.turn({ seconds: 449.9 })
    const second = await ask(code, { previous: first.flowId, resend: true })
    assert.ok(second.ok && second.flowId === first.flowId)
    recovery.clock.turn({ seconds: 0.1 })
    const third = await ask(code, { previous: first.flowId })
    assert.ok(third.ok && third.flowId !== first.flowId)
  }))

test('a new secret ends neither the wait for a resend nor the code that it mails again', () =>
  inBench(async ({ recovery, kit, ask }) => {
    const first = await ask(code)
    assert.ok(first.ok)
    const before = 'a secret of a test, of which nothing outside hangs'
    const keys = { ...keyring('the secret of the day after, no less long', [before]), lasting: kit.keys.lasting }
    const turned: Kit = { ...kit, keys }
    const asked: Asked = { address: owner, caller, previous: first.flowId, resend: true }
    assert.equal(refusalOf(await request(turned, code, asked))?.code, 'too-many-attempts')
    recovery.clock.turn({ seconds: 60 })
    const again = await request(turned, code, asked)
    assert.ok(again.ok && again.flowId === first.flowId)
    const fresh = await request(turned, code, { ...asked, caller: elsewhere(1), previous: null })
    assert.ok(fresh.ok)
    const known = { ...asked, caller: elsewhere(1), previous: fresh.flowId }
    assert.equal(
      refusalOf(await request(turned, code, known))?.code,
      'too-many-attempts',
      'one of the new secret waits',
    )
  }))

test('the flow id of a link means nothing to an ask', () =>
  inBench(async ({ ask }) => {
    const first = await ask(classic)
    assert.ok(first.ok)
    const second = await ask(classic, { previous: first.flowId, resend: true })
    assert.ok(second.ok && second.flowId !== first.flowId)
    const unknown = await ask(code, { previous: 'no such flow', resend: true })
    assert.ok(unknown.ok && unknown.flowId !== 'no such flow')
  }))

test('asks past the budget of the installation raise an alarm, and wait for a captcha where there is one', () =>
  inBench(
    async ({ kit, recovery }) => {
      const raised: string[] = []
      const told: Kit = { ...kit, alarm: (name) => void raised.push(name) }
      const ask = (count: number, more: Partial<Asked> = {}) => {
        const from = { ...elsewhere(count % 250), block: `198.51.100.${count}`, browser: `${count}` }
        const asked = { address: `${count}@example.org`, caller: from, previous: null, resend: false, ...more }
        return request(told, classic, asked)
      }
      for (let count = 0; count < 99; count++) assert.ok((await ask(count)).ok)
      assert.deepEqual(raised, [])
      assert.ok((await ask(100)).ok)
      assert.ok((raised as string[]).includes('asks-of-all'))
      assert.ok((await ask(101)).ok, 'without a captcha there is nothing to wait for')
      assert.equal(refusalOf(await ask(102, { captcha: 'on-overflow' }))?.code, 'captcha-required')
      assert.ok((await ask(103, { captcha: 'solved' })).ok)
      recovery.clock.turn({ minutes: 61 })
      assert.ok((await ask(104, { captcha: 'on-overflow' })).ok)
    },
    { limits: { asksOfAll: [{ max: 100, ms: 3_600_000 }] } },
  ))

for (const budget of ['asksOfAll', 'lettersOfAll'] as const) {
  test(`${budget}: whoever solved a captcha that stood in is held by a budget at twice its size`, () =>
    inBench(
      async ({ kit }) => {
        const ask = (count: number, captcha: Captcha) => {
          const from = { ...elsewhere(1), network: `n${count}`, block: `n${count}`, browser: `${count}` }
          const address = `${count}@example.org`
          return request(kit, classic, { address, caller: from, previous: null, resend: false, captcha })
        }
        for (let count = 0; count < 100; count++) assert.ok((await ask(count, 'off')).ok)
        assert.equal(refusalOf(await ask(100, 'on-overflow'))?.code, 'captcha-required')
        for (let count = 100; count < 200; count++) assert.ok((await ask(count, 'stood-in')).ok, String(count))
        assert.equal(refusalOf(await ask(200, 'stood-in'))?.code, 'too-many-attempts')
        assert.ok((await ask(201, 'solved')).ok)
      },
      { limits: { [budget]: [{ max: 100, ms: 3_600_000 }] } },
    ))
}

test('a look-up is counted by network and noted with what it told', () =>
  inBench(async ({ recovery, kit }) => {
    const explicit: Flow = { ...classic, disclosure: 'explicit', eligible: 'verified' }
    const rows = [
      ['ana', true, true],
      ['bea', true, false],
      ['eve', false, true],
    ] as const
    await recovery.accounts.add(
      rows.map(([name, active, verified]) => ({
        email: `${name}@example.org`,
        username: null,
        passwordHash: null,
        active,
        verified,
      })),
      0,
    )
    const look = (address: string, flow = explicit, from = caller) => lookup(kit, flow, address, from)
    assert.deepEqual(await look('nobody@example.org', classic), { ok: true }, 'a uniform flow tells nothing')
    assert.deepEqual(await look('no address'), { ok: true }, 'which the ask refuses itself')
    assert.deepEqual(await opened(kit), [])
    for (const [name, told, because] of [
      ['ana', null, null],
      ['nobody', 'address-unknown', 'no account'],
      ['bea', 'address-unverified', 'not verified'],
      ['eve', 'account-inactive', 'not active'],
    ] as const) {
      const answer = await look(`${name}@example.org`)
      assert.equal(answer.ok ? null : answer.refusal.code, told)
      const event = (await kit.store.events(0, 99)).at(-1)!
      assert.deepEqual([event.name, event.because, event.flow], ['account.looked-up', because, 'classic'])
      assert.equal(event.accountId === null, name === 'nobody')
    }
    for (let count = 4; count < 20; count++) assert.ok((await look('ana@example.org')).ok)
    const full = await look('ana@example.org')
    const within = { max: 20, ms: 900_000 }
    assert.deepEqual(!full.ok && full.refusal, { code: 'too-many-attempts', retryAfter: 900, within })
    const crossed = (await opened(kit)).filter(({ name }) => name === 'limit.crossed')
    assert.deepEqual(
      crossed.map(({ because }) => because),
      ['look-ups-per-network'],
    )
    assert.ok((await lookup({ ...kit, limits: null }, explicit, 'ana@example.org', caller)).ok)
    assert.ok((await look('ana@example.org', explicit, elsewhere(3))).ok)
    const nowhere = { ...caller, block: '' }
    for (let count = 0; count < 25; count++) assert.ok((await look('ana@example.org', explicit, nowhere)).ok)
  }))

test('a letter with two minutes left is sent, and not with a moment less', () =>
  inBench(async ({ recovery, kit, ask }) => {
    await recovery.account({ email: owner, password: 'Old-Kettle-17!' })
    await ask(classic)
    const at = recovery.clock.now()
    const [leased] = await kit.store.lease(1, at, at + 1000, 'lease')
    const { letter } = leased!
    const atTime = (now: number) => issue({ ...kit, clock: { now: () => now } }, classic, letter)
    assert.equal((await atTime(letter.expiresAt - 120_000)).kind, 'send')
    const late = await atTime(letter.expiresAt - 119_999)
    assert.equal(late.kind, 'drop')
    assert.deepEqual([late.event.name, late.event.because], ['letter.expired', 'too little time left'])
  }))
