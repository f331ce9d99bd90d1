/**
 * Sends what the outbox promised: lease the next letters, issue each, write it, send it, mark it or back off. It runs
 * beside the requests, never within one. A letter held by a worker that died is taken over when its lease ends.
 */
import { type AuditEvent, event, nobody } from '../engine/audit.ts'
import { finishChanges } from '../engine/elsewhere.ts'
import type { Flow } from '../engine/flow.ts'
import { issue } from '../engine/issue.ts'
import { fresh } from '../engine/keys.ts'
import { Fault, MailRefusal, MailServerGone } from '../engine/outcome.ts'
import type { Kit, Leased, Letter, Mailer, Settlement } from '../engine/ports.ts'
import { resting } from './rest.ts'
import { type Letterhead, written } from './written.ts'

/** What the worker is made of. */
export type WorkerParts = Letterhead & {
  readonly kit: Kit
  readonly flows: readonly Flow[]
  readonly mailer: Mailer
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
}

export type Worker = {
  start(): void
  /** Sends all that is due now and answers how many letters had their turn; for tests and one-off runs. */
  drain(): Promise<number>
  /** Ends the waiting, lets letters on the way finish for five seconds, gives the others back. */
  stop(): Promise<void>
}

/** How long a letter is held; renewed while it is on its way. */
const leaseMs = 12_000
const pollMs = 1_000
const sendMs = 30_000
const stopMs = 5_000
const cleanMs = 60_000
const finishMs = 5_000

/** A clock that is set back by less is one that is being kept right. */
const backMs = 5_000

/**
 * After a clock was set back, makes due now what was due by the old time: else it would wait until the new one comes
 * there. What is on its way then is left alone.
 */
function catchUp({ store, clock, random }: Pick<Kit, 'store' | 'clock' | 'random'>): (now: number) => Promise<void> {
  let last = clock.now()
  return async (now) => {
    const before = last
    last = now
    if (now >= before - backMs) return
    const lease = fresh(random, 16)
    const waiting: Letter[] = []
    for (let full = true; full; ) {
      const some = await store.lease(most, before, before + leaseMs, lease)
      waiting.push(...some.map(({ letter }) => letter))
      full = some.length === most
    }
    for (const { id } of waiting) await store.settle(id, lease, now, { kind: 'given-back' }, null)
  }
}

/** Letters in one such step. */
const most = 200

/** A worker over one store and one mailer. */
export function worker(parts: WorkerParts): Worker {
  const { kit } = parts
  const afterSetBack = catchUp(kit)
  const rest = resting(kit)
  /** Letters on their way, each with the lease that it came under. */
  const running = new Map<Promise<void>, { readonly abort: AbortController; readonly lease: string }>()
  let stopped = true
  let loop: Promise<void> | null = null
  let awake: (() => void) | null = null
  let signalled = false
  /** Whether more waited than there was room for: then whoever is done makes room at once. */
  let backlog = false
  const wake = (): void => {
    signalled = true
    awake?.()
  }
  kit.store.onLetter(wake)

  const begin = (leased: Leased): void => {
    const abort = new AbortController()
    const turn = sendOne(parts, leased, abort.signal, rest.learn).catch((error: unknown) =>
      parts.log('error', 'a letter could not be settled; its lease will end', { error: String(error) }),
    )
    const done = turn.finally(() => {
      running.delete(done)
      wake()
    })
    running.set(done, { abort, lease: leased.lease })
  }

  /**
   * A lease of its own each time, and only those are renewed of which letters are on their way: what was leased and the
   * answer lost, or sent and never settled, is due again when its lease ends, however busy we are.
   */
  const take = (count: number, now: number): Promise<Leased[]> =>
    kit.store.lease(count, now, now + leaseMs, fresh(kit.random, 16))
  const renew = async (now: number): Promise<void> => {
    const leases = new Set([...running.values()].map(({ lease }) => lease))
    for (const lease of leases) await kit.store.renew(lease, now + leaseMs)
  }

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      awake = () => {
        awake = null
        clearTimeout(timer)
        // A little later, at a time of chance: so that the work for one ask never falls upon the next answer.
        setTimeout(resolve, stopped || backlog ? 0 : 5 + kit.random.fraction() * 25)
      }
      if (signalled) awake()
      signalled = false
    })

  /** Beside the letters, which do not wait for it: there may be much to clean after an attack. */
  const clean = async (): Promise<void> => {
    try {
      await kit.store.purge(kit.clock.now())
    } catch (error) {
      parts.log('error', 'what is long over could not be removed', { error: String(error) })
    }
  }

  /** Changes of passwords that were cut off while the host's functions set them. */
  const finish = async (): Promise<void> => {
    try {
      await finishChanges(kit)
    } catch (error) {
      parts.log('error', 'changes of passwords that are pending could not be looked at', { error: String(error) })
    }
  }

  async function run(): Promise<void> {
    let renewed = kit.clock.now()
    let finished = Number.NEGATIVE_INFINITY
    let finishing: Promise<void> | null = null
    let cleaned = 0
    let cleaning: Promise<void> | null = null
    while (!stopped) {
      try {
        const now = kit.clock.now()
        await afterSetBack(now)
        if (running.size > 0 && now - renewed > leaseMs / 3) {
          await renew(now)
          renewed = now
        }
        const room = rest.room(parts.mailer.width - running.size, running.size > 0)
        const leased = room > 0 ? await take(room, now) : []
        leased.forEach(begin)
        if (room > 0) backlog = leased.length === room
        if (rest.left() > 0) await wait(Math.min(rest.left(), pollMs))
        else if (leased.length < room || room <= 0) await wait(await pause(kit, now, running.size > 0))
        if (kit.elsewhere && finishing === null && performance.now() - finished > finishMs) {
          finished = performance.now()
          finishing = finish().finally(() => {
            finishing = null
          })
        }
        if (cleaning === null && performance.now() - cleaned > cleanMs) {
          cleaned = performance.now()
          cleaning = clean().finally(() => {
            cleaning = null
          })
        }
      } catch (error) {
        parts.log('error', 'the outbox does not answer', { error: String(error) })
        await wait(pollMs)
      }
    }
    await cleaning
    // A host that hangs keeps nobody from stopping: what is pending is found again.
    await Promise.race([finishing, new Promise((resolve) => setTimeout(resolve, stopMs).unref())])
  }

  return {
    start() {
      if (!stopped) return
      stopped = false
      loop = run()
    },
    async drain() {
      let turns = 0
      await finishChanges(kit)
      for (;;) {
        const now = kit.clock.now()
        await afterSetBack(now)
        const leased = await take(parts.mailer.width, now)
        if (leased.length === 0) return turns
        turns += leased.length
        leased.forEach(begin)
        await Promise.all(running.keys())
      }
    },
    async stop() {
      if (stopped) return
      stopped = true
      wake()
      await loop
      const timer = setTimeout(() => {
        for (const { abort } of running.values()) abort.abort()
      }, stopMs)
      await Promise.allSettled(running.keys())
      clearTimeout(timer)
    },
  }
}

async function pause(kit: Kit, now: number, busy: boolean): Promise<number> {
  const due = await kit.store.nextDue(now)
  const most = busy ? leaseMs / 4 : pollMs
  return due === null ? most : Math.max(5, Math.min(most, due))
}

/** `learn` is told whether the mail server was there. */
async function sendOne(
  parts: WorkerParts,
  leased: Leased,
  stopping: AbortSignal,
  learn: (isThere: boolean) => void,
): Promise<void> {
  const { kit } = parts
  const { letter } = leased
  const settle = (settlement: Settlement, noted: AuditEvent | null) =>
    kit.store.settle(letter.id, leased.lease, kit.clock.now(), settlement, noted)
  const flow = parts.flows.find((one) => one.name === letter.flow)
  if (!flow) {
    await settle({ kind: 'dropped' }, failed(kit, letter, 'the flow is not enabled any more'))
    return
  }
  const issued = await issue(kit, flow, letter).catch((error: unknown) => {
    if (!(error instanceof Fault) || error.code !== 'accounts') throw error
    return error
  })
  // Whose accounts do not answer is not told that there is none: the letter waits.
  if (issued instanceof Fault) return backOff(parts, leased, issued.message, false, settle)
  if (issued.kind === 'drop') {
    await settle({ kind: 'dropped' }, issued.event)
    return
  }
  if (issued.kind === 'split') {
    await settle(issued.settlement, issued.event)
    return
  }
  try {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(sendMs)])
    await parts.mailer.send(await written(parts, flow, letter, issued), signal)
    learn(true)
    await settle({ kind: 'sent' }, issued.event)
  } catch (error) {
    if (stopping.aborted) return void (await settle({ kind: 'given-back' }, null))
    learn(!(error instanceof MailServerGone))
    await backOff(parts, leased, reasonOf(error, issued.proof?.secret ?? ''), error instanceof MailRefusal, settle)
  }
}

async function backOff(
  parts: WorkerParts,
  leased: Leased,
  because: string,
  refused: boolean,
  settle: (settlement: Settlement, noted: AuditEvent | null) => Promise<boolean>,
): Promise<void> {
  const { kit } = parts
  const at = kit.clock.now() + delay(leased, refused, kit.random.fraction())
  const fields = { letter: leased.letter.id, kind: leased.letter.kind, attempt: leased.attempts + 1, because }
  const told = refused ? 'the mail server refuses a letter' : 'a letter was not taken'
  parts.log('warn', `${told}; it will be tried again`, { ...fields, at: new Date(at).toISOString() })
  const noted = refused ? failed(kit, leased.letter, 'refused by the mail server') : null
  await settle({ kind: 'again', at, because }, noted)
}

/**
 * Two seconds, doubled each time, a minute at most (a notice: a quarter of an hour), with a fifth of jitter. A letter that
 * was refused is tried as long, but seldom: a server that is set up wrongly refuses everybody "for good" until it is
 * mended, and a mailbox that is not there should not be knocked at all day.
 */
function delay(leased: Leased, refused: boolean, fraction: number): number {
  const [first, most] = refused ? [60_000, 6 * 3600_000] : [2_000, leased.letter.kind === 'proof' ? 60_000 : 900_000]
  return Math.min(first * 2 ** Math.min(leased.attempts, 20), most) * (0.8 + 0.4 * fraction)
}

/** Why a letter did not leave, as it may be kept: servers and senders quote letters, so what this one holds is cut out. */
function reasonOf(error: unknown, secret: string): string {
  const message = error instanceof Error ? error.message : 'unknown'
  const spaced = /^\d+$/.test(secret) ? new RegExp([...secret].join('[\\s-]*'), 'g') : null
  const hushed = (spaced ? message.replaceAll(spaced, '…') : message).replaceAll(/[\w+/=-]{24,}/g, '…')
  return hushed.slice(0, 200)
}

const failed = (kit: Kit, letter: Letter, because: string): AuditEvent =>
  event(kit.clock.now(), 'letter.failed', nobody, {
    flow: letter.flow,
    accountId: letter.accountId,
    challengeId: letter.challengeId,
    because,
  })
