/**
 * Links that Django has mailed: `base36(seconds since 2001)-hex(HMAC)[::2]` over the user's key, password, last log-in,
 * those seconds and the address, as `django/contrib/auth/tokens.py` of 3.1 and later makes them. Those of older ones
 * (SHA-1, whole days) are not read.
 */
import { createHash, createHmac } from 'node:crypto'
import type { EarlierLink, EarlierLinks } from '../engine/earlier.ts'
import { same } from '../engine/keys.ts'
import type { Account } from '../engine/ports.ts'
import { accountOf } from '../engine/proof.ts'

/** The settings of a Django site whose links are to open. */
export type DjangoLinks = {
  /** The site's own `SECRET_KEY`. With it and a password's hash such links can be made. */
  readonly secretKey: string
  /** Its `SECRET_KEY_FALLBACKS`. Default: none. */
  readonly secretKeyFallbacks?: readonly string[]
  /** Where its letters lead. Default: `['/reset/:uid/:token/', '/accounts/reset/:uid/:token/']`. */
  readonly paths?: readonly string[]
  /** Its `PASSWORD_RESET_TIMEOUT`, 60 to 604,800 seconds. Default: 259,200, as Django's. */
  readonly timeout?: number
  /** Its `TIME_ZONE`: Django counts the seconds by the clock on that wall. Default: `UTC`. */
  readonly timeZone?: string
}

const usualPaths = ['/reset/:uid/:token/', '/accounts/reset/:uid/:token/'] as const
const longest = 7 * 86_400
const keySalt = 'django.contrib.auth.tokens.PasswordResetTokenGenerator'
const form = /^([0-9a-z]{6,7})-[0-9a-f]{32}$/
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/
const epoch = Date.UTC(2001, 0, 1)

/**
 * Seconds that a wall clock may have been put back since a link was made, at the end of summer time; Django takes such a
 * link too.
 */
const putBack = 3600

/** Reads them. `refuseDjangoLinks` has found nothing. */
export function djangoLinks(site: DjangoLinks): EarlierLinks {
  const keys = [site.secretKey, ...(site.secretKeyFallbacks ?? [])].map(keyOf)
  const [first = usualPaths[0], ...others] = site.paths ?? usualPaths
  const timeout = site.timeout ?? 259_200
  const wall = wallClock(site.timeZone ?? 'UTC')
  return {
    paths: [first, ...others],
    names({ uid, token }, at) {
      const made = secondsOf(token)
      const id = accountOf(uid ?? '')
      if (made === null || id === null) return null
      const age = Math.floor((wall(at) - epoch) / 1000) - made
      if (age > timeout || age < -putBack) return []
      // Without hyphens in databases that have no UUIDs.
      return uuid.test(id) ? [id, id.replaceAll('-', '')] : [id]
    },
    isFor(link, account) {
      const matches = keys.flatMap((key) =>
        lastLogIns(account, wall).map((login) => same(tokenOf(key, link, account, login), link.token)),
      )
      return matches.includes(true) && account !== null
    },
    state: ({ lastLogin }) => `last log-in: ${lastLogin ?? 'never'}`,
  }
}

/** Why these settings cannot be used, a sentence each. */
export function refuseDjangoLinks(site: DjangoLinks): string[] {
  const reasons: string[] = []
  const { timeout = 259_200, timeZone = 'UTC', paths = usualPaths } = site
  if (site.secretKey === '') reasons.push(`earlier.django.secretKey is empty.`)
  if (!Number.isInteger(timeout) || timeout < 60 || timeout > longest) {
    reasons.push(`earlier.django.timeout must be 60 to ${longest} seconds, it is ${timeout}.`)
  }
  if (paths.length === 0 || !paths.every((path) => path.includes(':uid') && path.includes(':token'))) {
    reasons.push(`earlier.django.paths must each hold ":uid" and ":token", such as ${usualPaths[0]}.`)
  }
  try {
    wallClock(timeZone)
  } catch {
    reasons.push(`earlier.django.timeZone: "${timeZone}" is no time zone; write it as TIME_ZONE has it.`)
  }
  return reasons
}

/** `salted_hmac` of `django/utils/crypto.py`. */
const keyOf = (secret: string): Buffer => createHash('sha256').update(keySalt).update(secret).digest()

/** When the token says that it was made, in seconds; null for what is not a token's form. */
function secondsOf(token: string): number | null {
  const found = form.exec(token)
  return found ? Number.parseInt(found[1]!, 36) : null
}

function tokenOf(key: Buffer, { uid, token }: EarlierLink, account: Account | null, lastLogin: string): string {
  const seconds = secondsOf(token) ?? 0
  const said = [accountOf(uid ?? '') ?? '', account?.passwordHash ?? '', lastLogin, seconds, account?.email ?? '']
  const hex = createHmac('sha256', key).update(said.join('')).digest('hex')
  return `${seconds.toString(36)}-${hex.replaceAll(/(.)./g, '$1')}`
}

/** As the site has it: in UTC, or with `USE_TZ = False` by its own clock. */
function lastLogIns(account: Account | null, wall: (at: number) => number): [utc: string, local: string] {
  const utc = account?.lastLogin ?? ''
  const at = Date.parse(`${utc.replace(' ', 'T')}Z`)
  return [utc, Number.isNaN(at) ? '' : textOf(wall(at))]
}

const textOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

/**
 * What a clock on a wall there shows, as if it were UTC. Milliseconds, to the second.
 * @throws RangeError for what is no time zone.
 */
function wallClock(timeZone: string): (at: number) => number {
  const numeric = { year: 'numeric', month: 'numeric', day: 'numeric' } as const
  const time = { hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' } as const
  const format = new Intl.DateTimeFormat('en-US', { timeZone, ...numeric, ...time })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map(
      (type) => parts.get(type as Intl.DateTimeFormatPartTypes) ?? 0,
    ) as [number, number, number, number, number, number]
    return Date.UTC(year, month - 1, day, hour, minute, second)
  }
}
