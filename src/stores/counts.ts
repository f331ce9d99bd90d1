/** What every store does with a take: weighs it, counts it, and tells of a full one once in its window. */
import type { AuditEvent } from '../engine/audit.ts'
import { counted, fullUntil, type Hit, type Take, type Times } from '../engine/limits.ts'

/** What is kept under one key. */
export type Count = {
  readonly times: Times
  /** Until then a refusal has been told of, and others write nothing. */
  readonly quietUntil: number
  /** When the row may go. */
  readonly overAt: number
}

/** Of a key that nothing is kept under. */
export const nothing: Count = { times: [], quietUntil: 0, overAt: 0 }

/** The hit, when the take is full. */
export function hitOf(count: Count, { limit, key, windows }: Take, at: number): Hit | null {
  const retryAt = fullUntil(count.times, windows, at)
  return retryAt === 0 ? null : { limit, key, retryAt, first: count.quietUntil <= at }
}

/** The count with one more. */
export function oneMore(count: Count, take: Take, at: number): Count {
  const times = counted(count.times, take.windows, at)
  const newest = Math.max(...times.map(([time]) => time))
  return { times, quietUntil: count.quietUntil, overAt: Math.max(newest + longest(take), count.quietUntil) }
}

/** The count, silent for as long as the longest window that is full. */
export function quieted(count: Count, take: Take, at: number): Count {
  const full = take.windows.filter((window) => fullUntil(count.times, [window], at) > 0)
  const quietUntil = at + Math.max(...full.map((window) => window.ms))
  return { times: count.times, quietUntil, overAt: Math.max(count.overAt, quietUntil) }
}

/** That a limit was crossed, told with who crossed it. */
export const crossing = (event: AuditEvent, hit: Hit): AuditEvent => ({
  ...event,
  name: 'limit.crossed',
  because: hit.limit,
})

/** The hit that lasts longest. */
export const worst = (hits: readonly Hit[]): Hit => hits.reduce((a, b) => (b.retryAt > a.retryAt ? b : a))

const longest = (take: Take): number => Math.max(...take.windows.map((window) => window.ms))
