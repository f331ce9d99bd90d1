/** Hono. Accounts are in Latchkey's own table; `npx latchkey accounts add` adds one. */
import { type HttpBindings, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { flows, latchkey } from 'latchkey'
import { sqlite } from 'latchkey/sqlite'

const { PORT = '3000', PUBLIC_URL = `http://localhost:${PORT}`, DATABASE = 'app.db' } = process.env
const { SECRET_KEY, EMAIL_URL } = process.env

const recovery = latchkey({
  secret: SECRET_KEY,
  publicUrl: PUBLIC_URL,
  store: sqlite(DATABASE),
  mail: { smtp: EMAIL_URL, from: 'App <no-reply@example.com>' },
  flows: [flows.classic, flows.spa],
})
await recovery.ready()

const app = new Hono<{ Bindings: HttpBindings }>()
app.get('/', (c) => c.text('The application'))
// The second argument tells who is at the other end; elsewhere than on Node it is { remoteAddress }.
for (const path of recovery.paths) app.all(path, (c) => recovery.fetch(c.req.raw, c.env))

serve({ fetch: app.fetch, port: Number(PORT) }, () => console.log(`${PUBLIC_URL}/auth/password-reset/`))
