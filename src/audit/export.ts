/**
 * Events as they leave: one object or one row each, of any number in constant memory. Times are ISO 8601 in UTC. What
 * breaks lines, terminals or spreadsheets is written out or quoted.
 */
import type { AuditEvent } from '../engine/audit.ts'
import type { Store, Whom } from '../engine/ports.ts'

/** An event with its number. */
export type Numbered = AuditEvent & { readonly seq: number }

/** Which events: from a moment, before another, about one account. */
export type Wanted = { readonly from: number | null; readonly to: number | null; readonly whom: Whom | null }

const page = 1000

/** The events that are wanted, in order, some at a time, as they stood when it began. */
export async function* eventsOf(store: Store, { from, to, whom }: Wanted): AsyncGenerator<Numbered[]> {
  const last = await store.audit.newest()
  const isWanted = ({ at, seq }: Numbered): boolean =>
    seq <= last && (from === null || at >= from) && (to === null || at < to)
  for (let after = 0; after < last; ) {
    const about = whom && (await store.audit.about(whom, after, page))
    if (about?.length === 0) return
    const events = about ? await chosen(store, about) : await store.events(after, page)
    if (events.length === 0) return
    after = about?.at(-1) ?? events.at(-1)!.seq
    yield events.filter(isWanted)
  }
}

/** Those of these numbers, read in as few steps as they lie together. */
async function chosen(store: Store, seqs: readonly number[]): Promise<Numbered[]> {
  const wanted = new Set(seqs)
  const found: Numbered[] = []
  for (let at = 0; at < seqs.length; ) {
    const events = await store.events(seqs[at]! - 1, 100)
    found.push(...events.filter(({ seq }) => wanted.has(seq)))
    const reached = events.at(-1)?.seq ?? Number.POSITIVE_INFINITY
    while (at < seqs.length && seqs[at]! <= reached) at++
  }
  return found
}

/** Names of the fields, in the order of the columns. */
export const columns = [
  ...['seq', 'time', 'name', 'flow', 'account', 'address_key', 'challenge', 'network', 'agent', 'request', 'because'],
] as const

/** One line of JSON. */
export const jsonLine = (event: Numbered): string =>
  `${JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, cells(event)[at]]))).replaceAll(unprintable, escaped)}\n`

/** One row of CSV (RFC 4180). */
export const csvRow = (event: Numbered): string => row(cells(event))

/** The first row of CSV. */
export const csvHead = (): string => row(columns)

function cells({ seq, at, name, flow, accountId, ...more }: Numbered): readonly (string | number | null)[] {
  const { addressKey, challengeId, network, agent, requestId, because } = more
  return [seq, timeOf(at), name, flow, accountId, addressKey, challengeId, network, agent, requestId, because]
}

const row = (values: readonly (string | number | null)[]): string =>
  `${values.map((value) => cell(String(value ?? ''))).join(',')}\r\n`

/** A time in UTC; what a database's administrator wrote in its place, as it is. */
export const timeOf = (at: number): string => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : String(at))

/**
 * A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, "CSV Injection"); one that holds
 * what divides cells is quoted.
 */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text
  const shown = safe.replaceAll(misleading, escaped)
  return /[",\r\n\t']/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown
}

/** What a terminal may show: no control characters, and none that turn the direction of what follows. */
export const visible = (text: string): string => text.replaceAll(unprintable, escaped)

const misleading =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g
const unprintable = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
