/** Removal in pieces, each a transaction of its own: by age where an index leads to what is old, else along the table. */

/** Pieces along the table at once, at most. */
const most = 500

/**
 * One piece: what comes after this place, a key or a page, and is over by `at` goes; `next` is where the next one begins,
 * null at the end.
 */
export type PlacePiece = (after: string, at: number) => Promise<{ readonly gone: number; readonly next: string | null }>

/** Goes along the table, and on next time from where it stopped: those that come first may all be alive. */
export function byPlace(piece: PlacePiece): (at: number) => Promise<number> {
  let after = ''
  return async (at) => {
    let total = 0
    for (let pieces = 0; pieces < most; pieces++) {
      const { gone, next } = await piece(after, at)
      total += gone
      after = next ?? ''
      if (next === null) break
    }
    return total
  }
}

/** One piece: the oldest from `after` on that are over by `until` go; `last` is the age of the youngest of them. */
export type AgePiece = (
  after: number,
  until: number,
) => Promise<{ readonly gone: number; readonly last: number | null }>

/** Every so many times a removal by age begins with the oldest again: with what another process held at the time. */
const anew = 60

/**
 * From the oldest on, until nothing is left that is over. Each piece begins where the last one ended, and so does the next
 * removal: rows that were just removed stand in a database's way until it has cleaned up, and to pass over a million of
 * them took seconds (bench/growth.ts).
 */
export function byAge(piece: AgePiece): (until: number) => Promise<number> {
  let after = Number.MIN_SAFE_INTEGER
  let times = 0
  return async (until) => {
    if (times++ % anew === 0) after = Number.MIN_SAFE_INTEGER
    for (let total = 0; ; ) {
      const { gone, last } = await piece(after, until)
      if (gone === 0 || last === null) return total
      total += gone
      after = last
    }
  }
}
