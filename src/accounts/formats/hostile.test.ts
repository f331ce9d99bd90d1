/** Rows that nobody's log-in wrote: a stored hash is data, and may be broken, cut off or made to take the machine down. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixtures } from '../../../test/fixtures/hashes/read.ts'
import { systemRandom } from '../../system.ts'
import { hasher } from '../hash.ts'
import { bounds } from './bounds.ts'
import { readColumn } from './index.ts'

const key = (bytes: number): string => Buffer.alloc(bytes, 7).toString('base64').replace(/=+$/, '')
const salt = key(16)
const letters = 'a'.repeat(31)

/** Each asks for more than one row may cost. */
const dear: Readonly<Record<string, string>> = {
  'scrypt N of 2^30': `$scrypt$ln=30,r=8,p=1$${salt}$${key(32)}`,
  'scrypt r of a million': `$scrypt$ln=4,r=1000000,p=1$${salt}$${key(32)}`,
  'scrypt p of a million': `scrypt$16384$salt$8$1000000$${Buffer.alloc(64, 7).toString('base64')}`,
  'scrypt N that is no power of two': `scrypt:32767:8:1$salt$${'ab'.repeat(64)}`,
  'a billion iterations less one': `pbkdf2_sha256$999999999$salt$${Buffer.alloc(32, 7).toString('base64')}`,
  'four billion of .NET': Buffer.concat([Buffer.from('0100000002ffffffff00000010', 'hex'), Buffer.alloc(48)]).toString(
    'base64',
  ),
  'Argon2 of 4 TiB': `$argon2id$v=19$m=999999999,t=1,p=1$${salt}$${key(32)}`,
  'Argon2 of a billion passes': `$argon2id$v=19$m=8,t=999999999,p=1$${salt}$${key(32)}`,
  'Argon2 of 255 lanes': `argon2$argon2id$v=19$m=65536,t=1,p=255$${salt}$${key(32)}`,
  'bcrypt 31': `$2b$31$${'a'.repeat(21)}u${letters}`,
  'bcrypt 15': `$2y$15$${'a'.repeat(21)}u${letters}`,
  'phpass of 2^30 rounds': `$P$SaaaaaaaaBqvGJ3LvJQm1d9wXbnQ90`,
  'Firebase N of 2^31': `$fbscrypt$v=1,n=31,r=8,p=1,ss=Bw==,sk=${key(64)}$${salt}$${key(64)}`,
  'Spring N of 2^255': `{scrypt}$ff0801$${salt}==$${key(32)}=`,
}

test('a row that asks for more than a log-in may cost is not computed', () => {
  for (const [what, hash] of Object.entries(dear)) {
    const column = readColumn(hash)
    assert.equal(column.kind, 'unreadable', what)
    assert.notEqual(column.kind === 'unreadable' && column.format, 'unknown', `${what} is told of by its format's name`)
  }
})

test('each bound is kept at its edge: what is just within it is computed', async () => {
  const within = [
    `$argon2id$v=19$m=${bounds.memory},t=4,p=1$${salt}$${key(32)}`,
    `pbkdf2_sha256$${bounds.iterations}$salt$${Buffer.alloc(32, 7).toString('base64')}`,
    `$scrypt$ln=18,r=8,p=2$${salt}$${key(32)}`,
    `$2b$${bounds.bcrypt}$${'a'.repeat(21)}u${letters}`,
  ]
  const above = [
    `$argon2id$v=19$m=${bounds.memory},t=5,p=1$${salt}$${key(32)}`,
    `$argon2id$v=19$m=${bounds.memory + 1},t=1,p=1$${salt}$${key(32)}`,
    `pbkdf2_sha256$${bounds.iterations + 1}$salt$${Buffer.alloc(32, 7).toString('base64')}`,
    `$scrypt$ln=18,r=8,p=3$${salt}$${key(32)}`,
    `$scrypt$ln=19,r=8,p=1$${salt}$${key(32)}`,
  ]
  for (const hash of within) assert.equal(readColumn(hash).kind, 'hash', hash)
  for (const hash of above) assert.equal(readColumn(hash).kind, 'unreadable', hash)
})

/** Everything that may have happened to a row on its way. */
function* damaged(hash: string): Generator<string> {
  for (let length = 0; length < hash.length; length++) yield hash.slice(0, length)
  for (let at = 0; at < hash.length; at++)
    for (const letter of ['\0', '$', '~', '9']) yield hash.slice(0, at) + letter + hash.slice(at + 1)
  yield `${hash}\0`
  yield `${hash}\n`
  yield hash + 'A'.repeat(10_240)
  yield hash.toUpperCase()
  yield `${hash}$${hash}`
}

test('no damage to a hash throws, and none makes a key that is easier to guess', () => {
  let tried = 0
  for (const { rows } of fixtures) {
    for (const text of damaged(rows[0]!.hash)) {
      tried++
      const column = readColumn(text)
      if (column.kind === 'hash') assert.ok(column.stored.key.length >= bounds.key.least, text)
    }
  }
  assert.ok(tried > 10_000)
})

test('a hash that lost its end, or has a NUL in it, is not read at all', () => {
  for (const { rows } of fixtures) {
    const { hash } = rows[0]!
    const at = Math.floor(hash.length / 2)
    for (const text of [
      `${hash}\0`,
      `${hash.slice(0, at)}\0${hash.slice(at)}`,
      hash.slice(0, at),
      `${hash}\n`,
      ` ${hash}`,
    ]) {
      assert.notEqual(readColumn(text).kind, 'hash', JSON.stringify(text))
    }
  }
})

test('what was never stretched is not read: plain text, MD5, SHA-1, Django and Spring of old', () => {
  const plain = [
    'Str0ng-Horse-Staple!',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    'md5$salt$5f4dcc3b5aa765d61d8327deb882cf99',
    'sha1$salt$5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8',
    '{noop}password',
    '{MD5}{aRYR+Yp2xSqtgF+vtjH6jNda6M083iEbP+zCFjLt9IA=}905e382a25eed53e22224223b3581092',
    '{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0',
    '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/',
  ]
  for (const text of plain) assert.equal(readColumn(text).kind, 'unreadable', text)
})

test('a row that cannot be read is a wrong password, and is told of by format and reason, nothing of itself', async () => {
  const told: string[] = []
  const unreadable = (format: string, because: string): void => void told.push(`${format}: ${because}`)
  const { matches, verify } = hasher({ random: systemRandom, unreadable })
  const rows = [...Object.values(dear), '$argon2id$v=19$m=19456,t=2,p=1$truncated', 'x'.repeat(10_240), 'secret text']
  for (const text of rows) assert.equal(await matches(text, 'x'), false)
  assert.equal(await verify('$2b$31$nonsense', 'x'), false)
  assert.equal(await verify('', 'x'), false)
  assert.equal(told.length, rows.length + 1)
  for (const line of told) assert.doesNotMatch(line, /secret|truncated|nonsense|xxx|BwcHBw/)
  assert.ok(told.some((line) => line.startsWith('Django PBKDF2: 999999999 iterations')))
})
