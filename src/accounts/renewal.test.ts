/** Which hashes a log-in writes anew: the rule of docs/hashes.md. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fixtures } from '../../test/fixtures/hashes/read.ts'
import { systemRandom } from '../system.ts'
import { type FormName, forms, readColumn } from './formats/index.ts'
import type { Work } from './formats/work.ts'
import { hasher } from './hash.ts'

const password = 'Old-Kettle-17!'
const renews = (form: FormName, hash: string, typed = password): boolean =>
  hasher({ random: systemRandom, form, renews: true }).renews(hash, typed)

/** 16 bytes and 32 in base64. */
const [salt, key] = ['AAECAwQFBgcICQoLDA0ODw', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8']
const argon2 = (costs: string, kind = 'id'): string => `$argon2${kind}$v=19$${costs}$${salt}$${key}`
const bcrypt = (cost: string, name = '2b'): string => `$${name}$${cost}$${'C'.repeat(21)}.${'x'.repeat(30)}u`
const django = (iterations: number): string => `pbkdf2_sha256$${iterations}$salt$${key}=`
const phpass = `$P$B${'s'.repeat(8)}${'y'.repeat(21)}/`

describe('what was just written is not written anew', () => {
  const lengthOf = (work: Work): number => ('length' in work ? work.length : work.kdf === 'bcrypt' ? 23 : 16)
  for (const form of Object.keys(forms) as FormName[]) {
    test(form, () => {
      const { work, text } = forms[form].draft(systemRandom, {})
      const written = text(new Uint8Array(lengthOf(work)))
      assert.equal(readColumn(written).kind, 'hash')
      assert.equal(renews(form, written), false)
    })
  }
})

const rules: readonly [FormName, hash: string, renewed: boolean, why: string][] = [
  ['argon2id', bcrypt('12'), true, 'of a weaker function'],
  ['argon2id', bcrypt('14'), true, 'of a weaker function at a high cost'],
  ['argon2id', django(1_000_000), true, 'of a weaker function'],
  ['argon2id', `$scrypt$ln=17,r=8,p=1$${salt}$${key}`, true, 'of a weaker function'],
  ['argon2id', argon2('m=4096,t=3,p=1'), true, 'cheaper'],
  ['argon2id', argon2('m=65536,t=3,p=4'), false, 'dearer'],
  ['argon2id', argon2('m=65536,t=4,p=1', 'i'), false, 'dearer, though of the older kind'],
  ['argon2id', argon2('m=19456,t=2,p=1', 'i'), true, 'as dear, and of the older kind'],
  ['django', django(260_000), true, 'cheaper'],
  ['django', django(1_000_001), false, 'dearer'],
  ['django', `argon2${argon2('m=19456,t=2,p=1')}`, false, 'of a stronger function, which Django reads too'],
  ['django', phpass, true, 'of a weaker function'],
  ['django-pbkdf2-sha1', django(600_001), false, 'dearer for a guesser, though fewer'],
  ['laravel', bcrypt('10', '2y'), true, 'cheaper'],
  ['laravel', bcrypt('12'), true, 'as dear, in letters that Laravel does not take'],
  ['laravel', bcrypt('13'), false, 'dearer'],
  ['supabase', bcrypt('10', '2a'), false, 'as it is written'],
  ['wordpress', phpass, true, 'of a weaker function'],
  ['wordpress-phpass', bcrypt('10', '2y'), false, 'stronger than anything of the form'],
]

for (const [form, hash, renewed, why] of rules) {
  test(`${form}: ${hash.slice(0, 24)} ${renewed ? 'is renewed' : 'stays'}: ${why}`, () => {
    assert.equal(readColumn(hash).kind, 'hash', 'a hash that can be read')
    assert.equal(renews(form, hash), renewed)
  })
}

test('every hash that others wrote is renewed on our own table, but those that are as strong', () => {
  const kept = fixtures
    .flatMap(({ rows }) => rows)
    .filter(({ hash }) => readColumn(hash).kind === 'hash' && !renews('argon2id', hash))
  assert.ok(kept.length > 0)
  for (const { hash } of kept) assert.match(hash, /argon2/)
})

test('a password that the form would cut or spoil keeps its hash', () => {
  const long = 'x'.repeat(73)
  assert.deepEqual([renews('laravel', phpass, long), renews('laravel', phpass)], [false, true])
  assert.deepEqual([renews('wordpress', phpass, ' a '), renews('wordpress', phpass, 'a')], [false, true])
})

test('where it was not asked for, and of what cannot be read, nothing is renewed', () => {
  assert.equal(hasher({ random: systemRandom }).renews(bcrypt('04'), password), false)
  for (const text of ['', '!', 'plain text', '$2b$31$secret', '$argon2id$'])
    assert.equal(renews('argon2id', text), false)
})
