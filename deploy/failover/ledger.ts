/** What was promised to whom, as a caller knows it: only what was acknowledged counts as a promise. */

/** One address, which asks once; again only where it was not acknowledged. */
export type Asked = {
  readonly address: string
  /** When it was acknowledged; null while it is not. `performance.now()`. */
  acknowledged: number | null
  /** Attempts that were answered with 503, each of which may have counted. */
  uncertain: number
}

/** One proof, with which two set two passwords at once. */
export type Changed = {
  readonly address: string
  readonly token: string
  /** Passwords that were acknowledged. */
  readonly won: string[]
  /** Passwords that were answered with 503, each of which may be set. */
  readonly uncertain: string[]
  /** Whether it came to an end: one was acknowledged, or the proof was refused as used. */
  settled: boolean
}

/** One answer, or that none came. */
export type Answer = {
  readonly verb: 'ask' | 'change'
  /** `performance.now()` when it was sent, and when it was answered. */
  readonly sent: number
  readonly at: number
  readonly status: number
  /** The problem's code, or the reason why there is no answer. */
  readonly code: string
}

/** All of it. */
export type Ledger = {
  readonly asked: Map<string, Asked>
  readonly changed: Map<string, Changed>
  readonly answers: Answer[]
  /** What must never be: told at the end, and the trial has failed. */
  readonly faults: string[]
}

/** An empty one. */
export const emptyLedger = (): Ledger => ({ asked: new Map(), changed: new Map(), answers: [], faults: [] })

/** Answers by verb, status and code, most frequent first: `ask 200: 812`. */
export function tally(answers: readonly Answer[]): string[] {
  const counts = new Map<string, number>()
  for (const { verb, status, code } of answers) {
    const key = `${verb} ${status || 'none'}${code ? ` ${code}` : ''}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([key, count]) => `${key}: ${count}`)
}

/** Faults that differ in their numbers only, told once each: `no letter to person.17@example.org (and 11 such)`. */
export function kindsOf(faults: readonly string[]): string[] {
  const kinds = new Map<string, string[]>()
  for (const fault of faults) {
    const kind = fault.replaceAll(/\d+/g, '#')
    kinds.set(kind, [...(kinds.get(kind) ?? []), fault])
  }
  return [...kinds.values()].map(([first, ...more]) =>
    more.length > 0 ? `${first} (and ${more.length} such)` : first!,
  )
}
