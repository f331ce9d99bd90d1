/**
 * Asks per second, beside a bare server. Why: an ask is the one thing that strangers can do as often as they like, and it
 * writes. If ours cost more than what one would write in an afternoon, the product would be easier to bring down than
 * what it replaces.
 *
 * Both answer over real sockets from a process of their own, with a database of their own on the same disk, WAL and
 * `synchronous = FULL`: what is answered is on the disk. The bare server (`servers/bare.ts`) makes two rows for an ask;
 * ours three, the third being the audit's. Limits are off on our side, since all asks come from one address.
 */
import { median, quantile } from './tools/figures.ts'
import { type Host, start } from './tools/host.ts'
import { formAt, postForm, postJson, startLoad } from './tools/load.ts'
import { addressOf, strangerOf } from './tools/people.ts'
import { quiet, watchOthers } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Asks per second of Latchkey (worker off, worker on) and of a bare server, in rounds of alternating order.
Exit 1 when the median ratio is under 1.0.`
const { rounds, seconds, connections } = options('asks', about, {
  rounds: ['rounds; each starts every server anew', 5],
  seconds: ['counted seconds of each kind in each round', 3],
  connections: ['connections kept open', 48],
})

const sides = ['bare', 'worker off', 'worker on'] as const
const faces = ['JSON', 'form'] as const
type Side = (typeof sides)[number]
type Face = (typeof faces)[number]
/** `others`: the share of the machine that went to neither side. */
type Figures = { readonly rate: number; readonly p99: number; readonly cpu: number; readonly others: number }

const addresses = Array.from({ length: 2_000 }, (_, at) => (at % 2 ? strangerOf(at) : addressOf(at)))
const load = startLoad()

const begin = (side: Side): Promise<Host> =>
  side === 'bare'
    ? start('bare', { accounts: 0 })
    : start('latchkey', { worker: side === 'worker on', mail: 'null', accounts: 2_000 })

async function requestsOf(face: Face, side: Side, port: number): Promise<string[]> {
  if (face === 'JSON') return addresses.map((email) => postJson(port, '/auth/forgot-password/', { email }))
  const path = '/auth/password-reset/'
  if (side === 'bare') return addresses.map((email) => postForm(port, path, { email }))
  const { token, headers } = await formAt(port, path)
  return addresses.map((email) => postForm(port, path, { email, csrf_token: token }, headers))
}

async function measure(host: Host, side: Side, face: Face): Promise<Figures> {
  const requests = await requestsOf(face, side, host.port)
  await load.run({ port: host.port, requests, connections, seconds: 1.5 })
  const before = await host.ask<NodeJS.CpuUsage>('cpu')
  const others = watchOthers()
  const done = await load.run({ port: host.port, requests, connections, seconds })
  const after = await host.ask<NodeJS.CpuUsage>('cpu')
  const wrong = Object.keys(done.statuses).filter((status) => status !== (face === 'JSON' ? '200' : '303'))
  if (wrong.length > 0) throw new Error(`${side}, ${face}: answered ${JSON.stringify(done.statuses)}`)
  const cpu = after.user + after.system - before.user - before.system
  return {
    rate: done.answered / done.seconds,
    p99: quantile(done.latencies, 0.99),
    cpu: cpu / done.answered,
    others: others(cpu / 1000 + done.cpu),
  }
}

/** Every side once; null when others took too much of the machine meanwhile. */
async function playRound(order: readonly Side[], label: string): Promise<Map<string, Figures> | null> {
  const figures = new Map<string, Figures>()
  for (const side of order) {
    const host = await begin(side)
    await quiet()
    for (const face of faces) {
      const one = await measure(host, side, face)
      figures.set(`${side} ${face}`, one)
      const rest = `${Math.round(one.cpu)} µs of CPU each, others took ${Math.round(one.others * 100)} % of the machine`
      tell(`${label}: ${side}, ${face}: ${Math.round(one.rate)} asks/s, ${rest}`)
    }
    await host.stop()
  }
  return [...figures.values()].some((one) => one.others > tooMuch) ? null : figures
}
/** Of the machine, to neither side: above it a round is not counted. */
const tooMuch = 0.15

const kept: Map<string, Figures>[] = []
let tried = 0
while (kept.length < rounds && tried < rounds * 3) {
  const order = kept.length % 2 ? [...sides].reverse() : sides
  const round = await playRound(order, `round ${kept.length + 1} of ${rounds}`)
  tried++
  if (round) kept.push(round)
  else tell('not counted: the machine was busy with something else')
}
load.end()
if (kept.length === 0) throw new Error('No round met a quiet machine.')

const of = (side: Side, face: Face): Figures[] => kept.map((round) => round.get(`${side} ${face}`)!)
const ratios = (side: Side, face: Face): number[] =>
  of(side, face).map((figures, round) => figures.rate / of('bare', face)[round]!.rate)
const middle = (side: Side, face: Face, key: keyof Figures): number => median(of(side, face).map((one) => one[key]))

const rows = faces.flatMap((face) =>
  sides.map((side) => {
    const spread = ratios(side, face)
    return [
      `${side === 'bare' ? 'bare server' : `Latchkey, ${side}`}, ${face}`,
      String(Math.round(middle(side, face, 'rate'))),
      side === 'bare' ? '' : `${median(spread).toFixed(2)}×`,
      side === 'bare' ? '' : `${Math.min(...spread).toFixed(2)}–${Math.max(...spread).toFixed(2)}`,
      `${middle(side, face, 'p99').toFixed(1)} ms`,
      `${Math.round(middle(side, face, 'cpu'))} µs`,
    ]
  }),
)
report('asks', 'Asks per second', [
  `${kept.length} rounds of ${seconds} s each, ${connections} connections kept open, one request on the way on each; medians. ` +
    `Ratios are taken within a round, where both sides met the same machine; order alternates; ${tried - kept.length} more ` +
    'rounds were not counted, for something else took over 15 % of the machine. "Worker on": letters of ' +
    'these very asks are issued, written and given to a mailer that does nothing, by the same process meanwhile.',
  { head: ['', 'asks/s', 'to bare', 'range', 'p99', 'CPU per ask'], rows },
])
const worst = Math.min(...faces.map((face) => median(ratios('worker off', face))))
if (worst < 1) {
  tell(`Under 1.0 times the bare server: ${worst.toFixed(2)}.`)
  process.exitCode = 1
}
