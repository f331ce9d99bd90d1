/**
 * Which hashes a log-in writes anew (docs/hashes.md): what is weaker than the form that is written now, and what is as
 * strong and spelled otherwise. Never what is stronger: a renewal must not make a password easier to guess.
 */
import type { Form } from './formats/format.ts'
import type { Work } from './formats/work.ts'

/** From the weakest to the strongest, as OWASP's Password Storage Cheat Sheet would have them replaced. */
const functions: readonly Work['kdf'][] = ['phpass', 'pbkdf2', 'bcrypt', 'scrypt', 'argon2']

/** Iterations that OWASP counts as equal. */
const equalIterations = { sha1: 1_400_000, sha256: 600_000, sha512: 210_000 } as const

/** What a guess costs, in a number that is compared within one function only. Blocks past the first cost a guesser nothing. */
function costOf(work: Work): number {
  switch (work.kdf) {
    case 'pbkdf2':
      return work.iterations / equalIterations[work.digest]
    case 'scrypt':
      return work.n * work.r * work.p
    case 'argon2':
      return work.memory * work.passes
    case 'bcrypt':
      return work.cost
    case 'phpass':
      return work.rounds
  }
}

/** Whether a hash that was read as `work` is written anew as `written`, a draft of `form`. */
export function isOutdated(text: string, work: Work, form: Form, written: Work): boolean {
  const [stored, wanted] = [functions.indexOf(work.kdf), functions.indexOf(written.kdf)]
  if (stored !== wanted) return stored < wanted
  const [cost, wantedCost] = [costOf(work), costOf(written)]
  return cost < wantedCost || (cost === wantedCost && !form.mark.test(text))
}
