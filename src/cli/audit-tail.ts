import { setTimeout as sleep } from 'node:timers/promises'
import { jsonLine, type Numbered, timeOf, visible } from '../audit/export.ts'
import type { Store } from '../engine/ports.ts'
import { withAudit } from './audit-open.ts'
import { type Command, configFlag, configHelp, type Io, readArgs, UsageError } from './command.ts'

/** Prints the newest events, and those that come. */
export const auditTail: Command = {
  help: `
Usage: latchkey audit tail [flags]

  --lines N       how many of the newest; default: 20
  --follow        goes on with those that come, until Ctrl-C
  --json          a line of JSON each, with the fields of "audit export"
${configHelp}

What the events mean stands in docs/audit.md.`,
  async run(args, io) {
    const flags = {
      ...configFlag,
      lines: { type: 'string' },
      follow: { type: 'boolean' },
      json: { type: 'boolean' },
    } as const
    const { values } = readArgs(args, flags)
    const { lines = '20' } = values
    if (!/^\d{1,6}$/.test(lines)) throw new UsageError(`--lines takes a number up to 999999, not "${lines}"`)
    const line = values.json ? jsonLine : textLine
    return withAudit(values, io, false, async ({ store }) => {
      const newest = await store.audit.newest()
      const after = await print(store, Math.max(0, newest - Number(lines)), line, io)
      if (values.follow && after !== null) await follow(store, after, line, io)
      return 0
    })
  },
}

/** Prints all above `after`; answers the last number, or null when nobody reads any longer. */
async function print(store: Store, after: number, line: (event: Numbered) => string, io: Io): Promise<number | null> {
  for (let last = after; ; ) {
    const events = await store.events(last, 500)
    if (events.length === 0) return last
    if (!(await io.out(events.map(line).join('')))) return null
    last = events.at(-1)!.seq
  }
}

const pollMs = 500

async function follow(store: Store, after: number, line: (event: Numbered) => string, io: Io): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  for (let last: number | null = after; last !== null && !stop.signal.aborted; ) {
    await sleep(pollMs, null, { signal: stop.signal }).catch(() => {})
    last = await print(store, last, line, io)
  }
}

function textLine({ seq, at, name, flow, accountId, network, agent, because }: Numbered): string {
  const told = [
    ...[String(seq), timeOf(at), name.padEnd(18), flow ?? '-'],
    ...[accountId === null ? '-' : `account ${accountId}`, network || '-', because === null ? '' : `(${because})`],
    agent,
  ]
  return `${visible(told.filter((part) => part !== '').join('  '))}\n`
}
