/** `--processes`: over how many processes the server is spread. */
import { availableParallelism } from 'node:os'
import type { MailOptions } from '../options.ts'
import { finding } from './findings.ts'
import type { Flags, Reading } from './variables.ts'

/** More of them than any machine has use for; each takes some 100 MB. */
const most = 128

/** One unless said otherwise; `auto` is one for each core. An inbox in memory cannot be shared, so there it must be one. */
export function readProcesses(read: Reading, flags: Flags, mail: MailOptions | undefined): number {
  const asked = flags.processes ?? '1'
  const count = asked === 'auto' ? availableParallelism() : /^[1-9]\d{0,2}$/.test(asked) ? Number(asked) : 0
  if (count < 1 || count > most) {
    read.findings.push(finding('L019', { value: asked, most }))
    return 1
  }
  if (count > 1 && mail && 'inbox' in mail) read.findings.push(finding('L027', { value: asked }))
  return count
}
