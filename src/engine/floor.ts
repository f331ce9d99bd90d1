/**
 * Counts of this process alone, for the time in which the limiter's own cannot be read or written: they are forgotten with
 * the process and know nothing of others, so asks are held to them and guesses are not let through at all.
 */
import { counted, fullUntil, type Hit, type Take, type Times } from './limits.ts'

export type Floor = ReturnType<typeof floor>

/** Keys kept at once; above it the oldest is forgotten. */
const most = 10_000

/** Empty at first. */
export function floor() {
  const kept = new Map<string, Times>()
  return {
    /** Counts all or, when any is full, none; as `Store.take`. */
    take(takes: readonly Take[], at: number): Hit[] {
      const hits = takes.flatMap(({ limit, key, windows }): Hit[] => {
        const retryAt = fullUntil(kept.get(key) ?? [], windows, at)
        return retryAt === 0 ? [] : [{ limit, key, retryAt, first: false, closesAt: retryAt }]
      })
      if (hits.length > 0) return hits
      for (const { key, windows } of takes) {
        const times = counted(kept.get(key) ?? [], windows, at)
        kept.delete(key)
        kept.set(key, times)
        const [oldest] = kept.keys()
        if (kept.size > most && oldest !== undefined) kept.delete(oldest)
      }
      return []
    },
  }
}
