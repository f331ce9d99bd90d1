/**
 * Whether the time of an answer tells if an address has an account. Why: that is what a list of addresses is tried
 * against, and the answer's words say nothing. The code has no branch to tell by (`engine/request.ts` does not look the
 * account up); this measures whether that holds for everything around it too, the worker and a slow mail server among it.
 *
 * One connection, one request after another, known and unknown addresses of one length in random order, nothing dropped.
 * Compared by rank: the AUC is the chance that an answer for an unknown address took longer than one for a known one.
 * Limits are off, for one caller has three tries for an address, and here it has thousands; then once more with limits
 * on and full, for a refusal must not tell either.
 */
import { startCluster } from './tools/cluster.ts'
import { chanceOfAuc, differenceAt, median, rankAuc, shuffle } from './tools/figures.ts'
import { type Host, start } from './tools/host.ts'
import { formAt, get, postForm, postJson, startLoad } from './tools/load.ts'
import { addressOf, foreignOf, strangerOf } from './tools/people.ts'
import { quiet } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Whether answering times tell a known address from an unknown one: rank AUC within 0.47 to 0.53 for every flow, by
pages and by JSON, idle and under load, with mail that works, is slow (200 ms a letter) and is down, and above the
limits; links and log-ins on PostgreSQL too. Exit 1 outside the band.`
const given = options('sameness', about, {
  samples: ['asks of each kind in each row', 5_000],
  logins: ['log-ins of each kind: each takes a hash', 5_000],
  only: ['rows whose name holds this', ''],
  quick: ['a third of the samples, and only with mail that works', false],
})
const samples = given.quick ? Math.ceil(given.samples / 3) : given.samples
const logins = given.quick ? Math.ceil(given.logins / 4) : given.logins

/** Accounts, numbered from 1 in the database: ids of four digits are known up to here, and unknown above. */
const accounts = 2_000
const knownIds = { from: 1_000, below: accounts }
const unknownIds = { from: accounts + 1, below: 3_000 }

type Kind = 'known' | 'unknown'
type Range = { readonly from: number; readonly below: number }
const oneOf = ({ from, below }: Range): number => from + Math.floor(Math.random() * (below - from))
const someone = (kind: Kind): string => (kind === 'known' ? addressOf : strangerOf)(oneOf(knownIds))
const uid = (kind: Kind): string =>
  Buffer.from(String(oneOf(kind === 'known' ? knownIds : unknownIds))).toString('base64url')

/** One row of the table: what is sent for a kind, and the status that both get. */
type Trial = {
  readonly what: string
  readonly status: string
  readonly count: number
  readonly request: (kind: Kind) => string
}

type Row = { readonly cells: readonly string[]; readonly passed: boolean }

const flows = {
  classic: '/auth/password-reset/',
  code: '/accounts/password-reset-email/',
  stateless: '/password-reset/',
  verified: '/forgot-password/',
}

const load = startLoad()
const rows: Row[] = []

async function asks({ port }: Host): Promise<Trial[]> {
  const trials: Trial[] = []
  for (const [flow, path] of Object.entries(flows)) {
    const { token, headers } = await formAt(port, path)
    const request = (kind: Kind) => postForm(port, path, { email: someone(kind), csrf_token: token }, headers)
    trials.push({ what: `ask, ${flow}, page`, status: '303', count: samples, request })
  }
  for (const flow of [...Object.keys(flows), 'spa']) {
    const request = (kind: Kind) => postJson(port, `/api/flows/${flow}/request`, { email: someone(kind) })
    trials.push({ what: `ask, ${flow}, API`, status: '200', count: samples, request })
  }
  const request = (kind: Kind) => postJson(port, '/auth/forgot-password/', { email: someone(kind) })
  trials.push({ what: 'ask, spa, its own route', status: '200', count: samples, request })
  return trials
}

/** A network of its own for each request: what is counted by address shows alone. */
const somewhere = (): Record<string, string> => {
  const part = (): number => oneOf({ from: 1, below: 255 })
  return { 'X-Forwarded-For': `${[10, part(), part(), part()].join('.')}` }
}

/** With limits on. A few addresses of each kind, asked for until no letter leaves any more, and a network that is full. */
async function aboveLimits(host: Host): Promise<Trial[]> {
  const { port } = host
  const few = 20
  const fewOf = (kind: Kind): string =>
    (kind === 'known' ? addressOf : strangerOf)(knownIds.from + oneOf({ from: 0, below: few }))
  const ask = (email: string, headers: Record<string, string>): string =>
    postJson(port, '/api/flows/classic/request', { email }, headers)
  const logIn = (username: string, headers: Record<string, string>): string =>
    postForm(
      port,
      path,
      { username, password: 'Not-The-Pass-1!', csrf_token: form.token },
      { ...form.headers, ...headers },
    )
  const path = '/auth/login/'
  const form = await formAt(port, path)
  const each = Array.from({ length: 12 * few }, (_, at) => knownIds.from + (at % few))
  const warm = each.flatMap((id) => [addressOf(id), strangerOf(id)])
  const warmed = warm.flatMap((email) => [ask(email, somewhere()), logIn(email, somewhere())])
  const here = { 'X-Forwarded-For': '192.0.2.1' }
  const filled = Array.from({ length: 30 }, () => ask(someone('known'), here))
  await load.run({ port, requests: [...warmed, ...filled], connections: 1, seconds: 120, once: true })
  await settled(host)
  const count = samples
  return [
    { what: 'ask, no letter any more, API', status: '200', count, request: (kind) => ask(fewOf(kind), somewhere()) },
    { what: 'ask from a full network, API', status: '429', count, request: (kind) => ask(someone(kind), here) },
    { what: 'log-in, name used up', status: '429', count, request: (kind) => logIn(fewOf(kind), somewhere()) },
  ]
}

/** Links that were never mailed, for accounts that are there and that are not. */
function links({ port }: Host): Trial[] {
  const random = (length: number): string =>
    Array.from(
      { length },
      () => 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789'[oneOf({ from: 0, below: 55 })],
    ).join('')
  const signed = (): string => `${(Date.now() + 1_800_000).toString(36)}-${random(43)}`
  const wanted = { password: 'A-New-Pass-1!' }
  const trial = (what: string, request: Trial['request']): Trial => ({ what, status: '410', count: samples, request })
  return [
    trial('link, classic', (kind) => get(port, `/auth/password-reset-confirm/${uid(kind)}/${random(65)}/`)),
    trial('link, stateless', (kind) => get(port, `/reset/${uid(kind)}/${signed()}/`)),
    trial('link, stateless, API', (kind) =>
      postJson(port, '/api/flows/stateless/prove', { uid: uid(kind), token: signed() }),
    ),
    trial('grant, stateless, API', (kind) => {
      const grant = `.${uid(kind)}.${(Date.now() + 600_000).toString(36)}.${random(43)}`
      return postJson(port, '/api/flows/stateless/change', { grant, ...wanted })
    }),
    trial('change, stateless, API', (kind) =>
      postJson(port, '/api/flows/stateless/change', { uid: uid(kind), token: signed(), ...wanted }),
    ),
  ]
}

/** Asks for a code as a program; answers the flow's id. */
async function codeAsked(port: number, email: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/api/flows/code/request`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email }),
  })
  return ((await response.json()) as { flow_id: string }).flow_id
}

/** Wrong codes for asks of both kinds, each typed four times: a fifth would use the code up. */
async function codes(host: Host): Promise<Trial> {
  const { port } = host
  const asked: Record<Kind, { flow_id: string; email: string }[]> = { known: [], unknown: [] }
  for (const kind of shuffle(
    Array.from({ length: Math.ceil(samples / 2) }, (_, at): Kind => (at % 2 ? 'known' : 'unknown')),
  )) {
    const email = someone(kind)
    const flow_id = await codeAsked(port, email)
    asked[kind].push(...Array.from({ length: 4 }, () => ({ flow_id, email })))
  }
  await settled(host)
  for (const kind of ['known', 'unknown'] as const) shuffle(asked[kind])
  return {
    what: 'wrong code, API',
    status: '400',
    count: Math.min(asked.known.length, asked.unknown.length),
    request: (kind) => postJson(port, '/api/flows/code/prove', { ...asked[kind].pop()!, code: '000000' }),
  }
}

/** The same by pages: each ask is one browser's, and the code is typed there. */
async function codePages(host: Host): Promise<Trial> {
  const { port } = host
  const path = '/accounts/password-reset-otp/'
  const asked: Record<Kind, string[]> = { known: [], unknown: [] }
  for (let at = 0; at < Math.ceil(samples / 2); at++) {
    const kind: Kind = at % 2 ? 'known' : 'unknown'
    const email = someone(kind)
    const form = await formAt(port, '/accounts/password-reset-email/')
    const response = await fetch(`http://127.0.0.1:${port}/accounts/password-reset-email/`, {
      method: 'POST',
      redirect: 'manual',
      headers: { ...form.headers, Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' },
      body: new URLSearchParams({ email, csrf_token: form.token }),
    })
    const more = response.headers.getSetCookie().map((line) => line.split(';')[0]!)
    const headers = { Cookie: [form.headers.Cookie, ...more].join('; ') }
    const fields = { email, code: '000000', csrf_token: form.token }
    asked[kind].push(...Array.from({ length: 4 }, () => postForm(port, path, fields, headers)))
  }
  await settled(host)
  for (const kind of ['known', 'unknown'] as const) shuffle(asked[kind])
  const count = Math.min(asked.known.length, asked.unknown.length)
  return { what: 'wrong code, page', status: '400', count, request: (kind) => asked[kind].pop()! }
}

/** Asked again before its time: refused by what the caller itself did. */
async function resends({ port }: Host): Promise<Trial> {
  const asked: Record<Kind, object[]> = { known: [], unknown: [] }
  for (let at = 0; at < 200; at++) {
    const kind: Kind = at % 2 ? 'known' : 'unknown'
    const email = someone(kind)
    const flow_id = await codeAsked(port, email)
    asked[kind].push({ email, flow_id })
  }
  const request = (kind: Kind) =>
    postJson(port, '/api/flows/code/request', asked[kind][oneOf({ from: 0, below: 100 })]!)
  return { what: 'resend too soon, API', status: '429', count: samples, request }
}

async function logIns({ port }: Host): Promise<Trial> {
  const path = '/auth/login/'
  const { token, headers } = await formAt(port, path)
  const request = (kind: Kind) =>
    postForm(port, path, { username: someone(kind), password: 'Not-The-Pass-1!', csrf_token: token }, headers)
  return { what: 'log-in, wrong password', status: '403', count: logins, request }
}

/** Accounts without a hash, with broken ones, and with those of other systems, cheap and dear. */
async function foreignLogIns({ port }: Host): Promise<Trial> {
  const path = '/auth/login/'
  const { token, headers } = await formAt(port, path)
  const few = { from: 0, below: 200 }
  const request = (kind: Kind) => {
    const username = (kind === 'known' ? foreignOf : strangerOf)(oneOf(few))
    return postForm(port, path, { username, password: 'Not-The-Pass-1!', csrf_token: token }, headers)
  }
  return { what: 'log-in, hashes of others', status: '403', count: logins, request }
}

/** Until no letter waits. */
async function settled(host: Host): Promise<void> {
  while (await host.ask<boolean>('busy')) await new Promise((resolve) => setTimeout(resolve, 100))
}

async function measure(host: Host, mail: string, trial: Trial): Promise<void> {
  if (!trial.what.includes(given.only)) return
  const kinds = shuffle(Array.from({ length: 2 * trial.count }, (_, at): Kind => (at % 2 ? 'known' : 'unknown')))
  const requests = kinds.map(trial.request)
  const { latencies, statuses } = await load.run({
    port: host.port,
    requests,
    connections: 1,
    seconds: 1200,
    once: true,
  })
  if (statuses[trial.status] !== requests.length) {
    throw new Error(
      `${trial.what}: expected ${requests.length} answers of ${trial.status}, got ${JSON.stringify(statuses)}`,
    )
  }
  const of = (kind: Kind): Float64Array => latencies.filter((_, at) => kinds[at] === kind)
  const [known, unknown] = [of('known'), of('unknown')]
  const auc = rankAuc(known, unknown)
  // With few samples chance alone leaves the band; then it is as wide as chance, and the row says so.
  const band = Math.max(0.03, 3.5 * chanceOfAuc(trial.count, trial.count))
  const passed = Math.abs(auc - 0.5) <= band
  const ms = (value: number): string => value.toFixed(3)
  rows.push({
    passed,
    cells: [
      trial.what,
      mail,
      String(trial.count),
      ms(median(known)),
      ms(median(unknown)),
      auc.toFixed(3),
      `±${band.toFixed(3)}`,
      ms(differenceAt(0.5 + band, known, unknown)),
      passed ? 'yes' : 'NO',
    ],
  })
  tell(`mail ${mail}: ${trial.what}: AUC ${auc.toFixed(3)}${passed ? '' : ', OUTSIDE THE BAND'}`)
}

/** Asks again and again, as others would meanwhile: the worker and the writer are never idle. */
function noise(host: Host): () => Promise<void> {
  const others = startLoad()
  let on = true
  const running = (async () => {
    while (on) {
      const requests = Array.from({ length: 200 }, (_, at) =>
        postJson(host.port, '/auth/forgot-password/', { email: someone(at % 2 ? 'known' : 'unknown') }),
      )
      await others.run({ port: host.port, requests, connections: 4, seconds: 1, once: true })
    }
  })()
  return async () => {
    on = false
    await running
    others.end()
  }
}

const mails = given.quick ? (['works'] as const) : (['works', 'slow', 'down'] as const)
for (const mail of mails) {
  const host = await start('latchkey', { worker: true, mail: mail === 'works' ? 'null' : mail, accounts })
  await quiet()
  const warm = Array.from({ length: 500 }, () =>
    postJson(host.port, '/auth/forgot-password/', { email: someone('known') }),
  )
  await load.run({ port: host.port, requests: warm, connections: 1, seconds: 60, once: true })
  for (const trial of await asks(host)) await measure(host, mail, trial)
  if (mail === 'works') {
    await settled(host)
    for (const trial of links(host)) await measure(host, mail, trial)
    for (const made of [codes, codePages, resends, logIns, foreignLogIns]) await measure(host, mail, await made(host))
    const quieten = noise(host)
    for (const trial of await asks(host)) await measure(host, 'works, under load', trial)
    await measure(host, 'works, under load', await logIns(host))
    await quieten()
  }
  await host.stop()
}
const limited = await start('latchkey', { worker: true, mail: 'null', accounts, limits: true })
for (const trial of await aboveLimits(limited)) await measure(limited, 'works', trial)
await limited.stop()

// Where accounts are looked up before the answer: a way to the server and back more would show.
if (!given.quick) {
  const cluster = await startCluster()
  const host = await start('latchkey', { worker: true, mail: 'null', accounts, url: await cluster.database() })
  for (const trial of [...links(host), await logIns(host)]) await measure(host, 'works, PostgreSQL', trial)
  await host.stop()
  await cluster.stop()
}
load.end()

const failed = rows.filter((row) => !row.passed).length
report('sameness', 'Whether answering times tell who has an account', [
  'Milliseconds, medians; one connection, random order, nothing dropped; the letter worker runs in the same process. The ' +
    'AUC is the chance that an answer for an unknown address (or account) took longer than one for a known one; 0.5 ' +
    'says nothing. "Would show": a constant difference of so many milliseconds would have left the band.',
  {
    head: ['', 'mail', 'of each', 'known', 'unknown', 'AUC', 'band', 'would show', 'within'],
    rows: rows.map((row) => row.cells),
  },
  failed === 0 ? 'All within the band.' : `${failed} outside the band.`,
])
process.exitCode = failed === 0 ? 0 : 1
