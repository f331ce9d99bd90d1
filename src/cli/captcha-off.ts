import { setCaptcha } from '../captcha/set.ts'
import { nameOf } from '../captcha/settings.ts'
import { formOf, withSettings } from './captcha-opened.ts'
import { type Command, configFlag, configHelp, readArgs } from './command.ts'

/** Takes a form's captcha back. */
export const captchaOff: Command = {
  help: `
Usage: latchkey captcha off --form F [flags]

  --form F        request, verify, change or login
${configHelp}

The provider's secret is removed from the database with it. Exit code 0 also when nothing was set up.`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configFlag, form: { type: 'string' } } as const)
    const form = formOf(values.form)
    return withSettings(values, io, async (kit) => {
      const isOn = (await kit.store.settings()).some((one) => one.name === nameOf(form) && one.value !== null)
      if (isOn && !(await setCaptcha(kit, form, null))) {
        io.error('Somebody else changed it at the same moment: look with "latchkey captcha show", then try again.\n')
        return 1
      }
      await io.out(isOn ? `The form ${form} asks for no captcha any more.\n` : `The form ${form} asked for none.\n`)
      return 0
    })
  },
}
