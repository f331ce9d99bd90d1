/**
 * Holds `docs/conformance.md`, `docs/attacks.md` and `docs/accessibility.md` to the tests that they name: every requirement
 * and every criterion of WCAG has its row, once, with a test or with the reason why there is none; every attack has the test
 * in which it fails; and each named test is there.
 *
 * Why a script: such lists are read by people who decide whether to trust the program with their accounts. A test that
 * was renamed, or a row that fell out, would leave a claim that nothing holds any more, and nobody would notice.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { testsIn } from './test-names.ts'

/** How many requirements each chapter has. */
const chapters: Readonly<Record<string, number>> = {
  ...{ A: 11, B: 13, C: 9, D: 11, E: 8, F: 12, G: 10, H: 6 },
  ...{ I: 6, J: 13, K: 9, L: 9, M: 6, N: 7, O: 12, P: 9 },
}
/** What a row may begin with that is not, or not alone, shown by a test; a sentence has to follow. */
const reason = /^\*\*(Differs|In part|Not met|Not built|By document|Does not arise)\.\*\* (.+?)(?:<br>|$)/

const problems: string[] = []
const problem = (row: string, what: string): void => void problems.push(`${row}: ${what}`)

type Row = { readonly at: string; readonly cells: readonly string[] }

/** The rows of every table of a page, without heads and rules. */
function rowsOf(page: string): Row[] {
  const lines = readFileSync(page, 'utf8').split('\n')
  return lines.flatMap((line, index) => {
    const cells = /^\| (.+) \|$/.exec(line)?.[1]?.split(' | ')
    // A head is followed by its rule.
    const isHead = lines[index + 1]?.startsWith('|-') ?? false
    return cells && !isHead ? [{ at: `${page}:${index + 1}`, cells }] : []
  })
}

/** The tests that a cell names as `[file](path): name`, each of which has to be there; answers how many. */
function checkTests(page: string, row: string, cell: string): number {
  let count = 0
  for (const part of cell.split('<br>')) {
    for (const [, path] of part.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!existsSync(join(dirname(page), path!))) problem(row, `there is no ${path}`)
    }
    const [, path, name] = /^\[[^\]]+\]\(([^)]+\.(?:ts|tsx))\): (.+)$/.exec(part) ?? []
    if (!path || !name) {
      if (!reason.test(part)) problem(row, `is neither a test nor a reason: ${part}`)
      continue
    }
    count++
    const file = normalize(join(dirname(page), path))
    if (existsSync(file) && !testsIn(file).includes(name)) problem(row, `${file} has no test "${name}"`)
  }
  return count
}

/** Checks a row's last cell; answers what the row begins with, or "Shown". */
function verdictOf(page: string, row: string, cell: string): string {
  const tests = checkTests(page, row, cell)
  const [, verdict, why = ''] = reason.exec(cell) ?? []
  if (verdict && why.length < 30) problem(row, `gives no reason: ${cell}`)
  if (!verdict && tests === 0) problem(row, 'has neither a test nor a reason')
  return verdict ?? 'Shown'
}

function checkConformance(page: string): string {
  const ids = Object.entries(chapters).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(2, '0')}`),
  )
  const seen = new Map<string, string>()
  const verdicts: Record<string, number> = {}
  for (const { at, cells } of rowsOf(page)) {
    const [id = '', asked = '', standards = '', shown = ''] = cells
    const row = `${at} (${id})`
    if (!ids.includes(id)) problem(row, 'is no requirement that we know')
    if (seen.has(id)) problem(row, `stands a second time; first at ${seen.get(id)}`)
    if (cells.length !== 4 || asked.length < 10 || standards === '') problem(row, 'lacks a cell')
    seen.set(id, at)
    const verdict = verdictOf(page, row, shown)
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
  }
  for (const id of ids.filter((one) => !seen.has(one))) problem(page, `the requirement ${id} has no row`)
  const told = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict.toLowerCase()}`)
  return `${seen.size} requirements: ${told.sort().reverse().join(', ')}`
}

function checkAttacks(page: string): string {
  const seen = new Map<string, string>()
  const rows = rowsOf(page)
  for (const { at, cells } of rows) {
    const [id = '', what = '', shown = ''] = cells
    const row = `${at} (${id})`
    if (cells.length !== 3 || what.length < 10) problem(row, 'lacks a cell')
    for (const [cve] of id.matchAll(/CVE-\d{4}-\d{4,7}/g)) {
      if (seen.has(cve)) problem(row, `${cve} stands a second time; first at ${seen.get(cve)}`)
      seen.set(cve, at)
    }
    verdictOf(page, row, shown)
  }
  if (rows.length < 60) problem(page, `only ${rows.length} rows could be read`)
  return `${rows.length} attacks, ${seen.size} with a CVE`
}

/** Success criteria of WCAG 2.2 at levels A and AA. */
const criteria = [
  ...['1.1.1', '1.2.1', '1.2.2', '1.2.3', '1.2.4', '1.2.5', '1.3.1', '1.3.2', '1.3.3', '1.3.4', '1.3.5'],
  ...['1.4.1', '1.4.2', '1.4.3', '1.4.4', '1.4.5', '1.4.10', '1.4.11', '1.4.12', '1.4.13'],
  ...['2.1.1', '2.1.2', '2.1.4', '2.2.1', '2.2.2', '2.3.1'],
  ...['2.4.1', '2.4.2', '2.4.3', '2.4.4', '2.4.5', '2.4.6', '2.4.7', '2.4.11'],
  ...['2.5.1', '2.5.2', '2.5.3', '2.5.4', '2.5.7', '2.5.8', '3.1.1', '3.1.2'],
  ...['3.2.1', '3.2.2', '3.2.3', '3.2.4', '3.2.6', '3.3.1', '3.3.2', '3.3.3', '3.3.4', '3.3.7', '3.3.8'],
  ...['4.1.2', '4.1.3'],
]

function checkAccessibility(page: string): string {
  const seen = new Set<string>()
  for (const { at, cells } of rowsOf(page)) {
    const [name = '', how = '', shown = ''] = cells
    const id = /^\d\.\d\.\d+(?= )/.exec(name)?.[0]
    // Other tables have other rows.
    if (!id) continue
    const row = `${at} (${id})`
    if (!criteria.includes(id)) problem(row, 'is no criterion of levels A and AA')
    if (seen.has(id)) problem(row, 'stands a second time')
    if (cells.length !== 3 || how.length < 10) problem(row, 'lacks a cell')
    seen.add(id)
    verdictOf(page, row, shown)
  }
  for (const id of criteria.filter((one) => !seen.has(one))) problem(page, `the criterion ${id} has no row`)
  return `${seen.size} criteria of WCAG`
}

const told = [
  checkConformance('docs/conformance.md'),
  checkAttacks('docs/attacks.md'),
  checkAccessibility('docs/accessibility.md'),
]
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
console.log(told.join('; '))
