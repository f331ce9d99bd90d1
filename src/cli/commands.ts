/** Every command, in the order of the help. Each is loaded when it is asked for: `secret` needs no server. */
import type { Command } from './command.ts'

/** A command by its name as typed, `accounts add`. */
export type Entry = {
  readonly name: string
  readonly summary: string
  /** Listed in a group of its own. */
  readonly development?: boolean
  readonly load: () => Promise<Command>
}

export const commands: readonly Entry[] = [
  {
    name: 'serve',
    summary: 'the server, and its letters',
    load: async () => (await import('./serve.ts')).serve,
  },
  {
    name: 'worker',
    summary: 'letters, sealing and clean-up only, beside "serve --no-worker"',
    load: async () => (await import('./worker.ts')).worker,
  },
  {
    name: 'migrate',
    summary: 'shows, then applies what the database lacks',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  {
    name: 'backup',
    summary: 'copies an SQLite database while it is in use',
    load: async () => (await import('./backup.ts')).backup,
  },
  {
    name: 'adopt',
    summary: 'looks at a database with accounts, and writes the configuration for them',
    load: async () => (await import('./adopt.ts')).adopt,
  },
  {
    name: 'accounts add',
    summary: "adds an account to Latchkey's own table",
    load: async () => (await import('./accounts-add.ts')).accountsAdd,
  },
  {
    name: 'accounts import',
    summary: "adds accounts from a file to Latchkey's own table",
    load: async () => (await import('./accounts-import.ts')).accountsImport,
  },
  {
    name: 'accounts list',
    summary: 'prints the accounts, a line each',
    load: async () => (await import('./accounts-list.ts')).accountsList,
  },
  {
    name: 'doctor',
    summary: 'checks configuration, database, accounts, mail server and clock',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'audit tail',
    summary: 'prints the newest events, and those that come',
    load: async () => (await import('./audit-tail.ts')).auditTail,
  },
  {
    name: 'audit verify',
    summary: 'says what was altered, added or taken away',
    load: async () => (await import('./audit-verify.ts')).auditVerify,
  },
  {
    name: 'audit export',
    summary: 'writes events as CSV or JSON lines',
    load: async () => (await import('./audit-export.ts')).auditExport,
  },
  {
    name: 'audit erase',
    summary: 'takes what tells of one person out of the events',
    load: async () => (await import('./audit-erase.ts')).auditErase,
  },
  {
    name: 'mail test',
    summary: 'sends a test letter to an address',
    load: async () => (await import('./mail-test.ts')).mailTest,
  },
  {
    name: 'mail preview',
    summary: 'writes every letter to files, to be looked at',
    load: async () => (await import('./mail-preview.ts')).mailPreview,
  },
  {
    name: 'captcha set',
    summary: 'sets the captcha of a form up, while the servers run',
    load: async () => (await import('./captcha-set.ts')).captchaSet,
  },
  {
    name: 'captcha show',
    summary: 'prints which forms ask for which captcha',
    load: async () => (await import('./captcha-show.ts')).captchaShow,
  },
  {
    name: 'captcha off',
    summary: 'takes the captcha of a form back',
    load: async () => (await import('./captcha-off.ts')).captchaOff,
  },
  {
    name: 'secret',
    summary: 'prints a new value for SECRET_KEY',
    load: async () => (await import('./secret.ts')).secret,
  },
  {
    name: 'start',
    summary: 'a server to try everything with, on this machine only',
    development: true,
    load: async () => (await import('./start.ts')).start,
  },
]
