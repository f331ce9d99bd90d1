/** Behind PgBouncer in transaction mode each transaction may have another session, and everything holds all the same. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { newPostgres } from '../../test/new-postgres.ts'
import { freePort, unprivileged } from '../../test/postgres.ts'
import { own } from '../accounts/own.ts'
import { storeContract } from './contract.ts'
import { anAsk } from './contract-values.ts'
import { postgres } from './postgres.ts'

const program = spawnSync('sh', ['-c', 'command -v pgbouncer'], { encoding: 'utf8' }).stdout.trim()
const why = program === '' ? 'pgbouncer is not installed: apt-get install pgbouncer' : false

/** Few sessions for many clients, so that hardly any client has the same one twice. */
async function pooler(server: URL): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pgbouncer-'))
  const user = unprivileged()
  const port = await freePort()
  const file = join(folder, 'pgbouncer.ini')
  const password = server.password === '' ? '' : ` password=${decodeURIComponent(server.password)}`
  writeFileSync(
    file,
    `[databases]
* = host=${server.hostname} port=${server.port || 5432} user=${server.username}${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 500
server_lifetime = 3600
`,
  )
  if (user) for (const path of [folder, file]) chownSync(path, user.uid, user.gid)
  const child: ChildProcess = spawn(program, ['-q', file], { ...user, cwd: folder, stdio: 'ignore' })
  await answers(port)
  return {
    port,
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: `postgres://postgres@127.0.0.1:${port}/postgres` })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      await client.end().catch(() => {})
      if (tries === 100) throw new Error('PgBouncer does not answer.', { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

let running: Promise<Awaited<ReturnType<typeof pooler>>> | null = null
after(async () => (await running?.catch(() => null))?.stop())

/** An empty database, and the way to it through the pooler. */
async function behind() {
  const { url, drop } = await newPostgres()
  running ??= pooler(new URL(url))
  const { port } = await running
  const through = new URL(url)
  through.port = String(port)
  return { url, through: through.href, drop }
}

storeContract(
  'postgres behind PgBouncer',
  async () => {
    const { through, drop } = await behind()
    const opened = await postgres(through).open(own, true)
    const close = async () => {
      await opened.store.close()
      drop()
    }
    return { ...opened, close }
  },
  (name, story) => test(name, { skip: why }, story),
)

test('with a way past PgBouncer letters of another process wake this one', { skip: why }, async () => {
  const { url, through, drop } = await behind()
  const [one, other] = await Promise.all([1, 2].map(() => postgres(through, { direct: url }).open(own, true)))
  const woken = new Promise<void>((resolve) => other!.store.onLetter(resolve))
  assert.equal((await one!.store.ask(anAsk())).kind, 'asked')
  await woken
  await Promise.all([one!.store.close(), other!.store.close()])
  drop()
})

test('migrations run through PgBouncer too', { skip: why }, async () => {
  const { url, drop } = await newPostgres({}, false)
  running ??= pooler(new URL(url))
  const through = new URL(url)
  through.port = String((await running).port)
  const database = postgres(through.href)
  const applied = await Promise.all([1, 2, 3].map(() => database.migrate(own, true)))
  assert.equal(applied.flat().length, 6)
  assert.deepEqual(await database.pending(own, true), [])
  drop()
})
