import { createReadStream } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Accounts, Hasher } from '../engine/ports.ts'
import { systemClock } from '../system.ts'
import { type Row, readRow, unknownFields } from './account-row.ts'
import { type Command, configFlag, configHelp, type Io, readArgs } from './command.ts'
import { lines } from './lines.ts'
import { addedByHand, withAccounts } from './opened.ts'

/** Rows of one transaction. */
const batchSize = 500

type Numbered = { readonly number: number; readonly row: Row }
type Counts = { added: number; taken: number; bad: number }

/** Adds accounts from a file of JSON lines. */
export const accountsImport: Command = {
  help: `
Usage: latchkey accounts import FILE.jsonl [flags]

Each line is one account; "-" reads standard input:
  {"email": "ana@example.org", "username": "ana", "password": "…", "email_verified": true, "is_active": true}

  email           required
  username        optional
  password        hashed with Argon2id; or instead
  password_hash   a hash in any form of docs/hashes.md, taken as it is. Neither: no password until a reset
  email_verified  default false
  is_active       default true
${configHelp}

Of any size, in constant memory; passwords are hashed ${availableParallelism()} at a time. A line that cannot be used is told of with its
number and the reason; the others are added. So is one whose address or user name is taken, which leaves the account
that is there as it is: the same file may be given again.
Exit code 0 when every line was added or there already, 1 when any was bad.`,
  async run(args, io) {
    const { values, rest } = readArgs(args, configFlag, ['FILE.jsonl'])
    return withAccounts(values, io, (accounts, hasher) => importFile(rest[0]!, accounts, hasher, io))
  },
}

async function importFile(path: string, accounts: Accounts, hasher: Hasher, io: Io): Promise<number> {
  const counts: Counts = { added: 0, taken: 0, bad: 0 }
  const progress = showProgress(counts, io)
  const ignored = new Set<string>()
  try {
    const chunks = (path === '-' ? io.stdin : createReadStream(path)) as AsyncIterable<Uint8Array>
    for await (const batch of batches(chunks, counts, ignored, io)) await addBatch(batch, accounts, hasher, counts, io)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    io.error(`${path} cannot be read: ${(error as Error).message}\n`)
    return 1
  } finally {
    progress.end()
  }
  if (ignored.size > 0) io.error(`Fields that were not read: ${[...ignored].join(', ')}.\n`)
  const { added, taken, bad } = counts
  await io.out(`${added} added, ${taken} there already, ${bad} bad (${progress.pace()} rows/s).\n`)
  return bad === 0 ? 0 : 1
}

/** Good rows, some hundred at a time; bad ones are told of. */
async function* batches(
  chunks: AsyncIterable<Uint8Array>,
  counts: Counts,
  ignored: Set<string>,
  io: Io,
): AsyncGenerator<Numbered[]> {
  let batch: Numbered[] = []
  for await (const { number, text } of lines(chunks)) {
    if (text?.trim() === '') continue
    const read = readLine(text, ignored)
    if ('reason' in read) {
      counts.bad += 1
      io.error(`line ${number}: ${read.reason}\n`)
    } else batch.push({ number, row: read.row })
    if (batch.length === batchSize) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

function readLine(text: string | null, ignored: Set<string>): ReturnType<typeof readRow> {
  if (text === null) return { reason: 'it is longer than 65,536 bytes' }
  if (text.includes('\ufffd')) return { reason: 'it is not UTF-8' }
  try {
    // A byte order mark stands before the first line of files from Windows.
    const fields: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    const read = readRow(fields)
    if ('row' in read) for (const name of unknownFields(fields as object)) if (ignored.size < 20) ignored.add(name)
    return read
  } catch {
    // The parser's own words quote the line, with its password.
    return { reason: 'it is not JSON' }
  }
}

async function addBatch(batch: Numbered[], accounts: Accounts, hasher: Hasher, counts: Counts, io: Io): Promise<void> {
  const rows = await Promise.all(
    batch.map(async ({ row }) => ({
      ...row,
      passwordHash: row.password === null ? row.passwordHash : await hasher.hash(row.password),
    })),
  )
  const at = systemClock.now()
  const { taken } = await accounts.add(rows, at, addedByHand(at))
  for (const at of taken) {
    io.error(`line ${batch[at]!.number}: address or user name is taken: ${batch[at]!.row.email}\n`)
  }
  counts.taken += taken.length
  counts.added += batch.length - taken.length
}

/** A line a second on standard error while it lasts. */
function showProgress(counts: Counts, io: Io) {
  const start = performance.now()
  const rows = (): number => counts.added + counts.taken + counts.bad
  const pace = (): string => Math.round((rows() / Math.max(performance.now() - start, 1)) * 1000).toLocaleString('en')
  const timer = setInterval(() => io.error(`${rows().toLocaleString('en')} rows, ${pace()} rows/s\n`), 1000)
  return { pace, end: () => clearInterval(timer) }
}
