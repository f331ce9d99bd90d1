/** PostgreSQL, as groups of operations stand on it: keys are locked together, rows read together, all written together. */
import type { Challenge } from '../engine/ports.ts'
import { draftOf } from './draft.ts'
import type { Ground, Needs } from './groups.ts'
import { isOfOneOperation } from './postgres-faults.ts'
import type { Answer, Postgres, Statement } from './postgres-pool.ts'
import { countOf, lock, readChallenges, readCounts, statementsOf } from './postgres-rows.ts'

/** The ground over a pool. `wakes`: other processes are told of letters too. */
export const groundOf = (db: Postgres, wakes: boolean): Ground => ({
  place: db.place,
  look: async (needs) => draftOver(await db.read(...reads(needs, false))),
  hold: (needs, work) =>
    db.transaction(async (transaction) => {
      const statements = reads(needs, true)
      const draft = draftOver(statements.length > 0 ? await transaction.all(...statements) : [])
      const value = work(draft)
      if (draft.writes() > 0) await transaction.commit(...statementsOf(draft.written(), wakes))
      return value
    }),
  isOfOneOperation,
})

const reads = ({ keys, challenges }: Needs, held: boolean): Statement[] => [
  ...(held && keys.length > 0 ? [lock(keys)] : []),
  ...(keys.length > 0 ? [readCounts(keys)] : []),
  ...(challenges.length > 0 ? [readChallenges(challenges, held)] : []),
]

function draftOver(answers: readonly Answer[]) {
  const rows = answers.flatMap((answer) => answer.rows)
  const counts = new Map(rows.filter((row) => 'times' in row).map(countOf))
  const challenges = rows.filter((row) => 'askedAt' in row) as unknown as Challenge[]
  return draftOf(counts, new Map(challenges.map((one) => [one.id, one])))
}
