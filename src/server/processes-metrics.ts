/** Metrics of several processes on one listener: each process's series under its name, so that a restart resets its own. */
import type { Worker } from 'node:cluster'
import { families } from '../metrics/families.ts'
import { familyText } from '../metrics/text.ts'
import type { Told } from './child.ts'

/** A child may wait two seconds for the database; one that is silent for longer is left out. Milliseconds. */
const patience = 2_500

/** Reads all of them at once. */
export function gathered(
  workers: () => readonly (readonly [name: string, worker: Worker])[],
  restarted: () => number,
): () => Promise<string> {
  let asked = 0
  return async () => {
    asked++
    const texts = await Promise.all(workers().map(async ([name, worker]) => [name, await ask(worker, asked)] as const))
    const there = texts.filter((one): one is [string, string] => one[1] !== null)
    const one = (value: number) => [{ labels: [], value }]
    const { latchkey_processes: up, latchkey_process_restarts_total: again } = families
    return (
      merged(there) +
      familyText('latchkey_processes', up, one(there.length)) +
      familyText('latchkey_process_restarts_total', again, one(restarted()))
    )
  }
}

function ask(worker: Worker, asked: number): Promise<string | null> {
  return new Promise((resolve) => {
    const done = (text: string | null): void => {
      clearTimeout(timer)
      worker.off('message', listen)
      worker.off('exit', gone)
      resolve(text)
    }
    const listen = (message: Told): void => {
      if (message.say === 'metrics' && message.asked === asked) done(message.text)
    }
    const gone = (): void => done(null)
    const timer = setTimeout(gone, patience)
    worker.on('message', listen)
    worker.on('exit', gone)
    if (worker.isConnected()) worker.send({ say: 'metrics', asked }, (error) => error && gone())
    else gone()
  })
}

/** One text of several: a family's head once, and after it the samples of all, each with the name of its process. */
export function merged(texts: readonly (readonly [name: string, text: string])[]): string {
  const heads = new Map<string, string>()
  const samples = new Map<string, string[]>()
  for (const [name, text] of texts) {
    for (const [, head = '', family = '', lines = ''] of text.matchAll(
      /(# HELP (\S+) .*\n# TYPE .*\n)((?:[^#\n].*\n)*)/g,
    )) {
      heads.set(family, head)
      const named = lines.replaceAll(
        /^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)$/gm,
        (_, metric: string, labels: string | undefined, value: string) =>
          `${metric}{process="${name}"${labels ? `,${labels}` : ''}} ${value}`,
      )
      samples.set(family, [...(samples.get(family) ?? []), named])
    }
  }
  return [...heads].map(([family, head]) => head + samples.get(family)!.join('')).join('')
}
