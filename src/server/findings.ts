/**
 * Everything that the start and `doctor` can find in a configuration, by number. A number keeps its meaning for ever:
 * operators search for it. An error keeps the server from starting; a warning does not. No sentence holds a secret.
 */

/** One thing found. */
export type Finding = {
  readonly code: FindingCode
  readonly level: 'error' | 'warning'
  readonly message: string
  readonly hint: string
}

/** Every number that there is. */
export type FindingCode = keyof typeof findings

type Row = readonly [level: 'error' | 'warning', sentence: string, hint: string]

/** Every finding: level, sentence, hint. `{name}` stands for what is found at the time. */
export const findings = {
  L001: ['error', 'SECRET_KEY is missing', 'Make one with "latchkey secret" and set it in the environment.'],
  L002: ['error', 'SECRET_KEY is too short: {length} characters', 'Take 32 or more; "latchkey secret" makes one.'],
  L003: [
    'error',
    'PUBLIC_URL is http: links will be readable on the way',
    'Set PUBLIC_URL to the https address that visitors see, or DEBUG=true for development on this machine.',
  ],
  L004: [
    'error',
    'SECRET_KEY is a sample or repeats itself: whoever guesses it can reset every password',
    'Make a new one with "latchkey secret".',
  ],
  L005: [
    'error',
    'SECRET_KEY_FALLBACKS holds SECRET_KEY itself',
    'List only earlier secrets there; remove the current one.',
  ],
  L006: [
    'error',
    'SECRET_KEY_FALLBACKS holds a secret that is short or a sample',
    'Remove it: proofs made with it can be forged. Links that it made will say "Invalid or expired link".',
  ],
  L007: ['error', 'SECRET_KEY_FALLBACKS holds one secret twice', 'List each earlier secret once.'],
  L010: [
    'error',
    'Neither PUBLIC_URL nor ALLOWED_HOSTS is set: letters would hold no usable link',
    'Set PUBLIC_URL=https://app.example.com, the address that visitors see.',
  ],
  L011: [
    'error',
    'PUBLIC_URL is not an origin: {value}',
    'Write scheme and host only, such as https://app.example.com; a path does not belong there.',
  ],
  L012: [
    'error',
    'ALLOWED_HOSTS holds what is not a host: {value}',
    'List host names with commas between them. "*" and ".example.com" are not taken: name each host.',
  ],
  L013: ['error', 'SPA_URL is not usable: {value}', 'Write an address such as https://app.example.com/account.'],
  L014: [
    'error',
    'SPA_URL is http: links will be readable on the way',
    'Set SPA_URL to an https address, or DEBUG=true for development on this machine.',
  ],
  L015: ['error', 'PORT is not a port: {value}', 'Take a number from 0 to 65535; 0 takes any free one.'],
  L016: ['error', 'HOST is not an address to listen on: {value}', 'Write 127.0.0.1, ::1, 0.0.0.0 or a host name.'],
  L017: [
    'error',
    'TRUSTED_PROXIES holds what is no address or network: {value}',
    'List addresses or networks with commas between them, such as 10.0.0.0/8,::1.',
  ],
  L018: [
    'warning',
    'TRUSTED_PROXIES trusts everyone: any caller can name any network address and so pass the limits',
    'List only the addresses of your own proxies.',
  ],
  L019: [
    'error',
    '--processes is neither a number from 1 to {most} nor auto: {value}',
    'Take auto for one process per core, or leave it out for one.',
  ],
  L020: [
    'error',
    'DEBUG is on and HOST is {value}: others could read every letter in the development inbox',
    'Use HOST=127.0.0.1 with DEBUG, or turn DEBUG off.',
  ],
  L021: ['error', 'DEBUG is on and PUBLIC_URL is https', 'Turn DEBUG off, or use PUBLIC_URL=http://localhost:3000.'],
  L022: ['error', 'DEBUG is on and NODE_ENV is production', 'Turn DEBUG off.'],
  L023: ['error', 'LIMITS=off without DEBUG: codes could be guessed', 'Remove LIMITS, or measure with DEBUG=true.'],
  L024: [
    'warning',
    'LIMITS ARE OFF: nothing keeps anybody from guessing codes and passwords',
    'For measuring only; remove LIMITS afterwards.',
  ],
  L025: ['error', '{name} is neither True nor False', 'Write True or False.'],
  L026: ['error', '{name} has a value that is not known: {value}', 'It knows: {known}.'],
  L027: [
    'error',
    '--processes is {value} and letters go to the development inbox, which one process keeps in its memory',
    'Leave --processes out, or set EMAIL_BACKEND=console or EMAIL_URL.',
  ],
  L028: ['error', '{name} and {name}_FILE are both set', 'Keep the one that is right, and remove the other.'],
  L029: [
    'error',
    '{name}_FILE cannot be read: {reason}',
    'Name a file that holds the value of {name} alone, and that this user may read.',
  ],
  L030: [
    'error',
    'There is no mail server: EMAIL_HOST and EMAIL_URL are not set',
    'Set EMAIL_URL=smtp://user:password@mail.example.com:587, or EMAIL_HOST and what goes with it.',
  ],
  L031: [
    'error',
    'EMAIL_BACKEND is not known: {value}',
    'It knows console, smtp and inbox, and the names that Django has for console, smtp and locmem.',
  ],
  L032: [
    'error',
    'EMAIL_BACKEND is {value} without DEBUG: letters would reach nobody',
    'Use EMAIL_BACKEND=smtp with a mail server, or DEBUG=true for development on this machine.',
  ],
  L033: [
    'error',
    'EMAIL_USE_TLS and EMAIL_USE_SSL are both on',
    'Keep EMAIL_USE_TLS for port 587 (STARTTLS) or EMAIL_USE_SSL for port 465.',
  ],
  L034: [
    'warning',
    'Letters go to the mail server in clear: whoever listens there can use every link',
    'Set EMAIL_USE_TLS=True, unless the mail server runs on this very machine.',
  ],
  L035: [
    'error',
    'There is no from-address: DEFAULT_FROM_EMAIL is not set, and EMAIL_HOST_USER is no address',
    'Set DEFAULT_FROM_EMAIL="App <no-reply@example.com>".',
  ],
  L036: [
    'error',
    '{name} is not an address that letters can come from',
    'Write one address, alone or as "App <no-reply@example.com>".',
  ],
  L037: ['error', 'EMAIL_URL is not usable: {reason}', 'Write smtp://user:password@mail.example.com:587.'],
  L038: ['error', 'EMAIL_PORT is not a port: {value}', 'Usual are 587 (STARTTLS) and 465 (TLS).'],
  L040: ['error', 'FLOWS names a flow that does not exist: {value}', 'There are: {known}.'],
  L041: [
    'warning',
    'The flow "{flow}" tells whether an account exists: addresses can be probed',
    'Set disclosure: "uniform", unless everybody may know who has an account here.',
  ],
  L042: ['error', '{reason}', 'See the flow and its options in the configuration file.'],
  L043: [
    'error',
    'The flow "{flow}" has a colour that cannot be read: {colour} has a contrast of {ratio}:1 on {ground} grounds, text needs 4.5:1',
    'Take {better} in brand.colors, or one that is further from the ground.',
  ],
  L050: [
    'error',
    'DATABASE_URL is not understood',
    'Write sqlite:PATH, such as sqlite:data/latchkey.db (sqlite:/var/lib/latchkey/app.db is an absolute path), postgres://… or mysql://….',
  ],
  L051: ['error', '{name} is not usable: {reason}', 'Write postgres://user:password@host:5432/database.'],
  L052: [
    'error',
    'The database is not up to date: {steps}',
    'Run "latchkey migrate" ("--dry-run" shows what it would do), then start again.',
  ],
  L053: [
    'error',
    'DATABASE_URL_DIRECT is set, and DATABASE_URL names no PostgreSQL database',
    'Remove it: it is the way past PgBouncer to the same database.',
  ],
  L054: ['error', '{name} is not usable: {reason}', 'Write mysql://user:password@host:3306/database.'],
  L070: [
    'error',
    'ADMINS names what is no address: {value}',
    'List addresses with commas between them, alone or as "Ops <ops@example.com>".',
  ],
  L060: ['error', 'The configuration file {file} cannot be read: {reason}', 'See --config, or mend the file.'],
  L061: ['error', 'The configuration file {file}: {reason}', 'The options are those of latchkey() in code.'],
  L080: ['error', 'METRICS_PORT is not a port: {value}', 'Take a number from 0 to 65535; 9464 is usual.'],
  L081: [
    'error',
    'METRICS_HOST is {value} and there is no METRICS_TOKEN: others could read how much is attacked and what works',
    'Set METRICS_TOKEN to 32 random characters ("latchkey secret" makes some), or leave METRICS_HOST out.',
  ],
  L082: ['error', 'METRICS_TOKEN is short, a sample or repeats itself', 'Make one with "latchkey secret".'],
  L083: [
    'warning',
    'METRICS_HOST or METRICS_TOKEN is set without METRICS_PORT: no metrics are served',
    'Set METRICS_PORT, such as 9464, or remove them.',
  ],
  L084: [
    'error',
    'METRICS_HOST is not an address to listen on: {value}',
    'Write 127.0.0.1, ::1, 0.0.0.0 or a host name.',
  ],
  L090: [
    'error',
    'BREACHED_PASSWORDS_URL cannot be used: {value}',
    'Write https://…/range/ with the slash at its end; http is for this machine alone.',
  ],
  L091: ['error', '{reason}', 'See docs/hooks.md.'],
  L100: [
    'error',
    'earlier.django is set without DJANGO_SECRET_KEY: no link of Django can be read',
    "Set DJANGO_SECRET_KEY to the site's own SECRET_KEY, or remove earlier.",
  ],
  L101: ['error', '{reason}', 'See docs/adopt/django.md.'],
} as const satisfies Record<string, Row>

/** A finding by its number, with what was found. `level` may be milder where DEBUG allows more. */
export function finding(
  code: FindingCode,
  found: Readonly<Record<string, string | number>> = {},
  level?: Finding['level'],
): Finding {
  const [usual, sentence, hint] = findings[code]
  const fill = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (whole, name) => tame(found[name] ?? whole))
  return { code, level: level ?? usual, message: fill(sentence), hint: fill(hint) }
}

/** Values come from outside: no control characters, and no more than a few lines of them. */
const tame = (value: string | number): string =>
  String(value)
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .slice(0, 500)

/** Findings as people read them, two lines each. */
export const told = (findings: readonly Finding[]): string =>
  findings
    .map(
      ({ code, level, message, hint }) =>
        `${code} ${level === 'error' ? 'error' : 'warning'}: ${message}\n     ${hint}\n`,
    )
    .join('')

/** Whether the server may start. */
export const isSound = (findings: readonly Finding[]): boolean => findings.every(({ level }) => level === 'warning')

/** Exit code where they keep the program from starting: `EX_CONFIG` of `sysexits.h`. */
export const badConfiguration = 78
