/**
 * Is there a test for each line, or does a line only happen to be run? Every operator, condition, literal and statement
 * of the engine is changed, one at a time, in a copy of the tree; the tests that reach the place have to fail. A mutant
 * that no test tells from the original is a promise that nobody holds, and fails this run unless docs/mutants.md says
 * why it is no other program. See --help.
 *
 * Why our own: Stryker runs node:test as a command only, so that each mutant costs a start of every test; here tests are
 * loaded once and a mutant costs only the tests that reach it (docs/mutants.md has the numbers).
 */
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { instrument, type Mutant } from './mutate/mutants.ts'
import { type Fate, Harness, type Known } from './mutate/runner.ts'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    sample: { type: 'string' },
    at: { type: 'string', multiple: true },
    tests: { type: 'string', multiple: true },
    processes: { type: 'string', default: '2' },
    patience: { type: 'string', default: '20' },
    slowest: { type: 'string', default: '4' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(`npm run mutate -- [options]

  --only PART      files of src/engine whose path holds PART; may stand more than once
  --at FILE:LINE   mutants of this line only; may stand more than once
  --sample N       every so many mutants are left out that about N remain
  --tests PART     test files whose path holds PART; may stand more than once
  --processes N    processes at once (2)
  --patience S     seconds of tests that a mutant is tried with, the likeliest and quickest first (20)
  --slowest S      tests that take more than S seconds are left out (4)
  --verbose        names the test that killed each mutant

Exit 1 when a mutant survives that docs/mutants.md does not explain.`)
  process.exit(0)
}

const home = join(import.meta.dirname, '..')
const root = mkdtempSync(join(tmpdir(), 'latchkey-mutants-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
for (const part of ['src', 'test', 'bin', 'docs', 'web', 'package.json', 'tsconfig.json']) {
  cpSync(join(home, part), join(root, part), { recursive: true })
}
for (const part of ['node_modules', 'dist']) symlinkSync(join(home, part), join(root, part))

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const holds = (path: string, parts: readonly string[] | undefined): boolean =>
  !parts || parts.some((part) => path.includes(part))

// What is changed

const texts: Record<string, string> = {}
const mutants: Mutant[] = []
const sources = globSync('src/engine/*.ts', { cwd: root }).filter(
  (file) => !file.endsWith('.test.ts') && holds(file, options.only),
)
for (const file of sources.sort()) {
  const made = instrument(file, readFileSync(join(root, file), 'utf8'), mutants.length + 1)
  texts[join(root, file)] = made.text
  mutants.push(...made.mutants)
}

function chosen(): readonly Mutant[] {
  const here = mutants.filter(({ file, line }) => holds(`${file}:${line}`, options.at))
  const step = options.sample ? Math.max(1, here.length / Number(options.sample)) : 1
  return here.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step))
}

// What has to notice

/** Tests in a browser, of the command line and of killed processes take long and reach nothing that others do not. */
const tooFar = /^test\/(browser|long)\/|^src\/(cli|server|react|pages|words)\/|\/pages\//
const needsProcess = (file: string): boolean =>
  /child_process|server-child|race-child/.test(readFileSync(join(root, file), 'utf8'))
const testFiles = globSync('{src,test}/**/*.test.ts', { cwd: root })
  .filter((file) => !tooFar.test(file) && holds(file, options.tests) && !needsProcess(file))
  .sort((a, b) => Number(b.startsWith('src/engine/')) - Number(a.startsWith('src/engine/')) || (a < b ? -1 : 1))
  .map((file) => join(root, file))

async function loaded(mutant = 0, files = testFiles): Promise<Harness | string> {
  const harness = new Harness(root)
  const because = await harness.load(texts, files, mutant)
  if (because === null) return harness
  harness.close()
  return because
}

async function ready(): Promise<Harness> {
  const harness = await loaded()
  if (typeof harness === 'string') throw new Error(`The tests do not load: ${harness}`)
  return harness
}

/** Takes one after the other until none is left, in as many processes as are allowed. */
async function inProcesses<T>(
  waiting: T[],
  deed: (one: T, harness: () => Promise<Harness>) => Promise<void>,
): Promise<void> {
  const work = async (): Promise<void> => {
    let mine: Harness | null = null
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      await deed(one, async () => {
        // What a mutant leaves behind, open or half done, does not go on for ever.
        if (mine && (mine.gone || mine.runs > 150)) {
          mine.close()
          mine = null
        }
        mine ??= await ready()
        return mine
      })
    }
    const last = mine as Harness | null
    last?.close()
  }
  await Promise.all(Array.from({ length: Number(options.processes) }, work))
}

const start = performance.now()
const first = await ready()
const atLoad = first.static
const known: Known[] = []
const bad: string[] = []
const leftOut = new Set<number>()
const short = (name: string): string => name.replace(`${root}/`, '').replace('\n', ': ')
say(
  `${mutants.length} mutants in ${sources.length} files; looking at ${first.names.length} tests in ${testFiles.length} files.`,
)
first.close()
const order = first.names.map((_, at) => at)
await inProcesses([...order], async (test, harness) => {
  const { known: found, error } = await (await harness()).look(test)
  known[test] = found
  if (error !== null) bad.push(`${short(found.name)}: ${error.split('\n')[0]}`)
  else if (found.ms > Number(options.slowest) * 1000)
    bad.push(`${short(found.name)}: takes ${(found.ms / 1000).toFixed(1)} s`)
  else return
  known[test] = { ...found, reached: new Set() }
  leftOut.add(test)
})
for (const one of bad) say(`left out: ${one}`)

const isUnit = (test: number): number => Number(!known[test]!.name.startsWith(join(root, 'src/engine/')))
/** Tests that reach any mutant of the file, and all units: for mutants that are there when the file is loaded. */
const ofFile = new Map(
  sources.map((file) => {
    const ids = mutants.filter((one) => one.file === file).map(({ id }) => id)
    const reaches = (test: number): boolean => ids.some((id) => known[test]!.reached.has(id))
    return [file, order.filter((test) => !leftOut.has(test) && (isUnit(test) === 0 || reaches(test)))]
  }),
)

const fates = new Map<Mutant, Fate | { kind: 'unreached'; by: null }>()

/** Kills of the mutants around a test has to its name, for the time it takes; units have a start. */
const killers = new Map<string, Map<number, number>>()
function likeliest(mutant: Mutant, tests: readonly number[]): number[] {
  const kills = killers.get(`${mutant.file} ${mutant.place}`)
  const worth = (test: number): number =>
    ((kills?.get(test) ?? 0) + (isUnit(test) === 0 ? 1 : 0.25)) / (known[test]!.ms + 20)
  let left = Number(options.patience) * 1000
  return [...tests]
    .sort((a, b) => worth(b) - worth(a))
    .filter((test) => {
      const { ms } = known[test]!
      if (ms > left) return false
      left -= ms
      return true
    })
}

function remember(mutant: Mutant, { by }: Fate): void {
  const place = `${mutant.file} ${mutant.place}`
  const kills = killers.get(place) ?? new Map<number, number>()
  if (by !== null && first.names.includes(by))
    kills.set(first.names.indexOf(by), (kills.get(first.names.indexOf(by)) ?? 0) + 1)
  killers.set(place, kills)
}

/** A mutant of what happens when the file is loaded has to be there from the start: the file's own tests first. */
async function fromTheStart(mutant: Mutant): Promise<Fate> {
  const unit = join(root, mutant.file.replace(/\.ts$/, '.test.ts'))
  const some = likeliest(mutant, ofFile.get(mutant.file) ?? [])
  const tries: [string[], (harness: Harness) => number[]][] = [[testFiles, () => some]]
  if (testFiles.includes(unit)) tries.unshift([[unit], ({ names }) => names.map((_, at) => at)])
  for (const [files, tests] of tries) {
    const own = await loaded(mutant.id, files)
    if (typeof own === 'string') return { kind: 'killed', by: `loading: ${own}` }
    const fate = await own.run(mutant.id, tests(own), files === testFiles ? known : [])
    own.close()
    if (fate.kind !== 'survived') return fate
  }
  return { kind: 'survived', by: null }
}

async function judge(mutant: Mutant, harness: () => Promise<Harness>): Promise<void> {
  const tests = likeliest(
    mutant,
    order.filter((test) => known[test]!.reached.has(mutant.id)),
  )
  const isStatic = atLoad.has(mutant.id)
  if (tests.length === 0 && !isStatic) {
    fates.set(mutant, { kind: 'unreached', by: null })
    return
  }
  let fate: Fate = { kind: 'survived', by: null }
  if (tests.length > 0) fate = await (await harness()).run(mutant.id, tests, known)
  if (fate.kind === 'survived' && isStatic) fate = await fromTheStart(mutant)
  fates.set(mutant, fate)
  remember(mutant, fate)
  if (fate.kind === 'survived') say(`survived: ${mutant.file}:${mutant.line} ${told(mutant)}`)
  else if (options.verbose)
    say(`${fate.kind}: ${mutant.file}:${mutant.line} ${told(mutant)} by ${short(fate.by ?? '')}`)
}

// What came of it

const told = ({ place, from, to }: Mutant): string => `\`${place}\` \`\` ${from} \`\` → \`\` ${to} \`\``
const line = (mutant: Mutant): string => `- \`${mutant.file}\` ${told(mutant)}`
const explained = new Map(
  readFileSync(join(root, 'docs/mutants.md'), 'utf8')
    .split('\n')
    .flatMap((text) => {
      const found = /^(- `.+ ``): (.+)$/.exec(text)
      return found ? [[found[1]!, found[2]!] as const] : []
    }),
)

await inProcesses([...chosen()], judge)

say(
  `\n${'file'.padEnd(28)}${['mutants', 'killed', 'hung', 'explained', 'survived', 'unreached', '%'].map((one) => one.padStart(10)).join('')}`,
)
const open: Mutant[] = []
for (const file of [...sources, 'all']) {
  const here = [...fates].filter(([mutant]) => file === 'all' || mutant.file === file)
  const count = (kind: string): number => here.filter(([, fate]) => fate.kind === kind).length
  const alive = here
    .filter(([, fate]) => fate.kind === 'survived' || fate.kind === 'unreached')
    .map(([mutant]) => mutant)
  const unexplained = alive.filter((mutant) => !explained.has(line(mutant)))
  if (file !== 'all') open.push(...unexplained)
  const good = here.length - unexplained.length
  const share = here.length === 0 ? 100 : (100 * good) / here.length
  const of = (kind: string): number => unexplained.filter((mutant) => fates.get(mutant)?.kind === kind).length
  const cells = [
    here.length,
    count('killed'),
    count('hung'),
    alive.length - unexplained.length,
    of('survived'),
    of('unreached'),
  ]
  say(`${file.padEnd(28)}${cells.map((one) => String(one).padStart(10)).join('')}${share.toFixed(1).padStart(10)}`)
}
for (const mutant of open) say(`${line(mutant)} (line ${mutant.line}, ${fates.get(mutant)!.kind})`)
const judged = new Map([...fates].map(([mutant, fate]) => [line(mutant), fate.kind]))
const stale = [...explained.keys()].filter((one) => {
  const same = [...fates].filter(([mutant]) => line(mutant) === one)
  return judged.has(one) && same.every(([, { kind }]) => kind === 'killed' || kind === 'hung')
})
for (const one of stale) say(`docs/mutants.md explains what a test now kills: ${one}`)
say(
  `\n${open.length} mutants survive unexplained, ${stale.length} are explained for nothing; ${((performance.now() - start) / 1000).toFixed(0)} s.`,
)
process.exit(open.length + stale.length > 0 ? 1 : 0)
