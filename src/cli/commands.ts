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
    summary: 'letters and clean-up only, beside "serve --no-worker"',
    load: async () => (await import('./worker.ts')).worker,
  },
  {
    name: 'migrate',
    summary: 'shows, then applies what the database lacks',
    load: async () => (await import('./migrate.ts')).migrate,
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
    name: 'mail test',
    summary: 'sends a test letter to an address',
    load: async () => (await import('./mail-test.ts')).mailTest,
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
