/** A letter's turn: whom it goes to, what it carries, and why one is not sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bench, caller, isCounted, letters, linkIn, mail, onBench, owner, stranger } from '../../test/verbs.ts'
import { classic, code, spa, stateless, verified } from '../flows/index.ts'
import { nobody } from './audit.ts'
import type { Flow } from './flow.ts'
import { type Issued, issue } from './issue.ts'
import { digest, keyring } from './keys.ts'
import { unknownTakes } from './limits.ts'
import { notice } from './notice.ts'
import type { Account, Kit } from './ports.ts'
import { codeOf, columnReference, linkToken, noAccount, signedToken, uidOf } from './proof.ts'
import { look, openLink, prove } from './prove.ts'
import { challengeIdOf, request } from './request.ts'

/** An event of the worker's own. */
const noted = (kit: Kit, name: string, flow: Flow, more: object): object => ({
  at: kit.clock.now(),
  name,
  flow: flow.name,
  accountId: null,
  addressKey: null,
  challengeId: null,
  ...nobody,
  because: null,
  ...more,
})

test('each link is made for the account as it is, and its letter says until when', () =>
  onBench(async ({ kit, clock, ana }) => {
    for (const flow of [classic, spa, stateless, verified]) {
      const { flowId, issued } = await mail(kit, flow)
      const challengeId = flow.proof.kind === 'signed' ? null : challengeIdOf(kit, flowId)
      const challenge = challengeId === null ? null : await kit.store.challenge(challengeId)
      const expiresAt = clock.now() + flow.life * 1000
      const keys = kit.keys.current
      const token = challenge ? linkToken(keys, flow, challenge, ana()) : signedToken(keys, flow, ana(), expiresAt)
      assert.equal(ana().reset === null, flow !== verified, 'only one of them writes into the users table')
      assert.deepEqual(issued, {
        kind: 'send',
        account: flow === verified ? { ...ana(), reset: null } : ana(),
        proof: { kind: 'link', secret: kit.links.toProof(flow.name, uidOf(ana().id), token) },
        expiresAt,
        event: noted(kit, 'letter.sent', flow, { accountId: ana().id, challengeId }),
      })
      assert.equal(challenge?.accountId, challenge ? ana().id : undefined)
      if (flow === verified) {
        assert.deepEqual(ana().reset, { reference: columnReference(keys, challengeId!), expiresAt })
      }
    }
  }))

test('a code is that of its challenge, and a letter that is sent again carries the same', () =>
  onBench(async ({ kit, ana, clock }) => {
    const { flowId, letter, issued } = await mail(kit, code)
    const challenge = (await kit.store.challenge(challengeIdOf(kit, flowId)))!
    const secret = codeOf(kit.keys.current, code, challenge, [ana()])
    assert.ok(issued.kind === 'send')
    assert.deepEqual(issued.proof, { kind: 'code', secret })
    clock.turn({ minutes: 5 })
    const again = await issue(kit, code, letter)
    assert.ok(again.kind === 'send')
    assert.deepEqual(again.proof, issued.proof)
    assert.equal(again.expiresAt, challenge.expiresAt)
  }))

/** That nothing is sent, and why. */
function assertDropped(kit: Kit, issued: Issued, flow: Flow, name: string, because: string, more: object = {}): void {
  assert.deepEqual(issued, { kind: 'drop', event: noted(kit, name, flow, { because, ...more }) })
}

test('who has no account, or may not recover, gets nothing; the challenge is a decoy’s from then on', () =>
  onBench(async ({ kit, add }) => {
    const idle = await add('eve@example.org', { active: false })
    const unverified = await add('bea@example.org', { verified: false })
    let from = 0
    for (const flow of [classic, code, verified, stateless]) {
      for (const [address, because, accountId] of [
        ['nobody@example.org', 'no account', null],
        ['eve@example.org', 'not active', idle],
        ['bea@example.org', 'not verified', unverified],
      ] as const) {
        if (because === 'not verified' && flow !== verified) continue
        from += 1
        const { flowId, issued } = await mail(kit, flow, address, stranger(from))
        const challengeId = flow.proof.kind === 'signed' ? null : challengeIdOf(kit, flowId)
        assertDropped(kit, issued, flow, 'letter.dropped', because, { accountId, challengeId })
        if (challengeId === null) continue
        const challenge = await kit.store.challenge(challengeId)
        const addressKey = digest(kit.keys.lasting, 'address', [address])
        assert.equal(challenge?.accountId, `decoy:${addressKey}`)
        assert.equal(challenge?.state, 'open', 'and looks like any other')
      }
    }
  }))

test('who signs in elsewhere gets a letter that says so, and no proof', () =>
  onBench(async ({ kit, ana, alter }) => {
    alter({ signOn: true })
    for (const flow of [classic, code, stateless]) {
      const { flowId, letter, issued } = await mail(kit, flow)
      const challengeId = flow.proof.kind === 'signed' ? null : challengeIdOf(kit, flowId)
      const because = 'signs in elsewhere'
      assert.deepEqual(issued, {
        kind: 'send',
        account: ana(),
        proof: { kind: 'other-door', secret: '' },
        expiresAt: letter.expiresAt,
        event: noted(kit, 'letter.sent', flow, { accountId: ana().id, challengeId, because }),
      })
      if (challengeId) assert.match((await kit.store.challenge(challengeId))!.accountId!, /^decoy:/)
    }
  }))

test('two minutes before its end a letter is no longer sent, whatever it carries', () =>
  onBench(async ({ kit, clock, ana }) => {
    for (const flow of [stateless, classic, code]) {
      const { letter } = await mail(kit, flow)
      const { challengeId } = letter
      const atTime = (now: number) => ({ ...kit, clock: { now: () => now } })
      const last = atTime(letter.expiresAt - 120_000)
      assert.equal((await issue(last, flow, letter)).kind, 'send')
      const late = atTime(letter.expiresAt - 119_999)
      const because = 'too little time left'
      assertDropped(late, await issue(late, flow, letter), flow, 'letter.expired', because, { challengeId })
    }
    const told = notice(kit, 'changed', classic, ana(), caller, clock.now())
    const late = { ...kit, clock: { now: () => told.expiresAt - 119_999 } }
    const more = { accountId: ana().id }
    assertDropped(late, await issue(late, classic, told), classic, 'letter.expired', 'too little time left', more)
  }))

test('a letter whose key is gone, whose address was tampered with, or whose challenge is gone or closed is dropped', () =>
  onBench(async ({ kit, clock, ana, alter }) => {
    const { letter } = await mail(kit, code)
    const { challengeId } = letter
    const drop = async (in_: Kit, one: typeof letter, because: string, more: object = {}) =>
      assertDropped(in_, await issue(in_, code, one), code, 'letter.dropped', because, { challengeId, ...more })
    await drop({ ...kit, keys: keyring('another secret, of which nothing outside hangs') }, letter, 'key is gone')
    await drop(kit, { ...letter, sealedAddress: `${letter.sealedAddress.slice(0, -4)}AAAA` }, 'key is gone')
    await drop(kit, { ...letter, id: 'another' }, 'key is gone')
    const accountId = ana().id
    const gone = { challengeId: 'gone', accountId }
    await drop(kit, { ...letter, challengeId: 'gone' }, 'challenge is gone', gone)
    await drop(kit, { ...letter, challengeId: null }, 'challenge is gone', { challengeId: null, accountId })
    // Bound to one account, the address is another's by now.
    alter({ email: 'ana@example.net' })
    await kit.accounts.add(
      [{ email: owner, username: null, passwordHash: null, verified: true, active: true }],
      clock.now(),
    )
    const other = (await kit.accounts.byAddress('ana@example.org'))[0]!.id
    await drop(kit, letter, 'challenge is closed', { accountId: other })
  }))

/** With room for one live challenge. */
const single = <F extends Flow>(flow: F): F => ({ ...flow, limits: { ...flow.limits, live: 1 } })

test('a further ask mails the live proof again while it has half its life, then a fresh one in its place', () =>
  onBench(async ({ kit, clock }) => {
    const one = single(classic)
    const first = await mail(kit, one)
    clock.turn({ seconds: one.life / 2 - 0.1 })
    const second = await mail(kit, one)
    assert.deepEqual(linkIn(one, second.secret), linkIn(one, first.secret))
    assert.ok(second.issued.kind === 'send')
    assert.equal(second.issued.expiresAt, first.letter.expiresAt, 'and says its end, not its own')
    clock.turn({ seconds: 0.2 })
    const third = await mail(kit, one)
    assert.notDeepEqual(linkIn(one, third.secret), linkIn(one, first.secret))
    assert.equal((await openLink(kit, one, linkIn(one, first.secret))).ok, false)
    assert.ok((await openLink(kit, one, linkIn(one, third.secret))).ok)
  }))

test('a letter that carries an older proof ends with that one', () =>
  onBench(async ({ kit, clock, ana }) => {
    const one = single(classic)
    const first = await mail(kit, one)
    clock.turn({ minutes: 60 })
    const { letter } = await mail(kit, one)
    const atTime = (now: number) => ({ ...kit, clock: { now: () => now } })
    assert.equal((await issue(atTime(first.letter.expiresAt - 120_000), one, letter)).kind, 'send')
    const late = atTime(first.letter.expiresAt - 119_999)
    const more = { challengeId: letter.challengeId, accountId: ana().id }
    assertDropped(late, await issue(late, one, letter), one, 'letter.expired', 'too little time left', more)
  }))

test('a letter that carries an older proof is dropped with the secret that made it', () =>
  onBench(async ({ kit, ana }) => {
    const one = single(classic)
    await mail(kit, one)
    const [before, now] = ['a secret of a test, of which nothing outside hangs', 'the secret of the day after']
    const { lasting } = kit.keys
    const turned: Kit = { ...kit, keys: { ...keyring(now, [before]), lasting } }
    const { letter, issued } = await mail(turned, one)
    assert.equal(issued.kind, 'send')
    const dropped: Kit = { ...kit, keys: { ...keyring(now), lasting } }
    const more = { challengeId: letter.challengeId, accountId: ana().id }
    assertDropped(dropped, await issue(dropped, one, letter), one, 'letter.dropped', 'key is gone', more)
    const { secret } = await mail(dropped, one, owner, stranger(1))
    assert.ok(
      (await look(dropped, one, linkIn(one, secret), caller)).ok,
      'one of a secret that is gone is in nobody’s way',
    )
  }))

/** That the letter carries a link in the place of a code, and that the link opens. */
async function assertLink({ kit, ana }: Pick<Bench, 'kit' | 'ana'>, flow: Flow, issued: Issued): Promise<void> {
  assert.ok(issued.kind === 'send' && issued.proof)
  assert.equal(issued.proof.kind, 'link-instead')
  const opened = await openLink(kit, flow, linkIn(flow, issued.proof.secret))
  assert.equal(opened.ok && opened.account.id, ana().id)
}

const guess = async (kit: Kit, flow: Flow, flowId: string, right: string, by = caller): Promise<void> => {
  const wrong = right === '000000' ? '111111' : '000000'
  assert.equal((await prove(kit, flow, { flowId, address: owner, code: wrong, caller: by })).ok, false)
}

test('where the tries of a code are used up its letter carries a link', () =>
  onBench(async (bench) => {
    const { kit } = bench
    const { flowId, letter, secret } = await mail(kit, code)
    for (let count = 0; count < 4; count++) await guess(kit, code, flowId, secret)
    const again = await issue(kit, code, letter)
    assert.deepEqual(again.kind === 'send' && again.proof, { kind: 'code', secret }, 'one try is left')
    await guess(kit, code, flowId, secret)
    await assertLink(bench, code, await issue(kit, code, letter))
  }))

for (const name of ['wrongCodesPerAccount', 'wrongCodesInARow', 'wrongCodesOfAll'] as const) {
  test(`${name}: where it is used up letters carry links, and where nothing is counted codes`, () =>
    onBench(
      async (bench) => {
        const { kit } = bench
        const { flowId, letter, secret } = await mail(kit, code)
        await guess(kit, code, flowId, secret)
        assert.equal((await issue(kit, code, letter)).kind, 'send')
        await guess(kit, code, flowId, secret)
        await assertLink(bench, code, await issue(kit, code, letter))
        const notices = await letters(kit)
        assert.equal(notices.length, name === 'wrongCodesPerAccount' ? 1 : 0)
        await assertLink(bench, code, (await mail(kit, code, owner, stranger(1))).issued)
        const free = await issue({ ...kit, limits: null }, code, letter)
        assert.equal(free.kind === 'send' && free.proof?.kind, 'code')
        const link = await mail(kit, classic)
        assert.equal(link.issued.kind === 'send' && link.issued.proof?.kind, 'link', 'of any other flow')
      },
      { limits: { [name]: [{ max: 2, ms: name === 'wrongCodesInARow' ? 365 * 86_400_000 : 86_400_000 }] } },
    ))
}

test('a code that another browser asked for would be of no use: the letter carries its link', () =>
  onBench(async (bench) => {
    const { kit } = bench
    const one = single(code)
    const { secret } = await mail(kit, one)
    await assertLink(bench, one, (await mail(kit, one, owner, stranger(1))).issued)
    await assertLink(bench, one, (await mail(kit, one, owner, { ...caller, browser: null })).issued)
    const same = await mail(kit, one)
    assert.equal(same.secret, secret)
  }))

test('two programs share no code; one that asks again for its own gets it', () =>
  onBench(async (bench) => {
    const { kit, clock } = bench
    const one = single(code)
    const program = { ...caller, browser: null }
    const first = await mail(kit, one, owner, program)
    await assertLink(bench, one, (await mail(kit, one, owner, program)).issued)
    clock.turn({ seconds: 60 })
    const asked = { address: owner, caller: program, previous: first.flowId, resend: true }
    assert.ok((await request(kit, one, asked)).ok)
    const [letter] = await letters(kit)
    const again = await issue(kit, one, letter!)
    assert.deepEqual(again.kind === 'send' && again.proof, { kind: 'code', secret: first.secret })
  }))

test('a notice goes to the address of its moment, in the words of the account as it is, though that be gone', () =>
  onBench(async ({ kit, clock, ana, alter, accounts }) => {
    const told = notice(kit, 'too-many-tries', code, ana(), caller, clock.now())
    alter({ email: 'thief@example.net', active: false, signOn: true, locale: 'de' })
    const sent = (account: Account) => ({
      kind: 'send',
      account,
      proof: null,
      expiresAt: told.expiresAt,
      event: noted(kit, 'letter.sent', code, { accountId: told.accountId, because: 'too-many-tries' }),
    })
    assert.deepEqual(await issue(kit, code, told), sent({ ...ana(), email: owner }))
    accounts.delete(told.accountId!)
    assert.deepEqual(await issue(kit, code, told), sent({ ...noAccount, id: told.accountId!, email: owner }))
    const nobodys = { ...told, accountId: null }
    assertDropped(kit, await issue(kit, code, nobodys), code, 'letter.dropped', 'no account')
  }))

// Addresses that nobody has, and addresses of several

const telling = (flow: Flow): Flow => ({ ...flow, tellsUnknown: true })

test('an address that nobody has is told so once a week over all flows, where the flow tells it', () =>
  onBench(async ({ kit, clock }) => {
    const address = 'nobody@example.org'
    const first = await mail(kit, telling(classic), address)
    const { challengeId, expiresAt } = first.letter
    const told = {
      kind: 'send',
      account: { ...noAccount, email: address },
      proof: { kind: 'no-account', secret: '' },
      expiresAt,
      event: noted(kit, 'letter.sent', classic, { challengeId, because: 'no account' }),
    }
    assert.deepEqual(first.issued, told)
    const addressKey = digest(kit.keys.lasting, 'address', [address])
    assert.ok(await isCounted(kit, unknownTakes(kit.keys, addressKey, first.letter.id).once))
    assert.match((await kit.store.challenge(challengeId!))!.accountId!, /^decoy:/)
    assert.deepEqual(await issue(kit, telling(classic), first.letter), told, 'sent again it is the same letter')
    for (const flow of [classic, spa]) {
      const again = await mail(kit, telling(flow), address, stranger(1))
      const more = { challengeId: again.letter.challengeId }
      assertDropped(kit, again.issued, flow, 'letter.dropped', 'no account', more)
    }
    assert.deepEqual((await issue(kit, telling(classic), first.letter)).kind, 'send')
    assert.equal((await mail(kit, telling(stateless), 'other@example.org')).issued.kind, 'send')
    clock.turn({ days: 7 })
    assert.equal((await mail(kit, telling(classic), address)).issued.kind, 'send')
    clock.turn({ minutes: 20 })
    assert.equal((await mail(kit, classic, 'third@example.org')).issued.kind, 'drop')
  }))

test('who has an account that may not recover is told nothing, and a notice of nobody goes nowhere', () =>
  onBench(async ({ kit, clock, add, ana }) => {
    await add('eve@example.org', { active: false })
    assert.equal((await mail(kit, telling(classic), 'eve@example.org')).issued.kind, 'drop')
    const told = { ...notice(kit, 'changed', classic, ana(), caller, clock.now()), accountId: null }
    assertDropped(kit, await issue(kit, telling(classic), told), classic, 'letter.dropped', 'no account')
    assert.equal((await mail(kit, telling(classic))).secret.slice(0, 6), 'https:', 'and who has one gets the proof')
  }))

test('of several accounts under one address each that may recover has a letter of its own; of one the letter is its own', () =>
  onBench(async ({ kit, ana, add, alter, accounts }) => {
    const ids: string[] = []
    for (const [name, more] of [
      ['bea', {}],
      ['cid', { active: false }],
    ] as const) {
      const id = await add(`${name}@example.org`, more)
      alter({ email: 'ANA@example.org' }, id)
      ids.push(id)
    }
    for (const flow of [classic, code, stateless]) {
      const { flowId, letter, issued } = await mail(kit, flow)
      const challenge = letter.challengeId === null ? null : await kit.store.challenge(challengeIdOf(kit, flowId))
      assert.ok(issued.kind === 'split')
      assert.deepEqual(
        issued.settlement.letters.map(({ accountId }) => accountId),
        [ana().id, ids[0]],
        'none for who may not recover',
      )
      assert.equal(issued.settlement.challenges.length, challenge ? 2 : 0)
      if (challenge) assert.match(challenge.accountId!, /^decoy:/, 'what the asker holds is nobody’s')
      const because = 'a letter for each account'
      assert.deepEqual(issued.event, noted(kit, 'letter.dropped', flow, { challengeId: letter.challengeId, because }))
    }
    // With one left that may recover it is his, and with none the first is judged.
    alter({ active: false }, ids[0])
    const { issued } = await mail(kit, spa)
    assert.equal(issued.kind === 'send' && issued.account.id, ana().id)
    alter({ active: true }, ids[0])
    alter({ active: false })
    const second = await mail(kit, spa, owner, stranger(1))
    assert.equal(second.issued.kind === 'send' && second.issued.account.id, ids[0], 'though he be the second')
    alter({ active: false }, ids[0])
    accounts.set(ids[1]!, { ...accounts.get(ids[1]!)!, verified: false })
    const none = await mail(kit, verified)
    assert.ok(none.issued.kind === 'drop')
    assert.deepEqual([none.issued.event.because, none.issued.event.accountId], ['not active', ana().id])
  }))

test('a letter that one was split into is of its account alone, and is dropped with it', () =>
  onBench(async ({ kit, ana, add, alter, accounts, clock }) => {
    const id = await add('bea@example.org')
    // Another spelling: of one and the same there would be one code for both.
    alter({ email: owner.toLowerCase() }, id)
    for (const flow of [spa, code]) {
      await request(kit, flow, { address: owner, caller, previous: null, resend: false })
      const at = clock.now()
      const [leased] = await kit.store.lease(1, at, at + 1000, 'lease')
      const issued = await issue(kit, flow, leased!.letter)
      assert.ok(issued.kind === 'split')
      await kit.store.settle(leased!.letter.id, 'lease', at, issued.settlement, issued.event)
      const parts = await letters(kit)
      assert.equal(parts.length, 2)
      for (const part of parts) {
        const own = await issue(kit, flow, part)
        assert.ok(own.kind === 'send' && own.proof)
        assert.equal(own.proof.kind, flow === code ? 'link-instead' : 'link')
        const opened = await openLink(kit, flow, linkIn(flow, own.proof.secret))
        assert.equal(opened.ok && opened.account.id, part.accountId)
      }
      const beas = parts.find(({ accountId }) => accountId === id)!
      const row = accounts.get(id)!
      accounts.delete(id)
      const { challengeId } = beas
      assertDropped(kit, await issue(kit, flow, beas), flow, 'letter.dropped', 'no account', {
        challengeId,
        accountId: id,
      })
      accounts.set(id, row)
    }
    assert.ok(ana().active)
  }))
