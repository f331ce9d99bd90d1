/** The real clock and the real randomness. Nothing else in the house reads them, so that a test can turn either. */
import { randomBytes, randomInt } from 'node:crypto'
import type { Clock, Random } from './engine/ports.ts'

/** Wall-clock time in milliseconds since 1970. */
export const systemClock: Clock = { now: () => Date.now() }

/** The operating system's cryptographic randomness. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  /** Spreads retries; never used for a secret. */
  fraction: () => randomInt(0, 2 ** 32) / 2 ** 32,
}
