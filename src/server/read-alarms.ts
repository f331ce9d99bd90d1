/** Who is told of alarms: Django's ADMINS and SERVER_EMAIL, or the configuration file. */
import { isPlainAddress } from '../mail/sender.ts'
import type { Options } from '../options.ts'
import type { FileOptions } from './file-shape.ts'
import { finding } from './findings.ts'
import type { Reading } from './variables.ts'

/** The options of alarms; nothing where nobody is named. What cannot be read is found. */
export function readAlarms(read: Reading, file: FileOptions): Pick<Options, 'alarms'> {
  const named = read.list('ADMINS')?.map(addressOf)
  const to = named ?? file.alarms?.to
  const from = read.text('SERVER_EMAIL') ?? file.alarms?.from
  for (const address of to ?? []) {
    if (!isPlainAddress(address)) read.findings.push(finding('L070', { value: address }))
  }
  return to ? { alarms: { to, ...(from === undefined ? {} : { from }) } } : {}
}

/** `ops@example.com`, `Ops <ops@example.com>`, or `Ops:ops@example.com` as django-environ has it. */
const addressOf = (entry: string): string => /<([^<>]*)>\s*$/.exec(entry)?.[1] ?? entry.replace(/^[^:@]*:/, '').trim()
