/** What a command is, and how its flags are read. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Environment } from '../server/variables.ts'

/** The world of one command. */
export type Io = {
  readonly environment: Environment
  /** The working directory. */
  readonly folder: string
  readonly stdin: NodeJS.ReadableStream
  /** Resolves when it is written, so that a long list stays small in memory; false when nobody reads any longer. */
  out(text: string): Promise<boolean>
  error(text: string): void
}

/** A command: one file each, all of one shape; its name and summary stand in `commands.ts`. */
export type Command = {
  /** Everything that `--help` says after the summary. */
  readonly help: string
  /** Answers the exit code. */
  run(args: readonly string[], io: Io): Promise<number>
}

/** The command line was wrong: exit code 2, with a hint. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type Flag = { readonly type: 'string' | 'boolean' }
type Flags = Readonly<Record<string, Flag>>
type Values<F extends Flags> = { [K in keyof F]?: F[K]['type'] extends 'string' ? string : boolean }

/**
 * Reads flags and the named arguments after them.
 * @throws UsageError for what is unknown, missing or too much.
 */
export function readArgs<F extends Flags>(
  args: readonly string[],
  flags: F,
  names: readonly string[] = [],
): { values: Values<F>; rest: string[] } {
  const config: ParseArgsConfig = { args: [...args], options: flags, allowPositionals: true, strict: true }
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs(config)
  } catch (error) {
    // Node's first sentence says what is wrong; those after it are for people who write parsers.
    throw new UsageError((error as Error).message.replace(/\. (To specify|Did you|This argument)[\s\S]*$/, ''))
  }
  const rest = parsed.positionals
  const [missing] = names.slice(rest.length)
  if (missing) throw new UsageError(`${missing} is missing`)
  if (rest.length > names.length) throw new UsageError(`"${rest[names.length]}" is one argument too many`)
  return { values: parsed.values as Values<F>, rest }
}

/** Flags of every command that reads the configuration. */
export const configFlag = { config: { type: 'string' } } as const

/** Their help. */
export const configHelp = `  --config FILE   the configuration file; default: latchkey.config.ts, .js or .json in this folder`
