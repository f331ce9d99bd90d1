/** Rows of a source become accounts, some hundred in one transaction; what cannot is told of with its line. */
import { lowerAscii, tidyAddress } from '../accounts/tidy.ts'
import type { Accounts, Hasher } from '../engine/ports.ts'
import { systemClock } from '../system.ts'
import { type Row, readRow } from './account-row.ts'
import type { Io } from './command.ts'
import { addedByHand } from './opened.ts'
import type { Input, Item, Source } from './sources/source.ts'

/** Rows of one transaction. */
const batchSize = 500

/** What is imported, and into what. */
export type Import = {
  readonly path: string
  readonly source: Source
  readonly input: Input
  readonly accounts: Accounts
  readonly hasher: Hasher
  /** Judges and counts, and adds nothing. */
  readonly dryRun: boolean
}

type Numbered = { readonly number: number; readonly row: Row }
type Counts = { added: number; taken: number; bad: number; bare: number }

/** Answers the exit code. */
export async function importRows(work: Import, io: Io): Promise<number> {
  const counts: Counts = { added: 0, taken: 0, bad: 0, bare: 0 }
  const progress = showProgress(counts, io)
  const sum = (): string => {
    const added = work.dryRun ? 'would be added' : 'added'
    return `${counts.added} ${added}, ${counts.taken} there already, ${counts.bad} bad (${progress.pace()} rows/s).\n`
  }
  try {
    for await (const batch of batches(work, counts, io)) await takeBatch(work, batch, counts, io)
  } catch (error) {
    io.error(`Stopped before the end: ${sum()}What was added stays; the same file may be given again.\n`)
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    io.error(`${work.path} cannot be read: ${(error as Error).message}\n`)
    return 1
  } finally {
    progress.end()
  }
  const { ignored } = work.input
  if (ignored.size > 0) io.error(`Fields that were not read: ${[...ignored].join(', ')}.\n`)
  await io.out(sum())
  if (counts.bare > 0) await io.out(`${counts.bare} of them without a password: their owners set one by a reset.\n`)
  return counts.bad === 0 ? 0 : 1
}

/** Good rows, some hundred at a time; bad ones are told of. */
async function* batches({ source, input }: Import, counts: Counts, io: Io): AsyncGenerator<Numbered[]> {
  let batch: Numbered[] = []
  for await (const item of source.items(input)) {
    const read = 'reason' in item ? item : readRow(item.fields)
    if ('reason' in read) {
      counts.bad += 1
      io.error(`${placeOf(item)}: ${read.reason}\n`)
    } else batch.push({ number: item.number, row: read.row })
    if (batch.length === batchSize) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

const placeOf = ({ number, to }: Item): string =>
  to === undefined || to === number ? `line ${number}` : `lines ${number} to ${to}`

async function takeBatch(work: Import, batch: readonly Numbered[], counts: Counts, io: Io): Promise<void> {
  const taken = new Set(await (work.dryRun ? takenOf(work.accounts, batch) : addBatch(work, batch)))
  for (const [at, { number, row }] of batch.entries()) {
    if (taken.has(at)) io.error(`line ${number}: address or user name is taken: ${row.email}\n`)
    else if (row.password === null && row.passwordHash === null) counts.bare += 1
  }
  counts.taken += taken.size
  counts.added += batch.length - taken.size
}

async function addBatch({ accounts, hasher }: Import, batch: readonly Numbered[]): Promise<readonly number[]> {
  const rows = await Promise.all(
    batch.map(async ({ row }) => ({
      ...row,
      passwordHash: row.password === null ? row.passwordHash : await hasher.hash(row.password),
    })),
  )
  const at = systemClock.now()
  return (await accounts.add(rows, at, addedByHand(at))).taken
}

/** Which of them are in the table; not which the file itself has twice. */
async function takenOf(accounts: Accounts, batch: readonly Numbered[]): Promise<number[]> {
  const taken: number[] = []
  for (const [at, { row }] of batch.entries()) {
    const name = row.username && lowerAscii(row.username)
    const holder = name ? await accounts.byName(name) : null
    const isNamed = holder !== null && lowerAscii(holder.username ?? '') === name
    if (isNamed || (await accounts.byAddress(tidyAddress(row.email) ?? row.email)).length > 0) taken.push(at)
  }
  return taken
}

/** A line a second on standard error while it lasts. */
function showProgress(counts: Counts, io: Io) {
  const start = performance.now()
  const rows = (): number => counts.added + counts.taken + counts.bad
  const pace = (): string => Math.round((rows() / Math.max(performance.now() - start, 1)) * 1000).toLocaleString('en')
  const timer = setInterval(() => io.error(`${rows().toLocaleString('en')} rows, ${pace()} rows/s\n`), 1000)
  return { pace, end: () => clearInterval(timer) }
}
