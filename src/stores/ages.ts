/** How long a row outlives its use, in milliseconds: long enough to tell what happened, no longer. */

const day = 24 * 3600 * 1000

/** Counted from a challenge's expiry. */
export const challengeAge = day
/** Counted from the making of a letter that was sent or dropped. One still queued stays until the worker settles it. */
export const letterAge = 7 * day

/** Rows that one step of a purge takes at most, so that no step holds the database for long: some 3 ms. */
export const step = 200
