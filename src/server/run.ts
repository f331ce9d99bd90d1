/** Runs a configured recovery in this process until it is told to stop: the server, or the worker alone. */
import { readFileSync } from 'node:fs'
import { usualInFlight } from '../accounts/hash.ts'
import { type AuditEvent, event, nobody } from '../engine/audit.ts'
import { digest } from '../engine/keys.ts'
import { Fault } from '../engine/outcome.ts'
import { latchkey, type Recovery } from '../latchkey.ts'
import type { LogEntry, Options } from '../options.ts'
import { systemClock } from '../system.ts'
import { type Config, soundOptions } from './config.ts'
import { badConfiguration, finding, isSound, told } from './findings.ts'
import { CannotListen, type Listening, listen, ownResponses } from './listen.ts'
import { logger } from './log.ts'
import { metricsListener } from './metrics.ts'
import { migrated, onFreePort, refuse, type Screen, stopSignal, stopWithin } from './prepare.ts'

export type { Screen } from './prepare.ts'

/** What one run may differ in. */
export type Run = {
  /** Serve requests. False: letters and clean-up only. */
  readonly http: boolean
  /** Said once the server listens, instead of the usual line. */
  readonly banner?: (config: Config) => string
  /** Done when the database is ready, before anybody is served. */
  readonly before?: (recovery: Recovery) => Promise<void>
  /** Where this is one of several processes: the parent prepares, speaks and measures for all of them. */
  readonly part?: Part
}

/** What one of several processes has from its parent. */
export type Part = {
  /** In the log and in the audit: a number from 1, or `letters`. */
  readonly name: string
  /** How many processes serve. */
  readonly of: number
  /** Resolves when it is to stop. */
  readonly stop: Promise<void>
  /** Called when it is there; `metrics` reads its own. */
  readonly ready: (metrics: () => Promise<string>) => void
}

/**
 * Starts, waits for SIGTERM or SIGINT, stops. Answers the exit code: 0 after an orderly stop, 78 when the configuration
 * is unsound, 1 for everything else.
 */
export async function run(given: Config, screen: Screen, how: Run): Promise<number> {
  if (given.findings.length > 0 && !(how.part && isSound(given.findings))) screen.error(told(given.findings))
  if (!isSound(given.findings)) return badConfiguration
  const config = await onFreePort(given)
  const options: Options = { log: logOf(config, how), ...hashesOf(how), ...soundOptions(config) }
  try {
    const unready = await migrated(options, screen)
    if (unready) return refuse([unready], screen)
    ownResponses()
    const recovery = latchkey(options)
    await recovery.ready()
    await how.before?.(recovery)
    return await serving(recovery, options, config, screen, how)
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

function logOf({ logLevel }: Config, { part }: Run): (entry: LogEntry) => void {
  const log = logger(logLevel, systemClock)
  return part ? (entry) => log({ ...entry, process: part.name }) : log
}

/** Several processes share the cores, and so what one alone would hash at once. */
const hashesOf = ({ part }: Run): Pick<Options, 'hashes'> =>
  part ? { hashes: Math.ceil(usualInFlight() / part.of) } : {}

/** So that a change of version, key or configuration is on record: the configuration as a keyed digest of what it says. */
function started({ kit }: Recovery, options: Options, { http, part }: Run): AuditEvent {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const { secret: _, secretFallbacks: __, store: ___, mail, ...said } = options
  const { current } = kit.keys
  const configuration = digest(current, 'audit', ['configuration', JSON.stringify({ ...said, from: mail.from })])
  const what = http ? (options.worker === false ? 'server' : 'server and worker') : 'worker'
  const which = part && http ? `, process ${part.name} of ${part.of}` : ''
  const because = `${what} ${version}${which}, key ${current.id}, configuration ${configuration.slice(0, 8)}`
  return event(kit.clock.now(), 'server.started', nobody, { because })
}

async function serving(
  recovery: Recovery,
  options: Options,
  config: Config,
  screen: Screen,
  how: Run,
): Promise<number> {
  // Asked for before anybody is told that we are there, so that no signal finds us without an ear.
  const stop = how.part?.stop ?? stopSignal()
  // Listening begins meanwhile: a writer's thread takes a tenth of a second until it has written for the first time. What
  // is on record is on record before anybody is told.
  const noted = recovery.store.note(started(recovery, options, how))
  noted.catch(() => {})
  let listening: Listening | null = null
  let measuring: Listening | null = null
  try {
    if (config.metrics && !how.part) {
      const { token } = config.metrics
      measuring = await listen(metricsListener(recovery.metrics, token), config.metrics, false)
    }
    if (how.http) listening = await listen(recovery.node, config.listen, config.development)
    await noted
  } catch (error) {
    await Promise.all([measuring?.stop(0), listening?.stop(0)])
    await recovery.close()
    throw error
  }
  if (how.part) how.part.ready(recovery.metrics)
  else tell(config, screen, how, listening, measuring)
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

function tell(
  config: Config,
  screen: Screen,
  how: Run,
  listening: Listening | null,
  measuring: Listening | null,
): void {
  screen.out(
    listening ? (how.banner?.(config) ?? listensAt(listening)) : 'Latchkey sends letters. Stop it with Ctrl-C.\n',
  )
  if (measuring) screen.out(measuredAt(measuring))
}

const listensAt = ({ urls }: Listening): string => `Latchkey listens on ${urls.join(' and ')}\n`

/** Where metrics are, as the start says it. */
export const measuredAt = ({ urls }: Listening): string =>
  `Metrics are at ${urls.map((url) => `${url}metrics`).join(' and ')}\n`
