/** What every store does with a take: weighs it, counts it, and tells of a full one once in its window. */
import type { AuditEvent } from '../engine/audit.ts'
import { counted, fullUntil, type Hit, type Take, type Times } from '../engine/limits.ts'
import type { Ask } from '../engine/ports.ts'

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
export function hitOf(count: Count, take: Take, at: number): Hit | null {
  const { limit, key, windows } = take
  const retryAt = fullUntil(count.times, windows, at)
  if (retryAt === 0) return null
  const first = count.quietUntil <= at
  return { limit, key, retryAt, first, closesAt: first ? quietFor(count, take, at) : count.quietUntil }
}

/** The count with one more. */
export function oneMore(count: Count, take: Take, at: number): Count {
  const times = counted(count.times, take.windows, at)
  const newest = Math.max(...times.map(([time]) => time))
  return { times, quietUntil: count.quietUntil, overAt: Math.max(newest + longest(take), count.quietUntil) }
}

/** The count, silent for as long as the longest window that is full. */
export function quieted(count: Count, take: Take, at: number): Count {
  const quietUntil = quietFor(count, take, at)
  return { times: count.times, quietUntil, overAt: Math.max(count.overAt, quietUntil) }
}

function quietFor({ times }: Count, { windows }: Take, at: number): number {
  const full = windows.filter((window) => fullUntil(times, [window], at) > 0)
  return at + Math.max(...full.map((window) => window.ms))
}

/** That a limit was crossed, told with who crossed it. */
export const crossing = (event: AuditEvent, hit: Hit): AuditEvent => ({
  ...event,
  name: 'limit.crossed',
  because: hit.limit,
})

/** The budgets of an ask that refuse it when they are full. */
export const heldBudget = ({ budget }: Pick<Ask, 'budget'>): Take[] =>
  budget?.holds ? [budget.asks, budget.letters].filter((one) => one !== null) : []

/** The hit that lasts longest. */
export const worst = (hits: readonly Hit[]): Hit => hits.reduce((a, b) => (b.retryAt > a.retryAt ? b : a))

const longest = (take: Take): number => Math.max(...take.windows.map((window) => window.ms))
