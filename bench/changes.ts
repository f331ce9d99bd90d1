/**
 * Password changes per second, beside a bare server that makes the same hashes. Why: a change costs two Argon2id
 * computations by design (one to refuse the current password, one for the new), so a burst of changes is what could
 * starve everything else. Ours must lose nothing to what it does around them, and the rest of the server must go on
 * answering meanwhile: hence the probes of `/healthz`, which are sent on time whether earlier ones are answered or not.
 */
import { availableParallelism } from 'node:os'
import { hash } from '@node-rs/argon2'
import { argon2Settings } from '../src/accounts/hash.ts'
import type { Kept } from './servers/latchkey.ts'
import { median, quantile } from './tools/figures.ts'
import { type Host, start } from './tools/host.ts'
import { get, postJson, startLoad } from './tools/load.ts'
import { addressOf, password } from './tools/people.ts'
import { quiet, watchOthers } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Password changes per second of Latchkey and of a bare server with the same hashes, in rounds of alternating order;
meanwhile the p99 of /healthz. Exit 1 when the median ratio (worker off) is under 1.0 or the p99 over 15 ms.`
const { rounds, seconds, connections, hashes } = options('changes', about, {
  rounds: ['rounds; each starts both servers anew', 5],
  seconds: ['counted seconds of each side in each round', 8],
  connections: ['connections kept open, each with one change on the way', 32],
  hashes: ['hashes in flight at once in Latchkey; 0 for its default', 0],
})

const sides = ['bare', 'worker off', 'worker on'] as const
type Side = (typeof sides)[number]
type Figures = {
  readonly rate: number
  readonly p50: number
  readonly probe: number
  readonly cpu: number
  readonly others: number
}

const cores = availableParallelism()
const probeMs = 10
/** Changes before any is counted, so that neither side is measured while it is still being compiled. */
const warmUp = 400
const load = startLoad()

/** One hash with nothing else going on. */
async function hashTime(): Promise<number> {
  const times: number[] = []
  for (let at = 0; at < 40; at++) {
    const start = performance.now()
    await hash(password, argon2Settings)
    times.push(performance.now() - start)
  }
  return median(times.slice(10))
}

/** The requests, each with its own proof: ours come by mail, as a reader would have them. */
async function changesOf(host: Host, side: Side, count: number): Promise<string[]> {
  const wanted = (at: number): string => `New-${password}-${at}`
  const post = (at: number, token: string): string =>
    postJson(host.port, '/auth/reset-password/', { token, new_password: wanted(at) })
  if (side === 'bare') return Array.from({ length: count }, (_, at) => post(at, String(at)))
  const asks = Array.from({ length: count }, (_, at) =>
    postJson(host.port, '/auth/forgot-password/', { email: addressOf(at) }),
  )
  await load.run({ port: host.port, requests: asks, connections: 16, seconds: 60, once: true })
  const kept: Kept[] = []
  for (let waited = 0; kept.length < count; waited++) {
    if (waited > 600) throw new Error(`Only ${kept.length} of ${count} letters came.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    kept.push(...(await host.ask<Kept[]>('letters')))
  }
  return kept.map(({ secret }, at) => post(at, secret.slice(secret.lastIndexOf('/') + 1)))
}

async function measure(side: Side, hashMs: number): Promise<Figures> {
  const count = Math.ceil((seconds * 1000 * cores * 1.3) / (2 * hashMs)) + warmUp
  const host =
    side === 'bare'
      ? await start('bare', { accounts: count })
      : await start('latchkey', { worker: true, mail: 'keep', accounts: count, ...(hashes > 0 ? { hashes } : {}) })
  const requests = await changesOf(host, side, count)
  const { port } = host
  await load.run({ port, requests: requests.slice(0, warmUp), connections, seconds: 30, once: true })
  if (side === 'worker off') await host.ask('stop worker')
  await quiet()
  const before = await host.ask<NodeJS.CpuUsage>('cpu')
  const others = watchOthers()
  const probe = { request: get(port, '/healthz'), everyMs: probeMs }
  const done = await load.run({ port, requests: requests.slice(warmUp), connections, seconds, once: true, probe })
  const after = await host.ask<NodeJS.CpuUsage>('cpu')
  const wrong = Object.keys(done.statuses).filter((status) => status !== '200')
  if (wrong.length > 0) throw new Error(`${side}: answered ${JSON.stringify(done.statuses)}`)
  const cpu = (after.user + after.system - before.user - before.system) / 1000
  const share = others(cpu + done.cpu)
  await host.stop()
  return {
    rate: done.answered / done.seconds,
    p50: median(done.latencies.filter((ms) => !Number.isNaN(ms))),
    probe: quantile(done.probes, 0.99),
    cpu: cpu / done.answered,
    others: share,
  }
}

/** Of the machine, to neither side: above it a round is not counted. */
const tooMuch = 0.15
const kept: { hashMs: number; of: Map<Side, Figures> }[] = []
let tried = 0
while (kept.length < rounds && tried < rounds * 3) {
  const of = new Map<Side, Figures>()
  await quiet()
  const hashMs = await hashTime()
  for (const side of kept.length % 2 ? [...sides].reverse() : sides) {
    const one = await measure(side, hashMs)
    of.set(side, one)
    tell(
      `round ${kept.length + 1} of ${rounds}: ${side}: ${one.rate.toFixed(1)} changes/s, ${one.cpu.toFixed(1)} ms of CPU each, ` +
        `/healthz p99 ${one.probe.toFixed(1)} ms, others took ${Math.round(one.others * 100)} % of the machine`,
    )
  }
  tried++
  if ([...of.values()].some((one) => one.others > tooMuch))
    tell('not counted: the machine was busy with something else')
  else kept.push({ hashMs, of })
}
load.end()
if (kept.length === 0) throw new Error('No round met a quiet machine.')

const all = (side: Side, key: keyof Figures): number[] => kept.map(({ of }) => of.get(side)![key])
const ratios = (side: Side): number[] => kept.map(({ of }) => of.get(side)!.rate / of.get('bare')!.rate)
const hashMs = median(kept.map((round) => round.hashMs))
const most = (cores * 1000) / (2 * hashMs)
const ratio = median(ratios('worker off'))
const p99 = median(all('worker off', 'probe'))
report('changes', 'Password changes per second', [
  `${kept.length} rounds of ${seconds} s, ${connections} connections with one change on the way on each; medians; ` +
    `${tried - kept.length} more rounds were not counted, for something else took over 15 % of the machine. One hash ` +
    `alone takes ${hashMs.toFixed(1)} ms, so ${cores} cores make ${most.toFixed(1)} changes/s at most with nothing else ` +
    `to do. Probes of /healthz every ${probeMs} ms beside it. Load and probes come from the same machine. "Worker on": the ` +
    `letters that tell of these very changes are written and given to a mailer that does nothing, by the same process meanwhile.`,
  {
    head: [
      '',
      'changes/s',
      'of what the cores can',
      'to bare',
      'range',
      'change p50',
      'CPU per change',
      '/healthz p99',
    ],
    rows: sides.map((side) => [
      side === 'bare' ? 'bare server' : `Latchkey, ${side}`,
      median(all(side, 'rate')).toFixed(1),
      `${Math.round((100 * median(all(side, 'rate'))) / most)} %`,
      side === 'bare' ? '' : `${median(ratios(side)).toFixed(2)}×`,
      side === 'bare' ? '' : `${Math.min(...ratios(side)).toFixed(2)}–${Math.max(...ratios(side)).toFixed(2)}`,
      `${Math.round(median(all(side, 'p50')))} ms`,
      `${median(all(side, 'cpu')).toFixed(1)} ms`,
      `${median(all(side, 'probe')).toFixed(1)} ms`,
    ]),
  },
])
if (ratio < 1 || p99 > 15) {
  tell(`Missed: ${ratio.toFixed(2)} times the bare server, /healthz p99 ${p99.toFixed(1)} ms.`)
  process.exitCode = 1
}
