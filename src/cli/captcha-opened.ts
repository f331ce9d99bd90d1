/** Commands that read and write settings: secret and database are needed, and nothing else of the configuration. */
import type { Form } from '../engine/captcha.ts'
import { forms } from '../engine/captcha.ts'
import { keyring } from '../engine/keys.ts'
import type { Kit } from '../engine/ports.ts'
import { loadConfig, tableOf } from '../server/config.ts'
import { badConfiguration, finding, isSound, told } from '../server/findings.ts'
import { systemClock, systemRandom } from '../system.ts'
import { type Io, UsageError } from './command.ts'
import { ofDatabase } from './opened.ts'

/** What settings are read and written with. */
export type SettingsKit = Pick<Kit, 'store' | 'clock' | 'random' | 'keys'>

const ofSecret = /^L00/

/** Runs `work` on the settings of the database that is configured. */
export async function withSettings(
  flags: { readonly config?: string },
  io: Io,
  work: (kit: SettingsKit, development: boolean) => Promise<number>,
): Promise<number> {
  const { options, findings, development } = await loadConfig(io.environment, flags, io.folder)
  const isOurs = (code: string): boolean => ofDatabase.test(code) || (ofSecret.test(code) && code !== 'L003')
  const found = findings.filter(({ code, level }) => level === 'error' && isOurs(code))
  const { table, columns } = tableOf(options)
  if (isSound(found)) {
    const pending = await options.store!.pending(table, columns)
    if (pending.length > 0) found.push(finding('L052', { steps: pending.map(({ name }) => name).join(', ') }))
  }
  if (!isSound(found)) {
    io.error(told(found))
    return badConfiguration
  }
  const { store } = await options.store!.open(table, columns)
  try {
    const keys = keyring(options.secret!, options.secretFallbacks)
    return await work({ store, clock: systemClock, random: systemRandom, keys }, development)
  } finally {
    await store.close()
  }
}

/** The form that `--form` names. */
export function formOf(value: string | undefined): Form {
  const form = forms.find((one) => one === value)
  if (!form) throw new UsageError(`--form must be one of ${forms.join(', ')}`)
  return form
}
