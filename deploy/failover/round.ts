/** One round: the primary is lost while everybody asks, another takes its place, and the lost one comes back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { answers, type Cluster, type Node } from './cluster.ts'
import { type Ledger, tally } from './ledger.ts'
import { becomes } from './programs.ts'

/** Ways in which a machine is lost, and comes back. */
export const ways: Readonly<Record<string, { lose(cluster: Cluster, primary: Node): Node; readonly moves: boolean }>> =
  {
    /** Its power is gone: connections end, for their other end is no more. */
    kill: {
      lose(cluster, primary) {
        cluster.kill(primary)
        return primary
      },
      moves: true,
    },
    /** It hangs, and goes on later as if nothing had been: connections stay, and nothing comes over them. */
    freeze: {
      lose(cluster, primary) {
        cluster.freeze(primary)
        return primary
      },
      moves: true,
    },
    /** The standby's power is gone: every commit waits for it, until the manager lets the primary go on alone. */
    standby: {
      lose(cluster, primary) {
        const standby = cluster.nodes.find((one) => one !== primary)!
        cluster.kill(standby)
        return standby
      },
      moves: false,
    },
  }

/** What came of one. */
export type Round = {
  /** Seconds from the loss to the first acknowledgement of an ask that was sent after it. */
  readonly back: number
  readonly said: string
}

/** How long the lost one may take to come back in step, in seconds: it recovers, is rewound, and follows. */
const returnPatience = 120
/** The service is as always when nothing has gone wrong for so long. Milliseconds. */
const calm = 4_000

/** Where without a standby nothing is written, the lost one comes back after so long, or nothing would ever be. Milliseconds. */
const alone = 10_000

/**
 * Plays one. A service that is not back within `bound` seconds is a fault, and one that never is ends the trial. `strict`:
 * it cannot be back before the lost one is.
 */
export async function playRound(
  cluster: Cluster,
  ledger: Ledger,
  way: string,
  bound: number,
  strict: boolean,
): Promise<Round> {
  await cluster.inStep(returnPatience)
  await becomes('asks are answered as always', () => isCalm(ledger), 60)
  // At any moment of the managers' own rounds.
  await sleep(Math.random() * 5_000)
  const primary = await cluster.primary()
  if (!primary) throw new Error('There is no primary.')
  const from = ledger.answers.length
  const { lose, moves } = ways[way]!
  const lost = lose(cluster, primary)
  const lostAt = performance.now()
  const after = (at: number): string => `${((at - lostAt) / 1000).toFixed(1)} s`
  const other = cluster.nodes.find((one) => one !== primary)!
  const promotion = moves ? promotedAt(other, bound * 2) : Promise.resolve(null)
  let revivedAt = 0
  const revive = (): void => {
    revivedAt = performance.now()
    cluster.revive(lost)
  }
  if (strict) {
    await promotion
    await sleep(alone)
    revive()
  }
  const backAt = await backSince(ledger, lostAt, strict ? returnPatience : bound * 3)
  const back = (backAt - lostAt) / 1000
  if (back > bound && !strict)
    ledger.faults.push(`the service was back after ${back.toFixed(1)} s, not within ${bound}`)
  const promoted = await promotion
  await becomes('asks are answered as always', () => isCalm(ledger), 60)
  if (!strict) revive()
  await cluster.inStep(returnPatience)
  const inStep = ((performance.now() - revivedAt) / 1000).toFixed(1)
  const said = [
    `${way} of ${lost.name}; back after ${after(backAt)}`,
    promoted === null ? '' : ` (the other was primary after ${after(promoted)})`,
    strict ? `, the lost one after ${after(revivedAt)}` : '',
    `; in step again ${inStep} s after its return; ${summaryOf(ledger, from, after, lostAt)}.`,
  ]
  return { back, said: said.join('') }
}

/** When an ask that was sent after `lostAt` was acknowledged. */
async function backSince({ answers }: Ledger, lostAt: number, seconds: number): Promise<number> {
  const first = () => answers.find(({ verb, status, sent }) => verb === 'ask' && status === 200 && sent > lostAt)
  await becomes('the service is back', () => first() !== undefined, seconds)
  return first()!.at
}

function summaryOf(ledger: Ledger, from: number, after: (at: number) => string, lostAt: number): string {
  const all = ledger.answers.slice(from)
  const failed = all.filter(({ status }) => status !== 200)
  const slowest = Math.max(0, ...all.map(({ sent, at }) => at - sent)) / 1000
  const last = Math.max(lostAt, ...failed.filter(({ status }) => status === 503).map(({ at }) => at))
  const told = tally(failed).join(', ') || 'none'
  return `last 503 after ${after(last)}, slowest answer ${slowest.toFixed(1)} s, not 200: ${told}`
}

/** Some were acknowledged lately, and nothing went wrong meanwhile. */
function isCalm(ledger: Ledger): boolean {
  const since = performance.now() - calm
  const lately = ledger.answers.slice(-2000).filter(({ at }) => at > since)
  return lately.some(({ status }) => status === 200) && lately.every(({ status }) => status !== 503)
}

async function promotedAt(node: Node, seconds: number): Promise<number | null> {
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    if (await answers(node.rest, '/primary')) return performance.now()
    await sleep(100)
  }
  return null
}
