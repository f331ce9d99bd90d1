/**
 * An ask, a look at a link, a change and a log-in with a thousand accounts, a hundred thousand and a million, and as many old
 * challenges, letters, counts, sessions and events. Why: what is quick on the first day must be so after three years; and
 * what removes old rows, of which there may be a million after an attack, must hold nobody up meanwhile.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { hash, verify } from '@node-rs/argon2'
import { own } from '../src/accounts/own.ts'
import type { Caller } from '../src/engine/audit.ts'
import type { Hasher, Mail } from '../src/engine/ports.ts'
import { verbs } from '../src/engine/verbs.ts'
import { spa } from '../src/flows/index.ts'
import { latchkey } from '../src/index.ts'
import { sqlite } from '../src/stores/sqlite.ts'
import { median, quantile } from './tools/figures.ts'
import { addressOf, password } from './tools/people.ts'
import { quiet } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Ask, look, change and log-in on SQLite with 1,000 accounts and up, and as many old rows of each kind; then the removal of
all of them while asks go on. Exit 1 when any median grows by more than 20 %, or an ask waits for the removal for over 50 ms.`
const { most, times } = options('growth', about, {
  most: ['accounts, and old rows of each kind, at last', 1_000_000],
  times: ['of each act, with each number of accounts', 400],
})

const day = 24 * 3600 * 1000
const folder = mkdtempSync(join(tmpdir(), 'latchkey-growth-'))
const file = join(folder, 'app.db')
const store = sqlite(file)
await store.migrate(own, true)
const letters: Mail[] = []
const recovery = latchkey({
  secret: 'a secret of a measure, of which nothing outside hangs',
  publicUrl: 'http://localhost:3000',
  store,
  mail: { from: 'App <no-reply@example.com>', send: async (mail) => void letters.push(mail) },
  limits: 'off',
  development: true,
  worker: false,
  log: () => {},
})
await recovery.ready()
/** What is looked for is what grows, and a hash does not: a cheap one lets it be seen. */
const cheap = { memoryCost: 8, timeCost: 1 }
const hasher: Hasher = {
  ...recovery.hasher,
  hash: (text) => hash(text, cheap),
  verify: async (stored, text) => stored !== null && verify(stored, text),
  matches: (stored, text) => verify(stored, text),
  renews: () => false,
}
const kit = { ...recovery.kit, hasher }
const does = verbs(kit)
const passwordHash = await hasher.hash(password)
const caller: Caller = { network: '', block: '', agent: '', browser: null, devices: [], locale: 'en', requestId: '' }

/** Rows by SQL, as they would stand there after a year: everything over, nothing removed. */
function grow(from: number, to: number): void {
  const db = new DatabaseSync(file, { timeout: 60_000 })
  const old = Date.now() - 400 * day
  const rows = `WITH RECURSIVE n (i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${to})`
  const address = `printf('known%06d@example.org', i)`
  const random = `lower(hex(randomblob(16)))`
  db.exec(`BEGIN;
    INSERT INTO users (email, password_hash, email_verified) ${rows} SELECT ${address}, '${passwordHash}', 1 FROM n;
    INSERT INTO latchkey_challenges ${rows} SELECT ${random}, 'spa', ${random}, NULL, 'key', ${old}, ${old} + i, 'closed', 5,
      CAST(i AS TEXT), ${random}, NULL, ${old} FROM n;
    INSERT INTO latchkey_letters (id, kind, flow, sealed_address, key_id, locale, created_at, expires_at, state, due_at)
      ${rows} SELECT ${random}, 'proof', 'spa', ${random}, 'key', 'en', ${old} + i, ${old} + i, 'sent', ${old} FROM n;
    INSERT INTO latchkey_limits ${rows} SELECT ${random}, '[[' || ${old} || ',1]]', 0, ${old} + i FROM n;
    INSERT INTO latchkey_sessions ${rows} SELECT ${random}, CAST(i AS TEXT), ${old}, ${old} + i, '198.51.100.1', 'Firefox' FROM n;
    INSERT INTO latchkey_history (account_id, password_hash, replaced_at) ${rows} SELECT CAST(i AS TEXT), '${passwordHash}', ${old} FROM n;
    INSERT INTO latchkey_events (at, name, flow, account_id, network, agent, request_id) ${rows}
      SELECT ${old} + i, 'challenge.opened', 'spa', CAST(i AS TEXT), '198.51.100.1', 'Firefox', ${random} FROM n;
    COMMIT; PRAGMA wal_checkpoint(TRUNCATE); ANALYZE;`)
  db.close()
}

const acts = ['ask', 'look', 'change', 'log in'] as const
type Act = (typeof acts)[number]

/** Milliseconds of each act, on accounts from all over the table. */
async function measure(accounts: number, round: number): Promise<Map<Act, number[]>> {
  const took = new Map<Act, number[]>(acts.map((act) => [act, []]))
  const timed = async <T>(act: Act, work: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    const done = await work()
    took.get(act)!.push(performance.now() - start)
    return done
  }
  const step = Math.floor(accounts / times)
  for (let at = 0; at < times; at++) {
    const address = addressOf((at * step + round) % accounts)
    const asked = await timed('ask', () => does.request(spa, { address, caller, previous: null, resend: false }))
    if (!asked.ok) throw new Error(`An ask was refused: ${asked.refusal.code}`)
    await recovery.worker.drain()
    const token = /reset-password\/([\w-]+)/.exec(letters.at(-1)!.text)![1]!
    letters.length = 0
    const looked = await timed('look', () => does.look(spa, { uid: null, token }, caller))
    if (!looked.ok) throw new Error(`A link was refused: ${looked.refusal.code}`)
    const wanted = `Grown-Oak-${round}-${at}!`
    const changed = await timed('change', () =>
      does.change(spa, { by: { uid: null, token }, password: wanted, confirm: null, caller }),
    )
    if (!changed.ok) throw new Error(`A change was refused: ${changed.refusal.code}`)
    const opened = await timed('log in', () => does.login({ name: address, password: wanted, caller }))
    if (!opened.ok) throw new Error(`A log-in was refused: ${opened.refusal.code}`)
    await recovery.worker.drain()
  }
  return took
}

const sizes = [1_000, 100_000, 1_000_000].filter((size) => size <= most)
const results: { size: number; bytes: number; took: Map<Act, number[]> }[] = []
for (const [round, size] of sizes.entries()) {
  grow(sizes[round - 1] ?? 0, size)
  await quiet()
  // Once before anything is counted, for caches and the compiler.
  await measure(size, 10 + round)
  const took = await measure(size, round)
  results.push({ size, bytes: statSync(file).size, took })
  tell(`${size} accounts: ${acts.map((act) => `${act} ${median(took.get(act)!).toFixed(2)} ms`).join(', ')}`)
}

/** Asks beside the removal of everything that is over, and beside nothing: how long they wait. */
async function beside(work: () => Promise<unknown>): Promise<{ waits: number[]; seconds: number }> {
  const waits: number[] = []
  let done = false
  const start = performance.now()
  const working = work().finally(() => {
    done = true
  })
  for (let at = 0; !done; at++) {
    const from = performance.now()
    await does.request(spa, { address: addressOf(at % sizes[0]!), caller, previous: null, resend: false })
    waits.push(performance.now() - from)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await working
  return { waits, seconds: (performance.now() - start) / 1000 }
}
await quiet()
const alone = await beside(() => new Promise((resolve) => setTimeout(resolve, 3_000)))
const removing = await beside(async () => {
  // One purge walks a part of the counts; the next goes on from there.
  while ((await recovery.store.purge(Date.now())) > 0) {}
})
await recovery.close()
const db = new DatabaseSync(file)
const left = Number(db.prepare('SELECT count(*) AS n FROM latchkey_challenges').get()!.n)
db.close()
rmSync(folder, { recursive: true })

const grown = (act: Act): number => median(results.at(-1)!.took.get(act)!) / median(results[0]!.took.get(act)!)
const longest = quantile(removing.waits, 0.999)
report('growth', 'With a thousand accounts and with a million', [
  `SQLite, ${times} of each act in turn, medians and 95th percentiles in milliseconds, on accounts from all over the table; beside ` +
    'them as many old challenges, letters, counts, sessions, hashes and events. The hash of a password is made cheap here: it does not grow, ' +
    'and would hide what does.',
  {
    head: ['accounts', ...acts, 'file'],
    rows: results.map(({ size, bytes, took }) => [
      size.toLocaleString('en'),
      ...acts.map((act) => `${median(took.get(act)!).toFixed(2)} (${quantile(took.get(act)!, 0.95).toFixed(2)})`),
      `${Math.round(bytes / 1e6)} MB`,
    ]),
  },
  `All that is over is then removed, in ${removing.seconds.toFixed(1)} s, with asks beside it; ${left} challenges are left, those of these asks.`,
  {
    head: ['asks', 'p50', 'p99', 'p99.9', 'longest'],
    rows: [['alone', alone] as const, ['beside the removal', removing] as const].map(([name, { waits }]) => [
      name,
      ...[0.5, 0.99, 0.999, 1].map((q) => `${quantile(waits, q).toFixed(1)} ms`),
    ]),
  },
])
for (const act of acts.filter((one) => grown(one) > 1.2)) {
  tell(`${act}: ${grown(act).toFixed(2)} times as long with ${sizes.at(-1)} accounts.`)
  process.exitCode = 1
}
if (longest > 50) {
  tell(`An ask waited for ${longest.toFixed(0)} ms beside the removal.`)
  process.exitCode = 1
}
