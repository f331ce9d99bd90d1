/** The cookie of a known device: who it is good for, and what of it an attacker may change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../testing/index.ts'
import { deviceFor, knownDevice } from './device.ts'
import { digest, fresh, keyring, mac } from './keys.ts'

const ring = keyring('a secret of these tests, long enough to be one')
const names = ['ana@example.org', 'ana']
const cookie = deviceFor(ring, seededRandom(3), names)

test('a device is an id of 22 characters and one signature for each name', () => {
  assert.equal(cookie.length, 22 + 2 * 43)
  const id = cookie.slice(0, 22)
  assert.equal(cookie, id + mac(ring.current, 'device', [id, names[0]!]) + mac(ring.current, 'device', [id, names[1]!]))
  assert.equal(deviceFor(ring, seededRandom(3), ['ana@example.org']).length, 22 + 43)
})

test('its first eight characters are the same for one account, the rest is another for each device', () => {
  const other = deviceFor(ring, seededRandom(4), names)
  assert.equal(other.slice(0, 8), cookie.slice(0, 8))
  assert.equal(cookie.slice(0, 8), digest(ring.current, 'handle', ['device', 'ana@example.org']).slice(0, 8))
  assert.notEqual(other.slice(8, 22), cookie.slice(8, 22))
  assert.notEqual(deviceFor(ring, seededRandom(3), ['bea@example.org']).slice(0, 8), cookie.slice(0, 8))
  const nameless = deviceFor(ring, seededRandom(3), [])
  assert.equal(nameless.length, 22, 'an account that has lost its names is known by none')
  assert.equal(nameless.slice(0, 8), digest(ring.current, 'handle', ['device', '']).slice(0, 8))
  // Random from the ninth character on: a longer name would leave less of it, a shorter one would tell accounts apart less.
  assert.equal(cookie.slice(8, 22), fresh(seededRandom(3), 16).slice(0, 14))
})

test('it is known by each of its names, among other cookies, and by its own count', () => {
  const count = digest(ring.current, 'limit', ['device', cookie.slice(0, 22)])
  for (const name of names) {
    assert.equal(knownDevice(ring, name, [cookie]), count)
    assert.equal(knownDevice(ring, name, ['', 'junk', cookie]), count)
  }
  assert.equal(knownDevice(ring, 'bea@example.org', [cookie]), null)
  assert.equal(knownDevice(ring, 'ana', []), null)
})

test('a cookie that was changed anywhere knows nobody', () => {
  for (const [name, from, to] of [
    [names[0]!, 0, 22 + 43],
    [names[1]!, 22 + 43, 22 + 86],
  ] as const) {
    for (let at = from; at < to; at++) {
      const changed = `${cookie.slice(0, at)}${cookie[at] === 'A' ? 'B' : 'A'}${cookie.slice(at + 1)}`
      assert.equal(knownDevice(ring, name, [changed]), null, `character ${at}`)
    }
  }
  assert.equal(knownDevice(ring, names[0]!, [cookie.slice(0, 22 + 42)]), null)
})

test('a third signature is not looked at: an account has two names', () => {
  const id = cookie.slice(0, 22)
  const third = mac(ring.current, 'device', [id, 'eve'])
  assert.equal(knownDevice(ring, 'eve', [cookie + third]), null)
})

test('a device outlives a rotation of the secret, and not the fallback', () => {
  const rotated = keyring('the next secret of these tests', ['a secret of these tests, long enough to be one'])
  assert.equal(knownDevice(rotated, 'ana', [cookie]), digest(rotated.current, 'limit', ['device', cookie.slice(0, 22)]))
  assert.equal(knownDevice(keyring('the next secret of these tests'), 'ana', [cookie]), null)
})
