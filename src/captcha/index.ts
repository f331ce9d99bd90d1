/** Captchas as the HTTP face holds them: what is set up, what an answer is worth, and passes. */
import type { Caller } from '../engine/audit.ts'
import { event } from '../engine/audit.ts'
import { type Form, forms } from '../engine/captcha.ts'
import { refusedProofTakes, type Take, take } from '../engine/limits.ts'
import type { Kit } from '../engine/ports.ts'
import { type AltchaChallenge, altchaChallenge, altchaLife, judgeAltcha, readAltcha } from './altcha.ts'
import { makePass, passLife, readPass } from './pass.ts'
import type { ProviderName, Remote, RemoteName } from './provider.ts'
import { remoteOf } from './remotes.ts'
import { type CaptchaSetting, openSecret, settingsReader } from './settings.ts'
import { siteverify, type Verified } from './siteverify.ts'

/** What a face may know of a form's captcha. */
export type SetUp = {
  readonly provider: ProviderName
  /** What people call it. */
  readonly title: string
  readonly siteKey: string
  readonly when: CaptchaSetting['when']
  /** What its page needs; null for ALTCHA, which may stand in the form itself. */
  readonly remote: Remote | null
}

/** What an answer is worth. `instead`: the provider did not answer, and this challenge of ALTCHA's stands in for it. */
export type Judged =
  /** `stoodIn`: with ALTCHA, in place of a provider that was away. */
  | { readonly kind: 'solved'; readonly stoodIn: boolean }
  | { readonly kind: 'unsolved' }
  | { readonly kind: 'unavailable'; readonly instead: AltchaChallenge | null }

const titles: Readonly<Record<ProviderName, string>> = {
  'recaptcha-v2': 'Google reCAPTCHA',
  'recaptcha-v3': 'Google reCAPTCHA',
  hcaptcha: 'hCaptcha',
  turnstile: 'Cloudflare Turnstile',
  altcha: 'ALTCHA',
}

export type Captchas = ReturnType<typeof captchas>

/** For tests; production asks the documented addresses. */
export type CaptchaOptions = {
  /** Where answers are verified, by provider. Default: the providers' own addresses. */
  readonly endpoints?: Partial<Record<RemoteName, string>>
  /** Longest wait for a provider, in milliseconds. Default: 5,000. */
  readonly timeout?: number
}

type Needs = Pick<Kit, 'store' | 'clock' | 'random' | 'keys' | 'limits' | 'alarm'>

/** Verifications under way at once in one process, at most. */
const mostAtOnce = 64

/** Where it all happens: the host that answers must be of, whether keys for tests are taken, and who is told of trouble. */
export type Surroundings = {
  readonly host: string
  readonly development: boolean
  readonly log: (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void
} & CaptchaOptions

/** The captchas of one installation. */
export function captchas(kit: Needs, around: Surroundings) {
  const { host, development, log, endpoints = {}, timeout = 5_000 } = around
  const settingOf = settingsReader(kit, (name, error) =>
    log('error', 'a setting cannot be read', { setting: name, error: String(error) }),
  )
  let asking = 0

  const spending = (id: string, ms: number): readonly Take[] => [
    take(kit.keys, 'captcha-answers', [id], [{ max: 1, ms }]),
  ]
  /** True for one of any number who bring the same. */
  const spend = async (id: string, ms: number): Promise<boolean> =>
    (await kit.store.take(spending(id, ms), kit.clock.now(), null)).hits.length === 0
  const isSpent = async (id: string, ms: number): Promise<boolean> =>
    (await kit.store.full(spending(id, ms), kit.clock.now())).length > 0

  const note = async (name: 'captcha.refused' | 'captcha.unavailable', form: Form, caller: Caller, because: string) => {
    const noted = event(kit.clock.now(), name, caller, { because: `${form}: ${because}` })
    await kit.store.noteWithin(refusedProofTakes(kit.keys, kit.limits, caller.block), noted)
  }
  const refused = async (form: Form, caller: Caller, because: string): Promise<Judged> => {
    await note('captcha.refused', form, caller, because)
    return { kind: 'unsolved' }
  }

  const byAltcha = async (form: Form, caller: Caller, answer: string, instead: string): Promise<Judged> => {
    const judged = judgeAltcha(kit.keys, answer, kit.clock.now(), { form, host, instead })
    if (!judged.ok) return refused(form, caller, `altcha: ${judged.because}`)
    if (!(await spend(judged.id, altchaLife))) return refused(form, caller, 'altcha: spent')
    return { kind: 'solved', stoodIn: instead !== '' }
  }

  /** Asks the provider; with keys that cannot be used it is as if it did not answer. */
  const verify = async (form: Form, remote: Remote, setting: CaptchaSetting, answer: string): Promise<Verified> => {
    const secret = openSecret(kit.keys, form, setting)
    if (secret === null)
      return { kind: 'unavailable', because: 'its secret was sealed under a SECRET_KEY that is gone' }
    if (!development && [secret, setting.siteKey].some((key) => remote.isTestKey(key))) {
      return { kind: 'unavailable', because: 'a key for tests passes everybody' }
    }
    const endpoint = endpoints[remote.name] ?? remote.endpoint
    return siteverify(remote, { secret, siteKey: setting.siteKey }, answer, { endpoint, timeout })
  }

  const byRemote = async (
    form: Form,
    caller: Caller,
    answer: string,
    remote: Remote,
    setting: CaptchaSetting,
  ): Promise<Judged> => {
    const { name } = remote
    // Not told as an outage: who floods us must not thereby get another captcha.
    if (asking >= mostAtOnce) return refused(form, caller, `${name}: too many at once`)
    asking++
    const verified = await verify(form, remote, setting, answer || 'none').finally(() => asking--)
    if (verified.kind === 'unavailable') {
      const stands = setting.outage === 'altcha'
      kit.alarm('captcha-down')
      log('error', 'a captcha could not be verified', { provider: name, form, because: verified.because })
      const then = stands ? 'altcha stands in' : 'refused'
      await note('captcha.unavailable', form, caller, `${name}: ${verified.because}; ${then}`)
      return { kind: 'unavailable', instead: stands ? challenge(form, name) : null }
    }
    const { said } = verified
    const codes = Array.isArray(said['error-codes']) ? said['error-codes'].map(String).join(' ').slice(0, 100) : ''
    const because =
      said.success === true
        ? remote.judge(said, { form, host, threshold: setting.threshold })
        : `not a good answer ${codes}`.trim()
    if (because) return refused(form, caller, `${name}: ${because}`)
    return (await spend(`${name} ${answer}`, remote.life))
      ? { kind: 'solved', stoodIn: false }
      : refused(form, caller, `${name}: spent`)
  }

  const challenge = (form: Form, instead = ''): AltchaChallenge =>
    altchaChallenge(kit.keys.current, kit.random, kit.clock.now(), { form, host, instead })

  return {
    /** Forms whose keys are for tests and let everybody pass: no installation may start with them, but in development. */
    async withTestKeys(): Promise<Form[]> {
      if (development) return []
      const found = await Promise.all(
        forms.map(async (form) => {
          const setting = await settingOf(form)
          const remote = setting === null || setting === 'broken' ? null : remoteOf(setting.provider)
          if (!remote || setting === null || setting === 'broken') return null
          const keys = [setting.siteKey, openSecret(kit.keys, form, setting) ?? '']
          return keys.some((key) => remote.isTestKey(key)) ? form : null
        }),
      )
      return found.filter((form) => form !== null)
    },

    /** Null where nothing is set up. What cannot be read is as ALTCHA for all: neither open nor shut. */
    async setUp(form: Form): Promise<SetUp | null> {
      const setting = await settingOf(form)
      if (setting === null) return null
      if (setting === 'broken')
        return { provider: 'altcha', title: titles.altcha, siteKey: '', when: 'always', remote: null }
      const { provider, siteKey, when } = setting
      return { provider, title: titles[provider], siteKey, when, remote: remoteOf(provider) }
    },

    /** Judges an answer to the form's captcha, once: the same answer is never good twice. */
    async judge(form: Form, answer: string, caller: Caller): Promise<Judged> {
      const setting = await settingOf(form)
      if (setting === null) return { kind: 'unsolved' }
      const remote = setting === 'broken' ? null : remoteOf(setting.provider)
      if (setting === 'broken' || !remote) {
        return answer === '' ? { kind: 'unsolved' } : byAltcha(form, caller, answer, '')
      }
      if (setting.outage === 'altcha' && readAltcha(answer)) return byAltcha(form, caller, answer, remote.name)
      // Without an answer the provider is asked only where its being away would change anything.
      if (answer === '' && setting.outage !== 'altcha') return { kind: 'unsolved' }
      if (await isSpent(`${remote.name} ${answer}`, remote.life)) return refused(form, caller, `${remote.name}: spent`)
      return byRemote(form, caller, answer, remote, setting)
    },

    /** A challenge of ALTCHA's for this form. */
    challenge: (form: Form): AltchaChallenge => challenge(form),

    /** A pass for this browser, who has just solved one. */
    pass: (form: Form, browser: string, stoodIn: boolean): string =>
      makePass(kit.keys, kit.random, { form, browser, stoodIn }, kit.clock.now()),
    /** Whether the pass is good still; spends nothing. */
    async isPass(form: Form, browser: string, pass: string): Promise<boolean> {
      const read = readPass(kit.keys, pass, form, browser, kit.clock.now())
      return read !== null && !(await isSpent(`pass ${read.id}`, passLife))
    },
    /** What the pass is worth, once; null for one that is none or spent. */
    async spendPass(form: Form, browser: string, pass: string): Promise<{ readonly stoodIn: boolean } | null> {
      const read = readPass(kit.keys, pass, form, browser, kit.clock.now())
      return read !== null && (await spend(`pass ${read.id}`, passLife)) ? { stoodIn: read.stoodIn } : null
    },
  }
}
