import { systemRandom } from '../system.ts'
import { type Command, readArgs } from './command.ts'

/** A new SECRET_KEY: 48 random bytes, 384 bits, in 64 characters. */
export const newSecret = (): string => Buffer.from(systemRandom.bytes(48)).toString('base64url')

/** Prints a value for SECRET_KEY. */
export const secret: Command = {
  help: `
Usage: latchkey secret

64 characters from 48 random bytes. To change the secret of a running installation, put the old one into
SECRET_KEY_FALLBACKS until the longest-lived proof is over (a day); remove it then.`,
  async run(args, io) {
    readArgs(args, {})
    await io.out(`${newSecret()}\n`)
    return 0
  },
}
