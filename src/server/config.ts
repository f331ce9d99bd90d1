/**
 * The configuration of the server: environment, flags and file in; options and findings out. Only here is it read
 * what variables mean. A flag goes before the environment, the environment before the file, the file before the default.
 */
import { functionsIn, tableOf as tableFor } from '../accounts/elsewhere-options.ts'
import { hashOptions } from '../accounts/survey.ts'
import type { Flow } from '../engine/flow.ts'
import { notColours, unreadable } from '../engine/palette.ts'
import * as builtIn from '../flows/index.ts'
import { smtpOptions } from '../mail/smtp.ts'
import type { AccountFunctions, LogEntry, MailOptions, Options, UsersTable } from '../options.ts'
import { type LoadedFile, loadFile } from './file.ts'
import type { FileOptions } from './file-shape.ts'
import { type Finding, finding, isSound } from './findings.ts'
import { readAlarms } from './read-alarms.ts'
import { readBreached } from './read-breached.ts'
import { readEarlier } from './read-earlier.ts'
import { readMail } from './read-mail.ts'
import { type MetricsListen, readMetrics } from './read-metrics.ts'
import { isProduction, type Listen, readListen, readNames, readProxies } from './read-network.ts'
import { readProcesses } from './read-processes.ts'
import { readSecret } from './read-secret.ts'
import { readStore } from './read-store.ts'
import { readWebhooks } from './read-webhooks.ts'
import { withSecretFiles } from './secret-files.ts'
import { type Environment, type Flags, type Reading, reading } from './variables.ts'

/** A configuration that was read. Where a finding is an error, `options` lacks what the error is about. */
export type Config = {
  readonly options: Partial<Options>
  readonly listen: Listen
  /** Over how many processes the server is spread, 1 or more. */
  readonly processes: number
  /** Where metrics are served; null: nowhere. */
  readonly metrics: MetricsListen | null
  readonly development: boolean
  readonly logLevel: LogEntry['level']
  readonly findings: readonly Finding[]
  /** The configuration file; null where there is none. */
  readonly file: string | null
}

/** Reads the file, then everything else. */
export async function loadConfig(
  from: Environment,
  flags: Flags & { readonly config?: string },
  folder: string,
): Promise<Config> {
  const { environment, findings } = withSecretFiles(from)
  const loaded = await loadFile(folder, flags.config)
  return readConfig(environment, flags, { ...loaded, findings: [...loaded.findings, ...findings] })
}

/** The configuration that environment, flags and file make together; touches nothing. */
export function readConfig(from: Environment, flags: Flags, loaded: LoadedFile): Config {
  const read = reading(from)
  const file = loaded.options
  const development = read.truth('DEBUG') ?? false
  if (development && isProduction(from)) read.findings.push(finding('L022'))
  const listen = readListen(read, flags, development)
  const mail = readMail(read, file.mail, development)
  const store = readStore(read, file.store)
  const options: Partial<Options> = {
    ...readSecret(read, file, development),
    ...readNames(read, file, listen, development),
    ...(mail ? { mail } : {}),
    ...(store ? { store } : {}),
    ...(file.accounts ? { accounts: withPepper(file.accounts, read.text('HASH_PEPPER')) } : {}),
    ...readEarlier(read, file),
    ...readWebhooks(read, file),
    ...(file.hooks ? { hooks: file.hooks } : {}),
    ...(file.hashes ? { hashes: file.hashes } : {}),
    ...(file.audit ? { audit: file.audit } : {}),
    ...(file.log ? { log: file.log } : {}),
    flows: readFlows(read, flags, file),
    trustedProxies: readProxies(read, file),
    ...readLimits(read, file, development),
    ...readAlarms(read, file),
    ...readBreached(read, file),
    development,
  }
  const metrics = readMetrics(read)
  const processes = readProcesses(read, flags, mail)
  const logLevel = readLevel(read)
  const findings = [...loaded.findings, ...read.findings].sort((a, b) =>
    a.code < b.code ? -1 : a.code > b.code ? 1 : 0,
  )
  return { options, listen, processes, metrics, development, logLevel, findings, file: loaded.path }
}

/**
 * The options, whole.
 * @throws Error when a finding is an error: ask `isSound` first.
 */
export function soundOptions(config: Config): Options & { readonly secret: string } {
  if (!isSound(config.findings)) throw new Error('The configuration has errors.')
  return config.options as ReturnType<typeof soundOptions>
}

/** The users table, and whether a flow keeps its proof in its columns: what migrations depend on. */
export function tableOf(options: Partial<Options>) {
  const columns = (options.flows ?? []).some((flow) => flow.proof.kind === 'stored' && flow.proof.keep === 'columns')
  return { table: tableFor(options.accounts), columns }
}

/** Devise's pepper is a secret, and so may stand in the environment. */
function withPepper<T extends UsersTable | AccountFunctions>(table: T, pepper: string | undefined): T {
  // Without "hash" functions are given the password itself.
  if (functionsIn(table)?.hash === undefined && functionsIn(table)) return table
  return pepper === undefined ? table : { ...table, hash: { form: 'devise', ...hashOptions(table.hash), pepper } }
}

/** How letters leave, in a word. */
export function wayOf(mail: MailOptions): string {
  if ('console' in mail) return 'printed here'
  if ('inbox' in mail)
    return mail.print ? 'kept in the development inbox, and printed here' : 'kept in the development inbox'
  if ('send' in mail) return "handed to the configuration file's own function"
  const { smtp = '' } = mail
  const { host, port, ssl } = typeof smtp === 'string' ? smtpOptions(smtp) : smtp
  return `${host}:${port ?? (ssl ? 465 : 587)}`
}

function readFlows(read: Reading, flags: Flags, file: FileOptions): readonly Flow[] {
  const known = new Map<string, Flow>(Object.values(builtIn).map((flow) => [flow.name, flow]))
  const broken = new Set<string>()
  for (const flow of file.flows ?? []) {
    if (typeof flow === 'string') continue
    // JSON cannot spread: `{ "name": "code", "brand": … }` is the built-in flow with a brand of its own.
    const whole = { ...known.get(flow.name), ...flow } as Flow
    known.set(flow.name, whole)
    if (!(whole.proof && whole.routes)) {
      broken.add(flow.name)
      read.findings.push(finding('L042', { reason: `The flow "${flow.name}" lacks its proof or its routes` }))
    }
  }
  const asked = flags.flows?.split(',').map((name) => name.trim()) ?? read.list('FLOWS')
  const wanted = asked ?? file.flows?.map((flow) => (typeof flow === 'string' ? flow : flow.name)) ?? [...known.keys()]
  const flows = [...new Set(wanted)].flatMap((name) => {
    const flow = known.get(name)
    if (!flow) read.findings.push(finding('L040', { value: name, known: [...known.keys()].join(', ') }))
    return flow && !broken.has(name) ? [flow] : []
  })
  for (const flow of flows) {
    if (flow.disclosure === 'explicit') read.findings.push(finding('L041', { flow: flow.name }))
    // Told here by its number; the flow that is left would be refused for it again.
    const colours = flow.brand?.colors && notColours(flow.brand.colors).length === 0 ? flow.brand.colors : null
    for (const one of colours ? unreadable(colours) : [])
      read.findings.push(finding('L043', { flow: flow.name, ...one }))
  }
  return flows
}

function readLimits(read: Reading, file: FileOptions, development: boolean): Pick<Options, 'limits'> {
  const asked = read.text('LIMITS')?.toLowerCase()
  if (asked !== undefined && asked !== 'off' && asked !== 'on') {
    read.findings.push(finding('L026', { name: 'LIMITS', value: asked, known: 'off' }))
  }
  const limits = asked === 'off' ? 'off' : asked === 'on' && file.limits === 'off' ? undefined : file.limits
  if (limits === 'off') read.findings.push(finding(development ? 'L024' : 'L023'))
  return limits === undefined ? {} : { limits }
}

const levels: Readonly<Record<string, LogEntry['level']>> = {
  ...{ debug: 'debug', info: 'info', warn: 'warn', warning: 'warn', error: 'error', critical: 'error' },
}

function readLevel(read: Reading): LogEntry['level'] {
  const asked = read.text('LOG_LEVEL')
  const level = levels[asked?.toLowerCase() ?? 'info']
  if (!level)
    read.findings.push(finding('L026', { name: 'LOG_LEVEL', value: asked ?? '', known: 'debug, info, warn, error' }))
  return level ?? 'info'
}
