/** The development inbox: letters kept in memory, newest first, a hundred at most. */
import type { Mail } from '../engine/ports.ts'

export type Inbox = {
  readonly letters: readonly (Mail & { readonly id: string; readonly at: number })[]
  add(mail: Mail, at: number): void
}

/** Holds the letters that `/dev/inbox/` and tests read. */
export function inbox(most = 100): Inbox {
  const letters: (Mail & { id: string; at: number })[] = []
  let count = 0
  return {
    letters,
    add(mail, at) {
      letters.unshift({ ...mail, id: String(++count), at })
      letters.length = Math.min(letters.length, most)
    },
  }
}
