/** reCAPTCHA v2, the checkbox. https://developers.google.com/recaptcha/docs/verify */
import { otherHost, type Remote } from './provider.ts'

/** Its scripts and frames come from these two hosts. https://developers.google.com/recaptcha/docs/faq */
export const googlePolicy: Remote['policy'] = {
  script: ['https://www.google.com/recaptcha/', 'https://www.gstatic.com/recaptcha/'],
  frame: ['https://www.google.com/recaptcha/', 'https://recaptcha.google.com/recaptcha/'],
  connect: ['https://www.google.com/recaptcha/'],
  style: [],
  img: ['https://www.gstatic.com/recaptcha/'],
}

/** The pair of keys that Google gives out for tests. */
const testKey = /^6LeIxAcTAAAAA(JcZVRqyHh71UMIEGNQ_MXjiZKhI|GG-vFI1TnRWxMZNFuojJ4WifJWe)$/

export const isGoogleTestKey = (key: string): boolean => testKey.test(key)

/** An answer is good for two minutes, and for one verification. */
export const recaptchaV2: Remote = {
  name: 'recaptcha-v2',
  endpoint: 'https://www.google.com/recaptcha/api/siteverify',
  life: 120_000,
  script: (_, locale) => `https://www.google.com/recaptcha/api.js?hl=${encodeURIComponent(locale)}`,
  element: 'g-recaptcha',
  field: 'g-recaptcha-response',
  policy: googlePolicy,
  isTestKey: isGoogleTestKey,
  judge: otherHost,
}
