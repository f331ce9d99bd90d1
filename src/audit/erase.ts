/**
 * Erases one person: account, network and agent go out of every event about their account, its challenges and their
 * addresses, with the salt that would confirm a guess. What is sealed stays, and with it keyed digests that only the
 * holder of the secret can lead back to an account.
 */
import { event } from '../engine/audit.ts'
import type { Kit, Whom } from '../engine/ports.ts'
import { accountKeyOf } from '../engine/seal.ts'
import { seal } from './sealer.ts'

/** Events that one step empties. */
const step = 5000

/**
 * Answers how many events were emptied. What happens to the account while it runs may be left: run it again. `by`: who
 * asked for it, in the event's reason.
 */
export async function erase(
  kit: Pick<Kit, 'store' | 'clock' | 'random' | 'keys'>,
  whom: Whom,
  by: string,
): Promise<number> {
  // Only what is sealed can be emptied and still be proved.
  await seal(kit)
  const { audit } = kit.store
  const accountKey = kit.keys.all.map((keys) => accountKeyOf(keys, whom.accountId)).join(' ')
  let total = 0
  const seqs: number[] = []
  for (let after = 0; ; ) {
    const page = await audit.about(whom, after, step)
    seqs.push(...page)
    if (page.length < step) break
    after = page.at(-1)!
  }
  // Found before any is emptied: an event of a challenge is found by the account of another.
  for (let from = 0; from < seqs.length; from += step) {
    const some = seqs.slice(from, from + step)
    const because = `${some.length} ${some.length === 1 ? 'event' : 'events'}, by ${by}`
    await audit.erase(
      some,
      accountKey,
      event(kit.clock.now(), 'audit.erased', { network: '', agent: '', requestId: '' }, { because }),
    )
    total += some.length
  }
  return total
}
