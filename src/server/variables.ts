/** The variables that there are, and readers of single ones, as Django's settings read them. */
import { type Finding, finding } from './findings.ts'

/** Every variable that is read, with the names of a Django project's `.env` where it has one. */
export const variables = {
  DEBUG: 'True for development on this machine: gallery, inbox, http. Default: False.',
  SECRET_KEY: 'At least 32 random characters; "latchkey secret" makes one. Required.',
  SECRET_KEY_FALLBACKS: 'Earlier secrets with commas between them, whose proofs still work.',
  PUBLIC_URL: 'What visitors see, https://app.example.com. Default: https and the first of ALLOWED_HOSTS.',
  ALLOWED_HOSTS: 'Host names with commas between them; a request for another gets 421. Default: that of PUBLIC_URL.',
  SPA_URL: 'Base of the front end of the flow spa. Default: PUBLIC_URL and /app.',
  HOST: 'Address to listen on. Default: 127.0.0.1.',
  PORT: 'Port to listen on. Default: 3000.',
  TRUSTED_PROXIES: 'Addresses or networks with commas between them, whose X-Forwarded-For is believed. Default: none.',
  DATABASE_URL:
    'sqlite:PATH, postgres://user:password@host:5432/database or mysql://user:password@host:3306/database. Default: sqlite:data/latchkey.db.',
  DATABASE_URL_DIRECT:
    'The same PostgreSQL database past PgBouncer: there one listens for letters. Default: none, one looks every second.',
  EMAIL_BACKEND:
    'smtp, console or inbox, or the name Django has for it. Default: smtp; in development inbox, and printed.',
  EMAIL_URL: 'smtp://user:password@host:587 or smtps://…, instead of the next six.',
  EMAIL_HOST: 'The mail server.',
  EMAIL_PORT: 'Default: 587, with EMAIL_USE_SSL 465.',
  EMAIL_USE_TLS: 'STARTTLS, required. Default: True, unless EMAIL_USE_SSL.',
  EMAIL_USE_SSL: 'TLS from the first byte. Default: False.',
  EMAIL_HOST_USER: 'Log-in at the mail server.',
  EMAIL_HOST_PASSWORD: 'Its password.',
  DEFAULT_FROM_EMAIL: 'Who letters come from, "App <no-reply@example.com>". Default: EMAIL_HOST_USER.',
  SERVER_EMAIL: 'Who alarms to operators come from. Default: DEFAULT_FROM_EMAIL.',
  ADMINS: 'Who gets them: addresses with commas between them, alone or as "Ops <ops@example.com>". Default: nobody.',
  FLOWS: 'Names of flows with commas between them. Default: all.',
  WEBHOOK_URL: 'Where events are posted, signed as Standard Webhooks says. Default: nowhere.',
  WEBHOOK_SECRET:
    'What they are signed with: whsec_ and 24 to 64 bytes in base64; several with commas while one is replaced.',
  WEBHOOK_EVENTS: 'Which, with commas between them; docs/hooks.md has their names. Default: password.changed.',
  BREACHED_PASSWORDS_URL:
    'A range API of breached passwords, https://…/range/, asked by five digits of a digest. Default: none is asked.',
  METRICS_PORT: 'Port of a listener of its own for metrics, at /metrics. Default: none, and no metrics.',
  METRICS_HOST: 'Address of that listener. Default: 127.0.0.1; another one needs METRICS_TOKEN.',
  METRICS_TOKEN: 'What a reader of metrics must send, "Authorization: Bearer …": 32 random characters or more.',
  LOG_LEVEL: 'debug, info, warn or error. Default: info.',
  HASH_PEPPER: "Devise's pepper, where passwords are written in the form devise. Default: none.",
  DJANGO_SECRET_KEY:
    'SECRET_KEY of the Django site whose mailed links are to open; docs/adopt/django.md. Default: none open.',
  LIMITS: 'off, with DEBUG only, for measuring.',
} as const

export type VariableName = keyof typeof variables
export type FlagName = 'host' | 'port' | 'flows' | 'processes'

/** Variables by name, as a process is given them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Command-line flags that stand for a variable, or for what has none. */
export type Flags = { readonly [K in FlagName]?: string }

/** What the readers share. */
export type Reading = {
  readonly findings: Finding[]
  /** A value, or undefined where it is missing or empty. */
  text(name: VariableName): string | undefined
  /** True or False; undefined where it is missing, or cannot be read, which is then found. */
  truth(name: VariableName): boolean | undefined
  /** A list with commas between its entries; undefined where it is missing. */
  list(name: VariableName): string[] | undefined
}

const truths: Readonly<Record<string, boolean>> = {
  ...{ true: true, '1': true, yes: true, on: true, y: true, t: true },
  ...{ false: false, '0': false, no: false, off: false, n: false, f: false },
}

/** Readers over one environment. */
export function reading(environment: Environment): Reading {
  const findings: Finding[] = []
  const text = (name: VariableName): string | undefined => environment[name]?.trim() || undefined
  return {
    findings,
    text,
    truth(name) {
      const value = text(name)
      if (value === undefined) return undefined
      const known = truths[value.toLowerCase()]
      if (known === undefined) findings.push(finding('L025', { name }))
      return known
    },
    list: (name) =>
      text(name)
        ?.split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ''),
  }
}
