/** What the application is told of: a few events of the audit, under names of their own, at least once each and in order. */
import type { AuditEvent, EventName } from '../engine/audit.ts'

/** What happened, as hooks and webhooks are told. */
export type Told = {
  /** The same however often it is told: `evt_4711`, after the event's number in the audit. */
  readonly id: string
  readonly type: ToldName
  /** Milliseconds since 1970. */
  readonly at: number
  readonly flow: string | null
  /** Id in the users table; null where nobody knows it, as at an ask. */
  readonly accountId: string | null
}

/** Hooks by the event that they are called for. */
export const toldNames = {
  'challenge.opened': 'onRequested',
  'letter.sent': 'onMailed',
  'password.changed': 'onChanged',
  'session.opened': 'onSignedIn',
  'session.ended': 'onSignedOut',
} as const satisfies Partial<Record<EventName, string>>

export type ToldName = keyof typeof toldNames
export type HookName = (typeof toldNames)[ToldName]

/** Whether it is one of those that others may be told of. */
export const isTold = (name: string): name is ToldName => Object.hasOwn(toldNames, name)

/** An event as it is told: neither network nor agent, and nothing that tells of an address. */
export const toldOf = ({ seq, at, name, flow, accountId }: AuditEvent & { seq: number }): Told => ({
  id: `evt_${seq}`,
  type: name as ToldName,
  at,
  flow,
  accountId,
})
