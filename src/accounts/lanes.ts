/**
 * The same work for every log-in, where a table holds hashes of several kinds. Each kind that was seen is a lane, as long
 * as its dearest row; a log-in goes the whole length of every lane, the account's own hash being a part of one. So an
 * account of an old form, one of the new and none at all take the same time: not about the same, the same computations.
 */
import { iterationsOf } from './formats/bounds.ts'
import type { Work } from './formats/work.ts'

/** Lanes that are gone at most, the form that is written among them; rows of further kinds take what they take. */
export const mostLanes = 6

/** Nothing but a way to the thread pool and back. */
const turn: Work = { kdf: 'pbkdf2', digest: 'sha512', iterations: 1, salt: new Uint8Array(16), length: 20 }

/** One for a table whose new passwords cost `first`. */
export function lanes(first: Work) {
  const dearest = new Map([[laneOf(first), first]])
  const cheapest = new Map(dearest)
  return {
    /** A hash of this cost is in the table. */
    learn(work: Work): void {
      const lane = laneOf(work)
      const known = dearest.get(lane)
      if (known ? lengthOf(known) < lengthOf(work) : dearest.size < mostLanes) dearest.set(lane, work)
      const least = cheapest.get(lane)
      if (dearest.has(lane) && !(least && lengthOf(least) <= lengthOf(work))) cheapest.set(lane, work)
    },
    /** What is left to do once `own`, or nothing, was done. */
    rest: (own: Work | null): readonly Work[] =>
      [...dearest].flatMap(([lane, work]) => {
        const done = own && laneOf(own) === lane ? own : null
        const works = remainder(work, done)
        // As many turns of the thread pool as the row that takes most: on a busy machine each of them waits.
        const most = 1 + remainder(work, cheapest.get(lane)!).length
        return [...works, ...Array<Work>(Math.max(0, most - works.length - (done ? 1 : 0))).fill(turn)]
      }),
  }
}

/** What has one name can be added up to one cost; of scrypt and Argon2 only what is equal, for memory does not add. */
function laneOf(work: Work): string {
  switch (work.kdf) {
    case 'pbkdf2':
      return `pbkdf2 ${work.digest}`
    case 'scrypt':
      return `scrypt ${work.n} ${work.r} ${work.p}`
    case 'argon2':
      return `argon2 ${work.variant} ${work.version} ${work.memory} ${work.passes} ${work.lanes}`
    default:
      return work.kdf
  }
}

function lengthOf(work: Work): number {
  if (work.kdf === 'pbkdf2') return iterationsOf(work)
  if (work.kdf === 'bcrypt') return work.cost
  return work.kdf === 'phpass' ? work.rounds : 1
}

/** From where `done` ends to the end of the lane. */
function remainder(whole: Work, done: Work | null): readonly Work[] {
  if (!done) return [whole]
  const left = lengthOf(whole) - lengthOf(done)
  if (left <= 0) return []
  switch (whole.kdf) {
    case 'pbkdf2':
      // One block, whatever the key's length is: `lengthOf` counts blocks.
      return [{ ...whole, iterations: left, length: 20 }]
    case 'phpass':
      return [{ ...whole, rounds: left }]
    case 'bcrypt':
      // 2^c + 2^c + 2^(c+1) + … + 2^(m−1) = 2^m.
      return Array.from({ length: left }, (_, at) => ({ ...whole, cost: whole.cost - left + at }))
    default:
      return []
  }
}
