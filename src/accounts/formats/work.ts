/** The slow part of a password hash, whatever the text around it: which function, at what cost, with which salt. */
import { hash as md5, pbkdf2, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { hashRaw } from '@node-rs/argon2'
import { hash as bcrypt } from '@node-rs/bcrypt'
import { fromBcrypt } from './text.ts'

const pbkdf2Off = promisify(pbkdf2)
const scryptOff = promisify<string | Uint8Array, Uint8Array, number, object, Uint8Array>(scrypt)

/** What is to be computed. `length`: bytes of the key that comes of it. */
export type Work =
  | {
      readonly kdf: 'pbkdf2'
      readonly digest: 'sha1' | 'sha256' | 'sha512'
      readonly iterations: number
      readonly salt: Uint8Array
      readonly length: number
    }
  /** `n`: the cost itself, not its logarithm. 128·n·r bytes of memory. */
  | {
      readonly kdf: 'scrypt'
      readonly n: number
      readonly r: number
      readonly p: number
      readonly salt: Uint8Array
      readonly length: number
    }
  /** `variant`: 0 d, 1 i, 2 id. `version`: 0 for 16, 1 for 19. `memory` in KiB. */
  | {
      readonly kdf: 'argon2'
      readonly variant: 0 | 1 | 2
      readonly version: 0 | 1
      readonly memory: number
      readonly passes: number
      readonly lanes: number
      readonly salt: Uint8Array
      readonly length: number
    }
  /** 2^cost rounds; a salt of 16 bytes, a key of 23. */
  | { readonly kdf: 'bcrypt'; readonly cost: number; readonly salt: Uint8Array }
  /** MD5, `rounds` times after the first; a key of 16 bytes. */
  | { readonly kdf: 'phpass'; readonly rounds: number; readonly salt: Uint8Array }

/** Bytes of the key that comes of it. */
export function keyLengthOf(work: Work): number {
  if (work.kdf === 'bcrypt') return 23
  return work.kdf === 'phpass' ? 16 : work.length
}

/** Derives the key, off the main thread, or in pieces of about a millisecond where no thread does it. */
export async function derive(work: Work, secret: string | Uint8Array): Promise<Uint8Array> {
  switch (work.kdf) {
    case 'pbkdf2':
      return pbkdf2Off(secret, work.salt, work.iterations, work.length, work.digest)
    case 'scrypt': {
      const { n: N, r, p } = work
      return scryptOff(secret, work.salt, work.length, { N, r, p, maxmem: 128 * r * (N + p + 2) + 65_536 })
    }
    case 'argon2':
      return hashRaw(secret, {
        algorithm: work.variant,
        version: work.version,
        memoryCost: work.memory,
        timeCost: work.passes,
        parallelism: work.lanes,
        salt: work.salt,
        outputLen: work.length,
      })
    case 'bcrypt':
      return fromBcrypt((await bcrypt(secret, work.cost, work.salt)).slice(-31))!
    case 'phpass':
      return phpass(work.rounds, work.salt, secret)
  }
}

/** Rounds of MD5 between two turns of the event loop: a millisecond at most. */
const atOnce = 256

async function phpass(rounds: number, salt: Uint8Array, secret: string | Uint8Array): Promise<Uint8Array> {
  const password = Buffer.from(secret as string, 'utf8')
  const next = Buffer.concat([Buffer.alloc(16), password])
  next.set(md5('md5', Buffer.concat([salt, password]), 'buffer'))
  for (let done = 0; done < rounds; ) {
    for (const end = Math.min(done + atOnce, rounds); done < end; done++) next.set(md5('md5', next, 'buffer'))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return next.subarray(0, 16)
}
