/** The options of `latchkey()`: one type for code, configuration file and environment. */
import type { BreachedOptions } from './accounts/breached.ts'
import type { DjangoLinks } from './accounts/django-links.ts'
import type { FormName } from './accounts/formats/index.ts'
import type { HashOptions } from './accounts/survey.ts'
import type { AuditOptions } from './audit/auditor.ts'
import type { CaptchaOptions } from './captcha/index.ts'
import type { Flow } from './engine/flow.ts'
import type { Limits } from './engine/limits.ts'
import type { AccountsTable, Clock, Database, Mail, Random } from './engine/ports.ts'
import type { Inbox } from './mail/inbox.ts'
import type { Hooks } from './tell/index.ts'
import type { WebhookOptions } from './tell/webhook.ts'

/** How letters leave, and from whom. */
export type MailOptions = {
  /** `App <no-reply@example.com>`. */
  readonly from: string
} & (
  | { readonly smtp: string | SmtpOptions }
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

export type Options = {
  /** At least 32 characters of randomness; `latchkey secret` makes one. Everything that is signed hangs on it. */
  readonly secret: string
  /** Earlier secrets, whose live proofs still work. Default: none. */
  readonly secretFallbacks?: readonly string[]
  /** The origin that visitors see, `https://app.example.com`. Links are made from it, never from a request. */
  readonly publicUrl: string
  /** `sqlite('app.db')` of `latchkey/sqlite`. */
  readonly store: Database
  /** The users table, and `hash`, how its passwords are written. Default: Latchkey's own, made by its migrations. */
  readonly accounts?: UsersTable
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
  /** Hashes in flight at once, of 19 MiB each. Default: one more than there are cores. */
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
