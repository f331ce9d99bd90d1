/** better-auth: `user` and, with the passwords, `account`. https://www.better-auth.com/docs/concepts/database */

import { sessionsIn, usual } from '../guess.ts'
import { bare, columnNamed, type Table, tableNamed } from '../source.ts'
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
  const sessions = sessionsIn(tables, ['session', 'sessions'], ['user_id'])
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
    sessions,
  })
  return proposal('better-auth', mapping, {
    forms: ['better-auth'],
    lowers: true,
    ends: sessions ? [`sessions: their rows in "${sessions.table}" are deleted with the change`] : [],
    lasts: sessions
      ? ['a session that better-auth keeps in a cookie (cookieCache), for its five minutes']
      : ['sessions, until they expire'],
    notes: [
      'An account without a password (Google, GitHub and the like) gets no link: its letter says that it signs in elsewhere.',
      'Where better-auth is given a hash of its own (emailAndPassword.password), say it with "hash".',
    ],
  })
}
