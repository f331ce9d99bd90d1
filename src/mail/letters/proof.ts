/** What every letter with a proof shares: the greeting, and what to know and do. */

import { byTheClock } from '../../words/clock.ts'
import { life, type Say } from '../../words/index.ts'
import type { LetterContent } from '../letter.ts'
import { type Block, small, words } from './block.ts'
import { safeName } from './tidy.ts'

/** A letter that carries a proof. */
export type ProofContent = Extract<LetterContent, { kind: 'link' | 'code' | 'link-instead' }>

/** "Hello ana,". */
export function greeting(say: Say, content: LetterContent): Block {
  const name = content.name === null ? '' : safeName(content.name)
  return words(name ? say('letter.hello', { name }) : say('letter.hello-nobody'))
}

/** "You have requested to reset your password for the …": a long name takes an article, a short one does not. */
export function asked(say: Say, { brand }: LetterContent): Block {
  const named = brand.longName === brand.name ? 'short' : 'long'
  return words(say('letter.text', { brand: brand.longName, longName: brand.longName, named }))
}

/** Which account it is for, where several have the address. */
export function which(say: Say, content: Extract<ProofContent, { kind: 'link' | 'link-instead' }>): Block[] {
  return !content.which ? [] : [words(say('letter.which', { name: safeName(content.which) }))]
}

/** How long it lives, in minutes and by the clock. */
export function lifetime(say: Say, content: ProofContent): Block[] {
  const key = content.kind === 'link-instead' ? 'instead.expires' : 'letter.expires'
  const expires = say(key, { life: life(say, content.minutes) })
  const until = say('letter.until', { until: byTheClock(content.locale, content.expiresAt) })
  return [words([expires, until].filter(Boolean).join(' '))]
}

/** What if it was not you, and where help is. */
export function notYou(say: Say, content: ProofContent): Block[] {
  const kept = say(content.kind === 'code' ? 'letter.unchanged-code' : 'letter.unchanged')
  const support = content.supportUrl ? [small(`${say('letter.support')} ${content.supportUrl}`)] : []
  return [words(say('letter.ignore')), words(kept), ...support]
}

/** "Best regards," and who says so, where the wording has it. */
export function closing(say: Say, content: LetterContent): Block[] {
  const regards = say('letter.closing')
  return regards ? [words(`${regards}\n${content.brand.team}`)] : []
}
