/** An address looked up where a closed community tells openly who has an account. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caller, onBench, owner } from '../../test/verbs.ts'
import { classic, verified } from '../flows/index.ts'
import type { Flow } from './flow.ts'
import { take } from './limits.ts'
import { lookup } from './lookup.ts'

const explicit: Flow = { ...verified, disclosure: 'explicit' }
const minute = 60_000

test('whether an address may recover is told where the flow tells it, and noted', () =>
  onBench(async ({ kit, add, ana, last, events, clock }) => {
    assert.deepEqual(await lookup(kit, verified, 'nobody@example.org', caller), { ok: true }, 'uniform tells nothing')
    assert.deepEqual(await lookup(kit, explicit, 'no address', caller), { ok: true }, 'which the ask refuses itself')
    assert.deepEqual(await events(), [])
    const idle = await add('eve@example.org', { active: false })
    const unverified = await add('bea@example.org', { verified: false })
    const elsewhere = await add('joe@example.org', { signOn: true })
    for (const [address, accountId, because, told] of [
      [' ana@EXAMPLE.org', ana().id, null, null],
      ['nobody@example.org', null, 'no account', 'address-unknown'],
      ['eve@example.org', idle, 'not active', 'account-inactive'],
      ['bea@example.org', unverified, 'not verified', 'address-unverified'],
      ['joe@example.org', elsewhere, 'signs in elsewhere', null],
    ] as const) {
      const answer = await lookup(kit, explicit, address, caller)
      assert.deepEqual(answer, told === null ? { ok: true } : { ok: false, refusal: { code: told } })
      const { seq: _, ...noted } = (await last()) as Awaited<ReturnType<typeof last>> & { seq: number }
      const { network, agent, requestId } = caller
      assert.deepEqual(noted, {
        at: clock.now(),
        name: 'account.looked-up',
        flow: 'verified',
        accountId,
        addressKey: null,
        challengeId: null,
        network,
        agent,
        requestId,
        because,
      })
    }
  }))

test('twenty look-ups by one network and by the /48 around it, then it waits for the last that is full', () =>
  onBench(async ({ kit, clock, last }) => {
    const within = { max: 20, ms: 15 * minute }
    const from = (block: string) => lookup(kit, explicit, owner, { ...caller, block })
    for (let count = 0; count < 19; count++) assert.ok((await from('2001:db8:1:1::/64')).ok)
    clock.turn({ minutes: 5 })
    assert.ok((await from('2001:db8:1:1::/64')).ok)
    for (const [block, retryAfter] of [
      ['2001:db8:1:1::/64', 600],
      ['2001:db8:1:2::/64', 600],
    ] as const) {
      const full = await from(block)
      assert.deepEqual(full, { ok: false, refusal: { code: 'too-many-attempts', retryAfter, within } })
    }
    assert.deepEqual([(await last()).name, (await last()).because], ['limit.crossed', 'look-ups-per-network'])
    assert.ok((await from('2001:db8:2:1::/64')).ok)
    for (let count = 0; count < 25; count++) assert.ok((await from('')).ok, 'a host that says no networks')
    assert.ok((await lookup({ ...kit, limits: null }, explicit, owner, { ...caller, block: '2001:db8:1:1::/64' })).ok)
  }))

test('whoever is over two limits waits for the later', () =>
  onBench(async ({ kit, clock }) => {
    const [near, around] = ['2001:db8:1:1::/64', '2001:db8:1::/48']
    const fill = (network: string) =>
      kit.store.take(
        [take(kit.keys, 'look-ups-per-network', [network], [{ max: 20, ms: 15 * minute }])],
        clock.now(),
        null,
      )
    for (const [first, second] of [
      [near, around],
      [around, near],
    ] as const) {
      for (let count = 0; count < 20; count++) await fill(first)
      clock.turn({ minutes: 5 })
      for (let count = 0; count < 20; count++) await fill(second)
      const full = await lookup(kit, explicit, owner, { ...caller, block: near })
      assert.equal(!full.ok && full.refusal.code === 'too-many-attempts' && full.refusal.retryAfter, 900)
      clock.turn({ minutes: 15 })
    }
  }))

test('a flow that tells nothing is not even counted', () =>
  onBench(async ({ kit, clock }) => {
    await lookup(kit, classic, owner, caller)
    const one = take(kit.keys, 'look-ups-per-network', [caller.block], [{ max: 1, ms: 15 * minute }])
    assert.deepEqual(await kit.store.full([one], clock.now()), [])
    await lookup(kit, explicit, owner, caller)
    assert.equal((await kit.store.full([one], clock.now())).length, 1)
  }))
