import { captchaOf } from '../captcha/set.ts'
import { type CaptchaSetting, openSecret } from '../captcha/settings.ts'
import { forms } from '../engine/captcha.ts'
import { type SettingsKit, withSettings } from './captcha-opened.ts'
import { type Command, configFlag, configHelp, readArgs } from './command.ts'

/** Prints what is set up, a line for each form; never a secret. */
export const captchaShow: Command = {
  help: `
Usage: latchkey captcha show [flags]

${configHelp}

A secret is only said to be there. "unreadable" is one that was sealed under a SECRET_KEY which is gone: set it again.`,
  async run(args, io) {
    const { values } = readArgs(args, configFlag)
    return withSettings(values, io, async (kit) => {
      for (const form of forms) {
        const setting = await captchaOf(kit, form).catch(() => 'unknown' as const)
        await io.out(`${form.padEnd(8)} ${captchaLine(kit, form, setting)}\n`)
      }
      return 0
    })
  },
}

/** What is set up for a form, in a line; never its secret. */
export function captchaLine(
  kit: SettingsKit,
  form: (typeof forms)[number],
  setting: CaptchaSetting | 'unknown' | null,
): string {
  if (setting === null) return 'off'
  if (setting === 'unknown') return 'not readable by this version; altcha is asked for always'
  const { provider, siteKey, threshold, outage, when } = setting
  const about = [provider, `when ${when}`]
  if (provider === 'recaptcha-v3') about.push(`threshold ${threshold}`)
  if (provider === 'altcha') return about.join(', ')
  const secret = openSecret(kit.keys, form, setting) === null ? 'unreadable' : 'is set'
  return [...about, `outage ${outage}`, `site key ${siteKey}`, `secret ${secret}`].join(', ')
}
