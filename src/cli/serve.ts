import { loadConfig } from '../server/config.ts'
import { run } from '../server/run.ts'
import { type Command, configFlag, configHelp, readArgs, UsageError } from './command.ts'

/** The production server; with DEBUG=true the development one. */
export const serve: Command = {
  help: `
Usage: latchkey serve [flags]

  --port N        the port; default: PORT, else 3000. 0 takes any free one
  --host ADDRESS  the address to listen on; default: HOST, else 127.0.0.1
  --flows A,B     which flows; default: FLOWS, else all of the configuration file, else all
  --no-worker     serves only; letters are sent by "latchkey worker"
  --processes N   how many processes; this version runs 1. Start it more than once for more: one database file may be
                  shared, each with a port of its own
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
    const { processes = '1', 'no-worker': alone = false, ...given } = values
    if (!/^[1-9]\d{0,2}$/.test(processes)) throw new UsageError(`--processes takes a number from 1, not "${processes}"`)
    if (processes !== '1') {
      throw new UsageError('--processes above 1 is not in this version; start the server more than once instead')
    }
    const config = await loadConfig(io.environment, given, io.folder)
    const options = alone ? { ...config.options, worker: false } : config.options
    return run({ ...config, options }, { out: (text) => void io.out(text), error: io.error }, { http: true })
  },
}
