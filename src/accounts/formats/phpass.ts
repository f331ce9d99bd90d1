/**
 * phpass, "portable" hashes: `$H$` (phpBB 3) and, in `wordpress.ts`, `$P$`. One letter says how many rounds of MD5, eight
 * are the salt. Weak: thousands of times cheaper to guess than the others. https://www.openwall.com/phpass/
 */
import { broken, type Form, type Format, type Reading } from './format.ts'
import { fromPhpass, phpassLetter, phpassNumber, toPhpass } from './text.ts'

/** The logarithm of WordPress's rounds. */
const usualRounds = 13

/** `$H$`. */
export const phpass: Format = { name: 'phpass', mark: /^\$H\$/, read: readPhpass }

/** Both marks. */
export function readPhpass(stored: string): Reading {
  const [, letter, salt, keyText] = /^\$[PH]\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})$/.exec(stored) ?? []
  const key = fromPhpass(keyText ?? '')
  const rounds = phpassNumber(letter ?? '!')
  // Below seven and above thirty phpass itself refuses.
  if (!key || !salt || rounds < 7 || rounds > 30) return broken
  return { work: { kdf: 'phpass', rounds: 2 ** rounds, salt: Buffer.from(salt) }, key }
}

/** 8,192 rounds: the readers of this form have no other. */
export const phpassForm = (before: '$P$' | '$H$', secret?: (password: string) => string): Form => ({
  mark: before === '$P$' ? /^\$P\$/ : /^\$H\$/,
  draft(random) {
    const salt = toPhpass(random.bytes(6))
    const head = `${before}${phpassLetter(usualRounds)}${salt}`
    const work = { kdf: 'phpass', rounds: 2 ** usualRounds, salt: Buffer.from(salt) } as const
    return { work, ...(secret ? { secret } : {}), text: (key) => head + toPhpass(key) }
  },
})
