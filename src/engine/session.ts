/** A signed-in browser: a random value in its cookie, that value's digest in a row. */
import type { Caller } from './audit.ts'
import { digestOfRandom } from './keys.ts'
import type { Account, Session } from './ports.ts'

/** How long a session lives: 14 days. Milliseconds. */
export const sessionLife = 14 * 24 * 3600 * 1000

/** A session's row; the cookie's value itself is not kept. */
export const newSession = (token: string, account: Account, caller: Caller, at: number): Session => ({
  id: digestOfRandom(token),
  accountId: account.id,
  createdAt: at,
  expiresAt: at + sessionLife,
  network: caller.network,
  agent: caller.agent,
})
