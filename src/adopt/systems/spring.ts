/** Spring Security with a users table of JHipster's kind: `jhi_user`, `login`, `password_hash`, `activated`. */

import { usual } from '../guess.ts'
import { columnNamed, hasTable, idOf, type Table } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

/** A table with `login`, `password_hash` and `activated`; and Spring's own `users`, which has no addresses. */
export const spring = (tables: readonly Table[]): Proposal[] =>
  tables.flatMap((table) => [...jhipster(tables, table), ...own(tables, table)])

function jhipster(tables: readonly Table[], table: Table): Proposal[] {
  const name = (column: string): string | undefined => columnNamed(table, column)
  const [login, password, activated, email, id] = [
    name('login'),
    name('password_hash'),
    name('activated'),
    name('email'),
    idOf(table),
  ]
  if (!login || !password || !activated || !email || !id) return []
  const { locale } = usual(table)
  const mapping = defined({ table: table.name, id, email, password, username: login, active: activated, locale })
  return [
    proposal("Spring Security, of JHipster's kind", mapping, {
      forms: ['devise', 'bcrypt', 'spring', 'spring-argon2', 'spring-pbkdf2', 'spring-scrypt'],
      lowers: true,
      lasts: [
        hasTable(tables, 'spring_session')
          ? 'sessions: their rows in "spring_session" stay'
          : 'sessions and JSON web tokens, until they expire',
        ...(hasTable(tables, 'jhi_persistent_token') ? ['"remember me": rows in "jhi_persistent_token" stay'] : []),
      ],
    }),
  ]
}

function own(tables: readonly Table[], table: Table): Proposal[] {
  const [username, password, enabled] = ['username', 'password', 'enabled'].map((name) => columnNamed(table, name))
  if (!username || !password || !enabled || !hasTable(tables, 'authorities') || columnNamed(table, 'email')) return []
  const mapping = { table: table.name, id: username, email: username, password, username, active: enabled }
  return [
    proposal('Spring Security', mapping, {
      forms: ['spring'],
      refused: `"${table.name}" has no column of addresses, so there is nowhere to send a letter to. Where the user names are addresses, write the mapping by hand: docs/adopt/spring.md.`,
    }),
  ]
}
