/** One's own account while signed in: what it shows, what a new password asks for and ends, and whose sessions one ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Bench,
  caller,
  isCounted,
  letters,
  linkIn,
  mail,
  onBench,
  owner,
  password,
  stranger,
} from '../../test/verbs.ts'
import { classic, code, spa } from '../flows/index.ts'
import { deviceFor, knownDevice } from './device.ts'
import type { Flow } from './flow.ts'
import { unseal } from './keys.ts'
import { passwordTakes, standard, toldTakes, untoldTakes } from './limits.ts'
import { login, signedIn } from './login.ts'
import type { Kit } from './ports.ts'
import { look, prove } from './prove.ts'
import { sessionIds } from './session.ts'
import { changeOwn, endOwn, type OwnWish, ownAccount } from './signed-in.ts'

const after = 'New-Harbour-83?'

async function enter(kit: Kit, by = caller, name = owner): Promise<string> {
  const entered = await login(kit, { name, password, caller: by })
  assert.ok(entered.ok)
  return entered.session
}

const wishOf = (token: string, more: Partial<OwnWish> = {}): OwnWish => ({
  token,
  current: password,
  password: after,
  confirm: after,
  caller,
  ...more,
})

const idOf = (kit: Kit, token: string): string => sessionIds(kit.keys, token)[0]!

test('the owner sees the account, its sessions and what happened lately, newest first; nobody else does', () =>
  onBench(async ({ kit, ana, add, alter, clock }) => {
    await add('bea@example.org', { passwordHash: ana().passwordHash })
    const there = await enter(kit, stranger(1))
    clock.turn({ seconds: 1 })
    await enter(kit, stranger(2), 'bea@example.org')
    await login(kit, { name: owner, password: 'Wrong-Guess-55!', caller: stranger(3) })
    clock.turn({ seconds: 1 })
    const here = await enter(kit)
    const own = await ownAccount(kit, here)
    assert.ok(own)
    assert.deepEqual(own.account, ana())
    assert.equal(own.session.id, idOf(kit, here))
    assert.deepEqual(
      own.sessions.map(({ id, network }) => [id, network]),
      [
        [idOf(kit, here), caller.network],
        [idOf(kit, there), stranger(1).network],
      ],
    )
    assert.deepEqual(
      own.events.map(({ name, network }) => [name, network]),
      [
        ['session.opened', caller.network],
        ['session.refused', stranger(3).network],
        ['session.opened', stranger(1).network],
      ],
    )
    assert.equal(await ownAccount(kit, 'no session'), null)
    alter({ active: false })
    assert.equal(await ownAccount(kit, here), null)
  }))

test('what is shown of the audit is how somebody came in, and what could have let them in', () =>
  onBench(async ({ kit }) => {
    const token = await enter(kit)
    const { flowId, secret, issued } = await mail(kit, code)
    await kit.store.note(issued.event)
    assert.ok((await prove(kit, code, { flowId, address: owner, code: secret, caller })).ok)
    await changeOwn(kit, classic, wishOf(token, { password: '1', confirm: '1' }))
    const changed = await changeOwn(kit, classic, wishOf(token))
    assert.ok(changed.ok)
    const own = await ownAccount(kit, changed.session)
    assert.deepEqual(
      own?.events.map(({ name }) => name),
      ['password.changed', 'password.refused', 'proof.accepted', 'letter.sent', 'session.opened'],
    )
  }))

test('a hundred sessions and sixty events are shown at most', () =>
  onBench(async ({ kit }) => {
    let token = ''
    for (let count = 0; count < 101; count++) token = await enter(kit)
    const own = await ownAccount(kit, token)
    assert.deepEqual([own?.sessions.length, own?.events.length], [100, 60])
  }))

test('with the current password one sets a new one: every session ends but a new one, and the owner is told', () =>
  onBench(async ({ kit, ana, last, clock }) => {
    const [here, there] = [await enter(kit), await enter(kit, stranger(1))]
    const link = linkIn(spa, (await mail(kit, spa)).secret)
    const before = ana()
    const changed = await changeOwn(kit, code, wishOf(here))
    assert.ok(changed.ok)
    assert.deepEqual(changed.account, before)
    assert.ok(await kit.hasher.verify(ana().passwordHash, after))
    assert.deepEqual(await kit.store.history(ana().id, 9), [before.passwordHash])
    assert.deepEqual([await signedIn(kit, here), await signedIn(kit, there)], [null, null])
    assert.deepEqual(await signedIn(kit, changed.session), ana())
    assert.equal(Buffer.from(changed.session, 'base64url').length, 32)
    assert.ok(knownDevice(kit.keys, 'ana@example.org', [changed.device]))
    assert.equal((await look(kit, spa, link, caller)).ok, false, 'an open proof is revoked')
    const { seq: _, ...noted } = (await kit.store.events(0, 999)).findLast(({ name }) => name === 'password.changed')!
    const { network, agent, requestId } = caller
    assert.deepEqual(noted, {
      at: clock.now(),
      name: 'password.changed',
      flow: 'code',
      accountId: ana().id,
      addressKey: null,
      challengeId: null,
      network,
      agent,
      requestId,
      because: 'signed in',
    })
    const [letter, ...more] = await letters(kit)
    assert.deepEqual([letter?.kind, letter?.flow, letter?.accountId, more.length], ['changed', 'code', ana().id, 0])
    assert.equal(unseal(kit.keys.current, letter!.id, letter!.sealedAddress), owner)
    assert.equal((await last()).name, 'proof.refused')
  }))

/** That nothing is changed, and with which refusal. */
async function assertRefused({ kit, ana }: Pick<Bench, 'kit' | 'ana'>, flow: Flow, wish: OwnWish, refusal: object) {
  const { passwordHash } = ana()
  assert.deepEqual(await changeOwn(kit, flow, wish), { ok: false, refusal })
  assert.equal(ana().passwordHash, passwordHash)
}

test('nobody changes a password without a session, or where the account signs in elsewhere', () =>
  onBench(async (bench) => {
    const { kit, alter } = bench
    const token = await enter(kit)
    await assertRefused(bench, classic, wishOf('no session'), { code: 'session-expired' })
    alter({ signOn: true })
    await assertRefused(bench, classic, wishOf(token), { code: 'login-elsewhere' })
  }))

test('a stolen cookie changes nothing: guesses at the current password are counted with failed log-ins', () =>
  onBench(async (bench) => {
    const { kit, ana, last, clock } = bench
    const token = await enter(kit)
    const wrong = wishOf(token, { current: 'Wrong-Guess-55!' })
    for (let count = 0; count < 10; count++) {
      await assertRefused(bench, classic, wrong, { code: 'login-failed' })
      const { name, because, accountId } = await last()
      assert.deepEqual([name, because, accountId], ['password.refused', 'wrong password', ana().id])
      clock.turn({ seconds: 1 })
    }
    const wait = { code: 'too-many-attempts', retryAfter: 890 }
    await assertRefused(bench, classic, wishOf(token), wait)
    const { name, because, accountId } = await last()
    assert.deepEqual([name, because, accountId], ['limit.crossed', 'log-ins-per-account', ana().id])
    const entered = await login(kit, { name: owner, password, caller: stranger(1) })
    assert.equal(!entered.ok && entered.refusal.code, 'too-many-attempts')
    for (const one of [
      ...toldTakes(kit.keys, standard, { name: 'ana@example.org', block: caller.block, device: null }),
      ...untoldTakes(kit.keys, standard, { accountId: ana().id, device: null }),
    ]) {
      assert.ok(await isCounted(kit, one), one.limit)
    }
  }))

test('the right current password gives its try back, though the new one be refused, and a change ends the count', () =>
  onBench(async ({ kit, ana }) => {
    const token = await enter(kit)
    const [byName, byNetwork] = toldTakes(kit.keys, standard, {
      name: 'ana@example.org',
      block: caller.block,
      device: null,
    })
    const [byAccount] = untoldTakes(kit.keys, standard, { accountId: ana().id, device: null })
    const counted = async () => Promise.all([byName!, byNetwork!, byAccount!].map((one) => isCounted(kit, one)))
    await changeOwn(kit, classic, wishOf(token, { password: '1' }))
    assert.deepEqual(await counted(), [false, false, false])
    await changeOwn(kit, classic, wishOf(token, { current: 'Wrong-Guess-55!' }))
    assert.deepEqual(await counted(), [true, true, true])
    assert.ok((await changeOwn(kit, classic, wishOf(token))).ok)
    assert.deepEqual(await counted(), [false, true, false], 'that of the network is everybody’s')
  }))

test('a known browser has tries of its own, which no stranger uses up', () =>
  onBench(async (bench) => {
    const { kit, ana } = bench
    const device = deviceFor(kit.keys, kit.random, ['ana@example.org', 'ana-7'])
    const token = await enter(kit)
    for (let count = 0; count < 10; count++) {
      await login(kit, { name: owner, password: 'Wrong-Guess-55!', caller: stranger(1) })
    }
    const by = { ...caller, devices: [device] }
    assert.equal((await changeOwn(kit, classic, wishOf(token))).ok, false)
    await assertRefused(bench, classic, wishOf(token, { caller: by, current: 'Wrong-Guess-55!' }), {
      code: 'login-failed',
    })
    const own = toldTakes(kit.keys, standard, {
      name: '',
      block: '',
      device: knownDevice(kit.keys, 'ana@example.org', [device]),
    })
    assert.ok(await isCounted(kit, own[0]!))
    assert.ok((await changeOwn(kit, classic, wishOf(token, { caller: by }))).ok)
    assert.ok(ana().passwordHash)
  }))

test('the new password is judged as after a reset: by the rules, the table’s own hash, breaches and what was used before', () =>
  onBench(async (bench) => {
    const { kit, ana, last } = bench
    const token = await enter(kit)
    const refused = async (more: Partial<OwnWish>, unmet: string[], in_: Kit = kit, flow: Flow = code) => {
      await assertRefused({ ...bench, kit: in_ }, flow, wishOf(token, more), { code: 'password-refused', unmet })
      const { name, because, accountId } = await last()
      assert.deepEqual([name, because, accountId], ['password.refused', unmet.join(' '), ana().id])
    }
    await refused({ password: 'kettle17', confirm: 'kettle17' }, ['no-upper', 'no-special'])
    await refused({ confirm: 'Other-Harbour-83?' }, ['mismatch'])
    await refused({ password, confirm: password }, ['same-as-current'])
    const breached: Kit = { ...kit, isBreached: async (one) => one === after }
    await refused({}, ['common'], breached)
    const short: Kit = { ...kit, hasher: { ...kit.hasher, refuses: () => 'too-many-bytes' } }
    await refused({}, ['too-many-bytes'], short)
  }))

test('a password is judged as it is tidied, with its confirmation', () =>
  onBench(async ({ kit, ana }) => {
    const token = await enter(kit)
    const [composed, decomposed] = ['Caf\u00e9-Kettle-83?', 'Cafe\u0301-Kettle-83?']
    const changed = await changeOwn(kit, classic, wishOf(token, { password: composed, confirm: decomposed }))
    assert.ok(changed.ok)
    assert.ok(await kit.hasher.verify(ana().passwordHash, composed))
    const again = wishOf(changed.session, { current: decomposed })
    assert.ok((await changeOwn(kit, classic, again)).ok)
  }))

test('one that was used before is refused as far as the flow looks back', () =>
  onBench(async ({ kit }) => {
    const first = await changeOwn(kit, code, wishOf(await enter(kit)))
    assert.ok(first.ok)
    const back = wishOf(first.session, { current: after, password, confirm: password })
    const refused = await changeOwn(kit, code, back)
    assert.deepEqual(!refused.ok && refused.refusal, { code: 'password-refused', unmet: ['used-before'] })
    assert.ok((await changeOwn(kit, classic, back)).ok, 'this one does not')
  }))

test('a hundred new passwords may be offered in a quarter of an hour', () =>
  onBench(async (bench) => {
    const { kit, ana, last } = bench
    const token = await enter(kit)
    const poor = wishOf(token, { password: '1', confirm: '1' })
    for (let count = 0; count < 100; count++) await changeOwn(kit, classic, poor)
    assert.ok(await isCounted(kit, passwordTakes(kit.keys, standard, ana().id)[0]!))
    await assertRefused(bench, classic, wishOf(token), { code: 'too-many-attempts', retryAfter: 900 })
    const { name, because, accountId } = await last()
    assert.deepEqual([name, because, accountId], ['limit.crossed', 'passwords-per-grant', ana().id])
  }))

test('whoever is over two limits waits for the later', () =>
  onBench(
    async (bench) => {
      const { kit, clock, add, ana } = bench
      await add('bea@example.org', { passwordHash: ana().passwordHash })
      const token = await enter(kit)
      await login(kit, { name: 'bea@example.org', password: 'Wrong-Guess-55!', caller })
      clock.turn({ minutes: 10 })
      await assertRefused(bench, classic, wishOf(token, { current: 'Wrong-Guess-55!' }), { code: 'login-failed' })
      await assertRefused(bench, classic, wishOf(token), { code: 'too-many-attempts', retryAfter: 900 })
    },
    {
      limits: {
        logInsPerAccount: [{ max: 1, ms: 15 * 60_000 }],
        logInsPerNetwork: [{ max: 2, ms: 15 * 60_000 }],
      },
    },
  ))

test('whose network alone is over its limit waits too', () =>
  onBench(
    async (bench) => {
      const { kit } = bench
      const token = await enter(kit)
      await login(kit, { name: 'bea@example.org', password: 'Wrong-Guess-55!', caller })
      await assertRefused(bench, classic, wishOf(token), { code: 'too-many-attempts', retryAfter: 900 })
    },
    { limits: { logInsPerNetwork: [{ max: 1, ms: 15 * 60_000 }] } },
  ))

test('an account whose address another has before it changes its password all the same', () =>
  onBench(async ({ kit, ana, add, alter, accounts }) => {
    const id = await add('bea@example.org', { passwordHash: ana().passwordHash })
    const token = await enter(kit, caller, 'bea@example.org')
    alter({ email: owner }, id)
    assert.ok((await changeOwn(kit, classic, wishOf(token))).ok)
    assert.ok(await kit.hasher.verify(accounts.get(id)!.passwordHash, after))
    assert.ok(await kit.hasher.verify(ana().passwordHash, password), 'and nobody else’s')
  }))

test('of two that change it at one moment one wins; the other’s session is over', () =>
  onBench(async ({ kit }) => {
    const [here, there] = [await enter(kit), await enter(kit, stranger(1))]
    const other = 'Third-Garden-29#'
    const answers = await Promise.all([
      changeOwn(kit, classic, wishOf(here)),
      changeOwn(kit, classic, wishOf(there, { password: other, confirm: other })),
    ])
    assert.equal(answers.filter(({ ok }) => ok).length, 1)
    const lost = answers.find(({ ok }) => !ok)!
    assert.deepEqual(lost, { ok: false, refusal: { code: 'session-expired' } })
  }))

test('one ends a session of one’s own, or all but this one, and nobody else’s', () =>
  onBench(async ({ kit, ana, add, last }) => {
    await add('bea@example.org', { passwordHash: ana().passwordHash })
    const tokens = [await enter(kit), await enter(kit), await enter(kit), await enter(kit)]
    const beas = await enter(kit, caller, 'bea@example.org')
    const live = async () => Promise.all([...tokens, beas].map(async (one) => (await signedIn(kit, one)) !== null))
    assert.equal(await endOwn(kit, 'no session', null, caller), false)
    assert.ok(await endOwn(kit, tokens[0]!, idOf(kit, beas), caller))
    assert.ok(await endOwn(kit, tokens[0]!, 'no such id', caller))
    assert.deepEqual(await live(), [true, true, true, true, true])
    assert.ok(await endOwn(kit, tokens[0]!, idOf(kit, tokens[1]!), caller))
    assert.deepEqual(await live(), [true, false, true, true, true])
    const { name, accountId, because } = await last()
    assert.deepEqual([name, accountId, because], ['session.ended', ana().id, 'by its owner'])
    assert.ok(await endOwn(kit, tokens[0]!, null, caller))
    assert.deepEqual(await live(), [true, false, false, false, true])
    assert.ok(await endOwn(kit, tokens[0]!, idOf(kit, tokens[0]!), caller))
    assert.deepEqual(await live(), [false, false, false, false, true])
  }))
