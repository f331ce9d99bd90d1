/** Where events are posted: WEBHOOK_URL and what belongs to it, before what the file says. Judged at the start. */
import type { Options } from '../options.ts'
import type { ToldName } from '../tell/told.ts'
import { refuseWebhook } from '../tell/webhook.ts'
import type { FileOptions } from './file-shape.ts'
import { finding } from './findings.ts'
import type { Reading } from './variables.ts'

/** The option; nothing where no address is named. */
export function readWebhooks(read: Reading, file: FileOptions): Pick<Options, 'webhooks'> {
  const url = read.text('WEBHOOK_URL')
  const events = read.list('WEBHOOK_EVENTS') as ToldName[] | undefined
  const named =
    url === undefined ? [] : [{ url, secret: read.list('WEBHOOK_SECRET') ?? [], ...(events ? { events } : {}) }]
  const webhooks = [...named, ...(file.webhooks ?? [])]
  for (const reason of webhooks.map(refuseWebhook)) if (reason) read.findings.push(finding('L091', { reason }))
  return webhooks.length > 0 ? { webhooks } : {}
}
