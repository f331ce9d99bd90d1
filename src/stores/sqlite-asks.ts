/** An ask and what counts beside it, as functions that run within a transaction of the thread. */
import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent } from '../engine/audit.ts'
import type { Take } from '../engine/limits.ts'
import type { Ask, Asked, BudgetName, Taken } from '../engine/ports.ts'
import { heldBudget, worst } from './counts.ts'
import { mayMailAgain, waitEnds } from './live.ts'
import { hitsOf, type Rows } from './sqlite-rows.ts'

/** The operations of this file. */
export function askOperations(db: DatabaseSync, rows: Rows) {
  const mailed = db.prepare('UPDATE latchkey_challenges SET mailed_at = ? WHERE id = ?')

  function ask(ask: Ask): Asked {
    const { at } = ask
    const callers = rows.weigh(ask.refuse, at)
    const refusing = [...callers, ...rows.weigh(heldBudget(ask), at)]
    const hits = hitsOf(refusing)
    if (hits.length > 0) {
      rows.tellOfFirst(refusing, at, { ...ask.event, challengeId: null })
      return { kind: 'refused', limit: worst(hits).limit, retryAt: worst(hits).retryAt, hits }
    }
    const previous = ask.again && rows.challenge(ask.again.id)
    const retryAt = waitEnds(previous, ask)
    if (retryAt > 0) return { kind: 'refused', limit: 'resend', retryAt, hits: [] }

    const again = previous && mayMailAgain(previous, ask) ? previous : null
    rows.count(callers, at)
    // Whether a letter goes or not, what the asker meets afterwards (a resend, wrong codes) is the same.
    if (again) mailed.run(at, again.id)
    else if (ask.challenge) rows.openChallenge(ask.challenge)
    const challengeId = (again ?? ask.challenge)?.id ?? null
    const over = spend('asks', ask)
    if (!countLetter(ask)) {
      rows.note({ ...ask.event, name: 'letter.withheld', challengeId, because: 'letters-per-address' })
      return { kind: 'asked', challengeId, mailed: false, over }
    }
    rows.note({ ...ask.event, challengeId })
    rows.queue({ ...ask.letter, challengeId, expiresAt: again ? again.expiresAt : ask.letter.expiresAt })
    return { kind: 'asked', challengeId, mailed: true, over: [...over, ...spend('letters', ask)] }
  }

  /** Takes a place for the letter, or the caller's own in reserve. */
  function countLetter({ mail, reserve, at }: Ask): boolean {
    if (typeof mail === 'string') return mail === 'room'
    for (const take of [mail, reserve]) {
      const weighed = take ? rows.weigh([take], at) : []
      if (weighed.length === 0 || hitsOf(weighed).length > 0) continue
      rows.count(weighed, at)
      return true
    }
    return false
  }

  /** Counts in a budget, full or not, and answers it when it is used up. */
  function spend(what: 'asks' | 'letters', { budget, at, event }: Ask): BudgetName[] {
    const one = budget?.[what]
    if (!one) return []
    rows.count(rows.weigh([one], at), at)
    const weighed = rows.weigh([one], at)
    rows.tellOfFirst(weighed, at, { ...event, challengeId: null })
    return hitsOf(weighed).length > 0 ? [`${what}-of-all`] : []
  }

  function take(takes: readonly Take[], at: number, event: AuditEvent | null): Taken {
    const weighed = rows.weigh(takes, at)
    const hits = hitsOf(weighed)
    if (hits.length === 0) rows.count(weighed, at)
    else rows.tellOfFirst(weighed, at, event)
    return { hits }
  }

  return {
    ask,
    take,
    note: (event: AuditEvent): void => rows.note(event),
    noteWithin(takes: readonly Take[], event: AuditEvent): Taken {
      const taken = take(takes, event.at, event)
      if (taken.hits.length === 0) rows.note(event)
      return taken
    },
    giveBack: (keys: readonly string[], forget: readonly string[]): void => rows.giveBack(keys, forget),
  }
}
