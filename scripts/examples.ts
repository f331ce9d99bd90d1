/**
 * Runs every example as a developer would who copied it: the library as `npm pack` makes it, everything else as its lock
 * file says, from the registry; types checked, built where it is built, started on a free port, gone through by HTTP and
 * real SMTP, stopped.
 *
 *   npm run test:examples              all of them
 *   npm run test:examples -- hono next some of them
 *   npm run test:examples -- --lock    brings their lock files up to date first: after a change of our own dependencies
 *
 * Why outside of this folder: within it a package that an example forgot to name would be found in ours.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { isDeepStrictEqual } from 'node:util'
import { freePort } from '../src/server/listen.ts'
import { ana, before, type Running, steps } from '../test/examples/story.ts'
import { mailServer } from '../test/promises/mail-server.ts'

/** What an example has of its own. Others keep their accounts in Latchkey's table. */
const ownTables: Readonly<Record<string, Pick<Running, 'own' | 'mine'>>> = {
  'node-http': { own: { address: 'mail' }, mine: null },
  express: { own: { address: 'email' }, mine: '/mine' },
}

type Scripts = { readonly start: string; readonly check: string; readonly build?: string }
type Run = { readonly code: number | null; readonly told: string }

const minutes = 60_000
/** Our own tools are no example's. */
const pathOutside = (process.env.PATH ?? '').split(delimiter).filter((one) => !one.includes('node_modules'))
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const line = (good: boolean, example: string, what: string, ms: number): void =>
  say(`${good ? '✔' : '✖'} ${example.padEnd(10)} ${what.padEnd(20)} ${`${(ms / 1000).toFixed(1)} s`.padStart(9)}`)

/** One command in a folder, ended after a while; what it prints is told only when it fails. */
async function run(folder: string, command: string, args: string[], env: NodeJS.ProcessEnv, input = ''): Promise<Run> {
  const child = spawn(command, args, { cwd: folder, env, timeout: 10 * minutes })
  child.stdin.end(input)
  const [out, err] = [text(child.stdout), text(child.stderr)]
  const [code] = await Promise.race([
    once(child, 'close'),
    once(child, 'error').then(([error]) => Promise.reject(error)),
  ])
  return { code, told: (await out) + (await err) }
}

async function must(...[folder, command, args, env, input]: Parameters<typeof run>): Promise<string> {
  const { code, told } = await run(folder, command, args, env, input)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${told}`)
  return told
}

/** The package as it would be published, unpacked two folders above each example, where their `file:../..` points. */
async function pack(root: string): Promise<void> {
  const [packed] = JSON.parse(await must('.', 'npm', ['pack', '--json', '--pack-destination', root], process.env))
  await must(root, 'tar', ['-xzf', packed.filename, '--strip-components=1'], process.env)
  mkdirSync(join(root, 'examples'))
}

/** Starts it, and waits until its ask page answers. */
async function start(folder: string, command: string, env: NodeJS.ProcessEnv, origin: string) {
  const [program = '', ...args] = command.split(' ')
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => void printed.push(String(chunk)))
  for (let tries = 0; tries < 1_200; tries++) {
    if (child.exitCode !== null) break
    const answer = await fetch(`${origin}/healthz`, { redirect: 'manual' }).catch(() => null)
    if (answer?.status === 200) return { child, printed }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await stop(child)
  throw new Error(`${command} does not answer at ${origin}\n${printed.join('')}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await over
  clearTimeout(kill)
  if (child.signalCode === 'SIGKILL') throw new Error('it did not stop within 10 s')
}

/** All of one example, told step by step. */
async function example(root: string, name: string): Promise<void> {
  const folder = join(root, 'examples', name)
  const skipped = ['node_modules', '.next', 'dist', 'app.db']
  cpSync(join('examples', name), folder, { recursive: true, filter: (path) => !skipped.includes(basename(path)) })
  const { scripts }: { scripts: Scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const mail = await mailServer()
  const port = await freePort('127.0.0.1')
  const origin = `http://localhost:${port}`
  const env = {
    ...process.env,
    ...{ PORT: String(port), PUBLIC_URL: origin, DATABASE: 'app.db', DATABASE_URL: 'sqlite:app.db' },
    ...{ SECRET_KEY: `${name} of a run that is over soon, and never was elsewhere`, NODE_ENV: '' },
    ...{ EMAIL_URL: `smtp://127.0.0.1:${mail.port}?tls=false`, NEXT_TELEMETRY_DISABLED: '1' },
    PATH: [join(folder, 'node_modules/.bin'), dirname(process.execPath), ...pathOutside].join(delimiter),
  }
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    try {
      const value = await work()
      line(true, name, what, performance.now() - began)
      return value
    } catch (error) {
      line(false, name, what, performance.now() - began)
      throw error
    }
  }
  try {
    if (locks) await step('locked', () => lock(folder, name, env))
    const quiet = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=warn']
    await step('installed', async () => {
      refuseOldLock(folder)
      withoutWarnings(await must(folder, 'npm', quiet, env))
    })
    await step('types', () => must(folder, 'npm', ['run', '--silent', 'check'], env))
    if (scripts.build) await step('built', () => must(folder, 'npm', ['run', '--silent', 'build'], env))
    const { own, mine } = ownTables[name] ?? { own: null, mine: null }
    if (!own) await step('migrated, with Ana', () => prepare(folder, env))
    const { child, printed } = await step('started', () => start(folder, scripts.start, env, origin))
    try {
      for (const [what, story] of steps) await step(what, () => story({ origin, mail, own, mine }))
    } catch (error) {
      throw new Error(`it printed\n${printed.join('')}`, { cause: error })
    } finally {
      await step('stopped', () => stop(child))
    }
    withoutWarnings(printed.join(''))
    for (const letter of mail.received) withoutSecret(printed.join(''), (await letter.parsed()).text ?? '')
  } finally {
    await mail.close()
  }
}

/** npm installs what a lock file says, though the library asks for something else by now. */
function refuseOldLock(folder: string): void {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  if (isDeepStrictEqual(packages['node_modules/latchkey'].dependencies, dependencies)) return
  throw new Error('its lock file is older than our dependencies: npm run test:examples -- --lock brings it up to date')
}

/** Brings it up to date with the library's dependencies, and leaves all else as it is locked. */
async function lock(folder: string, name: string, env: NodeJS.ProcessEnv): Promise<void> {
  const path = join(folder, 'package-lock.json')
  const locked = JSON.parse(readFileSync(path, 'utf8'))
  delete locked.packages['node_modules/latchkey']
  writeFileSync(path, JSON.stringify(locked))
  await must(folder, 'npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], env)
  cpSync(path, join('examples', name, 'package-lock.json'))
}

async function prepare(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  await must(folder, 'latchkey', ['migrate'], env)
  await must(folder, 'latchkey', ['accounts', 'add', '--email', ana, '--password-stdin'], env, `${before}\n`)
}

/** A host's log that holds a link is as good as a mailbox to whoever reads it. */
function withoutSecret(printed: string, letter: string): void {
  for (const [secret] of letter.matchAll(/[\w-]{30,}/g)) {
    if (printed.includes(secret)) throw new Error(`it printed the secret of a link:\n${printed}`)
  }
}

function withoutWarnings(told: string): void {
  if (/\bwarn(ing)?\b/i.test(told)) throw new Error(`it warns:\n${told}`)
}

const locks = process.argv.includes('--lock')
const chosen = process.argv.slice(2).filter((argument) => argument !== '--lock')
const all = globSync('examples/*/package.json')
  .map((path) => basename(dirname(path)))
  .sort()
const unknown = chosen.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  say(`There is no example "${unknown.join('", "')}". There are: ${all.join(', ')}.`)
  process.exit(2)
}
const root = mkdtempSync(join(tmpdir(), 'latchkey-examples-'))
const failures: string[] = []
const names = chosen.length > 0 ? chosen : all
try {
  await pack(root)
  for (const name of names) {
    await example(root, name).catch((error: Error) => {
      const cause = error.cause instanceof Error ? `\n${error.cause.stack}` : ''
      failures.push(`${name}: ${error.message}${cause}`)
    })
    rmSync(join(root, 'examples', name), { recursive: true, force: true })
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
for (const failure of failures) say(`\n✖ ${failure}`)
say(`\n${names.length - failures.length} of ${names.length} examples work.`)
process.exit(failures.length === 0 ? 0 : 1)
