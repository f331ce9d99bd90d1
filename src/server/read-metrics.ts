/** Where metrics are served, if anywhere: on a listener of their own, never on the public one. */
import { weakness } from '../engine/secrets.ts'
import { finding } from './findings.ts'
import { isPort } from './read-mail.ts'
import { isHostOrAddress, isLoopback, type Listen } from './read-network.ts'
import type { Reading } from './variables.ts'

/** A listener; whoever asks must show `token`, where there is one. */
export type MetricsListen = Listen & { readonly token: string | null }

/** METRICS_PORT turns them on. Beyond loopback nobody may read them without METRICS_TOKEN. */
export function readMetrics(read: Reading): MetricsListen | null {
  const port = read.text('METRICS_PORT')
  const host = (read.text('METRICS_HOST') ?? '127.0.0.1').replaceAll(/^\[|\]$/g, '')
  const token = read.text('METRICS_TOKEN') ?? null
  if (port === undefined) {
    if (read.text('METRICS_HOST') !== undefined || token !== null) read.findings.push(finding('L083'))
    return null
  }
  if (!isPort(port)) read.findings.push(finding('L080', { value: port }))
  if (!isHostOrAddress(host)) read.findings.push(finding('L084', { value: host }))
  else if (!isLoopback(host) && token === null) read.findings.push(finding('L081', { value: host }))
  if (token !== null && weakness(token) !== null) read.findings.push(finding('L082'))
  return { host, port: isPort(port) ? Number(port) : 0, token }
}
