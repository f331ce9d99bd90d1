import { resolve } from 'node:path'
import { loadConfig } from '../server/config.ts'
import { badConfiguration, isSound, told } from '../server/findings.ts'
import { type Command, configFlag, configHelp, readArgs } from './command.ts'
import { ofDatabase } from './opened.ts'

/** Copies the database while it is in use. */
export const backup: Command = {
  help: `
Usage: latchkey backup FILE [flags]

${configHelp}

Copies an SQLite database to FILE as it is at one moment, while servers go on, and checks the copy. FILE is readable by
its owner alone and must not exist. It holds password hashes and who asked for what: keep it as you keep the database.
For PostgreSQL take pg_dump, for MySQL mysqldump --single-transaction. docs/operate.md tells how to restore, and what to do about proofs that come back.
Exit code 0 when the copy is there and sound.`,
  async run(args, io) {
    const { values, rest } = readArgs(args, configFlag, ['FILE'])
    const config = await loadConfig(io.environment, values, io.folder)
    const findings = config.findings.filter(({ code, level }) => level === 'error' && ofDatabase.test(code))
    if (!isSound(findings)) {
      io.error(told(findings))
      return badConfiguration
    }
    const store = config.options.store!
    if (!store.backUp) {
      io.error(
        'This database is not a file of SQLite; PostgreSQL is copied with pg_dump, MySQL with mysqldump --single-transaction.\n',
      )
      return 1
    }
    const to = resolve(io.folder, rest[0]!)
    await store.backUp(to)
    await io.out(`${to} holds the database as it was.\n`)
    return 0
  },
}
