/** Rails: Devise's `encrypted_password`, and `has_secure_password`'s `password_digest` (the generator of Rails 8). */

import { sessionsIn, undeleted, usual } from '../guess.ts'
import { columnNamed, hasTable, idOf, type Table } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

/** Every model with one of the two columns, but Supabase's. */
export const rails = (tables: readonly Table[]): Proposal[] =>
  tables.flatMap((table) => {
    if (columnNamed(table, 'instance_id') && columnNamed(table, 'raw_user_meta_data')) return []
    const [encrypted, digest] = [columnNamed(table, 'encrypted_password'), columnNamed(table, 'password_digest')]
    const email = columnNamed(table, 'email', 'email_address')
    const id = idOf(table)
    const isRails = hasTable(tables, 'ar_internal_metadata') || hasTable(tables, 'schema_migrations')
    if (!id || !email || table.isView) return []
    const { username, locale, secondFactor } = usual(table)
    const where = undeleted(table)
    const mapping = { table: table.name, id, email, username, locale, secondFactor, where }
    if (encrypted) {
      const verified = columnNamed(table, 'confirmed_at')
      return [devise(table, defined({ ...mapping, password: encrypted, verified, sessions: 'with-password' as const }))]
    }
    return digest && isRails
      ? [secure(defined({ ...mapping, password: digest, sessions: sessionsIn(tables, ['sessions'], ['user_id']) }))]
      : []
  })

function devise(table: Table, mapping: Proposal['mapping']): Proposal {
  const remembers = columnNamed(table, 'remember_token')
  const locks = columnNamed(table, 'locked_at')
  return proposal('Rails with Devise', mapping, {
    forms: ['devise'],
    lowers: true,
    ends: [
      "sessions, by Devise's salt, which hangs on the password",
      ...(columnNamed(table, 'remember_created_at') && !remembers ? ['"remember me", by the same'] : []),
    ],
    lasts: [
      ...(remembers ? [`"remember me": "${remembers}" stays as it is`] : []),
      ...(columnNamed(table, 'jti') ? ['JSON web tokens of devise-jwt'] : []),
    ],
    commented: {
      config: [],
      environment: ['config.pepper of config/initializers/devise.rb, if there is one.', 'HASH_PEPPER='],
    },
    notes: [
      'A pepper (config.pepper of config/initializers/devise.rb) goes into HASH_PEPPER: without it no password would be right, and Devise would not know the new ones.',
      'Devise makes addresses lower-case by itself; where config.case_insensitive_keys says otherwise, leave out "compare".',
      ...(locks
        ? [`An account that Devise has locked stays locked: a reset by Latchkey leaves "${locks}" alone.`]
        : []),
    ],
  })
}

const secure = (mapping: Proposal['mapping']): Proposal =>
  proposal('Rails with has_secure_password', mapping, {
    forms: ['devise'],
    lowers: true,
    ends: mapping.sessions ? ['sessions: their rows in "sessions" are deleted with the change'] : [],
    lasts: mapping.sessions ? [] : ['sessions, until they expire'],
  })
