/** Turnstile. https://developers.cloudflare.com/turnstile/get-started/server-side-validation/ */
import { otherAction, otherHost, type Remote } from './provider.ts'

const host = ['https://challenges.cloudflare.com']

/** The site keys and secrets that Cloudflare gives out for tests, such as 1x00000000000000000000AA. */
const testKey = /^[123]x0{20,40}[A-F]{2}$/

/** An answer is good for five minutes, and for one verification. */
export const turnstile: Remote = {
  name: 'turnstile',
  endpoint: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
  life: 300_000,
  script: () => 'https://challenges.cloudflare.com/turnstile/v0/api.js',
  element: 'cf-turnstile',
  field: 'cf-turnstile-response',
  policy: { script: host, frame: host, connect: host, style: [], img: [] },
  isTestKey: (key) => testKey.test(key),
  judge: (said, expected) => otherHost(said, expected) ?? otherAction(said, expected),
}
