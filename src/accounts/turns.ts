/** A bounded number at a time, so that a burst of changes starves neither memory nor the event loop. */
import { Fault } from '../engine/outcome.ts'

/** Hashes that may wait; past it a caller is told to come back. */
const mostWaiting = 2_000

/**
 * Runs what it is given, `most` at once, in the order in which it came.
 * @throws Fault `hash` when too many wait.
 */
export function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (waiting.length >= mostWaiting)
      throw new Fault('hash', 'Too many passwords are being hashed. Try again shortly.')
    // A turn is handed over, not freed and taken, so that nobody slips in between.
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
