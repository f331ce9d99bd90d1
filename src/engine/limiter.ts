/**
 * The limiter of one process, around a store whose counts are everybody's. It adds two things to them: callers over a limit
 * are turned away without a write (`doors.ts`), and a limiter that does not work lets no guess through. Then codes and
 * log-ins are faults, asks are held to counts of this process (`floor.ts`) while the rest of the store works, what cannot
 * be read counts as full, and operators are told.
 */
import { doors } from './doors.ts'
import { floor } from './floor.ts'
import type { Hit, LimitName, Take } from './limits.ts'
import { Fault } from './outcome.ts'
import type { Alarm, Ask, Asked, Clock, Store } from './ports.ts'

/** The store as verbs get it. */
export type Limited = {
  readonly store: Store
  /** Which of these are known here to be full; counts who is refused by them. */
  readonly shut: (takes: readonly Take[], at: number) => readonly Hit[]
  /** Notes what was refused in windows that are over; `all`: in every window, for the process ends. Never throws. */
  settle(all?: boolean): Promise<void>
}

/** How long a limiter that failed is not asked again by an ask. Milliseconds. */
const restMs = 5_000

/** What may go on with counts of this process alone: nothing that guesses. None of them is ever given back. */
const floored: ReadonlySet<LimitName> = new Set<LimitName>([
  'asks-per-caller',
  'asks-per-network',
  'look-ups-per-network',
  'refused-proofs-per-network',
  'looks-per-link',
  'passwords-per-grant',
])

/** Wraps a store. */
export function limited(store: Store, clock: Clock, alarm: Alarm): Limited {
  let downUntil = Number.NEGATIVE_INFINITY
  const pending = new Set<Promise<void>>()
  const known = doors((event) => {
    const noted = store.note(event).catch(() => {})
    pending.add(noted)
    void noted.finally(() => pending.delete(noted))
  })
  const local = floor()
  const restsAt = (at: number): boolean => at < downUntil && at >= downUntil - restMs

  /** Whether it is the counts that do not work, and not this one operation, or a database that is busy. */
  async function isDown(error: unknown, at: number): Promise<boolean> {
    if (!(error instanceof Fault) || error.code !== 'database') return false
    const down = await store.take([probe], at, null).then(
      () => false,
      () => true,
    )
    if (!down) return false
    downUntil = at + restMs
    alarm('limiter-down')
    return true
  }

  /** `work`; where the counts do not work, `instead`. */
  async function orElse<T>(
    at: number,
    work: () => Promise<T>,
    instead: (error: unknown) => T | Promise<T>,
  ): Promise<T> {
    try {
      const done = await work()
      return done
    } catch (error) {
      if (await isDown(error, at)) return instead(error)
      throw error
    }
  }
  const no = (error: unknown): never => {
    throw error
  }

  async function ask(asked: Ask): Promise<Asked> {
    const { at } = asked
    const answer = restsAt(at)
      ? await askOnFloor(asked)
      : await orElse(
          at,
          () => store.ask(asked),
          () => askOnFloor(asked),
        )
    if (answer.kind === 'refused') known.learn([...asked.refuse, ...budgetOf(asked)], answer.hits, at, nameless(asked))
    return answer
  }

  function askOnFloor(asked: Ask): Promise<Asked> | Asked {
    const { at, refuse } = asked
    const hits = local.take(refuse, at)
    if (hits[0]) return refused(hits)
    const isRoom = typeof asked.mail === 'string' ? asked.mail === 'room' : local.take([asked.mail], at).length === 0
    return store.ask({ ...asked, refuse: [], mail: isRoom ? 'room' : 'full', reserve: null, budget: null })
  }

  const own: Partial<Store> = {
    ask,
    take: async (takes, at, event) => {
      const canGoOn = takes.every((take) => floored.has(take.limit))
      // Those are never given back: what is full stays full.
      const shut = canGoOn ? known.shut(takes, at) : []
      if (shut[0]) return { hits: shut }
      const taken = await orElse(
        at,
        () => store.take(takes, at, event),
        (error) => (canGoOn ? { hits: local.take(takes, at) } : no(error)),
      )
      if (event) known.learn(takes, taken.hits, at, event)
      return taken
    },
    noteWithin: async (takes, event) => {
      const shut = known.shut(takes, event.at)
      if (shut[0]) return { hits: shut }
      const taken = await orElse(
        event.at,
        () => store.noteWithin(takes, event),
        async () => {
          const hits = local.take(takes, event.at)
          if (hits.length === 0) await store.note(event)
          return { hits }
        },
      )
      known.learn(takes, taken.hits, event.at, event)
      return taken
    },
    takeTry: async (id, at, takes, notice) => {
      const counted = await orElse(at, () => store.takeTry(id, at, takes, notice), no)
      // Told by no answer: a code that is dead and an account whose tries are up look the same.
      if (!counted) known.learn(takes, await store.full(takes, at), at, notice.event)
      return counted
    },
    full: (takes, at) => {
      const unknown = (): Awaited<ReturnType<Store['full']>> =>
        takes.map(({ limit, key }) => ({ limit, key, retryAt: at + restMs, first: false, closesAt: at + restMs }))
      return orElse(at, () => store.full(takes, at), unknown)
    },
    wrongTry: (at, takes, event, notice) =>
      orElse(
        at,
        () => store.wrongTry(at, takes, event, notice),
        async () => {
          await store.note(event)
          return { hits: [] }
        },
      ),
    // The owner's own act: he is not kept out for a count that could not be forgotten.
    change: (change) =>
      orElse(
        change.at,
        () => store.change(change),
        (error) => (change.forget.length > 0 ? store.change({ ...change, forget: [] }) : no(error)),
      ),
  }
  return {
    store: over(store, own),
    shut: known.shut,
    async settle(all = false) {
      known.settle(clock.now(), all)
      await Promise.all(pending)
    },
  }
}

function refused(hits: readonly Hit[]): Asked {
  const { limit, retryAt } = hits.reduce((a, b) => (b.retryAt > a.retryAt ? b : a))
  return { kind: 'refused', limit, retryAt, hits }
}

/** Its event without the challenge that it would have opened. */
const nameless = ({ event }: Ask) => ({ ...event, challengeId: null })

/** The store with some methods of ours. Others go to it as they are, for it may be a class. */
const over = (store: Store, own: Partial<Store>): Store =>
  new Proxy(store, {
    get(target, name) {
      const value = own[name as keyof Store] ?? Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })

const budgetOf = ({ budget }: Ask): Take[] => [budget?.asks, budget?.letters].flatMap((one) => one ?? [])

/** A count of nothing, to see whether counts work. */
const probe: Take = { limit: 'asks-of-all', key: 'probe', windows: [{ max: 1_000_000_000, ms: 60_000 }] }
