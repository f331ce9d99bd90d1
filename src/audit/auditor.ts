/**
 * The life of the audit beside the requests: seals what waits every few seconds, gives the chain's end away every minute
 * in which it moved, and removes what is old. It runs where the worker runs, in any number of processes.
 */
import { keyring } from '../engine/keys.ts'
import type { Alarm, Kit } from '../engine/ports.ts'
import { headOf, type Link } from '../engine/seal.ts'
import { type GiveHead, giver } from './give.ts'
import { type Kept, type KeptRun, keep, standardKept } from './keep.ts'
import { type Sealed, seal } from './sealer.ts'

/** What can be set. */
export type AuditOptions = {
  /** Days that events are kept, 1 to 365. Default: 180. */
  readonly days?: number
  /** Days after which network addresses are cut to /24 or /48 and user agents emptied, 1 to 365. Default: 30. */
  readonly networkDays?: number
  /** Where signed heads of the chain go beside the log: a file, to which lines are added, or a function. */
  readonly heads?: string | GiveHead
  /** Earlier secrets that are in `secretFallbacks` no longer: what they sealed is checked with them, nothing else. */
  readonly secrets?: readonly string[]
}

/** Days as they were set, else the standard ones. */
export const keptOf = ({ days, networkDays }: AuditOptions = {}): Kept => ({
  days: days ?? standardKept.days,
  networkDays: networkDays ?? standardKept.networkDays,
})

/** What the auditor is made of. */
export type AuditorParts = {
  readonly kit: Pick<Kit, 'store' | 'clock' | 'random' | 'keys'>
  readonly options: AuditOptions
  readonly alarm: Alarm
  /** In development nobody keeps heads: the log has them at the level `debug` alone. */
  readonly development?: boolean
  readonly log: (level: 'debug' | 'info' | 'error', message: string, fields: Record<string, unknown>) => void
}

export type Auditor = {
  start(): void
  /** Seals all that waits, and gives away the chain's end; for tests and one-off runs. */
  seal(): Promise<Sealed>
  /** Shortens and removes all whose time has come. */
  keep(): Promise<KeptRun>
  /** Ends the waiting and seals what is left, of much no more than takes a moment: the rest waits for the next start. */
  stop(): Promise<void>
}

const sealMs = 10_000
const headMs = 60_000
const keepMs = 3600_000
/** Events that one round shortens or removes. */
const mostAtOnce = 20_000
/** What is sealed on the way out, in segments. */
const parting = 50

/** An auditor over one store. */
export function auditor({ kit, options, alarm, log, development = false }: AuditorParts): Auditor {
  const give = giver(options.heads, log, development ? 'debug' : 'info')
  const kept = keptOf(options)
  let known: Link | null = null
  let given = 0
  let gaveAt = Number.NEGATIVE_INFINITY
  let keptAt = Number.NEGATIVE_INFINITY
  let stopped = true
  let loop: Promise<void> | null = null
  let awake: (() => void) | null = null

  async function sealed(segments?: number): Promise<Sealed> {
    const done = await seal(kit, known, segments)
    known = done.tip
    for (const because of done.amiss) log('error', 'the audit was meddled with', { because })
    if (done.amiss.length > 0) alarm('audit-broken')
    return done
  }

  async function giveHead(): Promise<void> {
    if (!known || known.number <= given) return
    await give(headOf(kit.keys.current, known, kit.clock.now()))
    given = known.number
    gaveAt = performance.now()
  }

  async function round(): Promise<void> {
    await sealed()
    if (performance.now() - gaveAt > headMs) await giveHead()
    if (performance.now() - keptAt < keepMs) return
    const { shortened, removed, stuckAt } = await keep(kit, kept, mostAtOnce)
    if (stuckAt !== null) {
      log('error', 'a segment of the audit was altered: it stays, and what came after it', { segment: stuckAt })
      alarm('audit-broken')
    }
    // Of a backlog some goes with each round, so that sealing does not wait for all of it.
    if (shortened < mostAtOnce && removed < mostAtOnce) keptAt = performance.now()
  }

  /** A fault is told of, and the next round tries again. */
  async function attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      log('error', 'the audit could not be sealed or kept; it is tried again', { error: String(error) })
    }
  }

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      awake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  async function run(): Promise<void> {
    // At times of chance, so that processes that were started together do not all do the same work.
    await wait(sealMs * kit.random.fraction())
    while (!stopped) {
      await attempt(round)
      if (!stopped) await wait(sealMs * (0.8 + 0.4 * kit.random.fraction()))
    }
    await attempt(async () => {
      await sealed(parting)
      await giveHead()
    })
  }

  return {
    start() {
      if (!stopped) return
      stopped = false
      loop = run()
    },
    async seal() {
      const done = await sealed()
      await giveHead()
      return done
    },
    keep: () => keep(kit, kept),
    async stop() {
      if (stopped) return
      stopped = true
      awake?.()
      await loop
    },
  }
}

/** The keys that the audit is read with. */
export const auditKeys = (
  secret: string,
  fallbacks: readonly string[] = [],
  { secrets = [] }: AuditOptions = {},
): ReturnType<typeof keyring> =>
  keyring(
    secret,
    [...new Set([...fallbacks, ...secrets])].filter((one) => one !== secret),
  )
