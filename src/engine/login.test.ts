/** A log-in: whom it lets in, what a failed one counts against, and what those who are refused are told. */
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
  refusalIn,
  stranger,
} from '../../test/verbs.ts'
import { classic } from '../flows/index.ts'
import type { AuditEvent } from './audit.ts'
import { deviceFor, knownDevice } from './device.ts'
import { keyring } from './keys.ts'
import { standard, type Take, toldTakes, untoldTakes } from './limits.ts'
import { type Credentials, login, logout, namesOf, signedIn } from './login.ts'
import { Fault } from './outcome.ts'
import type { Hasher, Kit } from './ports.ts'
import { look } from './prove.ts'
import { newSession, sessionIds, sessionLife } from './session.ts'

const wrong = 'Wrong-Guess-55!'

const enter = (kit: Kit, more: Partial<Credentials> = {}) => login(kit, { name: owner, password, caller, ...more })

/** What an event says of itself; that it is this caller's is held here. */
function bare({ name, accountId, because, network, agent, requestId, ...rest }: AuditEvent): unknown[] {
  assert.deepEqual([network, agent, requestId], [caller.network, caller.agent, caller.requestId])
  assert.deepEqual([rest.flow, rest.addressKey, rest.challengeId], [null, null, null])
  return [name, accountId, because]
}

/** How often it is counted there. */
async function countOf(kit: Kit, { limit, key }: Take): Promise<number> {
  for (let max = 1; max < 200; max++) {
    const one = { limit, key, windows: [{ max, ms: 86_400_000 }] }
    if ((await kit.store.full([one], kit.clock.now())).length === 0) return max - 1
  }
  return 200
}

test('the right password opens a session under a new id, by the address or the user name, however they are written', () =>
  onBench(async ({ kit, ana, last, clock }) => {
    const seen = new Set<string>()
    for (const name of [owner, ' ana@EXAMPLE.org ', 'ana-7', ' ANA-7\t']) {
      const answer = await enter(kit, { name })
      assert.ok(answer.ok, name)
      assert.deepEqual(answer.account, ana())
      assert.equal(Buffer.from(answer.session, 'base64url').length, 32)
      seen.add(answer.session)
      const [id] = sessionIds(kit.keys, answer.session)
      const session = newSession(kit.keys, answer.session, ana(), caller, clock.now())
      assert.deepEqual(await kit.store.session(id!, clock.now()), session)
      assert.deepEqual(
        [session.accountId, session.createdAt, session.expiresAt, session.network, session.agent],
        [ana().id, clock.now(), clock.now() + 14 * 24 * 3_600_000, caller.network, caller.agent],
      )
      assert.deepEqual(bare(await last()), ['session.opened', ana().id, null])
      for (const known of ['ana@example.org', 'ana-7']) {
        assert.ok(knownDevice(kit.keys, known, [answer.device]), 'the browser is known from here on')
      }
      assert.equal(knownDevice(kit.keys, 'bea@example.org', [answer.device]), null)
    }
    assert.equal(seen.size, 4)
  }))

test('whoever is not let in is told one thing; the audit says which', () =>
  onBench(async ({ kit, add, ana, last, alter }) => {
    const idle = await add('eve@example.org', { active: false, passwordHash: ana().passwordHash })
    const none = await add('bea@example.org')
    for (const [name, typed, accountId, because] of [
      [owner, wrong, ana().id, 'wrong password'],
      ['nobody@example.org', password, null, 'no account'],
      ['eve@example.org', password, idle, 'not active'],
      ['eve@example.org', wrong, idle, 'wrong password'],
      ['bea@example.org', '', none, 'wrong password'],
    ] as const) {
      const answer = await enter(kit, { name, password: typed })
      assert.deepEqual(answer, { ok: false, refusal: { code: 'login-failed' } }, because)
      assert.deepEqual(bare(await last()), ['session.refused', accountId, because])
    }
    for (const [change, because] of [
      [{ secondFactor: true }, 'second factor'],
      [{ signOn: true }, 'signs in elsewhere'],
    ] as const) {
      alter(change)
      assert.equal(refusalIn(await enter(kit, { password: wrong })), 'login-failed', 'only the right password tells')
      assert.deepEqual(await enter(kit), { ok: false, refusal: { code: 'login-elsewhere' } })
      assert.deepEqual(bare(await last()), ['session.refused', ana().id, because])
    }
    assert.deepEqual(await kit.store.sessionsOf(ana().id, kit.clock.now(), 9), [])
  }))

test('a failed log-in counts against name, account and network, and a right one takes its own back', () =>
  onBench(async ({ kit, ana, alter }) => {
    const name = 'ana@example.org'
    const told = toldTakes(kit.keys, standard, { name, block: caller.block, device: null })
    const [account] = untoldTakes(kit.keys, standard, { accountId: ana().id, device: null })
    const counts = async () => Promise.all([...told, account!].map((one) => countOf(kit, one)))
    await enter(kit, { password: wrong })
    await enter(kit, { password: wrong })
    assert.deepEqual(await counts(), [2, 2, 2])
    assert.ok((await enter(kit)).ok)
    assert.deepEqual(await counts(), [2, 2, 2])
    alter({ secondFactor: true })
    assert.equal(refusalIn(await enter(kit)), 'login-elsewhere')
    assert.deepEqual(await counts(), [2, 2, 2], 'nor is one who goes on elsewhere counted as a guess')
    alter({ secondFactor: false, active: false })
    assert.equal(refusalIn(await enter(kit)), 'login-failed')
    assert.deepEqual(await counts(), [3, 3, 3])
    await enter(kit, { name: 'nobody@example.org' })
    const [nobody] = untoldTakes(kit.keys, standard, { accountId: 'nobody:nobody@example.org', device: null })
    assert.ok(await isCounted(kit, nobody!), 'a name that nobody has costs the same')
  }))

/** Fails that often, a second apart. */
async function fail({ kit, clock }: Bench, count: number, more: Partial<Credentials> = {}): Promise<void> {
  for (let at = 0; at < count; at++) {
    assert.equal(refusalIn(await enter(kit, { password: wrong, ...more })), 'login-failed')
    clock.turn({ seconds: 1 })
  }
}

test('ten failed log-ins under one name, then it waits, known or not', () =>
  onBench(async (bench) => {
    for (const name of [owner, 'nobody@example.org']) {
      const { kit, clock } = bench
      await fail(bench, 10, { name })
      const full = await enter(kit, { name, caller: stranger(1) })
      assert.deepEqual(full, { ok: false, refusal: { code: 'too-many-attempts', retryAfter: 890 } })
      const { name: noted, because, accountId } = await bench.last()
      assert.deepEqual([noted, because, accountId], ['limit.crossed', 'log-ins-per-account', null])
      clock.turn({ seconds: 890 })
      assert.equal(refusalIn(await enter(kit, { name })), name === owner ? null : 'login-failed')
    }
  }))

test('an account has ten over all its names, of which nobody is told', () =>
  onBench(async (bench) => {
    const { kit, ana, last } = bench
    await fail(bench, 5)
    await fail(bench, 5, { name: 'ana-7' })
    assert.deepEqual(await enter(kit), { ok: false, refusal: { code: 'login-failed' } }, 'with the right password too')
    assert.deepEqual(bare(await last()), ['session.refused', ana().id, 'log-ins-per-account'])
  }))

test('whoever is over two limits waits for the later', () =>
  onBench(
    async (bench) => {
      const { kit, clock } = bench
      await fail(bench, 1, { name: 'bea@example.org' })
      clock.turn({ minutes: 10 })
      await fail(bench, 1)
      const full = await enter(kit)
      assert.deepEqual(full, { ok: false, refusal: { code: 'too-many-attempts', retryAfter: 899 } })
    },
    {
      limits: {
        logInsPerAccount: [{ max: 1, ms: 15 * 60_000 }],
        logInsPerNetwork: [{ max: 2, ms: 15 * 60_000 }],
      },
    },
  ))

test('a stranger who guesses keeps nobody out whose browser is known; that one has ten of its own', () =>
  onBench(async (bench) => {
    const { kit } = bench
    await fail(bench, 10, { caller: stranger(1) })
    assert.equal(refusalIn(await enter(kit)), 'too-many-attempts')
    const devices = [deviceFor(kit.keys, kit.random, await namesOf(kit, bench.ana()))]
    const known = { ...caller, devices }
    assert.ok((await enter(kit, { caller: known })).ok)
    assert.ok((await enter(kit, { caller: known, name: 'ANA-7' })).ok)
    await fail(bench, 10, { caller: known })
    assert.equal(refusalIn(await enter(kit, { caller: known })), 'too-many-attempts')
    const other = { ...caller, devices: [deviceFor(kit.keys, kit.random, ['bea@example.org'])] }
    assert.equal(refusalIn(await enter(kit, { caller: other })), 'too-many-attempts', 'known to another account')
  }))

test('a network that is over its limit may go on with a captcha; a name may not', () =>
  onBench(
    async (bench) => {
      const { kit } = bench
      await fail(bench, 1, { name: 'bea@example.org' })
      await fail(bench, 1, { name: 'eve@example.org' })
      const refused = async (captcha: Credentials['captcha']) => {
        const answer = await enter(kit, { captcha })
        return answer.ok ? null : answer.refusal
      }
      assert.deepEqual(await refused('off'), { code: 'too-many-attempts', retryAfter: 898 })
      assert.deepEqual(await refused('on-overflow'), { code: 'captcha-required', retryAfter: 898 })
      assert.deepEqual(await refused('required'), { code: 'captcha-required', retryAfter: null })
      assert.equal(await refused('solved'), null)
    },
    { limits: { logInsPerNetwork: [{ max: 2, ms: 15 * 60_000 }] } },
  ))

test('without limits nobody waits', () =>
  onBench(async ({ kit }) => {
    const free: Kit = { ...kit, limits: null }
    for (let count = 0; count < 12; count++) await enter(free, { password: wrong })
    assert.ok((await enter(free)).ok)
  }))

test('who logs in with the old password while it is being changed is logged out at once', () =>
  onBench(async ({ kit, ana, alter, last, accounts }) => {
    for (const meanwhile of [() => alter({ passwordHash: 'changed' }), () => accounts.delete(ana().id)]) {
      const { passwordHash } = ana()
      const hasher: Hasher = {
        ...kit.hasher,
        async verify(hash, typed) {
          const right = await kit.hasher.verify(hash, typed)
          meanwhile()
          return right
        },
      }
      const { id } = ana()
      assert.deepEqual(await enter({ ...kit, hasher }), { ok: false, refusal: { code: 'login-failed' } })
      assert.deepEqual(bare(await last()), ['session.ended', id, 'password changed'])
      assert.deepEqual(await kit.store.sessionsOf(id, kit.clock.now(), 9), [])
      alter({ passwordHash })
    }
  }))

/** Takes every hash but its own for old. */
function renewing(kit: Kit, during = () => {}): { kit: Kit; made: string[] } {
  const made: string[] = []
  const hasher: Hasher = {
    ...kit.hasher,
    renews: (hash) => !made.includes(hash),
    async hash(typed) {
      const hash = await kit.hasher.hash(typed)
      made.push(hash)
      during()
      return hash
    },
  }
  return { kit: { ...kit, hasher }, made }
}

test('a log-in renews an old hash and stays logged in, with all other sessions; what was mailed is dead', () =>
  onBench(async ({ kit, ana, last, events, clock }) => {
    const { passwordHash: old } = ana()
    const before = await enter(kit)
    const { secret } = await mail(kit, classic)
    const link = linkIn(classic, secret)
    const { kit: now, made } = renewing(kit)
    const answer = await enter(now)
    assert.ok(answer.ok && before.ok)
    assert.equal(ana().passwordHash, made[0])
    assert.notEqual(made[0], old)
    for (const { session } of [before, answer]) assert.deepEqual(await signedIn(kit, session), ana())
    assert.deepEqual(bare(await last()), ['password.renewed', ana().id, null])
    assert.deepEqual(await kit.store.history(ana().id, 9), [])
    assert.equal(refusalIn(await look(kit, classic, link, caller)), 'link-dead')
    assert.deepEqual(await letters(kit), [], 'nobody is told: the password is what it was')

    assert.ok((await enter(now)).ok)
    assert.equal(made.length, 1, 'what is new is not renewed')
    const names = (await events()).map(({ name }) => name)
    assert.equal(names.filter((name) => name === 'password.renewed').length, 1)
    clock.turn({ minutes: 1 })
    assert.equal((await mail(kit, classic)).issued.kind, 'send', 'and whoever asks now gets a letter that works')
  }))

test('nothing is renewed for whoever is not let in', () =>
  onBench(async ({ kit, ana, alter, add }) => {
    await add('bea@example.org')
    const { passwordHash } = ana()
    const { kit: now, made } = renewing(kit)
    await enter(now, { password: wrong })
    await enter(now, { name: 'nobody@example.org' })
    await enter(now, { name: 'bea@example.org', password: '' })
    for (const fact of [{ active: false }, { secondFactor: true }, { signOn: true }] as const) {
      alter(fact)
      assert.ok(!(await enter(now)).ok)
      alter({ active: true, secondFactor: false, signOn: false })
    }
    assert.deepEqual(made, [])
    assert.equal(ana().passwordHash, passwordHash)
  }))

test('a renewal at the same moment, here or by the application, ends no log-in; a change does, and is never undone', () =>
  onBench(async ({ kit, ana, alter, last }) => {
    const [same, other] = await Promise.all([password, 'New-Harbour-83?'].map((one) => kit.hasher.hash(one)))
    const { passwordHash } = ana()
    for (const [hash, isIn] of [
      [same, true],
      [null, false],
      [other, false],
    ] as const) {
      const verify: Hasher['verify'] = async (stored, typed) => {
        const right = await kit.hasher.verify(stored, typed)
        alter({ passwordHash: hash })
        return right
      }
      assert.equal((await enter({ ...kit, hasher: { ...kit.hasher, verify } })).ok, isIn)
      alter({ passwordHash })
    }
    assert.deepEqual(bare(await last()), ['session.ended', ana().id, 'password changed'])

    const { kit: now } = renewing(kit, () => alter({ passwordHash: other }))
    await enter(now)
    assert.equal(ana().passwordHash, other, 'a change while the hash is made wins')
  }))

test('a log-in costs one hash, and another only where the stored one changed meanwhile', () =>
  onBench(async ({ kit, alter }) => {
    let compared = 0
    const matches: Hasher['matches'] = (stored, typed) => {
      compared++
      return kit.hasher.matches(stored, typed)
    }
    const counting = { ...kit, hasher: { ...kit.hasher, matches } }
    assert.ok((await enter(counting)).ok)
    assert.equal(compared, 0)
    const again = await kit.hasher.hash(password)
    const openSession: Kit['store']['openSession'] = async (session, event) => {
      alter({ passwordHash: again })
      await kit.store.openSession(session, event)
    }
    assert.ok((await enter({ ...counting, store: { ...kit.store, openSession } })).ok)
    assert.equal(compared, 1)
  }))

test('a store that cannot write the new hash keeps nobody out', () =>
  onBench(async ({ kit, ana }) => {
    const { passwordHash } = ana()
    const { kit: now } = renewing(kit)
    const store = { ...kit.store, renewHash: () => Promise.reject(new Fault('database', 'value too long')) }
    assert.ok((await enter({ ...now, store })).ok)
    assert.equal(ana().passwordHash, passwordHash)
  }))

test('a session lasts fourteen days, as long as its account may be used, and not past its end', () =>
  onBench(async ({ kit, clock, ana, alter, last, accounts }) => {
    const opened = await enter(kit)
    assert.ok(opened.ok)
    const { session } = opened
    assert.deepEqual(await signedIn(kit, session), ana())
    assert.equal(await signedIn(kit, 'no session'), null)
    const row = ana()
    alter({ active: false })
    assert.equal(await signedIn(kit, session), null)
    accounts.delete(row.id)
    assert.equal(await signedIn(kit, session), null)
    accounts.set(row.id, row)
    const rotated = keyring('the secret of the day after, no less long', [
      'a secret of a test, of which nothing outside hangs',
    ])
    const turned: Kit = { ...kit, keys: rotated }
    assert.deepEqual(await signedIn(turned, session), ana(), 'a new secret ends none')
    clock.turn({ seconds: sessionLife / 1000 - 1 })
    assert.deepEqual(await signedIn(kit, session), ana())
    clock.turn({ seconds: 1 })
    assert.equal(await signedIn(kit, session), null)
    const again = await enter(kit)
    assert.ok(again.ok)
    await logout(turned, again.session, caller)
    assert.equal(await signedIn(kit, again.session), null)
    assert.deepEqual(bare(await last()), ['session.ended', again.account.id, null])
    const before = (await kit.store.events(0, 1000)).length
    await logout(kit, again.session, caller)
    assert.equal((await kit.store.events(0, 1000)).length, before, 'what is not there is not ended')
  }))

test('an account goes by its address and its user name; by another’s address, or no name, it does not', () =>
  onBench(async ({ kit, ana, alter, accounts }) => {
    assert.deepEqual(await namesOf(kit, ana()), ['ana@example.org', 'ana-7'])
    alter({ username: null })
    assert.deepEqual(await namesOf(kit, ana()), ['ana@example.org'])
    await kit.accounts.add(
      [{ email: 'bea@example.org', username: null, passwordHash: null, verified: true, active: true }],
      0,
    )
    for (const username of ['Bea@Example.org', '']) {
      alter({ username })
      assert.deepEqual(await namesOf(kit, ana()), ['ana@example.org'], username)
    }
    const gone = ana()
    accounts.delete(gone.id)
    assert.deepEqual(await namesOf(kit, gone), [])
  }))

test('an address is one name, in whichever script its domain is written', () =>
  onBench(async ({ kit, add, ana }) => {
    await add('jo@bücher.example', { passwordHash: ana().passwordHash })
    for (const name of ['jo@bücher.example', 'jo@BÜCHER.example', 'JO@xn--bcher-kva.example']) {
      assert.ok((await enter(kit, { name })).ok, name)
      assert.equal(refusalIn(await enter(kit, { name, password: wrong })), 'login-failed')
    }
    const [one] = toldTakes(kit.keys, standard, { name: 'jo@xn--bcher-kva.example', block: '', device: null })
    assert.equal(await countOf(kit, one!), 3)
  }))

test('a name that is no address is read to its 320th character, and only A to Z are folded', () =>
  onBench(async ({ kit, ana, alter }) => {
    alter({ username: `Ä-${'B'.repeat(318)}` })
    assert.deepEqual((await namesOf(kit, ana()))[1], `Ä-${'b'.repeat(318)}`)
    assert.ok((await enter(kit, { name: ` Ä-${'B'.repeat(319)}` })).ok)
    assert.equal(refusalIn(await enter(kit, { name: `Ä-${'B'.repeat(317)}` })), 'login-failed')
    assert.equal(refusalIn(await enter(kit, { name: `ä-${'B'.repeat(318)}` })), 'login-failed')
  }))
