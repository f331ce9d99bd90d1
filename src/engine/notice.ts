/** A notice: a letter that tells the owner of something, and carries nothing that opens. No limit of proof letters counts it. */
import type { Caller } from './audit.ts'
import type { Flow } from './flow.ts'
import { fresh, seal } from './keys.ts'
import type { Account, Kit, Letter } from './ports.ts'

/** How long a notice is tried: 72 hours. Milliseconds. */
const life = 72 * 3600 * 1000

/** A notice to the address that the account has at this moment. */
export function notice(
  kit: Pick<Kit, 'keys' | 'random'>,
  kind: 'changed' | 'too-many-tries',
  flow: Flow,
  account: Pick<Account, 'id' | 'email'>,
  caller: Caller,
  at: number,
): Letter {
  const id = fresh(kit.random, 16)
  return {
    id,
    kind,
    flow: flow.name,
    challengeId: null,
    accountId: account.id,
    sealedAddress: seal(kit.keys.current, kit.random, id, account.email),
    keyId: kit.keys.current.id,
    locale: caller.locale,
    createdAt: at,
    expiresAt: at + life,
  }
}
