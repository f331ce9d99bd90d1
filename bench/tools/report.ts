/** What a measure says of itself: its options, its progress, its table on the screen and in `bench/results/`. */
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { median } from './figures.ts'
import { plotOf } from './plot.ts'

/** A number, a text or a switch, with what it means and what it is when it is not given. */
export type Option = readonly [about: string, preset: number | boolean | string]

type Values<T extends Record<string, Option>> = {
  [K in keyof T]: T[K][1] extends boolean ? boolean : T[K][1] extends string ? string : number
}

/** Reads the command line; `--help` prints what is here and ends. */
export function options<T extends Record<string, Option>>(name: string, about: string, known: T): Values<T> {
  const config = Object.fromEntries(
    Object.entries(known).map(([key, [, preset]]) => [
      key,
      { type: typeof preset === 'boolean' ? ('boolean' as const) : ('string' as const) },
    ]),
  )
  const { values }: { values: Record<string, string | boolean | undefined> } = parseArgs({
    options: { ...config, help: { type: 'boolean' } },
  })
  if (values.help) {
    const lines = Object.entries(known).map(([key, [text, preset]]) => {
      const left = `--${key}${typeof preset === 'boolean' ? '' : typeof preset === 'string' ? ' TEXT' : ' N'}`
      return `  ${left.padEnd(18)} ${text}${preset === false || preset === '' ? '' : ` (default ${preset})`}`
    })
    console.log(`node bench/${name}.ts\n\n${about}\n\n${lines.join('\n')}`)
    process.exit()
  }
  const read = ([key, [, preset]]: [string, Option]) => {
    const value = values[key] ?? preset
    return [key, typeof preset === 'number' ? Number(value) : value]
  }
  return Object.fromEntries(Object.entries(known).map(read))
}

/** Progress, on standard error. */
export const tell = (text: string): void => void process.stderr.write(`${text}\n`)

export type Table = { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }

/** Prints the tables and writes them to `bench/results/<name>.md`, the first one's first column of numbers as a picture beside it. */
export function report(name: string, title: string, parts: readonly (string | Table)[]): void {
  const body = parts.map((part) => (typeof part === 'string' ? part : tableOf(part))).join('\n\n')
  const folder = fileURLToPath(new URL('../results/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const table = parts.find((part) => typeof part !== 'string')
  const picture = table && plotOf(title, table.head, table.rows, 1)
  if (picture) writeFileSync(join(folder, `${name}.svg`), picture)
  const shown = picture ? `\n\n![${title}](${name}.svg)` : ''
  const page = `# ${title}\n\n${machine()}\n\n${body}${shown}\n`
  writeFileSync(join(folder, `${name}.md`), page)
  console.log(`\n${page}`)
}

function tableOf({ head, rows }: Table): string {
  const widths = head.map((cell, at) => Math.max(cell.length, ...rows.map((row) => (row[at] ?? '').length)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

const startLoad = loadavg()[0]!

/** On what it was measured, as far as it matters: cores, disk, Node, and what else ran. */
function machine(): string {
  const day = new Date().toISOString().slice(0, 10)
  const model = cpus()[0]?.model.trim() ?? 'unknown'
  return (
    `${day}, Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores (${model}), ` +
    `load of others before the start ${startLoad.toFixed(1)}, ` +
    `a durable write of 4 KiB in ${tmpdir()} takes ${syncTime().toFixed(2)} ms (median).`
  )
}

/** How long the disk takes to keep a page: all that is durable waits for it. */
function syncTime(): number {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const file = openSync(join(folder, 'page'), 'w')
  const page = Buffer.alloc(4096, 1)
  const times = Array.from({ length: 200 }, () => {
    const start = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return performance.now() - start
  })
  closeSync(file)
  rmSync(folder, { recursive: true, force: true })
  return median(times)
}
