/**
 * Bytes of what is kept, and of what is written for it, measured on a real PostgreSQL: so many asks with their letters, so
 * many changes. Why: what an installation of any size needs is reckoned from these, in docs/scale.md.
 */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { hash, verify } from '@node-rs/argon2'
import pg from 'pg'
import { own } from '../../src/accounts/own.ts'
import type { Caller } from '../../src/engine/audit.ts'
import { issue } from '../../src/engine/issue.ts'
import type { Hasher, Kit } from '../../src/engine/ports.ts'
import { verbs } from '../../src/engine/verbs.ts'
import { flows, latchkey } from '../../src/index.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { startPostgres } from '../../test/postgres.ts'
import { addressOf, tokenOf } from './people.ts'

const help = `node deploy/failover/sizes.ts [--asks N] [--changes N]

As many accounts, asks (default 100000) and letters, and as many changes (default 10000), on a PostgreSQL of its own in
${tmpdir()}. Prints bytes a row, table by table, and bytes of the write-ahead log for each step.`

const { values } = parseArgs({
  options: { asks: { type: 'string' }, changes: { type: 'string' }, help: { type: 'boolean' } },
})
const asks = Number(values.asks ?? 100_000)
const changes = Number(values.changes ?? 10_000)

/** In the form and length that accounts have; no password opens it. */
const hashLike = `$argon2id$v=19$m=19456,t=2,p=1$${'c2FsdA'.repeat(4).slice(0, 22)}$${'aGFzaA'.repeat(8).slice(0, 43)}`
const agent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

/** The real hash, made cheap: what it costs is measured elsewhere, and its length is nearly the same. */
const quickHasher: Hasher = {
  hash: (password) => hash(password, { memoryCost: 8, timeCost: 1 }),
  verify: async (stored, password) => stored !== null && verify(stored, password).catch(() => false),
  matches: (stored, password) => verify(stored, password).catch(() => false),
  renews: () => false,
  refuses: () => null,
}

/** Everybody from a network and a browser of their own, as it is on the day of a large leak. */
function callerOf(at: number): Caller {
  const network = `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`
  const requestId = String(at).padStart(12, 'r')
  return { network, block: network, agent, browser: String(at).padStart(22, 'b'), devices: [], locale: 'en', requestId }
}

async function inGroups(count: number, width: number, work: (at: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += width) {
    const group = Array.from({ length: Math.min(width, count - from) }, (_, at) => work(from + at))
    await Promise.all(group)
  }
}

/** What a worker does for every letter that is due, but for writing and sending it: neither is in the database. */
async function settleAll(kit: Kit, onLink: (token: string) => void): Promise<void> {
  for (;;) {
    const now = kit.clock.now()
    const leased = await kit.store.lease(100, now, now + 60_000, 'measure')
    if (leased.length === 0) return
    await Promise.all(
      leased.map(async ({ letter, lease }) => {
        const issued = await issue(kit, flows.spa, letter)
        if (issued.kind !== 'send') throw new Error(`a letter came to nothing: ${issued.kind}`)
        const token = tokenOf(issued.proof?.secret ?? '')
        if (token) onLink(token)
        await kit.store.settle(letter.id, lease, kit.clock.now(), { kind: 'sent' }, issued.event)
      }),
    )
  }
}

async function measure(): Promise<void> {
  // As in production, but for what only a crash would show.
  const settings = { full_page_writes: 'on', shared_buffers: '256MB', max_wal_size: '4GB', autovacuum_naptime: '10s' }
  const server = await startPostgres(settings, tmpdir())
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const store = postgres(server.url, { connections: 20, timeout: 120_000 })
  await store.migrate(own, true)
  const tokens: string[] = []
  const recovery = latchkey({
    secret: 'a secret of a measure, of which nothing outside hangs',
    publicUrl: 'https://app.example.com',
    store,
    flows: [flows.spa],
    worker: false,
    log: () => {},
    mail: { from: 'App <no-reply@example.com>', send: async () => {} },
  })
  await recovery.ready()
  const { request, change } = verbs({ ...recovery.kit, hasher: quickHasher })
  const flow = flows.spa
  const position = async (): Promise<number> =>
    Number((await client.query(`SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS at`)).rows[0].at)
  const step = async (name: string, count: number, work: () => Promise<unknown>): Promise<void> => {
    const [before, start] = [await position(), performance.now()]
    await work()
    const [bytes, seconds] = [(await position()) - before, (performance.now() - start) / 1000]
    console.log(
      `${name.padEnd(28)} ${String(count).padStart(7)}  ${Math.round(bytes / count)} bytes of WAL each, ${seconds.toFixed(0)} s`,
    )
  }
  const add = (at: number) =>
    recovery.accounts.add(
      Array.from({ length: 500 }, (_, one) => ({
        ...{ email: addressOf(at * 500 + one), username: null, passwordHash: hashLike, verified: true, active: true },
      })),
      Date.now(),
    )
  const ask = (from: number, count: number) =>
    inGroups(count, 200, async (at) => {
      const asked = { address: addressOf(from + at), caller: callerOf(from + at), previous: null, resend: false }
      if (!(await request(flow, asked)).ok) throw new Error('an ask was refused')
    })
  const seal = () => recovery.audit.seal()
  await step('accounts added', asks, () => inGroups(Math.ceil(asks / 500), 1, add))
  // Those that are to be followed come last, for a link lives a quarter of an hour.
  const first = asks - changes
  await step('asks', first, () => ask(0, first))
  await step('their letters', first, () => settleAll(recovery.kit, () => {}))
  await step('their events, sealed', first, seal)
  await step('more asks', changes, () => ask(first, changes))
  await step('their letters', changes, () => settleAll(recovery.kit, (token) => tokens.push(token)))
  await step('their events, sealed', changes, seal)
  await step('their changes', changes, () =>
    inGroups(tokens.length, 50, async (at) => {
      const by = { uid: null, token: tokens[at]! }
      const wanted = { by, password: `Kettle-${at}-Harbour!`, confirm: null, caller: callerOf(at) }
      if (!(await change(flow, wanted)).ok) throw new Error('a change was refused')
    }),
  )
  await step('their notices', changes, () => settleAll(recovery.kit, () => {}))
  await step('their events, sealed', changes, seal)
  await tell(client)
  await recovery.close()
  await client.end()
  await server.stop()
}

/** Bytes a row: of the table with all that belongs to it, and of its indexes, after a vacuum and with the room in it. */
async function tell(client: pg.Client): Promise<void> {
  await client.query('VACUUM ANALYZE')
  const { rows } = await client.query<{ name: string; heap: string; indexes: string }>(
    `SELECT relname AS name, pg_table_size(oid) AS heap, pg_indexes_size(oid) AS indexes FROM pg_class
      WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace ORDER BY pg_total_relation_size(oid) DESC`,
  )
  for (const { name, heap, indexes } of rows) {
    const count = Number((await client.query(`SELECT count(*) AS count FROM ${name}`)).rows[0].count)
    if (count < 100) continue
    const each = (bytes: string): string => String(Math.round(Number(bytes) / count)).padStart(5)
    console.log(
      `${name.padEnd(22)} ${String(count).padStart(7)} rows  ${each(heap)} bytes a row and ${each(indexes)} of indexes`,
    )
  }
  const { rows: version } = await client.query('SHOW server_version')
  console.log(`PostgreSQL ${version[0].server_version}`)
}

if (values.help) console.log(help)
else await measure()
