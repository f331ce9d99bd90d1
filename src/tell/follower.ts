/**
 * Tells somebody of events, in their order, from where it was left: the audit is the queue, and a setting remembers how far
 * it was told. An event is told again where a process died before it could remember; it is never left out while the
 * other side comes back within three days. Of any number of processes one tells at a time.
 */
import { type AuditEvent, event, nobody } from '../engine/audit.ts'
import { fresh } from '../engine/keys.ts'
import type { Kit, Setting } from '../engine/ports.ts'
import { isTold, type Told, toldOf } from './told.ts'

/** Whom to tell, and of what. */
export type Listener = {
  /** Stable: under it stands how far it was told. */
  readonly name: string
  readonly types: readonly string[]
  /** Throws where it must be told again. `signal` ends after fifteen seconds. */
  tell(told: Told, signal: AbortSignal): Promise<void>
}

/** How far a listener was told, as it stands in the database. */
type Place = {
  readonly seq: number
  /** Who tells now, and until when that holds. */
  readonly holder: string
  readonly until: number
  /** Tries of the next one that failed, since when, and when it is tried again. */
  readonly tries: number
  readonly since: number
  readonly again: number
}

type Needs = Pick<Kit, 'store' | 'clock' | 'random'>
type Log = (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void

export type Follower = {
  start(): void
  /** Tells all that waits, now, whatever is to be tried again later; for tests. */
  drain(): Promise<void>
  stop(): Promise<void>
}

const pollMs = 1_000
const leaseMs = 60_000
const tellMs = 15_000
/** What is on its way when this process ends has so long to get there; then it is told again by the next one. */
const partingMs = 3_000
const giveUpMs = 3 * 24 * 3600_000
/** Events that are read at once. */
const page = 200
/** Events of no interest after which the place is written down all the same. */
const mostPassed = 5_000

/** After the n-th failure: five seconds, doubled each time, half an hour at most. */
const backOff = (tries: number): number => Math.min(5_000 * 2 ** Math.min(tries - 1, 12), 1_800_000)

/** A follower; what is noted before its first start is not told. */
export function follower(kit: Needs, listener: Listener, log: Log): Follower {
  const { store, clock } = kit
  const name = `told.${listener.name}`
  const holder = fresh(kit.random, 9)
  /** Read, and of no interest; kept in memory, for to write each would cost more than to read it again. */
  let passed = 0
  let stopped = true
  let loop: Promise<void> | null = null
  let awake: (() => void) | null = null
  let ending = new AbortController()

  const read = async (): Promise<Setting | null> => (await store.settings()).find((one) => one.name === name) ?? null
  /** True where nobody else was first. */
  const write = (version: number, place: Place, noted: AuditEvent | null = null): Promise<boolean> =>
    store.setSetting({ name, value: JSON.stringify(place), version: version + 1 }, clock.now(), noted)

  /** Tells what waits, as far as it goes; answers after how many milliseconds to look again. */
  async function round(hurried = false): Promise<number> {
    const now = clock.now()
    const setting = await read()
    if (!setting) {
      const seq = await store.audit.newest()
      await write(0, { seq, holder: '', until: 0, tries: 0, since: 0, again: 0 })
      return 0
    }
    let place: Place = JSON.parse(setting.value!)
    let { version } = setting
    if (place.holder !== holder && place.until > now) return pollMs
    // A clock that stepped back must not make anybody wait longer than was meant.
    if (!hurried && place.again > now && place.again - now <= backOff(place.tries))
      return Math.min(place.again - now, pollMs)
    const events = await store.events(Math.max(place.seq, passed), page)
    const last = events.at(-1)?.seq ?? passed
    if (!events.some(isWanted)) {
      passed = Math.max(passed, last)
      if (passed - place.seq > mostPassed) await write(version, { ...place, seq: passed, tries: 0, since: 0, again: 0 })
      return events.length === page ? 0 : pollMs
    }
    const keep = async (next: Place, noted: AuditEvent | null = null): Promise<boolean> => {
      if (!(await write(version, next, noted))) return false
      version++
      place = next
      return true
    }
    if (!(await keep({ ...place, holder, until: now + leaseMs }))) return pollMs
    for (const one of events.filter(isWanted)) {
      const because = await attempt(one)
      const at = clock.now()
      const done: Place = { seq: one.seq, holder, until: at + leaseMs, tries: 0, since: 0, again: 0 }
      if (because === null) {
        if (stopped && !hurried) return keep({ ...done, until: 0 }).then(() => pollMs)
        if (!(await keep(done))) return pollMs
        continue
      }
      const [tries, since] = [place.tries + 1, place.since || at]
      log('warn', 'somebody could not be told of an event; it is tried again', {
        told: listener.name,
        event: one.seq,
        tries,
        because,
      })
      if (at - since >= giveUpMs) {
        log('error', 'somebody could not be told of an event in three days; it is passed over', {
          told: listener.name,
          event: one.seq,
        })
        await keep({ ...done, until: 0 }, failed(at, listener.name, one.seq))
      } else {
        const free = { ...place, seq: Math.max(place.seq, one.seq - 1), until: 0 }
        await keep({ ...free, tries, since, again: at + backOff(tries) })
      }
      return pollMs
    }
    await keep({ ...place, seq: last, until: 0 })
    return events.length === page ? 0 : pollMs
  }

  const isWanted = ({ name: type }: AuditEvent): boolean => isTold(type) && listener.types.includes(type)

  /** Null when it was told; else why not, without what an answer may have quoted. */
  async function attempt(one: AuditEvent & { seq: number }): Promise<string | null> {
    const signal = AbortSignal.any([AbortSignal.timeout(tellMs), ending.signal])
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })
    })
    try {
      await Promise.race([listener.tell(toldOf(one), signal), late])
      return null
    } catch (error) {
      return (error instanceof Error ? error.message : 'unknown').slice(0, 200)
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const ms = await round().catch((error) => {
        log('error', 'what others are to be told of could not be read; it is tried again', {
          told: listener.name,
          error: String(error),
        })
        return pollMs
      })
      if (ms === 0 || stopped) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        timer.unref()
        awake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  return {
    start() {
      if (!stopped) return
      stopped = false
      ending = new AbortController()
      loop = run()
    },
    async drain() {
      for (let rounds = 0; (await round(true)) === 0 && rounds < 10_000; rounds++);
    },
    async stop() {
      stopped = true
      awake?.()
      const timer = setTimeout(() => ending.abort(), partingMs)
      await loop
      clearTimeout(timer)
    },
  }
}

const failed = (at: number, name: string, seq: number): AuditEvent =>
  event(at, 'telling.failed', nobody, { because: `${name}: event ${seq}` })
