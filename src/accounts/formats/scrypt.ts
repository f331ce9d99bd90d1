/** scrypt in PHC strings: `$scrypt$ln=17,r=8,p=1$salt$key`, as passlib and many libraries write it. */
import { broken, count, type Form, type Format } from './format.ts'
import { fromBase64, toBase64 } from './text.ts'
import type { Work } from './work.ts'

/** `ln` is the logarithm of N. */
export const scrypt: Format = {
  name: 'scrypt',
  mark: /^\$scrypt\$/,
  read(stored) {
    const [, ln, r, p, saltText, keyText] =
      /^\$scrypt\$ln=(\d\d?),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(stored) ?? []
    const [salt, key] = [fromBase64(saltText ?? ''), fromBase64(keyText ?? '')]
    const cost = { n: 2 ** count(ln), r: count(r), p: count(p) }
    if (!salt || !key || Number.isNaN(cost.n + cost.r + cost.p)) return broken
    return { work: { kdf: 'scrypt', ...cost, salt, length: key.length }, key }
  },
}

/** N 2^17, r 8, p 1: OWASP's first line, 128 MiB. */
export const scryptForm: Form = {
  mark: scrypt.mark,
  draft(random) {
    const salt = random.bytes(16)
    const work: Work = { kdf: 'scrypt', n: 2 ** 17, r: 8, p: 1, salt, length: 32 }
    return { work, text: (key) => `$scrypt$ln=17,r=8,p=1$${toBase64(salt)}$${toBase64(key)}` }
  },
}
