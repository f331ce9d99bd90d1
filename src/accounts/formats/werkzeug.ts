/** Werkzeug, and so Flask: `scrypt:32768:8:1$salt$key` and `pbkdf2:sha256:1000000$salt$key`, the key in hexadecimal. */
import { broken, count, type Form, type Format, type Reading } from './format.ts'
import { fromHex, toHex } from './text.ts'
import type { Work } from './work.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8')
const lengths: Readonly<Record<string, number>> = { sha1: 20, sha256: 32, sha512: 64 }

/** Both kinds; the salt is taken as the text that it is. */
export const werkzeug: Format = {
  name: 'Werkzeug',
  mark: /^(scrypt:|pbkdf2:)/,
  read(stored) {
    const [method = '', salt = '', keyText = '', ...more] = stored.split('$')
    const key = fromHex(keyText)
    if (!key || salt === '' || more.length > 0) return broken
    const [kind, ...costs] = method.split(':')
    return kind === 'scrypt' ? readScrypt(costs, bytesOf(salt), key) : readPbkdf2(costs, bytesOf(salt), key)
  },
}

function readScrypt(costs: string[], salt: Uint8Array, key: Uint8Array): Reading {
  const [n = Number.NaN, r = Number.NaN, p = Number.NaN] = costs.map(count)
  if (costs.length !== 3 || key.length !== 64 || Number.isNaN(n + r + p)) return broken
  return { work: { kdf: 'scrypt', n, r, p, salt, length: 64 }, key }
}

function readPbkdf2([digest = '', iterations, ...more]: string[], salt: Uint8Array, key: Uint8Array): Reading {
  if (more.length > 0 || key.length !== lengths[digest] || Number.isNaN(count(iterations))) return broken
  const work = { kdf: 'pbkdf2', digest: digest as 'sha256', iterations: count(iterations), salt } as const
  return { work: { ...work, length: key.length }, key }
}

/** Werkzeug's default since 2.3, three times over: its own is p 1, OWASP asks for p 3. It takes them from the string. */
export const werkzeugScryptForm: Form = {
  mark: /^scrypt:/,
  draft(random) {
    const salt = toHex(random.bytes(16))
    const work: Work = { kdf: 'scrypt', n: 2 ** 15, r: 8, p: 3, salt: bytesOf(salt), length: 64 }
    return { work, text: (key) => `scrypt:32768:8:3$${salt}$${toHex(key)}` }
  },
}

/** A million iterations, as Werkzeug 3.1 has. */
export const werkzeugPbkdf2Form: Form = {
  mark: /^pbkdf2:sha256/,
  draft(random) {
    const salt = toHex(random.bytes(16))
    const work: Work = { kdf: 'pbkdf2', digest: 'sha256', iterations: 1_000_000, salt: bytesOf(salt), length: 32 }
    return { work, text: (key) => `pbkdf2:sha256:1000000$${salt}$${toHex(key)}` }
  },
}
