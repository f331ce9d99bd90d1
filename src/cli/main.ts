/** The program: finds the command, runs it, and ends with its exit code. */
import { readFileSync } from 'node:fs'
import { Fault } from '../engine/outcome.ts'
import { keepCompiled, systemEnvironment, threadPerCore } from '../system.ts'
import { type Io, UsageError } from './command.ts'
import { commands, type Entry } from './commands.ts'
import { helpOf, overview } from './help.ts'

threadPerCore()
// Two folders up, in src as in dist.
keepCompiled(new URL('../../node_modules/.cache/latchkey', import.meta.url))

let isRead = true
// Whoever reads us (`latchkey accounts list | head`) has seen enough. That is no failure, and no reason to stop a server.
process.stdout.on('error', () => {
  isRead = false
})

const io: Io = {
  environment: systemEnvironment(),
  folder: process.cwd(),
  stdin: process.stdin,
  out: (text) =>
    new Promise((resolve) => {
      process.stdout.write(text, () => resolve(isRead))
    }),
  error: (text) => void process.stderr.write(text),
}

process.exitCode = await main(process.argv.slice(2), io)
// What is left open then, a connection to a mail server for instance, keeps nobody waiting.
setTimeout(() => process.exit(), 500).unref()

async function main(args: readonly string[], io: Io): Promise<number> {
  const [first] = args
  if (first === '--version' || first === '-v') return say(`${version()}\n`)
  if (first === undefined) {
    io.error(overview(commands))
    return 2
  }
  if (first === '--help' || first === '-h') return say(overview(commands))
  if (first === 'help') return help(args.slice(1))
  const command = find(args)
  if (!command) return unknown(args)
  const rest = args.slice(command.name.split(' ').length)
  if (rest.includes('--help') || rest.includes('-h')) return say(await helpOf(command))
  return attempt(command, rest)
}

async function attempt(command: Entry, rest: readonly string[]): Promise<number> {
  try {
    return await (await command.load()).run(rest, io)
  } catch (error) {
    if (error instanceof UsageError) {
      io.error(`latchkey ${command.name}: ${error.message}.\nSee "latchkey ${command.name} --help".\n`)
      return 2
    }
    // A fault says in its message what to do; anything else is a mistake of ours, whose place helps to mend it.
    io.error(error instanceof Fault ? `latchkey: ${error.message}\n` : `latchkey: ${(error as Error).stack ?? error}\n`)
    return 1
  }
}

async function say(text: string): Promise<number> {
  await io.out(text)
  return 0
}

function find(args: readonly string[]): Entry | undefined {
  return commands.find(({ name }) => name.split(' ').every((word, at) => args[at] === word))
}

async function help(args: readonly string[]): Promise<number> {
  if (args.length === 0) return say(overview(commands))
  const command = find(args)
  return command ? say(await helpOf(command)) : unknown(args)
}

function unknown(args: readonly string[]): number {
  const group = commands.filter(({ name }) => name.startsWith(`${args[0]} `)).map(({ name }) => name)
  const near = group.length > 0 ? group : commands.map(({ name }) => name).filter((name) => isNear(name, args[0]!))
  const asked = group.length > 0 ? args.slice(0, 2).join(' ') : args[0]
  const hint =
    near.length > 0 ? `Did you mean ${near.map((name) => `"${name}"`).join(' or ')}?` : 'See "latchkey help".'
  io.error(`latchkey: there is no command "${asked}". ${hint}\n`)
  return 2
}

/** One slip of the finger away: a letter too many, too few, another, or two in the wrong order. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  return Math.max(a.length, b.length) - start - end <= 2
}

function version(): string {
  // Two folders up, in src as in dist.
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}
