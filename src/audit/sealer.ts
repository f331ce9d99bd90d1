/**
 * Seals what was noted, beside the requests and never within one: the next events are read, sealed, and joined to the
 * chain as one segment. Any number of processes may seal; the store lets one of them join a given segment.
 */
import { type AuditEvent, event, nobody } from '../engine/audit.ts'
import { fresh } from '../engine/keys.ts'
import type { Kit } from '../engine/ports.ts'
import { type AuditRow, beginning, type Link, sealEvent, segmentOf } from '../engine/seal.ts'

type Needs = Pick<Kit, 'store' | 'clock' | 'random' | 'keys'>

/** Events of one segment, at most: their digests are a millisecond or two, in which no request is answered. */
const most = 128
/** A segment spans no more, so that what is kept for days goes on its day. Milliseconds. */
const longest = 24 * 3600 * 1000

/** What became of sealing: events sealed, the chain's end, and what was found amiss on the way. */
export type Sealed = { readonly events: number; readonly tip: Link | null; readonly amiss: readonly string[] }

/**
 * Seals all that waits, or `segments` of it. `known` is the end of the chain as this process saw it last: a chain that
 * does not hold it any more is told of, by an event too, and sealed on.
 */
export async function seal(
  kit: Needs,
  known: Link | null = null,
  segments = Number.POSITIVE_INFINITY,
): Promise<Sealed> {
  const { audit } = kit.store
  const amiss: string[] = []
  let tip = await audit.tip()
  const broken = await brokenSince(kit, known, tip)
  if (broken) amiss.push(broken)
  let events = 0
  for (let joined = 0; joined < segments; joined++) {
    const rows = ofOneSpan(await audit.rows(tip?.last ?? 0, most))
    if (rows.length === 0) break
    const before = sealedBefore(rows)
    if (before) {
      // Another process may have sealed them since we read where the chain ends: then it ends elsewhere by now.
      const now = await audit.tip()
      if (now?.number !== tip?.number) {
        tip = now
        continue
      }
      amiss.push(before)
    }
    const keys = kit.keys.current
    const seals = rows.map((row) => ({ ...sealEvent(keys, row, fresh(kit.random, 16)), at: row.at }))
    const segment = segmentOf(keys, tip ?? beginning, seals, kit.clock.now())
    const won = await audit.seal(
      segment,
      seals.map(({ at: _, ...one }) => one),
    )
    if (won) events += rows.length
    tip = await audit.tip()
  }
  for (const because of amiss) await kit.store.note(brokenEvent(kit, because))
  return { events, tip, amiss }
}

/** Whether the chain still holds what was its end. */
async function brokenSince(kit: Needs, known: Link | null, tip: Link | null): Promise<string | null> {
  const { audit } = kit.store
  if (tip && (await audit.newest()) < tip.last)
    return `events up to ${tip.last} were sealed and the newest of them are gone`
  if (!known) return null
  const [segment] = await audit.segments(known.number - 1, 1)
  if (segment?.number === known.number) {
    return segment.digest === known.digest ? null : `segment ${known.number} is not the one that was sealed`
  }
  const checkpoint = await audit.checkpoint()
  return checkpoint && checkpoint.number >= known.number ? null : `segment ${known.number} was sealed and is gone`
}

/** Events behind the chain's end bear no seal, unless a segment was taken away from over them. */
function sealedBefore(rows: readonly AuditRow[]): string | null {
  const seqs = rows.filter((row) => row.seal !== null).map(({ seq }) => seq)
  return seqs.length === 0 ? null : `events ${seqs[0]} to ${seqs.at(-1)} were sealed in a segment that is gone`
}

function ofOneSpan(rows: readonly AuditRow[]): readonly AuditRow[] {
  const later = rows.findIndex(({ at }) => Math.abs(at - rows[0]!.at) > longest)
  return later < 0 ? rows : rows.slice(0, later)
}

const brokenEvent = (kit: Needs, because: string): AuditEvent =>
  event(kit.clock.now(), 'audit.broken', nobody, { because })
