/** Addresses of the measures: all of one length, so that no answer differs by its size. */

/** Everybody's password. */
export const password = 'Str0ng-Horse-Staple!'

/** The address of the account with this number. */
export const addressOf = (number: number): string => `known${String(number).padStart(6, '0')}@example.org`

/** The address of an account whose hash is of a form that another system wrote, or that has none. */
export const foreignOf = (number: number): string => `forgn${String(number).padStart(6, '0')}@example.org`

/** Hashes that are not ours, as they stand in tables that several systems have written; null: single sign-on, or invited. */
export const foreignHashes: readonly (string | null)[] = [
  null,
  '!k2Xq8JwB1lYtq0vYw3fQm7pZr5sUe9aHd4cGb6nT',
  '$argon2id$v=19$m=19456,t=2,p=1$truncated',
  '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW',
  'pbkdf2_sha256$870000$Q1w2E3r4T5y6$3k1L0v8Yb0nq5V5u7lYcQH8s9ZyqT2o3Xr7aPqWfD6E=',
]

/** An address that no account has. */
export const strangerOf = (number: number): string => `stran${String(number).padStart(6, '0')}@example.org`
