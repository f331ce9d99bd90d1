/**
 * How strong a password is, and why: guesses are counted as an attacker makes them (zxcvbn, USENIX Security 2016). Fetched
 * where a new password is typed and nowhere else; it advises, the server judges.
 */

import { graphs, passwords } from 'virtual:dictionary'
import { type MatchExtended, ZxcvbnFactory } from '@zxcvbn-ts/core'

/** What would make it stronger; the sentences come with the page. */
export type Advice = 'common' | 'word' | 'name' | 'keys' | 'repeat' | 'sequence' | 'date' | 'longer'

export type Judgement = { readonly level: 'weak' | 'fair' | 'strong'; readonly advice: readonly Advice[] }

// As with any input of unknown length: the time grows with its square, and no more is needed to call it strong.
const longest = 72

const zxcvbn = new ZxcvbnFactory({ dictionary: { passwords: passwords.split(' ') }, graphs, maxLength: longest })

/** Which of its parts costs an attacker least, as advice. */
function adviceFor(match: MatchExtended, isWhole: boolean): Advice | null {
  switch (match.pattern) {
    case 'dictionary':
      if (match.dictionaryName === 'userInputs') return 'name'
      return isWhole ? 'common' : 'word'
    case 'spatial':
      return 'keys'
    case 'repeat':
      return 'repeat'
    case 'sequence':
      return 'sequence'
    case 'date':
    case 'regex':
      return 'date'
    default:
      return null
  }
}

/** Judges `password`; `names` are what its owner is called here. */
export function judge(password: string, names: readonly string[]): Judgement {
  const text = password.slice(0, longest)
  const { score, sequence } = zxcvbn.check(text, [...names])
  const level = score < 2 ? 'weak' : score < 4 ? 'fair' : 'strong'
  if (level === 'strong') return { level, advice: [] }
  const [cheapest] = sequence
    .filter((match) => match.pattern !== 'bruteforce')
    .sort((a, b) => b.token.length - a.token.length)
  const why = cheapest && adviceFor(cheapest, cheapest.token.length === text.length)
  return { level, advice: why ? [why, 'longer'] : ['longer'] }
}
