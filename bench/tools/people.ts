/** Addresses of the measures: all of one length, so that no answer differs by its size. */

/** Everybody's password. */
export const password = 'Str0ng-Horse-Staple!'

/** The address of the account with this number. */
export const addressOf = (number: number): string => `known${String(number).padStart(6, '0')}@example.org`

/** The address of an account whose hash is of a form that another system wrote, or that has none. */
export const foreignOf = (number: number): string => `forgn${String(number).padStart(6, '0')}@example.org`

/**
 * What stands in tables that several systems have written: nothing (single sign-on, or invited), what is broken, and hashes
 * of several forms and ages, cheaper than of today so that many can be measured. A difference is as large beside them.
 */
export const foreignHashes: readonly (string | null)[] = [
  null,
  '!k2Xq8JwB1lYtq0vYw3fQm7pZr5sUe9aHd4cGb6nT',
  '$argon2id$v=19$m=19456,t=2,p=1$truncated',
  '$2b$31$8Y9WPy5YqxxFuqO2YjRbIeDc/N04z832eoioYsUms95fMXf97f5P.',
  '$2b$06$dco02rDVjVtphqruSkFtU.v8z6gX8KlEj/5MkE1UWCAt2wsyp7Ku2',
  '$2b$05$8Y9WPy5YqxxFuqO2YjRbIeDc/N04z832eoioYsUms95fMXf97f5P.',
  'pbkdf2_sha256$20000$2bba5eb786483558$sf82QrnGRHRQWBsN/tFm/+Lihy5QBC98skmWVmQ6+Bo=',
  'pbkdf2_sha256$8000$3e1eef67ac3af893$BZBxnmwjjXuwxvaKDMWCMBHaBgjn6x5ZszIbkDZZoAQ=',
  '$P$BcfOFxYTAmunIXUFJI3mulzxIBH6D5/',
]

/** An address that no account has. */
export const strangerOf = (number: number): string => `stran${String(number).padStart(6, '0')}@example.org`
