/** What a stored hash may cost. It is data that others wrote: a row that asks for an hour or for all memory gets neither. */
import type { Work } from './work.ts'

/** The most that is computed for one row; a dearer one never matches. Each is about a second, or 256 MiB. */
export const bounds = {
  /** Characters of a stored hash. The longest form read has about 300. */
  row: 1_024,
  /** Iterations of PBKDF2, each for every block of the key. Django 6 has 1.2 million, OWASP's SHA-1 1.4. */
  iterations: 3_000_000,
  /** KiB of memory, Argon2 and scrypt alike. PHP's own Argon2 takes 64 MiB, scrypt at OWASP's most 128. */
  memory: 262_144,
  /** Argon2: KiB times passes. */
  memoryPasses: 1_048_576,
  /** Argon2: lanes. */
  lanes: 16,
  /** scrypt: N times r times p. OWASP's is a million. */
  scrypt: 4_194_304,
  /** bcrypt: the logarithm of its rounds. Each one more takes twice as long; 12 takes a quarter of a second. */
  bcrypt: 14,
  /** phpass: rounds of MD5. WordPress has 8,192. */
  phpass: 131_072,
  /** Bytes of a salt. */
  salt: 256,
  /** Bytes of a key: fewer can be guessed, more are nobody's. */
  key: { least: 16, most: 128 },
} as const

const blocks = { sha1: 20, sha256: 32, sha512: 64 } as const

/** Iterations of PBKDF2 for all blocks of the key. */
export const iterationsOf = (work: Work & { kdf: 'pbkdf2' }): number =>
  work.iterations * Math.ceil(work.length / blocks[work.digest])

/** Why a row's work is not done, with the number that is too much; null when it may be. */
export function refuseWork(work: Work, key: Uint8Array): string | null {
  if (work.salt.length < 1 || work.salt.length > bounds.salt) return `a salt of ${work.salt.length} bytes`
  if (key.length < bounds.key.least || key.length > bounds.key.most) return `a key of ${key.length} bytes`
  const above = (value: number, most: number, what: string): string | null =>
    value > most ? `${value} ${what}, of ${most} at most` : null
  switch (work.kdf) {
    case 'pbkdf2':
      return work.iterations < 1 ? 'no iterations' : above(iterationsOf(work), bounds.iterations, 'iterations')
    case 'scrypt':
      return work.n < 2 || !Number.isInteger(Math.log2(work.n)) || work.r < 1 || work.p < 1
        ? 'parameters that scrypt does not know'
        : (above((work.n * work.r) / 8, bounds.memory, 'KiB') ??
            above(work.n * work.r * work.p, bounds.scrypt, 'blocks'))
    case 'argon2':
      return work.passes < 1 || work.lanes < 1 || work.memory < 8 * work.lanes || work.salt.length < 8
        ? 'parameters that Argon2 does not know'
        : (above(work.lanes, bounds.lanes, 'lanes') ??
            above(work.memory, bounds.memory, 'KiB') ??
            above(work.memory * work.passes, bounds.memoryPasses, 'KiB times passes'))
    case 'bcrypt':
      return work.cost < 4 ? 'a cost that bcrypt does not know' : above(work.cost, bounds.bcrypt, 'as the cost')
    case 'phpass':
      return above(work.rounds, bounds.phpass, 'rounds')
  }
}
