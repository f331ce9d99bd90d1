/**
 * The real clock, the real randomness and the real environment. Nothing else in the house reads them, so that a test can
 * turn each. Imports next to nothing: a command that only prints its help must not wait for a server to be loaded.
 */
import { randomBytes, randomFillSync, randomInt } from 'node:crypto'
import { enableCompileCache } from 'node:module'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Clock, Random } from './engine/ports.ts'

/** Wall-clock time in milliseconds since 1970. */
export const systemClock: Clock = { now: () => Date.now() }

// An ask takes five values of some 16 bytes; to fetch each by itself was an eighth of all that an ask costs.
const drawn = Buffer.alloc(4096)
let used = drawn.length

/** Bytes that nobody had before: copied out, and wiped where they stood. */
function bytes(count: number): Uint8Array {
  if (count > 256) return randomBytes(count)
  if (used + count > drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  const taken = Buffer.from(drawn.subarray(used, used + count))
  drawn.fill(0, used, used + count)
  used += count
  return taken
}

/** The operating system's cryptographic randomness. */
export const systemRandom: Random = {
  bytes,
  /** Spreads retries; never used for a secret. */
  fraction: () => randomInt(0, 2 ** 32) / 2 ** 32,
}

/**
 * A thread for each core, two at least, for what is computed beside the event loop; a number that the environment names
 * stays. Before the first such work of the process: later it says nothing. Why: Node has four threads on any machine. On
 * two cores, four hashes at once push each other's memory out of the caches, and each takes a sixth longer; on eight, half
 * of the cores would wait (bench/changes.ts).
 */
export function threadPerCore(): void {
  process.env.UV_THREADPOOL_SIZE ??= String(Math.max(2, availableParallelism()))
}

/**
 * Keeps what V8 makes of the sources in a folder, for the next start, which is a tenth sooner there then; where it cannot
 * write, nothing is kept. By the environment, so that threads and child processes find it too; a folder that it names stays.
 */
export function keepCompiled(folder: URL): void {
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(folder)
  enableCompileCache()
}

/** The environment of this process. */
export const systemEnvironment = (): Readonly<Record<string, string | undefined>> => process.env
