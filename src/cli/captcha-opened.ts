/** Commands that read and write settings: secret and database are needed, and nothing else of the configuration. */
import type { Form } from '../engine/captcha.ts'
import { forms } from '../engine/captcha.ts'
import { keyring } from '../engine/keys.ts'
import type { Kit } from '../engine/ports.ts'
import { systemClock, systemRandom } from '../system.ts'
import { type Io, UsageError } from './command.ts'
import { ofDatabase, ofSecret, withStore } from './opened.ts'

/** What settings are read and written with. */
export type SettingsKit = Pick<Kit, 'store' | 'clock' | 'random' | 'keys'>

/** Runs `work` on the settings of the database that is configured. */
export function withSettings(
  flags: { readonly config?: string },
  io: Io,
  work: (kit: SettingsKit, development: boolean) => Promise<number>,
): Promise<number> {
  const counts = (code: string): boolean => ofDatabase.test(code) || ofSecret(code)
  return withStore(flags, io, counts, ({ store, options, development }) => {
    const keys = keyring(options.secret!, options.secretFallbacks)
    return work({ store, clock: systemClock, random: systemRandom, keys }, development)
  })
}

/** The form that `--form` names. */
export function formOf(value: string | undefined): Form {
  const form = forms.find((one) => one === value)
  if (!form) throw new UsageError(`--form must be one of ${forms.join(', ')}`)
  return form
}
