/** The files that are written: the configuration, and the lines of the environment. */
import { fresh } from '../engine/keys.ts'
import type { Random } from '../engine/ports.ts'
import type { Plan } from './plan.ts'

/** Names of both. */
export const configFile = 'latchkey.config.ts'
export const environmentFile = '.env'

/** `latchkey.config.ts`. */
export function configText({ proposal, mapping, form }: Plan): string {
  const accounts = { ...mapping, hash: form }
  return `// The accounts of ${proposal.system}, as "latchkey adopt" found them. Every option: docs/configuration.md.
export default {
  accounts: ${literal(accounts, '  ')},
  // "verified" keeps its proof in two columns that "latchkey migrate" would add to this table; the others leave it as it is.
  flows: ['classic'],
${proposal.commented.config.map((line) => `  // ${line}\n`).join('')}}
`
}

/** The lines of \`.env\`: for a service manager, or \`node --env-file\`. */
export const environmentText = ({ proposal }: Plan, url: string, random: Random): string => `DATABASE_URL=${inFile(url)}
SECRET_KEY=${fresh(random, 48)}
# The origin that visitors see; links in letters lead there.
PUBLIC_URL=https://accounts.example.com
# smtp://user:password@host:587
EMAIL_URL=
DEFAULT_FROM_EMAIL=
${proposal.commented.environment.map((line) => `# ${line}\n`).join('')}`

/** In quotes where a shell would read it otherwise than a service manager: an address may hold `&`. */
const inFile = (url: string): string =>
  /^[\w:/@.%?=+~,-]*$/.test(url) ? url : `'${url.replaceAll("'", '%27').replaceAll(/[\r\n]/g, '')}'`

/** TypeScript, in the house's style. */
function literal(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return text(value)
  const inner = `${indent}  `
  const parts = Object.entries(value).map(([name, one]) => `${inner}${key(name)}: ${literal(one, inner)},\n`)
  return `{\n${parts.join('')}${indent}}`
}

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : text(name))

const text = (value: unknown): string =>
  typeof value === 'string'
    ? `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
    : JSON.stringify(value)
