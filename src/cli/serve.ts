import { loadConfig } from '../server/config.ts'
import { type Command, configFlag, configHelp, readArgs } from './command.ts'

/** The production server; with DEBUG=true the development one. */
export const serve: Command = {
  help: `
Usage: latchkey serve [flags]

  --port N        the port; default: PORT, else 3000. 0 takes any free one
  --host ADDRESS  the address to listen on; default: HOST, else 127.0.0.1
  --flows A,B     which flows; default: FLOWS, else all of the configuration file, else all
  --no-worker     serves only; letters are sent by "latchkey worker"
  --processes N   how many processes answer, on one port; auto: one for each core; default: 1. One more sends letters,
                  unless --no-worker is given. What dies is started anew
${configHelp}

Refuses to start, with a number, a reason and a hint, when something is unsafe or the database is not up to date.
SIGTERM and SIGINT end it in order: answers are finished, letters given back, at most 10 seconds. A second one at once.
Exit codes: 0 stopped in order, 1 failed (a port that is taken, a database that does not answer), 2 wrong command line,
78 wrong configuration.`,
  async run(args, io) {
    const flags = {
      ...configFlag,
      port: { type: 'string' },
      host: { type: 'string' },
      flows: { type: 'string' },
      'no-worker': { type: 'boolean' },
      processes: { type: 'string' },
    } as const
    const { values } = readArgs(args, flags)
    const { 'no-worker': alone = false, ...given } = values
    const config = await loadConfig(io.environment, given, io.folder)
    const screen = { out: (text: string) => void io.out(text), error: io.error }
    // Loaded as needed: the parent of several answers nobody, and stays small without what answers.
    if (config.processes > 1) {
      const { runSeveral } = await import('../server/processes.ts')
      return runSeveral(config, screen, { letters: !alone, flags: given })
    }
    const { run } = await import('../server/run.ts')
    const options = alone ? { ...config.options, worker: false } : config.options
    return run({ ...config, options }, screen, { http: true })
  },
}
