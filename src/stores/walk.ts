/** Removal in pieces, each a transaction of its own: by age where an index leads to what is old, else by a walk along a key. */

/** Pieces of one walk, at most. */
const longest = 500

/** One piece: what comes after this key and is over by `at` goes; `next` is the last key that was seen, null at the end. */
export type Piece = (after: string, at: number) => Promise<{ readonly gone: number; readonly next: string | null }>

/** Walks, and goes on next time where this walk stopped: those that come first may all be alive. */
export function walker(piece: Piece): (at: number) => Promise<number> {
  let after = ''
  return async (at) => {
    let total = 0
    for (let walked = 0; walked < longest; walked++) {
      const { gone, next } = await piece(after, at)
      total += gone
      after = next ?? ''
      if (next === null) break
    }
    return total
  }
}

/** One piece of a sweep: the oldest from `after` on that are over by `until` go; `last` is the age of the youngest of them. */
export type Sweep = (after: number, until: number) => Promise<{ readonly gone: number; readonly last: number | null }>

/**
 * From the oldest on, until nothing is left that is over. Each piece begins where the last one ended: rows that were just
 * removed stand in a database's way until it has cleaned up, and a million of them made each piece take seconds
 * (bench/growth.ts).
 */
export async function swept(piece: Sweep, until: number): Promise<number> {
  let total = 0
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const { gone, last } = await piece(after, until)
    if (gone === 0 || last === null) return total
    total += gone
    after = last
  }
}
