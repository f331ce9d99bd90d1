/** Keys, MACs and seals against the standards they name: a slip here would still work with itself, and only with itself. */
import assert from 'node:assert/strict'
import { createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, verify } from 'node:crypto'
import { test } from 'node:test'
import { seededRandom } from '../testing/index.ts'
import { digest, digestOfRandom, fresh, isSigned, keyring, mac, publicKey, same, seal, signed, unseal } from './keys.ts'

const secret = 'a secret of these tests, long enough to be one'
const keys = keyring(secret).current

/** RFC 5869, written out: extract, then one block of expand. */
function hkdf(purpose: string): Buffer {
  const extracted = createHmac('sha256', 'latchkey').update(secret).digest()
  return createHmac('sha256', extracted)
    .update(`latchkey/v1/${purpose}`)
    .update(Buffer.from([1]))
    .digest()
}

test('each purpose has the key that RFC 5869 makes of the secret, and no two the same', () => {
  for (const purpose of ['link', 'signed', 'code', 'grant', 'seal', 'device'] as const) {
    assert.deepEqual(keys.of(purpose).export(), hkdf(purpose))
    assert.equal(keys.of(purpose), keys.of(purpose), 'made once')
  }
  assert.notDeepEqual(keys.of('link').export(), keys.of('grant').export())
})

test('keys are known by eight characters that tell nothing of the secret', () => {
  assert.equal(keys.id, hkdf('key-id').toString('base64url').slice(0, 8))
  assert.match(keys.id, /^[\w-]{8}$/)
})

test('a ring makes with the first secret and finds any of them', () => {
  const ring = keyring('first secret', ['second secret', 'third secret'])
  assert.equal(ring.all.length, 3)
  assert.equal(ring.current, ring.all[0])
  assert.equal(ring.current.id, keyring('first secret').current.id)
  for (const one of ring.all) assert.equal(ring.find(one.id), one)
  assert.equal(ring.find('nowhere'), null)
  assert.equal(keyring('first secret').all.length, 1)
})

test('a MAC is HMAC-SHA256 over the fields, each with its length in bytes', () => {
  const expected = createHmac('sha256', hkdf('link')).update('3:abc2:é0:').digest('base64url')
  assert.equal(mac(keys, 'link', ['abc', 'é', '']), expected)
  assert.equal(expected.length, 43)
  assert.equal(digest(keys, 'link', ['abc', 'é', '']), expected.slice(0, 22))
  assert.notEqual(mac(keys, 'link', ['ab', 'c']), mac(keys, 'link', ['a', 'bc']))
  assert.notEqual(mac(keys, 'link', ['ab']), mac(keys, 'link', ['ab', '']))
  assert.notEqual(mac(keys, 'link', ['ab']), mac(keys, 'grant', ['ab']))
})

test('texts are the same when every byte is', () => {
  assert.equal(same('', ''), true)
  assert.equal(same('abc', 'abc'), true)
  assert.equal(same('abc', 'abd'), false)
  assert.equal(same('abc', 'abcd'), false)
  assert.equal(same('é', 'ab'), false)
})

test('what needs no key is plain SHA-256, and what is random is as long as was asked', () => {
  assert.equal(digestOfRandom('x'), createHash('sha256').update('x').digest('base64url'))
  const bytes = (count: number) => Uint8Array.from({ length: count }, (_, at) => 250 + at)
  assert.equal(fresh({ bytes }, 4), Buffer.from([250, 251, 252, 253]).toString('base64url'))
})

test('what is sealed is AES-256-GCM with the nonce before and the tag after, bound to its place', () => {
  const sealed = seal(keys, seededRandom(7), 'here', 'ana@exämple.org')
  const bytes = Buffer.from(sealed, 'base64url')
  assert.deepEqual(bytes.subarray(0, 12), Buffer.from(seededRandom(7).bytes(12)))
  const decipher = createDecipheriv('aes-256-gcm', hkdf('seal'), bytes.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(Buffer.from('here')).setAuthTag(bytes.subarray(-16))
  const opened = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
  assert.equal(opened.toString('utf8'), 'ana@exämple.org')
  assert.equal(unseal(keys, 'here', sealed), 'ana@exämple.org')
})

test('a seal does not open elsewhere, under another secret, cut short or changed anywhere', () => {
  const sealed = seal(keys, seededRandom(7), 'here', 'ana@example.org')
  const bytes = Buffer.from(sealed, 'base64url')
  assert.equal(unseal(keys, 'there', sealed), null)
  assert.equal(unseal(keyring('another secret').current, 'here', sealed), null)
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 1
    assert.equal(unseal(keys, 'here', changed.toString('base64url')), null, `byte ${at}`)
    assert.equal(unseal(keys, 'here', bytes.subarray(0, at).toString('base64url')), null, `${at} bytes`)
  }
  assert.equal(unseal(keys, 'here', ''), null)
})

test('an empty text can be sealed: its 28 bytes are nonce and tag', () => {
  const sealed = seal(keys, seededRandom(9), 'here', '')
  assert.equal(Buffer.from(sealed, 'base64url').length, 28)
  assert.equal(unseal(keys, 'here', sealed), '')
})

test('a signature is Ed25519: anybody checks it with the public key, nobody makes it without the secret', () => {
  const signature = signed(keys, 'a head')
  const key = publicKey(keys)
  assert.match(key, /^-----BEGIN PUBLIC KEY-----\n/)
  assert.equal(createPublicKey(key).asymmetricKeyType, 'ed25519')
  assert.equal(verify(null, Buffer.from('a head'), key, Buffer.from(signature, 'base64url')), true)
  assert.equal(signature.length, 86)
  // RFC 8410's envelope around the 32 bytes of a key that is of this purpose alone.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), hkdf('head')])
  const own = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  assert.ok(own.equals(createPublicKey(key)))
  assert.equal(isSigned(keys, 'a head', signature), true)
  assert.equal(isSigned(keys, 'another', signature), false)
  assert.equal(isSigned(keyring('another secret').current, 'a head', signature), false)
  assert.equal(isSigned(keys, 'a head', 'x'), false)
})
