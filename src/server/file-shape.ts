/**
 * What a configuration file may hold, and what each option must be. A file of its own, loaded where there is such a file:
 * making these schemas takes 20 ms, which a start without one need not wait for.
 */
import * as z from 'zod'
import type { DjangoLinks } from '../accounts/django-links.ts'
import { callMs, functionsIn } from '../accounts/elsewhere-options.ts'
import { type FormName, forms } from '../accounts/formats/index.ts'
import type { Flow } from '../engine/flow.ts'
import { standard } from '../engine/limits.ts'
import type { Database } from '../engine/ports.ts'
import type { Options } from '../options.ts'

/**
 * What the file may hold: the options of `latchkey()`, each of them optional; flows also by name, the store also as
 * `sqlite:PATH`, `earlier.django` without its secret. Development is DEBUG's to say, and clock and randomness are for tests.
 */
export type FileOptions = Partial<
  Omit<
    Options,
    'flows' | 'store' | 'earlier' | 'captcha' | 'clock' | 'random' | 'development' | 'demonstration' | 'worker'
  >
> & {
  readonly flows?: readonly (Flow | string)[]
  readonly store?: Database | string
  readonly earlier?: { readonly django: Partial<DjangoLinks> }
}

const text = z.string().min(1)
const aFunction = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'expected a function')
const anObject = z.custom<object>((value) => typeof value === 'object' && value !== null, 'expected an object')
const smtp = z.strictObject({
  host: text,
  port: z.int().min(1).max(65_535).optional(),
  tls: z.boolean().optional(),
  ssl: z.boolean().optional(),
  user: text.optional(),
  password: z.string().optional(),
  pool: z.int().min(1).max(100).optional(),
  timeout: z.int().min(100).max(600_000).optional(),
})
const mail = z
  .strictObject({
    from: text,
    smtp: z.union([text, smtp], 'expected smtp://user:password@host:587 or { host, port, … }').optional(),
    console: z.literal(true).optional(),
    inbox: anObject.optional(),
    print: z.boolean().optional(),
    send: aFunction.optional(),
  })
  .refine(
    (one) => [one.smtp, one.console, one.inbox, one.send].filter((way) => way !== undefined).length === 1,
    'name exactly one of smtp, console, inbox and send',
  )
const windows = z.array(z.strictObject({ max: z.int(), ms: z.number() })).min(1)
const limits = z.strictObject(
  Object.fromEntries(
    Object.entries(standard).map(([name, preset]) => [name, preset ? windows.optional() : windows.nullish()] as const),
  ),
)
const hashForm = z.enum(Object.keys(forms) as [FormName, ...FormName[]])
const conditions = z.record(
  text,
  z.union([z.string(), z.int(), z.boolean(), z.null()], 'expected null, a text, a whole number, true or false'),
)
const hash = z.union(
  [hashForm, z.strictObject({ form: hashForm, pepper: text.optional() })],
  'expected a name of docs/hashes.md, or { form, pepper }',
)
const table = z.strictObject({
  table: text,
  id: text,
  email: text,
  password: text,
  credentials: z.strictObject({ table: text, account: text, where: conditions.optional() }).optional(),
  where: conditions.optional(),
  compare: z.enum(['folded', 'lower']).optional(),
  username: text.optional(),
  verified: text.optional(),
  active: text.optional(),
  locale: text.optional(),
  lastLogin: text.optional(),
  secondFactor: text.optional(),
  signOn: text.optional(),
  sessions: z.union([z.literal('with-password'), z.strictObject({ table: text, account: text })]).optional(),
  hash: hash.optional(),
})
const functions = z.strictObject({
  byId: aFunction,
  byAddress: aFunction,
  byName: aFunction,
  setPassword: aFunction,
  endSessions: aFunction,
  verify: aFunction.optional(),
  hash: hash.optional(),
  timeout: z.int().min(callMs.least).max(callMs.most).optional(),
})
/** Told by what it is: a union would say only that it is neither. */
const accounts = z.unknown().superRefine((value, context) => {
  const { error } = (functionsIn(value as Options['accounts']) ? functions : table).safeParse(value)
  for (const { path, message } of error?.issues ?? []) context.addIssue({ code: 'custom', path, message })
})
const schema = z.strictObject({
  secret: text.optional(),
  secretFallbacks: z.array(text).optional(),
  publicUrl: text.optional(),
  store: z.union([text, anObject], 'expected sqlite("app.db") or "sqlite:PATH"').optional(),
  accounts: accounts.optional(),
  earlier: z
    .strictObject({
      django: z.strictObject({
        secretKey: text.optional(),
        secretKeyFallbacks: z.array(text).optional(),
        paths: z.array(text).optional(),
        timeout: z.number().optional(),
        timeZone: text.optional(),
      }),
    })
    .optional(),
  mail: mail.optional(),
  flows: z
    .array(z.union([text, z.looseObject({ name: text })], 'expected a flow, or the name of one'))
    .min(1)
    .optional(),
  spaUrl: text.optional(),
  allowedHosts: z.array(text).optional(),
  trustedProxies: z.array(text).optional(),
  limits: z.union([z.literal('off'), limits], 'expected "off" or { asksPerNetwork: [{ max, ms }], … }').optional(),
  alarms: z.strictObject({ to: z.array(text).min(1), from: text.optional() }).optional(),
  security: z.strictObject({ contact: z.union([text, z.array(text).min(1)]), expires: text }).optional(),
  breached: z.strictObject({ url: text, timeout: z.int().min(100).max(10_000).optional() }).optional(),
  hooks: z
    .partialRecord(z.enum(['onRequested', 'onMailed', 'onChanged', 'onSignedIn', 'onSignedOut']), aFunction)
    .optional(),
  webhooks: z
    .array(
      z.strictObject({ url: text, secret: z.union([text, z.array(text).min(1)]), events: z.array(text).optional() }),
    )
    .optional(),
  hashes: z.int().min(1).max(256).optional(),
  audit: z
    .strictObject({
      days: z.int().min(1).max(365).optional(),
      networkDays: z.int().min(1).max(365).optional(),
      heads: z.union([text, aFunction], 'expected a file, or a function that takes a head').optional(),
      secrets: z.array(text).optional(),
    })
    .optional(),
  log: aFunction.optional(),
} satisfies Record<keyof FileOptions, unknown>)

/** Every option that is not known or not of its type, without its value. */
export function refuseOptions(options: unknown): string[] {
  const checked = schema.safeParse(options)
  if (checked.success) return []
  return checked.error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`)
}
