/** Judges the options of `latchkey()` before anything is opened: defaults filled, and everything unsound told of at once. */
import { djangoLinks, refuseDjangoLinks } from './accounts/django-links.ts'
import { functionsIn, mappingIn, refuseFunctions } from './accounts/elsewhere-options.ts'
import { refuseHash } from './accounts/survey.ts'
import { keptOf } from './audit/auditor.ts'
import { refuseKept } from './audit/keep.ts'
import { defineFlow, type Flow } from './engine/flow.ts'
import { refuseLimits } from './engine/limit-bounds.ts'
import { type Limits, standard } from './engine/limits.ts'
import { Fault } from './engine/outcome.ts'
import { refuseSecrets } from './engine/secrets.ts'
import * as allFlows from './flows/index.ts'
import { trusted } from './http/network.ts'
import { collisions, hasPages } from './http/routes.ts'
import { refuseContact } from './http/security-text.ts'
import { isPlainAddress, sender } from './mail/sender.ts'
import type { Options } from './options.ts'
import { refuseWebhook, tellsOfChanges } from './tell/webhook.ts'

/** What the options come to. */
export type Settings = {
  readonly secret: string
  readonly flows: readonly Flow[]
  readonly publicUrl: string
  readonly spaUrl: string
  readonly limits: Limits | null
  /** The own table's passwords are normalised; a mapped table's log-in would not know. */
  readonly ownTable: boolean
  /** Whether every session is known to end with a change: ours do; those of an application where it says how, or is told. */
  readonly endsSessions: boolean
  readonly columns: boolean
}

/**
 * Defaults filled, and everything unsound refused at once.
 * @throws Fault `configuration` with every reason, numbered.
 */
export function settle(options: Options): Settings {
  const reasons: string[] = []
  const attempt = <T>(work: () => T, instead: T): T => {
    try {
      return work()
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
      return instead
    }
  }
  const asked = withEarlier(options.flows ?? Object.values(allFlows), options, reasons)
  const flows = asked.map((flow) => attempt(() => defineFlow(flow), flow))
  if (flows.length === 0) reasons.push('flows: name at least one.')
  const publicUrl = attempt(() => originOf(options.publicUrl), 'https://invalid')
  const spaUrl = attempt(() => baseOf(options.spaUrl ?? `${publicUrl}/app`), `${publicUrl}/app`)
  // As a variable that is not set: what is missing is told of like what is wrong.
  const { secret = '', mail }: { secret?: string; mail?: Options['mail'] } = options
  if (!mail) reasons.push('mail: say how letters leave, and from whom: { smtp, from }.')
  else if ('smtp' in mail && !mail.smtp) reasons.push('mail.smtp: expected smtp://user:password@host:587, got nothing.')
  reasons.push(...refuseSecrets(secret, options.secretFallbacks ?? [], options.development ?? false))
  attempt(() => trusted(options.trustedProxies ?? []), null)
  const contact = options.security ? refuseContact(options.security) : null
  if (contact) reasons.push(contact)
  if (options.limits === 'off' && !options.development) reasons.push('limits: "off" is for measuring, in development.')
  const limits = options.limits === 'off' ? null : { ...standard, ...options.limits }
  for (const to of options.alarms?.to ?? []) if (!isPlainAddress(to)) reasons.push(`alarms.to: "${to}" is no address.`)
  attempt(() => options.alarms?.from === undefined || sender(options.alarms.from), null)
  if (limits) reasons.push(...refuseLimits(limits, flows))
  const hash = refuseHash(options.accounts?.hash)
  if (hash) reasons.push(hash)
  const functions = functionsIn(options.accounts)
  if (functions) reasons.push(...refuseFunctions(functions, flows))
  reasons.push(...refuseKept(keptOf(options.audit)))
  reasons.push(...(options.webhooks ?? []).map(refuseWebhook).filter((reason) => reason !== null))
  reasons.push(...collisions(flows, publicUrl, spaUrl))
  if (reasons.length > 0) {
    const list = reasons.map((reason, at) => `${at + 1}. ${reason}`).join('\n')
    throw new Fault('configuration', `Latchkey cannot start:\n${list}`)
  }
  const columns = flows.some((flow) => flow.proof.kind === 'stored' && flow.proof.keep === 'columns')
  const ownTable = options.accounts === undefined
  const isTold = options.hooks?.onChanged !== undefined || (options.webhooks ?? []).some(tellsOfChanges)
  const endsSessions = ownTable || functions !== null || mappingIn(options.accounts)?.sessions !== undefined || isTold
  return { secret, flows, publicUrl, spaUrl, limits, ownTable, endsSessions, columns }
}

/** The flows, one of which takes the links of the product before: the one whose letters lead there, else the first with pages. */
function withEarlier(flows: readonly Flow[], { earlier, accounts }: Options, reasons: string[]): readonly Flow[] {
  if (!earlier) return flows
  const refused = refuseDjangoLinks(earlier.django)
  if (mappingIn(accounts)?.lastLogin === undefined) {
    refused.push('earlier.django needs the table that Django uses: name its "last_login" in accounts.lastLogin.')
  }
  const links = refused.length === 0 ? djangoLinks(earlier.django) : null
  const pages = flows.filter(hasPages)
  const taker = pages.find(({ routes }) => links?.paths.some((path) => routes.link.includes(path))) ?? pages[0]
  if (!taker) refused.push('earlier.django needs a flow with pages.')
  reasons.push(...refused)
  return flows.map((flow) => (links && flow === taker ? { ...flow, earlier: links } : flow))
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search || url.username) {
    throw new Error(`publicUrl: expected an origin such as https://app.example.com, got "${text}".`)
  }
  return url.origin
}

function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new Error(`spaUrl: expected an address such as https://app.example.com/app, got "${text}".`)
  }
  return url.href.replace(/\/$/, '')
}
