/**
 * Operations in groups: what is called while a group is on its way makes the next one. A group is one transaction: its
 * keys are locked together, its rows read together, each operation judged in turn, and everything written together.
 */
import { Fault } from '../engine/outcome.ts'
import type { Draft } from './draft.ts'
import type { Operation } from './operations.ts'

/** What a group has to do with: keys of counts, and ids of challenges. */
export type Needs = Pick<Operation<unknown>, 'keys' | 'challenges'>

/** A database, as groups stand on it. */
export type Ground = {
  /** Where it is, for sentences. */
  readonly place: string
  /** A draft over what is there now, by one plain read. */
  look(needs: Needs): Promise<Draft>
  /**
   * Holds the keys and the challenges, runs `work` over what is there, and writes what its draft then wants, in one
   * transaction. `work` runs again where the database undid it for the sake of another.
   */
  hold<T>(needs: Needs, work: (draft: Draft) => T): Promise<T>
  /** Whether it is of use to try each operation of a group alone: only where a value of one of them is at fault. */
  isOfOneOperation(error: unknown): boolean
}

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
 * Groups over a database; `onQueued` is called after a commit that queued letters. `patience`: milliseconds that an
 * operation waits for its group at most.
 */
export function groupsOf(ground: Ground, patience: number, onQueued: () => void): Groups {
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
      // What came in meanwhile is read before the next group goes, so that it goes with it.
      await turn()
    }
    flying = false
    onIdle?.()
  }

  /** A database that hangs takes each group its whole time-out: without this, who comes last waits for all before it. */
  function refuseLate(): void {
    const oldest = performance.now() - patience
    const inTime = waiting.findIndex(({ since }) => since >= oldest)
    for (const { reject } of waiting.splice(0, inTime < 0 ? waiting.length : inTime)) reject(tooMuch(ground))
  }

  /** Answers those that write nothing from one plain read, and leaves the others. */
  async function looked(group: Waiting[]): Promise<Waiting[]> {
    const likely = group.filter(({ operation }) => operation.keys.some((key) => quiet.has(key)))
    if (likely.length === 0) return group
    const done = new Set<Waiting>()
    try {
      const draft = await ground.look(needsOf(likely))
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

  function judged(draft: Draft, { operation }: Waiting): [value: unknown, isClean: boolean] {
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
      if (group.length > 1 && ground.isOfOneOperation(error)) for (const one of group) await settle([one])
      else for (const { reject } of group) reject(error)
    }
  }

  async function together(group: readonly Waiting[]): Promise<unknown[]> {
    const [values, hasLetters] = await ground.hold(needsOf(group), (draft) => {
      const values = group.map((one) => judged(draft, one)[0])
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

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const tooMuch = ({ place }: Ground): Fault =>
  new Fault('database-busy', `${place} has more to do than it can. This operation waited and was not begun. Try again.`)

const needsOf = (group: readonly Waiting[]): Needs => ({
  keys: [...new Set(group.flatMap(({ operation }) => operation.keys))],
  challenges: [...new Set(group.flatMap(({ operation }) => operation.challenges))],
})
