/** For an account that has no password to reset: it signs in by single sign-on. Carries no proof and no way to one. */
import type { Say } from '../../words/index.ts'
import type { LetterContent } from '../letter.ts'
import { type Block, type Draft, small, words } from './block.ts'
import { closing, greeting } from './proof.ts'

/** "How to sign in". */
export function otherDoor(say: Say, content: Extract<LetterContent, { kind: 'other-door' }>): Draft {
  const { signOnUrl, supportUrl } = content
  const door: Block[] =
    signOnUrl === null
      ? [words(say('door.somewhere'))]
      : [
          words(say('door.here')),
          { kind: 'link', href: signOnUrl, label: say('door.button'), copy: say('letter.copy') },
        ]
  return {
    subject: say('door.subject', { brand: content.brand.name }),
    preview: say('door.preview'),
    blocks: [
      greeting(say, content),
      words(say('door.text', { brand: content.brand.longName })),
      ...door,
      words(say('door.ignore')),
      ...(supportUrl ? [small(`${say('notice.support')} ${supportUrl}`)] : []),
      ...closing(say, content),
    ],
  }
}
