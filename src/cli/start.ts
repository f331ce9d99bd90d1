import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, loadConfig, wayOf } from '../server/config.ts'
import { run } from '../server/run.ts'
import type { Environment } from '../server/variables.ts'
import { type Command, configFlag, configHelp, readArgs } from './command.ts'
import { addDemonstration, type Demonstration, readDemonstration, writeNew } from './demonstration.ts'
import { newSecret } from './secret.ts'

/** What `npm start` runs: a server to look at, with nothing to set up. */
export const start: Command = {
  help: `
Usage: latchkey start [flags]

  --port N        the port; default: PORT, else 3000
${configHelp}

DEBUG=true unless it is set. A secret, the database and three demonstration accounts are made once, under data/; their
passwords are printed. Letters go to the development inbox and to this terminal.`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configFlag, port: { type: 'string' } } as const)
    const folder = join(io.folder, 'data')
    const environment = await withDefaults(io.environment, folder)
    const config = await loadConfig(environment, values, io.folder)
    const screen = { out: (text: string) => void io.out(text), error: io.error }
    if (!config.development || config.options.accounts) return run(config, screen, { http: true })
    const demonstration = await readDemonstration(join(folder, 'demonstration.json'))
    return run({ ...config, options: { ...config.options, demonstration } }, screen, {
      http: true,
      before: (recovery) => addDemonstration(demonstration, recovery.accounts, recovery.hasher),
      banner: (config) => banner(config, demonstration),
    })
  },
}

/** DEBUG on, and a secret of this clone's own. */
async function withDefaults(environment: Environment, folder: string): Promise<Environment> {
  const DEBUG = environment.DEBUG?.trim() || 'True'
  const SECRET_KEY = environment.SECRET_KEY?.trim() || (await ownSecret(join(folder, 'secret')))
  return { ...environment, DEBUG, SECRET_KEY }
}

async function ownSecret(file: string): Promise<string> {
  const read = async (): Promise<string> => (await readFile(file, 'utf8')).trim()
  try {
    return await read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  // Two starts at once: the one that comes second reads what the first one wrote.
  await writeNew(file, `${newSecret()}\n`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return read()
}

function banner({ options }: Config, demonstration: readonly Demonstration[]): string {
  const base = options.publicUrl!
  const width = Math.max(...demonstration.map(({ email }) => email.length))
  const accounts = demonstration.map(({ email, password, note }) => `    ${email.padEnd(width)}  ${password}  ${note}`)
  return `
  Latchkey is running: ${base}/
  Inbox:               ${base}/dev/inbox/
  Letters are ${wayOf(options.mail!)}.

  Accounts to try it with:
${accounts.join('\n')}

  Stop it with Ctrl-C.

`
}
