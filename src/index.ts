/** What `import … from 'latchkey'` gives. */

export type { DjangoLinks } from './accounts/django-links.ts'
export type { FormName } from './accounts/formats/index.ts'
export type { HashOptions } from './accounts/survey.ts'
export type { AuditOptions } from './audit/auditor.ts'
export type { AuditEvent, Caller, EventName } from './engine/audit.ts'
export type { Brand, CodeFlow, Flow, JsonFlow, LinkFlow, PasswordRule } from './engine/flow.ts'
export { defaults, defineFlow, plain, strong } from './engine/flow.ts'
export type { Limits } from './engine/limits.ts'
export { Fault, MailRefusal, MailServerGone, type Refusal, type RefusalCode, type Unmet } from './engine/outcome.ts'
export type { Account, Accounts, AccountsTable, Database, Mail, Store } from './engine/ports.ts'
export type { Head } from './engine/seal.ts'
export * as flows from './flows/index.ts'
export { latchkey, type Recovery } from './latchkey.ts'
export { inbox } from './mail/inbox.ts'
export type {
  AccountFunctions,
  AccountGiven,
  LogEntry,
  MailOptions,
  Options,
  PasswordAnswer,
  PasswordGiven,
  SmtpOptions,
  UsersTable,
} from './options.ts'
