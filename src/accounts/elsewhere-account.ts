/** Judges what the host's functions answer: a wrong shape is a fault that names the function and the field, never a guess. */
import { Fault, type Unmet } from '../engine/outcome.ts'
import type { Account, SetAnswer } from '../engine/ports.ts'

/** Reads an account as `name` answered it. `takesHash`: whether it comes with its hash, else with a stamp. */
export function accountRead(takesHash: boolean): (name: string, value: unknown) => Account {
  return (name, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Fault('accounts', `accounts.${name} answered ${kindOf(value)}: expected an account or null.`)
    }
    const given = value as Record<string, unknown>
    const of = <T>(field: string, expected: string, is: (one: unknown) => boolean, absent?: T): T => {
      const one = given[field]
      if (one === undefined && absent !== undefined) return absent
      if (is(one)) return one as T
      throw new Fault(
        'accounts',
        `accounts.${name} answered an account whose "${field}" is ${kindOf(one)}: expected ${expected}.`,
      )
    }
    const truth = (field: string, absent: boolean) =>
      of(field, 'true or false', (one) => typeof one === 'boolean', absent)
    const words = (field: string) => of<string | null>(field, 'a text or null', isTextOrNull, null)
    const id = of<string>('id', 'a text of 1 to 150 bytes', isId)
    return {
      id,
      email: of('email', 'a text', (one) => typeof one === 'string'),
      username: words('username'),
      passwordHash: takesHash
        ? of('passwordHash', 'a text or null', isTextOrNull)
        : referenceOf(
            id,
            of('stamp', 'a text that changes with the password, or null where there is none', isTextOrNull),
          ),
      verified: truth('verified', true),
      active: truth('active', true),
      locale: words('locale'),
      secondFactor: truth('secondFactor', false),
      signOn: truth('signOn', false),
      reset: null,
    }
  }
}

const isTextOrNull = (one: unknown): boolean => one === null || (typeof one === 'string' && one.length <= 4_096)
/** Links and grants carry it. */
const isId = (one: unknown): boolean => typeof one === 'string' && one !== '' && Buffer.byteLength(one) <= 150

/** What it is, never the thing itself: it may be somebody's address. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text of another form'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}

/**
 * What stands for the hash where the host keeps it to itself: it changes with the password, as a hash does, and tells whose
 * it is, for the host is asked whether a password matches.
 */
function referenceOf(id: string, stamp: string | null): string | null {
  return stamp === null ? null : `host:${Buffer.from(id).toString('base64url')}:${stamp}`
}

/** The id, and the stamp, in such a reference. */
export const idIn = (reference: string): string => Buffer.from(reference.split(':')[1] ?? '', 'base64url').toString()
export const stampIn = (reference: string | null): string | null => reference?.split(':').slice(2).join(':') ?? null

/** What `setPassword` answered. */
export function setAnswerOf(value: unknown): SetAnswer {
  if (value === 'set' || value === 'stale' || value === 'not-set') return value
  const refused = (value as { refused?: unknown } | null)?.refused
  if (Array.isArray(refused) && refused.length > 0 && refused.every((one) => Object.hasOwn(rules, one))) {
    return { refused }
  }
  const known = Object.keys(rules).join(', ')
  throw new Fault(
    'accounts',
    `accounts.setPassword answered ${kindOf(value)}: expected "set", "stale", "not-set" or { refused: [rules] }, of ${known}.`,
  )
}

const rules: Record<Unmet, true> = {
  'too-short': true,
  'too-long': true,
  'no-upper': true,
  'no-lower': true,
  'no-digit': true,
  'no-special': true,
  'all-digits': true,
  common: true,
  'is-name': true,
  'holds-name': true,
  'same-as-current': true,
  'used-before': true,
  mismatch: true,
  unprintable: true,
  empty: true,
  'too-many-bytes': true,
  'outer-space': true,
}

/** Why a function threw, as it may be logged: what it was given in confidence is cut out, however it was written. */
export function reasonOf(error: unknown, secret: string): string {
  const { message = String(error), cause } = error instanceof Error ? error : {}
  const code = (cause as { code?: unknown } | undefined)?.code
  const text = typeof code === 'string' ? `${message} (${code})` : message
  const written = secret === '' ? [] : [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
  return written.reduce((hushed, one) => hushed.replaceAll(one, '…'), text).slice(0, 300)
}
