/** What is compared in the end: what was acknowledged, with what came by mail and what stands in the database. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { verify } from '@node-rs/argon2'
import pg from 'pg'
import type { MailServer } from '../../test/promises/mail-server.ts'
import type { Ledger } from './ledger.ts'
import { latchkey, type Ours, type Place } from './ours.ts'
import { tokenIn } from './people.ts'
import { becomes } from './programs.ts'

/** Sentences that say what was found, besides the faults that are in the ledger. */
export type Findings = readonly string[]

/** What came so far; each letter is read once, for many are waited for. */
type Mailbox = {
  /** By address: Message-IDs, and how often each came. */
  readonly ids: Map<string, Map<string, number>>
  /** Addresses that were told of a change. */
  readonly told: Set<string>
  read: number
}

/** How long letters may take after the last ask, in seconds: a lease that a killed database left behind is 12 s long. */
const letterPatience = 120

/**
 * Waits for the letters that were promised, and until none is queued any more: one that was sent and could not be settled is
 * sent again when its lease ends. Faults where one does not come.
 */
export async function checkLetters(ledger: Ledger, mail: MailServer, place: Place): Promise<Findings> {
  const box: Mailbox = { ids: new Map(), told: new Set(), read: 0 }
  const acknowledged = [...ledger.asked.values()].filter((one) => one.acknowledged !== null)
  const changes = [...ledger.changed.values()].filter((one) => one.won.length > 0)
  const missing = (): string[] => [
    ...acknowledged.filter(({ address }) => !box.ids.has(address)).map(({ address }) => `no letter to ${address}`),
    ...changes.filter(({ address }) => !box.told.has(address)).map(({ address }) => `no notice to ${address}`),
  ]
  const all = async (): Promise<boolean> => {
    await readMail(box, mail)
    return missing().length === 0 && (await queued(place)) === 0
  }
  await becomes('every letter has come', all, letterPatience).catch(() => {})
  await readMail(box, mail)
  const lost = missing()
  ledger.faults.push(...lost)
  const twice = [...box.ids.values()].flatMap((ids) => [...ids.values()]).filter((times) => times > 1).length
  const more = acknowledged.filter(
    ({ address, uncertain }) => !ledger.changed.has(address) && (box.ids.get(address)?.size ?? 0) > 1 + uncertain,
  )
  ledger.faults.push(...more.map(({ address }) => `${address} has more letters than it asked for`))
  return [
    `${acknowledged.length} asks were acknowledged, ${lost.length} of their letters and of notices are missing`,
    `${mail.received.length} letters came, ${twice} of them again under the same Message-ID`,
  ]
}

/** Letters that wait, or are held; -1 where the database does not say. */
async function queued({ direct }: Place): Promise<number> {
  const client = new pg.Client({ connectionString: direct, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(`SELECT count(*) AS count FROM latchkey_letters WHERE state = 'queued'`)
    return Number(rows[0].count)
  } catch {
    return -1
  } finally {
    await client.end().catch(() => {})
  }
}

async function readMail(box: Mailbox, { received }: MailServer): Promise<void> {
  for (; box.read < received.length; box.read++) {
    const letter = received[box.read]!
    const [address = ''] = letter.to
    const id = /^Message-ID:\s*(\S+)/im.exec(letter.raw)?.[1] ?? 'none'
    const ids = box.ids.get(address) ?? new Map<string, number>()
    box.ids.set(address, ids.set(id, (ids.get(id) ?? 0) + 1))
    if ((await tokenIn(letter)) === null) box.told.add(address)
  }
}

/** Compares every change with the account, its event and its siblings; the audit with its seals and exported heads. */
export async function checkDatabase(ledger: Ledger, place: Place, ours: Ours): Promise<Findings> {
  const client = new pg.Client({ connectionString: place.direct, query_timeout: 30_000 })
  await client.connect()
  const accounts = await client.query<{ email: string; password_hash: string; changes: string }>(
    `SELECT email, password_hash, (SELECT count(*) FROM latchkey_events
        WHERE name = 'password.changed' AND account_id = users.id::text) AS changes
      FROM users WHERE email = ANY($1::text[])`,
    [[...ledger.changed.keys()]],
  )
  const sums = await client.query<{ opened: string; queued: string; segments: string }>(
    `SELECT (SELECT count(*) FROM latchkey_events WHERE name = 'challenge.opened') AS opened,
      (SELECT count(*) FROM latchkey_letters WHERE state = 'queued') AS queued,
      (SELECT count(*) FROM latchkey_segments) AS segments`,
  )
  await client.end()
  const { opened, queued, segments } = sums.rows[0]!
  const unseen = await checkChanges(ledger, new Map(accounts.rows.map((row) => [row.email, row])))
  const acknowledged = [...ledger.asked.values()].filter((one) => one.acknowledged !== null).length
  if (Number(opened) < acknowledged) ledger.faults.push(`${opened} events tell of ${acknowledged} acknowledged asks`)
  if (Number(queued) > 0) ledger.faults.push(`${queued} letters are queued still`)
  const won = [...ledger.changed.values()].filter((one) => one.won.length === 1).length
  const verified = await checkAudit(ledger, place, ours)
  return [
    `${ledger.changed.size} proofs were raced for, ${won} changes acknowledged, ${unseen} made and never acknowledged`,
    `${opened} challenges, ${segments} sealed segments; audit verify: ${verified}`,
  ]
}

type Row = { readonly email: string; readonly password_hash: string; readonly changes: string }

/** Answers how many changes were made without a word to whom asked for them. */
async function checkChanges(ledger: Ledger, rows: ReadonlyMap<string, Row>): Promise<number> {
  let unseen = 0
  for (const { address, won, uncertain, settled } of ledger.changed.values()) {
    const fault = (text: string): void => void ledger.faults.push(`${address}: ${text}`)
    const row = rows.get(address)
    if (!row) {
      fault('the account is gone')
      continue
    }
    const changes = Number(row.changes)
    if (won.length > 1) fault(`one proof won ${won.length} times`)
    if (won.length === 1 && !(await verify(row.password_hash, won[0]!))) fault('an acknowledged password is not set')
    if (won.length === 1 && changes !== 1) fault(`${changes} events tell of one change`)
    if (won.length > 0) continue
    if (changes > 1) fault(`${changes} events tell of changes that nobody was told of`)
    if (settled && changes === 0) fault('its proof is used up and nothing was changed')
    if (changes === 0) continue
    unseen++
    const isOneOfThem = await Promise.all(uncertain.map((one) => verify(row.password_hash, one)))
    if (!isOneOfThem.includes(true)) fault('a password is set that nobody sent')
  }
  return unseen
}

/** The chain, against the heads that the workers wrote into their logs: a seal that was told of must be there. */
async function checkAudit(ledger: Ledger, place: Place, { workers, servers }: Ours): Promise<string> {
  const heads = join(place.folder, 'heads.txt')
  const logs = [...workers, ...servers].map(({ log }) => readFileSync(log, 'utf8').split('\n'))
  writeFileSync(heads, logs.flatMap((lines) => lines.filter((line) => line.includes('"head"'))).join('\n'))
  try {
    const said = await latchkey(place, 'verify', 'audit', 'verify', '--heads', heads)
    return said.trim().split('\n').slice(-3).join(' ')
  } catch (error) {
    ledger.faults.push(`audit verify: ${(error as Error).message}`)
    return 'failed'
  }
}
