/** The notice that a password was changed, for the owner who did not do it. */

import { byTheClock } from '../../words/clock.ts'
import type { Say } from '../../words/index.ts'
import type { LetterContent } from '../letter.ts'
import { type Draft, small, words } from './block.ts'
import { closing, greeting } from './proof.ts'

/** "Your password was changed". */
export function changed(say: Say, content: Extract<LetterContent, { kind: 'changed' }>): Draft {
  const at = byTheClock(content.locale, content.at)
  const out = content.endsSessions === false ? [] : [say('notice.changed.out')]
  return {
    subject: say('notice.changed.subject', { brand: content.brand.name }),
    preview: say('notice.changed.preview'),
    blocks: [
      greeting(say, content),
      words([say('notice.changed.text', { at }), ...out].join(' ')),
      words(say('notice.changed.you')),
      words(say('notice.changed.not-you')),
      { kind: 'link', href: content.askUrl, label: say('notice.button'), copy: say('letter.copy') },
      ...(content.supportUrl ? [small(`${say('notice.support')} ${content.supportUrl}`)] : []),
      ...closing(say, content),
    ],
  }
}
