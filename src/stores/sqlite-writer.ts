/** The main thread's side of the writer: what is called in one turn goes as one message, and its answers come back. */
import { Worker } from 'node:worker_threads'
import { Fault } from '../engine/outcome.ts'
import type { Call, Operations, Reply, ThreadData } from './sqlite-thread.ts'

/** Runs operations on the thread. */
export type Writer = {
  run<K extends keyof Operations>(name: K, ...args: Parameters<Operations[K]>): Promise<ReturnType<Operations[K]>>
  /** Throws what ended the thread, if something did. */
  check(): void
  /** Finishes what was called, then ends the thread. */
  close(): Promise<void>
}

type Waiting = {
  readonly call: Call
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** Operations in one transaction, at most: others wait no longer than these take. */
const most = 256

/** What an operation leaves behind is small and short-lived: the thread needs no large nursery. */
const resourceLimits = { maxYoungGenerationSizeMb: 8 }

const thread = new URL(
  import.meta.url.endsWith('.ts') ? './sqlite-thread.ts' : '../stores/sqlite-thread.js',
  import.meta.url,
)

/** Starts the thread; `onQueued` is called after a commit that queued a letter. */
export function startWriter(data: ThreadData, onQueued: () => void, script: URL = thread): Writer {
  // The host's own flags are not for this thread: `--input-type` or a loader of tests would stop it.
  const worker = new Worker(script, { workerData: data, execArgv: [], resourceLimits, name: 'latchkey-sqlite' })
  worker.unref()
  const waiting: Waiting[] = []
  let flying: Waiting[] = []
  let scheduled = false
  let ended: Fault | null = null
  let closing: Promise<void> | null = null
  let onIdle: (() => void) | null = null

  /** The event loop is held up only while an answer is due. */
  function send(): void {
    scheduled = false
    if (flying.length > 0 || ended) return
    while (flying.length === 0 && waiting.length > 0) flying = post(waiting.splice(0, most))
    if (flying.length > 0) {
      worker.ref()
      return
    }
    worker.unref()
    onIdle?.()
  }

  /** Sends them, and answers those that went: what no thread can be given, such as a function, fails alone. */
  function post(calls: Waiting[]): Waiting[] {
    try {
      worker.postMessage(calls.map((one) => one.call))
      return calls
    } catch {
      const sound = calls.filter(isSendable)
      if (sound.length > 0) worker.postMessage(sound.map((one) => one.call))
      return sound
    }
  }

  worker.on('message', ({ answers, queued }: Reply) => {
    const answered = flying
    flying = []
    // What was called meanwhile goes first, so that the thread works while the answers are taken in.
    send()
    for (const [index, { resolve, reject }] of answered.entries()) {
      const answer = answers[index]!
      if (answer[0]) resolve(answer[1] as never)
      else reject(new Fault(answer[1], answer[2]))
    }
    if (queued) onQueued()
  })
  const end = (reason: string, cause?: unknown) => {
    ended ??= new Fault('database', reason, { cause })
    for (const { reject } of [...flying.splice(0), ...waiting.splice(0)]) reject(ended)
    onIdle?.()
  }
  worker.on('error', (error) => end(`The thread that writes to ${data.file.path} ended: ${error.message}`, error))
  const gone = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      end(closing ? 'The store is closed.' : `The thread that writes to ${data.file.path} ended with code ${code}.`)
      resolve()
    })
  })

  async function finish(): Promise<void> {
    if (flying.length + waiting.length > 0) {
      await new Promise<void>((resolve) => {
        onIdle = resolve
      })
    }
    if (ended) return
    worker.ref()
    worker.postMessage('close')
    await gone
  }

  return {
    run: (...call) =>
      new Promise((resolve, reject) => {
        if (ended || closing) return reject(ended ?? new Fault('database', 'The store is closed.'))
        waiting.push({ call, resolve, reject })
        if (scheduled || flying.length > 0) return
        scheduled = true
        // After the events that came in together: their operations share a commit.
        setImmediate(send)
      }),
    check() {
      if (ended) throw ended
    },
    close: () => {
      closing ??= finish()
      return closing
    },
  }
}

function isSendable({ call, reject }: Waiting): boolean {
  try {
    structuredClone(call)
    return true
  } catch (error) {
    reject(new Fault('database', `${call[0]} was called with what is no plain data.`, { cause: error }))
    return false
  }
}
