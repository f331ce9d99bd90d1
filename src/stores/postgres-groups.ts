/**
 * Operations in groups: what is called while a group is on its way makes the next one. A group is one transaction: its
 * keys are locked together, its rows read together, each operation judged in turn, and everything written together.
 */
import { Fault } from '../engine/outcome.ts'
import type { Challenge } from '../engine/ports.ts'
import type { Operation } from './postgres-asks.ts'
import { draftOf } from './postgres-draft.ts'
import { isOfOneOperation } from './postgres-faults.ts'
import type { Answer, Postgres } from './postgres-pool.ts'
import { countOf, lock, readChallenges, readCounts } from './postgres-rows.ts'

/** Runs operations. */
export type Groups = {
  run<T>(operation: Operation<T>): Promise<T>
  /** Finishes what was called; what is called later is refused. */
  close(): Promise<void>
}

type Waiting = {
  /** When it was called, by `performance.now()`. */
  readonly since: number
  readonly operation: Operation<unknown>
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** Operations in one transaction, at most: others wait no longer than these take. */
const most = 256

/** Keys of which one knows that they refuse. */
const mostQuiet = 10_000

/**
 * Groups over a pool; `onQueued` is called after a commit that queued letters. `wakes`: other processes are told too.
 * `patience`: milliseconds that an operation waits for its group at most.
 */
export function groupsOf(db: Postgres, wakes: boolean, patience: number, onQueued: () => void): Groups {
  const waiting: Waiting[] = []
  /** Of operations that wrote nothing lately, for their limit is full and told of: they are looked at without a lock. */
  const quiet = new Set<string>()
  let flying = false
  let scheduled = false
  let closing: Promise<void> | null = null
  let onIdle: (() => void) | null = null

  async function fly(): Promise<void> {
    scheduled = false
    flying = true
    while (waiting.length > 0) {
      refuseLate()
      const group = waiting.splice(0, most)
      if (group.length === 0) break
      const left = await looked(group)
      if (left.length > 0) await settle(left)
    }
    flying = false
    onIdle?.()
  }

  /** A database that hangs takes each group its whole time-out: without this, who comes last waits for all before it. */
  function refuseLate(): void {
    const oldest = performance.now() - patience
    const inTime = waiting.findIndex(({ since }) => since >= oldest)
    for (const { reject } of waiting.splice(0, inTime < 0 ? waiting.length : inTime)) reject(tooMuch(db))
  }

  /** Answers those that write nothing from one plain read, and leaves the others. */
  async function looked(group: Waiting[]): Promise<Waiting[]> {
    const likely = group.filter(({ operation }) => operation.keys.some((key) => quiet.has(key)))
    if (likely.length === 0) return group
    const needs = needsOf(likely)
    const done = new Set<Waiting>()
    try {
      const draft = needs.draft(await db.read(...needs.read(false)))
      for (const one of likely) {
        const [value, isClean] = judged(draft, one)
        // What comes after it sees what it would have written, and must wait for that.
        if (!isClean) break
        done.add(one)
        one.resolve(value as never)
      }
    } catch {
      // Under lock it fails again, and then for good.
    }
    return group.filter((one) => !done.has(one))
  }

  function judged(draft: ReturnType<typeof draftOf>, { operation }: Waiting): [value: unknown, isClean: boolean] {
    const before = draft.writes()
    const value = operation.run(draft)
    const isClean = draft.writes() === before
    for (const key of operation.keys) {
      if (!isClean) quiet.delete(key)
      else {
        if (quiet.size >= mostQuiet) quiet.clear()
        quiet.add(key)
      }
    }
    return [value, isClean]
  }

  async function settle(group: Waiting[]): Promise<void> {
    try {
      const values = await together(group)
      for (const [index, { resolve }] of group.entries()) resolve(values[index] as never)
    } catch (error) {
      // One bad operation must not fail the others: then each has a transaction of its own.
      if (group.length > 1 && isOfOneOperation(error)) for (const one of group) await settle([one])
      else for (const { reject } of group) reject(error)
    }
  }

  async function together(group: readonly Waiting[]): Promise<unknown[]> {
    const needs = needsOf(group)
    const [values, hasLetters] = await db.transaction(async (transaction) => {
      const reads = needs.read(true)
      const answers = reads.length > 0 ? await transaction.all(...reads) : []
      const draft = needs.draft(answers)
      const values = group.map((one) => judged(draft, one)[0])
      if (draft.writes() > 0) await transaction.commit(...draft.statements(wakes))
      return [values, draft.hasLetters()] as const
    })
    if (hasLetters) onQueued()
    return values
  }

  return {
    run: (operation) =>
      new Promise((resolve, reject) => {
        if (closing) return reject(new Fault('database', 'The store is closed.'))
        waiting.push({ since: performance.now(), operation, resolve, reject })
        if (scheduled || flying) return
        scheduled = true
        // After the events that came in together: their operations share a commit.
        setImmediate(() => void fly())
      }),
    close() {
      closing ??= new Promise((resolve) => {
        if (waiting.length === 0 && !flying) return resolve()
        onIdle = resolve
      })
      return closing
    },
  }
}

const tooMuch = ({ place }: Postgres): Fault =>
  new Fault('database-busy', `${place} has more to do than it can. This operation waited and was not begun. Try again.`)

/** What a group reads, and the draft over what it has read. */
function needsOf(group: readonly Waiting[]) {
  const keys = [...new Set(group.flatMap(({ operation }) => operation.keys))]
  const ids = [...new Set(group.flatMap(({ operation }) => operation.challenges))]
  return {
    read: (held: boolean) => [
      ...(held && keys.length > 0 ? [lock(keys)] : []),
      ...(keys.length > 0 ? [readCounts(keys)] : []),
      ...(ids.length > 0 ? [readChallenges(ids, held)] : []),
    ],
    draft(answers: readonly Answer[]) {
      const rows = answers.flatMap((answer) => answer.rows)
      const counts = new Map(rows.filter((row) => 'times' in row).map(countOf))
      const challenges = rows.filter((row) => 'askedAt' in row) as unknown as Challenge[]
      return draftOf(counts, new Map(challenges.map((one) => [one.id, one])))
    },
  }
}
