import { fresh } from '../engine/keys.ts'
import { MailRefusal } from '../engine/outcome.ts'
import { mailer } from '../mail/mailer.ts'
import { isPlainAddress } from '../mail/sender.ts'
import { loadConfig, wayOf } from '../server/config.ts'
import { badConfiguration, isSound, told } from '../server/findings.ts'
import { systemClock, systemRandom } from '../system.ts'
import { type Command, configFlag, configHelp, readArgs, UsageError } from './command.ts'

/** Findings about mail, and about the file that may hold it. */
const bearing = /^L0(3|6|25)/

const text = `This is a test letter of Latchkey.

If you can read it, letters with links and codes will arrive as well.
`

/** Sends one letter by the way that is configured. */
export const mailTest: Command = {
  help: `
Usage: latchkey mail test TO [flags]

${configHelp}

Sends one letter now, without the queue, by the mail server that is configured, and says what became of it.`,
  async run(args, io) {
    const { values, rest } = readArgs(args, configFlag, ['TO'])
    const to = rest[0]!
    if (!isPlainAddress(to)) throw new UsageError(`"${to}" is not one plain address`)
    const { options, findings } = await loadConfig(io.environment, values, io.folder)
    const found = findings.filter(({ code }) => bearing.test(code))
    io.error(told(found))
    if (!isSound(found) || !options.mail) return badConfiguration
    const post = mailer(options.mail, systemClock)
    const host = options.publicUrl ? new URL(options.publicUrl).hostname : 'localhost'
    const html = text.split('\n\n').map((paragraph) => `<p>${paragraph.trim()}</p>`)
    const messageId = `${fresh(systemRandom, 12)}.test@${host}`
    const mail = { to, subject: 'Latchkey: a test letter', text, html: html.join('\n'), messageId, locale: 'en' }
    try {
      await post.send(mail, AbortSignal.timeout(60_000))
    } catch (error) {
      const final = error instanceof MailRefusal ? ' It is of no use to try again.' : ''
      io.error(`The letter was not sent: ${(error as Error).message}.${final}\n`)
      return 1
    } finally {
      await post.close()
    }
    await io.out(`Sent to ${to} (${wayOf(options.mail)}), Message-ID <${messageId}>.\n`)
    return 0
  },
}
