import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { mappingIn } from '../accounts/elsewhere-options.ts'
import type { Trial } from '../adopt/check.ts'
import { openSource } from '../adopt/open.ts'
import { type Plan, plan } from '../adopt/plan.ts'
import { plain, type Source, type Table } from '../adopt/source.ts'
import type { Proposal } from '../adopt/system.ts'
import { recognise } from '../adopt/systems/index.ts'
import { tell, tellNothing, titleOf } from '../adopt/tell.ts'
import { configFile, configText, environmentFile, environmentText } from '../adopt/write.ts'
import type { UsersTable } from '../options.ts'
import { systemRandom } from '../system.ts'
import { type Command, type Io, readArgs, UsageError } from './command.ts'

const flags = {
  table: { type: 'string' },
  check: { type: 'string' },
  'password-stdin': { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  force: { type: 'boolean' },
} as const

/** Looks at a database with accounts, and writes the configuration for them. */
export const adopt: Command = {
  help: `
Usage: latchkey adopt [DATABASE_URL] [flags]

  DATABASE_URL      sqlite:PATH, postgres://… or mysql://…; default: the variable of this name
  --table NAME      the table of accounts, where several fit
  --dry-run         says what it found, and writes nothing
  --force           writes over files that are there
  --check EMAIL     tries a reset out on this account, and undoes it; with ${configFile} as it stands, where it is there
  --password-stdin  with --check: compares the account's password too, read from standard input

Changes nothing in the database: PostgreSQL and MySQL are asked in a read-only transaction, a file of SQLite is opened
to be read.
Knows Django, Rails (Devise, has_secure_password), Laravel, WordPress, better-auth, ASP.NET Core Identity, Supabase, JHipster and
tables with columns of the usual names (docs/adopt). Prints counts and names of columns; never an id, an address or a hash.
Writes ${configFile} and ${environmentFile} into this folder, neither over one that is there.

--check sets a random password on the account in a transaction that is undone, so take a test account. Exit codes: 0 done ·
1 nothing fits, a check failed, a file was in the way · 2 wrong command line, or --table is needed.`,
  async run(args, io) {
    const { values, url } = readAll(args, io)
    const source = await openSource(url)
    try {
      if (values.check !== undefined) return await checkOne(source, values, io)
      const tables = await source.tables()
      const proposal = await choose(tables, values.table, source.place, io)
      if (typeof proposal === 'number') return proposal
      if (proposal.refused !== null) return refused(proposal, proposal.refused, io)
      const found = await plan(source, proposal)
      await io.out(tell(found))
      return values['dry-run'] ? 0 : await write(found, url, values.force ?? false, io)
    } finally {
      await source.close()
    }
  },
}

type Values = ReturnType<typeof readArgs<typeof flags>>['values']

function readAll(args: readonly string[], io: Io): { values: Values; url: string } {
  const url = io.environment.DATABASE_URL
  const named = args[0] !== undefined && !args[0].startsWith('-')
  const { values, rest } = readArgs(args, flags, url === undefined || named ? ['DATABASE_URL'] : [])
  if (values['password-stdin'] && values.check === undefined) throw new UsageError('--password-stdin goes with --check')
  return { values, url: rest[0] ?? url! }
}

/** The table that is meant; an exit code where that cannot be said. */
async function choose(
  tables: readonly Table[],
  named: string | undefined,
  place: string,
  io: Io,
): Promise<Proposal | number> {
  const all = recognise(tables)
  if (named !== undefined) {
    const meant =
      all.find(({ mapping }) => mapping.table === named) ??
      all.find(({ mapping }) => plain(mapping.table) === plain(named))
    if (meant) return meant
    const isThere = tables.some((table) => table.name === named)
    io.error(
      isThere
        ? `latchkey: "${named}" has no column of an id, of addresses and of passwords that Latchkey knows by name. Write the mapping by hand: docs/adopt/any-table.md.\n`
        : `latchkey: there is no table "${named}" in ${place} that this user may read.\n`,
    )
    return 1
  }
  const [only, ...others] = all.some(({ refused }) => refused === null)
    ? all.filter(({ refused }) => refused === null)
    : all
  if (!only) {
    io.error(`latchkey: ${tellNothing(place, tables)}`)
    return 1
  }
  return others.length === 0 ? only : ask([only, ...others], io)
}

async function ask(proposals: readonly Proposal[], io: Io): Promise<Proposal | number> {
  const list = proposals.map((one, at) => `  ${at + 1}  ${titleOf(one)}\n`).join('')
  await io.out(`Several tables may hold the accounts:\n${list}`)
  if ((io.stdin as { isTTY?: boolean }).isTTY) {
    await io.out(`Which one? 1–${proposals.length}: `)
    const answer = await typed(io)
    const meant = /^\d+$/.test(answer.trim()) ? proposals[Number(answer) - 1] : undefined
    if (meant) return meant
  }
  io.error('latchkey adopt: say which one with --table NAME.\n')
  return 2
}

/** One line of the keyboard; nothing where it ends. */
function typed(io: Io): Promise<string> {
  const lines = createInterface({ input: io.stdin })
  return new Promise<string>((resolve) => {
    lines.once('line', resolve)
    lines.once('close', () => resolve(''))
  }).finally(() => lines.close())
}

function refused(proposal: Proposal, reason: string, io: Io): number {
  io.error(`latchkey: Found ${titleOf(proposal)}. ${reason}\n`)
  return 1
}

async function write(found: Plan, url: string, force: boolean, io: Io): Promise<number> {
  const config = join(io.folder, configFile)
  const environment = join(io.folder, environmentFile)
  const files = [
    { path: config, text: configText(found), mode: 0o644 },
    { path: environment, text: environmentText(found, url, systemRandom), mode: 0o600 },
  ]
  const inTheWay = force ? [] : files.filter(({ path }) => existsSync(path))
  for (const file of files.filter((one) => !inTheWay.includes(one))) {
    await writeFile(file.path, file.text, { mode: file.mode, flag: force ? 'w' : 'wx' })
    await io.out(`\nWrote ${file.path}\n`)
  }
  for (const { path } of inTheWay) {
    const shown = path === config ? configText(found) : environmentText(found, '…', systemRandom)
    io.error(`\nlatchkey: ${path} is there and stays as it is (--force writes over it). It would say:\n\n${shown}`)
  }
  const barred = found.mapped.barred.length > 0
  await io.out(
    barred
      ? '\nFirst clear away what is in the way, above.\n'
      : '\nNext: look at both files, then "latchkey adopt --check EMAIL" with a test account, "latchkey migrate", "latchkey doctor".\n',
  )
  return inTheWay.length > 0 ? 1 : 0
}

async function checkOne(source: Source, values: Values, io: Io): Promise<number> {
  const table = await tableToCheck(source, values, io)
  if (typeof table === 'number') return table
  const password = values['password-stdin'] ? await firstLine(io) : null
  const trial: Trial = {
    table,
    address: values.check!,
    password,
    pepper: io.environment.HASH_PEPPER,
    random: systemRandom,
  }
  const { check } = await import('../adopt/check.ts')
  const steps = await check(source, trial)
  for (const { ok, said } of steps) await io.out(`${ok ? 'ok    ' : 'error '} ${said}\n`)
  const good = steps.every(({ ok }) => ok)
  await io.out(good ? 'A reset would work. Nothing was changed.\n' : 'A reset would not work. Nothing was changed.\n')
  return good ? 0 : 1
}

/** As the configuration has it, else as it would be written. */
async function tableToCheck(source: Source, values: Values, io: Io): Promise<UsersTable | number> {
  const { loadFile } = await import('../server/file.ts')
  const { path, options, findings } = await loadFile(io.folder)
  if (findings.length > 0) {
    io.error(`latchkey: ${path} cannot be used: ${findings.map(({ message }) => message).join(' ')}\n`)
    return 1
  }
  const configured = mappingIn(options.accounts)
  if (configured && values.table === undefined) return configured
  const proposal = await choose(await source.tables(), values.table, source.place, io)
  if (typeof proposal === 'number') return proposal
  if (proposal.refused !== null) return refused(proposal, proposal.refused, io)
  const { mapping, form } = await plan(source, proposal)
  return { ...mapping, hash: form }
}

async function firstLine(io: Io): Promise<string> {
  let text = ''
  for await (const chunk of io.stdin) text += String(chunk)
  return text.replace(/\r?\n[\s\S]*$/, '')
}
