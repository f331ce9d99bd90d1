/** An ask and what counts beside it, as functions that run within a transaction of the thread. */
import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent } from '../engine/audit.ts'
import type { Take } from '../engine/limits.ts'
import type { Ask, Asked, Taken } from '../engine/ports.ts'
import { worst } from './counts.ts'
import { mayMailAgain, waitEnds } from './live.ts'
import { hitsOf, type Rows } from './sqlite-rows.ts'

/** The operations of this file. */
export function askOperations(db: DatabaseSync, rows: Rows) {
  const mailed = db.prepare('UPDATE latchkey_challenges SET mailed_at = ? WHERE id = ?')

  function ask(ask: Ask): Asked {
    const { at } = ask
    const callers = rows.weigh(ask.refuse, at)
    const hits = hitsOf(callers)
    if (hits.length > 0) {
      rows.tellOfFirst(callers, at, { ...ask.event, challengeId: null })
      return { kind: 'refused', limit: worst(hits).limit, retryAt: worst(hits).retryAt }
    }
    const previous = ask.again && rows.challenge(ask.again.id)
    const retryAt = waitEnds(previous, ask)
    if (retryAt > 0) return { kind: 'refused', limit: 'resend', retryAt }

    const again = previous && mayMailAgain(previous, ask) ? previous : null
    rows.count(callers, at)
    // Whether a letter goes or not, what the asker meets afterwards (a resend, wrong codes) is the same.
    if (again) mailed.run(at, again.id)
    else if (ask.challenge) rows.openChallenge(ask.challenge)
    const challengeId = (again ?? ask.challenge)?.id ?? null
    if (!countLetter(ask)) {
      rows.note({ ...ask.event, name: 'letter.withheld', challengeId, because: ask.mail.limit })
      return { kind: 'asked', challengeId, mailed: false }
    }
    rows.note({ ...ask.event, challengeId })
    rows.queue({ ...ask.letter, challengeId, expiresAt: again ? again.expiresAt : ask.letter.expiresAt })
    return { kind: 'asked', challengeId, mailed: true }
  }

  /** Takes a place for the letter, or the caller's own in reserve. */
  function countLetter({ mail, reserve, at }: Ask): boolean {
    for (const take of [mail, reserve]) {
      const weighed = take ? rows.weigh([take], at) : []
      if (weighed.length === 0 || hitsOf(weighed).length > 0) continue
      rows.count(weighed, at)
      return true
    }
    return false
  }

  return {
    ask,
    note: (event: AuditEvent): void => rows.note(event),
    take(takes: readonly Take[], at: number, event: AuditEvent | null): Taken {
      const weighed = rows.weigh(takes, at)
      const hits = hitsOf(weighed)
      if (hits.length === 0) rows.count(weighed, at)
      else rows.tellOfFirst(weighed, at, event)
      return { hits }
    },
    giveBack: (keys: readonly string[], forget: readonly string[]): void => rows.giveBack(keys, forget),
  }
}
