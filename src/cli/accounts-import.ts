import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { type Command, configFlag, configHelp, type Io, readArgs, UsageError } from './command.ts'
import { importRows } from './import-rows.ts'
import { withAccounts } from './opened.ts'
import { withHead } from './sources/beginning.ts'
import { readHashConfig } from './sources/firebase.ts'
import { guessSource, isSource, type SourceName, sources } from './sources/index.ts'
import type { FirebaseHash } from './sources/source.ts'

const names = Object.keys(sources).join(', ')

/** Adds accounts from a file of another product, or of JSON lines. */
export const accountsImport: Command = {
  help: `
Usage: latchkey accounts import FILE [flags]

  --from NAME     what the file is; told by its first bytes where this is not given ("-" reads standard input):
                    jsonl     our own: JSON lines, or an array, of the fields below
                    csv       the same fields as columns, under a header that names them, in any order
                    auth0     the export of password hashes, of users, or the array of an import
                    cognito   what "aws cognito-idp list-users" prints, or the CSV of an import: no passwords
                    firebase  what "firebase auth:export" writes, JSON or CSV
  --firebase-hash-config FILE
                  for firebase: "Password hash parameters" of the console, as they stand there or as JSON
  --dry-run       reads and judges every row, and adds none
${configHelp}

One account in our own form:
  {"email": "ana@example.org", "username": "ana", "password": "…", "email_verified": true, "is_active": true}

  email           required
  username        optional
  password        hashed with Argon2id; or instead
  password_hash   a hash in any form of docs/hashes.md, taken as it is. Neither: no password until a reset
  email_verified  default false
  is_active       default true

Of any size, in constant memory; passwords are hashed ${availableParallelism()} at a time. A row that cannot be used is told of with its
line and the reason; the others are added. So is one whose address or user name is taken, which leaves the account that
is there as it is: the same file may be given again. docs/import.md has a page's part for each source.
Exit code 0 when every row was added or there already, 1 when any was bad or the file cannot be read, 2 when it is not
known what the file is.`,
  async run(args, io) {
    const flags = {
      ...configFlag,
      from: { type: 'string' },
      'firebase-hash-config': { type: 'string' },
      'dry-run': { type: 'boolean' },
    } as const
    const { values, rest } = readArgs(args, flags, ['FILE'])
    const path = rest[0]!
    if (values.from !== undefined && !isSource(values.from)) {
      throw new UsageError(`--from is one of ${names}; got "${values.from}"`)
    }
    const opened = await openFile(path, io)
    if (opened === null) return 1
    const from = values.from ?? guessed(path, opened.head, io)
    const firebaseHash = await hashConfig(from, values['firebase-hash-config'], io)
    const input = { ...opened, ignored: new Set<string>(), firebaseHash }
    return withAccounts(values, io, (accounts, hasher) =>
      importRows({ path, source: sources[from], input, accounts, hasher, dryRun: values['dry-run'] ?? false }, io),
    )
  },
}

async function openFile(path: string, io: Io): Promise<Awaited<ReturnType<typeof withHead>> | null> {
  try {
    const stream = path === '-' ? io.stdin : createReadStream(resolve(io.folder, path))
    return await withHead(stream as AsyncIterable<Uint8Array>)
  } catch (error) {
    io.error(`${path} cannot be read: ${(error as Error).message}\n`)
    return null
  }
}

function guessed(path: string, head: string, io: Io): SourceName {
  const name = guessSource(path, head)
  if (name === null) throw new UsageError(`it is not known what ${path} is: say it with --from, one of ${names}`)
  io.error(`Read as ${sources[name].title} (--from ${name}).\n`)
  return name
}

/** Without it no password of a million would be right, and nobody would be told why. */
async function hashConfig(from: SourceName, file: string | undefined, io: Io): Promise<FirebaseHash | null> {
  if (from !== 'firebase') {
    if (file !== undefined) throw new UsageError(`--firebase-hash-config goes with --from firebase, not with ${from}`)
    return null
  }
  if (file === undefined) {
    throw new UsageError(
      '--firebase-hash-config FILE is missing: the console shows it, Authentication, Users, ⋮, Password hash parameters',
    )
  }
  const text = await readFile(resolve(io.folder, file), 'utf8').catch((error: Error) => {
    throw new UsageError(`--firebase-hash-config: ${error.message}`)
  })
  const config = readHashConfig(text)
  if (typeof config === 'string') throw new UsageError(`--firebase-hash-config ${file}: ${config}`)
  return config
}
