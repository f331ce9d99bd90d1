/**
 * Whether a visitor is asked for a captcha. It hangs on what is set up for the form and on counts of the caller's network
 * and of the installation, never on an account: who is asked learns nothing. A solved one passes those counts and is
 * counted in them all the same; it passes no other.
 */
import type { Caller } from './audit.ts'
import { budgetTakes, type Hit, type LimitName, networksOf, type Take, take } from './limits.ts'
import { type Refusal, secondsUntil } from './outcome.ts'
import type { Kit } from './ports.ts'

/** The forms that a captcha can be set up for: an address, a code, a new password, a log-in. */
export const forms = ['request', 'verify', 'change', 'login'] as const
export type Form = (typeof forms)[number]

/**
 * How a request stands to the captcha of its form. `off`: none is set up; `on-overflow`: none was solved, and one is
 * asked for where a limit is full; `required`: none was solved, and one is asked for always; `solved`; `stood-in`: the
 * provider is away, and what was solved is the built-in one in its place.
 */
export type Captcha = 'off' | 'on-overflow' | 'required' | 'solved' | 'stood-in'

type Needs = Pick<Kit, 'store' | 'clock' | 'keys' | 'limits'>
type Required = Extract<Refusal, { code: 'captcha-required' }>

/** Limits of a network or of the installation: a solved captcha passes them. */
const passable: ReadonlySet<LimitName> = new Set<LimitName>([
  'asks-per-network',
  'asks-of-all',
  'letters-of-all',
  'log-ins-per-network',
])

/**
 * Takes as they bind one who solved a captcha: all are counted, and those that it passes are never full. One that stood in
 * for a provider passes each once more as often: who can keep us from the provider must not thereby be free of limits.
 */
export const passing = (takes: readonly Take[], captcha: Captcha | undefined): readonly Take[] =>
  takes.map((one) => passed(one, captcha))

/** One of them. */
export const passed = (one: Take, captcha: Captcha | undefined): Take => {
  const times = captcha === 'solved' ? 1_000_000 : captcha === 'stood-in' ? 2 : 1
  return passable.has(one.limit) ? widened(one, times) : one
}

// Over the same times: what is counted here must be seen by those who solved none.
const widened = (one: Take, times: number): Take => ({
  ...one,
  windows: one.windows.map(({ max, ms }) => ({ max: max * times, ms })),
})

/** What is said where limits are full: a captcha would help, or nothing but time. `takes`: those of the caller alone. */
export const refusalOf = (
  hits: readonly Hit[],
  captcha: Captcha | undefined,
  retryAfter: number,
  takes: readonly Take[] = [],
): Required | Extract<Refusal, { code: 'too-many-attempts' }> => {
  if (captcha === 'on-overflow' && hits.length > 0 && hits.every((hit) => passable.has(hit.limit))) {
    return { code: 'captcha-required', retryAfter }
  }
  const last = hits.toSorted((one, other) => other.retryAt - one.retryAt)[0]
  const within = takes.find(({ key }) => key === last?.key)?.windows[0]
  return { code: 'too-many-attempts', retryAfter, ...(within ? { within } : {}) }
}

/** The refusal of one who must solve a captcha before anything is looked at; null for one who may go on. */
export async function unsolved(
  kit: Needs,
  form: Form,
  captcha: Captcha | undefined,
  caller: Caller,
): Promise<Required | null> {
  if (captcha === 'required') return { code: 'captcha-required', retryAfter: null }
  const retryAfter = captcha === 'on-overflow' ? await overflow(kit, form, caller) : null
  return retryAfter === null ? null : { code: 'captcha-required', retryAfter }
}

/** Seconds for which a full limit asks this caller for a captcha on this form; null while none does. Counts nothing. */
export async function overflow(kit: Needs, form: Form, caller: Caller): Promise<number | null> {
  const at = kit.clock.now()
  const takes = watched(kit, form, caller)
  const hits = takes.length > 0 ? await kit.store.full(takes, at) : []
  return hits.length > 0 ? secondsUntil(Math.max(...hits.map((hit) => hit.retryAt)), at) : null
}

/** A change has no limit of a network or of the installation: its proof has them behind it. */
function watched({ keys, limits }: Needs, form: Form, caller: Caller): Take[] {
  if (!limits) return []
  const networks = networksOf(caller.block)
  switch (form) {
    case 'request': {
      const { asks, letters } = budgetTakes(keys, limits)
      const counted = networks.map((one) => take(keys, 'asks-per-network', [one], limits.asksPerNetwork))
      return [...counted, asks, letters].filter((one) => one !== null)
    }
    case 'login':
      return networks.map((one) => take(keys, 'log-ins-per-network', [one], limits.logInsPerNetwork))
    case 'verify':
      return [take(keys, 'wrong-codes-of-all', [], limits.wrongCodesAlarm)]
    case 'change':
      return []
  }
}
