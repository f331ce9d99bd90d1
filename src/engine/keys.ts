/**
 * Keys. One master secret, one key for each purpose by HKDF (RFC 5869), so that what is made for one purpose is worth
 * nothing for another. Rotation: new values are made under the current secret, old ones are read under the fallbacks.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'

/** Where fresh bytes come from: the port `Random`, of which no more is needed here. */
type Bytes = { bytes(count: number): Uint8Array }

/** Every purpose a key is made for. */
export type Purpose =
  | 'key-id'
  | 'link'
  | 'signed'
  | 'code'
  | 'grant'
  | 'session'
  | 'challenge'
  | 'handle'
  | 'column'
  | 'address'
  | 'pending'
  | 'limit'
  | 'seal'
  | 'device'
  | 'csrf'
  | 'captcha'
  | 'audit'
  | 'head'

/** The keys of one master secret. */
export type Keys = { readonly id: string; of(purpose: Purpose): KeyObject }

export type Keyring = {
  /** New values are made under these. */
  readonly current: Keys
  /** Current first, then the fallbacks. */
  readonly all: readonly Keys[]
  /** Counts and digests of addresses are made under these: they outlive a rotation (`lasting.ts`). */
  readonly lasting: Keys
  find(id: string): Keys | null
}

/** The keys of a secret and of those before it; `lasting` are its own until those of the installation are read. */
export function keyring(secret: string, fallbacks: readonly string[] = []): Keyring {
  const all = [secret, ...fallbacks].map(keysOf)
  return { current: all[0]!, all, lasting: all[0]!, find: (id) => all.find((keys) => keys.id === id) ?? null }
}

/** The keys of one secret, as `KeyObject`s: from a plain buffer Node makes one anew for each MAC, which costs four times the MAC itself. */
export function keysOf(secret: string): Keys {
  const made = new Map<Purpose, KeyObject>()
  const of = (purpose: Purpose): KeyObject => {
    const known = made.get(purpose)
    if (known) return known
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', secret, 'latchkey', `latchkey/v1/${purpose}`, 32)))
    made.set(purpose, key)
    return key
  }
  return { id: of('key-id').export().toString('base64url').slice(0, 8), of }
}

/** A MAC over fields, each with its length, so that no two lists of fields read the same. 43 characters. */
export function mac(keys: Keys, purpose: Purpose, fields: readonly string[]): string {
  const text = fields.map((field) => `${Buffer.byteLength(field)}:${field}`).join('')
  return createHmac('sha256', keys.of(purpose)).update(text).digest('base64url')
}

/** A keyed digest of 128 bits: what stands in the database in place of an address, a browser or a limit's key. */
export const digest = (keys: Keys, purpose: Purpose, fields: readonly string[]): string =>
  mac(keys, purpose, fields).slice(0, 22)

/** Equality in constant time; false at once for another length, which is public. */
export function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Digest of a random value of 128 bits or more, which needs no key: how a browser stands in the database. */
export const digestOfRandom = (value: string): string => createHash('sha256').update(value).digest('base64url')

/** A fresh random value of `bytes` bytes, base64url. */
export const fresh = (random: Bytes, bytes: number): string => Buffer.from(random.bytes(bytes)).toString('base64url')

/** Encrypts (AES-256-GCM) what must be read again, bound to the `place` it stands in. */
export function seal(keys: Keys, random: Bytes, place: string, text: string): string {
  const nonce = random.bytes(12)
  const cipher = createCipheriv('aes-256-gcm', keys.of('seal'), nonce).setAAD(Buffer.from(place))
  const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(sealed).toString('base64url')
}

/** What was sealed in this place; null when the key, the place or the text is another. */
export function unseal(keys: Keys, place: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < 28) return null
  try {
    const decipher = createDecipheriv('aes-256-gcm', keys.of('seal'), bytes.subarray(0, 12), { authTagLength: 16 })
    decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

/** Signs (Ed25519) a text for readers who must not hold the secret. 86 characters. */
export const signed = (keys: Keys, text: string): string =>
  sign(null, Buffer.from(text), signingKey(keys)).toString('base64url')

/** Whether this text was signed under these keys. */
export const isSigned = (keys: Keys, text: string, signature: string): boolean =>
  verify(null, Buffer.from(text), createPublicKey(signingKey(keys)), Buffer.from(signature, 'base64url'))

/** What a reader checks a signature with: a public key in PEM. */
export const publicKey = (keys: Keys): string =>
  createPublicKey(signingKey(keys)).export({ type: 'spki', format: 'pem' }).toString()

/** An Ed25519 key is 32 bytes of anything (RFC 8032); Node takes them in the envelope of PKCS #8 (RFC 8410). */
const signingKey = (keys: Keys): KeyObject =>
  createPrivateKey({ key: Buffer.concat([envelope, keys.of('head').export()]), format: 'der', type: 'pkcs8' })
const envelope = Buffer.from('302e020100300506032b657004220420', 'hex')
