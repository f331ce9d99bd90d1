/** A proof that comes back: what a link or a code opens, what is told of one that opens nothing, and what a guess costs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ask,
  type Bench,
  caller,
  isCounted,
  letters,
  linkIn,
  mail,
  onBench,
  owner,
  refusalIn,
  stranger,
} from '../../test/verbs.ts'
import { classic, code, spa, stateless, verified } from '../flows/index.ts'
import type { AuditEvent, Caller } from './audit.ts'
import type { Flow } from './flow.ts'
import { issue } from './issue.ts'
import { digest, keyring, unseal } from './keys.ts'
import { lookTakes, refusedProofTakes, standard, wrongCodeTakes } from './limits.ts'
import type { Kit } from './ports.ts'
import { challengeOf, codeOf, columnReference, grantOf, handleOf, readGrant, uidOf } from './proof.ts'
import { look, openLink, prove, standsInColumns, type Typed } from './prove.ts'
import { challengeIdOf } from './request.ts'

const addressKeyOf = (kit: Kit, address: string): string => digest(kit.keys.lasting, 'address', [address])

/** The event without what every event of this caller says. */
function bare({ at: _, network, agent, requestId, ...event }: AuditEvent & { seq?: number }): object {
  assert.deepEqual([network, agent, requestId], [caller.network, caller.agent, caller.requestId])
  const { seq: __, ...rest } = event
  return rest
}

const saying = (name: string, flow: Flow, more: object = {}): object => ({
  name,
  flow: flow.name,
  accountId: null,
  addressKey: null,
  challengeId: null,
  because: null,
  ...more,
})

// Links

test('a live link gives a grant for its account, and the look is noted, once for each', () =>
  onBench(async ({ kit, clock, ana, last }) => {
    for (const flow of [classic, spa, stateless, verified]) {
      const { secret } = await mail(kit, flow)
      const link = linkIn(flow, secret)
      const looked = await look(kit, flow, link, caller)
      assert.ok(looked.ok)
      const challengeId = flow.proof.kind === 'signed' ? null : challengeOf(link.token)
      const grant = {
        challengeId: challengeId ?? '',
        accountId: ana().id,
        expiresAt: clock.now() + flow.grant * 1000,
      }
      assert.deepEqual(looked, {
        ok: true,
        grant: grantOf(kit.keys.current, flow, grant, null, ana()),
        handle: handleOf(kit.keys, flow, grant),
        account: ana(),
        expiresIn: flow.grant,
      })
      assert.deepEqual(readGrant(looked.grant), grant)
      const noted = await last()
      assert.equal(noted.at, clock.now())
      assert.deepEqual(bare(noted), saying('link.opened', flow, { accountId: ana().id, challengeId }))
      const [count] = lookTakes(kit.keys, standard, challengeId ?? ana().id)
      assert.ok(await isCounted(kit, count!))
      clock.turn({ minutes: 1 })
      assert.ok((await look(kit, flow, link, caller)).ok, 'looking spends nothing')
    }
  }))

test('a link that is looked at over and over opens as before, and is noted twenty times an hour', () =>
  onBench(async ({ kit, events }) => {
    const link = linkIn(classic, (await mail(kit, classic)).secret)
    for (let count = 0; count < 25; count++) assert.ok((await look(kit, classic, link, caller)).ok)
    assert.equal((await events()).filter(({ name }) => name === 'link.opened').length, 20)
  }))

/** That this link opens nothing, what the audit says of it, and that it is counted against the caller's network. */
async function assertDead(
  { kit, last }: Pick<Bench, 'kit' | 'last'>,
  flow: Flow,
  link: { uid: string | null; token: string },
  because: string,
  accountId: string | null = null,
): Promise<void> {
  assert.deepEqual(await openLink(kit, flow, link), { ok: false, because, accountId })
  assert.deepEqual(await look(kit, flow, link, caller), { ok: false, refusal: { code: 'link-dead' } })
  assert.deepEqual(bare(await last()), saying('proof.refused', flow, { because }))
  assert.ok(await isCounted(kit, refusedProofTakes(kit.keys, standard, caller.block)[0]!))
}

const changed = (token: string): string => token.slice(0, -2) + (token.endsWith('AA') ? 'EE' : 'AA')

test('whatever is wrong with a stored link the visitor is told one thing, and the audit which', () =>
  onBench(async (bench) => {
    const { kit, clock, ana, alter, add } = bench
    const { secret } = await mail(kit, classic)
    const { token } = linkIn(classic, secret)
    const uid = uidOf(ana().id)
    const id = ana().id
    assert.ok((await openLink(kit, classic, { uid: null, token })).ok)
    assert.ok((await openLink(kit, classic, { uid, token })).ok)
    for (const bad of ['', 'x', token.slice(1), `${token}x`, `${'A'.repeat(22)}${token.slice(22)}`]) {
      await assertDead(bench, classic, { uid, token: bad }, 'unknown')
    }
    await assertDead(bench, spa, { uid: null, token }, 'unknown')
    const altered = 'not genuine, or the account has changed'
    await assertDead(bench, classic, { uid, token: changed(token) }, altered, id)
    const other = uidOf(await add('bea@example.org'))
    await assertDead(bench, classic, { uid: other, token }, 'another account', id)
    await assertDead(bench, classic, { uid: '', token }, 'another account', id)
    for (const [now, before] of [
      [{ passwordHash: 'another' }, { passwordHash: ana().passwordHash }],
      [{ email: 'ana@example.net' }, { email: owner }],
      [{ active: false }, { active: true }],
    ]) {
      alter(now!)
      await assertDead(bench, classic, { uid, token }, altered, id)
      alter(before!)
    }
    alter({ signOn: true })
    await assertDead(bench, classic, { uid, token }, 'signs in elsewhere', id)
    alter({ signOn: false })
    const keyless = { ...kit, keys: keyring('another secret, of which nothing outside hangs') }
    assert.deepEqual(await openLink(keyless, classic, { uid, token }), {
      ok: false,
      because: altered,
      accountId: id,
    })
    clock.turn({ seconds: classic.life - 1 })
    assert.ok((await openLink(kit, classic, { uid, token })).ok)
    clock.turn({ seconds: 1 })
    await assertDead(bench, classic, { uid, token }, 'expired', id)
    bench.accounts.delete(id)
    await assertDead(bench, classic, { uid, token }, altered, id)
  }))

test('a link whose letter has not had its turn, and one that was revoked, open nothing', () =>
  onBench(async (bench) => {
    const { kit, clock, ana } = bench
    const flowId = await ask(kit, classic)
    const early = challengeIdOf(kit, flowId) + 'A'.repeat(43)
    await assertDead(bench, classic, { uid: null, token: early }, 'not genuine, or the account has changed')
    await letters(kit)
    const one = { ...classic, limits: { ...classic.limits, live: 1 } }
    const { token } = linkIn(one, (await mail(kit, one, owner, stranger(1))).secret)
    clock.turn({ seconds: classic.life / 2 + 1 })
    assert.ok((await openLink(kit, one, { uid: null, token })).ok)
    assert.ok((await openLink(kit, one, linkIn(one, (await mail(kit, one)).secret))).ok)
    await assertDead(bench, one, { uid: null, token }, 'used or revoked', ana().id)
  }))

test('a link that stands in the users table opens while the table holds its reference', () =>
  onBench(async (bench) => {
    const { kit, clock, ana, alter } = bench
    const link = linkIn(verified, (await mail(kit, verified)).secret)
    const held = ana().reset!
    assert.ok((await openLink(kit, verified, link)).ok)
    for (const reset of [null, { ...held, reference: `${held.reference}x` }, { ...held, expiresAt: clock.now() }]) {
      alter({ reset })
      await assertDead(bench, verified, link, 'not in the users table', ana().id)
    }
    alter({ reset: { ...held, expiresAt: clock.now() + 1 } })
    assert.ok((await openLink(kit, verified, link)).ok)
  }))

test('what stands in the users table is asked of flows that keep it there, under the key of the day it was written', () =>
  onBench(async ({ kit, ana }) => {
    const { flowId } = await mail(kit, verified)
    const challenge = (await kit.store.challenge(challengeIdOf(kit, flowId)))!
    const reference = columnReference(kit.keys.current, challenge.id)
    const stands = (reset: { reference: string; expiresAt: number } | null, at: number | null, more = {}) =>
      standsInColumns(kit, verified, { ...challenge, ...more }, { ...ana(), reset }, at)
    assert.equal(stands({ reference, expiresAt: 100 }, 99), true)
    assert.equal(stands({ reference, expiresAt: 100 }, 100), false)
    assert.equal(stands({ reference, expiresAt: 100 }, null), true, 'its expiry is past caring')
    assert.equal(stands({ reference: 'another', expiresAt: 100 }, null), false)
    assert.equal(stands(null, null), false)
    assert.equal(stands({ reference, expiresAt: 100 }, 99, { keyId: 'gone' }), false)
    for (const flow of [classic, spa, code, stateless]) {
      assert.equal(standsInColumns(kit, flow, challenge, { ...ana(), reset: null }, 0), true, flow.name)
    }
  }))

test('whatever is wrong with a signed link the visitor is told one thing, and the audit which', () =>
  onBench(async (bench) => {
    const { kit, clock, ana, alter } = bench
    const link = linkIn(stateless, (await mail(kit, stateless)).secret)
    const { token } = link
    const { id } = ana()
    assert.deepEqual(await openLink(kit, stateless, link), { ok: true, account: ana(), challenge: null })
    for (const uid of [null, '', uidOf('99'), 'not base64url!']) {
      await assertDead(bench, stateless, { uid, token }, 'not genuine')
    }
    await assertDead(bench, stateless, { ...link, token: 'x' }, 'not genuine')
    await assertDead(bench, stateless, { ...link, token: changed(token) }, 'the account has changed', id)
    alter({ active: false })
    await assertDead(bench, stateless, link, 'the account has changed', id)
    alter({ active: true, signOn: true })
    await assertDead(bench, stateless, link, 'signs in elsewhere', id)
    alter({ signOn: false })
    clock.turn({ seconds: stateless.life - 1 })
    assert.ok((await openLink(kit, stateless, link)).ok)
    clock.turn({ seconds: 1 })
    await assertDead(bench, stateless, link, 'expired', id)
    bench.accounts.delete(id)
    await assertDead(bench, stateless, link, 'the account has changed')
  }))

test('a link or a code from the future is dead: a clock that is set back by more than a minute makes none live longer', () =>
  onBench(async ({ kit, clock }) => {
    const isLive = async (open: () => Promise<boolean>) => {
      clock.turn({ seconds: -60.001 })
      const before = await open()
      clock.turn({ seconds: 0.001 })
      const live = await open()
      clock.turn({ seconds: 60 })
      assert.deepEqual([before, live], [false, true])
    }
    for (const flow of [classic, stateless]) {
      const link = linkIn(flow, (await mail(kit, flow)).secret)
      await isLive(async () => (await openLink(kit, flow, link)).ok)
    }
    const { flowId, secret } = await mail(kit, code)
    await isLive(async () => (await type(kit, { flowId, code: secret })).ok)
  }))

// Codes

type Said = Partial<Typed>

/** Types a code as Ana's browser does, but for what is said. */
const type = (kit: Kit, said: Said, flow: Flow = code) =>
  prove(kit, flow, { flowId: '', address: owner, code: '', caller, ...said })

const wrongFor = (right: string): string => (right === '000000' ? '111111' : '000000')

test('a right code gives a grant, once, is noted, and gives its try back', () =>
  onBench(async ({ kit, clock, ana, last }) => {
    const { flowId, secret } = await mail(kit, code)
    const id = challengeIdOf(kit, flowId)
    const counts = wrongCodeTakes(kit.keys, standard, addressKeyOf(kit, 'ana@example.org'))!
    assert.equal(refusalIn(await type(kit, { flowId, code: wrongFor(secret) })), 'code-dead')
    const about = { accountId: ana().id, addressKey: addressKeyOf(kit, 'ana@example.org'), challengeId: id }
    assert.deepEqual(bare(await last()), saying('proof.refused', code, { ...about, because: 'wrong code' }))
    const full = async (max: number): Promise<string[]> => {
      const takes = Object.values(counts).map((one) => ({ ...one, windows: [{ max, ms: 86_400_000 }] }))
      return (await kit.store.full(takes, clock.now())).map(({ limit }) => limit)
    }
    assert.equal((await full(1)).length, 3)
    const [first, second] = await Promise.all([
      type(kit, { flowId, code: secret }),
      type(kit, { flowId, code: secret }),
    ])
    const [proved, late] = first.ok ? [first, second] : [second, first]
    assert.ok(proved.ok, 'one of any number')
    assert.equal(refusalIn(late), 'code-dead')
    const challenge = (await kit.store.challenge(id))!
    assert.equal(challenge.state, 'proved')
    assert.equal(Buffer.from(challenge.nonce!, 'base64url').length, 16)
    const grant = { challengeId: id, accountId: ana().id, expiresAt: clock.now() + code.grant * 1000 }
    const leave = {
      grant: grantOf(kit.keys.current, code, grant, challenge.nonce, ana()),
      handle: handleOf(kit.keys, code, grant),
      account: ana(),
      expiresIn: code.grant,
    }
    assert.deepEqual(proved, { ok: true, accounts: [leave] })
    assert.equal(refusalIn(await type(kit, { flowId, code: secret })), 'code-dead', 'and never again')
    assert.deepEqual(bare(await last()), saying('proof.refused', code, { because: 'used or revoked' }))
  }))

test('a right code is noted as accepted, gives back its own count and ends the row of wrong ones', () =>
  onBench(async ({ kit, clock, ana, last }) => {
    const counts = wrongCodeTakes(kit.keys, standard, addressKeyOf(kit, 'ana@example.org'))!
    const { flowId, secret } = await mail(kit, code)
    for (let count = 0; count < 2; count++) await type(kit, { flowId, code: wrongFor(secret) })
    assert.ok((await type(kit, { flowId, code: secret })).ok)
    const about = { accountId: ana().id, addressKey: addressKeyOf(kit, 'ana@example.org') }
    const challengeId = challengeIdOf(kit, flowId)
    assert.deepEqual(bare(await last()), saying('proof.accepted', code, { ...about, challengeId }))
    const countOf = async (name: keyof typeof counts): Promise<number> => {
      for (let max = 1; max < 9; max++) {
        const one = { ...counts[name], windows: [{ max, ms: 86_400_000 }] }
        if ((await kit.store.full([one], clock.now())).length === 0) return max - 1
      }
      return 9
    }
    assert.deepEqual([await countOf('account'), await countOf('ofAll'), await countOf('inARow')], [2, 2, 0])
  }))

test('two that prove one code at one moment: the second is told nothing, and noted as second', () =>
  onBench(async ({ kit, events }) => {
    const { flowId, secret } = await mail(kit, code)
    const both = await Promise.all([1, 2].map(() => type(kit, { flowId, code: secret })))
    assert.deepEqual(both.map(refusalIn).toSorted(), ['code-dead', null])
    const reasons = (await events()).filter(({ name }) => name === 'proof.refused').map(({ because }) => because)
    assert.deepEqual(reasons, ['proved before'])
  }))

test('without limits a code is proved all the same, and a wrong one refused', () =>
  onBench(async ({ kit }) => {
    const free: Kit = { ...kit, limits: null }
    const { flowId, secret } = await mail(free, code)
    for (let count = 0; count < 4; count++) {
      assert.equal(refusalIn(await type(free, { flowId, code: wrongFor(secret) })), 'code-dead')
    }
    assert.ok((await type(free, { flowId, code: secret })).ok)
  }))

test('a code may be typed with spaces, hyphens and full-width digits, and what is no code costs no try', () =>
  onBench(async ({ kit, events }) => {
    const { flowId, secret } = await mail(kit, code)
    const before = (await events()).length
    const long = `${secret}${' '.repeat(59)}`
    for (const bad of ['', '12345', '1234567', '12345a', 'a12345', 'abcdef', '-12345', long, '１２３４５x']) {
      assert.equal(refusalIn(await type(kit, { flowId, code: bad })), 'code-malformed', JSON.stringify(bad))
    }
    for (const flow of [classic, spa, stateless, verified]) {
      assert.equal(refusalIn(await type(kit, { flowId, code: secret }, flow)), 'code-malformed', flow.name)
    }
    assert.equal((await events()).length, before, 'nothing is written')
    assert.equal((await kit.store.challenge(challengeIdOf(kit, flowId)))?.triesLeft, 5)
    const wide = secret.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))
    assert.ok((await type(kit, { flowId, code: wide })).ok)
    const [a, b] = [secret.slice(0, 3), secret.slice(3)]
    const ways = [`${a} ${b}`, `${a}-${b}`, ` ${a}\u2013${b}\t`, `${a}\u200b${b}`, secret + ' '.repeat(58)]
    for (const [count, way] of ways.entries()) {
      const by = stranger(count)
      const other = await mail(kit, { ...code, name: `code-${count}` }, owner, by)
      const typed = way.replace(a, other.secret.slice(0, 3)).replace(b, other.secret.slice(3))
      const said = { flowId: other.flowId, code: typed, caller: by }
      assert.ok((await type(kit, said, { ...code, name: `code-${count}` })).ok, JSON.stringify(way))
    }
  }))

/** That the typed code opens nothing, and what the audit says of it. */
async function assertRefused(
  { kit, last }: Pick<Bench, 'kit' | 'last'>,
  said: Said,
  because: string,
  flow: Flow = code,
  more: object = {},
): Promise<void> {
  const answer = await type(kit, said, flow)
  assert.deepEqual(answer, { ok: false, refusal: { code: 'code-dead' } }, because)
  const by = said.caller ?? caller
  const { at: _, seq: __, ...event } = (await last()) as AuditEvent & { seq: number }
  const { network, agent, requestId } = by
  assert.deepEqual(event, { ...saying('proof.refused', flow, { because, ...more }), network, agent, requestId })
  assert.ok(await isCounted(kit, refusedProofTakes(kit.keys, standard, by.block)[0]!))
}

test('whatever is wrong with a code the visitor is told one thing, and the audit which', () =>
  onBench(async (bench) => {
    const { kit, clock, alter, ana } = bench
    const { flowId, secret } = await mail(kit, code)
    const right: Said = { flowId, code: secret }
    await assertRefused(bench, { ...right, flowId: 'no such flow' }, 'unknown')
    await assertRefused(bench, right, 'unknown', { ...code, name: 'another-flow' })
    await assertRefused(bench, { ...right, caller: stranger(1) }, 'another browser')
    await assertRefused(bench, { ...right, caller: { ...caller, browser: null } }, 'another browser')
    await assertRefused(bench, { ...right, address: 'bea@example.org' }, 'another address')
    await assertRefused(bench, { ...right, address: 'no address' }, 'another address')
    const about = { accountId: ana().id, addressKey: addressKeyOf(kit, 'ana@example.org') }
    const all = { ...about, challengeId: challengeIdOf(kit, flowId) }
    for (const [now, before] of [
      [{ signOn: true }, { signOn: false }],
      [{ active: false }, { active: true }],
      [{ passwordHash: 'another' }, { passwordHash: ana().passwordHash }],
    ]) {
      alter(now!)
      assert.equal(refusalIn(await type(kit, right)), 'code-dead')
      assert.deepEqual(bare(await bench.last()), saying('proof.refused', code, { ...all, because: 'wrong code' }))
      alter(before!)
    }
    clock.turn({ seconds: code.life })
    await assertRefused(bench, right, 'expired')
  }))

test('a code is good to its last second', () =>
  onBench(async ({ kit, clock }) => {
    const { flowId, secret } = await mail(kit, code)
    clock.turn({ seconds: code.life - 1 })
    assert.ok((await type(kit, { flowId, code: secret, address: ' ANA@example.org' })).ok)
  }))

test('five wrong codes and the right one is dead too', () =>
  onBench(async (bench) => {
    const { kit, ana } = bench
    const { flowId, secret } = await mail(kit, code)
    for (let count = 0; count < 5; count++) await type(kit, { flowId, code: wrongFor(secret) })
    const addressKey = addressKeyOf(kit, 'ana@example.org')
    const about = { accountId: ana().id, addressKey, challengeId: challengeIdOf(kit, flowId) }
    await assertRefused(bench, { flowId, code: secret }, 'no tries left', code, about)
  }))

test('a code under the secret of before is proved, and under one that was dropped is not', () =>
  onBench(async (bench) => {
    const { kit } = bench
    const { flowId, secret } = await mail(kit, code)
    const later = keyring('the secret of the day after, no less long', [
      'a secret of a test, of which nothing outside hangs',
    ])
    const dropped = { ...kit.keys, find: () => null }
    await assertRefused({ ...bench, kit: { ...kit, keys: dropped } }, { flowId, code: secret }, 'key is gone')
    const turned: Kit = { ...kit, keys: { ...later, lasting: kit.keys.lasting } }
    const proved = await type(turned, { flowId, code: secret })
    assert.ok(proved.ok)
  }))

test('a second ask of one browser mails the first code again, and it is proved from either page', () =>
  onBench(async (bench) => {
    const { kit } = bench
    const one = { ...code, limits: { ...code.limits, live: 1 } }
    const first = await mail(kit, one)
    const second = await mail(kit, one)
    assert.notEqual(second.flowId, first.flowId)
    assert.equal(second.secret, first.secret)
    assert.ok((await type(kit, { flowId: second.flowId, code: second.secret }, one)).ok)
  }))

test('where the letter of an ask carries a link, since the code is another browser’s, that code opens nothing there', () =>
  onBench(async (bench) => {
    const { kit, clock } = bench
    const one = { ...code, limits: { ...code.limits, live: 1 } }
    const first = await mail(kit, one)
    const by = stranger(1)
    const second = await mail(kit, one, owner, by)
    assert.match(second.secret, /^https:/)
    const foreign: Said = { flowId: second.flowId, code: first.secret, caller: by }
    await assertRefused(bench, foreign, 'a link was mailed', one)
    const program: Caller = { ...stranger(2), browser: null }
    const third = await mail(kit, one, owner, program)
    await assertRefused(bench, { flowId: third.flowId, code: first.secret, caller: program }, 'a link was mailed', one)
    // What it mailed is removed before it is: it lived no longer, and then its ask is nobody's.
    clock.turn({ minutes: 7 })
    const { flowId } = await mail(kit, one)
    clock.turn({ days: 1, seconds: code.life - 7 * 60 })
    await kit.store.purge(clock.now())
    assert.ok(await kit.store.challenge(challengeIdOf(kit, flowId)))
    await assertRefused(bench, { flowId, code: first.secret }, 'unknown', one)
  }))

test('a program that asked without a browser types its own code, and no other program’s that was mailed again', () =>
  onBench(async (bench) => {
    const { kit } = bench
    const one = { ...code, limits: { ...code.limits, live: 1 } }
    const program: Caller = { ...caller, browser: null }
    const first = await mail(kit, one, owner, program)
    const second = await mail(kit, one, owner, program)
    assert.match(second.secret, /^https:/)
    await assertRefused(bench, { flowId: second.flowId, code: first.secret, caller: program }, 'a link was mailed', one)
    assert.ok((await type(kit, { flowId: first.flowId, code: first.secret, caller: program }, one)).ok)
  }))

test('no code opens what nobody has: not even the one that nobody’s would be', () =>
  onBench(async ({ kit, last }) => {
    const address = 'nobody@example.org'
    const { flowId, issued } = await mail(kit, code, address)
    assert.equal(issued.kind, 'drop')
    const challenge = (await kit.store.challenge(challengeIdOf(kit, flowId)))!
    const guess = codeOf(kit.keys.current, code, challenge, [])
    assert.equal(refusalIn(await type(kit, { flowId, address, code: guess })), 'code-dead')
    const about = { addressKey: addressKeyOf(kit, address), challengeId: challenge.id }
    assert.deepEqual(bare(await last()), saying('proof.refused', code, { ...about, because: 'wrong code' }))
  }))

// What guessing costs

const few = { limits: { wrongCodesPerAccount: [{ max: 3, ms: 86_400_000 }] } }

test('the owner is told once, at the stored address, when the guesses at his codes are used up', () =>
  onBench(async ({ kit, ana, events, clock }) => {
    const { flowId, secret } = await mail(kit, code)
    for (let count = 0; count < 5; count++) await type(kit, { flowId, code: wrongFor(secret) })
    const [letter, ...more] = await letters(kit)
    assert.equal(more.length, 0)
    assert.deepEqual([letter?.kind, letter?.flow, letter?.accountId], ['too-many-tries', 'code', ana().id])
    assert.equal(letter?.createdAt, clock.now())
    assert.equal(unseal(kit.keys.current, letter!.id, letter!.sealedAddress), owner)
    const crossed = (await events()).filter(({ name }) => name === 'limit.crossed')
    const about = { accountId: ana().id, addressKey: addressKeyOf(kit, 'ana@example.org') }
    const because = 'wrong-codes-per-account'
    assert.deepEqual(crossed.map(bare), [
      saying('limit.crossed', code, { ...about, challengeId: challengeIdOf(kit, flowId), because }),
    ])
  }, few))

test('the owner is told too while the letter has not had its turn; who may not recover, and who came later, is not', () =>
  onBench(async ({ kit, ana, add, alter }) => {
    /** Whom the guesses at an ask for this address are told to. */
    const told = async (address: string, beforeGuesses: () => Promise<unknown>, from: number): Promise<string[]> => {
      const by = stranger(from)
      const flowId = await ask(kit, code, address, by)
      await beforeGuesses()
      const guess = { flowId, address, code: '000000', caller: by }
      for (let count = 0; count < 4; count++) assert.equal(refusalIn(await type(kit, guess)), 'code-dead')
      const waiting = await letters(kit)
      return waiting.filter(({ kind }) => kind === 'too-many-tries').map(({ accountId }) => accountId!)
    }
    const nothing = async () => {}
    assert.deepEqual(await told(owner, nothing, 1), [ana().id])
    assert.deepEqual(await told('nobody@example.org', nothing, 2), [])
    const inactive = await add('eve@example.org', { active: false })
    assert.deepEqual(await told('eve@example.org', nothing, 3), [])
    alter({ active: true }, inactive)
    // Its letter found nobody; whoever takes the address afterwards has nothing to do with that ask.
    const late = async () => {
      for (const letter of await letters(kit)) await issue(kit, code, letter)
      await add('late@example.org')
    }
    assert.deepEqual(await told('late@example.org', late, 4), [])
  }, few))

test('wrong codes of the whole installation raise an alarm, and past the second bound another', () =>
  onBench(
    async ({ kit, alarms }) => {
      const guess = async (count: number): Promise<void> => {
        const by = stranger(count)
        const address = `guess-${count}@example.org`
        const { flowId } = await mail(kit, code, address, by)
        await type(kit, { flowId, address, code: '000000', caller: by })
      }
      await guess(1)
      assert.deepEqual(alarms, [])
      await guess(2)
      assert.deepEqual(alarms, ['wrong-codes-of-all'])
      await guess(3)
      assert.deepEqual(alarms.slice(1), ['wrong-codes-of-all'])
      await guess(4)
      assert.deepEqual(alarms.slice(2), ['links-instead-of-codes', 'wrong-codes-of-all'])
    },
    { limits: { wrongCodesAlarm: [{ max: 2, ms: 86_400_000 }], wrongCodesOfAll: [{ max: 4, ms: 86_400_000 }] } },
  ))

test('one account’s full count raises no alarm of the installation', () =>
  onBench(async ({ kit, alarms }) => {
    const { flowId, secret } = await mail(kit, code)
    for (let count = 0; count < 5; count++) await type(kit, { flowId, code: wrongFor(secret) })
    assert.deepEqual(alarms, [])
  }, few))

test('past the alarm a code waits for a captcha where there is one, before it is looked at', () =>
  onBench(
    async ({ kit, events }) => {
      const { flowId, secret } = await mail(kit, code)
      assert.deepEqual(await type(kit, { flowId, code: secret, captcha: 'required' }), {
        ok: false,
        refusal: { code: 'captcha-required', retryAfter: null },
      })
      assert.equal(refusalIn(await type(kit, { flowId, code: wrongFor(secret), captcha: 'on-overflow' })), 'code-dead')
      const before = (await events()).length
      const waits = await type(kit, { flowId, code: secret, captcha: 'on-overflow' })
      assert.deepEqual(!waits.ok && waits.refusal, { code: 'captcha-required', retryAfter: 86_400 })
      assert.equal((await events()).length, before)
      assert.ok((await type(kit, { flowId, code: secret, captcha: 'solved' })).ok)
    },
    { limits: { wrongCodesAlarm: [{ max: 1, ms: 86_400_000 }] } },
  ))
