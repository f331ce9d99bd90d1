/** What is read at a scrape and not counted: the outbox, the process, the event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock, Store } from '../engine/ports.ts'
import type { Readings } from './registry.ts'
import type { Sample } from './text.ts'

/** How long a scrape waits for the database, in milliseconds. */
const usualPatience = 2_000

const one = (value: number): readonly Sample[] => [{ labels: [], value }]

/** Letters by state. A database that does not answer is asked once, however many scrapes come meanwhile. */
export function outboxReader(
  store: Pick<Store, 'outbox'>,
  clock: Clock,
  patience = usualPatience,
): () => Promise<Readings> {
  let asking: Promise<Readings> | null = null
  const ask = async (): Promise<Readings> => {
    const at = clock.now()
    const { due, held, later, oldest } = await store.outbox(at)
    const states = Object.entries({ due, held, later })
    return {
      latchkey_store_up: one(1),
      latchkey_letters_waiting: states.map(([state, value]) => ({ labels: [state], value })),
      latchkey_letters_oldest_seconds: one(oldest === null ? 0 : Math.max(0, at - oldest) / 1000),
    }
  }
  return async () => {
    asking ??= ask().finally(() => {
      asking = null
    })
    let timer: NodeJS.Timeout | undefined
    const down: Readings = { latchkey_store_up: one(0) }
    const late = new Promise<Readings>((resolve) => {
      timer = setTimeout(resolve, patience, down)
    })
    return Promise.race([asking.catch(() => down), late]).finally(() => clearTimeout(timer))
  }
}

/** The pool of connections, where there is one. */
export const poolReadings = (store: Pick<Store, 'pool'>): Readings => {
  const use = store.pool?.()
  if (!use) return {}
  return { latchkey_pool_connections: Object.entries(use).map(([state, value]) => ({ labels: [state], value })) }
}

/** Samples of the event loop are taken so often, in milliseconds. */
const resolution = 20

/** The process and its event loop, whose delay is measured from the first scrape on. */
export function processReader(): { read(): Readings; stop(): void } {
  const loop = monitorEventLoopDelay({ resolution })
  loop.enable()
  return {
    stop: () => void loop.disable(),
    read() {
      // A sample is the time from one to the next; what is above the resolution is delay.
      const late = (nanoseconds: number): number =>
        loop.count === 0 ? 0 : Math.max(0, nanoseconds / 1e6 - resolution) / 1000
      const quantiles = [50, 99, 100].map((percent) => {
        return { labels: [String(percent / 100)], value: late(loop.percentile(percent)) }
      })
      loop.reset()
      const { user, system } = process.cpuUsage()
      const { rss, heapUsed } = process.memoryUsage()
      return {
        latchkey_event_loop_delay_seconds: quantiles,
        process_resident_memory_bytes: one(rss),
        nodejs_heap_size_used_bytes: one(heapUsed),
        process_cpu_seconds_total: one((user + system) / 1e6),
        process_start_time_seconds: one(performance.timeOrigin / 1000),
      }
    },
  }
}
