/** One mailer from the options: a mail server, the console, the development inbox, or the host's own function. */
import type { Clock, Mail, Mailer } from '../engine/ports.ts'
import type { MailOptions } from '../options.ts'
import { printed } from './console.ts'
import { sender } from './sender.ts'
import { smtp } from './smtp.ts'

/**
 * The mailer that the options ask for.
 * @throws Fault when the from-address or the server's URL cannot be read.
 */
export function mailer(options: MailOptions, clock: Clock): Mailer {
  const from = sender(options.from)
  if ('smtp' in options) return smtp(options.smtp ?? '', from, clock)
  if ('send' in options) return handing((mail, signal) => options.send({ ...mail, from: options.from }, signal))
  const print = (mail: Mail): void => void process.stdout.write(printed(mail, options.from, clock.now()))
  if ('inbox' in options) {
    return handing(async (mail) => {
      options.inbox.add(mail, clock.now())
      if (options.print) print(mail)
    })
  }
  return handing(async (mail) => print(mail))
}

/** A mailer without a server to check or to close. */
const handing = (send: Mailer['send']): Mailer => ({
  width: 5,
  async send(mail, signal) {
    signal.throwIfAborted()
    await send(mail, signal)
  },
  async check() {},
  async close() {},
})
