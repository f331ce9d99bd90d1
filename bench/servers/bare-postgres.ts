/**
 * What one would write in an afternoon instead, on PostgreSQL: `node:http`, a pool of as many connections, a transaction of
 * two rows for each ask. It has no limits, no audit, no pages, no checks of a request's origin: it does less, on purpose.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import pg from 'pg'

export type Settings = { readonly folder: string; readonly url: string }

const settings: Settings = JSON.parse(process.argv[2]!)
const pool = new pg.Pool({ connectionString: settings.url, max: 10 })
await pool.query(`CREATE TABLE challenge (id TEXT PRIMARY KEY, email TEXT NOT NULL, expires_at BIGINT NOT NULL);
  CREATE TABLE outbox (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, challenge_id TEXT, email TEXT NOT NULL,
    created_at BIGINT NOT NULL)`)

async function ask(email: string): Promise<void> {
  const now = Date.now()
  const id = randomBytes(16).toString('base64url')
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query({
      name: 'challenge',
      text: 'INSERT INTO challenge VALUES ($1, $2, $3)',
      values: [id, email, now + 900_000],
    })
    await client.query({
      name: 'letter',
      text: 'INSERT INTO outbox (challenge_id, email, created_at) VALUES ($1, $2, $3)',
      values: [id, email, now],
    })
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

const server = createServer(async (request, response) => {
  await ask((JSON.parse(await text(request)) as { email: string }).email)
  const body = JSON.stringify({ message: 'If that address has an account, a letter is on its way.' })
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(body)
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.on('message', async (question: string) => {
  if (question === 'cpu') return process.send!(process.cpuUsage())
  await pool.end()
  process.exit()
})
process.on('disconnect', () => process.exit())
