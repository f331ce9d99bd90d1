/**
 * A visitor is told one and the same no, whatever was wrong; whoever looks into an incident later has to know what it was.
 * Where the log says nothing, nobody sees that grants were forged for a week, or that a worker dropped every letter. So
 * each reason for which an engine refuses is brought about here, one by one, and has to stand in the audit, under the
 * right name and account, while the answer stays the same.
 */
import assert from 'node:assert/strict'
import type { AuditEvent, Caller } from '../../src/engine/audit.ts'
import type { Flow } from '../../src/engine/flow.ts'
import { type Issued, issue } from '../../src/engine/issue.ts'
import { fresh, keyring } from '../../src/engine/keys.ts'
import { standard } from '../../src/engine/limits.ts'
import type { Account, Kit, Letter } from '../../src/engine/ports.ts'
import { challengeOf, grantOf, linkToken, readGrant } from '../../src/engine/proof.ts'
import { challengeIdOf } from '../../src/engine/request.ts'
import { type Verbs, verbs } from '../../src/engine/verbs.ts'
import { classic, code, spa, stateless, verified } from '../../src/flows/index.ts'
import type { MemoryDatabase } from '../../src/stores/memory.ts'
import { after, type Bench, before, eventsOf, inMemory, onEachStore } from './kit.ts'
import { quickHasher } from './life-real.ts'

const owner = 'ana@example.org'
const caller: Caller = {
  network: '203.0.113.7',
  block: '203.0.113.7',
  agent: 'a browser',
  browser: 'the browser of ana',
  devices: [],
  locale: 'en',
  requestId: 'request',
}
const another: Caller = { ...caller, browser: 'another browser', network: '203.0.113.8', block: '203.0.113.8' }

type World = { bench: Bench; kit: Kit; verbs: Verbs; ana: () => Promise<Account> }

async function worldOf(open: (options?: object) => Promise<Bench>, options: object = {}): Promise<World> {
  const bench = await open(options)
  const kit: Kit = { ...bench.kit, hasher: quickHasher }
  const passwordHash = await quickHasher.hash(before)
  const row = { email: owner, username: 'Ana-7', passwordHash, verified: true, active: true }
  await bench.accounts.add([row], bench.clock.now())
  return { bench, kit, verbs: verbs(kit), ana: async () => (await bench.accounts.byAddress(owner))[0]! }
}

type Mailed = { letter: Letter; issued: Issued; flowId: string }

/** Asks, and gives the letter its turn. */
async function mail(world: World, flow: Flow, address = owner, by: Caller = caller): Promise<Mailed> {
  const asked = await world.verbs.request(flow, { address, caller: by, previous: null, resend: false })
  assert.ok(asked.ok)
  return { ...(await turn(world, flow)), flowId: asked.flowId }
}

async function turn({ kit, bench }: World, flow: Flow): Promise<{ letter: Letter; issued: Issued }> {
  const at = bench.clock.now()
  const leased = await kit.store.lease(100, at, at + 12_000, 'lease')
  const { letter } = leased.find((one) => one.letter.kind === 'proof' && one.letter.flow === flow.name)!
  const issued = await issue(kit, flow, letter)
  for (const one of leased) await kit.store.settle(one.letter.id, 'lease', at, { kind: 'sent' }, null)
  return { letter, issued }
}

const secretOf = ({ issued }: Mailed): string => {
  assert.equal(issued.kind, 'send')
  return (issued.kind === 'send' && issued.proof?.secret) || ''
}

function linkOf(flow: Flow, mailed: Mailed): { uid: string | null; token: string } {
  const url = new URL(secretOf(mailed))
  const parts = url.pathname.split('/').filter(Boolean)
  const token = url.searchParams.get(flow.fields.token) ?? parts.at(-1)!
  return { uid: flow.proof.kind === 'signed' ? parts.at(-2)! : null, token }
}

async function grantFor(
  world: World,
  flow: Flow,
): Promise<{ grant: string; link: { uid: string | null; token: string } }> {
  const link = linkOf(flow, await mail(world, flow))
  const looked = await world.verbs.look(flow, link, caller)
  assert.ok(looked.ok)
  return { grant: looked.grant, link }
}

const last = async ({ bench }: World): Promise<AuditEvent> => (await eventsOf(bench)).at(-1)!

/** That the newest event is this one, of this caller; answers it. */
async function assertNoted(world: World, name: string, because: string | null, more: object = {}): Promise<void> {
  const { seq: _, ...event } = (await last(world)) as AuditEvent & { seq: number }
  const { network, agent, requestId } = caller
  const base = {
    name,
    because,
    network,
    agent,
    requestId,
    addressKey: null,
    challengeId: null,
    flow: null,
    accountId: null,
  }
  assert.deepEqual({ ...event, at: null }, { ...base, ...more, at: null })
  assert.equal(event.at, world.bench.clock.now())
}

async function changeAnother(world: World, change: Partial<Account>): Promise<void> {
  const { accounts } = world.bench.database as MemoryDatabase
  const ana = await world.ana()
  accounts.set(ana.id, { ...ana, ...change })
}

const set = (
  world: World,
  flow: Flow,
  by: { grant: string } | { uid: string | null; token: string },
  password = after,
) => world.verbs.change(flow, { by, password, confirm: null, caller })

const codeOfRefusal = (outcome: { ok: boolean; refusal?: { code: string } }): string =>
  outcome.ok ? 'ok' : (outcome.refusal?.code ?? '')

// Grants

/** That a grant is refused, in every place that takes one. */
async function assertDeadGrant(world: World, flow: Flow, grant: string, because: string): Promise<void> {
  assert.equal(await world.verbs.granted(flow, grant), null, because)
  assert.equal(codeOfRefusal(await set(world, flow, { grant })), 'session-expired')
  await assertNoted(world, 'proof.refused', because, { flow: flow.name })
}

inMemory('what is no grant, and one that was forged, are told apart in the audit alone', async (open) => {
  const world = await worldOf(open)
  const { grant } = await grantFor(world, classic)
  const [id, uid, expiry, signature] = grant.split('.') as [string, string, string, string]
  for (const bad of ['', 'x', `${grant}x`, ['', uid, expiry, signature].join('.')]) {
    await assertDeadGrant(world, classic, bad, 'not a grant')
  }
  await assertDeadGrant(world, classic, [id, uid, (Date.now() * 2).toString(36), signature].join('.'), 'not genuine')
  await assertDeadGrant(world, { ...classic, name: 'spa' }, grant, 'not genuine')
  const signed = await grantFor(world, stateless)
  await assertDeadGrant(world, classic, signed.grant, 'not a grant')
  await assertDeadGrant(world, stateless, grant, 'not a grant')
  assert.equal((await world.verbs.granted(classic, grant))?.email, owner)
})

inMemory('a grant whose badge is ours and whose signature is not is the account that has changed', async (open) => {
  const world = await worldOf(open)
  const { grant } = await grantFor(world, classic)
  const end = grant.at(-1) === 'A' ? 'E' : 'A'
  const because = 'the account has changed, or the code was proved again'
  await assertDeadGrant(world, classic, grant.slice(0, -1) + end, because)
  await changeAnother(world, { email: 'moved@example.org' })
  await assertDeadGrant(world, classic, grant, because)
  await moveTo(world, owner)
  assert.notEqual(await world.verbs.granted(classic, grant), null)
  ;(world.bench.database as MemoryDatabase).accounts.clear()
  await assertDeadGrant(world, classic, grant, because)
})

/** Back to the address of before. */
async function moveTo(world: World, email: string): Promise<void> {
  const { accounts } = world.bench.database as MemoryDatabase
  for (const [id, account] of accounts) accounts.set(id, { ...account, email })
}

inMemory('a grant ends at its own minute', async (open) => {
  for (const flow of [classic, stateless, spa, verified]) {
    const world = await worldOf(open)
    const { grant } = await grantFor(world, flow)
    world.bench.clock.turn({ seconds: 899 })
    assert.notEqual(await world.verbs.granted(flow, grant), null)
    world.bench.clock.turn({ seconds: 1 })
    await assertDeadGrant(world, flow, grant, 'grant expired')
  }
})

inMemory('a grant is revoked with its challenge, though the account is as it was', async (open) => {
  const world = await worldOf(open)
  const first = linkOf(classic, await mail(world, classic))
  world.bench.clock.turn({ minutes: 20 })
  for (let count = 0; count < 2; count++) await mail(world, classic)
  world.bench.clock.turn({ minutes: 11 * 60 + 35 })
  const looked = await world.verbs.look(classic, first, caller)
  assert.ok(looked.ok)
  world.bench.clock.turn({ minutes: 6 })
  assert.notEqual(await world.verbs.granted(classic, looked.grant), null)
  // A fourth: the oldest is past half its life and makes room.
  await mail(world, classic)
  await assertDeadGrant(world, classic, looked.grant, 'used or revoked')
  assert.equal(codeOfRefusal(await set(world, classic, first)), 'link-dead')
  await assertNoted(world, 'proof.refused', 'used or revoked', { flow: 'classic', accountId: (await world.ana()).id })
})

inMemory('a grant of a challenge that is gone, or of another flow, opens nothing', async (open) => {
  const world = await worldOf(open)
  const { grant } = await grantFor(world, classic)
  const said = readGrant(grant)!
  const ana = await world.ana()
  // As only who holds the secret can make them.
  const gone = grantOf(world.kit.keys.current, classic, { ...said, challengeId: 'x'.repeat(22) }, null, ana)
  await assertDeadGrant(world, classic, gone, 'used or revoked')
  const foreign = grantOf(world.kit.keys.current, spa, said, null, ana)
  await assertDeadGrant(world, spa, foreign, 'used or revoked')
})

inMemory('a grant of the flow that keeps columns dies with what stands in them', async (open) => {
  const world = await worldOf(open)
  const { grant, link } = await grantFor(world, verified)
  const { reset } = await world.ana()
  await changeAnother(world, { reset: null })
  await assertDeadGrant(world, verified, grant, 'not in the users table')
  assert.equal(codeOfRefusal(await world.verbs.look(verified, link, caller)), 'link-dead')
  await assertNoted(world, 'proof.refused', 'not in the users table', { flow: 'verified' })
  await changeAnother(world, { reset: { ...reset!, reference: 'another' } })
  await assertDeadGrant(world, verified, grant, 'not in the users table')
  // The column's own expiry ends the link, not the grant that it gave.
  await changeAnother(world, { reset: { ...reset!, expiresAt: world.bench.clock.now() } })
  assert.equal((await world.verbs.look(verified, link, caller)).ok, false)
  assert.notEqual(await world.verbs.granted(verified, grant), null)
  await changeAnother(world, { reset })
  assert.ok((await set(world, verified, { grant })).ok)
})

inMemory('an account that signs in elsewhere meanwhile gets no new password, by grant or by link', async (open) => {
  const world = await worldOf(open)
  const { grant, link } = await grantFor(world, classic)
  await changeAnother(world, { signOn: true })
  await assertDeadGrant(world, classic, grant, 'signs in elsewhere')
  assert.equal(codeOfRefusal(await set(world, classic, link)), 'link-dead')
  await assertNoted(world, 'proof.refused', 'signs in elsewhere', {
    flow: 'classic',
    accountId: (await world.ana()).id,
  })
})

// Links

inMemory(
  'each reason why a link opens nothing stands in the audit, and the visitor is told one thing',
  async (open) => {
    const world = await worldOf(open)
    const { link } = await grantFor(world, classic)
    const signed = await grantFor(world, stateless)
    const { token } = link
    const { id } = await world.ana()
    const dead = async (flow: Flow, one: { uid: string | null; token: string }, because: string) => {
      const looked = await world.verbs.look(flow, one, caller)
      assert.equal(codeOfRefusal(looked), 'link-dead')
      await assertNoted(world, 'proof.refused', because, { flow: flow.name })
      assert.equal(await world.verbs.peek(flow, one), false)
    }
    await dead(classic, { uid: null, token: 'x' }, 'unknown')
    await dead(classic, { uid: null, token: 'x'.repeat(65) }, 'unknown')
    await dead(spa, link, 'unknown')
    await dead(
      classic,
      { uid: null, token: token.slice(0, 64) + (token.at(-1) === 'A' ? 'E' : 'A') },
      'not genuine, or the account has changed',
    )
    await dead(classic, { uid: 'OTk', token }, 'another account')
    await dead(classic, { uid: '_w', token }, 'another account')
    await dead(stateless, { ...signed.link, uid: null }, 'not genuine')
    await dead(stateless, { ...signed.link, uid: 'OTk' }, 'not genuine')
    await changeAnother(world, { passwordHash: 'another' })
    await dead(stateless, signed.link, 'the account has changed')
    await dead(classic, link, 'not genuine, or the account has changed')
    const fresher = await grantFor(world, classic)
    const fresherSigned = await grantFor(world, stateless)
    await assertNoted(world, 'link.opened', null, { flow: 'stateless', accountId: id })
    world.bench.clock.turn({ minutes: 59, seconds: 59 })
    assert.equal(await world.verbs.peek(stateless, fresherSigned.link), true)
    world.bench.clock.turn({ seconds: 1 })
    await dead(stateless, fresherSigned.link, 'expired')
    world.bench.clock.turn({ minutes: 22 * 60 + 59, seconds: 59 })
    assert.equal(await world.verbs.peek(classic, fresher.link), true)
    const opened = await world.verbs.look(classic, { ...fresher.link, uid: 'MQ' }, caller)
    assert.ok(opened.ok)
    await assertNoted(world, 'link.opened', null, {
      flow: 'classic',
      accountId: id,
      challengeId: challengeOf(fresher.link.token),
    })
    assert.equal(opened.expiresIn, 900)
    assert.equal(opened.handle.length, 12)
    world.bench.clock.turn({ seconds: 1 })
    await dead(classic, fresher.link, 'expired')
  },
)

inMemory('a link of nobody, made by who knows the keys but no account, opens nothing', async (open) => {
  const world = await worldOf(open)
  const mailed = await mail(world, classic, 'nobody@example.org')
  assert.equal(mailed.issued.kind, 'drop')
  const challenge = (await world.kit.store.challenge(challengeIdOf(world.kit, mailed.flowId)))!
  assert.match(challenge.accountId!, /^decoy:/)
  const token = linkToken(world.kit.keys.current, classic, challenge, await world.ana())
  assert.equal(codeOfRefusal(await world.verbs.look(classic, { uid: null, token }, caller)), 'link-dead')
})

// Passwords

inMemory('a password that is refused is noted with the rules that it broke, and costs no proof', async (open) => {
  const world = await worldOf(open)
  const { grant, link } = await grantFor(world, spa)
  const { id } = await world.ana()
  const about = { flow: 'spa', accountId: id }
  const weak = await set(world, spa, { grant }, 'weak')
  assert.deepEqual(!weak.ok && weak.refusal, {
    code: 'password-refused',
    unmet: ['too-short', 'no-upper', 'no-digit', 'no-special'],
  })
  await assertNoted(world, 'password.refused', 'too-short no-upper no-digit no-special', about)
  assert.equal(codeOfRefusal(await set(world, spa, link, before)), 'password-refused')
  await assertNoted(world, 'password.refused', 'same-as-current', about)
  const confirmed = await world.verbs.change(spa, { by: link, password: after, confirm: 'other', caller })
  assert.deepEqual(!confirmed.ok && 'unmet' in confirmed.refusal && confirmed.refusal.unmet, ['mismatch'])
  assert.ok((await set(world, spa, link)).ok)
  await assertNoted(world, 'password.changed', null, { ...about, challengeId: challengeOf(link.token) })
})

inMemory('a link or grant offers a hundred passwords in a quarter of an hour, then one must wait', async (open) => {
  const few = { ...standard, passwordsPerGrant: [{ max: 20, ms: 900_000 }] }
  const world = await worldOf(open, { limits: few })
  const first = await grantFor(world, classic)
  world.bench.clock.turn({ minutes: 1 })
  const second = await grantFor(world, classic)
  for (let count = 0; count < 20; count++) {
    assert.equal(codeOfRefusal(await set(world, classic, first.link, 'weak')), 'password-refused')
  }
  const refused = await set(world, classic, { grant: first.grant }, 'weak')
  assert.equal(codeOfRefusal(refused), 'too-many-attempts')
  assert.ok(!refused.ok && 'retryAfter' in refused.refusal && refused.refusal.retryAfter === 900)
  const crossed = (await eventsOf(world.bench)).filter(({ because }) => because === 'passwords-per-grant')
  assert.deepEqual(
    crossed.map(({ name }) => name),
    ['limit.crossed'],
  )
  // Of the same account, by another link: a count of its own.
  assert.equal(codeOfRefusal(await set(world, classic, second.link, 'weak')), 'password-refused')
  world.bench.clock.turn({ minutes: 15 })
  assert.ok((await set(world, classic, first.link)).ok)
})

inMemory('a flow looks back on as many passwords as it says, the current one among them', async (open) => {
  for (const [history, refused] of [
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 3],
  ] as const) {
    const flow: Flow = { ...spa, password: { ...spa.password, history } }
    const world = await worldOf(open, { flows: [flow] })
    const used = [before]
    for (const password of ['First-Kettle-1!', 'Second-Kettle-2!', 'Third-Kettle-3!']) {
      const { link } = await grantFor(world, flow)
      assert.ok((await set(world, flow, link, password)).ok)
      used.unshift(password)
      world.bench.clock.turn({ minutes: 16 })
    }
    const { link } = await grantFor(world, flow)
    for (const [back, password] of used.entries()) {
      if (back >= refused) continue
      const answer = await set(world, flow, link, password)
      const unmet = !answer.ok && 'unmet' in answer.refusal ? answer.refusal.unmet : []
      assert.deepEqual(unmet, [back === 0 ? 'same-as-current' : 'used-before'], `${history}: ${back} back`)
    }
    assert.ok((await set(world, flow, link, used[refused]!)).ok, `${history}: ${refused} back is free again`)
  }
})

inMemory('an account without a password gets its first one', async (open) => {
  const world = await worldOf(open)
  await changeAnother(world, { passwordHash: null })
  const { link } = await grantFor(world, spa)
  assert.ok((await set(world, spa, link)).ok)
})

onEachStore(
  'who comes second is told that the proof is dead, and the audit says that another was first',
  async (open) => {
    const world = await worldOf(open)
    for (const [flow, isCode] of [
      [stateless, false],
      [code, true],
    ] as const) {
      let by: { grant: string } | { uid: string | null; token: string }
      if (isCode) {
        const mailed = await mail(world, flow)
        const typed = { flowId: mailed.flowId, address: owner, code: secretOf(mailed), caller }
        const proved = await world.verbs.prove(flow, typed)
        assert.ok(proved.ok)
        by = { grant: proved.accounts[0]!.grant }
      } else by = (await grantFor(world, flow)).link
      const both = await Promise.all([1, 2].map((one) => set(world, flow, by, `${after}-${flow.name}-${one}`)))
      const lost = both.filter(({ ok }) => !ok)
      assert.deepEqual(lost.map(codeOfRefusal), [isCode ? 'session-expired' : 'link-dead'])
      await assertNoted(world, 'proof.refused', 'another was first', {
        flow: flow.name,
        accountId: (await world.ana()).id,
      })
      world.bench.clock.turn({ minutes: 16 })
    }
  },
)

inMemory('a flow that logs in opens a session for a browser, and for nothing else', async (open) => {
  const flow: Flow = { ...spa, after: { login: true } }
  for (const [by, change, isLoggedIn] of [
    [caller, {}, true],
    [{ ...caller, browser: null }, {}, false],
    [caller, { secondFactor: true }, false],
  ] as const) {
    const world = await worldOf(open, { flows: [flow] })
    await changeAnother(world, change)
    const { link } = await grantFor(world, flow)
    const changed = await world.verbs.change(flow, { by: link, password: after, confirm: null, caller: by })
    assert.ok(changed.ok)
    assert.equal(changed.session !== null, isLoggedIn)
    if (changed.session) {
      assert.equal(Buffer.from(changed.session, 'base64url').length, 32)
      assert.equal((await world.verbs.signedIn(changed.session))?.email, owner)
    }
    assert.equal(changed.device.length, 22 + 2 * 43, 'known by address and user name')
  }
})

// Codes

inMemory(
  'each reason why a code proves nothing stands in the audit, and the visitor is told one thing',
  async (open) => {
    const world = await worldOf(open)
    const mailed = await mail(world, code)
    const right = secretOf(mailed)
    const wrong = right === '000000' ? '111111' : '000000'
    const { id } = await world.ana()
    const challengeId = challengeIdOf(world.kit, mailed.flowId)
    const { addressKey } = (await world.kit.store.challenge(challengeId))!
    const about = { flow: 'code', challengeId, accountId: id, addressKey }
    const prove = (more: object, flow: Flow = code) =>
      world.verbs.prove(flow, { flowId: mailed.flowId, address: owner, code: right, caller, ...more })
    const dead = async (more: object, because: string, noted: object = { flow: 'code' }) => {
      assert.equal(codeOfRefusal(await prove(more)), 'code-dead')
      await assertNoted(world, 'proof.refused', because, noted)
    }
    for (const malformed of ['', '12345', '1234567', '12345a', 'x'.repeat(65), '１２３４５', '٠١٢٣٤٥']) {
      assert.equal(codeOfRefusal(await prove({ code: malformed })), 'code-malformed', malformed)
    }
    assert.equal(codeOfRefusal(await prove({}, classic)), 'code-malformed')
    await dead({ flowId: fresh(world.kit.random, 16) }, 'unknown')
    await dead({ caller: { ...caller, browser: 'another' } }, 'another browser')
    await dead({ caller: { ...caller, browser: null } }, 'another browser')
    await dead({ address: 'bea@example.org' }, 'another address')
    await dead({ address: 'no address' }, 'another address')
    await dead({ code: wrong }, 'wrong code', about)
    for (let count = 0; count < 4; count++) await dead({ code: wrong }, 'wrong code', about)
    await dead({}, 'no tries left', about)
    world.bench.clock.turn({ minutes: 1 })
    const second = await mail(world, code)
    const typed = { flowId: second.flowId, code: secretOf(second).replace(/^(...)/, ' $1-\u2009') }
    const proved = await prove(typed)
    assert.ok(proved.ok, 'spaces and hyphens cost nothing')
    assert.equal(proved.accounts[0]!.expiresIn, 900)
    const provedId = challengeIdOf(world.kit, second.flowId)
    await assertNoted(world, 'proof.accepted', null, { ...about, challengeId: provedId })
    await dead(typed, 'used or revoked')
    world.bench.clock.turn({ minutes: 1 })
    const third = await mail(world, code)
    world.bench.clock.turn({ minutes: 14, seconds: 59 })
    const late = { flowId: third.flowId, code: secretOf(third) }
    await dead({ ...late, code: secretOf(third) === wrong ? '222222' : wrong }, 'wrong code', {
      ...about,
      challengeId: challengeIdOf(world.kit, third.flowId),
    })
    world.bench.clock.turn({ seconds: 1 })
    await dead(late, 'expired')
  },
)

inMemory('a code whose letter carried a link to another browser cannot be typed', async (open) => {
  const world = await worldOf(open)
  for (let count = 0; count < 3; count++) await mail(world, code)
  const fourth = await mail(world, code, owner, another)
  assert.ok(fourth.issued.kind === 'send' && fourth.issued.proof?.kind === 'link-instead')
  const typed = { flowId: fourth.flowId, address: owner, code: '000000', caller: another }
  assert.equal(codeOfRefusal(await world.verbs.prove(code, typed)), 'code-dead')
  assert.equal((await last(world)).because, 'a link was mailed')
})

// Letters

inMemory('each reason why a letter is not sent stands in the audit', async (open) => {
  const world = await worldOf(open)
  const dropped = async (mailed: Mailed, name: string, because: string, accountId: string | null = null) => {
    assert.equal(mailed.issued.kind, 'drop')
    const { event } = mailed.issued
    const { flow, challengeId } = mailed.letter
    assert.deepEqual(
      [event.name, event.because, event.flow, event.challengeId, event.accountId],
      [name, because, flow, challengeId, accountId],
    )
  }
  const { id } = await world.ana()
  await dropped(await mail(world, classic, 'nobody@example.org'), 'letter.dropped', 'no account')
  await changeAnother(world, { verified: false })
  await dropped(await mail(world, verified), 'letter.dropped', 'not verified', id)
  await changeAnother(world, { active: false, verified: true })
  await dropped(await mail(world, classic), 'letter.dropped', 'not active', id)
  await changeAnother(world, { active: true })
  const sent = await mail(world, classic)
  assert.equal(sent.issued.kind, 'send')
  assert.deepEqual(
    [sent.issued.event.name, sent.issued.event.because, sent.issued.event.accountId],
    ['letter.sent', null, id],
  )
  assert.equal(sent.issued.kind === 'send' && sent.issued.expiresAt, sent.letter.expiresAt)
  assert.equal((await world.ana()).reset, null, 'only a flow that keeps columns writes into the users table')
  const again = async (kit: Kit, letter = sent.letter) => ({
    ...sent,
    letter,
    issued: await issue(kit, classic, letter),
  })
  const lost = { ...world.kit, keys: keyring('a secret that is another one altogether') }
  await dropped(await again(lost), 'letter.dropped', 'key is gone')
  await dropped(await again(world.kit, { ...sent.letter, sealedAddress: 'x' }), 'letter.dropped', 'key is gone')
  const gone = { ...sent.letter, challengeId: 'x'.repeat(22) }
  await dropped(await again(world.kit, gone), 'letter.dropped', 'challenge is gone', id)
  const secret = secretOf(sent)
  world.bench.clock.turn({ minutes: 23 * 60 + 58 })
  const inTime = await again(world.kit)
  assert.equal(secretOf(inTime), secret, 'the same letter, the same proof')
  world.bench.clock.turn({ seconds: 1 })
  await dropped(await again(world.kit), 'letter.expired', 'too little time left')
})

inMemory('a letter of a challenge that was closed meanwhile is dropped', async (open) => {
  const world = await worldOf(open)
  const first = await mail(world, spa)
  const { link } = await grantFor(world, spa)
  assert.ok((await set(world, spa, link)).ok)
  const issued = await issue(world.kit, spa, first.letter)
  assert.equal(issued.kind, 'drop')
  assert.deepEqual([issued.event.name, issued.event.because], ['letter.dropped', 'challenge is closed'])
})

inMemory('a letter that carries an older proof is not sent when that one has too little time left', async (open) => {
  const world = await worldOf(open)
  for (let count = 0; count < 3; count++) await mail(world, spa)
  world.bench.clock.turn({ seconds: 10 })
  const fourth = await mail(world, spa, owner, another)
  const at = world.bench.clock.now()
  assert.ok(fourth.issued.kind === 'send' && fourth.issued.expiresAt === at - 10_000 + spa.life * 1000)
  const atTime = (now: number) => issue({ ...world.kit, clock: { now: () => now } }, spa, fourth.letter)
  assert.equal((await atTime(fourth.issued.expiresAt - 120_000)).kind, 'send')
  const { event } = await atTime(fourth.issued.expiresAt - 119_999)
  assert.deepEqual([event.name, event.because], ['letter.expired', 'too little time left'])
})

inMemory('an account that signs in elsewhere gets a letter without a proof, and no challenge', async (open) => {
  const world = await worldOf(open)
  await changeAnother(world, { signOn: true })
  const { issued, letter, flowId } = await mail(world, classic)
  assert.ok(issued.kind === 'send')
  assert.deepEqual(issued.proof, { kind: 'other-door', secret: '' })
  assert.equal(issued.expiresAt, letter.expiresAt)
  assert.deepEqual([issued.event.name, issued.event.because], ['letter.sent', 'signs in elsewhere'])
  assert.match((await world.kit.store.challenge(challengeIdOf(world.kit, flowId)))!.accountId!, /^decoy:/)
})

// Log-ins

inMemory('each reason why a log-in fails stands in the audit, and the visitor is told one thing', async (open) => {
  const world = await worldOf(open)
  const { id } = await world.ana()
  const login = (name: string, password: string) => world.verbs.login({ name, password, caller })
  const failed = async (name: string, password: string, because: string, accountId: string | null) => {
    assert.equal(codeOfRefusal(await login(name, password)), 'login-failed')
    await assertNoted(world, 'session.refused', because, { accountId })
  }
  await failed('nobody@example.org', before, 'no account', null)
  await failed(owner, after, 'wrong password', id)
  await changeAnother(world, { active: false })
  await failed(owner, before, 'not active', id)
  await changeAnother(world, { active: true, secondFactor: true })
  assert.equal(codeOfRefusal(await login(owner, before)), 'login-elsewhere')
  await assertNoted(world, 'session.refused', 'second factor', { accountId: id })
  await changeAnother(world, { signOn: true })
  assert.equal(codeOfRefusal(await login(owner, before)), 'login-elsewhere')
  await assertNoted(world, 'session.refused', 'signs in elsewhere', { accountId: id })
  await changeAnother(world, { signOn: false, secondFactor: false })
  for (const name of [owner, ' ANA@Example.org ', 'ana-7', 'ANA-7 ']) {
    const opened = await login(name, before)
    assert.ok(opened.ok, name)
    assert.equal(Buffer.from(opened.session, 'base64url').length, 32)
    await assertNoted(world, 'session.opened', null, { accountId: id })
    assert.equal((await world.verbs.signedIn(opened.session))?.id, id)
    await world.verbs.logout(opened.session, caller)
    await assertNoted(world, 'session.ended', null, { accountId: id })
    assert.equal(await world.verbs.signedIn(opened.session), null)
  }
})

inMemory('a session is nobody once its account is closed', async (open) => {
  const world = await worldOf(open)
  const opened = await world.verbs.login({ name: owner, password: before, caller })
  assert.ok(opened.ok)
  world.bench.clock.turn({ days: 13 })
  assert.notEqual(await world.verbs.signedIn(opened.session), null)
  await changeAnother(world, { active: false })
  assert.equal(await world.verbs.signedIn(opened.session), null)
  await moveTo(world, owner)
  await changeAnother(world, { active: true })
  world.bench.clock.turn({ days: 1 })
  assert.equal(await world.verbs.signedIn(opened.session), null, 'after fourteen days')
})
