/** Reasons that may stand in a label: those that the engine gives the audit. Any other is counted as `other`. */

const known: ReadonlySet<string> = new Set([
  // Proofs.
  'unknown',
  'not genuine',
  'not genuine, or the account has changed',
  'the account has changed',
  'the account has changed, or the code was proved again',
  'another account',
  'another address',
  'another browser',
  'a link was mailed',
  'used or revoked',
  'expired',
  'grant expired',
  'not a grant',
  'not in the users table',
  'no tries left',
  'wrong code',
  'proved before',
  'another was first',
  'key is gone',
  // Accounts.
  'no account',
  'not active',
  'not verified',
  'signs in elsewhere',
  'a letter for each account',
  'second factor',
  'wrong password',
  'log-ins-per-account',
  // Changes that another system did not make.
  'the account had changed',
  'the accounts did not answer',
  'it could not be set',
  'it was never set',
  'another is under way',
  // Rules of passwords.
  'too-short',
  'too-long',
  'no-upper',
  'no-lower',
  'no-digit',
  'no-special',
  'all-digits',
  'common',
  'is-name',
  'holds-name',
  'same-as-current',
  'used-before',
  'mismatch',
  'unprintable',
  'empty',
])

/** The reason as a label has it. */
export const reasonLabel = (because: string | null): string =>
  because !== null && known.has(because) ? because : 'other'
