/** Addresses of the measures: all of one length, so that no answer differs by its size. */

/** Everybody's password. */
export const password = 'Str0ng-Horse-Staple!'

/** The address of the account with this number. */
export const addressOf = (number: number): string => `known${String(number).padStart(6, '0')}@example.org`

/** An address that no account has. */
export const strangerOf = (number: number): string => `stran${String(number).padStart(6, '0')}@example.org`
