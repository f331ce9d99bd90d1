/** reCAPTCHA v3, a score. https://developers.google.com/recaptcha/docs/v3 */
import { otherAction, otherHost, type Remote } from './provider.ts'
import { googlePolicy, isGoogleTestKey } from './recaptcha-v2.ts'

/** An answer is good for two minutes, and for one verification. */
export const recaptchaV3: Remote = {
  name: 'recaptcha-v3',
  endpoint: 'https://www.google.com/recaptcha/api/siteverify',
  life: 120_000,
  script: (siteKey, locale) =>
    `https://www.google.com/recaptcha/api.js?render=${encodeURIComponent(siteKey)}&hl=${encodeURIComponent(locale)}`,
  element: null,
  field: 'captcha',
  policy: googlePolicy,
  isTestKey: isGoogleTestKey,
  judge: (said, expected) => otherHost(said, expected) ?? otherAction(said, expected) ?? lowScore(said.score, expected),
}

const lowScore = (score: unknown, { threshold }: { threshold: number }): string | null =>
  typeof score === 'number' && score >= threshold ? null : 'a low score'
