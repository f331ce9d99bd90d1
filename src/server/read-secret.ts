/** SECRET_KEY and those before it: present, long enough, and nobody's sample. No finding holds any of it. */
import { hasTwice, weakness } from '../engine/secrets.ts'
import { finding } from './findings.ts'
import type { Reading } from './variables.ts'

/** The secret and its forerunners. In development a sample is told of and taken. */
export function readSecret(
  read: Reading,
  file: { readonly secret?: string; readonly secretFallbacks?: readonly string[] },
  development: boolean,
): { secret?: string; secretFallbacks: readonly string[] } {
  const secret = read.text('SECRET_KEY') ?? file.secret
  const secretFallbacks = read.list('SECRET_KEY_FALLBACKS') ?? file.secretFallbacks ?? []
  const weak = weakness(secret ?? '')
  if (secret === undefined || secret === '') read.findings.push(finding('L001'))
  else if (weak === 'short') read.findings.push(finding('L002', { length: secret.length }))
  else if (weak === 'sample') read.findings.push(finding('L004', {}, development ? 'warning' : 'error'))
  if (secret !== undefined && secretFallbacks.includes(secret)) read.findings.push(finding('L005'))
  if (secretFallbacks.some((earlier) => weakness(earlier) !== null)) {
    read.findings.push(finding('L006', {}, development ? 'warning' : 'error'))
  }
  if (hasTwice(secretFallbacks)) read.findings.push(finding('L007'))
  return { ...(secret === undefined ? {} : { secret }), secretFallbacks }
}
