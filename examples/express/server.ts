/** Express 5 with body parsers, a users table and sessions of its own, which end when a password changes. */
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { compare, hash } from 'bcryptjs'
import express from 'express'
import { flows, latchkey } from 'latchkey'
import { sqlite } from 'latchkey/sqlite'

const { PORT = '3000', PUBLIC_URL = `http://localhost:${PORT}`, DATABASE = 'app.db' } = process.env
const { SECRET_KEY, EMAIL_URL } = process.env

const db = new DatabaseSync(DATABASE)
db.exec('CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password TEXT NOT NULL)')
const noPassword = await hash('of nobody', 12)
const sessions = new Map<string, string>()

const store = sqlite(DATABASE)
const accounts = { table: 'users', id: 'id', email: 'email', password: 'password', hash: 'bcrypt' } as const
await store.migrate(accounts, false)
const recovery = latchkey({
  secret: SECRET_KEY,
  publicUrl: PUBLIC_URL,
  store,
  accounts,
  mail: { smtp: EMAIL_URL, from: 'App <no-reply@example.com>' },
  flows: [{ ...flows.classic, loginUrl: '/sign-in' }, flows.spa],
  hooks: {
    onChanged({ accountId }) {
      for (const [session, owner] of sessions) if (owner === accountId) sessions.delete(session)
    },
  },
})
await recovery.ready()

const app = express()
app.use(express.json(), express.urlencoded())
app.use(recovery.node)

app.get('/', (_, response) => void response.send('The application'))
app.post('/sign-up', async ({ body }, response) => {
  const password = await hash(String(body?.password), 12)
  db.prepare('INSERT OR IGNORE INTO users (email, password) VALUES (?, ?)').run(String(body?.email), password)
  response.send('Welcome')
})
app.post('/sign-in', async ({ body }, response) => {
  const user = db.prepare('SELECT id, password FROM users WHERE email = ?').get(String(body?.email))
  const isRight = await compare(String(body?.password), String(user?.password ?? noPassword))
  if (!user || !isRight) return void response.status(403).send('Wrong address or password')
  const session = randomUUID()
  sessions.set(session, String(user.id))
  response.cookie('session', session, { httpOnly: true, sameSite: 'lax' }).send('Signed in')
})
app.get('/mine', (request, response) => {
  const session = /session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  response.status(sessions.has(session) ? 200 : 401).send(sessions.has(session) ? 'Yours' : 'Sign in first')
})

app.listen(Number(PORT), () => console.log(`${PUBLIC_URL}/auth/password-reset/`))
