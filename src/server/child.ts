/**
 * One of the processes that `serve --processes` starts: it serves, or it sends letters, until its parent says stop. A
 * parent that dies takes it along (node:cluster does that); what was answered is in the database.
 */
import cluster from 'node:cluster'
import { systemEnvironment } from '../system.ts'
import type { Flags } from './variables.ts'

/** What a child is told at its start, as JSON in its first argument. */
export type Birth = {
  readonly name: string
  /** How many processes serve. */
  readonly of: number
  readonly role: 'serve' | 'letters'
  /** The parent's, with the port that it chose. */
  readonly flags: Flags & { readonly config?: string }
}

/** What a child hears. */
export type Heard = { readonly say: 'stop' } | { readonly say: 'metrics'; readonly asked: number }

/** What a child tells. */
export type Told =
  | { readonly say: 'ready' }
  | { readonly say: 'metrics'; readonly asked: number; readonly text: string | null }

if (cluster.isWorker) process.exit(await live(JSON.parse(process.argv[2] ?? '{}') as Birth))

async function live({ name, of, role, flags }: Birth): Promise<number> {
  let read: (() => Promise<string>) | null = null
  const tell = (told: Told): void => void process.send?.(told, () => {})
  // The ears first, then what takes half a second to load. A terminal and systemd signal every process, not the parent
  // alone; whatever comes a second time is the parent's to judge.
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
    process.on('message', (heard: Heard) => {
      if (heard.say === 'stop') return resolve()
      const text = read?.() ?? Promise.resolve(null)
      text.then(
        (text) => tell({ say: 'metrics', asked: heard.asked, text }),
        () => tell({ say: 'metrics', asked: heard.asked, text: null }),
      )
    })
  })
  const [{ loadConfig }, { run }] = await Promise.all([import('./config.ts'), import('./run.ts')])
  const config = await loadConfig(systemEnvironment(), flags, process.cwd())
  const screen = {
    out: (text: string) => void process.stdout.write(text),
    error: (text: string) => void process.stderr.write(text),
  }
  const ready = (metrics: () => Promise<string>): void => {
    read = metrics
    tell({ say: 'ready' })
  }
  const http = role === 'serve'
  const options = http ? { ...config.options, worker: false } : config.options
  return run({ ...config, options }, screen, { http, part: { name, of, stop, ready } })
}
