/** The listener of metrics: one path, one reader, nothing of the public server. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { same } from '../engine/keys.ts'
import { contentType } from '../metrics/index.ts'
import { isLoopback } from './read-network.ts'

/** Answers `GET /metrics` with what `read` gives; 401 without the token, where there is one. */
export function metricsListener(read: () => Promise<string>, token: string | null): RequestListener {
  return (request, response) => {
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    const refused = refusal(request, token)
    if (refused) {
      for (const [name, value] of Object.entries(refused.headers ?? {})) response.setHeader(name, value)
      return plain(response, refused.status, refused.text)
    }
    read().then(
      (text) => {
        response.setHeader('Content-Type', contentType)
        response.end(request.method === 'HEAD' ? undefined : text)
      },
      () => plain(response, 503, 'not available'),
    )
  }
}

type Refused = { readonly status: number; readonly text: string; readonly headers?: Record<string, string> }

function refusal({ url, method, headers }: IncomingMessage, token: string | null): Refused | null {
  // A page of another site may have its name point at this machine: it can ask then, but not under our name.
  if (token === null && !isOurName(headers.host ?? '')) return { status: 421, text: 'misdirected' }
  if (token !== null && !shows(headers.authorization ?? '', token)) {
    return { status: 401, text: 'unauthorized', headers: { 'WWW-Authenticate': 'Bearer' } }
  }
  if (url?.split('?')[0] !== '/metrics') return { status: 404, text: 'not found' }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, text: 'method not allowed', headers: { Allow: 'GET, HEAD' } }
  }
  return null
}

const isOurName = (host: string): boolean => isLoopback(host.replace(/:\d+$/, '').replaceAll(/^\[|\]$/g, ''))

/** Compared as digests, so that not even the length of the token is to be had by the clock. */
function shows(authorization: string, token: string): boolean {
  const shown = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? ''
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
  return same(digest(shown), digest(token))
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}
