import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { flows, latchkey, type Recovery } from 'latchkey'
import { sqlite } from 'latchkey/sqlite'

const { PORT = '3000', PUBLIC_URL = `http://localhost:${PORT}`, DATABASE = 'app.db' } = process.env
const { SECRET_KEY, EMAIL_URL } = process.env

// Next loads a module once for each of its bundles, and again when it changes.
const kept = globalThis as { recovery?: Recovery }

/** The one recovery of this process, made when it is first asked for: a build has no secret. */
export function recovery(): Recovery {
  kept.recovery ??= latchkey({
    secret: SECRET_KEY,
    publicUrl: PUBLIC_URL,
    store: sqlite(DATABASE),
    mail: { smtp: EMAIL_URL, from: 'App <no-reply@example.com>' },
    flows: [flows.classic, flows.spa],
  })
  return kept.recovery
}

/** Opens it, so that letters leave, and writes into each request who is at the other end: a route is not told. */
export async function start(): Promise<void> {
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage }
    request.headers['x-latchkey-peer'] = request.socket.remoteAddress ?? ''
  })
  await recovery().ready()
}
