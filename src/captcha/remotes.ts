/** The providers on the other side of the network, by name. */
import { hcaptcha } from './hcaptcha.ts'
import type { ProviderName, Remote } from './provider.ts'
import { recaptchaV2 } from './recaptcha-v2.ts'
import { recaptchaV3 } from './recaptcha-v3.ts'
import { turnstile } from './turnstile.ts'

const remotes: readonly Remote[] = [recaptchaV2, recaptchaV3, hcaptcha, turnstile]

/** The provider of this name; null for ALTCHA, which is our own to ask and to verify. */
export const remoteOf = (name: ProviderName): Remote | null => remotes.find((one) => one.name === name) ?? null
