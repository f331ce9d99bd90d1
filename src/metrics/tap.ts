/**
 * The one place where metrics come from: around the store that verbs, worker and sealer hold, through which every audit
 * event passes, around the hasher, and around alarms. It looks on; no answer differs for it, and none waits for it.
 */
import type { AuditEvent } from '../engine/audit.ts'
import type { Hit, LimitName, Take } from '../engine/limits.ts'
import type { Alarm, Asked, Hasher, Kit, Store } from '../engine/ports.ts'
import type { FamilyName } from './families.ts'
import { reasonLabel } from './reasons.ts'
import type { Registry } from './registry.ts'

/** Counts what passes. `flows`: names of those that are enabled; an event of another is counted as `other`. */
export function tap(registry: Registry, flows: readonly string[]) {
  const { add } = registry
  const flowLabel = (flow: string | null): string => (flow !== null && flows.includes(flow) ? flow : 'other')
  const full = (hits: readonly Hit[]): void => {
    for (const { limit } of hits) add('latchkey_limits_total', [limit])
  }

  function noted(event: AuditEvent | null): void {
    for (const [family, ...labels] of event ? seriesOf(event, flowLabel(event.flow)) : []) add(family, labels)
  }

  function asked(flow: string | null, answer: Asked): void {
    if (answer.kind === 'refused') refused(answer.limit)
    else add('latchkey_asks_total', [flowLabel(flow), answer.mailed ? 'mailed' : 'withheld'])
    if (answer.kind === 'asked' && !answer.mailed) add('latchkey_limits_total', ['letters-per-address'])
  }
  function refused(limit: LimitName): void {
    add('latchkey_asks_refused_total', [limit])
    add('latchkey_limits_total', [limit])
  }

  /** What a call tells once it is done, by the store's method. What is not here tells nothing but its faults. */
  const tells = (store: Store): { [K in keyof Store]?: Told<Store[K]> } => ({
    ask: (answer, ask) => asked(ask.event.flow, answer),
    // Not told by its answer: a code that is dead and an account whose tries are up look the same.
    takeTry: (counted, _id, at, takes: readonly Take[]) => {
      if (!counted && takes.length > 0) void store.full(takes, at).then(full, () => {})
    },
    wrongTry: ({ hits }, _at, _takes, event) => {
      noted(event)
      full(hits)
    },
    prove: (first, _id, _nonce, _at, _giveBack, _forget, event) => noted(first ? event : null),
    change: (won, change) => noted(won ? change.event : null),
    renewHash: (won, { event }) => noted(won ? event : null),
    endChange: (ended, _, __, { event }) => noted(ended ? event : null),
    note: (_, event) => noted(event),
    // Noted or not: it has happened.
    noteWithin: (_, _takes, event) => noted(event),
    take: ({ hits }) => full(hits),
    settle: (held, _id, _lease, _at, settlement, event) => {
      noted(held ? event : null)
      if (held && settlement.kind === 'again') add('latchkey_letter_retries_total', [])
    },
    openSession: (_, _session, event) => noted(event),
  })

  return {
    store(store: Store): Store {
      const told = tells(store) as Record<string, ((answer: unknown, ...args: unknown[]) => void) | undefined>
      return new Proxy(store, {
        get(target, name) {
          // Its own `this`: a store may be a class.
          const value: unknown = Reflect.get(target, name, target)
          if (typeof value !== 'function') return value
          const operation = String(name)
          return (...args: unknown[]): unknown => {
            const answer = value.apply(target, args)
            if (!(answer instanceof Promise)) return answer
            return answer.then(
              (done) => {
                told[operation]?.(done, ...args)
                return done
              },
              (error) => {
                add('latchkey_store_faults_total', [operation])
                throw error
              },
            )
          }
        },
      })
    },
    /** An ask that is refused before it comes to the store. */
    shut:
      (shut: Kit['shut']): Kit['shut'] =>
      (takes, at) => {
        const hits = shut(takes, at)
        if (hits[0]) refused(hits[0].limit)
        return hits
      },
    alarm:
      (raise: Alarm): Alarm =>
      (name) => {
        add('latchkey_alarms_total', [name])
        raise(name)
      },
    /** `most`: hashes that run at once; those above it wait. */
    hasher(hasher: Hasher, most: number): { readonly hasher: Hasher; waiting(): number } {
      let under = 0
      const timed = async <T>(work: Promise<T>): Promise<T> => {
        const began = performance.now()
        under++
        try {
          return await work
        } finally {
          under--
          registry.hashed((performance.now() - began) / 1000)
        }
      }
      const watched: Hasher = {
        hash: (password) => timed(hasher.hash(password)),
        verify: (hash, password) => timed(hasher.verify(hash, password)),
        matches: (hash, password) => timed(hasher.matches(hash, password)),
        renews: hasher.renews,
        refuses: hasher.refuses,
      }
      return { hasher: watched, waiting: () => Math.max(0, under - most) }
    },
  }
}

type Told<F> = F extends (...args: infer A) => Promise<infer R> ? (answer: R, ...args: A) => void : never

type Series = readonly [family: FamilyName, ...labels: string[]]

/** What an event counts in. */
function seriesOf({ name, because }: AuditEvent, flow: string): readonly Series[] {
  const kind = name.slice(name.indexOf('.') + 1)
  switch (name) {
    case 'letter.sent':
    case 'letter.dropped':
    case 'letter.failed':
    case 'letter.expired':
      return [['latchkey_letters_total', flow, kind]]
    case 'link.opened':
    case 'proof.accepted':
      return [['latchkey_proofs_total', flow, kind]]
    case 'proof.refused':
      return [['latchkey_proofs_refused_total', flow, reasonLabel(because)]]
    case 'password.changed':
      return [['latchkey_changes_total', flow]]
    case 'password.refused':
      return (because ?? '').split(' ').map((rule) => ['latchkey_passwords_refused_total', flow, reasonLabel(rule)])
    case 'session.opened':
      return [['latchkey_log_ins_total']]
    case 'session.refused':
      return [['latchkey_log_ins_refused_total', reasonLabel(because)]]
    case 'captcha.refused':
    case 'captcha.unavailable':
      return [['latchkey_captchas_total', kind]]
    case 'audit.broken':
      return [['latchkey_audit_broken_total']]
    default:
      return []
  }
}
