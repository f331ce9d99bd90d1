/** Latchkey's own processes, as an operator runs them past one machine: some that serve, some that send letters. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hash } from '@node-rs/argon2'
import { answers } from './cluster.ts'
import { addressOf } from './people.ts'
import { becomes, type Program, port, runOnce, start } from './programs.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const command = (...args: string[]): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  main,
  ...args,
]

/** The host that visitors see. */
export const host = 'app.example.com'

/** What all of them are given. */
export type Place = {
  readonly folder: string
  readonly url: string
  readonly direct: string
  readonly mailPort: number
}

/** Those that run. */
export type Ours = {
  readonly servers: readonly Program[]
  readonly workers: readonly Program[]
  readonly ports: number[]
}

const environmentOf = ({ url, direct, mailPort }: Place): Record<string, string> => ({
  SECRET_KEY: 'the secret of a trial of fail-over, long enough for it',
  PUBLIC_URL: `https://${host}`,
  DATABASE_URL: url,
  DATABASE_URL_DIRECT: direct,
  EMAIL_URL: `smtp://127.0.0.1:${mailPort}?tls=false`,
  DEFAULT_FROM_EMAIL: 'no-reply@example.com',
  TRUSTED_PROXIES: '127.0.0.1',
  FLOWS: 'spa',
})

/** Runs one command of ours to its end, and answers what it said. */
export const latchkey = (place: Place, name: string, ...args: string[]): Promise<string> =>
  runOnce(name, command(...args), { folder: place.folder, environment: environmentOf(place) })

/** Makes the tables, and as many accounts as said. */
export async function populate(place: Place, people: number): Promise<void> {
  await latchkey(place, 'migrate', 'migrate')
  const passwordHash = await hash('The first password of everybody 1!', { memoryCost: 8, timeCost: 1 })
  const line = (at: number): string =>
    JSON.stringify({ email: addressOf(at), password_hash: passwordHash, email_verified: true, is_active: true })
  const file = join(place.folder, 'people.jsonl')
  writeFileSync(file, Array.from({ length: people }, (_, at) => `${line(at)}\n`).join(''))
  await latchkey(place, 'import', 'accounts', 'import', file)
}

/** Starts two of each. */
export async function startOurs(place: Place): Promise<Ours> {
  const environment = environmentOf(place)
  const ports = [await port(), await port()]
  const servers = ports.map((one, at) =>
    start(`serve-${at + 1}`, command('serve', '--no-worker', '--port', String(one)), {
      folder: place.folder,
      environment,
    }),
  )
  const workers = [1, 2].map((at) => start(`worker-${at}`, command('worker'), { folder: place.folder, environment }))
  await becomes(
    'both servers are ready',
    async () => {
      for (const one of [...servers, ...workers]) {
        if (!one.isAlive()) throw new Error(`${one.name} ended:\n${readFileSync(one.log, 'utf8').slice(-1000)}`)
      }
      for (const one of ports) if (!(await answers(one, '/readyz', { host }))) return false
      return true
    },
    30,
  )
  return { servers, workers, ports }
}
