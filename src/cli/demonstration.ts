/** Accounts to try the flows with, in development: made once for this clone, with passwords that nobody else has. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Accounts, Hasher } from '../engine/ports.ts'
import type { Options } from '../options.ts'
import { systemClock, systemRandom } from '../system.ts'

/** An account that the gallery and the start show. */
export type Demonstration = NonNullable<Options['demonstration']>[number]

const people = [
  { email: 'ana@example.org', username: 'ana', note: 'may use every flow', verified: true, active: true },
  { email: 'ben@example.org', username: 'ben', note: 'address not confirmed', verified: false, active: true },
  { email: 'cleo@example.org', username: 'cleo', note: 'not active', verified: true, active: false },
]

/** The accounts with their passwords, from the file, which is made (mode 0600) where there is none. */
export async function readDemonstration(file: string): Promise<Demonstration[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const made = people.map(({ email, username, note }) => ({ email, username, password: newPassword(), note }))
  await writeNew(file, `${JSON.stringify(made, null, 2)}\n`)
  return made
}

/** Adds those that are missing. */
export async function addDemonstration(
  shown: readonly Demonstration[],
  accounts: Accounts,
  hasher: Hasher,
): Promise<void> {
  for (const { email, username, password } of shown) {
    if ((await accounts.byAddress(email)).length > 0) continue
    const person = people.find((one) => one.email === email)
    const row = { email, username, verified: person?.verified ?? true, active: person?.active ?? true }
    await accounts.add([{ ...row, passwordHash: await hasher.hash(password) }], systemClock.now())
  }
}

/** Four letters of each kind and what every rule of the flows asks for besides. */
const newPassword = (): string =>
  `Aa1!${Buffer.from(systemRandom.bytes(9)).toString('base64url').replaceAll(/[-_]/g, 'x')}`

/** Writes a file for its owner alone, and fails where there is one. */
export async function writeNew(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
}
