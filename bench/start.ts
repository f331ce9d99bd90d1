/**
 * Cold start, idle memory, and what a page weighs. Why: a server that is restarted a hundred times a day by whoever
 * develops with it must be there at once, and one that stands beside an application must not eat its machine. The built
 * server is started as an operator starts it, by `bin/latchkey`.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { median } from './tools/figures.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Time from start to the first 200, resident memory when idle and after asks, bytes of a page. Exit 1 when the
median start takes 600 ms or more, idle memory is 110 MB or more, or a page weighs more than 25 KB.`
const { rounds, asks } = options('start', about, {
  rounds: ['starts', 7],
  asks: ['asks before memory is read again', 1000],
})

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const port = 20_000 + Math.floor(performance.now() % 20_000)
const base = `http://localhost:${port}`
const env = { ...process.env, PORT: String(port), LIMITS: 'off', LOG_LEVEL: 'error', NODE_ENV: '' }

const memory = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

const isOpen = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
  })

async function once(measure: boolean) {
  const begun = performance.now()
  const child = spawn(join(root, 'bin/latchkey'), ['start'], { cwd: folder, env, stdio: 'ignore' })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  try {
    // Knocked at by plain connections: a request that fails every 3 ms takes a sixth of a start from these two cores.
    while (!((await isOpen()) && (await fetch(`${base}/healthz`)).ok)) {
      if (performance.now() - begun > 20_000) throw new Error('The server did not start within 20 s.')
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    const took = performance.now() - begun
    await new Promise((resolve) => setTimeout(resolve, 500))
    const idle = memory(child.pid!)
    return { took, idle, ...(measure ? await more(child.pid!) : null) }
  } finally {
    child.kill('SIGTERM')
    await gone
  }
}

async function more(pid: number) {
  const body = (at: number) => JSON.stringify({ email: `person-${at}@example.org` })
  const headers = { 'content-type': 'application/json' }
  for (let at = 0; at < asks; at++) {
    const answer = await fetch(`${base}/auth/forgot-password/`, { method: 'POST', headers, body: body(at) })
    if (answer.status !== 200) throw new Error(`An ask was answered ${answer.status}.`)
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const page = await (await fetch(`${base}/auth/password-reset/`)).text()
  const [style, script] = ['link rel="stylesheet" href', 'script type="module" src'].map(
    (start) => new RegExp(`<${start}="([^"]+)"`).exec(page)![1]!,
  )
  const parts = [page, ...(await Promise.all([style!, script!].map(async (path) => (await fetch(base + path)).text())))]
  const index = await (await fetch(`${base}/app/forgot-password`)).text()
  const spa = await (await fetch(base + /src="([^"]+\.js)"/.exec(index)![1]!)).text()
  return {
    after: memory(pid),
    weight: parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0) / 1024,
    spa: gzipSync(spa).length / 1024,
  }
}

try {
  // The first start makes the database and the accounts, and is not counted.
  await once(false)
  const runs = []
  for (let round = 0; round < rounds; round++) {
    tell(`start ${round + 1} of ${rounds}`)
    runs.push(await once(round === rounds - 1))
  }
  const last = runs.at(-1)! as { after: number; weight: number; spa: number }
  const took = median(runs.map((run) => run.took))
  const idle = median(runs.map((run) => run.idle))
  const verdict = (good: boolean): string => (good ? 'yes' : 'NO')
  const rows = [
    ['cold start to the first 200', `${took.toFixed(0)} ms`, 'under 600 ms', verdict(took < 600)],
    ['idle memory (resident)', `${idle.toFixed(0)} MB`, 'under 110 MB', verdict(idle < 110)],
    [`memory after ${asks} asks`, `${last.after.toFixed(0)} MB`, '', ''],
    ['ask page: HTML, style and script', `${last.weight.toFixed(1)} KB`, '25 KB at most', verdict(last.weight <= 25)],
    ['front end of spa: script, compressed', `${last.spa.toFixed(1)} KB`, '85 KB at most', verdict(last.spa <= 85)],
  ]
  report('start', 'Start, memory and weight', [
    `Development server, medians of ${rounds} starts.`,
    { head: ['', 'measured', 'wanted', 'held'], rows },
  ])
  process.exitCode = rows.some((row) => row[3] === 'NO') ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
