/** The counters of one process, and the text that they make together with what is read at the time. */
import { type FamilyName, families, hashBounds } from './families.ts'
import { familyText, type Sample } from './text.ts'

/** Counts and renders. */
export type Registry = ReturnType<typeof registry>

/** What is read at a scrape, by family. */
export type Readings = { readonly [K in FamilyName]?: readonly Sample[] }

/** Series that are there from the start, so that an alert on a rate sees the first one. */
export type Seeds = { readonly [K in FamilyName]?: readonly (readonly string[])[] }

/** Counters at nothing. */
export function registry(seeds: Seeds = {}) {
  const counts = new Map<FamilyName, Map<string, { readonly labels: readonly string[]; value: number }>>()
  const hashes = { buckets: hashBounds.map(() => 0), sum: 0, count: 0 }

  function add(family: FamilyName, labels: readonly string[], by = 1): void {
    const series = counts.get(family) ?? new Map()
    counts.set(family, series)
    const key = labels.join('\n')
    const known = series.get(key)
    if (known) known.value += by
    else series.set(key, { labels, value: by })
  }
  for (const [family, all] of Object.entries(seeds)) for (const labels of all) add(family as FamilyName, labels, 0)

  const hashSamples = (): Sample[] => {
    const bounds = hashBounds.map((bound, at) => ({
      suffix: '_bucket',
      labels: [String(bound)],
      value: hashes.buckets[at] ?? 0,
    }))
    const all = { suffix: '_bucket', labels: ['+Inf'], value: hashes.count }
    const total = { suffix: '_sum', labels: [], value: hashes.sum }
    return [...bounds, all, total, { suffix: '_count', labels: [], value: hashes.count }]
  }

  return {
    add,
    /** A hash took so many seconds. */
    hashed(seconds: number): void {
      hashes.count++
      hashes.sum += seconds
      for (const [at, bound] of hashBounds.entries()) if (seconds <= bound) hashes.buckets[at]!++
    },
    /** All families in the order of their table. */
    text(readings: Readings): string {
      const samplesOf = (name: FamilyName): readonly Sample[] =>
        readings[name] ?? (name === 'latchkey_hash_seconds' ? hashSamples() : [...(counts.get(name)?.values() ?? [])])
      const names = Object.keys(families) as FamilyName[]
      return names.map((name) => familyText(name, families[name], samplesOf(name))).join('')
    },
  }
}
