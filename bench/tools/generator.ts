/**
 * Makes load, in a process of its own: raw sockets kept open, one request on the way on each, requests made beforehand.
 * Why not a library: what the client costs is taken from the server's cores on a small machine, so it must be little,
 * and the same for both sides. No pipelining: browsers and proxies do none.
 */
import { connect } from 'node:net'

/** What to send, and for how long. */
export type Job = {
  readonly port: number
  readonly connections: number
  /** Counted seconds; with `once` the longest that it may take. */
  readonly seconds: number
  /** Seconds of the same load before anything is counted. */
  readonly warm: number
  /** Whole requests, head and body; taken in turn. */
  readonly requests: readonly string[]
  /** Each request once, and done; latencies come in the order of the requests. */
  readonly once: boolean
  /** Beside it: one request every so many milliseconds, whether earlier ones are answered or not. */
  readonly probe: { readonly request: string; readonly everyMs: number } | null
}

export type Done = {
  /** Answers within the counted time, and how long that was. */
  readonly answered: number
  readonly seconds: number
  readonly statuses: Readonly<Record<string, number>>
  /** Milliseconds. Of what was never answered: NaN. */
  readonly latencies: Float64Array
  /** Milliseconds from when each probe was due, so that a stalled server is not asked less often. */
  readonly probes: Float64Array
  /** What the generator itself took, in milliseconds of CPU, from its first request to its last. */
  readonly cpu: number
}

type Line = { send(request: Buffer, done: (status: string) => void): void; end(): void }

if (process.send) {
  process.on('disconnect', () => process.exit())
  process.on('message', (job: Job) => void run(job).then((done) => process.send!(done)))
}

async function run(job: Job): Promise<Done> {
  const requests = job.requests.map((text) => Buffer.from(text))
  const lines = await Promise.all(Array.from({ length: job.connections }, () => open(job.port)))
  const latencies = job.once ? new Float64Array(requests.length).fill(Number.NaN) : []
  const statuses: Record<string, number> = {}
  const from = performance.now() + job.warm * 1000
  const until = from + job.seconds * 1000
  const probing = job.probe && (await startProbe(job.port, job.probe, from))
  let [next, answered, last] = [0, 0, from]
  const used = process.cpuUsage()

  await Promise.all(
    lines.map(
      (line) =>
        new Promise<void>((resolve) => {
          const turn = (): void => {
            const index = next++
            const start = performance.now()
            if (start >= until || (job.once && index >= requests.length)) {
              resolve()
              return
            }
            line.send(requests[index % requests.length]!, (status) => {
              const now = performance.now()
              if (now >= from && (job.once || now <= until)) {
                answered++
                last = now
                statuses[status] = (statuses[status] ?? 0) + 1
                if (job.once) latencies[index] = now - start
                else (latencies as number[]).push(now - start)
              }
              turn()
            })
          }
          turn()
        }),
    ),
  )
  const probes = (await probing?.stop()) ?? []
  for (const line of lines) line.end()
  const end = job.once ? last : until
  const { user, system } = process.cpuUsage(used)
  return {
    answered,
    seconds: (end - from) / 1000,
    statuses,
    latencies: Float64Array.from(latencies),
    probes: Float64Array.from(probes),
    cpu: (user + system) / 1000,
  }
}

/** An open loop: what is due while every line is busy waits, and its waiting counts. */
async function startProbe(port: number, { request, everyMs }: NonNullable<Job['probe']>, from: number) {
  const bytes = Buffer.from(request)
  const idle = await Promise.all(Array.from({ length: 16 }, () => open(port)))
  const all = [...idle]
  const due: number[] = []
  const took: number[] = []
  let [sent, onTheWay] = [0, 0]
  const serve = (): void => {
    while (due.length > 0 && idle.length > 0) {
      const [at, line] = [due.shift()!, idle.pop()!]
      onTheWay++
      line.send(bytes, () => {
        onTheWay--
        took.push(performance.now() - at)
        idle.push(line)
        serve()
      })
    }
  }
  const timer = setInterval(() => {
    for (const now = performance.now(); from + sent * everyMs <= now; sent++) due.push(from + sent * everyMs)
    serve()
  }, 1)
  return {
    async stop(): Promise<number[]> {
      clearInterval(timer)
      for (let waited = 0; onTheWay > 0 && waited < 5_000; waited += 10)
        await new Promise((wake) => setTimeout(wake, 10))
      for (const line of all) line.end()
      return took
    },
  }
}

/** One connection. Bodies of known length or in chunks; what we measure sends nothing else. */
function open(port: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    let kept: Buffer | null = null
    let answer: ((status: string) => void) | null = null
    const take = (count: number, buffer: Uint8Array): boolean => {
      const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, count)
      const seen = kept ? Buffer.concat([kept, chunk]) : chunk
      const status = whole(seen)
      kept = status === null ? Buffer.from(seen) : null
      if (status !== null) answer?.(status)
      return true
    }
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: Buffer.allocUnsafe(65_536), callback: take },
    })
    socket.on('error', (error) => {
      reject(error)
      answer?.(`error ${(error as NodeJS.ErrnoException).code}`)
    })
    socket.on('connect', () =>
      resolve({
        send(request, done) {
          answer = done
          socket.write(request)
        },
        end: () => socket.destroy(),
      }),
    )
  })
}

/** The status of a whole answer; null while some of it is missing. */
function whole(seen: Buffer): string | null {
  const end = seen.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = seen.toString('latin1', 0, end)
  const status = head.slice(9, 12)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)
  if (length) return seen.length >= end + 4 + Number(length[1]) ? status : null
  if (status === '204' || status === '304') return status
  return seen.toString('latin1', seen.length - 5) === '0\r\n\r\n' ? status : null
}
