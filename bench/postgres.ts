/**
 * Asks per second on PostgreSQL, beside a bare server on the same server: one process of ours and two. Why: an ask is what
 * strangers can do as often as they like, and past one machine it is the database that they would bring down. Durability is
 * PostgreSQL's own (`fsync`, `synchronous_commit` on), each side has a database of its own, all on one disk.
 */
import { startCluster } from './tools/cluster.ts'
import { median, quantile } from './tools/figures.ts'
import { type Host, start } from './tools/host.ts'
import { postJson, startLoad } from './tools/load.ts'
import { addressOf, strangerOf } from './tools/people.ts'
import { busy, quiet } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Asks per second on PostgreSQL of Latchkey, one process and two (worker off), and of a bare server, in rounds of
alternating order. Exit 1 when the median ratio of one process is under 1.0, or an ask costs two processes on one database
over 15 % more CPU than two that share nothing but the machine.`
const { rounds, seconds, connections } = options('postgres', about, {
  rounds: ['rounds; each starts every server anew', 5],
  seconds: ['counted seconds of each side in each round', 4],
  connections: ['connections kept open to a process; half as many where two share what one has', 48],
})

/**
 * Two processes, two generators and the database push each other out of two cores and their caches, whatever they run: what
 * it costs to share a database shows beside two processes with a database each. And where two have no more to do in all
 * than one, groups of asks are half as large.
 */
const sides = ['bare server', 'one process', 'two, half as much each', 'two', 'two, a database each'] as const
type Side = (typeof sides)[number]
/** `cpu`: of our processes; `database`: of everything else on the machine but the generators. Microseconds for one ask. */
type Figures = { readonly rate: number; readonly p99: number; readonly cpu: number; readonly database: number }

const addresses = Array.from({ length: 2_000 }, (_, at) => (at % 2 ? strangerOf(at) : addressOf(at)))
const loads = [startLoad(), startLoad()]
const cluster = await startCluster()

async function hostsOf(side: Side): Promise<Host[]> {
  const url = await cluster.database()
  if (side === 'bare server') return [await start('bare-postgres', { url })]
  const on = (url: string, accounts: number) => start('latchkey', { worker: false, mail: 'null', url, accounts })
  const first = await on(url, 2_000)
  if (side === 'one process') return [first]
  return [first, side === 'two, a database each' ? await on(await cluster.database(), 2_000) : await on(url, 0)]
}

const cpuOf = async (hosts: readonly Host[]): Promise<number> => {
  const used = await Promise.all(hosts.map((host) => host.ask<NodeJS.CpuUsage>('cpu')))
  return used.reduce((sum, { user, system }) => sum + user + system, 0)
}

async function measure(side: Side): Promise<Figures> {
  const hosts = await hostsOf(side)
  const each = side === 'two, half as much each' ? connections / 2 : connections
  const run = (over: number) =>
    Promise.all(
      hosts.map(({ port }, at) => {
        const requests = addresses.map((email) => postJson(port, '/auth/forgot-password/', { email }))
        return loads[at]!.run({ port, requests, connections: each, seconds: over })
      }),
    )
  await quiet()
  // Until all of it is compiled: two processes get half as much each to be compiled by.
  await run(12)
  const [before, machine] = [await cpuOf(hosts), busy()]
  const done = await run(seconds)
  const [after, now] = [await cpuOf(hosts), busy()]
  for (const host of hosts) await host.stop()
  const wrong = done.flatMap(({ statuses }) => Object.keys(statuses)).filter((status) => status !== '200')
  if (wrong.length > 0) throw new Error(`${side}: answered ${wrong.join(', ')}`)
  const answered = done.reduce((sum, one) => sum + one.answered, 0)
  const generators = done.reduce((sum, one) => sum + one.cpu, 0) * 1000
  return {
    rate: done.reduce((sum, one) => sum + one.answered / one.seconds, 0),
    p99: quantile(
      done.flatMap((one) => [...one.latencies]),
      0.99,
    ),
    cpu: (after - before) / answered,
    database: (now - machine - (after - before) - generators) / answered,
  }
}

const kept: Map<Side, Figures>[] = []
for (let round = 1; round <= rounds; round++) {
  const figures = new Map<Side, Figures>()
  for (const side of round % 2 ? sides : [...sides].reverse()) {
    const one = await measure(side)
    figures.set(side, one)
    tell(
      `round ${round} of ${rounds}: ${side}: ${Math.round(one.rate)} asks/s, ${Math.round(one.cpu)} µs of CPU each, ${Math.round(one.database)} µs elsewhere`,
    )
  }
  kept.push(figures)
}
for (const load of loads) load.end()
await cluster.stop()

const middle = (side: Side, key: keyof Figures): number => median(kept.map((round) => round.get(side)![key]))
const ratios = (side: Side): number[] => kept.map((round) => round.get(side)!.rate / round.get('bare server')!.rate)
report('postgres', 'Asks per second on PostgreSQL', [
  `${rounds} rounds of ${seconds} s, ${connections} connections kept open to each process, one request on the way on each; medians. Ratios are ` +
    'taken within a round; order alternates. "Elsewhere" is the CPU of all that is neither a server of ours nor the ' +
    'generator: PostgreSQL, and whatever else the machine did.',
  {
    head: ['', 'asks/s', 'to bare', 'range', 'p99', 'CPU per ask', 'elsewhere'],
    rows: sides.map((side) => [
      side,
      String(Math.round(middle(side, 'rate'))),
      side === 'bare server' ? '' : `${median(ratios(side)).toFixed(2)}×`,
      side === 'bare server' ? '' : `${Math.min(...ratios(side)).toFixed(2)}–${Math.max(...ratios(side)).toFixed(2)}`,
      `${middle(side, 'p99').toFixed(1)} ms`,
      `${Math.round(middle(side, 'cpu'))} µs`,
      `${Math.round(middle(side, 'database'))} µs`,
    ]),
  },
])
const [two, apart] = [middle('two', 'cpu'), middle('two, a database each', 'cpu')]
const ratio = median(ratios('one process'))
if (ratio < 1 || two > apart * 1.15) {
  tell(
    `Missed: ${ratio.toFixed(2)} times the bare server; on one database an ask costs ${(two / apart).toFixed(2)} times what it costs apart.`,
  )
  process.exitCode = 1
}
