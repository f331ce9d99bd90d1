/** Every event by name: when it is written, and which fields it may have. The page `docs/audit.md` is made of it. */
import type { AuditEvent, EventName } from '../engine/audit.ts'

/** Fields that an event may have besides its number, time and name. */
export type Field = Exclude<keyof AuditEvent, 'at' | 'name'>

/** What one event tells. */
export type Told = { readonly when: string; readonly fields: readonly Field[] }

const caller = ['network', 'agent', 'requestId'] as const
const proof = ['flow', 'accountId', 'challengeId', 'because'] as const

/** In the order of the walk, then what stands beside it. */
export const names: Readonly<Record<EventName, Told>> = {
  'challenge.opened': {
    when: 'An address asked for a recovery and a letter was queued, whoever has the address.',
    fields: ['flow', 'addressKey', 'challengeId', ...caller],
  },
  'letter.withheld': {
    when: 'An address asked, and no letter was queued: the limit that is named was full. The asker is not told.',
    fields: ['flow', 'addressKey', 'challengeId', 'because', ...caller],
  },
  'account.looked-up': {
    when: 'With `disclosure: "explicit"`: an address was looked up before the ask. `because`: what was told.',
    fields: ['flow', 'accountId', 'because', ...caller],
  },
  'letter.sent': {
    when: 'The mail server took a letter. `because`: which notice it was, or why it led to another door than a proof. A code for several accounts names their address, and none of them.',
    fields: [...proof, 'addressKey'],
  },
  'letter.dropped': {
    when: 'A letter had no reader, or its flow or key is gone: nothing was sent; or several accounts have the address, and each got one with a link.',
    fields: proof,
  },
  'letter.failed': {
    when: 'The mail server refused a letter; it is tried again while there is time.',
    fields: proof,
  },
  'letter.expired': { when: 'A letter could not be sent while its proof lived.', fields: proof },
  'link.opened': {
    when: 'A live link was opened. That spends nothing. `because`: that the product before had mailed it.',
    fields: [...proof, ...caller],
  },
  'proof.accepted': {
    when: 'A typed code was right. One for several accounts names their address alone.',
    fields: [...proof, 'addressKey', ...caller],
  },
  'proof.refused': {
    when: "A link, a code or a grant was wrong, old, used, revoked or somebody else's.",
    fields: [...proof, 'addressKey', ...caller],
  },
  'password.refused': {
    when: 'A new password broke rules, which are named; its proof is unspent.',
    fields: [...proof, ...caller],
  },
  'password.changed': {
    when: 'A password was set: in the same transaction the proof was spent, every other one and the sessions of the account ended, and a notice queued. `because`: `signed in`, where its owner changed it on the account page.',
    fields: ['flow', 'accountId', 'challengeId', 'because', ...caller],
  },
  'password.renewed': {
    when: 'The password of a log-in was hashed anew, its hash having been older than what is written now: every open challenge of the account closed in the same transaction, its sessions go on.',
    fields: ['accountId', ...caller],
  },
  'telling.failed': {
    when: 'A hook or webhook could not be told of an event in three days, which was passed over. `because`: which of both.',
    fields: ['because'],
  },
  'session.opened': { when: 'Somebody logged in.', fields: ['accountId', ...caller] },
  'session.refused': {
    when: "A log-in failed. No account: the name is nobody's.",
    fields: ['accountId', 'because', ...caller],
  },
  'session.ended': {
    when: 'Somebody logged out, or a session was ended.',
    fields: ['accountId', 'because', ...caller],
  },
  'limit.crossed': {
    when: 'A limit, which is named, refused for the first time in its window. What it refuses after that is counted, not noted.',
    fields: [...proof, 'addressKey', ...caller],
  },
  'limit.closed': {
    when: 'The window of a crossed limit closed; how often it refused.',
    fields: [...proof, 'addressKey', ...caller],
  },
  'captcha.refused': {
    when: 'A captcha was missing, wrong, used or of another place.',
    fields: ['because', ...caller],
  },
  'captcha.unavailable': {
    when: 'A captcha provider did not answer, or its key is of no use; what was done then.',
    fields: ['because', ...caller],
  },
  'alarm.raised': { when: 'Operators were alarmed, of what is named.', fields: ['because'] },
  'account.added': {
    when: 'An account was added by command. `because`: who ran it.',
    fields: ['accountId', 'because'],
  },
  'settings.changed': { when: 'An operator changed a setting at run time.', fields: ['because', ...caller] },
  'server.started': {
    when: 'A server or a worker started: its version, the id of its key, a digest of its configuration.',
    fields: ['because'],
  },
  'audit.exported': {
    when: 'Events were exported. `accountId` where only those of one account were. `because`: the form, and who ran it.',
    fields: ['accountId', 'because'],
  },
  'audit.erased': {
    when: 'A person was taken out of events. `because`: how many, and who ran it. Which account it was, only its keyed digest tells.',
    fields: ['because'],
  },
  'audit.shortened': {
    when: 'Networks were cut and agents emptied because their time had come. `because`: up to which event.',
    fields: ['because'],
  },
  'audit.removed': { when: 'Events were removed because their time had come. `because`: which.', fields: ['because'] },
  'audit.broken': {
    when: 'The sealer found that the chain was cut behind its back. `because`: what it found.',
    fields: ['because'],
  },
}
