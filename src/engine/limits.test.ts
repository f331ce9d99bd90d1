/** The page that tells of limits says what the code does. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { defaults } from './flow.ts'
import { boundsFor } from './limit-bounds.ts'
import { type Limits, standard, type Window } from './limits.ts'

const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')
const rows = page
  .slice(page.indexOf('| limit | counted by'), page.indexOf('Beside them'))
  .split('\n')
  .slice(2)
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

const units = [
  [365 * 86_400_000, 'year'],
  [86_400_000, '24 h'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const

/** A time as the page writes it: `15 min`, `1 h`, `24 h`, `10 years`. */
function span(ms: number): string {
  if (ms === 86_400_000) return '24 h'
  const [unit, name] = units.find(([one, text]) => text !== '24 h' && ms % one === 0)!
  const count = ms / unit
  return name === 'year' ? `${count} ${count === 1 ? 'year' : 'years'}` : `${count} ${name}`
}

const written = (windows: readonly Window[] | null): string =>
  windows === null ? 'off' : windows.map(({ max, ms }) => `${max} in ${span(ms)}`).join(', ')

for (const [name, windows] of Object.entries(standard)) {
  test(`docs/limits.md tells the default and the bounds of ${name}`, () => {
    const told = rows.filter((cells) => cells[3] === `\`${name}\``)
    assert.ok(told.length > 0, 'it has a row')
    const { least, most, ms } = boundsFor(6)[name as keyof Limits]
    for (const cells of told)
      assert.deepEqual([cells[2], cells[4]], [written(windows), `${least}–${most} in ≥ ${span(ms)}`])
  })
}

test('docs/limits.md tells what a flow counts', () => {
  const { max, seconds } = defaults.limits.asks
  const row = rows.find((cells) => cells[0] === '`asks-per-caller`')
  assert.equal(row?.[2], `${max} in ${seconds / 60} min`)
})

test('docs/limits.md names every limit that the code knows, and no other', () => {
  const source = readFileSync(new URL('./limits.ts', import.meta.url), 'utf8')
  const type = source.slice(source.indexOf('export type LimitName ='), source.indexOf('/** At most'))
  const known = [...type.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name!)
  assert.deepEqual(
    known.filter((name) => !page.includes(`\`${name}\``)),
    [],
  )
  const named = rows.map((cells) => /^`([a-z-]+)`$/.exec(cells[0]!)?.[1]).filter((name) => name !== undefined)
  assert.deepEqual(
    named.filter((name) => !known.includes(name)),
    [],
  )
})

test('every standard count lies within its own bounds', () => {
  for (const [name, windows] of Object.entries(standard) as [keyof Limits, readonly Window[] | null][]) {
    const { least, most, ms } = boundsFor(6)[name]
    for (const one of windows ?? []) assert.ok(one.max >= least && one.max <= most && one.ms >= ms, name)
  }
})
