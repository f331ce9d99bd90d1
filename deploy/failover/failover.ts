/**
 * Fail-over, tried: the primary of a real PostgreSQL is killed under a stream of asks and changes, again and again, and what
 * was acknowledged is counted. Why: a database that promises to lose nothing is of no use to a program that acknowledges too
 * early, tries again what was done already, or never finds the new primary.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { mailServer } from '../../test/promises/mail-server.ts'
import { checkDatabase, checkLetters } from './check.ts'
import { assertInstalled, type Cluster, databaseUser, ownedBy, startCluster } from './cluster.ts'
import { emptyLedger, kindsOf, tally } from './ledger.ts'
import { host, populate, startOurs } from './ours.ts'
import { stopAll } from './programs.ts'
import { playRound, type Round, ways } from './round.ts'
import { startStream } from './stream.ts'

const known = {
  rounds: ['N', '5', 'rounds; in each the primary of that moment is lost, and comes back as a standby'],
  ways: ['LIST', 'kill,freeze', `how it is lost, in turn: ${Object.keys(ways).join(', ')}`],
  rate: ['N', '20', 'asks a second'],
  changes: ['N', '2', 'proofs a second that two race for'],
  ttl: ['N', '20', "Patroni's ttl, in seconds; 20 is the least that it takes"],
  'loop-wait': ['N', '5', "Patroni's loop_wait, in seconds"],
  'retry-timeout': ['N', '5', "Patroni's retry_timeout, in seconds"],
  patience: ['N', '15', 'an answer that takes longer, in seconds, is a fault'],
  minutes: ['N', '30', 'ends, failed, after so many'],
} as const
const switches = {
  pgbouncer: 'PgBouncer between our processes and HAProxy, in transaction mode',
  etcd3: "etcd's API v3 instead of v2: loses data with Patroni before 3.0.3, which --ways freeze shows",
  strict: 'synchronous_mode_strict: without a standby nothing is written; the lost one comes back before the service',
  keep: 'leaves the folder with all logs behind',
} as const

const { values }: { values: Record<string, string | boolean | undefined> } = parseArgs({
  options: {
    ...Object.fromEntries(Object.keys(known).map((name) => [name, { type: 'string' as const }])),
    ...Object.fromEntries(Object.keys(switches).map((name) => [name, { type: 'boolean' as const }])),
    help: { type: 'boolean' },
  },
})
const text = (name: keyof typeof known): string => String(values[name] ?? known[name][1])
const number = (name: keyof typeof known): number => {
  const value = Number(text(name))
  if (!(value > 0)) throw new Error(`--${name}: expected a number above 0, got ${text(name)}.`)
  return value
}
const is = (name: keyof typeof switches): boolean => values[name] === true

function help(): string {
  const lines = [
    ...Object.entries(known).map(([name, [kind, preset, about]]) => [
      `--${name} ${kind}`,
      `${about}; default ${preset}`,
    ]),
    ...Object.entries(switches).map(([name, about]) => [`--${name}`, about]),
  ]
  return `node deploy/failover/failover.ts [flags]

Starts etcd, two PostgreSQL with Patroni (synchronous), HAProxy, two "latchkey serve --no-worker", two "latchkey worker"
and a mail server, all on loopback and in one folder of ${tmpdir()}; streams asks and changes; loses the primary in each
round; counts what was acknowledged. Needs Debian's postgresql, patroni, etcd-server, haproxy and pgbouncer, and leaves
nothing running.

${lines.map(([left, right]) => `  ${left!.padEnd(20)} ${right}`).join('\n')}

Exit code 0 when nothing that was acknowledged is lost and every answer was a clean one, 1 when not, 2 when it could not
be tried.`
}

/** What is ended and removed, however the trial ends. */
let cluster: Cluster | null = null
let folder: string | null = null

const tell = (said: string): void => void process.stdout.write(`${said}\n`)

async function main(): Promise<number> {
  const [ttl, loopWait, retryTimeout] = [number('ttl'), number('loop-wait'), number('retry-timeout')]
  const [rounds, rate, minutes] = [number('rounds'), number('rate'), number('minutes')]
  // The lock runs out, the other sees it in its next round and is promoted, HAProxy and we find it.
  const bound = ttl + 2 * loopWait + 10
  const wanted = text('ways').split(',')
  const strange = wanted.find((name) => !(name in ways))
  if (strange) throw new Error(`--ways: "${strange}" is none of ${Object.keys(ways).join(', ')}.`)
  if (ttl < loopWait + 2 * retryTimeout) throw new Error('--ttl: less than loop-wait and twice retry-timeout.')
  assertInstalled()
  folder = mkdtempSync(join(tmpdir(), 'latchkey-failover-'))
  chmodSync(folder, 0o755)
  ownedBy(folder, databaseUser)
  const ledger = emptyLedger()
  const mail = await mailServer()
  tell(`In ${folder}: ttl ${ttl} s, loop_wait ${loopWait} s, retry_timeout ${retryTimeout} s, ${rate} asks/s.`)
  const manager = { ttl, loopWait, retryTimeout, strict: is('strict'), store: is('etcd3') ? 'etcd3' : 'etcd' } as const
  cluster = await startCluster(folder, manager, is('pgbouncer'))
  const place = { folder, url: cluster.url, direct: cluster.direct, mailPort: mail.port }
  const people = Math.ceil(rate * minutes * 60)
  await populate(place, people)
  const ours = await startOurs(place)
  const stream = startStream(
    { ports: ours.ports, mail, host, rate, changes: number('changes'), patience: number('patience') * 1000, people },
    ledger,
  )
  const played: Round[] = []
  for (let round = 1; round <= rounds; round++) {
    const way = wanted[(round - 1) % wanted.length]!
    try {
      const one = await playRound(cluster, ledger, way, bound, manager.strict)
      played.push(one)
      tell(`Round ${round} of ${rounds}: ${one.said}`)
    } catch (error) {
      // What came of it so far is counted all the same.
      ledger.faults.push(`round ${round}, ${way}: ${(error as Error).message}`)
      break
    }
  }
  await stream.stop()
  const letters = await checkLetters(ledger, mail, place)
  for (const one of [...ours.servers, ...ours.workers]) {
    // All of them lived through every round.
    if (!one.isAlive()) ledger.faults.push(`${one.name} has ended by itself`)
    else if ((await one.stop()) !== 0) ledger.faults.push(`${one.name} did not stop in order`)
  }
  const rest = await checkDatabase(ledger, place, ours).catch((error: Error) => {
    ledger.faults.push(`the database at the end: ${error.message}`)
    return []
  })
  const back = played.map((one) => one.back).sort((a, b) => a - b)
  const slowest = Math.max(...ledger.answers.map(({ sent, at }) => at - sent))
  tell(`\nBack after ${back.map((one) => one.toFixed(1)).join(', ')} s (bound ${bound} s).`)
  tell(`Answers: ${tally(ledger.answers).join('; ')}. The slowest took ${(slowest / 1000).toFixed(1)} s.`)
  for (const said of [...letters, ...rest]) tell(`${said}.`)
  for (const said of kindsOf(ledger.faults)) tell(`FAULT: ${said}`)
  tell(ledger.faults.length === 0 ? 'Nothing was lost.' : `${ledger.faults.length} faults.`)
  return ledger.faults.length === 0 ? 0 : 1
}

async function cleanUp(): Promise<void> {
  await cluster?.stop()
  await stopAll()
  if (folder === null) return
  if (is('keep')) tell(`Left behind: ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
}

async function bounded(): Promise<number> {
  const stopped = new Promise<never>((_, reject) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => reject(new Error(`Ended by ${name}.`)))
    setTimeout(() => reject(new Error(`Not done in ${text('minutes')} minutes.`)), number('minutes') * 60_000)
  })
  try {
    return await Promise.race([main(), stopped])
  } catch (error) {
    process.stderr.write(`It could not be tried: ${(error as Error).message}\n`)
    return 2
  } finally {
    await cleanUp()
  }
}

if (values.help) tell(help())
else process.exit(await bounded())
