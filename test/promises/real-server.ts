/**
 * Servers as their users run them, several processes over one real database, spoken to over the network. Which databases
 * there are stands in one list here: a promise that is written over it holds for each of them.
 */
import assert from 'node:assert/strict'
import { request as ask } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Recovery } from '../../src/index.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { systemClock } from '../../src/system.ts'
import { type TestBrowser, type TestOptions, testBrowser } from '../../src/testing/index.ts'
import { newPostgres } from '../new-postgres.ts'
import { type Bench, before, openBench, temporaryFolder } from './kit.ts'
import type { MailServer, Received } from './mail-server.ts'
import { type Child, childSecret, type ServerOptions, spawnServer, startServer } from './server-child.ts'

/** Loaded before any test, for what it made goes when the file is over; and only where there is a MariaDB. */
const onMariadb = process.env.TEST_STORIES_ON === 'mysql' ? await import('../new-mysql.ts') : null

/** An empty database that several processes can open. */
export type Place = {
  /** As DATABASE_URL has it. */
  readonly url: string
  /** A folder for whoever runs on it. */
  readonly folder: string
  /** Opens a recovery on it in this process, with the servers' key and the real clock; it runs no worker. */
  open(options?: TestOptions): Promise<Bench>
  remove(): Promise<void>
}

/** Every database that there is for several processes; in `npm run test:adopt`, which has a MariaDB, that alone. */
export const places: readonly { readonly name: string; make(): Promise<Place> }[] = onMariadb
  ? [{ name: 'MariaDB', make: onMysql }]
  : [
      { name: 'SQLite', make: onSqlite },
      { name: 'PostgreSQL', make: onPostgres },
    ]

async function onMysql(): Promise<Place> {
  const { path: folder, remove } = temporaryFolder()
  const { url, database, drop } = await onMariadb!.newMysql()
  return {
    ...{ url, folder },
    open: (options) => openHere({ ...options, database }),
    async remove() {
      await drop()
      remove()
    },
  }
}

async function onSqlite(): Promise<Place> {
  const { path: folder, remove } = temporaryFolder()
  const file = join(folder, 'app.db')
  return {
    url: `sqlite:${file}`,
    folder,
    open: (options) => openHere({ ...options, database: sqlite(file) }),
    remove: async () => remove(),
  }
}

async function onPostgres(): Promise<Place> {
  const { path: folder, remove } = temporaryFolder()
  const { url, database, drop } = await newPostgres()
  return {
    ...{ url, folder },
    open: (options) => openHere({ ...options, database }),
    async remove() {
      drop()
      remove()
    },
  }
}

const openHere = (options: TestOptions): Promise<Bench> =>
  openBench('', { secret: childSecret, clock: systemClock as Bench['clock'], worker: false, ...options })

/** A server on this place, as `npm` users start it. */
export const serveOn = (place: Place, mailPort: number, { flags, environment }: ServerOptions = {}): Promise<Child> =>
  startServer(place.folder, '', mailPort, {
    ...(flags ? { flags } : {}),
    environment: { ...environment, DATABASE_URL: place.url },
  })

/** The same, not yet listening. */
export const spawnOn = (place: Place, mailPort: number, { flags, environment }: ServerOptions = {}) =>
  spawnServer(place.folder, '', mailPort, {
    ...(flags ? { flags } : {}),
    environment: { ...environment, DATABASE_URL: place.url },
  })

/** `person.0@example.org` and so on, as many as said, all with the password `before`. */
export async function populate(place: Place, count: number): Promise<void> {
  const bench = await place.open()
  const passwordHash = await bench.hasher.hash(before)
  const rows = Array.from({ length: count }, (_, index) => ({
    ...{ email: addressOf(index), username: null, passwordHash, verified: true, active: true },
  }))
  await bench.accounts.add(rows, Date.now())
  await bench.close()
}

export const addressOf = (index: number): string => `person.${index}@example.org`

/** A browser over the network, each request on a connection of its own, so that any of the processes may answer it. */
export function visitor(port: number, address: string): TestBrowser {
  const recovery = { fetch: (request: Request) => overNetwork(request) } as Pick<Recovery, 'fetch'>
  return testBrowser(recovery, `http://localhost:${port}`, { headers: { 'x-forwarded-for': address } })
}

async function overNetwork(request: Request): Promise<Response> {
  const body = request.body ? await request.text() : undefined
  const { port, pathname, search } = new URL(request.url)
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: pathname + search, method: request.method, agent: false as const }
    const outgoing = ask({ ...options, headers: Object.fromEntries(request.headers), timeout: 30_000 }, (incoming) => {
      const headers = new Headers()
      for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
        headers.append(incoming.rawHeaders[at]!, incoming.rawHeaders[at + 1]!)
      }
      const status = incoming.statusCode ?? 0
      const empty = status === 204 || status === 304
      text(incoming).then((all) => resolve(new Response(empty ? null : all, { status, headers })), reject)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in 30 s')))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Waits until it is so, and fails when it is not within so many seconds. */
export async function becomes(what: string, isSo: () => boolean | Promise<boolean>, seconds = 25): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `${what}: not within ${seconds} s`)
    await sleep(25)
  }
}

/** What came to this address, oldest first. */
export const lettersTo = (mail: MailServer, address: string): Received[] =>
  mail.received.filter(({ to }) => to.includes(address))

/** The token of the flow spa in a letter; null where it is another letter. */
export async function tokenIn(letter: Received): Promise<string | null> {
  return /reset-password\/([\w-]{65})/.exec((await letter.parsed()).text ?? '')?.[1] ?? null
}

/** The processes of `serve --processes`, by name, as its log tells of them; the newest of each. */
export function processesOf(child: Pick<Child, 'output'>): Map<string, number> {
  const there = child.output().matchAll(/"message":"a process is there","process":"(\w+)","pid":(\d+)/g)
  return new Map([...there].map(([, name, pid]) => [name!, Number(pid)]))
}

/** Whether a process with this id still runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
