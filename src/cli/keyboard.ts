import { userInfo } from 'node:os'

/** Who runs the command, as the machine knows them. */
export function atKeyboard(): string {
  try {
    return userInfo().username.replaceAll(/\p{Cc}/gu, ' ')
  } catch {
    // A container's user without a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
