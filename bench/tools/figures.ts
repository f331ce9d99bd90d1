/** The arithmetic of measures: medians and ranks, for a noisy machine makes averages say little. */

/** The value below which a share `q` (0 to 1) of the values lie; NaN for none. */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0) return Number.NaN
  const at = q * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (values: ArrayLike<number>): number => quantile(values, 0.5)

/**
 * The chance that a value of the second kind is above one of the first, ties counted half (Mann–Whitney's U over n·m).
 * 0.5: the two cannot be told apart by their order, whatever the distributions look like; 0 or 1: always.
 */
export function rankAuc(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const all = [
    ...Array.from(first, (value) => ({ value, second: false })),
    ...Array.from(second, (value) => ({ value, second: true })),
  ].sort((a, b) => a.value - b.value)
  let ranks = 0
  for (let start = 0; start < all.length; ) {
    let end = start
    while (end < all.length && all[end]!.value === all[start]!.value) end++
    // Equal values share the mean of their ranks.
    const rank = (start + 1 + end) / 2
    for (; start < end; start++) if (all[start]!.second) ranks += rank
  }
  const [n, m] = [first.length, second.length]
  return (ranks - (m * (m + 1)) / 2) / (n * m)
}

/** The constant difference that, added to the second kind, would carry the AUC to `auc`: what this measure could not miss. */
export function differenceAt(auc: number, first: ArrayLike<number>, second: ArrayLike<number>): number {
  let [low, high] = [0, 4 * median(first)]
  for (let step = 0; step < 20; step++) {
    const middle = (low + high) / 2
    const moved = Float64Array.from(second, (value) => value + middle)
    if (rankAuc(first, moved) < auc) low = middle
    else high = middle
  }
  return high
}

/** How far chance alone carries the AUC of two equal distributions: one standard deviation. */
export const chanceOfAuc = (n: number, m: number): number => Math.sqrt((n + m + 1) / (12 * n * m))

/** Shuffles in place (Fisher–Yates). */
export function shuffle<T>(values: T[]): T[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[values[i], values[j]] = [values[j]!, values[i]!]
  }
  return values
}
