import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostAccounts, nobodysAddress } from '../accounts/elsewhere.ts'
import { functionsIn } from '../accounts/elsewhere-options.ts'
import { describe, hashOptions, refuseForm } from '../accounts/survey.ts'
import { captchaOf } from '../captcha/set.ts'
import { forms } from '../engine/captcha.ts'
import { fresh, keyring } from '../engine/keys.ts'
import type { Accounts } from '../engine/ports.ts'
import { linksOf } from '../http/routes.ts'
import { latchkey } from '../latchkey.ts'
import { mailer } from '../mail/mailer.ts'
import type { UsersTable } from '../options.ts'
import { type Config, loadConfig, soundOptions, tableOf, wayOf } from '../server/config.ts'
import { finding, isSound, told } from '../server/findings.ts'
import { systemClock, systemRandom } from '../system.ts'
import { captchaLine } from './captcha-show.ts'
import { type Command, configFlag, configHelp, type Io, readArgs } from './command.ts'
import { type DnsQuestion, mailRecords } from './doctor-dns.ts'

/** Rows that are looked at for the formats of their hashes. */
const sample = 10_000

/** `warns`: what is wrong is told, and is no error. */
type Check = { readonly name: string; readonly warns?: boolean; run(): Promise<string> }

/** Checks everything that a start needs, and says what is wrong. */
export const doctor: Command = {
  help: `
Usage: latchkey doctor [flags]

${configHelp}
  --dkim SELECTOR   the selector under which your relay's DKIM key stands in the DNS
  --dns HOST:PORT   the name server to ask; default: the system's

Changes nothing and mails nothing ("latchkey mail test TO" does). Asks the DNS for SPF, DKIM, DMARC, MTA-STS and TLS reports
of the domain that mail comes from; what lacks there is told as "warn". Looks at ${sample.toLocaleString('en')} accounts at most for the formats of
their hashes, and prints a sample link, which opens nothing. Exit code 1 on any error.`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configFlag, dkim: { type: 'string' }, dns: { type: 'string' } })
    const config = await loadConfig(io.environment, values, io.folder)
    await io.out(`Configuration: ${config.file ?? 'environment only'}\n`)
    if (config.findings.length > 0) await io.out(told(config.findings))
    let good = isSound(config.findings)
    for (const check of await checksOf(config, { selector: values.dkim ?? null, server: values.dns ?? null }))
      good = (await report(check, io)) && good
    await io.out(good ? 'All is well.\n' : 'Something is wrong; see above.\n')
    return good ? 0 : 1
  },
}

async function report({ name, warns, run }: Check, io: Io): Promise<boolean> {
  try {
    await io.out(`ok     ${name}: ${await run()}\n`)
    return true
  } catch (error) {
    await io.out(`${warns ? 'warn ' : 'error'}  ${name}: ${(error as Error).message}\n`)
    return warns === true
  }
}

async function checksOf(config: Config, dns: Omit<DnsQuestion, 'domain'>): Promise<Check[]> {
  const { options } = config
  const { store, mail } = options
  return [
    ...(isSound(config.findings) ? [{ name: 'flows', run: async () => checkFlows(config) }] : []),
    ...(store ? [{ name: 'database', run: () => checkDatabase(config) }] : []),
    ...(store && isSound(config.findings) ? [{ name: 'captchas', run: () => checkCaptchas(config) }] : []),
    ...(mail ? [{ name: 'mail', run: () => checkMail(config) }] : []),
    ...(mail ? await mailDomain(mail.from, dns) : []),
    { name: 'clock', run: checkClock },
  ]
}

/** Makes the recovery without opening it: whatever it would refuse at the start, it refuses now. */
function checkFlows(config: Config): string {
  const options = soundOptions(config)
  latchkey({ ...options, worker: false })
  const flows = options.flows ?? []
  const links = linksOf(flows, options.publicUrl, options.spaUrl ?? `${options.publicUrl}/app`)
  const example = flows.find((flow) => flow.proof.kind !== 'code') ?? flows[0]!
  const link = links.toProof(example.name, 'MQ', fresh(systemRandom, 24))
  const keys = keyring(options.secret, options.secretFallbacks)
  const count = `${flows.map(({ name }) => name).join(', ')}; key ${keys.current.id} and ${keys.all.length - 1} before it`
  return `${count}\n       sample link: ${link}`
}

async function checkDatabase({ options }: Config): Promise<string> {
  const { table, columns } = tableOf(options)
  const pending = await options.store!.pending(table, columns)
  if (pending.length > 0) {
    const { message, hint } = finding('L052', { steps: pending.map(({ name }) => name).join(', ') })
    throw new Error(`L052 ${message}. ${hint}`)
  }
  const { store, accounts } = await options.store!.open(table, columns)
  try {
    await store.ping()
    const functions = functionsIn(options.accounts)
    if (functions) {
      await hostAccounts(functions, () => {}).accounts.byAddress(nobodysAddress)
      return 'up to date\n       accounts: functions of the configuration, and accounts.byAddress answers'
    }
    const texts = await someHashes(accounts)
    const form = options.accounts ? formOf(texts, options.accounts.hash) : 'argon2id'
    return `up to date\n       accounts: table "${table.table}", ${formats(texts)}\n       new passwords: ${form}`
  } finally {
    await store.close()
  }
}

/** The password columns of some accounts. */
async function someHashes(accounts: Accounts): Promise<(string | null)[]> {
  const texts: (string | null)[] = []
  for (let after: string | null = null; texts.length < sample; ) {
    const page = await accounts.list(after, 1_000)
    if (page.length === 0) break
    texts.push(...page.map(({ passwordHash }) => passwordHash))
    after = page.at(-1)!.id
  }
  return texts
}

/** How many hashes there are of each format. */
function formats(texts: readonly (string | null)[]): string {
  const counts = new Map<string, number>()
  for (const format of texts.map(describe)) counts.set(format, (counts.get(format) ?? 0) + 1)
  const list = [...counts].map(([format, count]) => `${count.toLocaleString('en')} ${format}`).join(', ')
  if (texts.length === 0) return 'no account yet'
  return texts.length < sample
    ? `${texts.length} rows: ${list}`
    : `the first ${sample.toLocaleString('en')} rows: ${list}`
}

/** The form of new passwords of a mapped table; throws where it would be written by mistake. */
function formOf(texts: readonly (string | null)[], hash: UsersTable['hash']): string {
  const options = hashOptions(hash)
  const form = options?.form ?? 'argon2id'
  const reason = refuseForm(texts, form, options !== null)
  if (reason) throw new Error(reason)
  return refuseForm(texts, form, false) ? `${form}, which no row is in yet: does the application read it?` : form
}

/** What is set up for each form, and whether its secret can be read: an unreadable one asks everybody for ALTCHA. */
async function checkCaptchas({ options }: Config): Promise<string> {
  const { table, columns } = tableOf(options)
  if ((await options.store!.pending(table, columns)).length > 0) throw new Error('the database is not up to date')
  const { store } = await options.store!.open(table, columns)
  try {
    const kit = {
      store,
      clock: systemClock,
      random: systemRandom,
      keys: keyring(options.secret!, options.secretFallbacks),
    }
    const lines = await Promise.all(
      forms.map(async (form) => `${form} ${captchaLine(kit, form, await captchaOf(kit, form))}`),
    )
    if (lines.some((line) => line.includes('unreadable'))) throw new Error(lines.join('; '))
    return lines.join('; ')
  } finally {
    await store.close()
  }
}

async function mailDomain(from: string, dns: Omit<DnsQuestion, 'domain'>): Promise<Check[]> {
  const domain = /@([^\s@<>]+)>?\s*$/.exec(from)?.[1] ?? ''
  const looked = await mailRecords({ ...dns, domain })
  return looked.map(({ name, ok, said }) => ({
    name: `${name} of ${domain}`,
    warns: true,
    run: async () => {
      if (!ok) throw new Error(said)
      return said
    },
  }))
}

async function checkMail({ options }: Config): Promise<string> {
  const post = mailer(options.mail!, systemClock)
  try {
    await post.check()
    return `${wayOf(options.mail!)}, from ${options.mail!.from}`
  } finally {
    await post.close()
  }
}

/** Proofs and limits hang on the clock: it must be of our days, and agree with the file system's. */
async function checkClock(): Promise<string> {
  const now = systemClock.now()
  const told = new Date(now).toISOString()
  if (now < Date.UTC(2025, 0)) throw new Error(`it says ${told}: set it, with NTP for instance`)
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'))
  try {
    const file = join(folder, 'now')
    await writeFile(file, '')
    const apart = Math.abs((await stat(file)).mtimeMs - now)
    if (apart > 5_000) throw new Error(`it is ${Math.round(apart / 1000)} s apart from the file system's`)
    return told
  } finally {
    await rm(folder, { recursive: true })
  }
}
