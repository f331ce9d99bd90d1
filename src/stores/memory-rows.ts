/** What the store in memory keeps, and the writes that its operations share. */
import type { AuditEvent } from '../engine/audit.ts'
import { givenBack, type Hit, type Take } from '../engine/limits.ts'
import { Fault } from '../engine/outcome.ts'
import type * as port from '../engine/ports.ts'
import type { AuditRow, Checkpoint, Segment } from '../engine/seal.ts'
import { type Count, crossing, hitOf, nothing, oneMore, quieted } from './counts.ts'

/** A letter in the outbox. */
export type Queued = {
  readonly letter: port.Letter
  readonly state: 'queued' | 'sent' | 'dropped'
  /** When its turn comes; while it is leased, when the lease ends. */
  readonly dueAt: number
  readonly attempts: number
  readonly lease: string | null
}

/** The audit's chain; `shortened` has the numbers of segments whose events were cut. */
export type Chain = { segments: Segment[]; checkpoint: Checkpoint | null; readonly shortened: Set<number> }

/** All tables. */
export type Rows = {
  readonly accounts: Map<string, port.Account>
  readonly challenges: Map<string, port.Challenge>
  readonly letters: Map<string, Queued>
  readonly counts: Map<string, Count>
  readonly sessions: Map<string, port.Session>
  /** Newest first. */
  readonly history: Map<string, readonly string[]>
  readonly settings: Map<string, port.Setting>
  /** By account. */
  readonly pending: Map<string, port.PendingChange & { readonly dueAt: number }>
  readonly listeners: Set<() => void>
  events: AuditRow[]
  readonly chain: Chain
  accountIds: number
  eventSeqs: number
}

/** The take's hit, when it is full. */
export const hitIn = (rows: Rows, take: Take, at: number): Hit | null =>
  hitOf(rows.counts.get(take.key) ?? nothing, take, at)

/** The hits among takes. */
export const fullOf = (rows: Rows, takes: readonly Take[], at: number): Hit[] =>
  takes.map((take) => hitIn(rows, take, at)).filter((hit) => hit !== null)

/** Counts one more. */
export function count(rows: Rows, take: Take, at: number): void {
  rows.counts.set(take.key, oneMore(rows.counts.get(take.key) ?? nothing, take, at))
}

/** Notes each hit that nobody was told of in its window, and marks it as told of. */
export function tellOfFirst(
  rows: Rows,
  takes: readonly Take[],
  hits: Hit[],
  at: number,
  event: AuditEvent | null,
): void {
  for (const hit of hits.filter((one) => one.first)) {
    const take = takes.find((one) => one.key === hit.key)!
    rows.counts.set(hit.key, quieted(rows.counts.get(hit.key) ?? nothing, take, at))
    if (event) note(rows, crossing(event, hit))
  }
}

/** Takes back the newest of some counts, and forgets others whole. */
export function giveBackIn(rows: Rows, keys: readonly string[], forget: readonly string[]): void {
  for (const key of keys) {
    const kept = rows.counts.get(key)
    if (kept) rows.counts.set(key, { ...kept, times: givenBack(kept.times) })
  }
  for (const key of forget) rows.counts.delete(key)
}

const unsealed = { accountKey: null, personal: null, salt: null, seal: null, erasedBy: null }

/** Notes an event under the next number. */
export function note(rows: Rows, event: AuditEvent): void {
  rows.events.push({ ...event, ...unsealed, seq: ++rows.eventSeqs })
}

/** Puts a letter into the outbox and tells the listeners. */
export function queue(rows: Rows, letter: port.Letter): void {
  rows.letters.set(letter.id, { letter, state: 'queued', dueAt: letter.createdAt, attempts: 0, lease: null })
  for (const listener of rows.listeners) listener()
}

/** @throws Fault when a row of this id is there: asked before anything is written. */
export function refuseTaken(map: Map<string, unknown>, id: string): void {
  if (map.has(id)) throw new Fault('database', `The id ${id} is taken: each row needs a new one.`)
}
