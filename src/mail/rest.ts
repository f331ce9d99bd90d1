/**
 * All letters rest while the mail server is not there: then one alone knocks, and the others follow when it is let in. Else
 * every ask would bring a letter that is derived, written and put back for nothing, which is felt by whoever asks next.
 */
import type { Clock, Random } from '../engine/ports.ts'

/** A second, doubled each time, up to a quarter of a minute, with a fifth of jitter. Milliseconds. */
const [shortest, longest] = [1_000, 15_000]

/** Whether letters rest, and for how long. */
export function resting({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
  let times = 0
  let until = 0
  /** Milliseconds that are left; a clock that was set back ends a rest. */
  const left = (): number => {
    const ms = until - clock.now()
    return times > 0 && ms > 0 && ms <= longest * 2 ? ms : 0
  }
  return {
    left,
    /** Of so many letters how many may be begun, while others are on their way or not. */
    room(most: number, isBusy: boolean): number {
      if (times === 0) return most
      return left() > 0 || isBusy ? 0 : 1
    },
    /** A letter that was tried tells whether the mail server was there. */
    learn(isThere: boolean): void {
      if (isThere) times = 0
      else if (left() === 0) {
        until = clock.now() + Math.min(shortest * 2 ** times, longest) * (0.8 + 0.4 * random.fraction())
        times = Math.min(times + 1, 10)
      }
    },
  }
}
