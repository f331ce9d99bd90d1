/** The front door: checks the options, fills the defaults, binds the verbs to the ports, and answers requests. */
import { isCommon } from './accounts/block-list.ts'
import { breached } from './accounts/breached.ts'
import { hostAccounts } from './accounts/elsewhere.ts'
import { functionsIn, mappingIn, tableOf } from './accounts/elsewhere-options.ts'
import type { Argon2Cost } from './accounts/formats/argon2.ts'
import { hasher, usualInFlight } from './accounts/hash.ts'
import { firstHashes, hashOptions, refuseForm } from './accounts/survey.ts'
import { tidyAddress } from './accounts/tidy.ts'
import { readAssets } from './assets.ts'
import { type Auditor, auditKeys, auditor } from './audit/auditor.ts'
import { type Captchas, captchas } from './captcha/index.ts'
import type { Flow } from './engine/flow.ts'
import { keyring } from './engine/keys.ts'
import { withLasting } from './engine/lasting.ts'
import { limited } from './engine/limiter.ts'
import { Fault } from './engine/outcome.ts'
import type { Accounts, Clock, Hasher, Kit, Mailer, Store } from './engine/ports.ts'
import { verbs } from './engine/verbs.ts'
import { app, pathsOf } from './http/app.ts'
import { cookies } from './http/cookies.ts'
import { bareAnswer, withPlainMethod } from './http/guard.ts'
import { trusted } from './http/network.ts'
import { fullBrand, type Parts } from './http/parts.ts'
import { askUrlOf, linksOf, mayBeOurs } from './http/routes.ts'
import { securityText } from './http/security-text.ts'
import { alarms } from './mail/alarm.ts'
import { writeLetter } from './mail/letters/index.ts'
import { lettersOf } from './mail/letters/samples.ts'
import { mailer as mailerOf } from './mail/mailer.ts'
import { type Worker, worker } from './mail/worker.ts'
import { metrics } from './metrics/index.ts'
import { bodyIsGone, type FastifyMount, fastifyMount, matcher, type NodeMount, nodeMount } from './mount.ts'
import type { LogEntry, Options, Peer, UsersTable } from './options.ts'
import { brandStyle } from './pages/brand-style.ts'
import { type Settings, settle } from './settle.ts'
import { systemClock, systemRandom } from './system.ts'
import type { Follower } from './tell/follower.ts'
import { tellers } from './tell/index.ts'

/** A recovery, ready to be mounted. */
export type Recovery = {
  /** Opens the database and starts the worker; the first request does it too. */
  ready(): Promise<void>
  /** Web-standard. `peer.remoteAddress`: who is at the other end; limits per network need it. */
  fetch(request: Request, peer?: Peer): Promise<Response>
  /** For `node:http` and Express: answers everything or, with `next`, its own paths and leaves the others to the host. */
  readonly node: NodeMount
  /** A plugin for Fastify: `app.register(recovery.fastify)`. It opens and closes with the server. */
  readonly fastify: FastifyMount
  /** Lets answers and letters on the way finish, gives the rest back, closes the database. */
  close(): Promise<void>
  /**
   * After `ready()`: every path that is answered, `:` before a part that may be anything; for a host's own router. `/` is
   * not among them, for it is the host's.
   */
  readonly paths: readonly string[]
  /** After `ready()`: whether a request's path, without its query, is one of them. */
  answers(path: string): boolean
  /** Counters and gauges of this process as Prometheus reads them. Not for the public: docs/metrics.md. */
  metrics(): Promise<string>
  /** After `ready()`. */
  readonly worker: Worker
  /** Seals the audit; it runs where the worker runs. */
  readonly audit: Auditor
  /** Calls hooks and webhooks; it runs where the worker runs. */
  readonly telling: Follower
  readonly store: Store
  readonly accounts: Accounts
  readonly mailer: Mailer
  readonly hasher: Hasher
  readonly kit: Kit
}

type Opened = {
  readonly paths: readonly string[]
  readonly worker: Worker
  readonly audit: Auditor
  readonly telling: Follower
  readonly kit: Kit
  readonly mailer: Mailer
  readonly metrics: () => Promise<string>
  /** Tells of what is kept in this process alone: refusals that were counted, alarms on their way. */
  readonly end: () => Promise<void>
  readonly answer: (request: Request, peer: Peer) => Response | Promise<Response>
}

/**
 * Makes a recovery.
 * @throws Fault `configuration` with every reason, numbered, when an option is unsound.
 * @example latchkey({ secret, publicUrl: 'https://app.example.com', store: sqlite('app.db'), mail: { smtp, from } })
 */
export function latchkey(options: Options): Recovery {
  return latchkeyWith(options)
}

/** The same with hashes of another cost, for tests; the package gives it to nobody else. */
export function latchkeyWith(options: Options, cost?: Argon2Cost): Recovery {
  const settings = settle(options)
  const log = options.log ?? logLine
  let opening: Promise<Opened> | null = null
  let opened: Opened | null = null
  let closed = false
  let answering = 0
  const open = (): Promise<Opened> => {
    opening ??= start(options, settings, cost).then(
      (value) => {
        opened = value
        return value
      },
      (error) => {
        opening = null
        throw error
      },
    )
    return opening
  }
  const fetch = async (request: Request, peer: Peer = {}): Promise<Response> => {
    if (closed) return bareAnswer(503)
    if (request.bodyUsed) {
      log({ level: 'error', message: bodyIsGone })
      return bareAnswer(503)
    }
    answering++
    try {
      return await (opened ?? (await open())).answer(request, peer)
    } finally {
      answering--
    }
  }
  const known = (): Opened => {
    if (opened) return opened
    throw new Fault('configuration', 'The recovery is not open yet: await recovery.ready() first.')
  }
  const ready = async (): Promise<void> => void (await open())
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    while (answering > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const value = opening && (await opening.catch(() => null))
    if (!value) return
    await value.worker.stop()
    await value.mailer.close()
    await value.end()
    await value.telling.stop()
    // Last, for what ended was noted too.
    await value.audit.stop()
    await value.kit.store.close()
  }
  const answers = matcher(() => known().paths)
  const mounted = {
    ...{ ready, fetch, close, log, answers },
    mayBeOurs: mayBeOurs(settings.flows, settings.publicUrl, settings.spaUrl),
    get paths() {
      return opened?.paths ?? null
    },
  }
  const node = nodeMount(mounted)
  return {
    ...{ ready, fetch, node, close, answers },
    fastify: fastifyMount(mounted, node),
    metrics: () => known().metrics(),
    get paths() {
      return known().paths
    },
    get worker() {
      return known().worker
    },
    get audit() {
      return known().audit
    },
    get telling() {
      return known().telling
    },
    get store() {
      return known().kit.store
    },
    get accounts() {
      return known().kit.accounts
    },
    get mailer() {
      return known().mailer
    },
    get hasher() {
      return known().kit.hasher
    },
    get kit() {
      return known().kit
    },
  }
}

async function start(options: Options, settings: Settings, cost?: Argon2Cost): Promise<Opened> {
  const { flows, publicUrl, spaUrl } = settings
  let time = options.clock ?? systemClock
  const clock: Clock = { now: () => time.now() }
  const random = options.random ?? systemRandom
  const log = options.log ?? logLine
  const noted = (level: LogEntry['level'], message: string, fields: Record<string, unknown>): void =>
    log({ level, message, ...fields })
  for (const flow of flows.filter((one) => one.disclosure === 'explicit')) {
    noted('warn', 'a flow tells whether an account exists: addresses can be probed', { flow: flow.name })
  }
  // What may fail goes first: a start that fails leaves no database open and no worker running.
  const mailer = mailerOf(options.mail, clock)
  const servesSpa = flows.some((flow) => flow.face === 'json') && new URL(spaUrl).origin === publicUrl
  const assets = readAssets(
    servesSpa ? new URL(spaUrl).pathname.replace(/\/$/, '') : null,
    brandStyle(flows.map((flow) => flow.brand.colors)),
  )
  const hash = options.accounts?.hash
  const host = hostOf(options, noted)
  const { accounts, clock: shared, ...opened } = await options.store.open(tableOf(options.accounts), settings.columns)
  // Processes that share a database share its time.
  if (shared && !options.clock) time = shared
  const secrets = keyring(settings.secret, options.secretFallbacks)
  const closed = async (error: unknown): Promise<never> => {
    await opened.store.close()
    throw error
  }
  const seen = await someHashes(accounts, hash, settings.ownTable).catch(closed)
  const keys = await withLasting(secrets, opened.store, random, clock.now()).catch(closed)
  const hashes = options.hashes ?? usualInFlight()
  const measured = metrics(
    flows.map((flow) => flow.name),
    hashes,
  )
  const operators = alarms({
    store: opened.store,
    clock,
    random,
    log: noted,
    to: options.alarms?.to ?? [],
    mailer: () => mailerOf({ ...options.mail, from: options.alarms?.from ?? options.mail.from }, clock),
    host: new URL(publicUrl).hostname,
  })
  const alarm = measured.alarm(operators.raise)
  const limiter = limited(opened.store, clock, alarm)
  const [store, settleLimits] = [measured.store(limiter.store), limiter.settle]
  const settling = setInterval(() => void settleLimits(), settleMs).unref()
  const kit: Kit = {
    store,
    accounts: host?.accounts ?? accounts,
    elsewhere: host?.elsewhere ?? null,
    clock,
    random,
    hasher: measured.hasher(
      host?.hasher ??
        hasher({
          ...hashOptions(hash),
          ...{
            random,
            cost,
            inFlight: hashes,
            seen,
            renews: host === null && renewsHashes(mappingIn(options.accounts) ?? undefined),
          },
          unreadable: (format, because) =>
            noted('warn', 'a password hash cannot be read: it matches nothing', { format, because }),
        }),
    ),
    keys,
    links: linksOf(flows, publicUrl, spaUrl),
    limits: settings.limits,
    tidyAddress,
    tidyPassword: settings.ownTable ? (text) => text.normalize('NFC') : (text) => text,
    remembered: Math.max(...flows.map((flow) => flow.password.history)),
    shut: measured.shut(limiter.shut),
    alarm,
    isCommon,
    isBreached: options.breached ? breached(options.breached, clock, noted) : async () => false,
  }
  const sender = worker({
    kit,
    flows,
    mailer,
    askUrl: (flow) => askUrlOf(flow, publicUrl, spaUrl),
    host: new URL(publicUrl).hostname,
    brand: (flow) => fullBrand(flow.brand),
    endsSessions: settings.endsSessions,
    log: noted,
  })
  const captcha = captchas(kit, {
    ...options.captcha,
    host: new URL(publicUrl).hostname,
    development: options.development ?? false,
    log: noted,
  })
  const end = async (): Promise<void> => {
    clearInterval(settling)
    await settleLimits(true)
    await operators.close()
    measured.stop()
  }
  const unsafe = await captcha.withTestKeys()
  if (unsafe.length > 0) {
    await Promise.all([end(), mailer.close()])
    await store.close()
    const reason = `captcha of ${unsafe.join(', ')}: its keys are for tests and let everybody pass; "latchkey captcha set" takes others.`
    throw new Fault('configuration', `Latchkey cannot start:\n1. ${reason}`)
  }
  const hono = app(partsOf(options, settings, kit, captcha, assets, noted))
  const sealing = auditor({
    kit: { ...kit, keys: auditKeys(settings.secret, options.secretFallbacks, options.audit) },
    options: options.audit ?? {},
    alarm,
    development: options.development ?? false,
    log: noted,
  })
  const telling = tellers(kit, options.hooks, options.webhooks ?? [], noted)
  if (options.worker ?? true) {
    sender.start()
    sealing.start()
    telling.start()
  }
  return {
    worker: sender,
    audit: sealing,
    telling,
    kit,
    mailer,
    paths: pathsOf(hono).filter((path) => path !== '/'),
    metrics: measured.reader(opened.store, clock),
    end,
    answer: (request, peer) => hono.fetch(withPlainMethod(request), peer),
  }
}

/**
 * Whether log-ins write older hashes anew: on our own table; on a mapped one where the form is named, so that the
 * application is known to read it, and no session of the application hangs on the hash.
 */
const renewsHashes = (mapped: UsersTable | undefined): boolean =>
  !mapped || (mapped.hash !== undefined && mapped.sessions !== 'with-password')

/** The host's functions as ports; null where accounts are a table. */
function hostOf(
  { accounts }: Options,
  log: Parameters<typeof hostAccounts>[1],
): ReturnType<typeof hostAccounts> | null {
  const functions = functionsIn(accounts)
  if (functions && !functions.hash && !functions.verify) {
    log('warn', 'accounts.verify is not there: nobody logs in on a page of Latchkey, set loginUrl', {})
  }
  return functions && hostAccounts(functions, log)
}

/**
 * Some of the table's hashes; refuses to write a form that none of them is in, unless it was asked for. Nobody but us reads
 * our own table, whatever was moved into it.
 */
async function someHashes(accounts: Accounts, hash: UsersTable['hash'], ownTable: boolean): Promise<(string | null)[]> {
  const seen = await firstHashes(accounts)
  const reason = refuseForm(seen, hashOptions(hash)?.form ?? 'argon2id', hash !== undefined || ownTable)
  if (reason) throw new Fault('configuration', `Latchkey cannot start:\n1. ${reason}`)
  return seen
}

function partsOf(
  options: Options,
  settings: Settings,
  kit: Kit,
  captcha: Captchas,
  assets: Parts['assets'],
  log: Parts['log'],
): Parts {
  const { flows, publicUrl, spaUrl } = settings
  return {
    verbs: verbs(kit),
    captchas: captcha,
    flows,
    keys: kit.keys,
    random: kit.random,
    cookies: cookies(kit.keys, kit.random, publicUrl.startsWith('https:')),
    publicUrl,
    spaUrl,
    allowedHosts: options.allowedHosts ?? [new URL(publicUrl).host],
    isTrusted: trusted(options.trustedProxies ?? []),
    endsSessions: settings.endsSessions,
    securityText: () => (options.security ? securityText(options.security, publicUrl, kit.clock.now()) : null),
    assets,
    development: options.development
      ? {
          inbox: 'inbox' in options.mail ? options.mail.inbox : null,
          accounts: options.demonstration ?? [],
          letters: sampleLetters(flows),
        }
      : null,
    log,
  }
}

/** How often what was refused in windows that are over is noted. Milliseconds. */
const settleMs = 30_000

const logLine = (entry: LogEntry): void => {
  if (entry.level !== 'debug') process.stderr.write(`${JSON.stringify(entry)}\n`)
}

/** What `/dev/letters/` shows. */
const sampleLetters = (flows: readonly Flow[]) => (locale: string) =>
  flows.flatMap((flow) =>
    lettersOf(locale, flow, fullBrand(flow.brand)).map(({ name, content }) => ({
      ...{ name, to: content.email },
      ...writeLetter(content),
    })),
  )
