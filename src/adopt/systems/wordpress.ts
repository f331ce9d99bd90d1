/** WordPress: `wp_users`, whatever stands before its names. Told of, and not adopted. */
import { columnNamed, idOf, type Table } from '../source.ts'
import { type Proposal, proposal } from '../system.ts'

/** A table of users with `user_login`, `user_pass` and `user_activation_key`. */
export const wordpress = (tables: readonly Table[]): Proposal[] =>
  tables.flatMap((table) => {
    const [login, password, email, key] = ['user_login', 'user_pass', 'user_email', 'user_activation_key'].map((name) =>
      columnNamed(table, name),
    )
    if (!login || !password || !email || !key) return []
    const mapping = { table: table.name, id: idOf(table) ?? 'ID', email, password, username: login }
    return proposal('WordPress', mapping, {
      forms: ['wordpress'],
      refused:
        'WordPress lives in MySQL or MariaDB, which Latchkey does not write yet, and this is a copy that WordPress does not read.',
    })
  })
