/** Pure judgements: this account may recover, this password may be set. */
import type { Flow, PasswordRule } from './flow.ts'
import type { Unmet } from './outcome.ts'
import type { Account } from './ports.ts'

/** The most code points that a password may have; longer is refused before anything is hashed. */
export const longest = 256

/** Why an account may not recover by a flow. */
export type Ineligible = 'no account' | 'not active' | 'not verified' | 'signs in elsewhere'

/** Why this account may not recover by this flow; null when it may. For the audit alone. A second factor is no reason. */
export function ineligible(flow: Flow, account: Account | null): Ineligible | null {
  if (!account) return 'no account'
  if (!account.active) return 'not active'
  if (flow.eligible === 'verified' && !account.verified) return 'not verified'
  if (account.signOn) return 'signs in elsewhere'
  return null
}

/** What a password is judged beside. */
export type Beside = {
  readonly confirm: string | null
  readonly account: Pick<Account, 'email' | 'username'>
  readonly isCommon: (password: string) => boolean
  /** Why the table's form of hashes cannot hold it whole. Absent: it holds every one. */
  readonly refuses?: (password: string) => Unmet | null
}

/** Every rule that the password breaks, cheap ones only: nothing is hashed here. */
export function judge(rule: PasswordRule, password: string, beside: Beside): Unmet[] {
  if (password === '') return ['empty']
  const length = [...password].length
  if (length > longest) return ['too-long']
  const unmet: Unmet[] = []
  const broken = (is: boolean, code: Unmet): void => void (is && unmet.push(code))
  broken(!isPrintable(password), 'unprintable')
  broken(length < rule.min, 'too-short')
  // Letters of scripts without case count as both, so that nobody is kept out by the alphabet they write in.
  broken(rule.upper && !/[\p{Lu}\p{Lt}\p{Lo}]/u.test(password), 'no-upper')
  broken(rule.lower && !/[\p{Ll}\p{Lo}]/u.test(password), 'no-lower')
  broken(rule.digit && !/\p{Nd}/u.test(password), 'no-digit')
  broken(rule.special && !/[^\p{L}\p{N}\p{M}]/u.test(password), 'no-special')
  broken(rule.notAllDigits && /^\p{Nd}+$/u.test(password), 'all-digits')
  broken(beside.isCommon(password), 'common')
  const cut = beside.refuses?.(password)
  if (cut) unmet.push(cut)
  unmet.push(...namesIn(password, beside.account))
  broken(beside.confirm !== null && beside.confirm !== password, 'mismatch')
  return unmet
}

/** Control characters and lone surrogates have no place in a password (RFC 8265); most hashes cut at NUL. */
const isPrintable = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text)

function namesIn(password: string, account: Beside['account']): Unmet[] {
  const lower = password.toLowerCase()
  const names = [account.username, account.email].flatMap((name) => (name ? [name.toLowerCase()] : []))
  if (names.includes(lower)) return ['is-name']
  const parts = [account.username?.toLowerCase(), account.email.toLowerCase().split('@')[0]]
  return parts.some((part) => part && [...part].length >= 4 && lower.includes(part)) ? ['holds-name'] : []
}
