/**
 * What any store must pass. Written against the port alone, so that whoever writes a store of their own can run it:
 *
 *     storeContract('my store', async () => ({ store, accounts, close }))
 */
import { test as nodeTest } from 'node:test'
import { accountPromises } from './contract-accounts.ts'
import { askPromises } from './contract-asks.ts'
import { auditPromises } from './contract-audit.ts'
import { changePromises } from './contract-changes.ts'
import { letterPromises } from './contract-letters.ts'
import { limitPromises } from './contract-limits.ts'
import { pendingPromises } from './contract-pending.ts'
import { proofPromises } from './contract-proofs.ts'
import { renewalPromises } from './contract-renewals.ts'
import { restPromises } from './contract-rest.ts'
import { settingPromises } from './contract-settings.ts'
import type { Opened } from './contract-values.ts'

/**
 * Runs the suite under `name`. `open` answers a store with nothing in it, over Latchkey's own table with the two reset
 * columns (`migrate(own, true)`, `open(own, true)`); it is called once for each test; `close` may be called twice.
 */
export function storeContract(
  name: string,
  open: () => Promise<Opened>,
  test: (name: string, story: () => Promise<void>) => unknown = nodeTest,
): void {
  const promises = {
    ...askPromises,
    ...limitPromises,
    ...proofPromises,
    ...changePromises,
    ...renewalPromises,
    ...pendingPromises,
    ...letterPromises,
    ...accountPromises,
    ...auditPromises,
    ...restPromises,
    ...settingPromises,
  }
  for (const [sentence, story] of Object.entries(promises)) {
    test(`${name}: ${sentence}`, async () => {
      const opened = await open()
      try {
        await story(opened)
      } finally {
        await opened.close()
      }
    })
  }
}
