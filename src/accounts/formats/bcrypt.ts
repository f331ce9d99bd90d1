/**
 * bcrypt: `$2b$12$` and 53 letters. `$2a$` is Ruby's (Devise) and Go's (Supabase), `$2y$` PHP's (Laravel), `$2b$` the rest's;
 * all three are one function. `$2x$` is not: it marks hashes of a broken one, and is not read.
 */
import { broken, count, type Form, type Format, type HashKeys, type Reading } from './format.ts'
import { fromBcrypt, toBcrypt } from './text.ts'

/** What bcrypt looks at. It cuts what is longer, silently; nothing longer is set here, and nothing longer matches. */
export const bcryptBytes = 72

/** Of new hashes: a quarter of a second. Devise, Laravel and Django have it too; OWASP asks for 10 or more. */
export const bcryptCost = 12

/** Plain bcrypt, and Devise's with its pepper behind the password. */
export const bcrypt: Format = {
  name: 'bcrypt',
  mark: /^\$2[abxy]?\$/,
  read(stored, keys) {
    const read = readBcrypt(stored)
    return 'because' in read ? read : { ...read, ...peppered(keys), mostBytes: bcryptBytes }
  },
}

/** The 60 letters themselves, without a word on what is hashed. */
export function readBcrypt(stored: string): Reading {
  const [, cost, saltText, keyText] = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/.exec(stored) ?? []
  const [salt, key] = [fromBcrypt(saltText ?? ''), fromBcrypt(keyText ?? '')]
  if (!salt || !key) return stored.startsWith('$2x$') ? { because: 'of the broken kind $2x$' } : broken
  return { work: { kdf: 'bcrypt', cost: count(cost), salt }, key }
}

/** Whether bcrypt would cut a password. */
export const tooLong = (password: string): 'too-many-bytes' | null =>
  Buffer.byteLength(password) > bcryptBytes ? 'too-many-bytes' : null

/** bcrypt under one of its names. `before`: what a system puts before it. */
export const bcryptForm = (
  name: '2a' | '2b' | '2y',
  before = '',
  cost: number = bcryptCost,
  secret?: (password: string) => string,
): Form => ({
  mark: new RegExp(`^${before.replaceAll(/[{}$]/g, '\\$&')}\\$${name}\\$`),
  draft(random, keys) {
    const salt = random.bytes(16)
    const head = `${before}$${name}$${String(cost).padStart(2, '0')}$${toBcrypt(salt)}`
    const from = secret ? { secret } : peppered(keys)
    return { work: { kdf: 'bcrypt', cost, salt }, ...from, text: (key) => head + toBcrypt(key) }
  },
  ...(secret ? {} : { refuses: tooLong }),
})

const peppered = ({ pepper }: HashKeys): { secret?: (password: string) => string } =>
  pepper ? { secret: (password) => password + pepper } : {}
