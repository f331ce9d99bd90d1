/** The audit's chain in SQLite: reads of the main thread, and operations within a transaction of the writer's. */
import type { DatabaseSync } from 'node:sqlite'
import type { AuditEvent } from '../engine/audit.ts'
import type { Whom } from '../engine/ports.ts'
import { type AuditRow, beginning, type Checkpoint, type EventSeal, type Link, type Segment } from '../engine/seal.ts'
import { eventColumns, type Rows, rowOf } from './sqlite-rows.ts'

const segmentColumns = `number, first, last, count, newest, sealed_at AS sealedAt, key_id AS keyId, previous, content,
  digest`
const rowColumns = `${eventColumns}, account_key AS accountKey, personal, salt, seal, erased_by AS erasedBy`

/** Reads of the chain. */
export function auditReads(db: DatabaseSync) {
  const tip = tipReader(db)
  const checkpoint = db.prepare(
    'SELECT number, last, digest, removed_at AS removedAt, key_id AS keyId, mac FROM latchkey_checkpoint',
  )
  const segments = db.prepare(
    `SELECT ${segmentColumns} FROM latchkey_segments WHERE number > ? ORDER BY number LIMIT ?`,
  )
  const rows = db.prepare(`SELECT ${rowColumns} FROM latchkey_events WHERE seq > ? ORDER BY seq LIMIT ?`)
  const about = db.prepare(`WITH
    challenges AS (SELECT DISTINCT challenge_id FROM latchkey_events WHERE account_id = ?1 AND challenge_id IS NOT NULL),
    addresses AS (SELECT value FROM json_each(?2) UNION SELECT address_key FROM latchkey_events
      WHERE address_key IS NOT NULL AND (account_id = ?1
        OR (account_id IS NULL AND challenge_id IN (SELECT * FROM challenges))))
    SELECT seq FROM latchkey_events WHERE seq > ?3 AND (seal IS NULL OR salt IS NOT NULL)
    AND (account_id = ?1 OR (account_id IS NULL
      AND (challenge_id IN (SELECT * FROM challenges) OR address_key IN (SELECT * FROM addresses))))
    ORDER BY seq LIMIT ?4`)
  const newest = db.prepare('SELECT max(seq) AS seq FROM latchkey_events')
  // Read in order and cut off there, which needs no index on the time.
  const whole = db.prepare(
    `SELECT ${segmentColumns} FROM latchkey_segments WHERE shortened = 0 ORDER BY number LIMIT ?`,
  )
  return {
    tip,
    checkpoint: () => rowOf<Checkpoint>(checkpoint.get()),
    segments: (after: number, count: number) => segments.all(after, count).map((row) => rowOf<Segment>(row)!),
    rows: (after: number, count: number) => rows.all(after, count).map((row) => rowOf<AuditRow>(row)!),
    about: ({ accountId, addressKeys }: Whom, after: number, count: number) =>
      about.all(accountId, JSON.stringify(addressKeys), after, count).map(({ seq }) => Number(seq)),
    newest: () => Number(newest.get()?.seq ?? 0),
    whole(at: number, count: number): Segment[] {
      const found = whole.all(count).map((row) => rowOf<Segment>(row)!)
      const newer = found.findIndex((segment) => segment.newest > at)
      return newer < 0 ? found : found.slice(0, newer)
    },
  }
}

function tipReader(db: DatabaseSync): () => Link | null {
  const newest = db.prepare('SELECT number, last, digest FROM latchkey_segments ORDER BY number DESC LIMIT 1')
  const checkpoint = db.prepare('SELECT number, last, digest FROM latchkey_checkpoint')
  return () => rowOf<Link>(newest.get() ?? checkpoint.get())
}

/** Operations on the chain. Each judges first and writes only when nothing stands against it. */
export function auditOperations(db: DatabaseSync, rows: Rows) {
  const tip = tipReader(db)
  const addSegment = db.prepare(`INSERT INTO latchkey_segments (number, first, last, count, newest, sealed_at, key_id,
    previous, content, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const setSeal = db.prepare(
    'UPDATE latchkey_events SET account_key = ?, personal = ?, salt = ?, seal = ? WHERE seq = ?',
  )
  const isWhole = db.prepare('SELECT 1 FROM latchkey_segments WHERE number = ? AND shortened = 0')
  const mark = db.prepare('UPDATE latchkey_segments SET shortened = 1 WHERE number = ?')
  const cut = db.prepare(`UPDATE latchkey_events SET network = ?, salt = ?, agent = ''
    WHERE seq = ? AND salt GLOB 'w*'`)
  const newest = db.prepare('SELECT max(seq) AS seq FROM latchkey_events')
  const setKey = db.prepare('UPDATE latchkey_events SET account_key = ? WHERE seq = ?')
  const empty = db.prepare(`UPDATE latchkey_events SET account_id = NULL, network = '', agent = '', salt = NULL,
    erased_by = ? WHERE seq = ? AND seal IS NOT NULL AND salt IS NOT NULL`)
  const from = db.prepare('SELECT number FROM latchkey_checkpoint')
  const isThere = db.prepare('SELECT 1 FROM latchkey_segments WHERE number = ?')
  const removeEvents = db.prepare('DELETE FROM latchkey_events WHERE seq <= ?')
  const removeSegments = db.prepare('DELETE FROM latchkey_segments WHERE number <= ?')
  const setCheckpoint = db.prepare('INSERT OR REPLACE INTO latchkey_checkpoint VALUES (1, ?, ?, ?, ?, ?, ?)')

  return {
    sealSegment(segment: Segment, seals: readonly EventSeal[]): boolean {
      const { number, first, last, count, sealedAt, keyId, previous, content, digest } = segment
      const end = tip() ?? beginning
      if (number !== end.number + 1 || first !== end.last + 1 || previous !== end.digest) return false
      addSegment.run(number, first, last, count, segment.newest, sealedAt, keyId, previous, content, digest)
      for (const { seq, accountKey, personal, salt, seal } of seals) setSeal.run(accountKey, personal, salt, seal, seq)
      return true
    },
    shortenEvents(
      segments: readonly number[],
      events: readonly { readonly seq: number; readonly network: string; readonly salt: string }[],
      event: AuditEvent,
    ): boolean {
      if (segments.some((number) => !isWhole.get(number))) return false
      for (const number of segments) mark.run(number)
      // An erasure that came in between stays one.
      for (const { seq, network, salt } of events) cut.run(network, salt, seq)
      rows.note(event)
      return true
    },
    eraseEvents(seqs: readonly number[], accountKey: string, event: AuditEvent): void {
      rows.note(event)
      const erasedBy = Number(newest.get()!.seq)
      setKey.run(accountKey, erasedBy)
      for (const seq of seqs) empty.run(erasedBy, seq)
    },
    removeSegments(upTo: Checkpoint, event: AuditEvent): boolean {
      const { number, last, digest, removedAt, keyId, mac } = upTo
      if (number <= Number(from.get()?.number ?? 0) || !isThere.get(number)) return false
      // First, so that its number is above all that go.
      rows.note(event)
      removeEvents.run(last)
      removeSegments.run(number)
      setCheckpoint.run(number, last, digest, removedAt, keyId, mac)
      return true
    },
  }
}
