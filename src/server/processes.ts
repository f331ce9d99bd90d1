/**
 * `serve --processes N`: this process answers nobody. It holds the port, starts N that serve and one that sends letters,
 * and starts anew what dies. Nothing is shared between them but the port: counts, proofs and sessions are the database's.
 */
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Fault } from '../engine/outcome.ts'
import type { LogEntry } from '../options.ts'
import { systemClock } from '../system.ts'
import type { Birth, Heard, Told } from './child.ts'
import { type Config, soundOptions } from './config.ts'
import { badConfiguration, isSound, told } from './findings.ts'
import { CannotListen, freePort, type Listening, listen } from './listen.ts'
import { logger } from './log.ts'
import { metricsListener } from './metrics.ts'
import { migrated, onFreePort, refuse, type Screen, stopSignal, stopWithin } from './prepare.ts'
import { gathered } from './processes-metrics.ts'
import { restarts } from './restarts.ts'

/** Beside the configuration: whether one process sends letters, and what the children read theirs with. */
export type Several = { readonly letters: boolean; readonly flags: Birth['flags'] }

const script = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './child.ts' : '../server/child.js', import.meta.url),
)

/** A child that was started, and how it ends. */
type Child = { readonly worker: Worker; readonly ready: Promise<boolean>; readonly ended: Promise<number> }

/**
 * Starts all of them, waits for SIGTERM or SIGINT, stops all of them. Answers the exit code of `run`: where one cannot
 * start at first, its own; later, what dies is started anew with a growing pause.
 */
export async function runSeveral(given: Config, screen: Screen, several: Several): Promise<number> {
  if (given.findings.length > 0) screen.error(told(given.findings))
  if (!isSound(given.findings)) return badConfiguration
  const children = new Map<string, Child>()
  const kill = (): void => {
    for (const { worker } of children.values()) worker.process.kill('SIGKILL')
  }
  // Before the first child, so that no signal leaves one behind.
  const stop = stopSignal(kill)
  try {
    const config = await onFreePort(given)
    const unready = await migrated(soundOptions(config), screen)
    if (unready) return refuse([unready], screen)
    const port = config.listen.port || (await freePort(config.listen.host))
    const log = logger(config.logLevel, systemClock)
    return await watch({ ...config, listen: { ...config.listen, port } }, screen, several, children, stop, log)
  } catch (error) {
    if (!(error instanceof Fault || error instanceof CannotListen)) throw error
    screen.error(`${error.message}\n`)
    return 1
  } finally {
    kill()
  }
}

async function watch(
  config: Config,
  screen: Screen,
  several: Several,
  children: Map<string, Child>,
  stop: Promise<void>,
  log: (entry: LogEntry) => void,
): Promise<number> {
  let stopping: Promise<number> | null = null
  const again = restarts()
  const birthOf = (name: string): Birth => ({
    ...{ name, of: config.processes, role: name === 'letters' ? 'letters' : 'serve' },
    flags: { ...several.flags, port: String(config.listen.port) },
  })
  const start = (name: string): Child => {
    const child = fork(birthOf(name))
    children.set(name, child)
    void child.ready.then((there) => {
      if (there) log({ level: 'info', message: 'a process is there', process: name, pid: child.worker.process.pid })
    })
    return child
  }
  /** What dies from now on is started anew. */
  const keep = (name: string, child: Child): void => {
    const begun = performance.now()
    void child.ended.then((code) => {
      children.delete(name)
      if (stopping) return
      const pause = again.after(name, performance.now() - begun)
      const { pid, signalCode: signal } = child.worker.process
      const fields = { process: name, pid, exit: code, signal, pause }
      log({ level: 'error', message: 'a process ended and is started anew', ...fields })
      setTimeout(() => stopping === null && keep(name, start(name)), pause)
    })
  }

  const names = Array.from({ length: config.processes }, (_, index) => String(index + 1))
  if (several.letters) names.push('letters')
  // The first one alone: what keeps it from starting is told once, and the others find everything made.
  const [first, ...others] = names
  for (const group of [[first!], others]) {
    const started = group.map((name) => [name, start(name)] as const)
    const failed = await Promise.race([
      firstFailure(started.map(([, child]) => child)),
      stop.then(() => 'stop' as const),
    ])
    if (failed !== null) {
      stopping = end(children, screen)
      const code = await stopping
      return failed === 'stop' ? code : failed
    }
    for (const [name, child] of started) keep(name, child)
  }
  const measuring = await measure(config, children, again.count)
  screen.out(listensAt(config, several.letters))
  if (measuring) screen.out(`Metrics of all are at ${measuring.urls.map((url) => `${url}metrics`).join(' and ')}\n`)
  await stop
  stopping = end(children, screen)
  await measuring?.stop(1_000)
  return stopping
}

/**
 * All of them accept on one socket, and what none of them has taken yet waits in it. Node's own way, to accept here and to
 * pass each connection on, leaves a caller hanging for good when the process dies that was just given it.
 */
cluster.schedulingPolicy = cluster.SCHED_NONE

function fork(birth: Birth): Child {
  cluster.setupPrimary({ exec: script, args: [JSON.stringify(birth)] })
  const worker = cluster.fork()
  // A channel that breaks is a process that ends, which is told of there.
  worker.on('error', () => {})
  const ended = once(worker, 'exit').then(([code]) => (code as number | null) ?? 1)
  const ready = new Promise<boolean>((resolve) => {
    worker.on('message', (message: Told) => message.say === 'ready' && resolve(true))
    void ended.then(() => resolve(false))
  })
  return { worker, ready, ended }
}

/** Null when all of them are there; else the exit code of the first that is not. */
async function firstFailure(children: readonly Child[]): Promise<number | null> {
  const failures = children.map(async ({ ready, ended }) => {
    if (!(await ready)) return (await ended) || 1
    return null
  })
  const failed = new Promise<number>((resolve) => {
    for (const failure of failures) void failure.then((code) => code !== null && resolve(code))
  })
  return Promise.race([failed, Promise.all(failures).then((codes) => codes.find((code) => code !== null) ?? null)])
}

/** Asks all to stop; what has not ended in time is killed. 0 when each ended in order. */
async function end(children: Map<string, Child>, screen: Screen): Promise<number> {
  const living = [...children.values()]
  const heard: Heard = { say: 'stop' }
  for (const { worker } of living) if (worker.isConnected()) worker.send(heard, () => {})
  const watch = setTimeout(() => {
    screen.error('Some processes could not stop in time and end now; letters that were on their way go out again.\n')
    for (const { worker } of living) worker.process.kill('SIGKILL')
  }, stopWithin - 200)
  const codes = await Promise.all(living.map(({ ended }) => ended))
  clearTimeout(watch)
  return codes.every((code) => code === 0) ? 0 : 1
}

async function measure(
  { metrics }: Config,
  children: ReadonlyMap<string, Child>,
  restarted: () => number,
): Promise<Listening | null> {
  if (!metrics) return null
  const workers = (): [string, Worker][] => [...children].map(([name, { worker }]) => [name, worker])
  return listen(metricsListener(gathered(workers, restarted), metrics.token), metrics, false)
}

function listensAt({ listen: { host, port }, processes }: Config, letters: boolean): string {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
  return `Latchkey listens on ${url} with ${processes} processes${letters ? ', and one more for letters' : ''}\n`
}
