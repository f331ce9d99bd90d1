/** What is set up, as it stands in the database: one setting a form. Read by every process anew at most once a second. */
import { z } from 'zod'
import { type Form, forms } from '../engine/captcha.ts'
import { type Keyring, seal, unseal } from '../engine/keys.ts'
import type { Clock, Random, Setting, Store } from '../engine/ports.ts'
import { type ProviderName, providers } from './provider.ts'

/** A form's captcha. */
export type CaptchaSetting = {
  readonly provider: ProviderName
  /** Public. Empty for ALTCHA, which has none. */
  readonly siteKey: string
  /** The provider's secret, sealed; empty for ALTCHA. */
  readonly sealedSecret: string
  readonly keyId: string
  /** Lowest score that passes, for reCAPTCHA v3. */
  readonly threshold: number
  /** When the provider does not answer: nobody passes, or ALTCHA stands in. */
  readonly outage: 'refuse' | 'altcha'
  /** Whether everybody is asked, or only where a limit of the network or the installation overflows. */
  readonly when: 'always' | 'overflow'
}

const schema = z.strictObject({
  provider: z.enum(providers),
  siteKey: z.string(),
  sealedSecret: z.string(),
  keyId: z.string(),
  threshold: z.number().min(0).max(1),
  outage: z.enum(['refuse', 'altcha']),
  when: z.enum(['always', 'overflow']),
}) satisfies z.ZodType<CaptchaSetting>

/** Under which name a form's setting stands. */
export const nameOf = (form: Form): string => `captcha.${form}`

/** What a setting says; null where nothing is set up. Throws for what this version does not know. */
export const readSetting = ({ value }: Setting): CaptchaSetting | null =>
  value === null ? null : schema.parse(JSON.parse(value))

/** A provider's secret as it stands in the database: bound to its form, so that it is of no use in another place. */
export const sealSecret = (keyring: Keyring, random: Random, form: Form, secret: string) => ({
  sealedSecret: secret === '' ? '' : seal(keyring.current, random, `setting:${nameOf(form)}`, secret),
  keyId: keyring.current.id,
})

/** The secret; null when the key that sealed it is gone. */
export function openSecret(keyring: Keyring, form: Form, { sealedSecret, keyId }: CaptchaSetting): string | null {
  const keys = keyring.find(keyId)
  return keys && unseal(keys, `setting:${nameOf(form)}`, sealedSecret)
}

/** How long a process goes on with what it read, in milliseconds. */
const freshFor = 1_000

/** A reader over the store. A setting that cannot be read is `broken`: then nobody passes by it, and nobody is let by. */
export function settingsReader(
  { store, clock }: { readonly store: Pick<Store, 'settings'>; readonly clock: Clock },
  broken: (name: string, error: unknown) => void,
): (form: Form) => Promise<CaptchaSetting | 'broken' | null> {
  let read: Promise<Map<string, CaptchaSetting | 'broken' | null>> | null = null
  let readAt = 0
  const readAll = async () => {
    const names = new Set(forms.map(nameOf))
    const known = new Map<string, CaptchaSetting | 'broken' | null>()
    for (const setting of await store.settings()) {
      if (!names.has(setting.name)) continue
      try {
        known.set(setting.name, readSetting(setting))
      } catch (error) {
        known.set(setting.name, 'broken')
        broken(setting.name, error)
      }
    }
    return known
  }
  return async (form) => {
    const now = clock.now()
    if (!read || Math.abs(now - readAt) >= freshFor) {
      readAt = now
      const reading = readAll()
      read = reading
      // What could not be read is read again by the next one.
      reading.catch(() => {
        if (read === reading) read = null
      })
    }
    return (await read).get(nameOf(form)) ?? null
  }
}
