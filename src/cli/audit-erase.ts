import { erase } from '../audit/erase.ts'
import { withAudit } from './audit-open.ts'
import { whomFlags, whomOf } from './audit-whom.ts'
import { type Command, configFlag, configHelp, readArgs, UsageError } from './command.ts'
import { atKeyboard } from './keyboard.ts'

/** Takes what tells of one person out of the events. */
export const auditErase: Command = {
  help: `
Usage: latchkey audit erase --account ID [--address E] [flags]

  --account ID    the account's id, as "accounts list" and the events have it
  --address E     its e-mail address, where the account is gone already; of one that is there it is known
${configHelp}

Takes account, network address and user agent out of every event about the account, its challenges and its address. It
cannot be undone. The seal stays whole, and the erasure is an event itself, with who ran it. What stays are
keyed digests, which nobody leads back to a person without SECRET_KEY. Erase after the account is gone: what it does later
is noted anew.`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configFlag, ...whomFlags } as const)
    const { account, address } = values
    if (account === undefined || account === '') throw new UsageError('--account is missing')
    return withAudit(values, io, true, async (opened) => {
      const count = await erase(opened, await whomOf(opened, account, address), atKeyboard())
      await io.out(
        count === 0
          ? `No event tells of account ${account}.\n`
          : `Took account, network and agent out of ${count} ${count === 1 ? 'event' : 'events'}.\n`,
      )
      return 0
    })
  },
}
