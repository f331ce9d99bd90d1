/**
 * Proofs per second: codes that are wrong, codes that are right, links that are looked at and links that are dead, on
 * SQLite and on PostgreSQL. Why: each try is counted durably before anything is compared, so that a guess costs a write;
 * this is what a guesser can ask of the machine, and what a rush of people can.
 */
import type { Kept } from './servers/latchkey.ts'
import { startCluster } from './tools/cluster.ts'
import { median, quantile } from './tools/figures.ts'
import { type Host, start } from './tools/host.ts'
import { get, postJson, startLoad } from './tools/load.ts'
import { addressOf } from './tools/people.ts'
import { quiet } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = 'Proofs per second, by kind and by database. States figures; nothing is judged.'
const { rounds, count, connections } = options('proofs', about, {
  rounds: ['rounds; each starts every server anew', 3],
  count: ['proofs of each kind in each round', 2000],
  connections: ['connections kept open', 48],
})

const sides = ['SQLite', 'PostgreSQL'] as const
const kinds = ['wrong code', 'right code', 'live link', 'dead link'] as const
type Kind = (typeof kinds)[number]
type Figures = { readonly rate: number; readonly p99: number; readonly cpu: number }

const load = startLoad()
const cluster = await startCluster()

/** Asks for all, and answers what the letters hold, by address. */
async function lettersOf(
  host: Host,
  path: string,
): Promise<{ said: Map<string, { flow_id: string }>; secrets: Map<string, string> }> {
  const said = new Map<string, { flow_id: string }>()
  for (let first = 0; first < count; first += connections) {
    const some = Array.from({ length: Math.min(connections, count - first) }, (_, at) => addressOf(first + at))
    await Promise.all(
      some.map(async (email) => {
        const headers = { 'Content-Type': 'application/json' }
        const response = await fetch(`http://127.0.0.1:${host.port}${path}`, {
          method: 'POST',
          headers,
          body: JSON.stringify({ email }),
        })
        said.set(email, (await response.json()) as { flow_id: string })
      }),
    )
  }
  const secrets = new Map<string, string>()
  for (let waited = 0; secrets.size < count; waited++) {
    if (waited > 600) throw new Error(`Only ${secrets.size} of ${count} letters came.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    for (const { to, secret } of await host.ask<Kept[]>('letters')) secrets.set(to, secret)
  }
  return { said, secrets }
}

async function timed(host: Host, requests: readonly string[], status: string): Promise<Figures> {
  await quiet(10)
  const before = await host.ask<NodeJS.CpuUsage>('cpu')
  const done = await load.run({ port: host.port, requests: [...requests], connections, seconds: 120, once: true })
  const after = await host.ask<NodeJS.CpuUsage>('cpu')
  const wrong = Object.keys(done.statuses).filter((one) => one !== status)
  if (wrong.length > 0) throw new Error(`answered ${JSON.stringify(done.statuses)}, expected ${status}`)
  return {
    rate: done.answered / done.seconds,
    p99: quantile(done.latencies, 0.99),
    cpu: (after.user + after.system - before.user - before.system) / done.answered,
  }
}

async function measure(side: (typeof sides)[number]): Promise<Map<Kind, Figures>> {
  const settings = { worker: true, mail: 'keep', accounts: count } as const
  const host = await start('latchkey', side === 'SQLite' ? settings : { ...settings, url: await cluster.database() })
  const { port } = host
  const figures = new Map<Kind, Figures>()
  const codes = await lettersOf(host, '/api/flows/code/request')
  const typed = (email: string, code: string) =>
    postJson(port, '/api/flows/code/prove', { flow_id: codes.said.get(email)!.flow_id, email, code })
  const people = [...codes.secrets.keys()]
  const wrongOf = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')
  figures.set(
    'wrong code',
    await timed(
      host,
      people.map((email) => typed(email, wrongOf(codes.secrets.get(email)!))),
      '400',
    ),
  )
  figures.set(
    'right code',
    await timed(
      host,
      people.map((email) => typed(email, codes.secrets.get(email)!)),
      '200',
    ),
  )
  const links = await lettersOf(host, '/api/flows/classic/request')
  const paths = [...links.secrets.values()].map((link) => new URL(link).pathname)
  figures.set(
    'live link',
    await timed(
      host,
      paths.map((path) => get(port, path)),
      '303',
    ),
  )
  const dead = paths.map((path) => path.replace(/[^/]{8}(\/?)$/, 'AAAAAAAA$1'))
  figures.set(
    'dead link',
    await timed(
      host,
      dead.map((path) => get(port, path)),
      '410',
    ),
  )
  await host.stop()
  return figures
}

const kept: Map<string, Map<Kind, Figures>>[] = []
for (let round = 1; round <= rounds; round++) {
  const figures = new Map<string, Map<Kind, Figures>>()
  for (const side of round % 2 ? sides : [...sides].reverse()) {
    const one = await measure(side)
    figures.set(side, one)
    tell(
      `round ${round} of ${rounds}: ${side}: ${kinds.map((kind) => `${kind} ${Math.round(one.get(kind)!.rate)}/s`).join(', ')}`,
    )
  }
  kept.push(figures)
}
load.end()
await cluster.stop()

const middle = (side: string, kind: Kind, key: keyof Figures): number =>
  median(kept.map((round) => round.get(side)!.get(kind)![key]))
report('proofs', 'Proofs per second', [
  `${rounds} rounds of ${count} of each kind, ${connections} connections kept open, one request on the way on each; medians. Limits ` +
    'are off, since all comes from one address; a code still has its tries.',
  {
    head: ['', 'a second', 'p99', 'CPU each'],
    rows: sides.flatMap((side) =>
      kinds.map((kind) => [
        `${side}, ${kind}`,
        String(Math.round(middle(side, kind, 'rate'))),
        `${middle(side, kind, 'p99').toFixed(1)} ms`,
        `${Math.round(middle(side, kind, 'cpu'))} µs`,
      ]),
    ),
  },
])
