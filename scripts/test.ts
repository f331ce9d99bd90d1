/**
 * Everything that `npm test` holds, in the order in which a mistake is found soonest: types, lint, layers, then the
 * tests, those in a browser last. `--long` runs what takes longer instead; other arguments choose files whose path
 * holds one of them. `--adopt` runs those beside real applications. What a file needs of Debian is installed first. Nothing
 * is skipped silently: a test that skips itself is named at the end. One PostgreSQL serves all files, started here unless
 * TEST_DATABASE_URL names another.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { run } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inspect, parseArgs } from 'node:util'
import { makeTemplate, type PostgresServer, startPostgres } from '../test/postgres.ts'
import { install, packagesOf } from './debian.ts'

const help = `Usage: npm test [-- PART...]
       npm run test:long [-- PART...]
       npm run test:adopt [-- PART...]

Types, lint and layers, then every test file, or those alone whose path holds one of PART. Exit 1 when one of them fails.
`
const { long, adopt, chosen } = asked()

function asked(): { long: boolean; adopt: boolean; chosen: readonly string[] } {
  const flag = { type: 'boolean', default: false } as const
  try {
    const options = { long: flag, adopt: flag, help: flag }
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (!values.help) return { long: values.long, adopt: values.adopt, chosen: positionals }
    process.stdout.write(help)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
}
const total = { passed: 0, failed: 0 }
const checks: string[] = []
const perBatch = new Map<string, number>()
/** Tests that skipped themselves. */
type Skipped = { readonly name: string; readonly why: string }
const skipped: Skipped[] = []
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
  checks.push(name)
  if (status === 0) total.passed += 1
  else {
    total.failed += 1
    failures.push(`${name}\n${error ? error.message : stdout + stderr}`)
  }
}

/** Stories and promises of which `--adopt` runs those on MariaDB. */
const onMariadb = [
  'test/walks/{classic,stateless,code,spa,verified}.test.ts',
  'test/promises/{one-proof-one-change,links-die,the-letter-goes-to-the-stored-address}.test.ts',
  'test/promises/{nothing-is-lost-when-killed,kills-at-random,many-processes-are-one}.test.ts',
]

/** Which tests of a file are run; all, where nothing is said. */
let named: RegExp | null = null

/** What a batch did. */
type Result = { passed: number; failed: number; skipped: Skipped[]; failures: string[]; output: string; ms: number }

/** Files that share a process. */
type Batch = { readonly name: string; readonly files: readonly string[] }

/** Folders whose files share processes, and how many at most: to start a process takes longer than the tests of most of them. */
const shared = [
  [/^(src\/(?!cli|stores)|web\/)/, 50],
  [/^(src\/(cli|stores)|test\/adopt)\//, 4],
  [/^test\/walks\//, 5],
  [/^test\/promises\//, 3],
] as const

function batchesOf(files: readonly string[]): Batch[] {
  const batches = new Map<string, string[]>()
  for (const file of files) {
    const most = shared.find(([pattern]) => pattern.test(file))?.[1] ?? 1
    const folder = `${dirname(file)}/`
    const last = [...batches].findLast(([name, { length }]) => name.startsWith(`${folder} from `) && length < most)
    if (last) last[1].push(file)
    else batches.set(most === 1 ? file : `${folder} from ${basename(file)}`, [file])
  }
  return [...batches].map(([name, files]) => ({ name: files.length === 1 ? files[0]! : name, files }))
}

/** What Node is to run for a batch: its one file, or one that imports them all. */
function entryOf({ name, files }: Batch): string {
  if (files.length === 1) return files[0]!
  const folder = resolve('node_modules/.cache/tests')
  mkdirSync(folder, { recursive: true })
  const entry = join(folder, `${name.replaceAll(/[^\w.]+/g, '-')}.mjs`)
  writeFileSync(entry, files.map((file) => `import ${JSON.stringify(pathToFileURL(resolve(file)).href)}\n`).join(''))
  return entry
}

/** Some batches at a time; each is told of in one line when it is over. */
async function testFiles(name: string, files: readonly string[], atOnce: number): Promise<void> {
  if (files.length === 0) return
  say(`\n${name}, ${files.length} ${files.length === 1 ? 'file' : 'files'}`)
  const waiting = batchesOf(files)
  const workers = Array.from({ length: atOnce }, async () => {
    for (let batch = waiting.shift(); batch; batch = waiting.shift()) tell(batch.name, await testBatch(batch))
  })
  await Promise.all(workers)
}

function tell(name: string, { passed, failed, ms, output, ...more }: Result): void {
  line(failed === 0, name, `${passed + failed} tests`, ms)
  total.passed += passed
  total.failed += failed
  perBatch.set(name, passed + failed)
  skipped.push(...more.skipped.map((one) => ({ ...one, name: `${name}: ${one.name}` })))
  failures.push(...more.failures)
  if (failed > 0 && output.trim() !== '') failures.push(`${name} printed\n${output.trimEnd()}`)
}

async function testBatch(batch: Batch): Promise<Result> {
  const start = performance.now()
  const result: Result = { passed: 0, failed: 0, skipped: [], failures: [], output: '', ms: 0 }
  const entry = entryOf(batch)
  const fail = (place: string, what: string): void => {
    result.failed += 1
    result.failures.push(`${place}\n${what}`)
  }
  // Ten minutes, an hour for what is long: a test that hangs must end the run, not the patience of whoever waits for it.
  const testNamePatterns = named ? { testNamePatterns: named } : {}
  const events = run({
    files: [entry],
    ...testNamePatterns,
    isolation: 'process',
    timeout: long || adopt ? 3_600_000 : 600_000,
  })
  const keep = ({ message }: { message: string }): void => {
    result.output += message
  }
  events.on('test:stdout', keep)
  events.on('test:stderr', keep)
  events.on('test:pass', ({ name, details, skip, todo }) => {
    if (details.type === 'suite') return
    // Without a test the entry is told of as one good test with its name.
    if (resolve(name) === resolve(entry)) fail(batch.name, 'holds no test')
    else if (skip !== undefined || todo !== undefined)
      result.skipped.push({ name, why: typeof skip === 'string' ? skip : 'no reason is given' })
    else result.passed += 1
  })
  events.on('test:fail', ({ name, file: from = entry, line, details }) => {
    // A suite fails with its tests, which are told of themselves.
    if ((details.error as { failureType?: string }).failureType === 'subtestsFailed') return
    fail(`${relative(process.cwd(), from)}${line ? `:${line}` : ''}`, `${name}\n${readable(details.error)}`)
  })
  await new Promise<void>((done, failed) => events.on('end', done).on('error', failed).resume())
  return { ...result, ms: performance.now() - start }
}

/** Those that one reason keeps, of which three are named. */
function told([why, tests]: [string, Skipped[]]): string {
  const names = tests.slice(0, 3).map(({ name }) => `    ${name}`)
  const head = `  ${tests.length} ${tests.length === 1 ? 'test' : 'tests'}: ${why}`
  return [head, ...names, ...(tests.length > 3 ? ['    …'] : [])].join('\n')
}

/** The error that a test threw, without the runner's own frames. */
function readable(error: Error): string {
  const cause = error.cause ?? error
  if (!(cause instanceof Error)) return typeof cause === 'string' ? cause : inspect(cause)
  return (cause.stack ?? cause.message).replaceAll(/\n +at .*node:internal.*/g, '')
}

/** Sources are compiled once for all processes of all runs, not once for each: half of a short test's time. */
process.env.NODE_COMPILE_CACHE ??= resolve('node_modules/.cache/compiled')
// What `npm test` has just built; whoever runs this by itself may have changed something since.
if (isOfSources('dist/.built')) process.env.TEST_PROGRAM ??= resolve('dist/cli/main.js')

const start = performance.now()
const wanted = (file: string): boolean => chosen.length === 0 || chosen.some((part) => file.includes(part))
/** Files whose numbers of runs go by `test/runs.ts`. */
const byChance = globSync('{src,test}/**/*.test.ts').filter((file) =>
  /from '.*\/runs\.ts'/.test(readFileSync(file, 'utf8')),
)
const find = (...patterns: string[]): string[] => globSync(patterns).filter(wanted).sort()

/** Whether no source is younger than this file. */
function isOfSources(built: string): boolean {
  const made = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return globSync('src/**/*.{ts,tsx}').every((file) => statSync(file).mtimeMs < made)
}

/** Handed on to every file by the environment. */
async function startDatabase(): Promise<PostgresServer | null> {
  if (process.env.TEST_DATABASE_URL) return null
  try {
    const server = await startPostgres()
    process.env.TEST_DATABASE_URL = server.url
    process.env.TEST_DATABASE_TEMPLATE = await makeTemplate(server.url)
    return server
  } catch (error) {
    total.failed += 1
    failures.push(`PostgreSQL for the tests\n${readable(error as Error)}`)
    return null
  }
}

/** Files wait for processes, disks and browsers: more at a time than there are cores keep these busy. */
const cores = Math.min(availableParallelism(), 8)

/** The files, once Debian's packages that they name are there; none of them where that cannot be. */
function withPackages(files: readonly string[], ...more: readonly string[]): readonly string[] {
  const reason = install([...packagesOf(files), ...more], say)
  if (reason === null) return files
  total.failed += 1
  failures.push(`Debian's packages\n${reason}`)
  return []
}

/** One MariaDB for the files that use one; a file that is run alone starts its own. */
async function startMysql(): Promise<{ stop(): Promise<void> } | null> {
  if (process.env.TEST_MYSQL_URL) return null
  try {
    const server = await (await import('../test/mariadb.ts')).startMariadb()
    process.env.TEST_MYSQL_URL = server.url
    return server
  } catch (error) {
    total.failed += 1
    failures.push(`MariaDB for the tests\n${readable(error as Error)}`)
    return null
  }
}

let database: PostgresServer | null = null
let mariadb: { stop(): Promise<void> } | null = null
if (long) {
  database = await startDatabase()
  // What is tried by chance is tried ten times as often; TEST_TIMES says another number.
  process.env.TEST_TIMES ??= '10'
  await testFiles('long', withPackages(find('test/long/**/*.test.ts')), 1)
  // Promises that the short run keeps to memory and SQLite, and stories in a browser that it tells in one way.
  process.env.TEST_EVERY_WAY = '1'
  await testFiles('promises on every store', find('test/promises/*.test.ts'), cores)
  await testFiles('in a browser, every way', find('test/browser/{flows,links}.test.ts'), cores)
  await testFiles(`by chance, ${process.env.TEST_TIMES} times as often`, find(...byChance), 1)
  if (chosen.length === 0 || chosen.includes('mutants')) check('mutants', process.execPath, 'scripts/mutate.ts')
} else if (adopt) {
  const files = withPackages(find('test/adopt/live/**/*.test.ts'), 'mariadb-server')
  database = await startDatabase()
  mariadb = await startMysql()
  await testFiles('beside the real thing', files, 1)
  // Stories and promises that the store has a large part in; of these files, what they tell on MariaDB.
  process.env.TEST_STORIES_ON = 'mysql'
  named = /MariaDB/
  await testFiles('on MariaDB', find(...onMariadb), 1)
} else {
  if (chosen.length === 0) {
    check('types', 'tsc', '-p', '.')
    check('lint and format', 'biome', 'check', '--error-on-warnings')
    check('layers', process.execPath, 'scripts/check-layers.ts')
    check('generated docs', process.execPath, 'scripts/docs.ts', '--check')
    check('texts of the sources', process.execPath, 'scripts/check-seed-texts.ts')
    check('languages', process.execPath, 'scripts/check-words.ts')
    check('requirements and attacks', process.execPath, 'scripts/check-conformance.ts')
  }
  database = await startDatabase()
  const all = find('{src,test,web}/**/*.test.{ts,tsx}').filter(
    (file) => !/^test\/(long|engines|adopt\/live)\//.test(file),
  )
  const inBrowser = all.filter((file) => file.startsWith('test/browser/'))
  const others = all.filter((file) => !inBrowser.includes(file))
  say('')
  // Those in a browser wait more than the others, so one of them is always beside these.
  await Promise.all([testFiles('in a browser', inBrowser, 1), testFiles('tests', others, cores + 1)])
}

await database?.stop()
await mariadb?.stop()
if (checks.length === 0 && [...perBatch.values()].every((tests) => tests === 0)) {
  total.failed += 1
  failures.push('no test ran')
}
for (const failure of failures) say(`\n✖ ${failure}`)
if (skipped.length > 0) say(`\nSkipped:\n${[...Map.groupBy(skipped, (one) => one.why)].map(told).join('\n')}`)
say(`\n${holds()} ${seconds(performance.now() - start)}.`)
const longer = globSync('test/long/**/*.test.ts').length + byChance.length
if (!long) say(`What takes longer (${longer} files, and a mutant for each slip in the engine) is in npm run test:long.`)
const examples = globSync('examples/*/package.json').length
if (!adopt)
  say('What needs Debian’s packages (MariaDB, and the log-ins of real applications) is in npm run test:adopt.')
if (!long && !adopt) say(`The ${examples} examples, which install packages of their own, run in npm run test:examples.`)
say(`${total.passed} passed, ${total.failed} failed`)
process.exit(total.failed === 0 ? 0 : 1)

/** What this run held, by kind. */
function holds(): string {
  const kinds: [string, RegExp][] = [
    ['unit and contract', /^(src|web)\//],
    ['stories', /^test\/walks\//],
    ['promises', /^test\/promises\//],
    ['in a browser', /^test\/browser\//],
    ['long', /^test\/long\//],
    ['other', /^test\/(?!walks|promises|browser|long)/],
  ]
  const counts = kinds.map(([kind, pattern]) => {
    const count = [...perBatch].filter(([file]) => pattern.test(file)).reduce((sum, [, tests]) => sum + tests, 0)
    return count > 0 ? `, ${count} ${kind}` : ''
  })
  return `This was${checks.length > 0 ? ` ${checks.join(', ')}` : ''}${counts.join('')}.`.replace('was,', 'was')
}
