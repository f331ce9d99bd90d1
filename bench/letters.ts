/**
 * Letters per second to a mail server that takes its time, and what asks feel of a mail server that is slow or gone. Why:
 * a queue that leaves more slowly than the connections allow makes visitors ask again, and an ask that waits for the mail
 * server, if only for the processor that its failures take, tells who has an account and makes a slow day a bad one.
 */
import { median, quantile } from './tools/figures.ts'
import { type Host, start, startScript } from './tools/host.ts'
import { postJson, startLoad } from './tools/load.ts'
import { addressOf } from './tools/people.ts'
import { quiet, watchOthers } from './tools/quiet.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Letters per second to a mail server that takes 200 ms for each, over 5 and 20 connections; and the p99 of asks while the
mail server is quick, slow or gone, in rounds of alternating order. Exit 1 when under 0.8 of what the connections allow, or
when the p99 beside a slow or a missing mail server is more than 20 % above that beside a quick one.`
const { rounds, seconds } = options('letters', about, {
  rounds: ['rounds; each starts every side anew', 5],
  seconds: ['counted seconds of each side in each round', 6],
})

const delay = 200
const script = new URL('./servers/mail.ts', import.meta.url).pathname
const load = startLoad()
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const asks = (host: Host, first: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) =>
    postJson(host.port, '/auth/forgot-password/', { email: addressOf(first + at) }),
  )

/** Letters in a second over so many connections, of a queue that does not run dry. */
async function lettersOver(connections: number): Promise<number> {
  const mail = await startScript(script, { delay })
  const count = Math.ceil((connections * 1000 * (seconds + 3)) / delay)
  const smtp = `smtp://127.0.0.1:${mail.port}?tls=false&pool=${connections}`
  const host = await start('latchkey', { worker: true, mail: 'null', smtp, accounts: count })
  try {
    await load.run({ port: host.port, requests: asks(host, 0, count), connections: 16, seconds: 60, once: true })
    await pause(1_000)
    const [before, from] = [await mail.ask<number>('count'), performance.now()]
    await pause(seconds * 1000)
    const after = await mail.ask<number>('count')
    return ((after - before) / (performance.now() - from)) * 1000
  } finally {
    await host.stop()
    await mail.stop()
  }
}

const sides = ['quick', 'slow', 'gone'] as const
type Side = (typeof sides)[number]

/** The p99 of asks that come on time beside others that come without a pause, and what others took of the machine. */
async function asksBeside(side: Side): Promise<{ p50: number; p99: number; others: number }> {
  const mail = await startScript(script, { delay: side === 'slow' ? delay : 0 })
  const smtp = `smtp://127.0.0.1:${mail.port}?tls=false`
  const count = 2_000
  const host = await start('latchkey', { worker: true, mail: 'null', smtp, accounts: count })
  if (side === 'gone') await mail.stop()
  try {
    const requests = asks(host, 0, count)
    const probe = { request: postJson(host.port, '/auth/forgot-password/', { email: addressOf(0) }), everyMs: 20 }
    await quiet()
    const cpu = await host.ask<NodeJS.CpuUsage>('cpu')
    const others = watchOthers()
    const done = await load.run({ port: host.port, requests, connections: 2, seconds, probe })
    const now = await host.ask<NodeJS.CpuUsage>('cpu')
    const wrong = Object.keys(done.statuses).filter((status) => status !== '200')
    if (wrong.length > 0) throw new Error(`${side}: answered ${JSON.stringify(done.statuses)}`)
    const ours = (now.user + now.system - cpu.user - cpu.system) / 1000
    return { p50: median(done.probes), p99: quantile(done.probes, 0.99), others: others(ours + done.cpu) }
  } finally {
    await host.stop()
    if (side !== 'gone') await mail.stop()
  }
}

const widths = [5, 20]
const letters = new Map<number, number[]>(widths.map((width) => [width, []]))
const beside = new Map<Side, { p50: number; p99: number; others: number }[]>(sides.map((side) => [side, []]))
for (let round = 0; round < rounds; round++) {
  for (const width of widths) {
    await quiet()
    const one = await lettersOver(width)
    letters.get(width)!.push(one)
    tell(`round ${round + 1} of ${rounds}: ${width} connections: ${one.toFixed(1)} letters/s`)
  }
  for (const side of round % 2 ? [...sides].reverse() : sides) {
    const one = await asksBeside(side)
    beside.get(side)!.push(one)
    tell(
      `round ${round + 1} of ${rounds}: ${side}: p99 ${one.p99.toFixed(1)} ms, others ${Math.round(one.others * 100)} %`,
    )
  }
}
load.end()

const most = (width: number): number => (width * 1000) / delay
const share = (width: number): number => median(letters.get(width)!) / most(width)
const ratios = (side: Side): number[] => beside.get(side)!.map(({ p99 }, at) => p99 / beside.get('quick')![at]!.p99)
report('letters', 'Letters per second, and asks beside a slow mail server', [
  `Medians of ${rounds} rounds of ${seconds} s. The mail server is on loopback and takes ${delay} ms for each letter; SQLite, ` +
    'server and worker in one process.',
  {
    head: ['', 'letters/s', 'what they allow', 'share'],
    rows: widths.map((width) => [
      `${width} connections`,
      median(letters.get(width)!).toFixed(1),
      most(width).toFixed(0),
      share(width).toFixed(2),
    ]),
  },
  `Asks on two connections without a pause, and one every 20 ms beside them, whose time is told, measured from when it was ` +
    'due. Ratios are taken within a round.',
  {
    head: ['the mail server is', 'p50', 'p99', 'to quick', 'others took'],
    rows: sides.map((side) => [
      side,
      `${median(beside.get(side)!.map(({ p50 }) => p50)).toFixed(1)} ms`,
      `${median(beside.get(side)!.map(({ p99 }) => p99)).toFixed(1)} ms`,
      `${median(ratios(side)).toFixed(2)}×`,
      `${Math.round(median(beside.get(side)!.map(({ others }) => others)) * 100)} %`,
    ]),
  },
])
const tooFew = widths.filter((width) => share(width) < 0.8)
const tooSlow = sides.filter((side) => median(ratios(side)) > 1.2)
for (const width of tooFew) tell(`Under 0.8 of what ${width} connections allow: ${share(width).toFixed(2)}.`)
for (const side of tooSlow) tell(`Asks beside a mail server that is ${side}: ${median(ratios(side)).toFixed(2)} times.`)
if (tooFew.length + tooSlow.length > 0) process.exitCode = 1
