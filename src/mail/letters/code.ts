/** Digits to type where one asked. */
import type { Say } from '../../words/index.ts'
import type { LetterContent } from '../letter.ts'
import { type Draft, words } from './block.ts'
import { asked, closing, greeting, lifetime, notYou } from './proof.ts'

/** The letter of a code flow. The code stands in its body only: subjects are shown on locked screens and kept in logs. */
export function code(say: Say, content: Extract<LetterContent, { kind: 'code' }>): Draft {
  return {
    subject: say('letter.subject', { brand: content.brand.name }),
    preview: say('letter.preview'),
    blocks: [
      greeting(say, content),
      asked(say, content),
      words(say('letter.link')),
      { kind: 'code', code: content.code },
      words(say('letter.where')),
      ...lifetime(say, content),
      ...notYou(say, content),
      ...closing(say, content),
    ],
  }
}
