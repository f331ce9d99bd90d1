/**
 * The database's time, so that processes on machines whose clocks differ agree on what has expired. Read now and then, and
 * in between carried on by a clock that only goes forward: one that is set back on this machine changes nothing.
 */
import type { Clock } from '../engine/ports.ts'

/** How often the database is asked what time it is. Milliseconds. */
const everyMs = 60_000
/** An answer that took longer tells too little of when it was given. Milliseconds. */
const slowMs = 250

/** A clock that follows the database's; `tell` asks it for the time, in milliseconds since 1970. */
export async function followed(tell: () => Promise<number>): Promise<Clock & { stop(): void }> {
  const measure = async (): Promise<{ offset: number; took: number }> => {
    const asked = performance.now()
    const told = await tell()
    const took = performance.now() - asked
    return { offset: told - asked - took / 2, took }
  }
  // The first answer comes over a new connection, which takes its time.
  await measure()
  let { offset } = await measure()
  const timer = setInterval(() => {
    measure().then(
      (measured) => {
        if (measured.took < slowMs) offset = measured.offset
      },
      () => {
        // Until the database answers again, what was last known is carried on.
      },
    )
  }, everyMs).unref()
  return { now: () => Math.floor(performance.now() + offset), stop: () => clearInterval(timer) }
}
