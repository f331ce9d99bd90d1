/** However a file is cut in pieces on its way, its rows are the same; what is no row is told of, and takes no other with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { runs } from '../../../test/runs.ts'
import { csvRows, longestRow } from './csv-rows.ts'
import { guessSource } from './index.ts'
import { jsonRows, longestObject } from './json-rows.ts'

/** The bytes of a text in pieces of this size: letters beyond ASCII are cut through. */
async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const row of rows) list.push(row)
  return list
}

const csv = (text: string, size = 7) => all(csvRows(pieces(text, size)))
const json = (text: string, size = 7) => all(jsonRows(pieces(text, size), text.slice(0, 1_000)))

/** A cell as RFC 4180 writes it. */
const quoted = (cell: string, always: boolean): string =>
  always || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell

const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é', '🗝', ';'), maxLength: 6 })

test('CSV: what RFC 4180 writes comes back as it was, in pieces of any size', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
      fc.boolean(),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 9 }),
      async (rows, always, end, size) => {
        const text = rows.map((row) => row.map((one) => quoted(one, always)).join(',') + end).join('')
        assert.deepEqual(
          (await csv(text, size)).map((row) => row.cells),
          rows,
        )
      },
    ),
    { numRuns: runs(200) },
  ))

test('CSV: rows have the lines that they stand on, and a fault takes none with it but its own', async () => {
  const text = '\ufeffa,"two\nlines"\n\n"x"y,1\nb,"" \nc,"d ""e"""\r\nf,g'
  const quote = 'a quote within a cell is not doubled'
  assert.deepEqual(await csv(text), [
    { number: 1, to: 2, cells: ['a', 'two\nlines'] },
    { number: 4, to: 4, cells: null, reason: quote },
    { number: 5, to: 5, cells: null, reason: quote },
    { number: 6, to: 6, cells: ['c', 'd "e"'] },
    { number: 7, to: 7, cells: ['f', 'g'] },
  ])
})

test('CSV: a quote that is never closed ends at a limit, and the lines after it are read', async () => {
  const text = `a,b\nc,"never\n${'x\n'.repeat(longestRow / 2)}d,e\n`
  const [first, lost, ...rest] = await csv(text, 10_000)
  assert.deepEqual(first!.cells, ['a', 'b'])
  assert.match(lost!.cells === null ? lost!.reason : '', /^its quote is not closed, or it is longer than 65,536/)
  assert.equal(lost!.number, 2)
  assert.deepEqual(rest.at(-1)!.cells, ['d', 'e'])
})

test('CSV: what is not UTF-8 is told of', async () => {
  const rows = await all(csvRows(pieces('a,b\n', 9)))
  assert.equal(rows.length, 1)
  async function* latin() {
    yield Buffer.from('a,J\xfcrgen\nb,c\n', 'latin1')
  }
  const [bad, good] = await all(csvRows(latin()))
  assert.deepEqual(bad, { number: 1, to: 1, cells: null, reason: 'it is not UTF-8' })
  assert.deepEqual(good!.cells, ['b', 'c'])
})

test('JSON: a list comes back as it was, bare, named, pretty or on one line, in pieces of any size', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }), {
        maxLength: 4,
      }),
      fc.constantFrom(0, 2),
      fc.constantFrom('bare', 'users', 'Users'),
      fc.integer({ min: 1, max: 9 }),
      async (list, indent, name, size) => {
        const document = name === 'bare' ? list : { [name]: list, NextToken: '}]"{[' }
        const read = await json(JSON.stringify(document, null, indent), size)
        assert.deepEqual(
          read.map((row) => ('value' in row ? row.value : row)),
          JSON.parse(JSON.stringify(list)),
        )
      },
    ),
    { numRuns: runs(200) },
  ))

test('JSON: each object has the line that it begins on; a broken one on its line takes none with it', async () => {
  const lines = '\ufeff{"a":1}\n\n{"b":2\n{"c":3}'
  assert.deepEqual(await json(lines), [
    { number: 1, value: { a: 1 } },
    { number: 3, reason: 'it is not JSON' },
    { number: 4, value: { c: 3 } },
  ])
  assert.deepEqual(await json('[\n{"a":1},\n{"b":nothing},\n {"c":\n3}]'), [
    { number: 2, value: { a: 1 } },
    { number: 3, reason: 'it is not JSON' },
    { number: 4, value: { c: 3 } },
  ])
  assert.deepEqual(await json('[{"a":"hidden'), [{ number: 1, reason: 'the file ends within it' }])
})

test('JSON: an object without an end is not kept in memory, and what comes after it is not guessed at', async () => {
  const [row, ...more] = await json(`[{"a":"${'x'.repeat(longestObject)}`, 100_000)
  assert.match(row && 'reason' in row ? row.reason : '', /^it is longer than 1,048,576 characters; nothing after it/)
  assert.deepEqual(more, [])
})

test('what a file is, is told by what stands in it before its name', () => {
  const known: readonly (readonly [name: string, head: string, source: string | null])[] = [
    ['x', '{"email":"a@example.org"}\n', 'jsonl'],
    ['x.csv', '\ufeff{"email":"a@example.org"}\n', 'jsonl'],
    ['x', '[{"email":"a@example.org","password_hash":"$2b$"}]', 'jsonl'],
    ['x', '[{"email":"a@example.org","custom_password_hash":{}}]', 'auth0'],
    ['x', '{"user_id":"auth0|5","email":"a@example.org"}', 'auth0'],
    ['x', '{"user_id":7,"email":"a@example.org"}', 'jsonl'],
    ['x', '{"users": [\n{\n "localId": "a"', 'firebase'],
    ['x', '{\n  "Users": [', 'cognito'],
    ['x', 'name,email,cognito:username,cognito:mfa_enabled\n', 'cognito'],
    ['x', '"username";"E-Mail";"email"\r\n', 'csv'],
    ['x', 'a1,a@example.org,true,,,\n', 'firebase'],
    ['x', 'a1,,false,,,\n', 'firebase'],
    ['x.csv', 'name,mail\n', 'csv'],
    ['x.jsonl', '', 'jsonl'],
    ['x.txt', 'Ana and Ben\n', null],
    ['-', '', null],
  ]
  for (const [name, head, source] of known) assert.equal(guessSource(name, head), source, `${name}: ${head}`)
})
