/** Fastify 5. Accounts are in Latchkey's own table; `npx latchkey accounts add` adds one. */
import fastify, { LogController } from 'fastify'
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

const app = fastify({
  logger: true,
  // The path of a link holds a secret.
  logController: new LogController({ disableRequestLogging: ({ url }) => recovery.answers(url.split('?')[0]!) }),
})
app.register(recovery.fastify)
app.get('/', async () => 'The application')
app.post('/echo', async (request) => request.body)

await app.listen({ port: Number(PORT) })
console.log(`${PUBLIC_URL}/auth/password-reset/`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void app.close())
