/** One connection of its own that is told of letters which other processes queue; it comes back by itself. */
import pg, { type Client } from 'pg'
import { connectionConfig, type PoolOptions } from './postgres-pool.ts'

/** First and longest wait before it is tried again. Milliseconds. */
const firstWait = 200
const longestWait = 30_000

/**
 * Listens until it is closed. `wake` is called for each message, and once whenever it begins to listen, for what was missed
 * meanwhile. Needs a session of its own: an address that leads past PgBouncer's transaction mode.
 */
export function listening(options: PoolOptions, wake: () => void): { close(): Promise<void> } {
  // Its types do not know all of it.
  let client: (Client & { ref?(): void; unref?(): void }) | null = null
  let timer: NodeJS.Timeout | null = null
  let wait = firstWait
  let closed = false

  const again = (): void => {
    if (closed || timer) return
    timer = setTimeout(() => {
      timer = null
      void listen()
    }, wait).unref()
    wait = Math.min(wait * 2, longestWait)
  }

  async function listen(): Promise<void> {
    const next: NonNullable<typeof client> = new pg.Client(connectionConfig(options))
    client = next
    next.on('notification', wake)
    next.on('error', () => void next.end().catch(() => {}))
    next.on('end', again)
    try {
      await next.connect()
      await next.query('LISTEN latchkey_letters')
      // A process that has nothing else to do may end.
      next.unref?.()
      wait = firstWait
      wake()
    } catch {
      // Letters are found all the same, by looking now and then.
      await next.end().catch(() => {})
      again()
    }
  }

  void listen()
  return {
    async close() {
      closed = true
      if (timer) clearTimeout(timer)
      // Else a process that has nothing else to do ends before its farewell, with all that waits for it undone.
      client?.ref?.()
      await client?.end().catch(() => {})
    },
  }
}
