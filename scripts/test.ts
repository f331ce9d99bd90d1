/**
 * Everything that `npm test` holds, in the order in which a mistake is found soonest: types, lint, layers, then the
 * tests, those in a browser last. `--long` runs what takes longer instead; other arguments choose files whose path
 * holds one of them. Nothing is skipped silently: a test that skips itself is named at the end.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'

const long = process.argv.includes('--long')
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const total = { passed: 0, failed: 0, tests: 0 }
const skipped: string[] = []
const failures: string[] = []

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const line = (good: boolean, what: string, told: string, ms: number): void =>
  say(`${good ? '✔' : '✖'} ${what.padEnd(48)} ${told.padStart(12)} ${seconds(ms).padStart(9)}`)

/** A step that is one command; counted as one test. */
function check(name: string, command: string, ...args: string[]): void {
  const start = performance.now()
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  line(status === 0, name, '', performance.now() - start)
  if (status === 0) total.passed += 1
  else {
    total.failed += 1
    failures.push(`${name}\n${error ? error.message : stdout + stderr}`)
  }
}

/** What a file did, told in one line when it is over. */
type Tally = { tests: number; passed: number; failed: number; output: string; start: number; over: boolean }

async function testFiles(name: string, files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return
  say(`\n${name}, ${files.length} ${files.length === 1 ? 'file' : 'files'}`)
  const tallies = new Map<string, Tally>()
  const tally = (file: string | undefined): Tally => {
    const key = relative(process.cwd(), file ?? '')
    const known = tallies.get(key) ?? {
      tests: 0,
      passed: 0,
      failed: 0,
      output: '',
      start: performance.now(),
      over: false,
    }
    tallies.set(key, known)
    return known
  }
  const keep = (file: string | undefined, message: string): void => {
    tally(file).output += message
  }
  // Ten minutes a file: a test that hangs must end the run, not the patience of whoever waits for it.
  const events = run({ files: [...files], concurrency, isolation: 'process', timeout: 600_000 })
  events.on('test:dequeue', ({ file }) => void tally(file))
  events.on('test:stdout', ({ file, message }) => keep(file, message))
  events.on('test:stderr', ({ file, message }) => keep(file, message))
  events.on('test:pass', ({ name, file, details, skip, todo }) => {
    if (details.type === 'suite') return
    // A file without a test is told of as one good test with the file's name.
    if (file && resolve(name) === resolve(file)) {
      tally(file).failed += 1
      failures.push(`${relative(process.cwd(), file)}\nholds no test`)
      return
    }
    if (skip !== undefined || todo !== undefined) {
      skipped.push(`${relative(process.cwd(), file ?? '')}: ${name}${typeof skip === 'string' ? ` (${skip})` : ''}`)
    } else tally(file).passed += 1
  })
  events.on('test:fail', ({ name, file, line, details }) => {
    const known = tally(file)
    const cause = details.error.cause ?? details.error
    // A suite fails with its tests, which are told of themselves.
    if ((details.error as { failureType?: string }).failureType === 'subtestsFailed') return
    known.failed += 1
    const place = `${relative(process.cwd(), file ?? '')}${line ? `:${line}` : ''}`
    failures.push(
      `${place}\n${name}\n${cause instanceof Error ? (cause.stack ?? cause.message).replaceAll(/\n +at .*node:internal.*/g, '') : inspect(cause)}`,
    )
  })
  events.on('test:summary', ({ file, success }) => {
    if (file === undefined) return
    const known = tally(file)
    if (!success && known.failed === 0) {
      known.failed += 1
      failures.push(`${relative(process.cwd(), file)}\nfailed as a whole`)
    }
    known.over = true
    const path = relative(process.cwd(), file)
    const good = known.failed === 0
    line(good, path, `${known.passed + known.failed} tests`, performance.now() - known.start)
    if (!good && known.output.trim() !== '') failures.push(`${path} printed\n${known.output.trimEnd()}`)
  })
  await new Promise<void>((done, failed) => {
    events.on('end', done)
    events.on('error', failed)
    events.resume()
  })
  for (const [path, { passed, failed, over, output }] of tallies) {
    total.passed += passed
    total.failed += failed
    total.tests += passed + failed
    if (!over && path !== '' && failed > 0) {
      line(false, path, 'did not end', 0)
      if (output.trim() !== '') failures.push(`${path} printed\n${output.trimEnd()}`)
    }
  }
}

const start = performance.now()
const wanted = (file: string): boolean => chosen.length === 0 || chosen.some((part) => file.includes(part))
const find = (...patterns: string[]): string[] => globSync(patterns).filter(wanted).sort()

if (long) {
  const files = find('test/long/**/*.test.ts')
  if (files.length === 0) {
    say('There are no long tests yet: test/long/ holds none. `npm test` holds everything there is.')
    say('0 passed, 0 failed')
    process.exit(0)
  }
  await testFiles('long', files, 1)
} else {
  if (chosen.length === 0) {
    check('types', 'tsc', '-p', '.')
    check('lint and format', 'biome', 'check', '--error-on-warnings')
    check('layers', process.execPath, 'scripts/check-layers.ts')
    check('generated docs', process.execPath, 'scripts/docs.ts', '--check')
  }
  const all = find('{src,test,web}/**/*.test.{ts,tsx}').filter((file) => !file.startsWith('test/long/'))
  const inBrowser = all.filter((file) => file.startsWith('test/browser/'))
  await testFiles(
    'tests',
    all.filter((file) => !inBrowser.includes(file)),
    2,
  )
  await testFiles('in a browser', inBrowser, 1)
}

if (total.tests === 0) {
  total.failed += 1
  failures.push('no test ran')
}
for (const failure of failures) say(`\n✖ ${failure}`)
if (skipped.length > 0) say(`\nSkipped:\n${skipped.map((name) => `  ${name}`).join('\n')}`)
const others = long ? '' : ` What takes longer (${globSync('test/long/**/*.test.ts').length} files): npm run test:long.`
say(
  `\n${total.tests} tests${chosen.length === 0 && !long ? ', types, lint and layers' : ''}, ${seconds(performance.now() - start)}.${others}`,
)
say(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed === 0 ? 0 : 1)
