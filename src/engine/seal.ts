/**
 * The audit's seal, as arithmetic. Events are sealed some time after they were committed, in segments that form a chain:
 * each segment's digest covers the one before it, its numbers and every event in it, under a key that the database does
 * not hold.
 *
 * What tells of a person stands beside the sealed part: an event's account, network and agent enter its seal as two
 * salted digests, of the whole and of what is left after shortening. While the salt is there, an alteration of them
 * shows; once they are taken out and the salt with them, the seal stays whole and nobody can guess what was there.
 */
import type { AuditEvent } from './audit.ts'
import { digest, isSigned, type Keyring, type Keys, mac, digestOfRandom as oneWay, same, signed } from './keys.ts'

/** What its sealing puts beside an event. */
export type EventSeal = {
  readonly seq: number
  /** Keyed digest of the account's id; empty where the event has none. */
  readonly accountKey: string
  /** Two salted digests of account, network and agent: whole, and shortened. */
  readonly personal: string
  /** `w…` opens both digests, `s…` the shortened one alone; null opens neither. */
  readonly salt: string | null
  /** Digest of everything about the event that does not change. */
  readonly seal: string
}

/** An event as it is kept. What is not sealed yet has nulls. */
export type AuditRow = AuditEvent & { readonly seq: number } & {
  readonly [K in Exclude<keyof EventSeal, 'seq'>]: EventSeal[K] | null
} & {
  /** Number of the event that tells of the erasure. */
  readonly erasedBy: number | null
}

/** A link of the chain. Its events are those numbered from `first` to `last`; numbers may be missing from the start. */
export type Segment = {
  /** From 1. */
  readonly number: number
  readonly first: number
  readonly last: number
  readonly count: number
  /** Time of its newest event. */
  readonly newest: number
  readonly sealedAt: number
  readonly keyId: string
  /** Digest of the segment before it; empty for the first. */
  readonly previous: string
  /** Digest over the seals of its events. */
  readonly content: string
  readonly digest: string
}

/** Where the chain begins once its oldest segments were removed: what is known of the last of them. */
export type Checkpoint = {
  readonly number: number
  readonly last: number
  readonly digest: string
  readonly removedAt: number
  readonly keyId: string
  readonly mac: string
}

/** The end of the chain, exported and signed: what a later chain must still hold. */
export type Head = {
  readonly segment: number
  readonly digest: string
  /** Number of the newest sealed event. */
  readonly last: number
  /** ISO 8601, UTC. */
  readonly at: string
  readonly keyId: string
  readonly signature: string
}

/** What the next segment joins. */
export type Link = Pick<Segment, 'number' | 'last' | 'digest'>

/** Before the first segment. */
export const beginning: Link = { number: 0, last: 0, digest: '' }

/** Seals an event under a fresh `salt` of 16 bytes or more. */
export function sealEvent(keys: Keys, event: AuditRow, salt: string): EventSeal {
  const { accountId, seq } = event
  const accountKey = event.accountKey ?? (accountId === null ? '' : accountKeyOf(keys, accountId))
  const personal = whole(keys, event, salt) + short(keys, event, shortSalt(salt))
  return { seq, accountKey, personal, salt: `w${salt}`, seal: sealOf(keys, event, accountKey, personal) }
}

/** What stands for an account's id in the sealed part. */
export const accountKeyOf = (keys: Keys, accountId: string): string => digest(keys, 'audit', ['account', accountId])

/** Whether what does not change is as it was sealed. */
export const isAsSealed = (keys: Keys, { accountKey, personal, seal, ...event }: AuditRow): boolean =>
  seal !== null && same(sealOf(keys, event, accountKey ?? '', personal ?? ''), seal)

/** What is left of the personal fields of a sealed event; `altered` when it is not what was sealed. */
export function personalState(keys: Keys, event: AuditRow): 'whole' | 'short' | 'gone' | 'altered' {
  const { salt, accountId, network, agent } = event
  const personal = event.personal ?? ''
  if (salt === null) return accountId === null && network === '' && agent === '' ? 'gone' : 'altered'
  const bare = salt.slice(1)
  if (salt.startsWith('w')) {
    return same(whole(keys, event, bare) + short(keys, event, shortSalt(bare)), personal) ? 'whole' : 'altered'
  }
  const isShort = agent === '' && network === shortened(network)
  return isShort && same(short(keys, event, bare), personal.slice(half)) ? 'short' : 'altered'
}

/** The event without what goes after `networkDays`: the network cut, the agent gone, and what would confirm a guess. */
export const shortenedEvent = ({ seq, network, salt }: AuditRow): { seq: number; network: string; salt: string } => ({
  seq,
  network: shortened(network),
  salt: `s${shortSalt((salt ?? '').slice(1))}`,
})

/** An IPv4 address as its /24, an IPv6 one as its /48; what is one already, as it is. */
export function shortened(network: string): string {
  if (network === '' || network.includes('/')) return network
  const parts = network.split('.')
  if (parts.length === 4 && !network.includes(':')) return `${parts.slice(0, 3).join('.')}.0/24`
  const [head = '', tail] = network.split('::')
  const left = head.split(':').filter(Boolean)
  const right = (tail ?? '').split(':').filter(Boolean)
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return `${[...left, ...zeros, ...right].slice(0, 3).join(':')}::/48`
}

/** The next segment over events that were just sealed, oldest first, at least one. */
export function segmentOf(
  keys: Keys,
  previous: Link,
  events: readonly (Pick<AuditEvent, 'at'> & EventSeal)[],
  sealedAt: number,
): Segment {
  const body = {
    number: previous.number + 1,
    first: previous.last + 1,
    last: events.at(-1)!.seq,
    count: events.length,
    newest: events.reduce((most, { at }) => Math.max(most, at), 0),
    sealedAt,
    keyId: keys.id,
    previous: previous.digest,
    content: contentOf(keys, events),
  }
  return { ...body, digest: digestOf(keys, body) }
}

/** Digest over the seals of a segment's events. */
export const contentOf = (
  keys: Keys,
  events: readonly { readonly seq: number; readonly seal: string | null }[],
): string => mac(keys, 'audit', ['content', ...events.map(({ seq, seal }) => `${seq}:${seal}`)])

/** Whether the segment is one that was made under these keys. */
export const isSegment = (keys: Keys, segment: Segment): boolean => same(digestOf(keys, segment), segment.digest)

/** Where the chain begins when everything up to this segment is removed. */
export function checkpointAfter(keys: Keys, segment: Segment, removedAt: number): Checkpoint {
  const { number, last, digest } = segment
  const body = { number, last, digest, removedAt, keyId: keys.id }
  return { ...body, mac: checkpointMac(keys, body) }
}

/** Whether the checkpoint is one that was made under these keys. */
export const isCheckpoint = (keys: Keys, one: Checkpoint): boolean => same(checkpointMac(keys, one), one.mac)

/** The end of the chain, signed. */
export function headOf(keys: Keys, segment: Link, at: number): Head {
  const body = { segment: segment.number, digest: segment.digest, last: segment.last }
  const unsigned = { ...body, at: new Date(at).toISOString(), keyId: keys.id }
  return { ...unsigned, signature: signed(keys, signable(unsigned)) }
}

/** Whether one of these keys signed it. */
export function isHead(keyring: Keyring, head: Head): boolean {
  const keys = keyring.find(head.keyId)
  return keys !== null && isSigned(keys, signable(head), head.signature)
}

/** What is signed of a head: six lines. */
const signable = ({ segment, digest, last, at, keyId }: Omit<Head, 'signature'>): string =>
  ['latchkey-head/v1', segment, digest, last, at, keyId].join('\n')

const half = 22

type Personal = Pick<AuditEvent, 'accountId' | 'network' | 'agent'>

const whole = (keys: Keys, { accountId, network, agent }: Personal, salt: string): string =>
  digest(keys, 'audit', ['whole', salt, told(accountId), network, agent])

const short = (keys: Keys, { accountId, network }: Personal, salt: string): string =>
  digest(keys, 'audit', ['short', salt, told(accountId), shortened(network)])

/** Needs no key: it is one way, so that the salt that is left opens the shortened digest alone. */
const shortSalt = (salt: string): string => oneWay(`latchkey/v1/short salt ${salt}`).slice(0, half)

function sealOf(keys: Keys, event: Omit<AuditRow, 'accountKey' | 'personal' | 'seal'>, ...more: string[]): string {
  const { seq, at, name, flow, addressKey, challengeId, requestId, because } = event
  const fields = [flow, addressKey, challengeId, because].map(told)
  return digest(keys, 'audit', ['event', String(seq), String(at), name, ...fields, requestId, ...more])
}

function digestOf(keys: Keys, segment: Omit<Segment, 'digest'>): string {
  const { number, first, last, count, newest, sealedAt, keyId, previous, content } = segment
  const numbers = [number, first, last, count, newest, sealedAt].map(String)
  return mac(keys, 'audit', ['segment', ...numbers, keyId, previous, content])
}

const checkpointMac = (keys: Keys, { number, last, digest, removedAt, keyId }: Omit<Checkpoint, 'mac'>): string =>
  mac(keys, 'audit', ['checkpoint', String(number), String(last), digest, String(removedAt), keyId])

/** Nothing and an empty text are two things. */
const told = (value: string | null): string => (value === null ? '' : `=${value}`)
