/** The notice that somebody typed many wrong codes. */

import { byTheClock } from '../../words/clock.ts'
import type { Say } from '../../words/index.ts'
import type { LetterContent } from '../letter.ts'
import { type Draft, small, words } from './block.ts'
import { closing, greeting } from './proof.ts'

/** "Too many wrong codes". */
export function tooManyTries(say: Say, content: Extract<LetterContent, { kind: 'too-many-tries' }>): Draft {
  const at = byTheClock(content.locale, content.at)
  return {
    subject: say('notice.tries.subject', { brand: content.brand.name }),
    preview: say('notice.tries.preview'),
    blocks: [
      greeting(say, content),
      words(say('notice.tries.text', { at })),
      words(`${say('notice.tries.unchanged')} ${say('notice.tries.not-you')}`),
      words(`${say('notice.tries.link')} ${say('notice.tries.you')}`),
      { kind: 'link', href: content.askUrl, label: say('notice.button'), copy: say('letter.copy') },
      ...(content.supportUrl ? [small(`${say('notice.support')} ${content.supportUrl}`)] : []),
      ...closing(say, content),
    ],
  }
}
