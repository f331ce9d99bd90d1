/**
 * What is counted, under which key, in which window. Windows slide: a count is a short list of times, so that nothing
 * bursts at a boundary. The arithmetic is here, once; a store only keeps the list, atomically.
 */
import { digest, type Keyring } from './keys.ts'

/** Every limit by name, as audit and metrics know it. */
export type LimitName =
  | 'asks-per-caller'
  | 'asks-per-network'
  | 'letters-per-address'
  | 'letters-in-reserve'
  | 'resend'
  | 'wrong-codes-per-account'
  | 'wrong-codes-in-a-row'
  | 'wrong-codes-of-all'
  | 'log-ins-per-account'
  | 'log-ins-per-network'
  | 'log-ins-per-device'
  | 'look-ups-per-network'
  | 'refused-proofs-per-network'
  | 'looks-per-link'
  | 'passwords-per-grant'
  | 'asks-of-all'
  | 'letters-of-all'
  | 'alarm-letters'
  | 'captcha-answers'
  | 'unknown-letters'

/** At most `max` in any `ms` milliseconds. */
export type Window = { readonly max: number; readonly ms: number }

/** A place in one or more windows over one list of times. `key` is a keyed digest: no store sees an address. */
export type Take = { readonly limit: LimitName; readonly key: string; readonly windows: readonly Window[] }

/** A full limit, and when it will not be. */
export type Hit = {
  readonly limit: LimitName
  readonly key: string
  readonly retryAt: number
  /** Nobody was refused by it in this window before. */
  readonly first: boolean
  /** When the window of its crossing ends: until then refusals are counted, not noted. */
  readonly closesAt: number
}

/** `[time, count]`, oldest first. */
export type Times = readonly (readonly [number, number])[]

/** Lists above this length are kept in coarser steps, so that a row stays small however large the limit. */
const finest = 64

/** The time from which one more is allowed; 0 when it is allowed now. */
export function fullUntil(times: Times, windows: readonly Window[], now: number): number {
  let until = 0
  for (const { max, ms } of windows) {
    let left = max
    for (let i = times.length - 1; i >= 0; i--) {
      const [at, count] = times[i]!
      // A time ahead of us (a clock stepped back) counts as now: a step must never reset a limit.
      if (Math.min(at, now) <= now - ms) break
      left -= count
      if (left <= 0) {
        until = Math.max(until, Math.min(at, now) + ms)
        break
      }
    }
  }
  return until
}

/** The list with one more, and without what no window sees any longer. */
export function counted(times: Times, windows: readonly Window[], now: number): Times {
  const longest = Math.max(...windows.map((window) => window.ms))
  const most = Math.max(...windows.map((window) => window.max))
  const step = most > finest ? Math.ceil(longest / finest) : 0
  const kept = times.filter(([at]) => Math.min(at, now) > now - longest)
  const last = kept.at(-1)
  if (last && step > 0 && now - last[0] < step) return [...kept.slice(0, -1), [last[0], last[1] + 1]]
  return [...kept, [now, 1]]
}

/** The list with its newest one taken back. */
export function givenBack(times: Times): Times {
  const last = times.at(-1)
  if (!last) return times
  return last[1] > 1 ? [...times.slice(0, -1), [last[0], last[1] - 1]] : times.slice(0, -1)
}

const minute = 60_000
const day = 24 * 60 * minute

/** The counts of the product; all may be set within the bounds of `limit-bounds.ts`. docs/limits.md tells each. */
export const standard = {
  asksPerNetwork: [{ max: 20, ms: 15 * minute }],
  lettersPerAddress: [
    { max: 6, ms: 15 * minute },
    { max: 10, ms: day },
  ],
  lettersInReserve: [{ max: 2, ms: day }],
  wrongCodesPerAccount: [{ max: 10, ms: day }],
  /** In a row: only a success empties it, ten years stand for ever. */
  wrongCodesInARow: [{ max: 50, ms: 3650 * day }],
  /** Past it letters carry links instead of codes. */
  wrongCodesOfAll: [{ max: 5000, ms: day }],
  /** Past it an alarm is raised. */
  wrongCodesAlarm: [{ max: 1000, ms: day }],
  logInsPerAccount: [{ max: 10, ms: 15 * minute }],
  logInsPerNetwork: [{ max: 100, ms: 15 * minute }],
  lookUpsPerNetwork: [{ max: 20, ms: 15 * minute }],
  /** Wrong links, grants and codes that are noted one by one. Past it the answers stay as they are. */
  refusedProofsPerNetwork: [{ max: 60, ms: 60 * minute }],
  /** Looks at one live link that are noted one by one. Past it the link opens as before. */
  looksPerLink: [{ max: 20, ms: 60 * minute }],
  /** New passwords that one grant or link may offer before one must wait. */
  passwordsPerGrant: [{ max: 100, ms: 15 * minute }],
  /** Budgets of the whole installation; null counts nothing. Past one: a captcha for all where there is one, an alarm. */
  asksOfAll: null,
  lettersOfAll: null,
} as const satisfies Record<string, readonly Window[] | null>

/** Counts that an installation may set for itself. */
export type Limits = {
  readonly [K in keyof typeof standard]: (typeof standard)[K] extends null
    ? readonly Window[] | null
    : readonly Window[]
}

/** For measuring, where limits are off. */
export const unlimited: readonly Window[] = [{ max: 1_000_000_000, ms: minute }]

/** A take under a keyed digest of what it counts. */
export function take(keys: Keyring, limit: LimitName, key: readonly string[], windows: readonly Window[]): Take {
  return { limit, key: digest(keys.lasting, 'limit', [limit, ...key]), windows }
}

/** What counts of a network stand under: its address or /64, and for IPv6 the /48 that one customer may hold whole. */
export function networksOf(block: string): string[] {
  if (block === '') return []
  return block.endsWith('::/64') ? [block, `${block.split(':').slice(0, 3).join(':')}::/48`] : [block]
}

/** What a wrong code counts against: the account over all its challenges, the same in a row, and the installation. */
export function wrongCodeTakes(keys: Keyring, limits: Limits | null, addressKey: string) {
  if (!limits) return null
  return {
    account: take(keys, 'wrong-codes-per-account', [addressKey], limits.wrongCodesPerAccount),
    inARow: take(keys, 'wrong-codes-in-a-row', [addressKey], limits.wrongCodesInARow),
    ofAll: take(keys, 'wrong-codes-of-all', [], limits.wrongCodesOfAll),
  }
}

/** What a failed log-in counts against: the name that was typed and the network, or a known device in their place. The caller is told. */
export function toldTakes(
  keys: Keyring,
  limits: Limits | null,
  whom: { readonly name: string; readonly block: string; readonly device: string | null },
): Take[] {
  if (!limits) return []
  const { logInsPerAccount: windows, logInsPerNetwork } = limits
  const networks = networksOf(whom.block).map((one) => take(keys, 'log-ins-per-network', [one], logInsPerNetwork))
  const who = whom.device
    ? take(keys, 'log-ins-per-device', [whom.device], windows)
    : take(keys, 'log-ins-per-account', ['name', whom.name], windows)
  return [who, ...networks]
}

/**
 * What it counts against besides, of which the caller is not told: the account, whichever of its names is used. Were it
 * told, an address and a user name that are refused together would be known to belong together.
 */
export function untoldTakes(
  keys: Keyring,
  limits: Limits | null,
  whom: { readonly accountId: string; readonly device: string | null },
): Take[] {
  if (!limits || whom.device) return []
  return [take(keys, 'log-ins-per-account', ['id', whom.accountId], limits.logInsPerAccount)]
}

/** What a refused link, grant or code counts against: only whether it is noted hangs on it, so unknown networks share one. */
export function refusedProofTakes(keys: Keyring, limits: Limits | null, block: string): Take[] {
  if (!limits) return []
  const networks = block === '' ? ['unknown'] : networksOf(block)
  return networks.map((one) => take(keys, 'refused-proofs-per-network', [one], limits.refusedProofsPerNetwork))
}

/** A look at a live link, by its challenge, or by its account where no row is kept. */
export const lookTakes = (keys: Keyring, limits: Limits | null, link: string): Take[] =>
  limits ? [take(keys, 'looks-per-link', [link], limits.looksPerLink)] : []

/** A new password offered with this grant, by its challenge, or by its account where no row is kept. */
export const passwordTakes = (keys: Keyring, limits: Limits | null, grant: string): Take[] =>
  limits ? [take(keys, 'passwords-per-grant', [grant], limits.passwordsPerGrant)] : []

/**
 * "No account here" to one address: once in 7 days over all flows, always. `again`: the letter that has the place has it
 * still when it is tried again.
 */
export function unknownTakes(keys: Keyring, addressKey: string, letterId: string): { once: Take; again: Take } {
  const windows = [{ max: 1, ms: 7 * day }]
  return {
    once: take(keys, 'unknown-letters', ['address', addressKey], windows),
    again: take(keys, 'unknown-letters', ['letter', letterId], windows),
  }
}

/** Asks and letters of the whole installation, where they have a budget. */
export function budgetTakes(
  keys: Keyring,
  limits: Limits | null,
): { readonly asks: Take | null; readonly letters: Take | null } {
  const { asksOfAll = null, lettersOfAll = null } = limits ?? {}
  return {
    asks: asksOfAll && take(keys, 'asks-of-all', [], asksOfAll),
    letters: lettersOfAll && take(keys, 'letters-of-all', [], lettersOfAll),
  }
}
