/** The key of counts: made once, read by every secret in turn, and never made twice for one installation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { own } from '../accounts/own.ts'
import { anEvent } from '../stores/contract-values.ts'
import { memory } from '../stores/memory.ts'
import { seededRandom } from '../testing/index.ts'
import { nobody } from './audit.ts'
import { type Keyring, keyring, keysOf, unseal } from './keys.ts'
import { withLasting } from './lasting.ts'
import { Fault } from './outcome.ts'
import type { Store } from './ports.ts'

const [first, second, third] = [
  'the first secret, which is long enough',
  'the second secret, which is long enough',
  'the third secret, which is long enough',
]
const at = 1_700_000_000_000

type Bench = { store: Store; start(ring: Keyring): Promise<string> }

/** Starts with a ring, and answers by which id the lasting key is known. */
async function onBench(body: (bench: Bench) => Promise<void>): Promise<void> {
  const { store } = await memory().open(own, false)
  const random = seededRandom(7)
  await body({ store, start: async (ring) => (await withLasting(ring, store, random, at)).lasting.id })
}

test('the first start makes 256 random bits, keeps them sealed under its secret, and notes that', () =>
  onBench(async ({ store, start }) => {
    const ring = keyring(first)
    const id = await start(ring)
    assert.notEqual(id, ring.current.id)
    const name = `key.${ring.current.id}`
    const [setting, ...more] = await store.settings()
    assert.equal(more.length, 0)
    assert.deepEqual([setting?.name, setting?.version], [name, 1])
    const text = unseal(ring.current, name, setting!.value!)!
    assert.equal(Buffer.from(text, 'base64url').length, 32)
    assert.equal(keysOf(text).id, id)
    const [{ seq: _, ...event }] = (await store.events(0, 9)) as [Awaited<ReturnType<Store['events']>>[number]]
    assert.deepEqual(event, {
      at,
      name: 'settings.changed',
      flow: null,
      accountId: null,
      addressKey: null,
      challengeId: null,
      ...nobody,
      because: name,
    })
  }))

test('every later start finds it and writes nothing', () =>
  onBench(async ({ store, start }) => {
    const id = await start(keyring(first))
    const kept = await store.settings()
    for (let count = 0; count < 3; count++) assert.equal(await start(keyring(first)), id)
    assert.deepEqual(await store.settings(), kept)
    assert.equal((await store.events(0, 9)).length, 1)
    const ring = keyring(first)
    const whole = await withLasting(ring, store, seededRandom(), at)
    assert.deepEqual(
      [whole.current, whole.all, whole.find],
      [ring.current, ring.all, ring.find],
      'nothing else changes',
    )
  }))

test('a new secret opens it as long as the one before is among its fallbacks, and then by itself', () =>
  onBench(async ({ store, start }) => {
    const id = await start(keyring(first))
    assert.equal(await start(keyring(second, [first])), id)
    assert.equal(await start(keyring(second)), id)
    assert.equal(await start(keyring(third, [second, first])), id)
    assert.equal((await store.settings()).length, 3)
  }))

test('a secret that came without its forerunner begins anew', () =>
  onBench(async ({ start }) => {
    const id = await start(keyring(first))
    assert.notEqual(await start(keyring(second)), id)
  }))

test('of two keys the oldest goes first: counts are whole again once the forgotten secret is named', () =>
  onBench(async ({ store, start }) => {
    const id = await start(keyring(first))
    const other = await start(keyring(second))
    assert.equal(await start(keyring(second, [first])), id)
    const [setting] = (await store.settings()).filter(({ name }) => name === `key.${keyring(second).current.id}`)
    assert.equal(setting?.version, 2, 'and is kept in the place of the other')
    assert.equal(await start(keyring(second)), id)
    assert.notEqual(other, id)
  }))

test('what is kept and cannot be opened is replaced', () =>
  onBench(async ({ store, start }) => {
    const name = `key.${keyring(first).current.id}`
    for (const value of ['damaged', null]) {
      const version = ((await store.settings()).find((one) => one.name === name)?.version ?? 0) + 1
      assert.ok(await store.setSetting({ name, value, version }, at, anEvent('settings.changed')))
      await start(keyring(first))
      assert.equal((await store.settings()).find((one) => one.name === name)?.version, version + 1)
    }
  }))

test('of two processes that start at once both have the key of the one that was first', async () => {
  const { store } = await memory().open(own, false)
  const started = await Promise.all([1, 2, 3].map((seed) => withLasting(keyring(first), store, seededRandom(seed), at)))
  assert.equal(new Set(started.map(({ lasting }) => lasting.id)).size, 1)
  assert.equal((await store.settings()).length, 1)
})

test('where it can be neither read nor written the start fails, and says so', async () => {
  const { store } = await memory().open(own, false)
  const never = { settings: store.settings, setSetting: async () => false }
  await assert.rejects(withLasting(keyring(first), never, seededRandom(), at), (thrown) => {
    assert.ok(thrown instanceof Fault)
    assert.deepEqual(
      [thrown.name, thrown.code, thrown.message],
      ['Fault', 'database', 'The key of counts can be neither read nor written in latchkey_settings.'],
    )
    return true
  })
})
