/** What a change of password ends besides, and what it asks for first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { code, spa } from '../flows/index.ts'
import { type TestRecovery, testRecovery } from '../testing/index.ts'
import type { Caller } from './audit.ts'
import { change, type Wanted } from './change.ts'
import type { Flow } from './flow.ts'
import { issue } from './issue.ts'
import { digest } from './keys.ts'
import { standard, type Take, toldTakes, untoldTakes, wrongCodeTakes } from './limits.ts'
import { login } from './login.ts'
import type { Kit } from './ports.ts'
import { prove } from './prove.ts'
import { request } from './request.ts'

const caller: Caller = {
  network: '203.0.113.7',
  block: '203.0.113.7',
  agent: 'a browser',
  browser: 'a browser of its own',
  devices: [],
  locale: 'en',
  requestId: 'request',
}
// Not as it is tidied: what is counted goes by the tidy one.
const owner = 'Ana@Example.org'
const password = 'Old-Kettle-17!'

async function inBench(body: (recovery: TestRecovery, kit: Kit) => Promise<void>): Promise<void> {
  const recovery = await testRecovery()
  const { kit } = recovery
  const passwordHash = await kit.hasher.hash(password)
  const rows = [
    { email: owner, username: 'Ana-7', passwordHash, verified: true, active: true },
    { email: 'bea@example.org', username: 'bea', passwordHash, verified: true, active: true },
  ]
  await kit.accounts.add(rows, recovery.clock.now())
  try {
    await body(recovery, kit)
  } finally {
    await recovery.close()
  }
}

/** The secret of a letter, and the flow id of its ask. */
async function mailed(kit: Kit, flow: Flow, address = owner): Promise<{ flowId: string; secret: string }> {
  const asked = await request(kit, flow, { address, caller, previous: null, resend: false })
  assert.ok(asked.ok)
  const at = kit.clock.now()
  const [leased] = await kit.store.lease(1, at, at + 60_000, 'lease')
  const issued = await issue(kit, flow, leased!.letter)
  assert.ok(issued.kind === 'send' && issued.proof)
  await kit.store.settle(leased!.letter.id, 'lease', at, { kind: 'sent' }, null)
  return { flowId: asked.flowId, secret: issued.proof.secret }
}

const linkIn = (secret: string) => ({ uid: null, token: new URL(secret).pathname.split('/').filter(Boolean).at(-1)! })

/** Whether anything at all is counted there. */
const isCounted = async (kit: Kit, { limit, key }: Take): Promise<boolean> =>
  (await kit.store.full([{ limit, key, windows: [{ max: 1, ms: 86_400_000 }] }], kit.clock.now())).length > 0

test('a success ends the counts of wrong codes and failed log-ins of its account, and of nobody else', () =>
  inBench(async (recovery, kit) => {
    const { keys } = kit
    const ana = (await kit.accounts.byAddress('ana@example.org'))[0]!
    const bea = (await kit.accounts.byAddress('bea@example.org'))[0]!
    for (const name of [owner, 'ana-7', 'bea']) {
      assert.equal((await login(kit, { name, password: 'Wrong-Guess-55!', caller })).ok, false)
    }
    for (const address of [owner, 'bea@example.org']) {
      const { flowId, secret } = await mailed(kit, code, address)
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
      account(ana.id),
    ]
    const kept = [
      codes('bea@example.org').account,
      codes('bea@example.org').inARow,
      codes('').ofAll,
      failed('bea'),
      account(bea.id),
      toldTakes(keys, standard, { name: '', block: caller.block, device: null })[1]!,
    ]
    for (const one of [...ended, ...kept]) assert.ok(await isCounted(kit, one), one.limit)
    recovery.clock.turn({ minutes: 1 })
    const by = linkIn((await mailed(kit, spa)).secret)
    assert.ok((await change(kit, spa, { by, password: 'New-Harbour-83?', confirm: null, caller })).ok)
    for (const one of ended) assert.equal(await isCounted(kit, one), false, one.limit)
    for (const one of kept) assert.ok(await isCounted(kit, one), one.limit)
  }))

test('without limits there is nothing to end', () =>
  inBench(async (_, kit) => {
    const free = { ...kit, limits: null }
    const by = linkIn((await mailed(free, spa)).secret)
    assert.ok((await change(free, spa, { by, password: 'New-Harbour-83?', confirm: null, caller })).ok)
  }))

test('a captcha that is asked for comes before anything is looked at; a change has no count that would ask for one', () =>
  inBench(async (_, kit) => {
    const by = linkIn((await mailed(kit, spa)).secret)
    const wanted: Wanted = { by, password: 'New-Harbour-83?', confirm: null, caller }
    const first = await change(kit, spa, { ...wanted, captcha: 'required' })
    assert.deepEqual(!first.ok && first.refusal, { code: 'captcha-required', retryAfter: null })
    assert.ok((await change(kit, spa, { ...wanted, captcha: 'on-overflow' })).ok)
    const unsolved = await login(kit, { name: owner, password: 'New-Harbour-83?', caller, captcha: 'required' })
    assert.deepEqual(!unsolved.ok && unsolved.refusal, { code: 'captcha-required', retryAfter: null })
    for (const captcha of ['off', 'on-overflow', 'solved'] as const) {
      assert.ok((await login(kit, { name: owner, password: 'New-Harbour-83?', caller, captcha })).ok, captcha)
    }
  }))

test('what is done to the winner is told by a letter to the address as it was', () =>
  inBench(async (_, kit) => {
    const by = linkIn((await mailed(kit, spa)).secret)
    const changed = await change(kit, spa, { by, password: 'New-Harbour-83?', confirm: null, caller })
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
