/** A server of node:http with a users table and a log-in of its own. Latchkey sets the passwords in that table. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { compare, hash } from 'bcryptjs'
import { flows, latchkey } from 'latchkey'
import { sqlite } from 'latchkey/sqlite'

const { PORT = '3000', PUBLIC_URL = `http://localhost:${PORT}`, DATABASE = 'app.db' } = process.env
const { SECRET_KEY, EMAIL_URL } = process.env

// The application as it was: its table, its sign-up, its log-in.
const db = new DatabaseSync(DATABASE)
db.exec('CREATE TABLE IF NOT EXISTS people (nr INTEGER PRIMARY KEY, mail TEXT NOT NULL UNIQUE, secret TEXT NOT NULL)')
const add = db.prepare('INSERT OR IGNORE INTO people (mail, secret) VALUES (?, ?)')
const find = db.prepare('SELECT secret FROM people WHERE mail = ?')
const noSecret = await hash('of nobody', 12)

async function application(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { mail = '', password = '' } = Object.fromEntries(new URLSearchParams(await text(request)))
  const say = (status: number, what: string) => response.writeHead(status, { 'Content-Type': 'text/plain' }).end(what)
  switch (`${request.method} ${request.url}`) {
    case 'GET /':
      return void say(200, 'The application')
    case 'POST /sign-up':
      add.run(mail, await hash(password, 12))
      return void say(200, 'Welcome')
    case 'POST /sign-in': {
      const isRight = await compare(password, String(find.get(mail)?.secret ?? noSecret))
      return void say(isRight ? 200 : 403, isRight ? 'Signed in' : 'Wrong address or password')
    }
    default:
      return void say(404, 'The application has no such page')
  }
}

// Latchkey beside it.
const store = sqlite(DATABASE)
const accounts = { table: 'people', id: 'nr', email: 'mail', password: 'secret', hash: 'bcrypt' } as const
await store.migrate(accounts, false)
const recovery = latchkey({
  secret: SECRET_KEY,
  publicUrl: PUBLIC_URL,
  store,
  accounts,
  mail: { smtp: EMAIL_URL, from: 'App <no-reply@example.com>' },
  flows: [{ ...flows.classic, loginUrl: '/sign-in' }, flows.spa],
})
await recovery.ready()

createServer((request, response) => {
  recovery.node(request, response, () => void application(request, response))
}).listen(Number(PORT), () => console.log(`${PUBLIC_URL}/auth/password-reset/`))
