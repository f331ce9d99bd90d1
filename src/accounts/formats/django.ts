/**
 * Django's hashes: the hasher's name, then its own parts with `$` between. A password that is unusable begins with `!`, and
 * `index.ts` knows that. https://docs.djangoproject.com/en/stable/topics/auth/passwords/
 */
import { createHash } from 'node:crypto'
import { argon2, argon2Form } from './argon2.ts'
import { bcryptBytes, bcryptForm, readBcrypt } from './bcrypt.ts'
import { broken, count, type Form, type Format } from './format.ts'
import { fromBase64, toHex } from './text.ts'
import type { Work } from './work.ts'

const padded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8')

/** `pbkdf2_sha256$iterations$salt$key` and `pbkdf2_sha1$…`; the salt is taken as the text that it is. */
export const djangoPbkdf2: Format = {
  name: 'Django PBKDF2',
  mark: /^pbkdf2_sha(256|1)\$/,
  read(stored) {
    const [, digest, iterations, salt, keyText] = /^pbkdf2_(sha256|sha1)\$(\d+)\$([^$]+)\$([^$]+)$/.exec(stored) ?? []
    const key = fromBase64(keyText ?? '')
    if (!key || !salt || key.length !== (digest === 'sha1' ? 20 : 32) || Number.isNaN(count(iterations))) return broken
    const kind = digest as 'sha256' | 'sha1'
    const salted = bytesOf(salt)
    return {
      work: { kdf: 'pbkdf2', digest: kind, iterations: count(iterations), salt: salted, length: key.length },
      key,
    }
  },
}

const pbkdf2Form = (digest: 'sha256' | 'sha1', iterations: number, length: number): Form => ({
  mark: new RegExp(`^pbkdf2_${digest}\\$`),
  draft(random) {
    const salt = toHex(random.bytes(16))
    const work: Work = { kdf: 'pbkdf2', digest, iterations, salt: bytesOf(salt), length }
    return { work, text: (key) => `pbkdf2_${digest}$${iterations}$${salt}$${padded(key)}` }
  },
})

/** Django's default. A million iterations, as Django 5.2 has; OWASP asks for 600,000. */
export const djangoPbkdf2Sha256 = pbkdf2Form('sha256', 1_000_000, 32)

/** For tables that have nothing else. OWASP asks for 1,400,000 iterations. */
export const djangoPbkdf2Sha1 = pbkdf2Form('sha1', 1_400_000, 20)

/** `argon2` and a PHC string. */
export const djangoArgon2: Format = {
  name: 'Django Argon2',
  mark: /^argon2\$/,
  read: (stored, keys) => argon2.read(stored.slice('argon2'.length), keys),
}

/** Django's hasher of the name; it takes memory, passes and lanes from the string. */
export const djangoArgon2Form = argon2Form('argon2')

/** `scrypt$N$salt$r$p$key`. */
export const djangoScrypt: Format = {
  name: 'Django scrypt',
  mark: /^scrypt\$/,
  read(stored) {
    const [, n, salt, r, p, keyText] = /^scrypt\$(\d+)\$([^$]+)\$(\d+)\$(\d+)\$([^$]+)$/.exec(stored) ?? []
    const key = fromBase64(keyText ?? '')
    const cost = { n: count(n), r: count(r), p: count(p) }
    if (!key || !salt || Number.isNaN(cost.n + cost.r + cost.p)) return broken
    return { work: { kdf: 'scrypt', ...cost, salt: bytesOf(salt), length: key.length }, key }
  },
}

/** N 2^14, r 8, p 5, as Django has it since 5.1, and one of OWASP's lines. */
export const djangoScryptForm: Form = {
  mark: djangoScrypt.mark,
  draft(random) {
    // Twenty-two letters, as Django's own: with more, a key of 64 bytes does not fit into its column of 128.
    const salt = Buffer.from(random.bytes(16)).toString('base64url')
    const work: Work = { kdf: 'scrypt', n: 2 ** 14, r: 8, p: 5, salt: bytesOf(salt), length: 64 }
    return { work, text: (key) => `scrypt$16384$${salt}$8$5$${padded(key)}` }
  },
}

const digested = (password: string): string => createHash('sha256').update(password, 'utf8').digest('hex')

/** `bcrypt_sha256$` and bcrypt of the password's SHA-256 in hexadecimal, which is never too long. */
export const djangoBcryptSha256: Format = {
  name: 'Django bcrypt of SHA-256',
  mark: /^bcrypt_sha256\$/,
  read(stored) {
    const read = readBcrypt(stored.slice('bcrypt_sha256$'.length))
    return 'because' in read ? read : { ...read, secret: digested }
  },
}

/** Twelve rounds, as Django has. */
export const djangoBcryptSha256Form = bcryptForm('2b', 'bcrypt_sha256$', 12, digested)

/** `bcrypt$` and bcrypt itself. */
export const djangoBcrypt: Format = {
  name: 'Django bcrypt',
  mark: /^bcrypt\$/,
  read(stored) {
    const read = readBcrypt(stored.slice('bcrypt$'.length))
    return 'because' in read ? read : { ...read, mostBytes: bcryptBytes }
  },
}

/** Twelve rounds, as Django has. */
export const djangoBcryptForm = bcryptForm('2b', 'bcrypt$')
