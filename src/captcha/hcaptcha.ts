/** hCaptcha. https://docs.hcaptcha.com/#verify-the-user-response-server-side */
import { otherHost, type Remote } from './provider.ts'

const hosts = ['https://hcaptcha.com', 'https://*.hcaptcha.com']

/** The site keys and the secret that hCaptcha gives out for tests. */
const testKey = /^([123]0000000-ffff-ffff-ffff-00000000000[123]|0x0{40})$/

/** An answer is good for two minutes, and for one verification. */
export const hcaptcha: Remote = {
  name: 'hcaptcha',
  endpoint: 'https://api.hcaptcha.com/siteverify',
  life: 120_000,
  script: (_, locale) => `https://js.hcaptcha.com/1/api.js?recaptchacompat=off&hl=${encodeURIComponent(locale)}`,
  element: 'h-captcha',
  field: 'h-captcha-response',
  policy: { script: hosts, frame: hosts, connect: hosts, style: hosts, img: [] },
  isTestKey: (key) => testKey.test(key),
  // Else an answer for another site of the same operator's would do.
  extra: (siteKey) => ({ sitekey: siteKey }),
  judge: otherHost,
}
