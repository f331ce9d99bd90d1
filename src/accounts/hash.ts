/** Argon2id on the thread pool, a bounded number at a time, so that a burst of changes starves neither memory nor the event loop. */
import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { Fault } from '../engine/outcome.ts'
import type { Hasher } from '../engine/ports.ts'

/** OWASP Password Storage Cheat Sheet: Argon2id, 19 MiB, two passes, one lane. */
export const argon2Settings = { memoryCost: 19_456, timeCost: 2, parallelism: 1, algorithm: 2 } as const

/** Of no password: compared with where an account has none, so that nobody costs the same as somebody. */
const nobodys = '$argon2id$v=19$m=19456,t=2,p=1$g4fDCy5QTcu8wWyUQZoJiw$gjq91W1tcNNOTUvLeaTKuKwnKN6E6QEUunaUs8GjadM'

/** Hashes that may wait; past it a caller is told to come back. */
const mostWaiting = 2_000

/** One for each core, and one that no core need wait for while the event loop hands over the next (bench/changes.ts). */
export const usualInFlight = (): number => availableParallelism() + 1

/** Hashes with Argon2id, at most `inFlight` at once. Default: one more than there are cores. */
export function argon2Hasher(inFlight: number = usualInFlight()): Hasher {
  const turn = turns(inFlight)
  return {
    hash: (password) => turn(() => hash(password, argon2Settings)),
    verify: (stored, password) =>
      turn(async () => {
        const known = stored?.startsWith('$argon2') ? stored : nobodys
        // A hash that cannot be read is a password that does not match, and takes no less time.
        const right = await verify(known, password).catch(() => verify(nobodys, password).then(() => false))
        return right && known === stored
      }),
  }
}

function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
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
