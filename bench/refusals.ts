/**
 * What a stranger costs whom a limit turns away. Why: a limit is there for the day of the flood, and one whose refusals
 * cost as much as what they refuse only changes the status in the log. So refused asks are answered beside accepted ones,
 * on one server in one run, in alternating order; then a long flood of every kind is sent, and the server's memory is read
 * on the way: whatever is remembered of those who were turned away must be bounded.
 *
 * Limits are as in production. An accepted ask is one whose letter is written, too: a server that answered more of them than
 * it writes letters for would only put off the rest of the work, and to the very seconds in which the refused are counted. So
 * the clock of a round stops when the last letter of it is out. The mailer takes no time. The networks come in
 * `X-Forwarded-For`, from a proxy that is trusted: accepted asks each from one of their own, refused ones all from one.
 */
import { readFileSync } from 'node:fs'
import { startCluster } from './tools/cluster.ts'
import { median, quantile } from './tools/figures.ts'
import { type Host, start } from './tools/host.ts'
import { postForm, postJson, startLoad } from './tools/load.ts'
import { addressOf } from './tools/people.ts'
import { quiet, watchOthers } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Refused asks per second against accepted ones, their letters written, and memory over a flood of hostile
requests, on SQLite and PostgreSQL. Exit 1 when the median ratio is under 3.0, or memory after the flood is over 1.1 times
what it was after a quarter of it.`
const { rounds, seconds, connections, hostile } = options('refusals', about, {
  rounds: ['rounds of both kinds, on each server', 5],
  seconds: ['counted seconds of each kind in each round', 3],
  connections: ['connections kept open', 48],
  hostile: ['hostile requests whose memory is looked at', 200_000],
})

const kinds = ['accepted', 'refused'] as const
type Kind = (typeof kinds)[number]
/** Asks a second: `answered` while they came, `rate` until the last letter was written. */
type Figures = Readonly<Record<'rate' | 'answered' | 'p99' | 'cpu' | 'others', number>>

const path = '/auth/forgot-password/'
const networkOf = (at: number): string => `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`
const ours = '203.0.113.9'
/** So many that none of them is at its limit of letters, past which an accepted ask has none. */
const people = 40_000
let used = 0

/** Networks are used once, over all rounds: an accepted ask must be one. */
function requestsOf(kind: Kind, port: number): string[] {
  if (kind === 'refused') return [postFrom(port, ours, 0)]
  const first = used
  used += 60_000
  return Array.from({ length: 60_000 }, (_, at) => postFrom(port, networkOf(first + at), (first + at) % people))
}

const postFrom = (port: number, network: string, person: number): string =>
  postJson(port, path, { email: addressOf(person) }).replace('\r\n', `\r\nX-Forwarded-For: ${network}\r\n`)

const load = startLoad()

async function measure(host: Host, kind: Kind): Promise<Figures> {
  const requests = requestsOf(kind, host.port)
  const half = Math.ceil(requests.length / 3)
  await load.run({ port: host.port, requests: requests.slice(0, half), connections, seconds: 1 })
  await written(host)
  const before = await host.ask<NodeJS.CpuUsage>('cpu')
  const others = watchOthers()
  const counted = requests.length > 1 ? requests.slice(half) : requests
  const begun = performance.now()
  const done = await load.run({ port: host.port, requests: counted, connections, seconds })
  const letters = await written(host)
  const lasted = letters ? (performance.now() - begun) / 1000 : done.seconds
  const after = await host.ask<NodeJS.CpuUsage>('cpu')
  const wrong = Object.keys(done.statuses).filter((status) => status !== (kind === 'accepted' ? '200' : '429'))
  if (wrong.length > 0) throw new Error(`${kind}: answered ${JSON.stringify(done.statuses)}`)
  const cpu = after.user + after.system - before.user - before.system
  return {
    rate: done.answered / lasted,
    answered: done.answered / done.seconds,
    p99: quantile(done.latencies, 0.99),
    cpu: cpu / done.answered,
    others: others(cpu / 1000 + done.cpu),
  }
}

/** Resolves when no letter waits; whether one did. */
async function written(host: Host): Promise<boolean> {
  for (let waited = 0; ; waited += 20) {
    if (!(await host.ask<boolean>('busy'))) return waited > 0
    if (waited > 120_000) throw new Error('The letters were not written within two minutes.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

type Played = ReadonlyMap<Kind, Figures[]>

async function play(host: Host, place: string): Promise<Played> {
  const played = new Map<Kind, Figures[]>(kinds.map((kind) => [kind, []]))
  // Over the limit before anything is counted.
  await load.run({
    port: host.port,
    requests: Array(30).fill(postFrom(host.port, ours, 0)),
    connections: 1,
    seconds: 5,
    once: true,
  })
  for (let round = 0; round < rounds; round++) {
    for (const kind of round % 2 ? [...kinds].reverse() : kinds) {
      const one = await measure(host, kind)
      played.get(kind)!.push(one)
      const rest = `${Math.round(one.cpu)} µs of CPU each, others took ${Math.round(one.others * 100)} % of the machine`
      tell(
        `${place}, round ${round + 1} of ${rounds}: ${kind}: ${Math.round(one.rate)} asks/s (answered: ${Math.round(one.answered)}), ${rest}`,
      )
    }
  }
  return played
}

/** Of each kind, as a stranger sends them; three in a hundred from a network where nobody was before. */
function hostileRequests(port: number, count: number): string[] {
  const json = (to: string, body: object): string => postJson(port, to, body)
  const login = { username: addressOf(1), password: 'Wrong-Guess-55!' }
  return Array.from({ length: count }, (_, at) => {
    const network = at % 33 === 0 ? networkOf(8_000_000 + used++) : ours
    const person = addressOf(at % 2_000)
    const made = [
      () => json(path, { email: person }),
      () => json('/api/flows/classic/prove', { token: `${at}`.padStart(65, 'x'), uid: 'MQ' }),
      () => json('/api/flows/code/prove', { flow_id: `${at}`.padStart(22, 'x'), email: person, code: '123456' }),
      () => json('/api/flows/verified/change', { grant: `${at}`.padStart(90, 'x'), password: 'New-Harbour-83?' }),
      () => postForm(port, '/login/', login),
      () => json(path, { email: `${at}`.repeat(40) }),
      () => json(`/nowhere/${at}/`, {}),
      () => postForm(port, '/auth/password-reset/', { email: person, csrf_token: `${at}` }),
    ][at % 8]!
    return made().replace('\r\n', `\r\nX-Forwarded-For: ${network}\r\n`)
  })
}

const residentOf = (host: Host): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${host.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

type Reading = { readonly at: number; readonly memory: number }

async function flood(host: Host, place: string): Promise<Reading[]> {
  const readings: Reading[] = []
  const part = Math.ceil(hostile / 8)
  // By what was answered: a machine that is too slow for all of it must not pass for one that took it.
  for (let [sent, turn] = [0, 0]; turn < 8; turn++) {
    const requests = hostileRequests(host.port, part)
    const done = await load.run({ port: host.port, requests, connections, seconds: 600, warm: 0, once: true })
    sent += done.answered
    readings.push({ at: sent, memory: residentOf(host) })
    tell(`${place}, ${sent} hostile requests: ${residentOf(host).toFixed(0)} MiB`)
  }
  return readings
}

const cluster = await startCluster()
const places = [
  { place: 'SQLite', url: {} },
  { place: 'PostgreSQL', url: { url: await cluster.database() } },
]
const results: { place: string; played: Played; readings: Reading[] }[] = []
for (const { place, url } of places) {
  const host = await start('latchkey', { worker: true, mail: 'null', accounts: people, limits: true, ...url })
  await quiet()
  results.push({ place, played: await play(host, place), readings: await flood(host, place) })
  await host.stop()
}
load.end()
await cluster.stop()

const ratiosOf = (played: Played): number[] =>
  played.get('refused')!.map((one, round) => one.rate / played.get('accepted')![round]!.rate)
const middle = (played: Played, kind: Kind, key: keyof Figures): number =>
  median(played.get(kind)!.map((one) => one[key]))
const others = results.flatMap(({ played }) => kinds.flatMap((kind) => played.get(kind)!.map((one) => one.others)))

report('refusals', 'What a refusal costs', [
  `${rounds} rounds of ${seconds} s each, ${connections} connections kept open; medians; order alternates. Others took ` +
    `${Math.round(100 * median(others))} % of the machine meanwhile, the database among them. Limits as in ` +
    'production. Accepted asks are counted until their letters are written, by the same process and by a mailer that ' +
    'takes no time; "answered" is what they are while they come.',
  {
    head: ['', 'asks/s', 'answered', 'to accepted', 'range', 'p99', 'CPU per ask'],
    rows: results.flatMap(({ place, played }) =>
      kinds.map((kind) => [
        `${kind} asks, ${place}`,
        String(Math.round(middle(played, kind, 'rate'))),
        String(Math.round(middle(played, kind, 'answered'))),
        kind === 'accepted' ? '' : `${median(ratiosOf(played)).toFixed(2)}×`,
        kind === 'accepted'
          ? ''
          : `${Math.min(...ratiosOf(played)).toFixed(2)}–${Math.max(...ratiosOf(played)).toFixed(2)}`,
        `${middle(played, kind, 'p99').toFixed(1)} ms`,
        `${Math.round(middle(played, kind, 'cpu'))} µs`,
      ]),
    ),
  },
  'Resident memory of the same servers during a flood of asks, log-ins, wrong links, codes and grants, forms and garbage:',
  {
    head: ['hostile requests', ...results.map(({ place }) => place)],
    rows: results[0]!.readings.map(({ at }, row) => [
      String(at),
      ...results.map(({ readings }) => `${readings[row]!.memory.toFixed(0)} MiB`),
    ]),
  },
])
for (const { place, played, readings } of results) {
  const ratio = median(ratiosOf(played))
  const [quarter, end] = [readings[1]!.memory, readings.at(-1)!.memory]
  const answered = readings.at(-1)!.at
  if (ratio < 3) tell(`${place}: under 3.0 times: ${ratio.toFixed(2)}.`)
  if (end > quarter * 1.1)
    tell(`${place}: memory grew: ${quarter.toFixed(0)} MiB after a quarter, ${end.toFixed(0)} MiB at the end.`)
  if (answered < hostile) tell(`${place}: only ${answered} of ${hostile} hostile requests were answered in time.`)
  if (ratio < 3 || end > quarter * 1.1 || answered < hostile) process.exitCode = 1
}
