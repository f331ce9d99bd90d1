/** Removal by a walk along a key, for what no index leads to. */

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
