/**
 * Every family that is served. `docs/metrics.md` tells the same, held equal by a test. No label holds an address, an
 * account's id, a network or anything that was typed: flows are those that are enabled, everything else is a word of ours.
 */
import type { Family } from './text.ts'

const counter = (help: string, ...labels: string[]): Family => ({ type: 'counter', help, labels })
const gauge = (help: string, ...labels: string[]): Family => ({ type: 'gauge', help, labels })

/** By name. Counters are of this process since its start; gauges of letters are of the whole installation. */
export const families = {
  latchkey_asks_total: counter(
    'Asks for a reset that were answered. Outcome: mailed (a letter was queued), withheld (a limit of the address).',
    'flow',
    'outcome',
  ),
  latchkey_asks_refused_total: counter('Asks that were refused, by the limit of the caller that was full.', 'limit'),
  latchkey_letters_total: counter(
    'Turns of letters that ended. Outcome: sent, dropped (nobody to send it to), failed (refused by the mail server), expired (too late).',
    'flow',
    'outcome',
  ),
  latchkey_letter_retries_total: counter('Letters that the mail server did not take, to be tried again.'),
  latchkey_letters_waiting: gauge(
    'Letters in the outbox. State: due, held (on their way), later (tried before, or given back).',
    'state',
  ),
  latchkey_letters_oldest_seconds: gauge('Age of the oldest letter in the outbox; 0 where it is empty.'),
  latchkey_proofs_total: counter(
    'Good proofs. Kind: opened (a look at a live link), accepted (a right code).',
    'flow',
    'kind',
  ),
  latchkey_proofs_refused_total: counter('Bad proofs: links, codes and grants that opened nothing.', 'flow', 'reason'),
  latchkey_changes_total: counter('Passwords that were set.', 'flow'),
  latchkey_passwords_refused_total: counter('New passwords that broke a rule, once for each rule.', 'flow', 'reason'),
  latchkey_log_ins_total: counter("Log-ins at Latchkey's own pages."),
  latchkey_log_ins_refused_total: counter(
    "Log-ins at Latchkey's own pages that were refused after the password.",
    'reason',
  ),
  latchkey_limits_total: counter('What found a limit full, every time.', 'limit'),
  latchkey_alarms_total: counter('Alarms, every time that there was cause; mailed once an hour at most.', 'alarm'),
  latchkey_captchas_total: counter('Captchas. Outcome: refused, unavailable (no answer of the provider).', 'outcome'),
  latchkey_audit_broken_total: counter('Times that the sealer found the audit other than it was sealed.'),
  latchkey_store_faults_total: counter('Operations of the database that failed; none was done by halves.', 'operation'),
  latchkey_store_up: gauge('1 while the database answers a scrape in two seconds, else 0.'),
  latchkey_pool_connections: gauge(
    'Connections to PostgreSQL or MySQL. State: used, idle; waiting counts what waits for one.',
    'state',
  ),
  latchkey_hash_seconds: {
    type: 'histogram',
    help: 'Time of a password hash, the wait for its turn included.',
    labels: [],
  },
  latchkey_hashes_waiting: gauge('Hashes that wait for their turn.'),
  latchkey_event_loop_delay_seconds: gauge('How late the event loop was since the last scrape.', 'quantile'),
  latchkey_processes: gauge('Processes that answered this scrape, where "serve --processes" runs several.'),
  latchkey_process_restarts_total: counter('Processes of "serve --processes" that ended and were started anew.'),
  process_resident_memory_bytes: gauge('Memory of the process.'),
  nodejs_heap_size_used_bytes: gauge('Memory of its JavaScript objects.'),
  process_cpu_seconds_total: counter('Processor time, user and system.'),
  process_start_time_seconds: gauge('When the process started, in seconds since 1970.'),
} as const satisfies Record<string, Family>

/** A family's name. */
export type FamilyName = keyof typeof families

/** Upper bounds of `latchkey_hash_seconds`, in seconds. */
export const hashBounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
