/** Programs that are started here, each with a log of its own, and ended by their ids: none outlives this one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that runs. */
export type Program = {
  readonly name: string
  readonly pid: number
  /** Where all that it says is written. */
  readonly log: string
  isAlive(): boolean
  /** Tells it to end; kills it after `patience` milliseconds. Answers its exit code, null where a signal ended it. */
  stop(patience?: number): Promise<number | null>
}

/** How one is started. */
export type Start = {
  readonly folder: string
  /** The user that it runs as, where we are root. */
  readonly user?: string | null
  readonly environment?: Readonly<Record<string, string>>
}

const running = new Set<Program>()

/** Starts one. It is ended by the kernel if we are killed. */
export function start(name: string, command: readonly string[], { folder, user, environment }: Start): Program {
  const log = join(folder, `${name}.log`)
  const file = openSync(log, 'a')
  const as = user ? ['--reuid', user, '--regid', user, '--clear-groups'] : []
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...as, '--', ...command], {
    cwd: folder,
    env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin`, LC_ALL: 'C.UTF-8', HOME: folder, ...environment },
    stdio: ['ignore', file, file],
  })
  closeSync(file)
  const ended = once(child, 'exit')
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null
  const program: Program = {
    name,
    pid: child.pid!,
    log,
    isAlive,
    async stop(patience = 15_000) {
      const timer = setTimeout(() => child.kill('SIGKILL'), patience)
      if (isAlive()) {
        child.kill('SIGCONT')
        child.kill('SIGTERM')
        await ended
      }
      clearTimeout(timer)
      running.delete(program)
      return child.exitCode
    },
  }
  running.add(program)
  ended.then(() => running.delete(program))
  return program
}

/** Ends all that still run, the newest first. */
export async function stopAll(): Promise<void> {
  for (const program of [...running].reverse()) await program.stop()
}

/** Runs one to its end; throws with what it said when its exit code is not 0. */
export async function runOnce(name: string, command: readonly string[], how: Start): Promise<string> {
  const program = start(name, command, how)
  while (program.isAlive()) await sleep(20)
  const said = readFileSync(program.log, 'utf8')
  if ((await program.stop()) !== 0) throw new Error(`${name} failed:\n${said.slice(-2000)}`)
  return said
}

/** A process and all that descend from it, itself first. */
export function family(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [pid]
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child)
  return found.filter((one) => parents.has(one))
}

/** Signals a process, and is content where it is gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The id of the PostgreSQL of a data folder, if it runs: the first line of its own file. */
export function postmasterOf(data: string): number | null {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return null
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  try {
    // After a kill the file is left behind, and the number may be somebody else's by now.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data) ? pid : null
  } catch {
    return null
  }
}

let next = 20_000 + (process.pid % 500) * 20

/** A port that nobody listens on, below those that the kernel gives to connections: it stays free while its owner is dead. */
export async function port(): Promise<number> {
  for (;;) {
    const candidate = next++
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(candidate, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return candidate
  }
}

/** Waits until it is so; throws when it is not within so many seconds. */
export async function becomes(what: string, isSo: () => boolean | Promise<boolean>, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`)
    await sleep(50)
  }
}
