/** The server as its users start it, in a process of its own that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { compiled } from '../compiled.ts'
import { program } from '../program.ts'

export const childSecret = 'the secret of a server that is going to be killed, long enough'

export type Child = {
  readonly process: ChildProcess
  readonly port: number
  /** All that it wrote. */
  readonly output: () => string
  readonly ended: Promise<{ code: number | null; signal: string | null }>
}

/** What differs from one such server to the next. */
export type ServerOptions = {
  /** Flags of `serve` besides the port. */
  readonly flags?: readonly string[]
  /** Variables besides, or instead of, the usual. */
  readonly environment?: Readonly<Record<string, string>>
  /** The program; default: that of all tests. */
  readonly program?: string
}

/** Starts `latchkey serve` on this file and this mail server, and waits until it listens. */
export async function startServer(...given: Parameters<typeof spawnServer>): Promise<Child> {
  const { process, output, ended } = spawnServer(...given)
  const port = await new Promise<number>((resolve, reject) => {
    process.stdout!.on('data', () => {
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(output())
      if (found) resolve(Number(found[1]))
    })
    ended.then(() => reject(new Error(`The server ended before it listened:\n${output()}`)))
  })
  return { process, port, output, ended }
}

/** Starts it, and waits for nothing. */
export function spawnServer(
  folder: string,
  file: string,
  mailPort: number,
  { flags = [], environment = {}, program: started = program }: ServerOptions = {},
): Omit<Child, 'port'> {
  const args = ['--disable-warning=ExperimentalWarning', started, 'serve', '--port', '0', ...flags]
  const child = spawn(process.execPath, args, {
    cwd: folder,
    // Nothing of the environment of who runs the tests.
    env: {
      ...compiled,
      DEBUG: 'true',
      SECRET_KEY: childSecret,
      DATABASE_URL: `sqlite:${file}`,
      EMAIL_URL: `smtp://127.0.0.1:${mailPort}?tls=false`,
      DEFAULT_FROM_EMAIL: 'no-reply@example.com',
      TRUSTED_PROXIES: '127.0.0.1,::1',
      HOST: '127.0.0.1',
      LOG_LEVEL: 'debug',
      PATH: process.env.PATH ?? '',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk) => {
      written += chunk
    })
  }
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }))
  return { process: child, output: () => written, ended }
}

let networks = 0

/** Posts JSON from a network of its own; null when no whole answer came. */
export async function post(port: number, path: string, body: object): Promise<number | null> {
  networks++
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-for': `10.${networks >> 16}.${(networks >> 8) & 255}.${networks & 255}`,
      },
      body: JSON.stringify(body),
    })
    await response.text()
    return response.status
  } catch {
    return null
  }
}

/** A request of which the server has read the head, and whose body comes later. */
export async function halfPost(port: number, path: string, body: string): Promise<{ finish(): Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', resolve))
  let answer = ''
  const continued = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      answer += chunk
      if (answer.includes('100 Continue')) resolve()
    })
  })
  socket.on('error', () => {})
  // Whatever happens, no test waits for ever.
  socket.setTimeout(20_000, () => socket.destroy())
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Forwarded-For: 10.200.0.1`
  socket.write(`${head}\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`)
  await Promise.race([continued, closed])
  return {
    async finish() {
      socket.write(body)
      await closed
      return answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
    },
  }
}
