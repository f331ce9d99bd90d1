/** SECRET_KEY and those before it: present, long enough, and nobody's sample. No finding holds any of it. */
import { finding } from './findings.ts'
import type { Reading } from './variables.ts'

const least = 32

/** What tutorials, templates and tired fingers leave in place. */
const samples =
  /^(django-insecure-|change[-_ ]?(me|this|it)|your[-_ ]|my[-_ ]|insecure|replace[-_ ]|super[-_ ]?secret|secret[-_ ]?key|(example|sample|default|dummy|password|keyboard)([-_ ]|\d|$)|<|\$\{|\{\{)/i

/** Whether a secret can be guessed from what is public, or is hardly one at all. */
export function isSample(secret: string): boolean {
  return samples.test(secret) || new Set(secret).size < 10 || /^(.{1,24}?)\1+$/s.test(secret)
}

/** The secret and its forerunners. In development a sample is told of and taken. */
export function readSecret(
  read: Reading,
  file: { readonly secret?: string; readonly secretFallbacks?: readonly string[] },
  development: boolean,
): { secret?: string; secretFallbacks: readonly string[] } {
  const secret = read.text('SECRET_KEY') ?? file.secret
  const secretFallbacks = read.list('SECRET_KEY_FALLBACKS') ?? file.secretFallbacks ?? []
  if (secret === undefined || secret === '') read.findings.push(finding('L001'))
  else if (secret.length < least) read.findings.push(finding('L002', { length: secret.length }))
  else if (isSample(secret)) read.findings.push(finding('L004', {}, development ? 'warning' : 'error'))
  if (secret !== undefined && secretFallbacks.includes(secret)) read.findings.push(finding('L005'))
  if (secretFallbacks.some((earlier) => earlier.length < least || isSample(earlier))) {
    read.findings.push(finding('L006', {}, development ? 'warning' : 'error'))
  }
  return { ...(secret === undefined ? {} : { secret }), secretFallbacks }
}
