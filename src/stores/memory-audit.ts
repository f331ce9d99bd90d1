/** The reference for the audit's chain: segments over events, and what may be taken out beside them. */
import type { AuditEvent } from '../engine/audit.ts'
import type { AuditStore } from '../engine/ports.ts'
import { type AuditRow, beginning, type Link, type Segment } from '../engine/seal.ts'
import { type Chain, note, type Rows } from './memory-rows.ts'

/** A chain that has not begun. */
export const chain = (): Chain => ({ segments: [], checkpoint: null, shortened: new Set() })

/** The event alone, without what sealing put beside it. */
export function eventOf(row: AuditRow): AuditEvent & { seq: number } {
  const { accountKey: _, personal: __, salt: ___, seal: ____, erasedBy: _____, ...event } = row
  return event
}

/** `Store.audit`. */
export function auditOf(rows: Rows): AuditStore {
  const { chain } = rows
  const replace = (seq: number, change: (row: AuditRow) => AuditRow): void => {
    // Nothing but the oldest is ever removed: numbers and places go together.
    const at = seq - (rows.events[0]?.seq ?? 0)
    if (rows.events[at]) rows.events[at] = change(rows.events[at])
  }
  return {
    tip: async () => tipOf(chain),
    checkpoint: async () => chain.checkpoint,
    segments: async (after, most) => chain.segments.filter(({ number }) => number > after).slice(0, most),
    rows: async (after, most) => rows.events.filter(({ seq }) => seq > after).slice(0, most),
    about: async ({ accountId, addressKeys }, after, most) => {
      const own = rows.events.filter((row) => row.accountId === accountId)
      const challenges = new Set(own.map((row) => row.challengeId))
      const isTheirs = (row: AuditRow): boolean =>
        row.accountId === accountId ||
        (row.accountId === null && row.challengeId !== null && challenges.has(row.challengeId))
      const addresses = new Set([...addressKeys, ...rows.events.filter(isTheirs).map((row) => row.addressKey)])
      return rows.events
        .filter((row) => isTheirs(row) || (row.accountId === null && addresses.has(row.addressKey ?? '')))
        .filter(({ seq, seal, salt }) => seq > after && (seal === null || salt !== null))
        .slice(0, most)
        .map(({ seq }) => seq)
    },
    newest: async () => rows.eventSeqs,
    seal: async (segment, seals) => {
      const tip = tipOf(chain) ?? beginning
      if (!follows(segment, tip)) return false
      chain.segments = [...chain.segments, segment]
      for (const { seq, ...beside } of seals) replace(seq, (row) => ({ ...row, ...beside }))
      return true
    },
    whole: async (at, most) => {
      const whole = chain.segments.filter(({ number }) => !chain.shortened.has(number)).slice(0, most)
      const newer = whole.findIndex(({ newest }) => newest > at)
      return newer < 0 ? whole : whole.slice(0, newer)
    },
    shorten: async (segments, events, event) => {
      const known = new Set(chain.segments.map(({ number }) => number))
      if (segments.some((number) => chain.shortened.has(number) || !known.has(number))) return false
      for (const number of segments) chain.shortened.add(number)
      for (const { seq, network, salt } of events) {
        replace(seq, (row) => (row.salt?.startsWith('w') ? { ...row, network, salt, agent: '' } : row))
      }
      note(rows, event)
      return true
    },
    erase: async (seqs, accountKey, event) => {
      note(rows, event)
      const erasedBy = rows.eventSeqs
      replace(erasedBy, (row) => ({ ...row, accountKey }))
      for (const seq of seqs) {
        replace(seq, (row) => (row.seal === null || row.salt === null ? row : { ...row, ...nobodys, erasedBy }))
      }
    },
    remove: async (upTo, event) => {
      const from = chain.checkpoint?.number ?? 0
      if (upTo.number <= from || !chain.segments.some(({ number }) => number === upTo.number)) return false
      chain.segments = chain.segments.filter(({ number }) => number > upTo.number)
      chain.checkpoint = upTo
      rows.events = rows.events.filter(({ seq }) => seq > upTo.last)
      note(rows, event)
      return true
    },
  }
}

const nobodys = { accountId: null, network: '', agent: '', salt: null }

const tipOf = ({ segments, checkpoint }: Chain): Link | null => {
  const tip = segments.at(-1) ?? checkpoint
  return tip && { number: tip.number, last: tip.last, digest: tip.digest }
}

const follows = (segment: Segment, tip: Link): boolean =>
  segment.number === tip.number + 1 && segment.first === tip.last + 1 && segment.previous === tip.digest
