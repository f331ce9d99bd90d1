import { text } from 'node:stream/consumers'
import { type ProviderName, providers } from '../captcha/provider.ts'
import { remoteOf } from '../captcha/remotes.ts'
import { captchaOf, refuseCaptcha, setCaptcha, type WantedCaptcha } from '../captcha/set.ts'
import { formOf, withSettings } from './captcha-opened.ts'
import { type Command, configFlag, configHelp, type Io, readArgs, UsageError } from './command.ts'

/** Sets a form's captcha up. */
export const captchaSet: Command = {
  help: `
Usage: latchkey captcha set --form F --provider P [flags]

  --form F          request, verify, change or login
  --provider P      recaptcha-v2, recaptcha-v3, hcaptcha, turnstile or altcha; altcha runs here and asks nobody else
  --site-key K      the provider's public key for this site; take another one for each form
  --secret-stdin    reads the provider's secret from standard input, one line. A secret on the command line would be seen
                    by everybody on the machine
  --threshold N     lowest score that passes, 0 to 1, for recaptcha-v3; default: 0.5
  --outage O        when the provider does not answer: refuse, so that nobody passes, or altcha, which stands in then
  --when W          always, or overflow: only where a limit of the network or the installation is full; default: overflow,
                    for change always
${configHelp}

Servers that run take it over within a second. docs/captcha.md tells what each provider is sent.`,
  async run(args, io) {
    const flags = {
      ...configFlag,
      form: { type: 'string' },
      provider: { type: 'string' },
      'site-key': { type: 'string' },
      'secret-stdin': { type: 'boolean' },
      threshold: { type: 'string' },
      outage: { type: 'string' },
      when: { type: 'string' },
    } as const
    const { values } = readArgs(args, flags)
    const form = formOf(values.form)
    const provider = oneOf('--provider', values.provider, providers)
    if (provider === undefined) throw new UsageError('--provider is missing')
    const wanted: WantedCaptcha = {
      provider,
      siteKey: values['site-key'] ?? '',
      secret: values['secret-stdin'] ? await oneSecret(io) : '',
      threshold: values.threshold === undefined ? undefined : Number(values.threshold || 'none'),
      outage: oneOf('--outage', values.outage, ['refuse', 'altcha'] as const),
      when: oneOf('--when', values.when, ['always', 'overflow'] as const),
    }
    return withSettings(values, io, async (kit, development) => {
      const reasons = refuseCaptcha(form, wanted, development)
      if (reasons.length > 0) throw new UsageError(reasons.map((reason) => hinted(reason, provider)).join('; '))
      if (!(await setCaptcha(kit, form, wanted))) {
        io.error('Somebody else changed it at the same moment: look with "latchkey captcha show", then try again.\n')
        return 1
      }
      const set = await captchaOf(kit, form)
      await io.out(
        `The form ${form} asks for ${provider}, ${set?.when === 'always' ? 'always' : 'where a limit overflows'}.\n`,
      )
      return 0
    })
  },
}

const hinted = (reason: string, provider: ProviderName): string =>
  remoteOf(provider) && reason.endsWith('needs a secret') ? `${reason}: give it with --secret-stdin` : reason

function oneOf<T extends string>(flag: string, value: string | undefined, known: readonly T[]): T | undefined {
  const found = known.find((one) => one === value)
  if (value !== undefined && !found) throw new UsageError(`${flag} must be one of ${known.join(', ')}`)
  return found
}

/** The first line; what `echo` puts after it is not part of the secret. */
async function oneSecret(io: Io): Promise<string> {
  const [line = ''] = (await text(io.stdin as NodeJS.ReadStream)).split(/\r?\n/)
  if (line === '') throw new UsageError('standard input holds no secret')
  return line
}
