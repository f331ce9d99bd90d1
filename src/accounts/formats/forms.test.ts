/** What is written is whole: read again, salted, at no less than its cost, and never cut. Others' readers: test/fixtures/hashes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hash as bcrypt } from '@node-rs/bcrypt'
import { systemRandom } from '../../system.ts'
import { hasher } from '../hash.ts'
import { bcryptCost } from './bcrypt.ts'
import { iterationsOf } from './bounds.ts'
import { type FormName, forms, readColumn } from './index.ts'
import { fromBcrypt } from './text.ts'
import type { Work } from './work.ts'

const names = Object.keys(forms) as FormName[]
const password = 'Pässwörd-☃-🗝-1'

describe('each form writes what it reads, with a salt of its own', { concurrency: 2 }, () => {
  for (const form of names) {
    test(form, async () => {
      const { hash, matches } = hasher({ random: systemRandom, form })
      const text = await hash(password)
      assert.match(text, forms[form].mark)
      const [one, other] = [forms[form].draft(systemRandom, {}), forms[form].draft(systemRandom, {})]
      assert.notDeepEqual(one.work.salt, other.work.salt)
      const column = readColumn(text)
      assert.ok(column.kind === 'hash')
      // What is read costs what was written: no digit is lost between.
      assert.deepEqual({ ...column.stored.work, salt: null }, { ...one.work, salt: null })
      assert.equal(await matches(text, password), true)
    })
  }
})

/** OWASP Password Storage Cheat Sheet; what falls short is what the system itself reads and no more. */
const enough = (work: Work): boolean => {
  if (work.kdf === 'argon2') return work.variant === 2 && work.memory >= 19_456 && work.passes >= 2
  if (work.kdf === 'bcrypt') return work.cost >= 10
  if (work.kdf === 'scrypt') return work.n * work.r * work.p >= 2 ** 14 * 8 * 5
  const least = { sha1: 1_400_000, sha256: 600_000, sha512: 210_000 }
  return work.kdf === 'pbkdf2' && iterationsOf(work) >= least[work.digest]
}
/** docs/hashes.md says of each why. */
const weak: readonly FormName[] = ['wordpress-phpass', 'phpass', 'better-auth', 'spring-pbkdf2']

test('what is written costs as much as OWASP asks for, but where its system reads nothing better', () => {
  const short = names.filter((form) => !enough(forms[form].draft(systemRandom, {}).work))
  assert.deepEqual(short.toSorted(), weak.toSorted())
  assert.ok(bcryptCost >= 12)
})

test('every salt has 128 random bits, but where its system takes no more', () => {
  const salts = names.map((form) => [form, forms[form].draft(systemRandom, {}).work.salt.length] as const)
  const short = salts.filter(([, length]) => length < 16).map(([form]) => form)
  assert.deepEqual(short.toSorted(), ['phpass', 'wordpress-phpass'])
})

describe('a password that bcrypt would cut is refused, not cut', () => {
  const whole = `${'ä'.repeat(35)}1!`
  for (const form of ['bcrypt', 'devise', 'laravel', 'supabase', 'spring', 'django-bcrypt'] as const) {
    test(form, async () => {
      const { hash, refuses } = hasher({ random: systemRandom, form })
      assert.equal(Buffer.byteLength(whole), 72)
      assert.equal(refuses(whole), null)
      assert.equal(refuses(`${whole}x`), 'too-many-bytes')
      await assert.rejects(hash(`${whole}x`), { code: 'hash' })
    })
  }
})

test('a longer password is never taken for the 72 bytes of it that bcrypt sees', async () => {
  const text = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.'
  const { matches } = hasher({ random: systemRandom })
  const whole = 'x'.repeat(72)
  for (const before of ['', 'bcrypt$', '{bcrypt}']) {
    const hash = before + text + (await bcrypt(whole, 5, fromBcrypt('CCCCCCCCCCCCCCCCCCCCC.')!)).slice(-31)
    assert.deepEqual([await matches(hash, whole), await matches(hash, `${whole}x`)], [true, false], hash)
  }
})

test('what hashes a digest holds every length, to the last letter', async () => {
  const long = '🗝'.repeat(256)
  for (const form of ['wordpress', 'argon2id', 'better-auth'] as const) {
    const { hash, matches, refuses } = hasher({ random: systemRandom, form })
    assert.equal(refuses(long), null)
    const text = await hash(long)
    assert.deepEqual([await matches(text, long), await matches(text, `${long.slice(0, -2)}🗞`)], [true, false], form)
  }
})

test("WordPress's log-in drops white space at the ends, so a password that has some is refused", () => {
  for (const form of ['wordpress', 'wordpress-phpass'] as const) {
    const { refuses } = hasher({ random: systemRandom, form })
    assert.deepEqual(
      [refuses(' a'), refuses('a '), refuses('a b'), refuses('a\u00a0')],
      ['outer-space', 'outer-space', null, 'outer-space'],
    )
  }
})
