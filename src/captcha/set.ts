/** Changes what is set up, with the reasons against it; each change is an audit event, and none holds a secret. */
import { event, nobody } from '../engine/audit.ts'
import type { Form } from '../engine/captcha.ts'
import type { Kit } from '../engine/ports.ts'
import type { ProviderName } from './provider.ts'
import { remoteOf } from './remotes.ts'
import { type CaptchaSetting, nameOf, readSetting, sealSecret } from './settings.ts'

/** What is wanted for a form. */
export type WantedCaptcha = {
  readonly provider: ProviderName
  readonly siteKey: string
  readonly secret: string
  /** For reCAPTCHA v3. Default: 0.5. */
  readonly threshold?: number
  readonly outage?: CaptchaSetting['outage']
  /** Default: where a limit overflows; `always` for `change`, which has no such limit. */
  readonly when?: CaptchaSetting['when']
}

type Needs = Pick<Kit, 'store' | 'clock' | 'random' | 'keys'>

/** Why this cannot be set up; an empty list when it can. */
export function refuseCaptcha(form: Form, wanted: WantedCaptcha, development: boolean): string[] {
  const { provider, siteKey, secret, threshold } = wanted
  const remote = remoteOf(provider)
  const reasons: string[] = []
  const refuse = (isWrong: boolean, reason: string): void => void (isWrong && reasons.push(reason))
  refuse(form === 'change' && wanted.when === 'overflow', 'change has no limit that could overflow: ask always')
  refuse(threshold !== undefined && provider !== 'recaptcha-v3', `${provider} has no score`)
  refuse(threshold !== undefined && !(threshold >= 0 && threshold <= 1), 'the threshold must be from 0 to 1')
  if (!remote) {
    refuse(siteKey !== '' || secret !== '', `${provider} has neither site key nor secret`)
    refuse(wanted.outage !== undefined, `${provider} asks nobody who could be away`)
    return reasons
  }
  for (const [what, key] of [
    ['site key', siteKey],
    ['secret', secret],
  ] as const) {
    refuse(key === '', `${provider} needs a ${what}`)
    refuse(key !== '' && !/^[\x21-\x7e]{1,200}$/.test(key), `the ${what} is not one: it has spaces, or is too long`)
    refuse(!development && remote.isTestKey(key), `the ${what} is one for tests, which lets everybody pass`)
  }
  refuse(wanted.outage === undefined, 'say what is to happen when the provider does not answer: refuse or altcha')
  return reasons
}

/** What is set up for a form; null for nothing. */
export async function captchaOf({ store }: Pick<Kit, 'store'>, form: Form): Promise<CaptchaSetting | null> {
  const setting = (await store.settings()).find((one) => one.name === nameOf(form))
  return setting ? readSetting(setting) : null
}

/** Sets a form's captcha up; `null` turns it off. False when another changed it at the same moment. */
export async function setCaptcha(kit: Needs, form: Form, wanted: WantedCaptcha | null): Promise<boolean> {
  const name = nameOf(form)
  const known = (await kit.store.settings()).find((one) => one.name === name)
  const version = (known?.version ?? 0) + 1
  const at = kit.clock.now()
  const value = wanted && settingFor(kit, form, wanted)
  const told = value ? `${value.provider}, ${value.when}, outage ${value.outage}` : 'off'
  const changed = event(at, 'settings.changed', nobody, { because: `${name}: ${told}` })
  return kit.store.setSetting({ name, value: value && JSON.stringify(value), version }, at, changed)
}

function settingFor(kit: Needs, form: Form, wanted: WantedCaptcha): CaptchaSetting {
  const { provider, siteKey, secret, threshold = 0.5, outage = 'refuse' } = wanted
  const when = wanted.when ?? (form === 'change' ? 'always' : 'overflow')
  return { provider, siteKey, ...sealSecret(kit.keys, kit.random, form, secret), threshold, outage, when }
}
