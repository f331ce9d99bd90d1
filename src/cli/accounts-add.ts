import { text } from 'node:stream/consumers'
import { isCommon } from '../accounts/block-list.ts'
import { plain } from '../engine/flow.ts'
import { judge } from '../engine/policy.ts'
import { systemClock } from '../system.ts'
import { readRow } from './account-row.ts'
import { type Command, configFlag, configHelp, type Io, readArgs, UsageError } from './command.ts'
import { addedByHand, withAccounts } from './opened.ts'

/** Adds one account to Latchkey's own table. */
export const accountsAdd: Command = {
  help: `
Usage: latchkey accounts add --email E [--username U] --password-stdin [flags]

  --email E         its e-mail address, kept as it is written
  --username U      its user name
  --password-stdin  reads the password from standard input, one line; without it the account has none until a reset.
                    A password on the command line would be seen by everybody on the machine
  --unverified      the address is not confirmed yet
  --inactive        the account may not be used
${configHelp}

Exit code 1 when address or user name is taken, or the password is too weak.`,
  async run(args, io) {
    const flags = {
      ...configFlag,
      email: { type: 'string' },
      username: { type: 'string' },
      'password-stdin': { type: 'boolean' },
      unverified: { type: 'boolean' },
      inactive: { type: 'boolean' },
    } as const
    const { values } = readArgs(args, flags)
    if (values.email === undefined) throw new UsageError('--email is missing')
    const password = values['password-stdin'] ? await onePassword(io) : null
    const fields = {
      ...{ email: values.email, username: values.username ?? null, password },
      ...{ email_verified: !values.unverified, is_active: !values.inactive },
    }
    const read = readRow(fields)
    if ('reason' in read) throw new UsageError(read.reason)
    const { row } = read
    const weak = row.password === null ? [] : judge(plain, row.password, { confirm: null, account: row, isCommon })
    if (weak.length > 0) {
      io.error(`The password is refused: ${weak.join(', ')}.\n`)
      return 1
    }
    return withAccounts(values, io, async (accounts, hasher) => {
      const passwordHash = row.password === null ? null : await hasher.hash(row.password)
      const at = systemClock.now()
      const { taken } = await accounts.add([{ ...row, passwordHash }], at, addedByHand(at))
      if (taken.length > 0) {
        io.error('There is an account with this e-mail address or user name already.\n')
        return 1
      }
      await io.out(`Added ${row.email}.\n`)
      return 0
    })
  },
}

/** The first line; what `echo` puts after it is not part of the password. */
async function onePassword(io: Io): Promise<string> {
  const [line = ''] = (await text(io.stdin as NodeJS.ReadStream)).split(/\r?\n/)
  if (line === '') throw new UsageError('standard input holds no password')
  return line
}
