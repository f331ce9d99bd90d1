/**
 * Within which bounds a count may be set. A count of guesses has its reason in arithmetic: six digits and ten wrong codes a
 * day are 1 in 100,000 a day for one account, and 5,000 a day over all accounts are one takeover in two hundred days.
 */
import type { Flow } from './flow.ts'
import { type Limits, standard, type Window } from './limits.ts'

const minute = 60_000
const day = 24 * 60 * minute

/** From `least` to `most` in any window of `ms` milliseconds or more. */
export type Bound = { readonly least: number; readonly most: number; readonly ms: number }

/** The bounds of each count where the shortest code has `digits` digits: a digit more allows ten times the guesses. */
export function boundsFor(digits: number): Readonly<Record<keyof Limits, Bound>> {
  const more = 10 ** (digits - 6)
  return {
    asksPerNetwork: { least: 1, most: 2_000, ms: minute },
    lettersPerAddress: { least: 1, most: 100, ms: minute },
    lettersInReserve: { least: 1, most: 10, ms: 60 * minute },
    wrongCodesPerAccount: { least: 1, most: Math.min(10 * more, 100), ms: day },
    // NIST SP 800-63B-4, 3.2.2: no more than 100 in a row, whatever they are.
    wrongCodesInARow: { least: 1, most: 100, ms: 365 * day },
    wrongCodesOfAll: { least: 1, most: 5_000 * more, ms: day },
    wrongCodesAlarm: { least: 1, most: 1_000 * more, ms: day },
    logInsPerAccount: { least: 1, most: 100, ms: minute },
    logInsPerNetwork: { least: 1, most: 10_000, ms: minute },
    lookUpsPerNetwork: { least: 1, most: 2_000, ms: minute },
    refusedProofsPerNetwork: { least: 10, most: 10_000, ms: minute },
    looksPerLink: { least: 5, most: 1_000, ms: minute },
    passwordsPerGrant: { least: 20, most: 1_000, ms: minute },
    // Too small a budget would be crossed by one caller alone.
    asksOfAll: { least: 100, most: 10_000_000, ms: minute },
    lettersOfAll: { least: 100, most: 10_000_000, ms: minute },
  }
}

/** A foolish count, told with its reason; an empty list when all are sound. */
export function refuseLimits(limits: Limits, flows: readonly Flow[]): string[] {
  const digits = flows.flatMap(({ proof }) => (proof.kind === 'code' ? [proof.digits] : []))
  const bounds = boundsFor(Math.min(10, ...digits))
  return Object.entries(limits).flatMap(([name, windows]) => {
    const bound = bounds[name as keyof Limits]
    if (!bound) return [`limits.${name}: there is no such count`]
    if (windows === null)
      return standard[name as keyof Limits] === null ? [] : [`limits.${name}: it cannot be left out`]
    if (windows.length === 0) return [`limits.${name}: name a window, such as { max: ${bound.least}, ms: ${bound.ms} }`]
    return windows.filter((one) => !isWithin(one, bound)).map(({ max, ms }) => told(name, bound, max, ms))
  })
}

const isWithin = ({ max, ms }: Window, { least, most, ms: shortest }: Bound): boolean =>
  Number.isInteger(max) && max >= least && max <= most && Number.isFinite(ms) && ms >= shortest

const told = (name: string, bound: Bound, max: number, ms: number): string =>
  `limits.${name}: max must be ${bound.least} to ${bound.most} in ${bound.ms / 1000} seconds or more, it is ${max} in ${ms / 1000}`
