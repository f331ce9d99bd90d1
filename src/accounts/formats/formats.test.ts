/** What other systems wrote is read: their published vectors, and hashes that their own libraries made (test/fixtures/hashes). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fixtures } from '../../../test/fixtures/hashes/read.ts'
import { systemRandom } from '../../system.ts'
import { hasher } from '../hash.ts'
import { formats, readColumn } from './index.ts'

const unreadable = (format: string, because: string): never => assert.fail(`${format}: ${because}`)

describe('what another system wrote is right with its password, and wrong with another', { concurrency: 2 }, () => {
  for (const { file, source, by, pepper, rows } of fixtures) {
    test(`${file}, ${by}: ${source}${pepper ? `, with a pepper of ${pepper.length} letters` : ''}`, async () => {
      const { matches } = hasher({ random: systemRandom, unreadable, ...(pepper ? { form: 'devise', pepper } : {}) })
      assert.ok(rows.length > 0)
      const wrong = `${rows[0]!.password.slice(0, -1)}?`
      const [isWrong, ...areRight] = await Promise.all([
        matches(rows[0]!.hash, wrong),
        ...rows.map(({ hash, password }) => matches(hash, password)),
      ])
      assert.equal(isWrong, false)
      assert.deepEqual(
        rows.filter((_, at) => !areRight[at]),
        [],
      )
    })
  }
})

test('every format is held to a hash that others wrote', () => {
  const rows = fixtures.flatMap(({ rows }) => rows)
  const seen = new Set(rows.map(({ hash }) => readColumn(hash)).map((one) => one.kind === 'hash' && one.format))
  assert.deepEqual(
    formats.filter(({ name }) => !seen.has(name)),
    [],
  )
})

test('every fixture says who made it, and how far that is to be believed', () => {
  const kinds = ['published vectors', 'the library itself', 'a second implementation']
  for (const { file, source, by } of fixtures) assert.ok(source !== '' && kinds.includes(by), `${file}: ${source}`)
})

test('a text is of one format only', () => {
  for (const { hash } of fixtures.flatMap(({ rows }) => rows)) {
    const marked = formats.filter(({ mark }) => mark.test(hash))
    assert.equal(marked.length, 1, `${hash}: ${marked.map(({ name }) => name).join(', ')}`)
  }
})

test("Django's unusable passwords are no password at all, and no fault", () => {
  const unusable = fixtures.flatMap((one) => one.unusable ?? [])
  assert.ok(unusable.length > 0)
  for (const text of [...unusable, '', null, '!', '*']) assert.deepEqual(readColumn(text), { kind: 'none' })
})

test('a pepper that is missing or another opens nothing', async () => {
  const [peppered] = fixtures.filter(({ pepper }) => pepper === 'a pepper')
  const { hash, password } = peppered!.rows[0]!
  assert.equal(await hasher({ random: systemRandom }).matches(hash, password), false)
  assert.equal(await hasher({ random: systemRandom, form: 'devise', pepper: 'another' }).matches(hash, password), false)
})
