/**
 * Asks per second beside what others would install instead, and what the time of an answer tells of an address there and
 * here. The peer is installed from the npm registry into a folder of its own for the occasion; set up as its documentation
 * says, limits off on both sides, a durable SQLite below both, a mailer that does nothing.
 */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, quantile, rankAuc } from './tools/figures.ts'
import { freePort, type Host, start, startScript } from './tools/host.ts'
import { installed } from './tools/installed.ts'
import { postJson, startLoad } from './tools/load.ts'
import { addressOf, password, strangerOf } from './tools/people.ts'
import { quiet } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const peer = 'better-auth@1.7.25'
const about = `Asks per second of Latchkey (its letters written meanwhile by the same process) and of ${peer}, and the rank AUC of
their times for known against unknown addresses. Installs the peer in a folder under the system's temporary one.
Exit 1 when Latchkey is not the faster.`
const { rounds, seconds, connections, pairs } = options('peers', about, {
  rounds: ['rounds; each starts both servers anew', 3],
  seconds: ['counted seconds of each side in each round', 4],
  connections: ['connections kept open', 48],
  pairs: ['known and unknown addresses asked one after another, of each', 1000],
})

const sides = ['better-auth', 'Latchkey'] as const
type Side = (typeof sides)[number]
type Figures = { readonly rate: number; readonly p99: number; readonly cpu: number; readonly told: number }

const people = 2_000
const known = Array.from({ length: people }, (_, at) => addressOf(at))
const load = startLoad()

const script = join(installed(peer), 'server.js')
copyFileSync(fileURLToPath(new URL('./peers/better-auth.js', import.meta.url)), script)

const begin = async (side: Side): Promise<Host> =>
  side === 'Latchkey'
    ? start('latchkey', { worker: true, mail: 'null', accounts: people })
    : startScript(script, { port: await freePort(), accounts: known, password })

const request = (side: Side, port: number, email: string): string =>
  side === 'Latchkey'
    ? postJson(port, '/auth/forgot-password/', { email })
    : postJson(port, '/api/auth/request-password-reset', { email }, { Origin: `http://127.0.0.1:${port}` })

async function measure(side: Side): Promise<Figures> {
  const host = await begin(side)
  const { port } = host
  const requests = known.map((email) => request(side, port, email))
  await quiet()
  await load.run({ port, requests, connections, seconds: 1.5 })
  const before = await host.ask<NodeJS.CpuUsage>('cpu')
  const done = await load.run({ port, requests, connections, seconds })
  const after = await host.ask<NodeJS.CpuUsage>('cpu')
  const wrong = Object.keys(done.statuses).filter((status) => status !== '200')
  if (wrong.length > 0) throw new Error(`${side}: answered ${JSON.stringify(done.statuses)}`)
  const told = await difference(side, port)
  await host.stop()
  return {
    rate: done.answered / done.seconds,
    p99: quantile(done.latencies, 0.99),
    cpu: (after.user + after.system - before.user - before.system) / done.answered,
    told,
  }
}

/** One connection, one ask after another, known and unknown in turn: 0.5 tells nothing, 0 or 1 everything. */
async function difference(side: Side, port: number): Promise<number> {
  const mixed = Array.from({ length: 2 * pairs }, (_, at) =>
    request(side, port, at % 2 ? strangerOf(at) : addressOf(at % people)),
  )
  await load.run({ port, requests: mixed.slice(0, 200), connections: 1, seconds: 60, once: true })
  const done = await load.run({ port, requests: mixed, connections: 1, seconds: 120, once: true })
  const times = [...done.latencies].filter((ms) => !Number.isNaN(ms))
  return rankAuc(
    times.filter((_, at) => at % 2 === 0),
    times.filter((_, at) => at % 2 === 1),
  )
}

const kept: Map<Side, Figures>[] = []
for (let round = 1; round <= rounds; round++) {
  const figures = new Map<Side, Figures>()
  for (const side of round % 2 ? sides : [...sides].reverse()) {
    const one = await measure(side)
    figures.set(side, one)
    tell(
      `round ${round} of ${rounds}: ${side}: ${Math.round(one.rate)} asks/s, ${Math.round(one.cpu)} µs of CPU each, AUC ${one.told.toFixed(3)}`,
    )
  }
  kept.push(figures)
}
load.end()

const middle = (side: Side, key: keyof Figures): number => median(kept.map((round) => round.get(side)![key]))
const ratios = kept.map((round) => round.get('Latchkey')!.rate / round.get('better-auth')!.rate)
report('peers', 'Beside peers', [
  `${rounds} rounds of ${seconds} s, ${connections} connections kept open, one request on the way on each, addresses that have an ` +
    `account; medians; order alternates. AUC: ${pairs} known and ${pairs} unknown addresses in turn on one connection; the ` +
    'chance that an unknown one took longer, 0.5 when the time tells nothing.',
  {
    head: ['', 'asks/s', 'to the peer', 'range', 'p99', 'CPU per ask', 'AUC'],
    rows: sides.map((side) => [
      side === 'Latchkey' ? side : peer,
      String(Math.round(middle(side, 'rate'))),
      side === 'Latchkey' ? `${median(ratios).toFixed(2)}×` : '',
      side === 'Latchkey' ? `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}` : '',
      `${middle(side, 'p99').toFixed(1)} ms`,
      `${Math.round(middle(side, 'cpu'))} µs`,
      middle(side, 'told').toFixed(3),
    ]),
  },
])
if (median(ratios) < 1) process.exitCode = 1
