/**
 * Spring Security's `{id}` before a hash. Read: `{bcrypt}`, `{argon2…}`, `{scrypt…}`, `{pbkdf2…}`; what is not stretched
 * (`{noop}`, `{MD5}`, `{SHA-1}`, `{sha256}`, `{ldap}`) is no hash to log in by, and is not.
 * https://docs.spring.io/spring-security/reference/features/authentication/password-storage.html
 */
import { argon2, argon2Form } from './argon2.ts'
import { bcryptBytes, bcryptForm, readBcrypt } from './bcrypt.ts'
import { broken, type Form, type Format, type Reading } from './format.ts'
import { fromBase64, fromHex, toHex } from './text.ts'
import type { Work } from './work.ts'

const padded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Whatever the id names. */
export const spring: Format = {
  name: 'Spring',
  mark: /^\{[\w@.-]{1,40}\}/,
  read(stored, keys) {
    const [id = '', hash = ''] = [stored.slice(1, stored.indexOf('}')), stored.slice(stored.indexOf('}') + 1)]
    if (id === 'bcrypt') {
      const read = readBcrypt(hash)
      return 'because' in read ? read : { ...read, mostBytes: bcryptBytes }
    }
    if (/^argon2(@SpringSecurity_v5_[28])?$/.test(id)) return argon2.mark.test(hash) ? argon2.read(hash, keys) : broken
    if (/^scrypt(@SpringSecurity_v(4_1|5_8))?$/.test(id)) return readScrypt(hash)
    if (id === 'pbkdf2') return readPbkdf2(hash, { digest: 'sha1', iterations: 185_000, saltLength: 8 })
    if (id === 'pbkdf2@SpringSecurity_v5_5')
      return readPbkdf2(hash, { digest: 'sha1', iterations: 185_000, saltLength: 8 })
    if (id === 'pbkdf2@SpringSecurity_v5_8') return readPbkdf2(hash, eight)
    return { because: `of the kind {${id}}, which is not read` }
  },
}

/** `$e0801$salt$key`: the logarithm of N, r and p in one hexadecimal number. */
function readScrypt(hash: string): Reading {
  const [, numbers, saltText, keyText] = /^\$([0-9a-f]{5,6})\$([^$]+)\$([^$]+)$/.exec(hash) ?? []
  const [salt, key] = [fromBase64(saltText ?? ''), fromBase64(keyText ?? '')]
  if (!salt || !key || !numbers) return broken
  const all = Number.parseInt(numbers, 16)
  const cost = { n: 2 ** (all >> 16), r: (all >> 8) & 255, p: all & 255 }
  return { work: { kdf: 'scrypt', ...cost, salt, length: key.length }, key }
}

type Pbkdf2 = { readonly digest: 'sha1' | 'sha256'; readonly iterations: number; readonly saltLength: number }

const eight: Pbkdf2 = { digest: 'sha256', iterations: 310_000, saltLength: 16 }

/** Hexadecimal of salt and key; the costs hang on the id alone. */
function readPbkdf2(hash: string, { digest, iterations, saltLength }: Pbkdf2): Reading {
  const bytes = fromHex(hash)
  if (bytes?.length !== saltLength + 32) return broken
  const [salt, key] = [bytes.subarray(0, saltLength), bytes.subarray(saltLength)]
  return { work: { kdf: 'pbkdf2', digest, iterations, salt, length: 32 }, key }
}

/** Spring's default. */
export const springBcryptForm = bcryptForm('2a', '{bcrypt}')

/** Spring takes memory, passes and lanes from the string. */
export const springArgon2Form = argon2Form('{argon2@SpringSecurity_v5_8}')

/** N 2^16, r 8, p 2, OWASP's second line; Spring takes them from the string. */
export const springScryptForm: Form = {
  mark: /^\{scrypt/,
  draft(random) {
    const salt = random.bytes(16)
    const work: Work = { kdf: 'scrypt', n: 2 ** 16, r: 8, p: 2, salt, length: 32 }
    return { work, text: (key) => `{scrypt@SpringSecurity_v5_8}$100802$${padded(salt)}$${padded(key)}` }
  },
}

/** The id fixes 310,000 iterations of SHA-256; OWASP asks for twice as many. Spring reads nothing better under it. */
export const springPbkdf2Form: Form = {
  mark: /^\{pbkdf2/,
  draft(random) {
    const salt = random.bytes(eight.saltLength)
    const work: Work = { kdf: 'pbkdf2', digest: eight.digest, iterations: eight.iterations, salt, length: 32 }
    return { work, text: (key) => `{pbkdf2@SpringSecurity_v5_8}${toHex(salt)}${toHex(key)}` }
  },
}
