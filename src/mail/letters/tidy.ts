/** Makes text of strangers harmless in a letter. */

/** The most characters of a name that a letter repeats. */
const longest = 64

// Controls (a line break would start a header), what is invisible, and what turns the direction of a line.
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu

/** One line without controls: a subject that can hold no header of its own. */
export const oneLine = (text: string): string => text.replace(unseen, ' ').replace(/\s+/g, ' ').trim()

/**
 * A name as a letter may repeat it: one line, 64 characters at most, and where it looks like an address, broken by
 * word joiners, which nobody sees and mail programs do not make a link of. Else an account named "win at evil.example"
 * would turn our own letter into the sender of that link.
 */
export function safeName(name: string): string {
  const short = [...oneLine(name)].slice(0, longest).join('').trim()
  return /:\/\/|www\.|@|\.\p{L}{2}/iu.test(short) ? short.replace(/[.:/@]/g, '\u2060$&\u2060') : short
}
