/**
 * Two PostgreSQL, each with its Patroni; one etcd, in which the Patronis agree who is the primary; HAProxy, which leads
 * there; PgBouncer where it is asked for. All are Debian's packages, run on loopback from one folder.
 */
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import pg from 'pg'
import { becomes, family, type Program, port, postmasterOf, signal, start } from './programs.ts'

/** The manager's times, in seconds, and whether a primary without a standby goes on. */
export type Manager = {
  readonly ttl: number
  readonly loopWait: number
  readonly retryTimeout: number
  readonly strict: boolean
  /** By which of etcd's APIs Patroni keeps its lock, as its configuration names them. */
  readonly store: 'etcd' | 'etcd3'
}

/** One of the two. */
export type Node = {
  readonly name: string
  readonly port: number
  readonly rest: number
  readonly folder: string
  patroni: Program
}

/** What runs. */
export type Cluster = {
  readonly nodes: readonly Node[]
  /** Always the primary, past PgBouncer. */
  readonly direct: string
  /** What our processes are given. */
  readonly url: string
  /** Which is the primary now, as the managers say. */
  primary(): Promise<Node | null>
  /** Waits until one is the primary and the other follows in step: from then on either may be lost. */
  inStep(seconds: number): Promise<void>
  /** SIGKILL to Patroni and every process of its PostgreSQL, as when a machine loses its power. */
  kill(node: Node): void
  /** SIGSTOP to the same: a machine that hangs. It ends no connection and answers nothing. */
  freeze(node: Node): void
  /** Brings it back: Patroni is started anew, or goes on where it was frozen. */
  revive(node: Node): void
  /** Ends whatever is left of its PostgreSQL. */
  stop(): Promise<void>
}

/** The user that PostgreSQL, which refuses root, is run as; Debian's package makes it. */
export const databaseUser = process.getuid?.() === 0 ? 'postgres' : null

/** Starts all, with an empty database `latchkey`. */
export async function startCluster(folder: string, manager: Manager, bouncer: boolean): Promise<Cluster> {
  const ports = {
    ...{ etcd: await port(), peer: await port(), primary: await port(), bouncer: await port() },
    ...{ a: await port(), restA: await port(), b: await port(), restB: await port() },
  }
  const password = randomBytes(12).toString('hex')
  const how = { folder, user: databaseUser }
  start('etcd', etcdCommand(folder, ports.etcd, ports.peer), how)
  await becomes('etcd answers', () => answers(ports.etcd, '/health'), 20)

  const filled = (name: string, values: Record<string, string | number | boolean>, to = name): string => {
    const text = readFileSync(new URL(name, import.meta.url), 'utf8')
    const path = join(folder, to)
    const fill = (whole: string, key: string): string => (key in values ? String(values[key]) : whole)
    writeFileSync(path, text.replaceAll(/\$\{(\w+)\}/g, fill), { mode: 0o644 })
    return path
  }
  const startPatroni = (name: string): Program => start(`patroni-${name}`, ['patroni', `patroni-${name}.yml`], how)
  const nodeOf = (name: string, own: number, rest: number): Node => {
    const place = join(folder, name)
    mkdirSync(place, { mode: 0o700 })
    ownedBy(place, databaseUser)
    const values = { NAME: name, PORT: own, REST: rest, ETCD: ports.etcd, FOLDER: place, PASSWORD: password }
    const times = { TTL: manager.ttl, LOOP_WAIT: manager.loopWait, RETRY_TIMEOUT: manager.retryTimeout }
    filled(
      'patroni.yml',
      { ...values, ...times, STRICT: manager.strict, STORE: manager.store, PROGRAMS: programsFolder() },
      `patroni-${name}.yml`,
    )
    return { name, port: own, rest, folder: place, patroni: startPatroni(name) }
  }
  const nodes = [nodeOf('a', ports.a, ports.restA), nodeOf('b', ports.b, ports.restB)]
  const values = { PRIMARY: ports.primary, PORT_A: ports.a, REST_A: ports.restA, PORT_B: ports.b, REST_B: ports.restB }
  start('haproxy', ['haproxy', '-db', '-f', filled('haproxy.cfg', values)], how)

  const primary = async (): Promise<Node | null> => {
    for (const node of nodes) if (await answers(node.rest, '/primary')) return node
    return null
  }
  const inStep = (seconds: number): Promise<void> =>
    becomes(
      'a primary, and a standby in step with it',
      async () => (await primary()) !== null && (await anyAnswers(nodes, '/sync')),
      seconds,
    )
  await inStep(90)
  await makeDatabase(`postgres://postgres:${password}@127.0.0.1:${ports.primary}/postgres`, password)
  const urlAt = (at: number): string => `postgres://latchkey:${password}@127.0.0.1:${at}/latchkey`
  if (bouncer) {
    const file = filled('pgbouncer.ini', { PRIMARY: ports.primary, BOUNCER: ports.bouncer, PASSWORD: password })
    start('pgbouncer', ['pgbouncer', file], how)
  }

  const frozen = new Set<Node>()
  const each = (node: Node, name: NodeJS.Signals): void => {
    const main = postmasterOf(join(node.folder, 'data'))
    signal(node.patroni.pid, name)
    if (main === null) return
    // The first ends the making of more; those that were made meanwhile are met in the second look.
    const members = family(main)
    for (const pid of members) signal(pid, name)
    for (const pid of family(main)) if (!members.includes(pid)) signal(pid, name)
  }
  return {
    nodes,
    direct: urlAt(ports.primary),
    url: urlAt(bouncer ? ports.bouncer : ports.primary),
    primary,
    inStep,
    kill: (node) => each(node, 'SIGKILL'),
    freeze(node) {
      frozen.add(node)
      each(node, 'SIGSTOP')
    },
    revive(node) {
      if (frozen.delete(node)) each(node, 'SIGCONT')
      else node.patroni = startPatroni(node.name)
    },
    async stop() {
      for (const node of nodes) {
        if (frozen.delete(node)) each(node, 'SIGCONT')
        await node.patroni.stop(20_000)
        const main = postmasterOf(join(node.folder, 'data'))
        if (main !== null) for (const pid of family(main)) signal(pid, 'SIGKILL')
      }
    },
  }
}

const etcdCommand = (folder: string, client: number, peer: number): string[] => [
  'etcd',
  '--enable-v2',
  ...['--name', 'one', '--data-dir', join(folder, 'etcd-data')],
  ...['--listen-client-urls', `http://127.0.0.1:${client}`, '--advertise-client-urls', `http://127.0.0.1:${client}`],
  ...['--listen-peer-urls', `http://127.0.0.1:${peer}`, '--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
  ...['--initial-cluster', `one=http://127.0.0.1:${peer}`],
]

/** Whether `GET path` is answered with 200, within a second. */
export function answers(at: number, path: string, headers: Record<string, string> = {}): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port: at, path, headers, timeout: 1000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', () => resolve(false))
  })
}

async function anyAnswers(nodes: readonly Node[], path: string): Promise<boolean> {
  for (const node of nodes) if (await answers(node.rest, path)) return true
  return false
}

async function makeDatabase(url: string, password: string): Promise<void> {
  // HAProxy looks once a second: it may know of the primary a little later than we.
  let client: pg.Client | null = null
  await becomes(
    'HAProxy leads to the primary',
    async () => {
      client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
      client.on('error', () => {})
      return client.connect().then(
        () => true,
        () => false,
      )
    },
    20,
  )
  await client!.query(`CREATE ROLE latchkey LOGIN PASSWORD '${password}'`)
  await client!.query('CREATE DATABASE latchkey OWNER latchkey')
  await client!.end()
}

/** Gives a folder to a user, by name. */
export function ownedBy(path: string, user: string | null): void {
  if (user === null) return
  const [, uid, gid] = readFileSync('/etc/passwd', 'utf8').match(new RegExp(`^${user}:[^:]*:(\\d+):(\\d+):`, 'm')) ?? []
  if (uid === undefined) throw new Error(`There is no user "${user}".`)
  chownSync(path, Number(uid), Number(gid))
}

/** Where Debian keeps the newest PostgreSQL's programs. */
export function programsFolder(): string {
  const home = '/usr/lib/postgresql'
  const versions = existsSync(home) ? readdirSync(home).map(Number).filter(Boolean) : []
  const newest = versions.filter((one) => existsSync(`${home}/${one}/bin/postgres`)).sort((a, b) => b - a)[0]
  if (newest === undefined) throw new Error(missing)
  return `${home}/${newest}/bin`
}

const missing =
  'Needed, from Debian: apt-get install --no-install-recommends postgresql patroni etcd-server haproxy pgbouncer'

/** Throws with what to install where a program is not there. */
export function assertInstalled(): void {
  programsFolder()
  const names = ['patroni', 'etcd', 'haproxy', 'pgbouncer', 'setpriv']
  const absent = names.filter((name) => spawnSync('which', [name]).status !== 0)
  if (absent.length > 0) throw new Error(`${missing}\nNot found: ${absent.join(', ')}.`)
}
