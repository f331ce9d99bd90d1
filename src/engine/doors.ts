/**
 * What this process knows of limits that are full: until when, and how many it has refused since. So a caller over a limit
 * costs no write, an ask not even a question to the database, and what was refused is noted in one event when the window
 * closes. Nothing here decides who passes: a door only repeats what the store has said, for as long as that must hold.
 */
import type { AuditEvent } from './audit.ts'
import type { Hit, Take } from './limits.ts'

type Door = {
  readonly limit: Hit['limit']
  readonly retryAt: number
  readonly closesAt: number
  /** When it was learned: a clock that has stepped back behind it opens the door, and the store judges anew. */
  readonly since: number
  readonly refused: number
  /** Of the first who was refused: what the closing event tells of him. */
  readonly event: AuditEvent
}

export type Doors = ReturnType<typeof doors>

/** Doors known at once. Above it the oldest is told of early; each was paid for with as many writes as its limit has. */
const most = 4_096

/** Empty at first. `close` gets the event of each window that is over. */
export function doors(close: (event: AuditEvent) => void) {
  const known = new Map<string, Door>()
  // One key may be counted in several windows: a full one says nothing of a larger one.
  const nameOf = ({ key, windows }: Take): string => key + windows.map(({ max, ms }) => `:${max}/${ms}`).join('')

  const tell = (name: string, door: Door, at: number): void => {
    known.delete(name)
    close({ ...door.event, at, name: 'limit.closed', because: `${door.limit}: ${door.refused} refused` })
  }
  const learn = (name: string, hit: Hit, at: number, event: AuditEvent): void => {
    const old = known.get(name)
    if (old && old.closesAt <= at) tell(name, old, at)
    const before = known.get(name)
    const { limit, retryAt, closesAt } = hit
    const refused = (before?.refused ?? 0) + 1
    known.set(name, { limit, retryAt, closesAt, since: at, refused, event: before?.event ?? event })
    const [oldest] = known
    if (known.size > most && oldest) tell(...oldest, at)
  }

  return {
    /** Which of these takes are known to be full; counts who stands before them. */
    shut(takes: readonly Take[], at: number): Hit[] {
      return takes.flatMap((take): Hit[] => {
        const name = nameOf(take)
        const door = known.get(name)
        if (!door || door.retryAt <= at || door.since > at) return []
        known.set(name, { ...door, refused: door.refused + 1 })
        const { limit, retryAt, closesAt } = door
        return [{ limit, key: take.key, retryAt, closesAt, first: false }]
      })
    },
    /** Takes that the store found full. */
    learn(takes: readonly Take[], hits: readonly Hit[], at: number, event: AuditEvent): void {
      for (const hit of hits) {
        const take = takes.find((one) => one.key === hit.key)
        if (take) learn(nameOf(take), hit, at, event)
      }
    },
    /** Tells of every window that is over; of all that are known when the process ends (`at` is then still the time). */
    settle(at: number, all = false): void {
      for (const [name, door] of known) if (all || door.closesAt <= at || door.since > at) tell(name, door, at)
    },
  }
}
