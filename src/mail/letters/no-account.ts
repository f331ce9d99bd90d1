/** For an address that nobody has, where a flow says so. Nothing that was typed stands in it, and it opens nothing. */
import type { Say } from '../../words/index.ts'
import type { LetterContent } from '../letter.ts'
import { type Draft, small, words } from './block.ts'
import { closing, greeting } from './proof.ts'

/** "No account with this address". */
export function noAccount(say: Say, content: Extract<LetterContent, { kind: 'no-account' }>): Draft {
  const { signUpUrl, supportUrl } = content
  return {
    subject: say('nobody.subject', { brand: content.brand.name }),
    preview: say('nobody.preview'),
    blocks: [
      greeting(say, content),
      words(say('nobody.text', { brand: content.brand.longName })),
      words(say('nobody.other')),
      { kind: 'link', href: content.askUrl, label: say('nobody.button'), copy: say('letter.copy') },
      ...(signUpUrl ? [words(`${say('nobody.sign-up')} ${signUpUrl}`)] : []),
      words(say('nobody.ignore')),
      ...(supportUrl ? [small(`${say('notice.support')} ${supportUrl}`)] : []),
      ...closing(say, content),
    ],
  }
}
