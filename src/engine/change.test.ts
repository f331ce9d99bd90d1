/** What a change of password ends besides, and what it asks for first. */
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
  password,
  refusalIn,
  stranger,
} from '../../test/verbs.ts'
import { classic, code, spa, stateless, verified } from '../flows/index.ts'
import type { AuditEvent } from './audit.ts'
import { change, openGrant, type Wanted } from './change.ts'
import { knownDevice } from './device.ts'
import type { Flow } from './flow.ts'
import { issue } from './issue.ts'
import { digest, keyring } from './keys.ts'
import { passwordTakes, refusedProofTakes, standard, toldTakes, untoldTakes, wrongCodeTakes } from './limits.ts'
import { login, signedIn } from './login.ts'
import type { Kit } from './ports.ts'
import { type Grant, grantOf, readGrant } from './proof.ts'
import { look, prove } from './prove.ts'
import { sessionIds } from './session.ts'

const after = 'New-Harbour-83?'

test('a success ends the counts of wrong codes and failed log-ins of its account, and of nobody else', () =>
  onBench(async ({ kit, clock, ana, add }) => {
    const { keys } = kit
    const bea = await add('bea@example.org', { username: 'bea' })
    for (const name of [owner, 'ana-7', 'bea']) {
      assert.equal((await login(kit, { name, password: 'Wrong-Guess-55!', caller })).ok, false)
    }
    for (const address of [owner, 'bea@example.org']) {
      const { flowId, secret } = await mail(kit, code, address)
      const wrong = secret === '000000' ? '111111' : '000000'
      assert.equal((await prove(kit, code, { flowId, address, code: wrong, caller })).ok, false)
    }
    const codes = (address: string) => wrongCodeTakes(keys, standard, digest(keys.lasting, 'address', [address]))!
    const failed = (name: string) => toldTakes(keys, standard, { name, block: '', device: null })[0]!
    const account = (accountId: string) => untoldTakes(keys, standard, { accountId, device: null })[0]!
    const ended = [
      codes('ana@example.org').account,
      codes('ana@example.org').inARow,
      failed('ana@example.org'),
      failed('ana-7'),
      account(ana().id),
    ]
    const kept = [
      codes('bea@example.org').account,
      codes('bea@example.org').inARow,
      codes('').ofAll,
      failed('bea'),
      account(bea),
      toldTakes(keys, standard, { name: '', block: caller.block, device: null })[1]!,
    ]
    for (const one of [...ended, ...kept]) assert.ok(await isCounted(kit, one), one.limit)
    clock.turn({ minutes: 1 })
    const by = linkIn(spa, (await mail(kit, spa)).secret)
    assert.ok((await change(kit, spa, { by, password: after, confirm: null, caller })).ok)
    for (const one of ended) assert.equal(await isCounted(kit, one), false, one.limit)
    for (const one of kept) assert.ok(await isCounted(kit, one), one.limit)
  }))

test('without limits there is nothing to end', () =>
  onBench(async ({ kit }) => {
    const free = { ...kit, limits: null }
    const by = linkIn(spa, (await mail(free, spa)).secret)
    assert.ok((await change(free, spa, { by, password: after, confirm: null, caller })).ok)
  }))

test('a captcha that is asked for comes before anything is looked at; a change has no count that would ask for one', () =>
  onBench(async ({ kit }) => {
    const by = linkIn(spa, (await mail(kit, spa)).secret)
    const wanted: Wanted = { by, password: after, confirm: null, caller }
    const first = await change(kit, spa, { ...wanted, captcha: 'required' })
    assert.deepEqual(!first.ok && first.refusal, { code: 'captcha-required', retryAfter: null })
    assert.ok((await change(kit, spa, { ...wanted, captcha: 'on-overflow' })).ok)
    const unsolved = await login(kit, { name: owner, password: after, caller, captcha: 'required' })
    assert.deepEqual(!unsolved.ok && unsolved.refusal, { code: 'captcha-required', retryAfter: null })
    for (const captcha of ['off', 'on-overflow', 'solved'] as const) {
      assert.ok((await login(kit, { name: owner, password: after, caller, captcha })).ok, captcha)
    }
  }))

test('what is done to the winner is told by a letter to the address as it was', () =>
  onBench(async ({ kit }) => {
    const by = linkIn(spa, (await mail(kit, spa)).secret)
    const changed = await change(kit, spa, { by, password: after, confirm: null, caller })
    assert.ok(changed.ok)
    const at = kit.clock.now()
    const [leased, ...more] = await kit.store.lease(9, at, at + 1000, 'lease')
    assert.equal(more.length, 0)
    const { letter } = leased!
    assert.deepEqual(
      [letter.kind, letter.flow, letter.challengeId, letter.accountId, letter.locale],
      ['changed', 'spa', null, changed.account.id, 'en'],
    )
    assert.deepEqual([letter.createdAt, letter.expiresAt], [at, at + 72 * 3_600_000])
    assert.equal(Buffer.from(letter.id, 'base64url').length, 16)
    const issued = await issue(kit, spa, letter)
    assert.ok(issued.kind === 'send')
    assert.deepEqual([issued.proof, issued.account.email, issued.expiresAt], [null, owner, letter.expiresAt])
    assert.equal(issued.account.username, 'Ana-7', 'of the account as it is')
    const { name, because, accountId } = issued.event
    assert.deepEqual([name, because, accountId], ['letter.sent', 'changed', changed.account.id])
    const gone = await issue(kit, spa, { ...letter, accountId: '99' })
    assert.ok(gone.kind === 'send', 'it goes though the account is gone')
    assert.deepEqual(gone.account, {
      id: '99',
      email: owner,
      username: null,
      passwordHash: null,
      verified: false,
      active: false,
      locale: null,
      secondFactor: false,
      signOn: false,
      reset: null,
    })
    const nobodys = await issue(kit, spa, { ...letter, accountId: null })
    assert.equal(nobodys.kind, 'drop')
    assert.deepEqual([nobodys.event.name, nobodys.event.because], ['letter.dropped', 'no account'])
  }))

// Grants

/** A grant of this flow, for Ana. */
async function granted(kit: Kit, flow: Flow): Promise<string> {
  const { flowId, secret } = await mail(kit, flow)
  if (flow.proof.kind === 'code') {
    const proved = await prove(kit, flow, { flowId, address: owner, code: secret, caller })
    assert.ok(proved.ok)
    return proved.accounts[0]!.grant
  }
  const looked = await look(kit, flow, linkIn(flow, secret), caller)
  assert.ok(looked.ok)
  return looked.grant
}

const set = (kit: Kit, flow: Flow, by: Wanted['by'], more: Partial<Wanted> = {}) =>
  change(kit, flow, { by, password: after, confirm: null, caller, ...more })

/** An event of the caller without its time and number. */
function bare(noted: AuditEvent): object {
  const { at: _, network, agent, requestId, seq: __, ...rest } = noted as AuditEvent & { seq: number }
  assert.deepEqual([network, agent, requestId], [caller.network, caller.agent, caller.requestId])
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

/** That a grant entitles to nothing, and what the audit says of it. */
async function assertDead(
  { kit, last, ana }: Pick<Bench, 'kit' | 'last' | 'ana'>,
  flow: Flow,
  grant: string,
  because: string,
): Promise<void> {
  const { passwordHash } = ana()
  assert.equal(await openGrant(kit, flow, grant), because)
  assert.deepEqual(await set(kit, flow, { grant }), { ok: false, refusal: { code: 'session-expired' } })
  assert.deepEqual(bare(await last()), saying('proof.refused', flow, { because }))
  assert.ok(await isCounted(kit, refusedProofTakes(kit.keys, standard, caller.block)[0]!))
  assert.equal(ana().passwordHash, passwordHash)
}

test('a grant entitles to one change, in every flow', () =>
  onBench(async (bench) => {
    const { kit, ana, last, clock } = bench
    for (const flow of [classic, code, verified]) {
      const before = ana()
      const grant = await granted(kit, flow)
      const { challengeId } = readGrant(grant)!
      const challenge = (await kit.store.challenge(challengeId))!
      assert.deepEqual(await openGrant(kit, flow, grant), { account: ana(), challenge, nonce: challenge.nonce })
      assert.equal(challenge.nonce === null, flow !== code)
      const chosen = `New-${flow.name}-Harbour-83?`
      const changed = await set(kit, flow, { grant }, { password: chosen, confirm: chosen })
      assert.ok(changed.ok)
      assert.deepEqual([changed.session, changed.account.id], [null, before.id])
      assert.deepEqual(changed.account.passwordHash, before.passwordHash, 'the account as it was')
      assert.ok(knownDevice(kit.keys, 'ana@example.org', [changed.device]))
      const noted = await last()
      assert.equal(noted.at, clock.now())
      assert.deepEqual(bare(noted), saying('password.changed', flow, { accountId: before.id, challengeId }))
      assert.ok((await login(kit, { name: owner, password: chosen, caller })).ok)
      assert.equal((await kit.store.challenge(challengeId))?.state, 'closed')
      const because = 'the account has changed, or the code was proved again'
      await assertDead(bench, flow, grant, because)
    }
  }))

test('a grant of a flow that keeps no row entitles to one change', () =>
  onBench(async (bench) => {
    const { kit, ana, last } = bench
    const grant = await granted(kit, stateless)
    assert.deepEqual(await openGrant(kit, stateless, grant), { account: ana(), challenge: null, nonce: null })
    assert.ok((await set(kit, stateless, { grant })).ok)
    assert.deepEqual(bare(await last()), saying('password.changed', stateless, { accountId: ana().id }))
    await assertDead(bench, stateless, grant, 'the account has changed, or the code was proved again')
  }))

test('whatever is wrong with a grant the visitor is told one thing, and the audit which', () =>
  onBench(async (bench) => {
    const { kit, alter, ana, clock } = bench
    const grant = await granted(kit, classic)
    const signed = await granted(kit, stateless)
    for (const bad of ['', 'no grant', `${grant}x`]) await assertDead(bench, classic, bad, 'not a grant')
    await assertDead(bench, classic, signed, 'not a grant')
    await assertDead(bench, stateless, grant, 'not a grant')
    const [id, uid, expiry, signature] = grant.split('.') as [string, string, string, string]
    const later = (Number.parseInt(expiry, 36) + 1000).toString(36)
    await assertDead(bench, classic, [id, uid, later, signature].join('.'), 'not genuine')
    await assertDead(bench, spa, grant, 'not genuine')
    const altered = 'the account has changed, or the code was proved again'
    const end = grant.endsWith('A') ? 'E' : 'A'
    await assertDead(bench, classic, grant.slice(0, -1) + end, altered)
    for (const [now, before] of [
      [{ email: 'ana@example.net' }, { email: owner }],
      [{ active: false }, { active: true }],
    ] as const) {
      alter(now)
      await assertDead(bench, classic, grant, altered)
      alter(before)
    }
    alter({ signOn: true })
    await assertDead(bench, classic, grant, 'signs in elsewhere')
    await assertDead(bench, stateless, signed, 'signs in elsewhere')
    alter({ signOn: false })
    const row = ana()
    bench.accounts.delete(row.id)
    assert.equal(await openGrant(kit, classic, grant), altered)
    bench.accounts.set(row.id, row)
    clock.turn({ seconds: classic.grant - 1 })
    assert.ok(typeof (await openGrant(kit, classic, grant)) !== 'string')
    clock.turn({ seconds: 1 })
    await assertDead(bench, classic, grant, 'grant expired')
    await assertDead(bench, stateless, signed, 'grant expired')
  }))

test('a grant from the future is dead: a clock that is set back by more than a minute makes none live longer', () =>
  onBench(async (bench) => {
    const { kit, clock } = bench
    for (const flow of [classic, stateless]) {
      const grant = await granted(kit, flow)
      clock.turn({ seconds: -60.001 })
      assert.equal(await openGrant(kit, flow, grant), 'grant expired')
      clock.turn({ seconds: 0.001 })
      assert.ok(typeof (await openGrant(kit, flow, grant)) !== 'string')
      clock.turn({ seconds: 60 })
    }
  }))

test('a grant of a challenge that is gone, closed or another flow’s opens nothing, though we made it', () =>
  onBench(async (bench) => {
    const { kit, ana, clock } = bench
    const made = (flow: Flow, challengeId: string, nonce: string | null = null): string => {
      const grant: Grant = { challengeId, accountId: ana().id, expiresAt: clock.now() + 1000 }
      return grantOf(kit.keys.current, flow, grant, nonce, ana())
    }
    await assertDead(bench, classic, made(classic, 'A'.repeat(22)), 'used or revoked')
    const { challengeId } = readGrant(await granted(kit, spa))!
    await assertDead(bench, classic, made(classic, challengeId), 'used or revoked')
    const one = { ...classic, limits: { ...classic.limits, live: 1 } }
    const grant = await granted(kit, one)
    clock.turn({ seconds: classic.life / 2 + 1 })
    await granted(kit, one)
    const closed = made(one, readGrant(grant)!.challengeId)
    assert.equal((await kit.store.challenge(readGrant(grant)!.challengeId))?.state, 'closed')
    await assertDead(bench, one, closed, 'used or revoked')
  }))

test('a code that was proved gives one grant: its nonce is of that one time', () =>
  onBench(async (bench) => {
    const { kit, ana, clock } = bench
    const grant = await granted(kit, code)
    const said = { ...readGrant(grant)!, expiresAt: clock.now() + 1000 }
    const forged = grantOf(kit.keys.current, code, said, 'another time', ana())
    await assertDead(bench, code, forged, 'the account has changed, or the code was proved again')
    assert.ok((await set(kit, code, { grant })).ok)
  }))

test('a grant of a flow that keeps its proof in the users table dies when the table holds another', () =>
  onBench(async (bench) => {
    const { kit, ana, alter, clock } = bench
    const grant = await granted(kit, verified)
    const held = ana().reset!
    for (const reset of [null, { ...held, reference: 'another' }]) {
      alter({ reset })
      await assertDead(bench, verified, grant, 'not in the users table')
    }
    alter({ reset: { ...held, expiresAt: clock.now() - 1 } })
    assert.ok((await set(kit, verified, { grant })).ok, 'its own time counts, not the proof’s')
  }))

test('a link that opens nothing is told as a dead link, with its account in the audit', () =>
  onBench(async ({ kit, ana, last, alter }) => {
    const link = linkIn(classic, (await mail(kit, classic)).secret)
    alter({ signOn: true })
    assert.deepEqual(await set(kit, classic, link), { ok: false, refusal: { code: 'link-dead' } })
    const because = 'signs in elsewhere'
    assert.deepEqual(bare(await last()), saying('proof.refused', classic, { because, accountId: ana().id }))
    assert.ok(await isCounted(kit, refusedProofTakes(kit.keys, standard, caller.block)[0]!))
    alter({ signOn: false })
    assert.ok((await set(kit, classic, link)).ok)
  }))

// Passwords

const unmetIn = async (answer: ReturnType<typeof change>): Promise<readonly string[] | null> => {
  const { ok, ...rest } = await answer
  return !ok && 'refusal' in rest && rest.refusal.code === 'password-refused' ? rest.refusal.unmet : null
}

test('a password that breaks a rule costs no proof, and what it broke is told and noted', () =>
  onBench(async ({ kit, ana, last }) => {
    const grant = await granted(kit, code)
    const refused = async (more: Partial<Wanted>, unmet: string[]) => {
      assert.deepEqual(await unmetIn(set(kit, code, { grant }, more)), unmet)
      const because = unmet.join(' ')
      assert.deepEqual(bare(await last()), saying('password.refused', code, { accountId: ana().id, because }))
    }
    await refused({ password: '' }, ['empty'])
    await refused({ password: 'kettle17' }, ['no-upper', 'no-special'])
    await refused({ confirm: 'Other-Harbour-83?' }, ['mismatch'])
    await refused({ confirm: '' }, ['mismatch'])
    await refused({ password: 'Ana-7-Harbour!', confirm: 'Ana-7-Harbour!' }, ['holds-name'])
    await refused({ password }, ['same-as-current'])
    assert.ok((await set(kit, code, { grant }, { confirm: after })).ok)
  }))

test('a password is judged and set as it is tidied: two spellings of one are one', () =>
  onBench(async ({ kit, ana }) => {
    const [composed, decomposed] = ['Caf\u00e9-Kettle-83?', 'Cafe\u0301-Kettle-83?']
    const grant = await granted(kit, classic)
    assert.ok((await set(kit, classic, { grant }, { password: composed, confirm: decomposed })).ok)
    assert.ok(await kit.hasher.verify(ana().passwordHash, composed))
    const again = await granted(kit, classic)
    assert.deepEqual(await unmetIn(set(kit, classic, { grant: again }, { password: decomposed })), ['same-as-current'])
  }))

test('what a breach made known is refused as common, before anything is compared', () =>
  onBench(async ({ kit }) => {
    const asked: string[] = []
    const breached: Kit = {
      ...kit,
      isBreached: async (one) => {
        asked.push(one)
        return one === after
      },
    }
    const grant = await granted(kit, classic)
    assert.deepEqual(await unmetIn(set(breached, classic, { grant })), ['common'])
    assert.deepEqual(await unmetIn(set(breached, classic, { grant }, { password: '1' })), ['too-short', 'all-digits'])
    assert.deepEqual(asked, [after], 'what breaks another rule is not even asked for')
    assert.ok((await set(breached, classic, { grant }, { password: 'Third-Garden-29#' })).ok)
  }))

test('a flow looks back on the passwords it says, the current one the first of them', () =>
  onBench(async (bench) => {
    const { ana } = bench
    const kit: Kit = { ...bench.kit, limits: null }
    const back = (history: number): Flow => ({ ...spa, password: { ...spa.password, history } })
    const setIn = async (flow: Flow, chosen: string) =>
      unmetIn(set(kit, flow, linkIn(flow, (await mail(kit, flow)).secret), { password: chosen }))
    const used = [password, 'First-Kettle-11!', 'Second-Kettle-22!', 'Third-Kettle-33!']
    for (const chosen of used.slice(1)) assert.equal(await setIn(back(5), chosen), null)
    assert.equal((await kit.store.history(ana().id, 9)).length, 3)
    assert.deepEqual(await setIn(back(0), used[3]!), ['same-as-current'], 'always')
    assert.deepEqual(await setIn(back(4), used[0]!), ['used-before'])
    assert.deepEqual(await setIn(back(3), used[1]!), ['used-before'])
    assert.deepEqual(await setIn(back(2), used[2]!), ['used-before'])
    assert.deepEqual(await setIn(back(3), used[3]!), ['same-as-current'])
    assert.equal(await setIn(back(3), used[0]!), null, 'the fourth of three')
    assert.equal(await setIn(back(1), used[3]!), null, 'of one the current is told by itself')
    assert.equal(await setIn(back(0), used[0]!), null)
  }))

test('an account that has no password yet gets its first', () =>
  onBench(async ({ kit, add, accounts }) => {
    const id = await add('bea@example.org')
    const by = linkIn(classic, (await mail(kit, classic, 'bea@example.org')).secret)
    assert.ok((await set(kit, classic, by)).ok)
    assert.ok(await kit.hasher.verify(accounts.get(id)!.passwordHash, after))
    assert.deepEqual(await kit.store.history(id, 9), [])
  }))

test('a hundred passwords may be offered with one proof in a quarter of an hour', () =>
  onBench(async ({ kit, clock, last, ana }) => {
    for (const flow of [classic, stateless]) {
      const grant = await granted(kit, flow)
      const offer = () => set(kit, flow, { grant }, { password: '1' })
      const challengeId = readGrant(grant)!.challengeId || ana().id
      assert.equal(await isCounted(kit, passwordTakes(kit.keys, standard, challengeId)[0]!), false)
      for (let count = 0; count < 99; count++) assert.ok(await unmetIn(offer()))
      assert.ok(await isCounted(kit, passwordTakes(kit.keys, standard, challengeId)[0]!))
      clock.turn({ seconds: 10 })
      assert.ok(await unmetIn(offer()))
      clock.turn({ seconds: 10 })
      const wait = { code: 'too-many-attempts', retryAfter: 880 }
      assert.deepEqual(await set(kit, flow, { grant }), { ok: false, refusal: wait }, 'a sound one too')
      const because = 'passwords-per-grant'
      assert.deepEqual(bare(await last()), saying('limit.crossed', flow, { accountId: ana().id, because }))
      const other = await granted(kit, { ...flow, name: flow === classic ? 'classic' : 'stateless' })
      if (flow === classic) assert.ok((await set(kit, flow, { grant: other })).ok, 'another grant has its own')
    }
  }))

// What a winner gets

test('a flow that logs in opens a session for a browser, and for no program, second factor or other flow', () =>
  onBench(async ({ kit, ana, alter, clock }) => {
    const entering: Flow = { ...classic, after: { ...classic.after, login: true } }
    let count = 0
    const setIn = async (flow: Flow, by = caller) => {
      count += 1
      const link = linkIn(flow, (await mail(kit, flow, owner, stranger(count))).secret)
      const changed = await set(kit, flow, link, { caller: by, password: `Harbour-Kettle-${count}!` })
      assert.ok(changed.ok)
      return changed.session
    }
    const session = await setIn(entering)
    assert.ok(session)
    assert.equal(Buffer.from(session, 'base64url').length, 32)
    assert.deepEqual(await signedIn(kit, session), ana())
    const row = await kit.store.session(sessionIds(kit.keys, session)[0]!, clock.now())
    assert.deepEqual([row?.network, row?.agent, row?.createdAt], [caller.network, caller.agent, clock.now()])
    assert.equal(await setIn(classic), null)
    assert.equal(await signedIn(kit, session), null, 'a change ends the sessions that were there')
    assert.equal(await setIn(entering, { ...caller, browser: null }), null)
    alter({ secondFactor: true })
    assert.equal(await setIn(entering), null)
  }))

test('of two that set a password with one proof one wins, and the other is told that its proof is dead', () =>
  onBench(async ({ kit, events, ana }) => {
    for (const flow of [classic, stateless, code]) {
      const grant = await granted(kit, flow)
      const chosen = [1, 2].map((count) => `Harbour-${flow.name}-${count}!`)
      const answers = await Promise.all(chosen.map((one) => set(kit, flow, { grant }, { password: one })))
      assert.equal(answers.filter(({ ok }) => ok).length, 1)
      const lost = flow === code ? 'session-expired' : 'link-dead'
      assert.deepEqual(answers.map(refusalIn).filter(Boolean), [lost])
      const noted = (await events()).filter(({ because }) => because === 'another was first').at(-1)!
      assert.deepEqual(
        bare(noted),
        saying('proof.refused', flow, { accountId: ana().id, because: 'another was first' }),
      )
      assert.ok(await isCounted(kit, refusedProofTakes(kit.keys, standard, caller.block)[0]!))
    }
  }))

test('a grant made under the secret of before is good until it ends', () =>
  onBench(async ({ kit }) => {
    const grant = await granted(kit, code)
    const later = keyring('the secret of the day after, no less long', [
      'a secret of a test, of which nothing outside hangs',
    ])
    assert.ok((await set({ ...kit, keys: { ...later, lasting: kit.keys.lasting } }, code, { grant })).ok)
  }))

test('an ask that is open is revoked by the change, its letter not yet sent among them', () =>
  onBench(async ({ kit }) => {
    const by = linkIn(classic, (await mail(kit, classic)).secret)
    await ask(kit, spa, owner, stranger(1))
    const [letter] = await letters(kit)
    const early = await issue(kit, spa, letter!)
    assert.ok(early.kind === 'send' && early.proof)
    assert.ok((await set(kit, classic, by)).ok)
    const again = await issue(kit, spa, letter!)
    assert.equal(again.kind === 'drop' && again.event.because, 'challenge is closed')
    assert.equal(refusalIn(await look(kit, spa, linkIn(spa, early.proof.secret), caller)), 'link-dead')
  }))
