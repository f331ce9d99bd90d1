/** Metrics of one process: a tap for the ports, and the text for whoever scrapes. */

import type { Clock, Hasher, Store } from '../engine/ports.ts'
import { outboxReader, poolReadings, processReader } from './readings.ts'
import { registry, type Seeds } from './registry.ts'
import { tap } from './tap.ts'

export { contentType } from './text.ts'

/** What a start needs of them. */
export type Metrics = ReturnType<typeof metrics>

/** Counters for these flows. `hashes`: how many hashes run at once. */
export function metrics(flows: readonly string[], hashes: number) {
  const counts = registry(seedsOf(flows))
  const { store, shut, alarm, hasher } = tap(counts, flows)
  let waiting = (): number => 0
  let process: ReturnType<typeof processReader> | null = null
  return {
    store,
    shut,
    alarm,
    hasher(one: Hasher): Hasher {
      const watched = hasher(one, hashes)
      waiting = watched.waiting
      return watched.hasher
    },
    /** The text of all families, read from this store. Answers within some two seconds, whatever the database does. */
    reader(from: Pick<Store, 'outbox' | 'pool'>, clock: Clock): () => Promise<string> {
      const outbox = outboxReader(from, clock)
      return async () => {
        process ??= processReader()
        const readings = { ...(await outbox()), ...process.read(), ...poolReadings(from) }
        return counts.text({ ...readings, latchkey_hashes_waiting: [{ labels: [], value: waiting() }] })
      }
    },
    stop: (): void => process?.stop(),
  }
}

/** What alerts look at, at nothing. */
function seedsOf(flows: readonly string[]): Seeds {
  const each = (outcomes: readonly string[]) => flows.flatMap((flow) => outcomes.map((outcome) => [flow, outcome]))
  const alarms = ['asks-of-all', 'letters-of-all', 'wrong-codes-of-all', 'links-instead-of-codes', 'limiter-down']
  const limits = ['asks-per-network', 'letters-per-address', 'wrong-codes-per-account', 'log-ins-per-network']
  return {
    latchkey_asks_total: each(['mailed', 'withheld']),
    latchkey_asks_refused_total: ['asks-per-caller', 'asks-per-network', 'resend'].map((limit) => [limit]),
    latchkey_letters_total: each(['sent', 'dropped', 'failed', 'expired']),
    latchkey_letter_retries_total: [[]],
    latchkey_proofs_total: each(['opened', 'accepted']),
    latchkey_changes_total: flows.map((flow) => [flow]),
    latchkey_log_ins_total: [[]],
    latchkey_limits_total: limits.map((limit) => [limit]),
    latchkey_alarms_total: [...alarms, 'audit-broken', 'captcha-down'].map((alarm) => [alarm]),
    latchkey_captchas_total: [['refused'], ['unavailable']],
    latchkey_audit_broken_total: [[]],
    latchkey_store_faults_total: ['ask', 'change', 'note', 'settle', 'take', 'takeTry'].map((operation) => [operation]),
  }
}
