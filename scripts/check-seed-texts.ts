/**
 * Holds `docs/seed-texts.md` to the sources: each text of the five source documents is among the sentences that people
 * read, the test named beside it says it too, and every test that is named is there.
 *
 * Why a script: a list of what is shown where is believed for as long as it is right. A sentence that was reworded, a
 * test that was renamed or taken away, would leave the list saying what nobody checks any more.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { en } from '../src/words/en.ts'

const page = 'docs/seed-texts.md'
const problems: string[] = []

const sentences: readonly string[] = [en.shared, ...Object.values(en.wordings)]
  .flatMap((words) => Object.values<string>(words))
  .filter(Boolean)

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** A sentence as a pattern: whatever is filled in may be anything. Null for one that is all filled in. */
function patternOf(sentence: string): RegExp | null {
  const parts: string[] = ['']
  let depth = 0
  for (const letter of sentence) {
    if (letter === '{' && depth++ === 0) parts.push('')
    else if (letter === '}') depth--
    else if (depth === 0) parts[parts.length - 1] += letter
  }
  return /\p{L}{2}/u.test(parts.join(' ')) ? new RegExp(`^${parts.map(literal).join('.+')}$`) : null
}
const patterns = sentences.map(patternOf).filter((pattern) => pattern !== null)

/** Whether people read it somewhere: within a sentence, or as one with its blanks filled. */
const isSaid = (text: string): boolean =>
  sentences.some((sentence) => sentence.includes(text)) || patterns.some((pattern) => pattern.test(text))

/** A test file with the files of `test/` that it imports. */
function textOf(file: string): string {
  const own = readFileSync(file, 'utf8')
  const near = [...own.matchAll(/from '(\.[^']+)'/g)].map(([, path]) => normalize(join(dirname(file), path!)))
  return [own, ...near.filter((path) => path.startsWith('test/')).map((path) => readFileSync(path, 'utf8'))].join('\n')
}

/** The names of the tests that a file declares; `<…>` stands for what a template fills in. */
const namesIn = (text: string): string[] =>
  [...text.matchAll(/^\s*\w+\(\s*(['"`])((?:\\.|(?!\1).)+)\1,/gm)].map(([, , name]) =>
    name!.replaceAll(/\$\{([^}]+)\}/g, '<$1>').replaceAll(/\\(.)/g, '$1'),
  )

function checkTest(row: string, cell: string, text: string | null): void {
  const [, file, name] = /^\[`[^`]+`\]\(\.\.\/([^)]+)\): (.+)$/.exec(cell) ?? []
  if (!file || !name) problems.push(`${row}: names no test: ${cell}`)
  else if (!existsSync(file)) problems.push(`${row}: there is no ${file}`)
  else if (!namesIn(readFileSync(file, 'utf8')).includes(name)) problems.push(`${row}: ${file} has no test "${name}"`)
  else if (text !== null && !textOf(file).includes(text)) problems.push(`${row}: ${file} does not say "${text}"`)
}

let rows = 0
for (const [at, line] of readFileSync(page, 'utf8').split('\n').entries()) {
  const cells = /^\| (.+) \|$/.exec(line)?.[1]?.split(' | ')
  if (!cells || cells.at(-1) === 'test') continue
  rows++
  const row = `${page}:${at + 1}`
  const text = cells.length === 3 ? cells[0]! : null
  if (text !== null && !isSaid(text)) problems.push(`${row}: no sentence says "${text}"`)
  checkTest(row, cells.at(-1)!, text)
}

if (rows < 100) problems.push(`${page}: only ${rows} rows could be read`)
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
console.log(`${rows} texts and rules, each said and each shown`)
