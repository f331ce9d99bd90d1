/** A link to a page for the new password. */
import type { Say } from '../../words/index.ts'
import type { LetterContent } from '../letter.ts'
import { type Draft, words } from './block.ts'
import { asked, closing, greeting, lifetime, notYou, which } from './proof.ts'

/** The letter of a link flow. */
export function link(say: Say, content: Extract<LetterContent, { kind: 'link' }>): Draft {
  return {
    subject: say('letter.subject', { brand: content.brand.name }),
    preview: say('letter.preview'),
    blocks: [
      greeting(say, content),
      asked(say, content),
      ...which(say, content),
      words(say('letter.link')),
      { kind: 'link', href: content.link, label: say('letter.button'), copy: say('letter.copy') },
      ...lifetime(say, content),
      ...notYou(say, content),
      ...closing(say, content),
    ],
  }
}
