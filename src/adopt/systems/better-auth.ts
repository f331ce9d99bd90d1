/** better-auth: `user` and, with the passwords, `account`. https://www.better-auth.com/docs/concepts/database */

import { usual } from '../guess.ts'
import { bare, columnNamed, hasTable, type Table, tableNamed } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

const held = ['account_id', 'provider_id', 'user_id', 'password']

/** Both tables, in either spelling, alone or in the plural, whatever stands before their names. */
export const betterAuth = (tables: readonly Table[]): Proposal[] =>
  tables.flatMap((accounts) => {
    if (!held.every((column) => columnNamed(accounts, column))) return []
    const named = [accounts.name.replace(/account(s?)$/i, 'user$1'), accounts.name.replace(/accounts?$/i, 'users')]
    const users = tableNamed(tables, named.map(bare), 'id', 'email', 'email_verified')
    return users && users !== accounts ? [pair(tables, users, accounts)] : []
  })

function pair(tables: readonly Table[], users: Table, accounts: Table): Proposal {
  const name = (column: string): string | undefined => columnNamed(users, column)
  const banned = name('banned')
  const mapping = defined({
    table: users.name,
    id: name('id')!,
    email: name('email')!,
    password: columnNamed(accounts, 'password')!,
    credentials: {
      table: accounts.name,
      account: columnNamed(accounts, 'user_id')!,
      where: { [columnNamed(accounts, 'provider_id')!]: 'credential' },
    },
    where: banned === undefined ? undefined : { [banned]: false },
    verified: name('email_verified'),
    username: name('username'),
    locale: usual(users).locale,
    secondFactor: name('two_factor_enabled'),
  })
  return proposal('better-auth', mapping, {
    forms: ['better-auth'],
    lowers: true,
    lasts: [
      hasTable(tables, 'session') || hasTable(tables, 'sessions')
        ? 'sessions: their rows stay, until better-auth ends them'
        : 'sessions, until they expire',
    ],
    notes: [
      'An account without a password (Google, GitHub and the like) gets no link: its letter says that it signs in elsewhere.',
      'Where better-auth is given a hash of its own (emailAndPassword.password), say it with "hash".',
    ],
  })
}
