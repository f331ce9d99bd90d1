/** Whether a proof or a grant is over, by a clock that may have been set. */

/** How far two machines' clocks may lie apart. Milliseconds. */
const slack = 60_000

/**
 * Over by its time, or made in what is the future now: then the clock has stepped back since, and until it comes there
 * again what was made by it would live longer than it may. `madeAt` and `expiresAt` in milliseconds since 1970.
 */
export const isOver = (madeAt: number, expiresAt: number, at: number): boolean => expiresAt <= at || madeAt > at + slack
