/** better-auth: `salt:key` in hexadecimal, scrypt with N 2^14, r 16, p 1 of the password in NFKC. The costs are fixed. */
import { broken, type Form, type Format } from './format.ts'
import { fromHex, toHex } from './text.ts'
import type { Work } from './work.ts'

/** The salt is the hexadecimal text, not the bytes that it stands for. */
const workOf = (salt: string): Work => ({
  ...{ kdf: 'scrypt', n: 2 ** 14, r: 16, p: 1 },
  ...{ salt: Buffer.from(salt, 'utf8'), length: 64 },
})
const secret = (password: string): string => password.normalize('NFKC')

/** 32 letters, a colon, 128 letters. */
export const betterAuth: Format = {
  name: 'better-auth',
  mark: /^[0-9a-f]{32}:/i,
  read(stored) {
    const [salt = '', keyText = ''] = stored.split(':')
    const key = fromHex(keyText)
    if (key?.length !== 64 || stored.split(':').length !== 2) return broken
    return { work: workOf(salt), key, secret }
  },
}

/** As better-auth writes it itself. */
export const betterAuthForm: Form = {
  mark: betterAuth.mark,
  draft(random) {
    const salt = toHex(random.bytes(16))
    return { work: workOf(salt), secret, text: (key) => `${salt}:${toHex(key)}` }
  },
}
