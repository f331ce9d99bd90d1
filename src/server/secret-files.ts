/** Secrets in files, as Docker, Kubernetes and systemd hand them over: what an environment says, everybody can list. */
import { readFileSync } from 'node:fs'
import { type Finding, finding } from './findings.ts'
import type { Environment } from './variables.ts'

/** Variables of which `NAME_FILE` may name a file. */
export const inFiles = [
  'SECRET_KEY',
  'SECRET_KEY_FALLBACKS',
  'DATABASE_URL',
  'DATABASE_URL_DIRECT',
  'EMAIL_URL',
  'EMAIL_HOST_PASSWORD',
  'METRICS_TOKEN',
  'DJANGO_SECRET_KEY',
] as const

/** Longer than any secret; a file that was named by mistake is not read into memory to find that out. */
const most = 65_536

/** The environment with what those files hold, without the line break at their end; and what is wrong with them. */
export function withSecretFiles(from: Environment): { environment: Environment; findings: Finding[] } {
  const read: Record<string, string> = {}
  const findings: Finding[] = []
  for (const name of inFiles) {
    const path = from[`${name}_FILE`]?.trim()
    if (!path) continue
    if (from[name]?.trim()) findings.push(finding('L028', { name }))
    try {
      const text = readFileSync(path, 'utf8')
      if (text.length > most || text.trim() === '')
        findings.push(finding('L029', { name, reason: 'empty, or too long' }))
      else read[name] = text.replace(/\r?\n$/, '')
    } catch (error) {
      findings.push(finding('L029', { name, reason: (error as NodeJS.ErrnoException).code ?? 'unknown' }))
    }
  }
  return { environment: { ...from, ...read }, findings }
}
