/** Files of ours that are served as they are: for a year, and compressed for whoever takes that. */
import { gzipSync } from 'node:zlib'
import type { Context } from 'hono'
import type { Asset } from './parts.ts'

/** Whether a visitor takes gzip (RFC 9110, 12.5.3); `q=0` is a no. */
const takesGzip = (header: string | undefined): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(header ?? '')

/**
 * The handler of one file. Compressed when it is first asked for; nothing in it is a secret or a visitor's own, so its
 * length tells nothing (pages, which hold form tokens, are never compressed: BREACH, 2013).
 */
export function served({ body, type }: Asset): (c: Context) => Response {
  let gzip: Uint8Array<ArrayBuffer> | null = null
  return (c) => {
    const headers = {
      'Content-Type': type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      Vary: 'Accept-Encoding',
    }
    if (!takesGzip(c.req.header('accept-encoding'))) return c.body(body, 200, headers)
    gzip ??= new Uint8Array(gzipSync(body, { level: 9 }))
    return c.body(gzip, 200, { ...headers, 'Content-Encoding': 'gzip' })
  }
}
