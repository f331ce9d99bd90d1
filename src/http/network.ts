/** The caller's network address. What a header says of it is believed from a trusted proxy only, and only its last word. */
import { BlockList, isIP } from 'node:net'

/** An address in its shortest form, and what limits count it by: itself for IPv4, its /64 for IPv6. */
export type Network = { readonly address: string; readonly block: string }

const unknown: Network = { address: '', block: '' }

/** Addresses of which it is remembered whether they are trusted. */
const mostKnown = 1_000

/**
 * Which peers are trusted, from addresses and CIDR networks.
 * @throws Error naming the entry that is neither.
 */
export function trusted(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const entry of proxies) {
    const [address = '', bits] = entry.trim().split('/')
    const family = isIP(address)
    const width = bits === undefined ? (family === 6 ? 128 : 32) : Number(bits)
    if (family === 0 || !Number.isInteger(width) || width < 0 || width > (family === 6 ? 128 : 32)) {
      throw new Error(`trustedProxies: "${entry}" is neither an address nor a network such as 10.0.0.0/8.`)
    }
    list.addSubnet(address, width, family === 6 ? 'ipv6' : 'ipv4')
  }
  // The list is slow to ask. Proxies are few; callers pass through and are forgotten again.
  const known = new Map<string, boolean>()
  return (address) => {
    const before = known.get(address)
    if (before !== undefined) return before
    if (known.size >= mostKnown) known.clear()
    const is = isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
    known.set(address, is)
    return is
  }
}

/**
 * Whether a request came in clear to the proxy before us, as its `X-Forwarded-Proto` says; believed from a trusted proxy
 * only. Of several words one `https` is enough: then the clear part of the way lay behind the first of our proxies.
 */
export function cameInClear(peer: string | undefined, proto: string, isTrusted: (address: string) => boolean): boolean {
  const address = plain(peer ?? '')
  if (address === null || !isTrusted(address)) return false
  return proto.split(',').every((one) => one.trim().toLowerCase() === 'http')
}

/** The nearest address that is not a trusted proxy's, walking `X-Forwarded-For` from its end. */
export function networkOf(
  peer: string | undefined,
  forwarded: string | null,
  isTrusted: (address: string) => boolean,
): Network {
  let address = plain(peer ?? '')
  if (address === null) return unknown
  const hops = (forwarded ?? '').slice(-2048).split(',')
  while (isTrusted(address) && hops.length > 0) {
    const hop = plain(hops.pop()!.trim())
    // An entry that is no address ends the walk: the proxy before it is all that is known.
    if (hop === null) break
    address = hop
  }
  return { address, block: blockOf(address) }
}

/** The shortest form; null for what is no address. An IPv4 address mapped into IPv6 is that IPv4 address. */
function plain(text: string): string | null {
  const bare = text.replace(/^\[|\](:\d+)?$/g, '').replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)
  if (mapped && isIP(mapped[1]!) === 4) return mapped[1]!
  if (isIP(bare) === 4) return bare
  if (isIP(bare) !== 6) return null
  const shortest = new URL(`http://[${bare}]`).hostname.slice(1, -1)
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shortest)
  if (!hex) return shortest
  const bits = Number.parseInt(hex[1]!, 16) * 65_536 + Number.parseInt(hex[2]!, 16)
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.')
}

function blockOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail = ''] = address.split('::')
  const left = head.split(':').filter(Boolean)
  const right = address.includes('::') ? tail.split(':').filter(Boolean) : []
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`
}
