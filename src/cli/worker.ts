import { loadConfig } from '../server/config.ts'
import { run } from '../server/run.ts'
import { type Command, configFlag, configHelp, readArgs } from './command.ts'

/** Letters and clean-up only, beside `serve --no-worker`. */
export const worker: Command = {
  help: `
Usage: latchkey worker [flags]

${configHelp}

Reads the same configuration as "latchkey serve". Any number may run: each letter is leased to one of them.
SIGTERM and SIGINT end it in order, at most 10 seconds. Exit codes are those of "latchkey serve".`,
  async run(args, io) {
    const { values } = readArgs(args, configFlag)
    const config = await loadConfig(io.environment, values, io.folder)
    return run(config, { out: (text) => void io.out(text), error: io.error }, { http: false })
  },
}
