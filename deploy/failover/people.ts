/** Whom the accounts belong to, and what is in their letters. */
import type { Received } from '../../test/promises/mail-server.ts'

/** The address of each, by number. */
export const addressOf = (at: number): string => `person.${at}@example.org`

/** The token of the link in a letter; null where it is a notice. */
export async function tokenIn(letter: Received): Promise<string | null> {
  return tokenOf((await letter.parsed()).text ?? '')
}

/** The token in a text that holds a link of the flow spa; null where none is. */
export const tokenOf = (text: string): string | null => /reset-password\/([\w-]{65})/.exec(text)?.[1] ?? null
