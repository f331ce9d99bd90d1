/** Another process on the same database file: submits what it is told to, all at once, and tells how each ended. */
import { type Bench, openBench, stranger } from './kit.ts'

export type Race = { readonly path: string; readonly bodies: readonly unknown[] }

const [file = '', now = ''] = process.argv.slice(2)
const bench: Bench = await openBench(file, { clock: { now: () => Number(now), turn() {} } as Bench['clock'] })

process.on('message', async ({ path, bodies }: Race) => {
  const browsers = bodies.map(() => stranger(bench))
  const answers = await Promise.all(bodies.map((body, index) => browsers[index]!.json(path, body)))
  process.send!(answers.map(({ status }) => status))
})
process.on('disconnect', async () => {
  await bench.close()
  process.exit(0)
})
process.send!('ready')
