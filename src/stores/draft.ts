/** What operations of one transaction have read, and what they change of it: judged in memory, written together. */
import type { AuditEvent } from '../engine/audit.ts'
import { givenBack, type Hit, type Take } from '../engine/limits.ts'
import type { Challenge, Letter, Session } from '../engine/ports.ts'
import { type Count, crossing, hitOf, nothing, oneMore, quieted } from './counts.ts'

/** A take with what is kept for it. */
export type Weighed = { readonly take: Take; readonly count: Count; readonly hit: Hit | null }

/** The hits among what was weighed. */
export const hitsOf = (weighed: readonly Weighed[]): Hit[] =>
  weighed.map(({ hit }) => hit).filter((hit) => hit !== null)

/** What a draft wants written, all rows of a kind together. */
export type Written = {
  readonly opened: readonly Challenge[]
  /** Challenges that were there before, as they are now. */
  readonly moved: readonly Challenge[]
  readonly counts: readonly (readonly [key: string, count: Count])[]
  /** Keys under which nothing is kept any more. */
  readonly gone: readonly string[]
  readonly sessions: readonly Session[]
  readonly letters: readonly Letter[]
  readonly events: readonly AuditEvent[]
}

/** A draft: reads see what was written before them in it. */
export type Draft = ReturnType<typeof draftOf>

/** A draft over counts and challenges as they are in the database. */
export function draftOf(counts: Map<string, Count>, challenges: Map<string, Challenge>) {
  const touched = new Set<string>()
  const opened = new Map<string, Challenge>()
  const changed = new Set<string>()
  const letters: Letter[] = []
  const sessions: Session[] = []
  const events: AuditEvent[] = []
  let writes = 0

  const keep = (key: string, count: Count): void => {
    counts.set(key, count)
    touched.add(key)
    writes++
  }
  const weigh = (takes: readonly Take[], at: number): Weighed[] =>
    takes.map((take) => {
      const count = counts.get(take.key) ?? nothing
      return { take, count, hit: hitOf(count, take, at) }
    })
  const note = (event: AuditEvent): void => {
    events.push(event)
    writes++
  }

  return {
    weigh,
    count(weighed: readonly Weighed[], at: number): void {
      for (const { take, count } of weighed) keep(take.key, oneMore(count, take, at))
    },
    /** Notes each hit that nobody was told of in its window, and marks it as told of. */
    tellOfFirst(weighed: readonly Weighed[], at: number, event: AuditEvent | null): void {
      for (const { take, count, hit } of weighed) {
        if (!hit?.first) continue
        keep(take.key, quieted(count, take, at))
        if (event) note(crossing(event, hit))
      }
    },
    giveBack(keys: readonly string[], forget: readonly string[]): void {
      for (const key of keys) {
        const kept = counts.get(key)
        if (kept) keep(key, { ...kept, times: givenBack(kept.times) })
      }
      for (const key of forget) {
        if (!counts.delete(key)) continue
        touched.add(key)
        writes++
      }
    },
    challenge: (id: string): Challenge | null => opened.get(id) ?? challenges.get(id) ?? null,
    /** Of an id that is taken the database says so, when it is written. */
    openChallenge(one: Challenge): void {
      if (opened.has(one.id) || challenges.has(one.id)) throw new RangeError('The id of a challenge is taken.')
      opened.set(one.id, one)
      writes++
    },
    setChallenge(one: Challenge): void {
      if (opened.has(one.id)) opened.set(one.id, one)
      else {
        challenges.set(one.id, one)
        changed.add(one.id)
      }
      writes++
    },
    queue(letter: Letter): void {
      letters.push(letter)
      writes++
    },
    openSession(session: Session): void {
      sessions.push(session)
      writes++
    },
    note,
    /** How often something was written; what writes nothing needs no lock. */
    writes: () => writes,
    hasLetters: () => letters.length > 0,
    written: (): Written => ({
      opened: [...opened.values()],
      moved: [...changed].map((id) => challenges.get(id)!),
      counts: [...touched].flatMap((key) => (counts.has(key) ? [[key, counts.get(key)!] as const] : [])),
      gone: [...touched].filter((key) => !counts.has(key)),
      ...{ sessions, letters, events },
    }),
  }
}
