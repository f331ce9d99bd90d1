/** How letters leave: Django's EMAIL_… variables, EMAIL_URL, or the configuration file. */
import { inbox } from '../mail/inbox.ts'
import { sender } from '../mail/sender.ts'
import { smtpOptions } from '../mail/smtp.ts'
import type { MailOptions, SmtpOptions } from '../options.ts'
import { finding } from './findings.ts'
import type { Reading } from './variables.ts'

type Backend = 'console' | 'smtp' | 'inbox'
/** What remains of `MailOptions` without the sender. */
type Transport = { smtp: SmtpOptions } | { console: true } | { inbox: ReturnType<typeof inbox>; print?: boolean }

const backends: Readonly<Record<string, Backend>> = {
  console: 'console',
  smtp: 'smtp',
  inbox: 'inbox',
  'django.core.mail.backends.console.emailbackend': 'console',
  'django.core.mail.backends.smtp.emailbackend': 'smtp',
  'django.core.mail.backends.locmem.emailbackend': 'inbox',
}
/** Of EMAIL_URL, as django-environ has them. */
const schemes: Readonly<Record<string, Backend>> = {
  'consolemail:': 'console',
  'console:': 'console',
  'inbox:': 'inbox',
  'memorymail:': 'inbox',
}

/** The mail options, as far as they can be told; what is missing or unsound is found. */
export function readMail(read: Reading, file: MailOptions | undefined, development: boolean): MailOptions | undefined {
  const transport = readTransport(read, file, development)
  const from = readFrom(read, file, transport, development)
  for (const name of ['DEFAULT_FROM_EMAIL', 'SERVER_EMAIL'] as const) refuseSender(read, name, read.text(name))
  if (file && !read.text('DEFAULT_FROM_EMAIL')) refuseSender(read, 'mail.from', file.from)
  return transport && from !== undefined ? ({ ...transport, from } as MailOptions) : undefined
}

function readTransport(
  read: Reading,
  file: MailOptions | undefined,
  development: boolean,
): Transport | MailOptions | undefined {
  const asked = read.text('EMAIL_BACKEND')
  const url = read.text('EMAIL_URL')
  const backend = asked === undefined ? undefined : backends[asked.toLowerCase()]
  if (asked !== undefined && backend === undefined) {
    read.findings.push(finding('L031', { value: asked }))
    return undefined
  }
  const byUrl = url === undefined ? undefined : schemes[/^[a-z]+:/i.exec(url)?.[0].toLowerCase() ?? '']
  const byEnvironment =
    backend ?? byUrl ?? (url !== undefined || read.text('EMAIL_HOST') !== undefined ? 'smtp' : undefined)
  const isFileLocal = file !== undefined && ('console' in file || 'inbox' in file)
  const local =
    byEnvironment && byEnvironment !== 'smtp' ? byEnvironment : !byEnvironment && isFileLocal ? 'local' : null
  if (local && !development) read.findings.push(finding('L032', { value: local === 'local' ? 'not smtp' : local }))
  if (byEnvironment === 'console') return { console: true }
  if (byEnvironment === 'inbox') return { inbox: inbox() }
  if (byEnvironment === 'smtp') return readServer(read, byUrl === undefined ? url : undefined)
  if (file) return refuseClear(read, file)
  if (development) return { inbox: inbox(), print: true }
  read.findings.push(finding('L030'))
  return undefined
}

function readServer(read: Reading, url: string | undefined): Transport | undefined {
  const [tls, ssl] = [read.truth('EMAIL_USE_TLS'), read.truth('EMAIL_USE_SSL')]
  if (tls && ssl) read.findings.push(finding('L033'))
  const options = url === undefined ? byVariables(read, tls, ssl) : byUrl(read, url)
  return options && refuseClear(read, { smtp: options })
}

function byVariables(read: Reading, tls: boolean | undefined, ssl: boolean | undefined): SmtpOptions | undefined {
  const host = read.text('EMAIL_HOST')
  const port = read.text('EMAIL_PORT')
  const user = read.text('EMAIL_HOST_USER')
  const password = read.text('EMAIL_HOST_PASSWORD')
  if (host === undefined) read.findings.push(finding('L030'))
  if (port !== undefined && !isPort(port, 1)) read.findings.push(finding('L038', { value: port }))
  if (host === undefined) return undefined
  return {
    host,
    port: port !== undefined && isPort(port, 1) ? Number(port) : ssl ? 465 : 587,
    ssl: ssl ?? false,
    tls: tls ?? !ssl,
    ...(user === undefined ? {} : { user, password: password ?? '' }),
  }
}

function byUrl(read: Reading, url: string): SmtpOptions | undefined {
  try {
    return smtpOptions(url)
  } catch (error) {
    read.findings.push(finding('L037', { reason: (error as Error).message.replace(/^[^:]*: /, '') }))
    return undefined
  }
}

function refuseClear<T extends Transport | MailOptions>(read: Reading, transport: T): T | undefined {
  if (!('smtp' in transport)) return transport
  const options = typeof transport.smtp === 'string' ? byUrl(read, transport.smtp) : transport.smtp
  if (options && !options.ssl && options.tls === false) read.findings.push(finding('L034'))
  return options ? transport : undefined
}

function readFrom(
  read: Reading,
  file: MailOptions | undefined,
  transport: Transport | MailOptions | undefined,
  development: boolean,
): string | undefined {
  const user = transport && 'smtp' in transport && typeof transport.smtp === 'object' ? transport.smtp.user : undefined
  const login = read.text('EMAIL_HOST_USER') ?? user
  const from = read.text('DEFAULT_FROM_EMAIL') ?? file?.from ?? (login?.includes('@') ? login : undefined)
  if (from !== undefined) return from
  if (development) return 'Latchkey <no-reply@localhost>'
  read.findings.push(finding('L035'))
  return undefined
}

function refuseSender(read: Reading, name: string, value: string | undefined): void {
  if (value === undefined) return
  try {
    sender(value)
  } catch {
    read.findings.push(finding('L036', { name }))
  }
}

/** Whether a text is a port number from `least` up. */
export const isPort = (text: string, least = 0): boolean =>
  /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= 65_535
