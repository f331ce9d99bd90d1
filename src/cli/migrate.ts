import { loadConfig, tableOf } from '../server/config.ts'
import { badConfiguration, isSound, told } from '../server/findings.ts'
import { type Command, configFlag, configHelp, readArgs } from './command.ts'
import { ofDatabase } from './opened.ts'

/** Shows, then applies what the database lacks. */
export const migrate: Command = {
  help: `
Usage: latchkey migrate [flags]

  --dry-run       shows it only
${configHelp}

Each step is one transaction, but on MySQL, where each statement may run again; of several processes that migrate at once, each step is applied by one. Exit code 0 also
when nothing was missing, and with --dry-run when something is.`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configFlag, 'dry-run': { type: 'boolean' } } as const)
    const config = await loadConfig(io.environment, values, io.folder)
    const findings = config.findings.filter(({ code, level }) => level === 'error' && ofDatabase.test(code))
    if (!isSound(findings)) {
      io.error(told(findings))
      return badConfiguration
    }
    const { table, columns } = tableOf(config.options)
    const store = config.options.store!
    const pending = await store.pending(table, columns)
    if (pending.length === 0) await io.out('The database is up to date.\n')
    for (const { name, sql } of pending) await io.out(`-- ${name}\n${sql.trim()}\n\n`)
    if (values['dry-run'] || pending.length === 0) return 0
    const applied = await store.migrate(table, columns)
    await io.out(
      applied.length > 0 ? `Applied ${applied.map(({ name }) => name).join(', ')}.\n` : 'Another process did it.\n',
    )
    return 0
  },
}
