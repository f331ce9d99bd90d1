/** The audit's chain in MySQL. What changes it holds one key, so that of any number at once one is first. */
import type { AuditStore } from '../engine/ports.ts'
import { type AuditRow, beginning, type Checkpoint, type Link, type Segment } from '../engine/seal.ts'
import type { Mysql } from './mysql-pool.ts'
import { addEvents, eventColumns, lock } from './mysql-rows.ts'
import type { Statement } from './transaction.ts'

const names = 'number, first, last, count, newest, sealed_at, key_id, previous, content, digest'
const segmentColumns = names.replace('sealed_at', 'sealed_at AS sealedAt').replace('key_id', 'key_id AS keyId')
const rowColumns = `${eventColumns}, account_key AS accountKey, personal, salt, seal, erased_by AS erasedBy`

/** The newest segment, else the checkpoint. */
const tip: Statement = {
  text: `(SELECT number, last, digest FROM latchkey_segments ORDER BY number DESC LIMIT 1)
    UNION ALL (SELECT number, last, digest FROM latchkey_checkpoint)`,
}
const chain = lock(['audit'])

/** Theirs, and what names no account and is about a challenge or an address of theirs. */
const about = `WITH
  challenges AS (SELECT DISTINCT challenge_id FROM latchkey_events WHERE account_id = $1 AND challenge_id IS NOT NULL),
  addresses AS (SELECT address_key FROM latchkey_events WHERE address_key IS NOT NULL AND (account_id = $1
      OR (account_id IS NULL AND challenge_id IN (SELECT challenge_id FROM challenges))))
  SELECT seq FROM latchkey_events WHERE seq > $3 AND (seal IS NULL OR salt IS NOT NULL)
  AND (account_id = $1 OR (account_id IS NULL AND (challenge_id IN (SELECT challenge_id FROM challenges)
    OR address_key IN ($2) OR address_key IN (SELECT address_key FROM addresses))))
  ORDER BY seq LIMIT $4`

/** Events that one statement writes to, at most. */
const most = 200

/** Statements that write the given columns of these rows. `set`: of a row and what is given for it. */
function eachOf<T extends { readonly seq: number }>(
  rows: readonly T[],
  columns: readonly (keyof T & string)[],
  set: string,
  where = 'TRUE',
): Statement[] {
  const statements: Statement[] = []
  for (let from = 0; from < rows.length; from += most) {
    const some = rows.slice(from, from + most)
    const given = some.map(
      (_, at) => `SELECT ${columns.map((name, n) => `$${at * columns.length + n + 1} AS ${name}`)}`,
    )
    statements.push({
      text: `UPDATE latchkey_events AS event JOIN (${given.join(' UNION ALL ')}) AS given ON event.seq = given.seq
        SET ${set} WHERE ${where}`,
      values: some.flatMap((row) => columns.map((name) => row[name])),
    })
  }
  return statements
}

/** `Store.audit`. */
export function auditOf(db: Mysql): AuditStore {
  const all = async <T>(text: string, ...values: unknown[]): Promise<T[]> =>
    (await db.read({ text, values }))[0]!.rows as T[]
  return {
    tip: async () => (await all<Link>(tip.text))[0] ?? null,
    checkpoint: async () => {
      const text = 'SELECT number, last, digest, removed_at AS removedAt, key_id AS keyId, mac FROM latchkey_checkpoint'
      return (await all<Checkpoint>(text))[0] ?? null
    },
    segments: (after, count) =>
      all<Segment>(
        `SELECT ${segmentColumns} FROM latchkey_segments WHERE number > $1 ORDER BY number LIMIT $2`,
        ...[after, count],
      ),
    rows: (after, count) =>
      all<AuditRow>(`SELECT ${rowColumns} FROM latchkey_events WHERE seq > $1 ORDER BY seq LIMIT $2`, after, count),
    about: async ({ accountId, addressKeys }, after, count) =>
      (await all<{ seq: number }>(about, accountId, addressKeys, after, count)).map(({ seq }) => seq),
    newest: async () =>
      (await all<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM latchkey_events'))[0]!.seq,
    async whole(at, count) {
      // Read in order and cut off there, which needs no index on the time.
      const text = `SELECT ${segmentColumns} FROM latchkey_segments WHERE shortened = FALSE ORDER BY number LIMIT $1`
      const found = await all<Segment>(text, count)
      const newer = found.findIndex((segment) => segment.newest > at)
      return newer < 0 ? found : found.slice(0, newer)
    },
    ...auditOperations(db),
  }
}

/** Each judges first, and writes only when nothing stands against it. */
const auditOperations = (db: Mysql): Pick<AuditStore, 'seal' | 'shorten' | 'erase' | 'remove'> => ({
  seal: (segment, seals) =>
    db.transaction(async (transaction) => {
      const [, found] = await transaction.all(chain, tip)
      const end = (found!.rows[0] as Link | undefined) ?? beginning
      const { number, first, last, count, newest, sealedAt, keyId, previous, content, digest } = segment
      if (number !== end.number + 1 || first !== end.last + 1 || previous !== end.digest) return false
      await transaction.commit(
        {
          text: `INSERT INTO latchkey_segments (${names}) VALUES ($1)`,
          values: [[number, first, last, count, newest, sealedAt, keyId, previous, content, digest]],
        },
        ...eachOf(
          seals,
          ['seq', 'accountKey', 'personal', 'salt', 'seal'],
          `event.account_key = given.accountKey, event.personal = given.personal, event.salt = given.salt,
            event.seal = given.seal`,
        ),
      )
      return true
    }),

  shorten: (segments, events, event) =>
    db.transaction(async (transaction) => {
      const [, whole] = await transaction.all(chain, {
        text: 'SELECT number FROM latchkey_segments WHERE number IN ($1) AND shortened = FALSE',
        values: [segments],
      })
      if (whole!.count !== segments.length) return false
      await transaction.commit(
        { text: 'UPDATE latchkey_segments SET shortened = TRUE WHERE number IN ($1)', values: [segments] },
        ...eachOf(
          events,
          ['seq', 'network', 'salt'],
          `event.network = given.network, event.salt = given.salt, event.agent = ''`,
          // An erasure that came in between stays one.
          `event.salt LIKE 'w%'`,
        ),
        ...addEvents([event]),
      )
      return true
    }),

  erase: (seqs, accountKey, event) =>
    db.transaction(async (transaction) => {
      // The event's number first, for the erased bear it; nothing else of this transaction waits for anybody.
      await transaction.commit(
        chain,
        ...addEvents([event]),
        {
          text: 'UPDATE latchkey_events SET account_key = $1 WHERE seq = (SELECT seq FROM latchkey_last_event)',
          values: [accountKey],
        },
        {
          text: `UPDATE latchkey_events SET account_id = NULL, network = '', agent = '', salt = NULL,
            erased_by = (SELECT seq FROM latchkey_last_event)
            WHERE seq IN ($1) AND seal IS NOT NULL AND salt IS NOT NULL`,
          values: [seqs],
        },
      )
    }),

  remove: (upTo, event) =>
    db.transaction(async (transaction) => {
      const { number, last, digest, removedAt, keyId, mac } = upTo
      const [, from, there] = await transaction.all(
        chain,
        { text: 'SELECT number FROM latchkey_checkpoint' },
        { text: 'SELECT number FROM latchkey_segments WHERE number = $1', values: [number] },
      )
      if (number <= Number(from!.rows[0]?.number ?? 0) || there!.count === 0) return false
      await transaction.commit(
        { text: 'DELETE FROM latchkey_events WHERE seq <= $1', values: [last] },
        { text: 'DELETE FROM latchkey_segments WHERE number <= $1', values: [number] },
        { text: 'DELETE FROM latchkey_checkpoint' },
        {
          text: 'INSERT INTO latchkey_checkpoint (one, number, last, digest, removed_at, key_id, mac) VALUES ($1)',
          values: [[1, number, last, digest, removedAt, keyId, mac]],
        },
        ...addEvents([event]),
      )
      return true
    }),
})
