/** MySQL, as groups of operations stand on it: keys are locked together, rows read together, all written together. */
import type { Challenge } from '../engine/ports.ts'
import { draftOf } from './draft.ts'
import type { Ground, Needs } from './groups.ts'
import { isOfOneOperation } from './mysql-faults.ts'
import type { Mysql } from './mysql-pool.ts'
import { countOf, lock, readChallenges, readCounts, statementsOf } from './mysql-rows.ts'
import type { Answer, Statement } from './transaction.ts'

/** The ground over a pool. */
export const groundOf = (db: Mysql): Ground => ({
  place: db.place,
  look: async (needs) => draftOver(await db.read(...reads(needs, false))),
  hold: (needs, work) =>
    db.transaction(async (transaction) => {
      const statements = reads(needs, true)
      const draft = draftOver(statements.length > 0 ? await transaction.all(...statements) : [])
      const value = work(draft)
      if (draft.writes() > 0) await transaction.commit(...statementsOf(draft.written()))
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
