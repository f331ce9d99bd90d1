/** Latchkey under `node:http`, as its own server runs it; limits are off unless asked for, or little could be measured from one address. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { own } from '../../src/accounts/own.ts'
import { latchkey } from '../../src/index.ts'
import { ownResponses } from '../../src/server/listen.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { threadPerCore } from '../../src/system.ts'
import { addressOf, foreignHashes, foreignOf, password } from '../tools/people.ts'

export type Settings = {
  readonly folder: string
  /** Of PostgreSQL. Absent: SQLite, in the folder. */
  readonly url?: string
  readonly worker: boolean
  /** What the mailer does with a letter: nothing, 200 ms of nothing, throw, or keep its link or code. */
  readonly mail: 'null' | 'slow' | 'down' | 'keep'
  /** Letters go to this mail server instead. */
  readonly smtp?: string
  /** How many accounts there are. */
  readonly accounts: number
  readonly hashes?: number
  /** As in production; a caller's network is then the first address of `X-Forwarded-For`. Absent: off. */
  readonly limits?: true
}

/** A letter's secret and whose it is. */
export type Kept = { readonly to: string; readonly secret: string }

const settings: Settings = JSON.parse(process.argv[2]!)
const kept: Kept[] = []

async function send({ to, text }: { to: string; text: string }): Promise<void> {
  if (settings.mail === 'slow') await new Promise((resolve) => setTimeout(resolve, 200))
  if (settings.mail === 'down') throw new Error('connect ECONNREFUSED')
  const secret = /https?:\/\/\S+/.exec(text)?.[0] ?? /^\s*(\d[\d ]{4,}\d)\s*$/m.exec(text)?.[1]?.replaceAll(' ', '')
  if (settings.mail === 'keep' && secret) kept.push({ to, secret })
}

threadPerCore()
ownResponses()
const server = createServer((request, response) => recovery.node(request, response))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

const store = settings.url ? postgres(settings.url) : sqlite(join(settings.folder, 'latchkey.db'))
await store.migrate(own, true)
const recovery = latchkey({
  secret: 'a secret of a measure, of which nothing outside hangs',
  publicUrl: `http://127.0.0.1:${port}`,
  store,
  mail: { from: 'App <no-reply@example.com>', ...(settings.smtp ? { smtp: settings.smtp } : { send }) },
  ...(settings.limits ? { trustedProxies: ['127.0.0.1'] } : { limits: 'off' }),
  development: true,
  worker: settings.worker,
  log: () => {},
  ...(settings.hashes ? { hashes: settings.hashes } : {}),
})
await recovery.ready()
const passwordHash = await recovery.hasher.hash(password)
for (let first = 0; first < settings.accounts; first += 500) {
  const count = Math.min(500, settings.accounts - first)
  const rows = Array.from({ length: count }, (_, at) => {
    return { email: addressOf(first + at), username: null, passwordHash, verified: true, active: true }
  })
  await recovery.accounts.add(rows, 0)
}

if (settings.accounts > 0) {
  const foreign = Array.from({ length: 200 }, (_, at) => {
    const hash = foreignHashes[at % foreignHashes.length]!
    return { email: foreignOf(at), username: null, passwordHash: hash, verified: true, active: true }
  })
  await recovery.accounts.add(foreign, 0)
}

const answers: Record<string, () => unknown> = {
  cpu: () => process.cpuUsage(),
  letters: () => kept.splice(0),
  'stop worker': () => recovery.worker.stop().then(() => true),
  /** Whether a letter still waits for its turn or its end. */
  busy: async () => (await recovery.store.nextDue(0)) !== null,
}
process.on('message', async (question: string) => {
  if (question !== 'stop') return process.send!(await answers[question]!())
  server.close()
  server.closeAllConnections()
  await recovery.close()
  process.exit()
})
process.on('disconnect', () => process.exit())
process.send!({ port })
