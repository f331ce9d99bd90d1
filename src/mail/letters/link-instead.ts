/** A link where the flow would send a code: too many wrong ones were typed, or several accounts have the address. */
import type { Say } from '../../words/index.ts'
import type { LetterContent } from '../letter.ts'
import { type Draft, words } from './block.ts'
import { closing, greeting, lifetime, notYou, which } from './proof.ts'

/** The letter of a code flow whose codes are used up. The link works in any browser. */
export function linkInstead(say: Say, content: Extract<LetterContent, { kind: 'link-instead' }>): Draft {
  return {
    subject: say('instead.subject', { brand: content.brand.name }),
    preview: say('letter.preview-link'),
    blocks: [
      greeting(say, content),
      ...(!content.which ? [words(say('instead.why'))] : which(say, content)),
      words(say('instead.text')),
      { kind: 'link', href: content.link, label: say('notice.button'), copy: say('letter.copy') },
      ...lifetime(say, content),
      ...notYou(say, content),
      ...closing(say, content),
    ],
  }
}
