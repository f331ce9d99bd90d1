/** WordPress: `wp_users`, whatever stands before its names; of `wp-admin/includes/schema.php`. */
import { undeleted } from '../guess.ts'
import { columnNamed, hasTable, idOf, type Table } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

/** A table of users with `user_login`, `user_pass` and `user_activation_key`. */
export const wordpress = (tables: readonly Table[]): Proposal[] =>
  tables.flatMap((table) => {
    const [login, password, email, key] = ['user_login', 'user_pass', 'user_email', 'user_activation_key'].map((name) =>
      columnNamed(table, name),
    )
    if (!login || !password || !email || !key) return []
    // Of a network of sites: who is marked as spam may not log in.
    const spam = columnNamed(table, 'spam')
    const where = { ...undeleted(table), ...(spam === undefined ? {} : { [spam]: false }) }
    const mapping = defined({
      table: table.name,
      id: idOf(table) ?? 'ID',
      email,
      password,
      username: login,
      where: Object.keys(where).length > 0 ? where : undefined,
      // Its cookies hold a piece of the hash (wp_generate_auth_cookie).
      sessions: 'with-password' as const,
    })
    const shops = table.name.replace(/users$/, 'woocommerce_sessions')
    return proposal('WordPress', mapping, {
      forms: ['wordpress', 'wordpress-phpass'],
      ends: ['sessions in every browser: their cookies hold a piece of the hash'],
      lasts: [
        'application passwords (the profile has a button for it)',
        `a link that WordPress itself mailed before, for a day: it hangs on "${key}"`,
        ...(hasTable(tables, shops) ? ['the cart of WooCommerce, which holds no log-in'] : []),
      ],
      notes: [
        "WordPress before 6.8 reads no form but 'wordpress-phpass': where no row tells, say which it is.",
        'A second factor is a plug-in’s, in a table that Latchkey does not know: nobody is logged in by a reset, so it is asked for as before.',
      ],
    })
  })
