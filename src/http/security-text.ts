/** `/.well-known/security.txt` (RFC 9116): where somebody who found a hole can tell of it. */
import type { SecurityContact } from '../options.ts'

/** Why this cannot be served; null when it can. */
export function refuseContact({ contact, expires }: SecurityContact): string | null {
  const contacts = [contact].flat()
  const wrong = contacts.find((one) => !/^(?:mailto:[^\s@]+@[^\s@]+|tel:\+?[\d-]+|https:\/\/[^\s]+)$/.test(one))
  if (wrong !== undefined) return `security.contact: expected mailto:, tel: or https:, got "${wrong}".`
  if (contacts.length === 0) return 'security.contact: name at least one.'
  if (Number.isNaN(Date.parse(expires)))
    return `security.expires: expected a date such as 2027-06-30, got "${expires}".`
  return null
}

/** The file's text; null once it has expired, for an old contact is worse than none. */
export function securityText({ contact, expires }: SecurityContact, publicUrl: string, now: number): string | null {
  const until = Date.parse(expires)
  if (until <= now) return null
  const lines = [
    ...[contact].flat().map((one) => `Contact: ${one}`),
    `Expires: ${new Date(until).toISOString()}`,
    `Canonical: ${publicUrl}/.well-known/security.txt`,
  ]
  return `${lines.join('\n')}\n`
}
