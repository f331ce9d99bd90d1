/** Letters: what is to be said, as data, into subject, text and HTML. A file per kind. */
import { fallbackLocale, lookUp, type Say, speaker } from '../../words/index.ts'
import type { LetterContent, Written } from '../letter.ts'
import type { Draft } from './block.ts'
import { changed } from './changed.ts'
import { code } from './code.ts'
import { link } from './link.ts'
import { linkInstead } from './link-instead.ts'
import { noAccount } from './no-account.ts'
import { otherDoor } from './other-door.ts'
import { tooManyTries } from './too-many-tries.ts'
import { write } from './write.ts'

/** Writes a letter in its reader's language and its flow's wording. */
export function writeLetter(asked: LetterContent): Written {
  // An account's language comes from a table of strangers; a tag that cannot be read must not stop the letter.
  const content = { ...asked, locale: lookUp(asked.locale) ?? fallbackLocale }
  const say = speaker(content.locale, content.wording)
  const footer =
    content.kind === 'no-account'
      ? say('nobody.footer', { brand: content.brand.longName })
      : say('letter.footer', { email: content.email })
  return write(draft(say, content), content, footer)
}

function draft(say: Say, content: LetterContent): Draft {
  switch (content.kind) {
    case 'link':
      return link(say, content)
    case 'code':
      return code(say, content)
    case 'link-instead':
      return linkInstead(say, content)
    case 'other-door':
      return otherDoor(say, content)
    case 'no-account':
      return noAccount(say, content)
    case 'changed':
      return changed(say, content)
    case 'too-many-tries':
      return tooManyTries(say, content)
  }
}
