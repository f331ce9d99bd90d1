/** The sentences of the front end in the language of its visitor: those of the pages, said by the same words. */
import type { Flow } from '../engine/flow.ts'
import { fallbackLocale, isRightToLeft, speaker } from '../words/index.ts'
import type { SpaWords } from './wire.ts'

/** Null in English, which the front end has built in. Values that it fills in itself stand as `{name}`. */
export function spaWords(locale: string, flow: Flow): SpaWords | null {
  if (locale === fallbackLocale) return null
  const say = speaker(locale, flow.wording)
  const { min, history } = flow.password
  const busy = say('page.busy')
  return {
    lang: locale,
    dir: isRightToLeft(locale) ? 'rtl' : 'ltr',
    page: {
      loading: busy,
      loadFailed: say('problem.unavailable'),
      tryAgain: say('limit.button'),
      askHeading: say('ask.title'),
      askLead: say('ask.lead'),
      backToLogin: say('page.back'),
      sentHeading: say('sent.title'),
      sentLead: say('sent.spam'),
      otherEmail: say('sent.again'),
      setHeading: say('set.title'),
      setLead: say('spa.set-lead'),
      deadHeading: say('problem.link-dead'),
      deadLead: say('spa.link-life'),
      missingHeading: say('problem.link-dead'),
      missing: say('problem.missing-token'),
      missingLead: say('problem.missing-token.text'),
      requestNew: say('dead.button'),
      doneHeading: say('done.title'),
      doneLead: say('done.text'),
      loginHeading: say('login.title'),
      justReset: say('login.toast'),
      leaving: busy,
      loginElsewhere: say('problem.login-elsewhere'),
      login: say('login.button'),
      loginNow: say('done.button'),
      returning: say('spa.returning', { seconds: '{seconds}' }),
      stay: say('spa.stay'),
      notFoundHeading: say('problem.not-found'),
      notFoundLead: say('problem.not-found.text'),
    },
    form: {
      emailLabel: say('ask.label'),
      emailRequired: say('problem.email-required'),
      emailInvalid: say('problem.email-invalid'),
      ask: say('ask.button'),
      asking: busy,
      accountLabel: say('set.for'),
      passwordLabel: say('set.password'),
      confirmLabel: say('set.confirm'),
      show: say('set.show'),
      hide: say('set.hide'),
      change: say('set.button'),
      changing: busy,
      tooShort: say('unmet.too-short', { min }),
      tooLong: say('unmet.too-long'),
      mismatch: say('unmet.mismatch'),
      rulesTitle: say('rules.title'),
      rulesMet: say('spa.rules-met', { met: '{met}', all: '{all}' }),
      met: say('rules.met'),
      unmet: say('rules.not-met'),
      remaining: say('limit.countdown', { time: '{time}' }),
    },
    rules: {
      min: say('rules.min', { min }),
      max: say('unmet.too-long'),
      upper: say('rules.upper'),
      lower: say('rules.lower'),
      digit: say('rules.digit'),
      special: say('rules.special'),
      not_all_digits: say('rules.all-digits'),
      history: history > 0 ? say('rules.history') : '',
      match: say('rules.match'),
    },
  }
}
