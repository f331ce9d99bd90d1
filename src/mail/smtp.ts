/** Letters over SMTP: pooled connections, TLS unless told otherwise, exactly one recipient a letter. */
import { Fault, MailRefusal, MailServerGone } from '../engine/outcome.ts'
import type { Clock, Mail, Mailer } from '../engine/ports.ts'
import type { SmtpOptions } from '../options.ts'
import { isPlainAddress, type Sender } from './sender.ts'

/** What nodemailer's errors carry beside a message. */
type SmtpError = Error & { code?: string; command?: string; responseCode?: number; response?: string }

/**
 * A mailer that sends through one mail server.
 * Each connection, greeting and answer may take `timeout`; a whole letter four times that, so that a server which
 * drips bytes holds no letter for ever.
 */
export function smtp(options: string | SmtpOptions, from: Sender, clock: Clock): Mailer {
  const server = typeof options === 'string' ? smtpOptions(options) : options
  const timeout = server.timeout ?? 15_000
  const width = server.pool ?? 5
  // Loaded with the first letter: it brings TLS and DNS along, a fifth of an idle server's memory.
  const open = async () => {
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({ ...connection(server, timeout), pool: true, maxConnections: width })
    // A broken idle connection is told of by the next letter; without a listener it would end the process.
    transport.on('error', () => {})
    return transport
  }
  let opened: ReturnType<typeof open> | null = null
  const transport = () => {
    opened ??= open()
    return opened
  }
  return {
    // Some are written and ready while others are on their way: a connection that is free has its next letter at once.
    width: width + Math.ceil(width / 2),
    async send(mail, signal) {
      signal.throwIfAborted()
      const limit = AbortSignal.any([signal, AbortSignal.timeout(4 * timeout)])
      // `signal` is newer than the published types of nodemailer.
      const message = { ...compose(mail, from, clock), signal: limit } as object
      await (await transport()).sendMail(message).catch((error: SmtpError) => {
        throw judge(error, signal.aborted, limit.aborted)
      })
    },
    async check() {
      await (await transport()).verify().catch((error: SmtpError) => {
        throw new Error(`${server.host}: ${error.message}`, { cause: error })
      })
    },
    async close() {
      if (opened) (await opened).close()
    },
  }
}

function connection(server: SmtpOptions, timeout: number) {
  const ssl = server.ssl ?? false
  const tls = server.tls ?? !ssl
  return {
    host: server.host,
    port: server.port ?? (ssl ? 465 : 587),
    secure: ssl,
    // Not "if the server offers it": whoever stands between could take the offer out, and read every link.
    requireTLS: tls && !ssl,
    ignoreTLS: !tls && !ssl,
    tls: { minVersion: 'TLSv1.2' as const },
    ...(server.user ? { auth: { user: server.user, pass: server.password ?? '' }, forceAuth: true } : {}),
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

function compose(mail: Mail, from: Sender, clock: Clock) {
  // nodemailer reads lists, groups and comments in a recipient: "a@x.org, b@y.org" is two, and a line break in one
  // changes who gets it. So it is checked here, passed as data, and the envelope is ours.
  if (!isPlainAddress(mail.to)) throw new MailRefusal('the recipient is not exactly one plain address')
  return {
    from,
    to: { name: '', address: mail.to },
    envelope: { from: from.address, to: [mail.to] },
    subject: mail.subject.replaceAll(/[\u0000-\u001f\u007f]+/g, ' '),
    text: mail.text,
    html: mail.html,
    messageId: `<${mail.messageId.replaceAll(/[<>\s]/g, '')}>`,
    date: new Date(clock.now()),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': mail.locale,
    },
  }
}

/**
 * The server's own words are left out: some servers quote the letter, with its link, in a refusal.
 * Only an answer to this recipient or this letter is final; a wrong password or sender is the operator's to mend.
 */
function judge(error: SmtpError, brokenOff: boolean, outOfTime: boolean): Error {
  if (brokenOff) return new Error('sending was broken off')
  if (outOfTime) return new Error('the mail server took too long')
  const code = error.response?.match(/^\d{3}([ -]\d\.\d{1,3}\.\d{1,3})?/)?.[0].replace('-', ' ') ?? error.code
  const ofThisLetter = error.command === 'RCPT TO' || error.command === 'DATA'
  if (ofThisLetter && error.responseCode && error.responseCode >= 500) {
    return new MailRefusal(
      `the mail server refused ${error.command === 'DATA' ? 'the letter' : 'the recipient'}: ${code}`,
    )
  }
  if (error.responseCode) return new Error(`the mail server answered ${error.command ?? ''} with ${code}`)
  // Nothing of a letter was on the way yet: the message is the operating system's or the TLS library's.
  if (error.command === 'CONN') return new MailServerGone(`no connection to the mail server: ${error.message}`)
  return new Error(`the letter could not be sent: ${code ?? error.name}`)
}

const truth: Record<string, boolean> = { true: true, '1': true, yes: true, false: false, '0': false, no: false }

/**
 * Reads `smtp://user:password@host:587?tls=false`; `smtps://` is TLS from the first byte, `smtp://` STARTTLS.
 * `smtp+tls://`, `submission://` and `smtp+ssl://`, as Django's settings have them, are understood.
 * @throws Fault, without the address, which may hold a password.
 */
export function smtpOptions(address: string): SmtpOptions {
  const wrong = (reason: string) => new Fault('configuration', `The mail server's URL is not usable: ${reason}`)
  if (!URL.canParse(address)) throw wrong('it must look like smtp://user:password@host:587')
  const url = new URL(address)
  const schemes = { 'smtp:': false, 'smtp+tls:': false, 'submission:': false, 'smtps:': true, 'smtp+ssl:': true }
  const ssl = schemes[url.protocol as keyof typeof schemes]
  if (ssl === undefined) throw wrong('it must start with smtp:// or smtps://')
  if (url.hostname === '') throw wrong('it names no host')
  const options = { host: url.hostname.replaceAll(/^\[|\]$/g, ''), ssl }
  const port = url.port === '' ? {} : { port: Number(url.port) }
  const login = url.username === '' ? {} : { user: decode(url.username), password: decode(url.password) }
  return { ...options, ...port, ...login, ...query(url.searchParams, wrong) }
}

function query(parameters: URLSearchParams, wrong: (reason: string) => Fault): Partial<SmtpOptions> {
  const options: { -readonly [K in keyof SmtpOptions]?: SmtpOptions[K] } = {}
  for (const [name, value] of parameters) {
    if (name === 'tls' || name === 'ssl') {
      const flag = truth[value.toLowerCase()]
      if (flag === undefined) throw wrong(`${name} must be true or false`)
      options[name] = flag
    } else if (name === 'pool' || name === 'timeout') {
      if (!/^[1-9]\d{0,5}$/.test(value)) throw wrong(`${name} must be a whole number above 0`)
      options[name] = Number(value)
    } else throw wrong(`it knows tls, ssl, pool and timeout, not "${name}"`)
  }
  return options
}

/** A lone `%` in a password stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
