/**
 * Argon2 in PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$salt$key`. Latchkey's own form, PHP's, Laravel's and Spring's.
 * https://github.com/P-H-C/phc-string-format
 */
import { broken, count, type Form, type Format, type Reading } from './format.ts'
import { fromBase64, toBase64 } from './text.ts'
import type { Work } from './work.ts'

const variants = ['d', 'i', 'id'] as const
const pattern = /^\$argon2(id|i|d)(?:\$v=(16|19))?\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/

/** What a hash costs: KiB, passes over them, lanes. */
export type Argon2Cost = { readonly memory: number; readonly passes: number; readonly lanes: number }

/** OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, two passes, one lane. */
export const argon2Cost: Argon2Cost = { memory: 19_456, passes: 2, lanes: 1 }

/** `$argon2id$`, `$argon2i$`, `$argon2d$`. */
export const argon2: Format = { name: 'Argon2', mark: /^\$argon2/, read }

/** Reads a PHC string; other formats put their own letters before it. */
function read(stored: string): Reading {
  const [, variant, version, m, t, p, saltText, keyText] = pattern.exec(stored) ?? []
  const [salt, key] = [fromBase64(saltText ?? ''), fromBase64(keyText ?? '')]
  const [memory, passes, lanes] = [count(m), count(t), count(p)]
  if (!salt || !key || Number.isNaN(memory + passes + lanes)) return broken
  const which = variants.indexOf(variant as (typeof variants)[number]) as 0 | 1 | 2
  const work: Work = {
    ...{ kdf: 'argon2', variant: which, version: version === '19' ? 1 : 0 },
    ...{ memory, passes, lanes, salt, length: key.length },
  }
  return { work, key }
}

/** Argon2id as Latchkey's own table has it. `before`: what a system puts before the string. */
export const argon2Form = (before = '', cost = argon2Cost): Form => ({
  mark: new RegExp(`^${before.replaceAll(/[{}]/g, '\\$&')}\\$argon2id\\$`),
  draft(random) {
    const salt = random.bytes(16)
    const { memory, passes, lanes } = cost
    const head = `${before}$argon2id$v=19$m=${memory},t=${passes},p=${lanes}$${toBase64(salt)}$`
    const work: Work = { kdf: 'argon2', variant: 2, version: 1, memory, passes, lanes, salt, length: 32 }
    return { work, text: (key) => head + toBase64(key) }
  },
})
