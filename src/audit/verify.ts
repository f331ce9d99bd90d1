/**
 * Walks the chain from its checkpoint to its end and tells everything that is not as it was sealed. Reads only, and holds
 * one segment at a time, however long the chain is.
 */
import type { Keyring, Keys } from '../engine/keys.ts'
import type { Store } from '../engine/ports.ts'
import {
  type AuditRow,
  beginning,
  contentOf,
  isAsSealed,
  isCheckpoint,
  isSegment,
  type Link,
  personalState,
  type Segment,
} from '../engine/seal.ts'
import type { Finding } from './findings.ts'
import { takenOut } from './taken-out.ts'

/** What a walk has seen, besides what it found. */
export type Walked = {
  readonly segments: number
  readonly events: number
  /** Noted since the last segment: not sealed yet. */
  readonly unsealed: number
  /** Time of the oldest of them. */
  readonly unsealedSince: number | null
  readonly tip: Link | null
  /** The last segment that retention has removed; 0 when none was. */
  readonly removedTo: number
}

/** Checks everything; `found` is told of each finding as it comes. */
export async function verify(store: Store, keys: Keyring, found: (finding: Finding) => void): Promise<Walked> {
  const { audit } = store
  const start = await beginningOf(store, keys, found)
  const out = takenOut(found)
  let tip: Link = start
  let segments = 0
  let events = 0
  for (let after = start.number; ; ) {
    const page = await audit.segments(after, pageOfSegments)
    if (page.length === 0) break
    for (const segment of page) {
      const rows = await rowsOf(store, segment)
      joins(tip, segment, found)
      holds(keys.find(segment.keyId), segment, rows, found)
      for (const row of rows) out.see(row)
      tip = segment
      segments++
      events += rows.length
    }
    after = page.at(-1)!.number
  }
  const rest = await unsealedAfter(store, tip.last, out, found)
  out.end()
  return { segments, events, ...rest, tip: tip.number > 0 ? tip : null, removedTo: start.number }
}

const pageOfSegments = 100
/** Of one segment no more rows than this are read, whoever put them there. */
const mostRows = 1000

async function beginningOf({ audit }: Store, keys: Keyring, found: (finding: Finding) => void): Promise<Link> {
  const checkpoint = await audit.checkpoint()
  if (!checkpoint) return beginning
  const known = keys.find(checkpoint.keyId)
  if (!known) found({ kind: 'checkpoint-key', keyId: checkpoint.keyId })
  else if (!isCheckpoint(known, checkpoint)) found({ kind: 'checkpoint-altered' })
  return checkpoint
}

async function rowsOf({ audit }: Store, { first, last, count }: Segment): Promise<AuditRow[]> {
  const rows = await audit.rows(first - 1, Math.min(Math.max(count, 0), mostRows) + 50)
  return rows.filter(({ seq }) => seq <= last)
}

/** Whether a segment follows the one before it. */
function joins(before: Link, segment: Segment, found: (finding: Finding) => void): void {
  const { number } = segment
  if (number > before.number + 1) found({ kind: 'segments-missing', first: before.number + 1, last: number - 1 })
  else if (segment.previous !== before.digest) found({ kind: 'segment-joins-not', number })
}

/** Whether a segment and its events are as they were sealed. */
function holds(
  keys: Keys | null,
  segment: Segment,
  rows: readonly AuditRow[],
  found: (finding: Finding) => void,
): void {
  for (const finding of findingsOf(keys, segment, rows)) found(finding)
}

function findingsOf(keys: Keys | null, segment: Segment, rows: readonly AuditRow[]): Finding[] {
  const { number, keyId } = segment
  if (!keys) return [{ kind: 'segment-key', number, keyId }]
  if (!isSegment(keys, segment)) return [{ kind: 'segment-altered', number }]
  const findings = rows.map((row) => findingOf(keys, row)).filter((finding) => finding !== null)
  findings.push(...missingOf(segment, rows))
  const isWhole = findings.length > 0 || contentOf(keys, rows) === segment.content
  return isWhole ? findings : [{ kind: 'segment-holds-not', number }]
}

function findingOf(keys: Keys, row: AuditRow): Finding | null {
  const { seq } = row
  if (row.seal === null) return { kind: 'event-added', seq }
  if (!isAsSealed(keys, row)) return { kind: 'event-altered', seq }
  if (personalState(keys, row) === 'altered') return { kind: 'person-altered', seq }
  return row.name === 'audit.broken' ? { kind: 'broken', seq, at: row.at, because: row.because ?? '' } : null
}

/** Which are gone can be said where none was missing from the start. */
function missingOf({ number, first, last, count }: Segment, rows: readonly AuditRow[]): Finding[] {
  const sealed = rows.filter(({ seal }) => seal !== null)
  const missing = count - sealed.length
  if (missing <= 0) return []
  if (count < last - first + 1) return [{ kind: 'events-missing', number, missing, seqs: [] }]
  const there = new Set(sealed.map(({ seq }) => seq))
  const seqs = Array.from({ length: count }, (_, index) => first + index).filter((seq) => !there.has(seq))
  return [{ kind: 'events-missing', number, missing, seqs }]
}

/** What came after the chain's end bears no seal, unless the end was cut off. */
async function unsealedAfter(
  { audit }: Store,
  last: number,
  out: ReturnType<typeof takenOut>,
  found: (finding: Finding) => void,
): Promise<{ unsealed: number; unsealedSince: number | null }> {
  let unsealed = 0
  let unsealedSince: number | null = null
  let cutOff: [number, number] | null = null
  for (let after = last; ; ) {
    const rows = await audit.rows(after, mostRows)
    if (rows.length === 0) break
    for (const row of rows) {
      if (row.seal !== null) cutOff = [cutOff?.[0] ?? row.seq, row.seq]
      unsealedSince ??= row.at
      out.see(row)
    }
    unsealed += rows.length
    after = rows.at(-1)!.seq
  }
  if (cutOff) found({ kind: 'end-cut-off', first: cutOff[0], last: cutOff[1] })
  return { unsealed, unsealedSince }
}
