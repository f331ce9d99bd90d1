/** The hasher as the engine has it: one form written, every form compared with, and a log-in that tells none from another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fixtures } from '../../test/fixtures/hashes/read.ts'
import { systemRandom as random } from '../system.ts'
import { type FormName, forms } from './formats/index.ts'
import { alleyOf, hasher } from './hash.ts'

const rowOf = (mark: RegExp) => fixtures.flatMap(({ rows }) => rows).find(({ hash }) => mark.test(hash))!
const [django, phpass, aspnet] = [rowOf(/^pbkdf2_sha256/), rowOf(/^\$P\$/), rowOf(/^AQAAAAIAAYag/)]

test('a log-in on a table of several forms is right or wrong by the password alone', async () => {
  const { verify, hash } = hasher({ random, seen: [django.hash, phpass.hash, aspnet.hash, null, '!'] })
  const own = await hash('Own-Kettle-17!')
  assert.deepEqual(
    await Promise.all([
      verify(own, 'Own-Kettle-17!'),
      verify(django.hash, django.password),
      verify(phpass.hash, phpass.password),
      verify(aspnet.hash, aspnet.password),
    ]),
    [true, true, true, true],
  )
  const wrong = [own, django.hash, phpass.hash, aspnet.hash, null, '', '!', 'pbkdf2_sha256$', '$2b$12$']
  for (const text of wrong) assert.equal(await verify(text, 'Another-Kettle-17!'), false, String(text))
})

test('from the first log-in on, nobody costs each kind that the table has, as dear as its dearest, and the form that is written', () => {
  const seen = [django.hash, phpass.hash, aspnet.hash, null, '!', 'nonsense', 'pbkdf2_sha256$1000$salt$x']
  const kinds = alleyOf({ random, form: 'laravel', seen }).rest(null)
  assert.deepEqual(
    kinds.map((work) => (work.kdf === 'pbkdf2' ? `${work.digest} ${work.iterations}` : work.kdf)).toSorted(),
    ['bcrypt', 'phpass', 'sha256 260000', 'sha512 100000'],
  )
  assert.deepEqual(
    alleyOf({ random })
      .rest(null)
      .map(({ kdf }) => kdf),
    ['argon2'],
  )
})

test('the hash that stands in for nobody is one of the form that is written, whichever it is, and nothing opens it', async () => {
  for (const form of Object.keys(forms) as FormName[]) {
    const unread: string[] = []
    const { verify } = hasher({ random, form, unreadable: (format) => void unread.push(format) })
    assert.equal(await verify(null, 'Str0ng-Horse-Staple!'), false, form)
    assert.deepEqual(unread, [], form)
  }
  const { verify } = hasher({ random })
  for (const password of ['', 'x', 'null']) assert.equal(await verify(null, password), false)
})

test('no more run at once than may, and each gets its turn', async () => {
  const { hash } = hasher({ random, form: 'phpass', inFlight: 1 })
  const ends: number[] = []
  const one = async (at: number): Promise<void> => {
    await hash('x')
    ends.push(at)
  }
  await Promise.all([0, 1, 2, 3].map(one))
  assert.deepEqual(ends, [0, 1, 2, 3])
})

test('phpass, which no thread does for us, lets the event loop turn between its rounds', async () => {
  const { matches } = hasher({ random })
  let turns = 0
  let done = false
  const beat = (): void => {
    turns++
    if (!done) setImmediate(beat)
  }
  setImmediate(beat)
  assert.equal(await matches(phpass.hash, phpass.password), true)
  done = true
  // 8,192 rounds, 256 at a time.
  assert.ok(turns >= 30, `${turns} turns`)
})
