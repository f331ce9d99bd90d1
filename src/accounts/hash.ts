/** Password hashes of every format that is read, in the form that is written, off the main thread and a bounded number at a time. */
import { timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Fault } from '../engine/outcome.ts'
import type { Hasher, Random } from '../engine/ports.ts'
import { type Argon2Cost, argon2Cost, argon2Form } from './formats/argon2.ts'
import type { Form, Stored } from './formats/format.ts'
import { type FormName, forms, readColumn } from './formats/index.ts'
import { derive, keyLengthOf } from './formats/work.ts'
import { lanes } from './lanes.ts'
import { isOutdated } from './renewal.ts'
import { turns } from './turns.ts'

/** What Latchkey's own table has, as `@node-rs/argon2` calls it; for measures beside it. */
export const argon2Settings = {
  memoryCost: argon2Cost.memory,
  timeCost: argon2Cost.passes,
  parallelism: argon2Cost.lanes,
  algorithm: 2,
} as const

/** One for each core, and one that no core need wait for while the event loop hands over the next (bench/changes.ts). */
export const usualInFlight = (): number => availableParallelism() + 1

/** How a table's passwords are hashed. */
export type HasherOptions = {
  readonly random: Random
  /** The form of new ones. Default: `argon2id`. */
  readonly form?: FormName
  /** What a new `argon2id` costs, for tests: nothing in them hangs on what a guess costs. Default: `argon2Cost`. */
  readonly cost?: Argon2Cost
  /** Devise's pepper. Default: none. */
  readonly pepper?: string
  /** Whether log-ins write older hashes anew. Default: no; a hash then changes with its password only. */
  readonly renews?: boolean
  /** Hashes at once. Default: one more than there are cores. */
  readonly inFlight?: number
  /** Some of the table's hashes, so that a log-in takes the same time whichever it meets. Default: none. */
  readonly seen?: readonly (string | null)[]
  /** Told of each hash that cannot be read: its format and the reason, nothing of itself. Default: nobody is. */
  readonly unreadable?: (format: string, because: string) => void
}

/** Writes one form, reads them all. */
export function hasher(options: HasherOptions): Hasher {
  const { random, unreadable = () => {} } = options
  const form = formOf(options)
  const keys = { pepper: options.pepper }
  const draft = form.draft(random, keys)
  const turn = turns(options.inFlight ?? usualInFlight())
  const alley = alleyOf(options)
  const refuses = form.refuses ?? (() => null)

  const read = (text: string | null): Stored | null => {
    const column = readColumn(text, keys)
    if (column.kind === 'unreadable') unreadable(column.format, column.because)
    return column.kind === 'hash' ? column.stored : null
  }
  // Who has no hash, or none that can be read, has this one, which no password opens: what is read, computed and compared is
  // then the same. To compute as much was not enough: to read a hash takes a tenth of a millisecond beside it.
  const nobodys = draft.text(random.bytes(keyLengthOf(draft.work)))
  const ofNobody = read(nobodys)!
  return {
    refuses,
    renews(text, password) {
      const stored = options.renews ? read(text) : null
      return stored !== null && refuses(password) === null && isOutdated(text, stored.work, form, draft.work)
    },
    async hash(password) {
      // Judged before it comes here; what is cut would be a weaker password than the one that was judged.
      if (refuses(password)) throw new Fault('hash', 'The form that passwords are written in cannot hold this one.')
      const { work, secret, text } = form.draft(random, keys)
      return turn(async () => text(await derive(work, secret?.(password) ?? password)))
    },
    verify(text, password) {
      const own = read(text ?? nobodys)
      const stored = own ?? ofNobody
      alley.learn(stored.work)
      return turn(async () => {
        const right = await isOf(stored, password)
        for (const work of alley.rest(stored.work)) await derive(work, password)
        return right && text !== null && own !== null
      })
    },
    async matches(text, password) {
      const stored = read(text)
      return stored !== null && turn(() => isOf(stored, password))
    },
  }
}

const formOf = ({ form = 'argon2id', cost }: Pick<HasherOptions, 'form' | 'cost'>): Form =>
  cost && form === 'argon2id' ? argon2Form('', cost) : forms[form]

/** What every log-in computes on such a table: the form that is written, and each kind that was seen. */
export function alleyOf(options: Pick<HasherOptions, 'random' | 'form' | 'cost' | 'seen'>) {
  const { random, seen = [] } = options
  const alley = lanes(formOf(options).draft(random, {}).work)
  for (const text of new Set(seen)) {
    const column = readColumn(text)
    if (column.kind === 'hash') alley.learn(column.stored.work)
  }
  return alley
}

async function isOf({ work, key, secret, finish, mostBytes }: Stored, password: string): Promise<boolean> {
  const derived = await derive(work, secret?.(password) ?? password)
  const found = finish?.(derived) ?? derived
  const isWhole = mostBytes === undefined || Buffer.byteLength(password) <= mostBytes
  return found.length === key.length && timingSafeEqual(found, key) && isWhole
}
