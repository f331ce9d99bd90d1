/** The options of `latchkey()`: one type for code, configuration file and environment. */
import type { BreachedOptions } from './accounts/breached.ts'
import type { DjangoLinks } from './accounts/django-links.ts'
import type { FormName } from './accounts/formats/index.ts'
import type { HashOptions } from './accounts/survey.ts'
import type { AuditOptions } from './audit/auditor.ts'
import type { CaptchaOptions } from './captcha/index.ts'
import type { Flow } from './engine/flow.ts'
import type { Limits } from './engine/limits.ts'
import type { Unmet } from './engine/outcome.ts'
import type { AccountsTable, Clock, Database, Mail, Random } from './engine/ports.ts'
import type { Inbox } from './mail/inbox.ts'
import type { Hooks } from './tell/index.ts'
import type { WebhookOptions } from './tell/webhook.ts'

/** How letters leave, and from whom. */
export type MailOptions = {
  /** `App <no-reply@example.com>`. */
  readonly from: string
} & (
  | { readonly smtp: string | SmtpOptions | undefined }
  /** Development: printed. */
  | { readonly console: true }
  /** Development: kept in memory, shown at `/dev/inbox/`; printed too where `print` is set. */
  | { readonly inbox: Inbox; readonly print?: boolean }
  /** A function of the host application; it throws when the letter must be tried again. */
  | { readonly send: (mail: Mail & { from: string }, signal: AbortSignal) => Promise<void> }
)

/** Letters to operators. */
export type AlarmOptions = {
  /** Plain addresses. */
  readonly to: readonly string[]
  /** `Latchkey <server@example.com>`. Default: the sender of all other letters. */
  readonly from?: string
}

export type SmtpOptions = {
  /** The mail server. */
  readonly host: string
  /** Default: 587, or 465 with `ssl`. */
  readonly port?: number
  /** STARTTLS, required. Default: true unless `ssl`. False sends in clear: development only. */
  readonly tls?: boolean
  /** TLS from the first byte. */
  readonly ssl?: boolean
  /** Log-in at the mail server. */
  readonly user?: string
  /** Its password. */
  readonly password?: string
  /** Connections kept open. Default: 5. */
  readonly pool?: number
  /** Longest wait for a connection or an answer, in milliseconds. Default: 15,000. */
  readonly timeout?: number
}

/** One line of the log: JSON on standard error by default. Never holds a secret. */
export type LogEntry = { level: 'debug' | 'info' | 'warn' | 'error'; message: string; [field: string]: unknown }

/** Whom one tells of a hole (RFC 9116). */
export type SecurityContact = {
  /** `mailto:`, `tel:` or `https:` addresses, the preferred first. */
  readonly contact: string | readonly string[]
  /** Until when they hold, such as `2027-06-30`; past it nothing is served. A year ahead at most is advised. */
  readonly expires: string
}

/** An existing users table. */
export type UsersTable = AccountsTable & {
  /** The form that new passwords are written in: docs/hashes.md. Default: `argon2id`, refused where no row is in it. */
  readonly hash?: FormName | HashOptions
}

/** An account as a function of yours answers it. What is not named is as its line says; what is of another type is refused. */
export type AccountGiven = {
  /** Never another account's, 150 bytes at most. */
  readonly id: string
  /** As it is stored: letters go here and nowhere else. */
  readonly email: string
  /** With `hash`: the password's hash as it is stored, null where there is none. */
  readonly passwordHash?: string | null
  /**
   * Without `hash`: what changes with each change of the password, such as the time of the last one; null where there is
   * no password. A proof dies by it: where it stays the same, a link works again.
   */
  readonly stamp?: string | null
  /** Default: none; one logs in by address. */
  readonly username?: string | null
  /** The address is confirmed. Default: true. */
  readonly verified?: boolean
  /** The account may be used. Default: true. */
  readonly active?: boolean
  /** The language of its letters. Default: the asker's. */
  readonly locale?: string | null
  /** A second factor is in use. Default: false. */
  readonly secondFactor?: boolean
  /** It must sign in by single sign-on. Default: false. */
  readonly signOn?: boolean
}

/** A password to set. */
export type PasswordGiven = {
  /** The account's. */
  readonly id: string
  /** The `passwordHash` or `stamp` that the account must still have: where you can, set only if it has. */
  readonly expected: string | null
  /** The new one's hash, where `hash` is said; else null. */
  readonly hash: string | null
  /** The new one itself, where `hash` is not said; else null. */
  readonly password: string | null
  /** The same when the same change is set again after a crash: to do it twice must be to do it once. */
  readonly key: string
}

/**
 * What you say of it. `set`: it is. `stale`: the account is not as `expected`. `not-set`: certainly not, try again later.
 * `refused`: your own rules do not allow it, by the codes that Latchkey has for them. To throw says: perhaps.
 */
export type PasswordAnswer = 'set' | 'stale' | 'not-set' | { readonly refused: readonly Unmet[] }

/** Accounts that functions of yours keep, in a database or directory that Latchkey cannot write beside its own rows. */
export type AccountFunctions = {
  /** The account of this id, or null. What it answers must be what was written last, not what a replica still has. */
  readonly byId: (id: string, signal: AbortSignal) => Promise<AccountGiven | null>
  /** Every account with this address, which is tidied: no outer space, A–Z as a–z. `[]` where there is none. Throw where you do not know. */
  readonly byAddress: (address: string, signal: AbortSignal) => Promise<readonly AccountGiven[]>
  /** The account that logs in by this address or user name, or null. */
  readonly byName: (name: string, signal: AbortSignal) => Promise<AccountGiven | null>
  /** Sets a password. Called outside any transaction, after the proof was closed to everybody else. */
  readonly setPassword: (wish: PasswordGiven, signal: AbortSignal) => Promise<PasswordAnswer>
  /** Ends the sessions that your application has for the account, once its password is set. May be called again with the same key. */
  readonly endSessions: (account: { id: string; key: string }, signal: AbortSignal) => Promise<void>
  /** The form that your passwords are written in: you get hashes and never a password. Default: you get the password, and hash it. */
  readonly hash?: FormName | HashOptions
  /**
   * Without `hash`: whether this is the account's password; for Latchkey's log-in pages, and "differs from the current one".
   * For a name that nobody has it is asked with the id `latchkey-nobody`, so that the time does not tell. Default: neither.
   */
  readonly verify?: (typed: { id: string; password: string }, signal: AbortSignal) => Promise<boolean>
  /** How long one call may take, in milliseconds, 100 to 20,000. Default: 5,000. */
  readonly timeout?: number
}

export type Options = {
  /** At least 32 characters of randomness; `latchkey secret` makes one. Everything that is signed hangs on it. */
  readonly secret: string | undefined
  /** Earlier secrets, whose live proofs still work. Default: none. */
  readonly secretFallbacks?: readonly string[]
  /** The origin that visitors see, `https://app.example.com`. Links are made from it, never from a request. */
  readonly publicUrl: string
  /** `sqlite('app.db')` of `latchkey/sqlite`. */
  readonly store: Database
  /** The users table, and `hash`, how its passwords are written; or five functions of yours. Default: Latchkey's own table, made by its migrations. */
  readonly accounts?: UsersTable | AccountFunctions
  /** Links of the product before, `{ django: { secretKey } }`, which go on working. Default: none. See docs/adopt/django.md. */
  readonly earlier?: { readonly django: DjangoLinks }
  /** How letters leave: `smtp`, `console`, `inbox` or a function `send`; and `from`. */
  readonly mail: MailOptions
  /** Default: all five. */
  readonly flows?: readonly Flow[]
  /** Base of the front end of flows whose face is JSON. Default: `<publicUrl>/app`. */
  readonly spaUrl?: string
  /** Hosts that requests may name; others get 421. Default: the host of `publicUrl`. */
  readonly allowedHosts?: readonly string[]
  /** Addresses or networks (CIDR) whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[]
  /** Counts to set; `off` is for measuring, in development only. */
  readonly limits?: Partial<Limits> | 'off'
  /** Who is told by mail of what is wrong with the whole installation, once an hour. Default: nobody; the log has it. */
  readonly alarms?: AlarmOptions
  /** How long events are kept, and where the chain's end is written down. Default: 180 days, networks 30; the log. */
  readonly audit?: AuditOptions
  /** Served as `/.well-known/security.txt`: `{ contact, expires }`. Default: nothing is. */
  readonly security?: SecurityContact
  /** Where breached passwords are asked for, `{ url }`, by five digits of a digest. Default: nowhere; a built-in list of common ones is. */
  readonly breached?: BreachedOptions
  /** Functions that are told of what happens, after it happened: `{ onChanged(told) { … } }`. See docs/hooks.md. */
  readonly hooks?: Hooks
  /** Addresses that are told the same by signed posts (Standard Webhooks). Default: none. */
  readonly webhooks?: readonly WebhookOptions[]
  /**
   * Hashes in flight at once, of 19 MiB each. Default: one more than there are cores. They are computed on Node's own
   * threads, which are four: in a server of your own, start it with `UV_THREADPOOL_SIZE` set to the number of cores (two at
   * least), as `latchkey serve` does by itself.
   */
  readonly hashes?: number
  /** Whether this process sends letters, seals the audit and cleans up. Default: true. */
  readonly worker?: boolean
  /** Shows the gallery and the development inbox, on loopback only. Default: false. */
  readonly development?: boolean
  /** Accounts that the gallery shows, with passwords made for this clone. Development only. */
  readonly demonstration?: readonly { email: string; username: string | null; password: string; note: string }[]
  /** Takes each line of the log. Default: JSON on standard error. */
  readonly log?: (entry: LogEntry) => void
  /** For tests: other addresses to verify captchas at. Which captchas there are stands in the database: docs/captcha.md. */
  readonly captcha?: CaptchaOptions
  /** For tests: a clock to turn. */
  readonly clock?: Clock
  /** For tests: randomness to seed. */
  readonly random?: Random
}

/** What the host tells of the connection: Node's own objects, or the address itself. */
export type Peer = {
  readonly remoteAddress?: string
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } }
}
