/**
 * How long what stands beside the seal is kept: networks are cut and agents emptied after `networkDays`, whole segments
 * go after `days`, and a checkpoint stays in their place. Each run that does something is an event. Days are whole ones
 * of UTC, so that this is done once a day and not with every event that comes of age.
 */
import { type AuditEvent, type EventName, event, nobody } from '../engine/audit.ts'
import type { Kit, Store } from '../engine/ports.ts'
import { checkpointAfter, isSegment, type Segment, shortenedEvent } from '../engine/seal.ts'

/** Whole days; counted from the end of the day on which an event was noted. */
export type Kept = {
  /** Events. Default: 180. */
  readonly days: number
  /** Whole network addresses and user agents. Default: 30. */
  readonly networkDays: number
}

/** Of the European data-protection authorities' advice the usual middle, and a month for addresses. */
export const standardKept: Kept = { days: 180, networkDays: 30 }

type Needs = Pick<Kit, 'store' | 'clock' | 'keys'>

/** Sentences about what cannot be kept so; none when it can. */
export function refuseKept({ days, networkDays }: Kept): string[] {
  const isDays = (value: unknown, top: number): boolean =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= top
  return [
    ...(isDays(days, 365) ? [] : [`audit.days: expected whole days from 1 to 365, got ${days}.`]),
    ...(isDays(networkDays, 365) ? [] : [`audit.networkDays: expected whole days from 1 to 365, got ${networkDays}.`]),
  ]
}

/** What a run has done; `stuckAt`: the altered segment that it may not remove, and so nothing after it. */
export type KeptRun = { readonly shortened: number; readonly removed: number; readonly stuckAt: number | null }

/** Shortens and removes what has come of age, of each not much more than `most` events. Only what is sealed: seal first. */
export async function keep(kit: Needs, kept: Kept, most = Number.POSITIVE_INFINITY): Promise<KeptRun> {
  const { removed, stuckAt } = await removeOld(kit, cutoff(kit, kept.days), most)
  return { shortened: await shortenOld(kit, cutoff(kit, kept.networkDays), most), removed, stuckAt }
}

/** The last moment that is old enough. */
function cutoff(kit: Needs, days: number): number {
  const now = kit.clock.now()
  return now - (now % day) - days * day - 1
}
const day = 24 * 3600 * 1000

/** Events of one step, at most, so that no step holds the database for long. */
const step = 1000
/** Segments that are looked at for one step. */
const segmentStep = 200

async function shortenOld(kit: Needs, at: number, most: number): Promise<number> {
  let total = 0
  while (total < most) {
    const segments = upTo(step, await kit.store.audit.whole(at, segmentStep))
    if (segments.length === 0) break
    const rows = await rowsOf(kit.store, segments)
    const cut = rows.filter((row) => row.salt?.startsWith('w')).map(shortenedEvent)
    const numbers = segments.map(({ number }) => number)
    const noted = tell(kit, 'audit.shortened', `events to ${segments.at(-1)!.last}`)
    if (await kit.store.audit.shorten(numbers, cut, noted)) total += cut.length
  }
  return total
}

async function removeOld(kit: Needs, at: number, most: number): Promise<Omit<KeptRun, 'shortened'>> {
  let removed = 0
  while (removed < most) {
    const from = (await kit.store.audit.checkpoint())?.number ?? 0
    const found = await kit.store.audit.segments(from, segmentStep)
    const newer = found.findIndex(({ newest }) => newest > at)
    const { gone, stuckAt } = await mayGo(kit, upTo(step, newer < 0 ? found : found.slice(0, newer)), at)
    const last = gone.at(-1)
    if (!last) return { removed, stuckAt }
    const noted = tell(kit, 'audit.removed', `events ${gone[0]!.first} to ${last.last}`)
    const checkpoint = checkpointAfter(kit.keys.current, last, kit.clock.now())
    if (await kit.store.audit.remove(checkpoint, noted)) removed += gone.reduce((sum, { count }) => sum + count, 0)
  }
  return { removed, stuckAt: null }
}

/**
 * Which of them may be removed. One that was altered stays until somebody has looked, and what came after it: its age is not
 * to be believed. One whose key is gone goes once a later one, which is genuine, is old enough.
 */
async function mayGo(
  kit: Needs,
  segments: readonly Segment[],
  at: number,
): Promise<{ gone: readonly Segment[]; stuckAt: number | null }> {
  const judged = segments.map((segment) => judge(kit, segment))
  const altered = judged.indexOf('altered')
  const sound = altered < 0 ? segments : segments.slice(0, altered)
  const last = sound.at(-1)
  if (!last) return { gone: [], stuckAt: segments[altered]?.number ?? null }
  if (await isVouchedFor(kit, last, at)) return { gone: sound, stuckAt: null }
  return { gone: sound.slice(0, judged.lastIndexOf('genuine', sound.length - 1) + 1), stuckAt: null }
}

async function isVouchedFor(kit: Needs, segment: Segment, at: number): Promise<boolean> {
  for (let one: Segment | undefined = segment; one; ) {
    const judged = judge(kit, one)
    if (judged !== 'unknown') return judged === 'genuine' && one.newest <= at
    const later: Segment[] = await kit.store.audit.segments(one.number, segmentStep)
    one = later.find((next) => judge(kit, next) !== 'unknown') ?? later.at(-1)
  }
  return false
}

/** The first of them that hold no more events than this together, at least one. */
function upTo(most: number, segments: readonly Segment[]): readonly Segment[] {
  let events = 0
  const over = segments.findIndex(({ count }, index) => {
    events += count
    return index > 0 && events > most
  })
  return over < 0 ? segments : segments.slice(0, over)
}

async function rowsOf(store: Store, segments: readonly Segment[]) {
  const last = segments.at(-1)!.last
  const rows = await store.audit.rows(
    segments[0]!.first - 1,
    segments.reduce((sum, { count }) => sum + count, 0),
  )
  return rows.filter(({ seq }) => seq <= last)
}

function judge(kit: Needs, segment: Segment): 'genuine' | 'altered' | 'unknown' {
  const keys = kit.keys.find(segment.keyId)
  if (!keys) return 'unknown'
  return isSegment(keys, segment) ? 'genuine' : 'altered'
}

const tell = (kit: Needs, name: EventName, because: string): AuditEvent =>
  event(kit.clock.now(), name, nobody, { because })
