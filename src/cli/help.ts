/** What the program says of itself. */
import { variables } from '../server/variables.ts'
import type { Entry } from './commands.ts'

/** The list of commands, and the environment. */
export function overview(commands: readonly Entry[]): string {
  const row = ({ name, summary }: Entry): string => `  ${name.padEnd(16)} ${summary}\n`
  const group = (development: boolean): string =>
    commands
      .filter((command) => (command.development ?? false) === development)
      .map(row)
      .join('')
  const names = Object.entries(variables).map(([name, meaning]) => `  ${name.padEnd(20)} ${meaning}\n`)
  return `latchkey: account recovery

Usage: latchkey COMMAND [flags]

Commands:
${group(false)}
Development:
${group(true)}
"latchkey COMMAND --help" says more. "latchkey --version" says which version this is.

Environment:
${names.join('')}
Everything else stands in latchkey.config.ts (or .js, .json), with the options of latchkey() in code.

Exit codes: 0 done · 1 failed · 2 wrong command line · 78 wrong configuration
`
}

/** One command's own help. */
export const helpOf = async ({ name, summary, load }: Entry): Promise<string> =>
  `latchkey ${name}: ${summary}\n\n${(await load()).help.trim()}\n`
