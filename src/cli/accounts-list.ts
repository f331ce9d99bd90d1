import type { Account } from '../engine/ports.ts'
import { type Command, configFlag, configHelp, readArgs } from './command.ts'
import { withAccounts } from './opened.ts'

const columns = ['id', 'email', 'username', 'email_verified', 'is_active']
const pageSize = 1_000

/** Prints every account, its password hash left out. */
export const accountsList: Command = {
  help: `
Usage: latchkey accounts list [flags]

  --header        prints the names of the columns first
${configHelp}

Columns, with tabs between them: ${columns.join(', ')}. Of any number, in constant memory.`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configFlag, header: { type: 'boolean' } } as const)
    return withAccounts(values, io, async (accounts) => {
      if (values.header) await io.out(`${columns.join('\t')}\n`)
      for (let after: string | null = null; ; ) {
        const page = await accounts.list(after, pageSize)
        if (page.length === 0) return 0
        if (!(await io.out(page.map(rowOf).join('')))) return 0
        after = page.at(-1)!.id
      }
    })
  },
}

/** One line, whatever stands in it. */
const rowOf = ({ id, email, username, verified, active }: Account): string =>
  `${[id, email, username ?? '', String(verified), String(active)]
    .map((text) => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' '))
    .join('\t')}\n`
