import { createReadStream } from 'node:fs'
import { timeOf, visible } from '../audit/export.ts'
import { type Finding, sentence } from '../audit/findings.ts'
import { compareHeads, type HeadLine, readHead } from '../audit/heads.ts'
import { verify, type Walked } from '../audit/verify.ts'
import { publicKey } from '../engine/keys.ts'
import { type Opened, withAudit } from './audit-open.ts'
import { type Command, configFlag, configHelp, type Io, readArgs } from './command.ts'
import { lines } from './lines.ts'

/** Findings that are told one by one. */
const most = 100
/** A sealer seals every few seconds; what waits longer than this has none. Milliseconds. */
const patience = 15 * 60_000

/** Checks the chain, and heads that were written down elsewhere. */
export const auditVerify: Command = {
  help: `
Usage: latchkey audit verify [flags]

  --heads FILE    compares the chain with signed heads that were exported: a file of them, or a log that holds them;
                  "-" reads standard input
  --public-key    prints the key that heads are signed with, for readers who must not have SECRET_KEY, and checks nothing
${configHelp}

Says what was altered, added, cut off or taken away since it was sealed. Reads only, and needs SECRET_KEY; for what was
sealed under an earlier one, SECRET_KEY_FALLBACKS. Without heads it cannot tell that the whole end of the chain is gone,
or that somebody with the key wrote a new one: keep heads where the database's administrators cannot write.
Exit code 0 when everything is as it was sealed, 1 when anything is not.`,
  async run(args, io) {
    const flags = { ...configFlag, heads: { type: 'string' }, 'public-key': { type: 'boolean' } } as const
    const { values } = readArgs(args, flags)
    return withAudit(values, io, true, async (opened) => {
      if (values['public-key']) {
        await io.out(publicKey(opened.keys.current))
        return 0
      }
      return check(opened, values.heads, io)
    })
  },
}

async function check(opened: Opened, heads: string | undefined, io: Io): Promise<number> {
  let count = 0
  const shown: string[] = []
  const found = (finding: Finding): void => {
    count++
    // What a finding quotes comes from rows that anybody may have written.
    if (shown.length < most) shown.push(visible(sentence(finding)))
  }
  const walked = await verify(opened.store, opened.keys, found)
  await io.out(walkedText(walked, opened.clock.now()))
  if (heads !== undefined) {
    const compared = await comparedText(opened, heads, found, io)
    if (compared === null) return 1
    await io.out(compared)
  }
  await io.out(shown.map((one) => `${one}\n`).join(''))
  if (count > shown.length) await io.out(`… and ${count - shown.length} more.\n`)
  await io.out(count === 0 ? 'Everything is as it was sealed.\n' : 'The audit is not as it was sealed.\n')
  return count === 0 ? 0 : 1
}

function walkedText({ segments, events, unsealed, unsealedSince, tip, removedTo }: Walked, now: number): string {
  const told: string[] = []
  if (removedTo > 0) told.push(`Segments up to ${removedTo} were removed when their time had come.`)
  if (segments > 0 && tip)
    told.push(`Checked ${counted(segments, 'segment')} with ${counted(events, 'event')}, up to event ${tip.last}.`)
  else if (removedTo === 0) told.push('Nothing is sealed yet.')
  if (unsealed > 0 && unsealedSince !== null) {
    const since = timeOf(unsealedSince)
    const idle = now - unsealedSince > patience ? ' Does a worker run?' : ''
    told.push(`Not sealed yet, and so not proved: ${counted(unsealed, 'event')}, the oldest of ${since}.${idle}`)
  }
  return told.map((one) => `${one}\n`).join('')
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

async function comparedText(
  { store, keys }: Opened,
  path: string,
  found: (finding: Finding) => void,
  io: Io,
): Promise<string | null> {
  try {
    const chunks = (path === '-' ? io.stdin : createReadStream(path)) as AsyncIterable<Uint8Array>
    const { held, removed, forged } = await compare(store, keys, chunks, found)
    if (held + removed + forged === 0) {
      io.error(`${path === '-' ? 'Standard input' : path} holds no head.\n`)
      return null
    }
    const gone = removed > 0 ? `, ${removed} of segments that were removed since` : ''
    return `Heads: ${held} that the chain still holds${gone}.\n`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    io.error(`${path} cannot be read: ${(error as Error).message}\n`)
    return null
  }
}

async function compare(
  store: Opened['store'],
  keys: Opened['keys'],
  chunks: AsyncIterable<Uint8Array>,
  found: (finding: Finding) => void,
) {
  let forged = 0
  const counting = (finding: Finding): void => {
    forged++
    found(finding)
  }
  return { ...(await compareHeads(store, keys, headLines(chunks), counting)), forged }
}

async function* headLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<HeadLine> {
  for await (const { number, text } of lines(chunks)) yield { line: number, head: readHead(text ?? '') }
}
