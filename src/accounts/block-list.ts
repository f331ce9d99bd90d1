/** Passwords that everybody tries first (NIST SP 800-63B-4, 3.1.1.2 asks for such a list). */
import { commonPasswords } from './common-passwords.ts'
import { lowerAscii } from './tidy.ts'

/** Characters of the shortest and the longest on the list; nothing else is looked up, however long the password. */
const shortest = 8
const longest = 32

let list: Set<string> | null = null

/**
 * Whether a password is on the list, in whatever case, or would be but for digits and punctuation put behind it
 * (`Password1!`). Compared whole: to hold a common word is no fault of a long password.
 */
export function isCommon(password: string): boolean {
  list ??= new Set(commonPasswords.split('\n'))
  const text = lowerAscii(password)
  for (let length = text.length; length >= shortest; length--) {
    if (length <= longest && list.has(text.slice(0, length))) return true
    if (/[a-z]|[^\0-\x7F]/.test(text.charAt(length - 1))) return false
  }
  return false
}
