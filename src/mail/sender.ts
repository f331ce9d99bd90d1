/** Addresses of letters: the one sender of an installation, and what counts as one plain address. */
import { Fault } from '../engine/outcome.ts'

/** Who letters come from. `name` may be empty. */
export type Sender = { readonly name: string; readonly address: string }

/**
 * Whether a text is exactly one address (RFC 5321 Mailbox without quotes and address literals): no list, no group,
 * no display name, no comment, no control character. Letters beyond ASCII are allowed (RFC 6531).
 */
export function isPlainAddress(text: string): boolean {
  if (text.length > 254) return false
  return /^[^\s\u0000-\u0020\u007f()<>[\]:;@\\,"]{1,64}@[^\s\u0000-\u0020\u007f()<>[\]:;@\\,"]{1,253}$/u.test(text)
}

/**
 * Reads `App <no-reply@example.com>` or a plain address.
 * @throws Fault when it is neither.
 */
export function sender(from: string): Sender {
  const [, name = '', address = from.trim()] = from.match(/^\s*(.*?)\s*<([^<>]*)>\s*$/s) ?? []
  if (!isPlainAddress(address) || /[\u0000-\u001f\u007f]/.test(name)) {
    throw new Fault('configuration', 'The from-address must look like "App <no-reply@example.com>".')
  }
  return { name: name.replace(/^"(.*)"$/s, '$1').replaceAll(/\\(.)/g, '$1'), address }
}
