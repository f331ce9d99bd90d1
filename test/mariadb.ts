/**
 * A MariaDB for tests, of Debian's package `mariadb-server`: started as another user than root, on a free port of this
 * machine, with its data in a folder that goes with it. `npm run test:adopt` starts one for all files; a file that is run
 * alone starts its own. TEST_MYSQL_URL names another server instead, for a user who may make databases and users.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { freePort, unprivileged } from './postgres.ts'

/** A server that was started here. */
export type MariadbServer = {
  /** Of no database, for a user who may do everything. */
  readonly url: string
  /** As an operator does it, or as a machine that loses its power. */
  restart(how?: 'orderly' | 'killed'): Promise<void>
  stop(): Promise<void>
}

/** Starts one in an empty folder of `place`; takes some seconds. `settings`: options of mariadbd. */
export async function startMariadb(
  settings: Readonly<Record<string, string>> = {},
  place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir(),
): Promise<MariadbServer> {
  const folder = mkdtempSync(join(place, 'latchkey-my-'))
  const user = unprivileged()
  const data = join(folder, 'data')
  const first = join(folder, 'first.sql')
  // One statement a line.
  const known = `CREATE USER IF NOT EXISTS 'tests'@'%' IDENTIFIED BY 'tests'`
  writeFileSync(first, `${known};\nGRANT ALL ON *.* TO 'tests'@'%' WITH GRANT OPTION;\n`)
  if (user) for (const path of [folder, first]) chownSync(path, user.uid, user.gid)
  const install = ['--no-defaults', `--datadir=${data}`, '--skip-test-db', '--auth-root-authentication-method=normal']
  const made = spawnSync('mariadb-install-db', install, { ...user, cwd: folder, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`mariadb-install-db: ${made.error?.message ?? made.stdout + made.stderr}`)
  const port = await freePort()
  const all = {
    ...{ datadir: data, tmpdir: folder, port: String(port), socket: join(folder, 'socket'), 'init-file': first },
    ...{ 'pid-file': join(folder, 'pid'), 'log-error': join(folder, 'log.err') },
    ...usual,
    ...settings,
  }
  const start = (): ChildProcess => serve(folder, user, all)
  const url = `mysql://tests:tests@127.0.0.1:${port}/`
  let server = start()
  await answers(url, server, folder)
  const stop = async (signal: string): Promise<void> => {
    if (server.exitCode !== null) return
    server.stdin!.end(`${signal}\n`)
    await once(server, 'exit')
  }
  return {
    url,
    async restart(how = 'orderly') {
      await stop(how === 'orderly' ? 'TERM' : 'KILL')
      server = start()
      await answers(url, server, folder)
    },
    async stop() {
      await stop('TERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Small, and as Debian's own server is: what is promised hangs on none of it. */
const usual = {
  'open-files-limit': '2048',
  'bind-address': '127.0.0.1',
  'max-connections': '300',
  'innodb-buffer-pool-size': '64M',
  'innodb-log-file-size': '32M',
  'skip-name-resolve': 'ON',
}

/** A shell around the server ends it when its input ends: however a run of tests ends, no server is left behind. */
function serve(
  folder: string,
  user: ReturnType<typeof unprivileged>,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const options = Object.entries(settings).map(([name, value]) => `"--${name}=${value}"`)
  const script = `"${program()}" --no-defaults ${options.join(' ')} &
    server=$!
    read signal || { signal=KILL; orphan=1; }
    kill -$signal $server
    wait $server
    [ -z "$orphan" ] || rm -rf "${folder}"/*`
  return spawn('sh', ['-c', script], { ...user, cwd: folder, stdio: ['pipe', 'ignore', 'ignore'], detached: true })
}

const program = (): string => (existsSync('/usr/sbin/mariadbd') ? '/usr/sbin/mariadbd' : 'mariadbd')

async function answers(url: string, server: ChildProcess, folder: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    try {
      await (await createConnection({ uri: url, connectTimeout: 5000 })).end()
      return
    } catch {
      if (server.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const log = join(folder, 'log.err')
  const told = existsSync(log) ? `\n${readFileSync(log, 'utf8').slice(-2000)}` : ''
  throw new Error(`The MariaDB for tests does not answer at ${url}.${told}`)
}
