/** What stands between a configuration that was read and a server: a port that links can name, a database up to date. */
import type { Options } from '../options.ts'
import { type Config, tableOf } from './config.ts'
import { badConfiguration, type Finding, finding, told } from './findings.ts'
import { freePort } from './listen.ts'

/** Where people read; the log goes to standard error by itself. */
export type Screen = { out(text: string): void; error(text: string): void }

/** In development links hold the port: where any free one was asked for, one is chosen before they are made. */
export async function onFreePort(config: Config): Promise<Config> {
  const { listen, options } = config
  if (listen.port !== 0 || options.publicUrl !== 'http://localhost:0') return config
  const port = await freePort(listen.host)
  const allowedHosts = options.allowedHosts?.filter((host) => host !== 'localhost:0')
  const named = { publicUrl: `http://localhost:${port}`, ...(allowedHosts ? { allowedHosts } : {}) }
  return { ...config, listen: { ...listen, port }, options: { ...options, ...named } }
}

/** Tells why nothing starts, and answers the exit code for it. */
export function refuse(found: readonly Finding[], screen: Screen): number {
  screen.error(told(found))
  return badConfiguration
}

/** In development what is missing is applied and shown; in production a person decides when. */
export async function migrated(options: Options, screen: Screen): Promise<Finding | null> {
  const { table, columns } = tableOf(options)
  const pending = await options.store.pending(table, columns)
  if (pending.length === 0) return null
  if (!options.development) return finding('L052', { steps: pending.map(({ name }) => name).join(', ') })
  const applied = await options.store.migrate(table, columns)
  screen.out(`Database: applied ${applied.map(({ name }) => name).join(', ')}.\n`)
  return null
}

/** From the first signal to the end of the process, in milliseconds. */
export const stopWithin = 10_000

/** Resolves at the first SIGTERM or SIGINT; `again` is what the second one does. Default: the process ends at once. */
export function stopSignal(again: () => void = () => process.exit(1)): Promise<void> {
  return new Promise((resolve) => {
    let told = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (told) again()
        told = true
        resolve()
      })
    }
  })
}
