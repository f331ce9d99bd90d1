/** Supabase's `auth.users`. https://github.com/supabase/auth, folder `migrations`. */
import { sessionsIn } from '../guess.ts'
import { columnNamed, hasTable, type Table } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

/** Of every project: it holds one. */
const instance = '00000000-0000-0000-0000-000000000000'

/** A table of users with `instance_id`, `encrypted_password` and `raw_user_meta_data`. */
export const supabase = (tables: readonly Table[]): Proposal[] =>
  tables.flatMap((table) => {
    const name = (column: string): string | undefined => columnNamed(table, column)
    const [password, email, instanceId] = [name('encrypted_password'), name('email'), name('instance_id')]
    if (!password || !email || !instanceId || !name('raw_user_meta_data')) return []
    const deleted = name('deleted_at')
    const sessions = sessionsIn(tables, [table.name.replace(/users$/, 'sessions')], ['user_id'])
    const mapping = defined({
      table: table.name,
      id: name('id') ?? 'id',
      email,
      password,
      // As Supabase itself asks, so that its index serves.
      where: { [instanceId]: instance, ...(deleted ? { [deleted]: null } : {}) },
      verified: name('email_confirmed_at') ?? name('confirmed_at'),
      signOn: name('is_sso_user'),
      sessions,
    })
    return proposal('Supabase', mapping, {
      forms: ['supabase'],
      lowers: true,
      ends: sessions
        ? [`sessions and their refresh tokens: the rows in "${sessions.table}" are deleted with the change`]
        : [],
      lasts: [...(sessions ? [] : ['sessions and refresh tokens']), 'access tokens, until they expire'],
      notes: [
        ...(name('banned_until')
          ? [
              'A ban ("banned_until") is not read: who is banned can set a password, and Supabase still refuses the log-in.',
            ]
          : []),
        ...(hasTable(tables, 'mfa_factors')
          ? ['Second factors stand in "auth.mfa_factors" and are left as they are.']
          : []),
        'Latchkey\'s tables are made in the first schema of the role\'s search path; the role must be allowed to update "auth.users", as "postgres" is.',
      ],
    })
  })
