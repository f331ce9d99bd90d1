/** Proof on one account that a reset will work, in a transaction that is undone. */

import { readColumn } from '../accounts/formats/index.ts'
import { hasher } from '../accounts/hash.ts'
import { hashOptions } from '../accounts/survey.ts'
import { tidyAddress } from '../accounts/tidy.ts'
import { fresh } from '../engine/keys.ts'
import type { Account, Random } from '../engine/ports.ts'
import type { UsersTable } from '../options.ts'
import type { Source } from './source.ts'

/** What is tried out: on whom, and the password that they have now, if it is known. */
export type Trial = {
  readonly table: UsersTable
  readonly address: string
  readonly password: string | null
  readonly pepper: string | undefined
  readonly random: Random
}

/** A step that went well or did not. */
export type Step = { readonly ok: boolean; readonly said: string }

/** Does it, and stops at the first step that fails. The password that is tried is random, and forgotten. */
export async function check(source: Source, trial: Trial): Promise<Step[]> {
  const { hash: given, ...mapping } = trial.table
  const options = hashOptions(given)
  const pepper = trial.pepper ?? options?.pepper
  const form = options?.form ?? 'argon2id'
  const steps: Step[] = []
  const step = (ok: boolean, said: string): boolean => {
    steps.push({ ok, said })
    return ok
  }
  const address = tidyAddress(trial.address)
  if (address === null) return [{ ok: false, said: 'that is no address' }]
  const { barred } = await source.mapped(mapping)
  if (barred.length > 0) return barred.map((said) => ({ ok: false, said }))
  const found = await source.find(mapping, address)
  const [account] = found
  if (!account) return [{ ok: false, said: 'no account has this address' }]
  step(
    true,
    found.length === 1
      ? 'one account has this address'
      : `${found.length} accounts have this address; the first is tried`,
  )
  if (!step(tidyAddress(account.email) !== null, 'its stored address is one that a letter can be sent to')) return steps
  if (!step(account.active && !account.signOn, stateOf(account))) return steps
  const hashes = hasher({ random: trial.random, form, pepper, inFlight: 1 })
  const column = readColumn(account.passwordHash, { pepper })
  step(
    true,
    column.kind === 'hash'
      ? `its password is read: ${column.format}`
      : 'its password cannot be read, or there is none; a reset sets one',
  )
  if (trial.password !== null) {
    const right = account.passwordHash !== null && (await hashes.matches(account.passwordHash, trial.password))
    if (
      !step(
        right,
        right
          ? 'the password that was typed is the one that it has'
          : 'the password that was typed is not the one that it has',
      )
    )
      return steps
  }
  // Of ASCII and under 72 bytes, so that every form holds it.
  const password = fresh(trial.random, 24)
  const hash = await hashes.hash(password)
  const tried = await source.tryOut(mapping, account, hash).catch((error: unknown) => String((error as Error).message))
  if (typeof tried === 'string') {
    step(
      false,
      `the database does not take ${hash.length} letters of ${form} (is the password's column too short?): ${tried}`,
    )
    return steps
  }
  const { set, after } = tried
  if (!step(set, 'a new password is set, in a transaction that is undone')) return steps
  const isKept = after?.passwordHash === hash
  if (
    !step(
      isKept,
      isKept
        ? `the table holds it whole: ${form}`
        : 'the table does not hold the new hash whole: its column is too short, or something changes it',
    )
  )
    return steps
  step(await hashes.matches(hash, password), 'the new password would log in')
  const [now] = await source.find(mapping, address)
  step(now?.passwordHash === account.passwordHash, 'everything is as it was')
  return steps
}

const stateOf = ({ active, signOn }: Account): string =>
  signOn
    ? 'it signs in elsewhere, and gets no link'
    : active
      ? 'it may recover'
      : 'it is not active, and gets no letter'
