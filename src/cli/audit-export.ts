import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { csvHead, csvRow, eventsOf, jsonLine } from '../audit/export.ts'
import { event, nobody } from '../engine/audit.ts'
import { withAudit } from './audit-open.ts'
import { whomFlags, whomOf } from './audit-whom.ts'
import { type Command, configFlag, configHelp, type Io, readArgs, UsageError } from './command.ts'
import { atKeyboard } from './keyboard.ts'

/** Writes events out, for a spreadsheet, another system, or the person whom they tell of. */
export const auditExport: Command = {
  help: `
Usage: latchkey audit export [flags]

  --format F      csv (default) or jsonl, a line of JSON each
  --from TIME     from this moment: 2026-01-31, or 2026-01-31T12:00:00Z. A day begins at midnight, UTC
  --to TIME       before this moment
  --account ID    only events about this account, its challenges and its address; needs SECRET_KEY
  --address E     its e-mail address, where the account is gone already
  --out FILE      a new file, for its owner alone; default: standard output
${configHelp}

Of any number, in constant memory. In CSV a cell that a spreadsheet would take for a formula has an apostrophe before it;
programs read jsonl. The export is an event itself, with who ran it, written before anything leaves.`,
  async run(args, io) {
    const flags = {
      ...configFlag,
      format: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      ...whomFlags,
      out: { type: 'string' },
    } as const
    const { values } = readArgs(args, flags)
    const { format = 'csv', account = null, address, out } = values
    if (format !== 'csv' && format !== 'jsonl') throw new UsageError(`--format is csv or jsonl, not "${format}"`)
    if (account === '') throw new UsageError('--account is empty')
    if (account === null && address !== undefined) throw new UsageError('--address goes with --account')
    const [from, to] = [moment('--from', values.from), moment('--to', values.to)]
    return withAudit(values, io, account !== null, async (opened) => {
      const { store, clock } = opened
      const whom = account === null ? null : await whomOf(opened, account, address)
      const write = out === undefined ? io : await newFile(out, io)
      if (!write) return 1
      const because = `${format} by ${atKeyboard()}`
      await store.note(event(clock.now(), 'audit.exported', nobody, { accountId: account, because }))
      let count = 0
      if (format === 'csv') await write.out(csvHead())
      for await (const events of eventsOf(store, { from, to, whom })) {
        count += events.length
        if (!(await write.out(events.map(format === 'csv' ? csvRow : jsonLine).join('')))) break
      }
      if ('end' in write) {
        await write.end()
        await io.out(`${count} ${count === 1 ? 'event' : 'events'} in ${out}.\n`)
      }
      return 0
    })
  },
}

function moment(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const isWhole = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
  const at = isWhole ? Date.parse(text) : Number.NaN
  // The 31st of February would silently be the 3rd of March.
  const isDay = isWhole && new Date(`${text.slice(0, 10)}T00:00:00Z`).toJSON()?.startsWith(text.slice(0, 10))
  if (Number.isNaN(at) || !isDay) {
    throw new UsageError(`${flag} takes a day or a moment, such as 2026-01-31 or 2026-01-31T12:00:00Z, not "${text}"`)
  }
  return at
}

/** A file that was not there before. */
async function newFile(path: string, io: Io) {
  const stream = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  try {
    await new Promise<void>((resolve, reject) => stream.once('open', () => resolve()).once('error', reject))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    io.error(code === 'EEXIST' ? `${path} is there already.\n` : `${path} cannot be written: ${message}\n`)
    return null
  }
  const done = finished(stream)
  // Told of where it is awaited; until then it is nobody's.
  done.catch(() => {})
  return {
    out: (text: string) =>
      new Promise<boolean>((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve(true)))
      }),
    end: async () => {
      stream.end()
      await done
    },
  }
}
