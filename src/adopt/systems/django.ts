/** Django: `auth_user`, or any model of `AbstractBaseUser`. Its columns: `django/contrib/auth/base_user.py`. */

import { undeleted, usual } from '../guess.ts'
import { columnNamed, hasTable, idOf, type Table } from '../source.ts'
import { defined, type Proposal, proposal } from '../system.ts'

const tokens: readonly (readonly [table: string, what: string])[] = [
  ['authtoken_token', 'tokens of Django REST framework'],
  ['token_blacklist_outstandingtoken', 'JSON web tokens of simplejwt, until they expire'],
  ['knox_authtoken', 'tokens of knox'],
  ['oauth2_provider_accesstoken', 'access and refresh tokens of OAuth toolkit'],
]
const factors = ['otp_totp_totpdevice', 'two_factor_phonedevice', 'mfa_authenticator']

/** A model with `password` and `last_login`, beside the record of Django's migrations. */
export function django(tables: readonly Table[]): Proposal[] {
  if (!hasTable(tables, 'django_migrations') && !hasTable(tables, 'auth_user')) return []
  return tables.flatMap((table) => {
    const [password, login, email] = ['password', 'last_login', 'email'].map((name) => columnNamed(table, name))
    const address = email ?? columnNamed(table, 'email_address', 'mail')
    const id = idOf(table)
    if (!password || !login || !address || !id || table.isView) return []
    const mapping = defined({
      table: table.name,
      id,
      email: address,
      password,
      username: usual(table).username,
      active: columnNamed(table, 'is_active'),
      lastLogin: login,
      where: undeleted(table),
      sessions: 'with-password' as const,
    })
    const isDefault = table.name.endsWith('auth_user')
    return proposal(isDefault ? 'Django' : 'Django, with a user model of its own', mapping, {
      forms: [
        'django',
        'django-argon2',
        'django-scrypt',
        'django-bcrypt-sha256',
        'django-bcrypt',
        'django-pbkdf2-sha1',
      ],
      ends: ["sessions, by Django's session hash, which hangs on the password"],
      lasts: tokens.filter(([name]) => hasTable(tables, name)).map(([, what]) => what),
      commented: {
        config: [
          "Links that Django has mailed go on working, with DJANGO_SECRET_KEY and the site's own settings:",
          "earlier: { django: { paths: ['/reset/:uid/:token/'], timeout: 259_200, timeZone: 'UTC' } },",
        ],
        environment: [
          "The site's own SECRET_KEY, for as long as links that it has mailed are to open; in single quotes.",
          "DJANGO_SECRET_KEY=''",
        ],
      },
      notes: [
        'An account whose password is unusable ("!…") gets no link, as in Django: its letter says that it signs in elsewhere.',
        ...factors
          .filter((name) => hasTable(tables, name))
          .map(
            (name) =>
              `Second factors stand in "${name}" and are left as they are; Latchkey's own log-in page does not ask for them, so log in through Django.`,
          ),
        ...(hasTable(tables, 'account_emailaddress')
          ? [
              'Whether an address is confirmed stands in allauth\'s "account_emailaddress", which a mapping does not reach: every address counts as confirmed.',
            ]
          : []),
      ],
    })
  })
}
