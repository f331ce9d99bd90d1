/** Rows for our own table: which of them find address and user name free. */
import { findable, lowerAscii, spellings, tidyAddress } from '../accounts/tidy.ts'
import type { NewAccount } from '../engine/ports.ts'

/** A row as it is kept. */
export const asKept = (row: NewAccount): NewAccount => ({
  ...row,
  email: findable(row.email),
  username: row.username || null,
})

/** What is looked for before they are added, A to Z in lower case. */
export const lookedFor = (given: readonly NewAccount[]): { emails: string[]; names: string[] } => ({
  emails: given.flatMap(({ email }) => spelled(email)),
  names: given.flatMap(({ username }) => (username === null ? [] : [lowerAscii(username)])),
})

const spelled = (email: string): string[] => spellings(tidyAddress(email) ?? email)

/** Which of them find address and name free, beside those that are there and those before them. */
export function chosen(given: readonly NewAccount[], there: readonly Record<string, unknown>[]) {
  const emails = new Set(there.map((row) => row.email))
  const names = new Set(there.map((row) => row.username))
  names.delete(null)
  const added: NewAccount[] = []
  const taken: number[] = []
  for (const [index, row] of given.entries()) {
    const name = row.username === null ? null : lowerAscii(row.username)
    if (spelled(row.email).some((one) => emails.has(one)) || names.has(name)) {
      taken.push(index)
      continue
    }
    added.push(row)
    emails.add(lowerAscii(row.email))
    if (name !== null) names.add(name)
  }
  return { added, taken }
}
