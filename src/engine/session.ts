/** A signed-in browser: a random value in its cookie, in a row that value's digest under a key, so that it dies with the secret. */
import type { Caller } from './audit.ts'
import { type Keyring, type Keys, mac } from './keys.ts'
import type { Account, Session } from './ports.ts'

/** How long a session lives: 14 days. Milliseconds. */
export const sessionLife = 14 * 24 * 3600 * 1000

const idOf = (keys: Keys, token: string): string => mac(keys, 'session', [token])

/** Under which ids the session of a cookie may stand: that of the current secret first. */
export const sessionIds = (keys: Keyring, token: string): string[] => keys.all.map((one) => idOf(one, token))

/** A session's row; the cookie's value itself is not kept. */
export const newSession = (keys: Keyring, token: string, account: Account, caller: Caller, at: number): Session => ({
  id: idOf(keys.current, token),
  accountId: account.id,
  createdAt: at,
  expiresAt: at + sessionLife,
  network: caller.network,
  agent: caller.agent,
})
