/** How long to wait before a process that died is started anew: at once at first, longer each time it dies young. */

const first = 100
const longest = 30_000
/** Whoever lived so long starts with a clean slate. Milliseconds, as all here. */
const young = 60_000

/** Pauses by name, and how many restarts there were. */
export function restarts() {
  const next = new Map<string, number>()
  let total = 0
  return {
    /** The pause after a death at this age; twice the one before for whoever died young. */
    after(name: string, age: number): number {
      total++
      const pause = age >= young ? first : (next.get(name) ?? first)
      next.set(name, Math.min(2 * pause, longest))
      return pause
    },
    count: (): number => total,
  }
}
