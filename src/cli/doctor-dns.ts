/** What the world can look up about the domain that mail comes from. It is the operator's: what lacks is told, and stops nothing. */
import { NODATA, NOTFOUND, Resolver } from 'node:dns/promises'

/** One thing that was looked at. */
export type Looked = { readonly name: string; readonly ok: boolean; readonly said: string }

/** Whom to ask, and what for. */
export type DnsQuestion = {
  /** The domain of DEFAULT_FROM_EMAIL. */
  readonly domain: string
  /** Selector of the relay's DKIM key; null: it is not known, and not looked at. */
  readonly selector: string | null
  /** `host:port` of the name server; null: the system's. */
  readonly server: string | null
}

/** Names that stand for no mail domain (RFC 2606, RFC 6761). */
const reserved = /(^|\.)(test|example|invalid|localhost|local|internal|example\.(com|net|org))$/i

/** Looks at SPF, DKIM, DMARC, MTA-STS and TLS reports; two seconds for each at most, all at once. */
export async function mailRecords({ domain, selector, server }: DnsQuestion): Promise<Looked[]> {
  if (reserved.test(domain) || !domain.includes('.')) return []
  const resolver = new Resolver({ timeout: 2_000, tries: 1 })
  if (server !== null) resolver.setServers([server])
  const texts = async (name: string, starts: RegExp): Promise<string[]> => {
    const found = await resolver.resolveTxt(name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === NODATA || error.code === NOTFOUND) return []
      throw new Error(`${name} could not be asked for (${error.code})`)
    })
    return found.map((parts) => parts.join('')).filter((text) => starts.test(text))
  }
  const look = async (name: string, work: () => Promise<string>): Promise<Looked> => {
    try {
      return { name, ok: true, said: await work() }
    } catch (error) {
      return { name, ok: false, said: (error as Error).message }
    }
  }
  const dkim =
    selector === null
      ? []
      : [look('DKIM', async () => dkimOf(await texts(`${selector}._domainkey.${domain}`, /p=/), selector))]
  return Promise.all([
    look('SPF', async () => spfOf(await texts(domain, /^v=spf1( |$)/i), domain)),
    ...dkim,
    look('DMARC', async () => dmarcOf(await policyFor(domain, texts), domain)),
    look('MTA-STS', async () =>
      oneOf(await texts(`_mta-sts.${domain}`, /^v=STSv1;/), `_mta-sts.${domain}`, 'RFC 8461'),
    ),
    look('TLS reports', async () =>
      oneOf(await texts(`_smtp._tls.${domain}`, /^v=TLSRPTv1;/), `_smtp._tls.${domain}`, 'RFC 8460'),
    ),
  ])
}

function spfOf(found: readonly string[], domain: string): string {
  if (found.length === 0) throw new Error(`${domain} has no SPF record: say which hosts send for it (RFC 7208)`)
  if (found.length > 1)
    throw new Error(`${domain} has ${found.length} SPF records, which counts as a broken one; join them`)
  const record = found[0]!
  if (/ [+]?all\b/i.test(record)) throw new Error(`"${record}" lets every host send for ${domain}; end it with -all`)
  return record
}

function dkimOf(found: readonly string[], selector: string): string {
  if (found.length === 0) throw new Error(`there is no key under the selector "${selector}" (RFC 6376)`)
  if (!/p=\s*[A-Za-z0-9+/]/.test(found[0]!))
    throw new Error(`the key of the selector "${selector}" was taken back (an empty p=)`)
  return `a key under the selector "${selector}"`
}

/** The record of the domain, or of the nearest one above it that has one (RFC 9989 walks up the tree). */
async function policyFor(
  domain: string,
  texts: (name: string, starts: RegExp) => Promise<string[]>,
): Promise<string[]> {
  const labels = domain.split('.')
  for (let at = 0; at < Math.min(labels.length - 1, 8); at++) {
    const found = await texts(`_dmarc.${labels.slice(at).join('.')}`, /^v=DMARC1\s*(;|$)/)
    if (found.length > 0) return found
  }
  return []
}

function dmarcOf(found: readonly string[], domain: string): string {
  if (found.length === 0) throw new Error(`${domain} has no DMARC record: anybody may send in its name (RFC 9989)`)
  if (found.length > 1) throw new Error(`${domain} has ${found.length} DMARC records, and none counts; keep one`)
  const policy = /;\s*p\s*=\s*(\w+)/i.exec(found[0]!)?.[1]?.toLowerCase()
  if (policy !== 'quarantine' && policy !== 'reject') {
    throw new Error(
      `"${found[0]}" asks nobody to stop forged mail; when its reports are clean, say p=quarantine or p=reject`,
    )
  }
  return found[0]!
}

function oneOf(found: readonly string[], name: string, source: string): string {
  if (found.length !== 1)
    throw new Error(`${name} has ${found.length === 0 ? 'no record' : 'more than one record'} (${source})`)
  return found[0]!
}
