/** Where breached passwords are asked for, if anywhere: BREACHED_PASSWORDS_URL, or the configuration file. */
import type { Options } from '../options.ts'
import type { FileOptions } from './file-shape.ts'
import { finding } from './findings.ts'
import { isLoopback } from './read-network.ts'
import type { Reading } from './variables.ts'

/** The option; nothing where no list is named. Beyond this machine only over TLS. */
export function readBreached(read: Reading, file: FileOptions): Pick<Options, 'breached'> {
  const named = read.text('BREACHED_PASSWORDS_URL')
  const breached = named === undefined ? file.breached : { ...file.breached, url: named }
  if (!breached) return {}
  const url = URL.canParse(breached.url) ? new URL(breached.url) : null
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
  if (!isSafe || !breached.url.endsWith('/'))
    read.findings.push(finding('L090', { value: url?.origin ?? 'no address' }))
  return { breached }
}
