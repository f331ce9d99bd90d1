/** Starts what is measured as a process of its own, as it would run, and ends it again. */

import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Settings as BareSettings } from '../servers/bare.ts'
import type { Settings as BarePostgresSettings } from '../servers/bare-postgres.ts'
import type { Settings as LatchkeySettings } from '../servers/latchkey.ts'

/** A server under measure. */
export type Host = {
  readonly port: number
  readonly pid: number
  /** A question that the server's script answers beside its work. */
  ask<T>(question: string): Promise<T>
  stop(): Promise<void>
}

type Scripts = { latchkey: LatchkeySettings; bare: BareSettings; 'bare-postgres': BarePostgresSettings }

/** Starts one with a database of its own, in a folder that goes with it. */
export function start<K extends keyof Scripts>(
  name: K,
  settings: Omit<Scripts[K], 'folder'>,
  flags: readonly string[] = [],
): Promise<Host> {
  return startScript(fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url)), settings, flags)
}

/** The same for a script anywhere, which is told its settings and its folder as JSON and answers as those in `servers/` do. */
export async function startScript(script: string, settings: object, flags: readonly string[] = []): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const child = fork(script, [JSON.stringify({ ...settings, folder })], {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning', ...flags],
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const receive = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`The server ${script} ended with code ${code}.`))
      child.once('exit', ended)
      child.once('message', (message) => {
        child.off('exit', ended)
        resolve(message as T)
      })
    })
  const { port } = await receive<{ port: number }>()
  return {
    port,
    pid: child.pid!,
    ask(question) {
      const answer = receive<never>()
      child.send(question)
      return answer
    },
    async stop() {
      child.send('stop')
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await gone
      clearTimeout(timer)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A port of loopback on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
