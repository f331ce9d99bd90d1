/** Runs a configured recovery in this process until it is told to stop: the server, or the worker alone. */
import { readFileSync } from 'node:fs'
import { type AuditEvent, event, nobody } from '../engine/audit.ts'
import { digest } from '../engine/keys.ts'
import { Fault } from '../engine/outcome.ts'
import { latchkey, type Recovery } from '../latchkey.ts'
import type { Options } from '../options.ts'
import { systemClock } from '../system.ts'
import { type Config, soundOptions, tableOf } from './config.ts'
import { badConfiguration, type Finding, finding, isSound, told } from './findings.ts'
import { CannotListen, freePort, type Listening, listen } from './listen.ts'
import { logger } from './log.ts'
import { metricsListener } from './metrics.ts'

/** Where people read; the log goes to standard error by itself. */
export type Screen = { out(text: string): void; error(text: string): void }

/** From the first signal to the end of the process, in milliseconds. */
const stopWithin = 10_000

/** What one run may differ in. */
export type Run = {
  /** Serve requests. False: letters and clean-up only. */
  readonly http: boolean
  /** Said once the server listens, instead of the usual line. */
  readonly banner?: (config: Config) => string
  /** Done when the database is ready, before anybody is served. */
  readonly before?: (recovery: Recovery) => Promise<void>
}

/**
 * Starts, waits for SIGTERM or SIGINT, stops. Answers the exit code: 0 after an orderly stop, 78 when the configuration
 * is unsound, 1 for everything else.
 */
export async function run(given: Config, screen: Screen, how: Run): Promise<number> {
  if (given.findings.length > 0) screen.error(told(given.findings))
  if (!isSound(given.findings)) return badConfiguration
  const config = await onFreePort(given)
  const log = logger(config.logLevel, systemClock)
  const options: Options = { log, ...soundOptions(config) }
  try {
    const unready = await migrated(options, screen)
    if (unready) return refuse([unready], screen)
    const recovery = latchkey(options)
    await recovery.ready()
    await recovery.store.note(started(recovery, options, how))
    await how.before?.(recovery)
    return await serving(recovery, config, screen, how)
  } catch (error) {
    if (error instanceof Fault && error.code === 'configuration') {
      const reasons = error.message.split('\n').filter((line) => line !== 'Latchkey cannot start:')
      return refuse(
        reasons.map((line) => finding('L042', { reason: line.replace(/^\d+\. /, '') })),
        screen,
      )
    }
    if (!(error instanceof Fault || error instanceof CannotListen)) throw error
    screen.error(`${error.message}\n`)
    return 1
  }
}

/** So that a change of version, key or configuration is on record: the configuration as a keyed digest of what it says. */
function started({ kit }: Recovery, options: Options, how: Run): AuditEvent {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const { secret: _, secretFallbacks: __, store: ___, mail, ...said } = options
  const { current } = kit.keys
  const configuration = digest(current, 'audit', ['configuration', JSON.stringify({ ...said, from: mail.from })])
  const what = how.http ? (options.worker === false ? 'server' : 'server and worker') : 'worker'
  const because = `${what} ${version}, key ${current.id}, configuration ${configuration.slice(0, 8)}`
  return event(kit.clock.now(), 'server.started', nobody, { because })
}

/** In development links hold the port: where any free one was asked for, one is chosen before they are made. */
async function onFreePort(config: Config): Promise<Config> {
  const { listen, options } = config
  if (listen.port !== 0 || options.publicUrl !== 'http://localhost:0') return config
  const port = await freePort(listen.host)
  const allowedHosts = options.allowedHosts?.filter((host) => host !== 'localhost:0')
  const named = { publicUrl: `http://localhost:${port}`, ...(allowedHosts ? { allowedHosts } : {}) }
  return { ...config, listen: { ...listen, port }, options: { ...options, ...named } }
}

const refuse = (found: readonly Finding[], screen: Screen): number => {
  screen.error(told(found))
  return badConfiguration
}

/** In development what is missing is applied and shown; in production a person decides when. */
async function migrated(options: Options, screen: Screen): Promise<Finding | null> {
  const { table, columns } = tableOf(options)
  const pending = await options.store.pending(table, columns)
  if (pending.length === 0) return null
  if (!options.development) return finding('L052', { steps: pending.map(({ name }) => name).join(', ') })
  const applied = await options.store.migrate(table, columns)
  screen.out(`Database: applied ${applied.map(({ name }) => name).join(', ')}.\n`)
  return null
}

async function serving(recovery: Recovery, config: Config, screen: Screen, how: Run): Promise<number> {
  // Asked for before anybody is told that we are there, so that no signal finds us without an ear.
  const stop = stopSignal()
  let listening: Listening | null = null
  let measuring: Listening | null = null
  try {
    if (config.metrics) {
      const { token } = config.metrics
      measuring = await listen(metricsListener(recovery.metrics, token), config.metrics, false)
    }
    if (how.http) listening = await listen(recovery.node, config.listen, config.development)
  } catch (error) {
    await measuring?.stop(0)
    await recovery.close()
    throw error
  }
  screen.out(
    listening ? (how.banner?.(config) ?? listensAt(listening)) : 'Latchkey sends letters. Stop it with Ctrl-C.\n',
  )
  if (measuring) screen.out(`Metrics are at ${measuring.urls.map((url) => `${url}metrics`).join(' and ')}\n`)
  await stop
  // Whatever hangs then, hangs without us; a letter on its way is leased, and goes out after the lease.
  const watch = setTimeout(() => {
    screen.error('Latchkey could not stop in time and ends now; letters that were on their way go out again.\n')
    process.exit(1)
  }, stopWithin - 500)
  watch.unref()
  await Promise.all([listening?.stop(4_000), measuring?.stop(1_000), recovery.worker.stop()])
  await recovery.close()
  clearTimeout(watch)
  return 0
}

const listensAt = ({ urls }: Listening): string => `Latchkey listens on ${urls.join(' and ')}\n`

/** Resolves at the first signal; the second ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let told = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (told) process.exit(1)
        told = true
        resolve()
      })
    }
  })
}
