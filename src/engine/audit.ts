/**
 * Facts in the past tense, written in the transaction that they tell of. An event never holds a token, code, password,
 * or the address of somebody who has no account (that one only as a keyed digest).
 */
export type EventName =
  | 'challenge.opened'
  | 'letter.withheld'
  | 'letter.sent'
  | 'letter.dropped'
  | 'letter.failed'
  | 'letter.expired'
  | 'link.opened'
  | 'proof.accepted'
  | 'proof.refused'
  | 'password.changed'
  | 'password.refused'
  | 'password.renewed'
  | 'limit.crossed'
  | 'limit.closed'
  | 'alarm.raised'
  | 'session.opened'
  | 'session.refused'
  | 'session.ended'
  | 'account.looked-up'
  | 'account.added'
  | 'server.started'
  | 'audit.broken'
  | 'audit.exported'
  | 'audit.erased'
  | 'audit.shortened'
  | 'audit.removed'
  | 'settings.changed'
  | 'captcha.refused'
  | 'captcha.unavailable'
  | 'telling.failed'

/** Who it was, as far as a request tells. */
export type Caller = {
  /** Network address in its shortest form; an IPv6 one as the client had it. Empty where unknown. */
  readonly network: string
  /** What limits count it by: the address itself for IPv4, its /64 for IPv6. */
  readonly block: string
  /** User agent, cut to 256 characters and free of control characters. */
  readonly agent: string
  /** Digest of the browser's own cookie; null for programs. */
  readonly browser: string | null
  /** The cookies that say "this browser has logged in as that account". */
  readonly devices: readonly string[]
  /** What the browser prefers to read. */
  readonly locale: string
  readonly requestId: string
}

export type AuditEvent = {
  readonly at: number
  readonly name: EventName
  readonly flow: string | null
  readonly accountId: string | null
  readonly addressKey: string | null
  readonly challengeId: string | null
  readonly network: string
  readonly agent: string
  readonly requestId: string
  /** Why, for the audit alone: `expired`, `no account`, `asks-per-caller`. */
  readonly because: string | null
}

/** An event of this caller; what is not given is null. */
export function event(
  at: number,
  name: EventName,
  caller: Pick<Caller, 'network' | 'agent' | 'requestId'>,
  more: Partial<Pick<AuditEvent, 'flow' | 'accountId' | 'addressKey' | 'challengeId' | 'because'>> = {},
): AuditEvent {
  const { network, agent, requestId } = caller
  // Undefined is null too: a database takes the one and not the other.
  const { flow = null, accountId = null, addressKey = null, challengeId = null, because = null } = more
  return { at, name, flow, accountId, addressKey, challengeId, network, agent, requestId, because }
}

/** The caller of what the worker does by itself. */
export const nobody = { network: '', agent: '', requestId: '' } as const
