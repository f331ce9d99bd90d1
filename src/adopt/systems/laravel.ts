/** Laravel: `users` of `database/migrations/0001_01_01_000000_create_users_table.php`, with Fortify's columns where they are. */

import { sessionsIn, undeleted, usual } from '../guess.ts'
import { columnNamed, hasTable, type Table, tableNamed } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

/** `users` with `remember_token`, beside the record of Laravel's migrations. */
export function laravel(tables: readonly Table[]): Proposal[] {
  const table = tableNamed(tables, ['users'], 'id', 'email', 'password', 'remember_token')
  if (!table || !tableNamed(tables, ['migrations'], 'migration', 'batch')) return []
  const name = (column: string): string | undefined => columnNamed(table, column)
  const { username, locale } = usual(table)
  const sessions = sessionsIn(tables, ['sessions'], ['user_id'])
  const mapping = defined({
    table: table.name,
    id: name('id')!,
    email: name('email')!,
    password: name('password')!,
    username,
    locale,
    verified: name('email_verified_at'),
    secondFactor: name('two_factor_confirmed_at') ?? name('two_factor_secret'),
    where: undeleted(table),
    sessions,
  })
  return [
    proposal('Laravel', mapping, {
      forms: ['laravel', 'argon2id'],
      ends: sessions
        ? ['sessions: their rows in "sessions" are deleted with the change']
        : ['sessions, where the middleware AuthenticateSession (auth.session) runs'],
      lasts: [
        ...(sessions ? [] : ['sessions without that middleware']),
        '"remember me": "remember_token" stays as it is',
        ...(hasTable(tables, 'personal_access_tokens') ? ['tokens of Sanctum'] : []),
        ...(hasTable(tables, 'oauth_access_tokens') ? ['tokens of Passport'] : []),
      ],
      notes: ["Where config/hashing.php says argon2id, say hash: 'argon2id'."],
    }),
  ]
}
