/**
 * An ask, a look at a link, a code, a change and a log-in with a hundred thousand accounts and a million, and the rows that as
 * many resets left, beside a second database with a thousand, on SQLite and on PostgreSQL. Why: what is quick on the first
 * day must be so after three years; and what removes old rows, of which there may be millions after an attack, must hold
 * nobody up meanwhile.
 */
import { hash, verify } from '@node-rs/argon2'
import type { Caller } from '../src/engine/audit.ts'
import type { Hasher, Mail } from '../src/engine/ports.ts'
import { verbs } from '../src/engine/verbs.ts'
import { code, spa } from '../src/flows/index.ts'
import { latchkey } from '../src/index.ts'
import { median, quantile } from './tools/figures.ts'
import { type Ground, inCluster, inFile } from './tools/old-rows.ts'
import { addressOf, password } from './tools/people.ts'
import { quiet } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Ask, look, code, change and log-in with 100,000 accounts and more, and the rows of as many resets, in turn with
a database of 1,000, on SQLite and PostgreSQL; then the removal of all that is over, with asks beside it. Exit 1 when any
median is over 1.2 times that of the small one, or an ask waits for the removal, or a transaction of it holds rows, for
over 50 ms.`
const { most, times, only } = options('growth', about, {
  most: ['accounts, and resets of before, at last', 1_000_000],
  times: ['of each act, with each number of accounts', 400],
  only: ['one database: SQLite or PostgreSQL', ''],
})

const caller: Caller = { network: '', block: '', agent: '', browser: 'b', devices: [], locale: 'en', requestId: '' }
const acts = ['ask', 'look', 'code', 'change', 'log in'] as const
type Act = (typeof acts)[number]
type Took = ReadonlyMap<Act, number[]>
type Waits = { readonly waits: number[]; readonly seconds: number }
type Results = {
  readonly name: string
  /** `small`: of the database of a thousand, in turn with it. */
  readonly sizes: { readonly size: number; readonly bytes: number; readonly took: Took; readonly small: Took }[]
  readonly smallBytes: number
  /** Bytes of a reset that was made, and of one that SQL wrote. */
  readonly made: number
  readonly written: number
  readonly alone: Waits
  readonly removing: Waits & { readonly longest: number | null }
  readonly left: Record<string, number>
  readonly bytesLeft: number
}

/** How many times as long as beside it, with a thousand. */
const grownBy = ({ took, small }: { took: Took; small: Took }, act: Act): number =>
  median(took.get(act)!) / median(small.get(act)!)

/** A database with a recovery over it. */
type Opened = Awaited<ReturnType<typeof opened>>

async function opened(ground: Ground) {
  const letters: Mail[] = []
  const recovery = latchkey({
    secret: 'a secret of a measure, of which nothing outside hangs',
    publicUrl: 'http://localhost:3000',
    store: ground.database,
    mail: { from: 'App <no-reply@example.com>', send: async (mail) => void letters.push(mail) },
    limits: 'off',
    development: true,
    worker: false,
    log: ({ level, message, ...fields }) => {
      if (level !== 'info') tell(`${level}: ${message} ${JSON.stringify(fields)}`)
    },
  })
  await recovery.ready()
  // What is looked for is what grows, and a hash does not: a cheap one lets it be seen.
  const cheap = { memoryCost: 8, timeCost: 1 }
  const hasher: Hasher = {
    ...recovery.hasher,
    hash: (text) => hash(text, cheap),
    verify: async (stored, text) => stored !== null && verify(stored, text),
    matches: (stored, text) => verify(stored, text),
    renews: () => false,
  }
  const does = verbs({ ...recovery.kit, hasher })
  const passwordHash = await hasher.hash(password)

  /** The secret of the letter of this kind, which may come with others. */
  async function mailed(pattern: RegExp): Promise<string> {
    for (let waited = 0; waited < 100; waited++) {
      await recovery.worker.drain()
      const found = letters.map(({ text }) => pattern.exec(text)?.[1]).find((one) => one !== undefined)
      if (found) {
        letters.length = 0
        return found
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`No letter with ${pattern} came.`)
  }

  /** Each act once for one account, in milliseconds. */
  async function pass(account: number, wanted: string, took: Took): Promise<void> {
    const timed = async <T extends { ok: boolean }>(act: Act, work: () => Promise<T>): Promise<T & { ok: true }> => {
      const start = performance.now()
      const done = await work()
      took.get(act)!.push(performance.now() - start)
      if (!done.ok) throw new Error(`Refused: ${act}, ${JSON.stringify(done)}`)
      return done as T & { ok: true }
    }
    const address = addressOf(account)
    const asked = { address, caller, previous: null, resend: false }
    await timed('ask', () => does.request(spa, asked))
    const token = await mailed(/reset-password\/([\w-]+)/)
    await timed('look', () => does.look(spa, { uid: null, token }, caller))
    await timed('change', () => does.change(spa, { by: { uid: null, token }, password: wanted, confirm: null, caller }))
    await timed('log in', () => does.login({ name: address, password: wanted, caller }))
    const { flowId } = await timed('ask', () => does.request(code, asked))
    const typed = await mailed(/\b(\d{6})\b/)
    await timed('code', () => does.prove(code, { flowId, address, code: typed, caller }))
    await recovery.worker.drain()
  }
  return { ground, recovery, does, pass, passwordHash }
}

/**
 * Each act `count` times on accounts from all over each database, in turn, so that all have the same minutes: a machine has
 * quicker and slower ones.
 */
async function inTurn(databases: readonly (readonly [Opened, accounts: number])[], round: number, count: number) {
  const all = databases.map((): Took => new Map(acts.map((act) => [act, []])))
  for (let at = 0; at < count; at++) {
    for (const [which, [{ pass }, accounts]] of databases.entries()) {
      const step = Math.max(1, Math.floor(accounts / count))
      await pass((at * step + round) % accounts, `Grown-Oak-${round}-${at}!`, all[which]!)
    }
  }
  return all
}

/** Everything on one kind of database. */
async function on(newGround: () => Promise<Ground>): Promise<Results> {
  const small = await opened(await newGround())
  const large = await opened(await newGround())
  const { ground, recovery, does } = large
  for (const { ground, passwordHash } of [small, large]) await ground.grow({ from: 0, to: 1_000, passwordHash })

  // What a reset leaves, as it is made: beside what SQL writes below, so that the sizes can be believed.
  await inTurn([[small, 1_000]], 9, 1_000)
  await small.ground.tidy()
  const before = await small.ground.bytes()
  await inTurn([[small, 1_000]], 8, 1_000)
  await small.ground.tidy()
  const smallBytes = await small.ground.bytes()
  const made = (smallBytes - before) / 1_000

  const sizes: Results['sizes'] = []
  const start = await ground.bytes()
  let [from, round] = [1_000, 0]
  for (const size of most < 100_000 ? [most] : [100_000, 1_000_000].filter((one) => one <= most)) {
    tell(`${ground.name}: ${size.toLocaleString('en')} accounts and what their resets left are being written …`)
    await ground.grow({ from, to: size, passwordHash: large.passwordHash })
    const both = [
      [small, 1_000],
      [large, size],
    ] as const
    for (const [{ ground }] of both) await ground.warm()
    await quiet()
    // Once before anything is counted, for caches and the compiler.
    await inTurn(both, 10 + round, times)
    const [few, took] = (await inTurn(both, round, times)) as [Took, Took]
    sizes.push({ size, bytes: await ground.bytes(), took, small: few })
    tell(`${ground.name}, ${size}: ${acts.map((act) => `${act} ${grownBy(sizes.at(-1)!, act).toFixed(2)}`).join(', ')}`)
    from = size
    round++
  }
  const last = sizes.at(-1)!
  const written = (last.bytes - start) / (last.size - 1_000)
  await small.recovery.close()
  await small.ground.end()

  /** Asks beside the removal of everything that is over, and beside nothing: how long they wait. */
  async function beside(work: () => Promise<unknown>): Promise<Waits> {
    const waits: number[] = []
    let done = false
    const start = performance.now()
    const working = work().finally(() => {
      done = true
    })
    for (let at = 0; !done; at++) {
      const from = performance.now()
      await does.request(spa, { address: addressOf(at % 1_000), caller, previous: null, resend: false })
      waits.push(performance.now() - from)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await working
    return { waits, seconds: (performance.now() - start) / 1000 }
  }
  await quiet()
  const alone = await beside(() => new Promise((resolve) => setTimeout(resolve, 3_000)))
  let longest: number | null = null
  const removing = await beside(async () => {
    longest = await ground.longest(async () => {
      // One purge walks a part of the counts; the next goes on from there.
      while ((await recovery.store.purge(Date.now())) > 0) {}
    })
  })
  await ground.tidy()
  const [left, bytesLeft] = [await ground.rows(), await ground.bytes()]
  await recovery.close()
  await ground.end()
  return {
    name: ground.name,
    sizes,
    smallBytes,
    made,
    written,
    alone,
    removing: { ...removing, longest },
    left,
    bytesLeft,
  }
}

const grounds = [inFile, inCluster].filter((_, at) => only === '' || only === ['SQLite', 'PostgreSQL'][at])
const results: Results[] = []
for (const ground of grounds) results.push(await on(ground))

const mb = (bytes: number): string => `${Math.round(bytes / 1e6).toLocaleString('en')} MB`
const ms = (value: number): string => `${value.toFixed(1)} ms`
const both = (took: Took, act: Act): string =>
  `${median(took.get(act)!).toFixed(2)} (${quantile(took.get(act)!, 0.95).toFixed(2)})`
report('growth', 'With a thousand accounts and with a million', [
  `${times} of each act in turn, medians and 95th percentiles in milliseconds, on accounts from all over the table; beside ` +
    'them the rows of as many resets: of each a challenge, two letters, two counts, a session, a hash and five events. The ' +
    'hash of a password is made cheap here: it does not grow, and would hide what does. Everything was read once before: a row ' +
    'that the operating system no longer holds in its memory takes a read of the disk besides.',
  {
    head: ['accounts', ...acts, 'size'],
    rows: results.flatMap(({ name, sizes, smallBytes }) =>
      sizes.flatMap(({ size, bytes, took, small }) => [
        [`1,000, ${name}`, ...acts.map((act) => both(small, act)), mb(smallBytes)],
        [`${size.toLocaleString('en')} in turn with it`, ...acts.map((act) => both(took, act)), mb(bytes)],
        ['', ...acts.map((act) => `${grownBy({ took, small }, act).toFixed(2)}×`), ''],
      ]),
    ),
  },
  ...results.flatMap(({ name, made, written, alone, removing, left, bytesLeft }) => [
    `${name}: an account with its reset takes ${Math.round(written).toLocaleString('en')} bytes as SQL wrote it here; a reset by link, a ` +
      `log-in and a code, really made, ${Math.round(made).toLocaleString('en')}. All that is over was then removed in ${removing.seconds.toFixed(1)} s, with asks ` +
      `beside it${removing.longest === null ? '' : `; no transaction of the removal was seen to hold rows for longer than ${ms(removing.longest)}`}. ${mb(bytesLeft)} are left: ` +
      `${Object.entries(left)
        .map(([table, count]) => `${count.toLocaleString('en')} ${table.replace('latchkey_', '')}`)
        .join(', ')}.`,
    {
      head: [`asks on ${name}`, 'p50', 'p99', 'p99.9', 'longest'],
      rows: [['alone', alone] as const, ['beside the removal', removing] as const].map(([what, { waits }]) => [
        what,
        ...[0.5, 0.99, 0.999, 1].map((q) => ms(quantile(waits, q))),
      ]),
    },
  ]),
])
for (const { name, sizes, removing } of results) {
  for (const one of sizes) {
    for (const act of acts.filter((act) => grownBy(one, act) > 1.2)) {
      tell(`${name}, ${act}: ${grownBy(one, act).toFixed(2)} times as long with ${one.size} accounts.`)
      process.exitCode = 1
    }
  }
  const waited = quantile(removing.waits, 0.999)
  if (waited > 50 || (removing.longest ?? 0) > 50) {
    tell(
      `${name}: an ask waited for ${ms(waited)} beside the removal, a transaction of it held rows for ${ms(removing.longest ?? Number.NaN)}.`,
    )
    process.exitCode = 1
  }
}
