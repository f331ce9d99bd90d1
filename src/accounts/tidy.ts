/**
 * The one spelling under which an address is counted and compared. Only A to Z are folded: Unicode's case folding makes
 * one address of two people's (`mıke@` and `MIKE@`, CVE-2019-19844). A letter never goes to what is made here; it goes
 * to the address as the account's row has it.
 */
import { domainToASCII, domainToUnicode } from 'node:url'

/** RFC 5321, 4.5.3.1: octets of the part before the `@`, and of the whole path without its angle brackets. */
const longestLocal = 64
const longest = 254

/** RFC 5322 `dot-atom`, and beyond ASCII what RFC 6531 allows: no space, control, format (bidi) or lone surrogate. */
const atom = "(?:[a-z0-9!#$%&'*+\\-/=?^_`{|}~]|[^\\p{ASCII}\\p{Z}\\p{C}])+"
const localPart = new RegExp(`^${atom}(?:\\.${atom})*$`, 'u')

/** Asked of a domain before it is converted, for the conversion takes URL syntax too: `a/b` would come out as `a`. */
const plainDomain = /^[\p{L}\p{M}\p{N}.\-\u3002\uFF0E\uFF61]+$/u
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * The tidied form of exactly one plain address: outer white space gone, ASCII in lower case, the domain in A-labels.
 * Null for everything else: lists, names, angle brackets, quotes, comments, controls, more than 254 octets.
 * @example tidyAddress(' Ana@Bücher.example ') // 'ana@xn--bcher-kva.example'
 */
export function tidyAddress(text: string): string | null {
  // Before any pattern sees it, so that no pattern is given long input.
  if (text.length > 4 * longest) return null
  const address = lowerAscii(text.trim())
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(at, 0))
  const domain = tidyDomain(address.slice(at + 1))
  if (domain === null || !localPart.test(local) || Buffer.byteLength(local) > longestLocal) return null
  const tidied = `${local}@${domain}`
  return Buffer.byteLength(tidied) > longest ? null : tidied
}

/**
 * A tidied address and, where its domain has one, the spelling in Unicode: a table may hold either. Whatever is not
 * tidy stays alone: converted, `ana@example.org/1` would find `ana@example.org`, past the counts kept under its name.
 */
export function spellings(address: string): [string, string] {
  if (tidyAddress(address) !== address) return [address, address]
  const at = address.lastIndexOf('@')
  return [address, `${address.slice(0, at)}@${domainToUnicode(address.slice(at + 1))}`]
}

/** An address to store: as given, but for a domain in capitals beyond ASCII, which nothing tidied would ever find. */
export function findable(address: string): string {
  const tidied = tidyAddress(address)
  if (tidied === null || spellings(tidied).includes(lowerAscii(address))) return address
  return address.trim().replace(/@[^@]*$/, tidied.slice(tidied.lastIndexOf('@')))
}

/** Lower case for A to Z and nothing else, as SQLite's `lower()` does it. */
export const lowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

function tidyDomain(text: string): string | null {
  if (!plainDomain.test(text)) return null
  const labels = domainToASCII(text).split('.')
  // A last label of digits makes it a network address, which in an e-mail address stands in brackets only.
  if (labels.some((one) => !label.test(one)) || /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!)) return null
  return labels.join('.')
}
