/**
 * `disclosure: 'explicit'` is this verb, called before the ask, and not a branch in it: whoever reads `request.ts` need
 * not know of it. It tells whether an address has an account; the start warns of that.
 */
import { type Caller, event } from './audit.ts'
import type { Flow } from './flow.ts'
import { networksOf, take } from './limits.ts'
import { type Outcome, refuse, secondsUntil } from './outcome.ts'
import { ineligible } from './policy.ts'
import type { Kit } from './ports.ts'

type Needs = Pick<Kit, 'store' | 'accounts' | 'clock' | 'keys' | 'limits' | 'tidyAddress'>

/** Whether this address may recover, told openly. Ok also for what is no address: the ask refuses that itself. */
export async function lookup(
  kit: Needs,
  flow: Flow,
  typed: string,
  caller: Caller,
): Promise<Outcome<object, 'address-unknown' | 'address-unverified' | 'account-inactive' | 'too-many-attempts'>> {
  if (flow.disclosure !== 'explicit') return { ok: true }
  const address = kit.tidyAddress(typed)
  if (address === null) return { ok: true }
  const at = kit.clock.now()
  const looked = event(at, 'account.looked-up', caller, { flow: flow.name })
  const { limits } = kit
  if (limits) {
    const counted = networksOf(caller.block).map((one) =>
      take(kit.keys, 'look-ups-per-network', [one], limits.lookUpsPerNetwork),
    )
    const { hits } = await kit.store.take(counted, at, looked)
    if (hits.length > 0) {
      const retryAt = Math.max(...hits.map((hit) => hit.retryAt))
      const within = limits.lookUpsPerNetwork[0]
      return refuse({ code: 'too-many-attempts', retryAfter: secondsUntil(retryAt, at), within })
    }
  }
  const account = (await kit.accounts.byAddress(address))[0] ?? null
  const because = ineligible(flow, account)
  await kit.store.note({ ...looked, accountId: account?.id ?? null, because })
  switch (because) {
    case 'no account':
      return refuse({ code: 'address-unknown' })
    case 'not active':
      return refuse({ code: 'account-inactive' })
    case 'not verified':
      return refuse({ code: 'address-unverified' })
    default:
      return { ok: true }
  }
}
