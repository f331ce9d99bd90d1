/** Any other table with an address and a password. */
import { active, undeleted, usual, verified } from '../guess.ts'
import { columnNamed, idOf, type Table } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

const emails = ['email', 'email_address', 'mail', 'user_email', 'e_mail', 'login_email', 'primary_email']
const passwords = [
  'password_hash',
  'hashed_password',
  'password_digest',
  'encrypted_password',
  'crypted_password',
  'password',
  'passwd',
  'pass_hash',
  'pw_hash',
  'pwhash',
  'user_password',
  'user_pass',
  'pass',
  'pwd',
]

/** Tables in which both have one of the usual names. */
export const plainTables = (tables: readonly Table[]): Proposal[] =>
  tables.flatMap((table) => {
    const [email, password, id] = [columnNamed(table, ...emails), columnNamed(table, ...passwords), idOf(table)]
    if (!email || !password || !id) return []
    const { username, locale, secondFactor } = usual(table)
    const mapping = defined({
      table: table.name,
      id,
      email,
      password,
      where: undeleted(table),
      username,
      verified: verified(table),
      active: active(table),
      locale,
      secondFactor,
      signOn: columnNamed(table, 'is_sso_user', 'sso_only', 'sso_provider'),
    })
    return proposal(table.isView ? 'a view' : 'a table of its own kind', mapping, {
      lasts: [
        'sessions and tokens, as far as the application does not end them by itself: that cannot be seen from here',
      ],
      notes: ['The columns were told by their names: look at each line of the configuration before you go on.'],
    })
  })
