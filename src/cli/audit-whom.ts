import { tidyAddress } from '../accounts/tidy.ts'
import { digest } from '../engine/keys.ts'
import { withLasting } from '../engine/lasting.ts'
import type { Whom } from '../engine/ports.ts'
import type { Opened } from './audit-open.ts'
import { UsageError } from './command.ts'

/** Whom an account's id and, where the account is gone, an address mean. */
export async function whomOf(opened: Opened, accountId: string, address?: string): Promise<Whom> {
  const { accounts, store, random, clock } = opened
  const given = address === undefined ? null : tidyAddress(address)
  if (address !== undefined && given === null) throw new UsageError(`"${address}" is not one plain address`)
  const account = await accounts.byId(accountId)
  const addresses = [given, account && tidyAddress(account.email)].filter((one) => one !== null)
  const keys = await withLasting(opened.keys, store, random, clock.now())
  const under = [keys.lasting, ...keys.all]
  const addressKeys = addresses.flatMap((one) => under.map((keys) => digest(keys, 'address', [one])))
  return { accountId, addressKeys: [...new Set(addressKeys)] }
}

/** The flags that say whom. */
export const whomFlags = { account: { type: 'string' }, address: { type: 'string' } } as const
