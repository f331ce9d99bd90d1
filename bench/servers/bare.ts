/**
 * What one would write in an afternoon instead: `node:http`, the same database with the same settings on the main thread,
 * a durable transaction for each ask, the same hashes for each change. It has no limits, no audit, no pages, no checks of
 * a request's origin, and it knows nothing of leaks by time: it does less, on purpose.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { hash, verify } from '@node-rs/argon2'
import { argon2Settings } from '../../src/accounts/hash.ts'
import { password } from '../tools/people.ts'

export type Settings = {
  readonly folder: string
  /** How many accounts there are; the token of one is its number. */
  readonly accounts: number
}

const settings: Settings = JSON.parse(process.argv[2]!)
const db = new DatabaseSync(join(settings.folder, 'bare.db'))
// As `stores/sqlite-file.ts` has them.
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;
  PRAGMA secure_delete = FAST;
  CREATE TABLE challenge (id TEXT PRIMARY KEY, email TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE outbox (id INTEGER PRIMARY KEY, challenge_id TEXT, email TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
  CREATE TABLE users (id INTEGER PRIMARY KEY, password_hash TEXT NOT NULL) STRICT`)
const begin = db.prepare('BEGIN IMMEDIATE')
const commit = db.prepare('COMMIT')
const addChallenge = db.prepare('INSERT INTO challenge VALUES (?, ?, ?)')
const addLetter = db.prepare('INSERT INTO outbox VALUES (NULL, ?, ?, ?)')
const hashOf = db.prepare('SELECT password_hash FROM users WHERE id = ?')
const setHash = db.prepare('UPDATE users SET password_hash = ? WHERE id = ?')

const known = await hash(password, argon2Settings)
const addUser = db.prepare('INSERT INTO users VALUES (?, ?)')
begin.run()
for (let id = 0; id < settings.accounts; id++) addUser.run(id, known)
commit.run()

function ask(email: string): void {
  const now = Date.now()
  const id = randomBytes(16).toString('base64url')
  begin.run()
  addChallenge.run(id, email, now + 900_000)
  addLetter.run(id, email, now)
  commit.run()
}

/** One comparison with the current password, one new hash, one transaction: as many as Latchkey makes. */
async function change(id: number, wanted: string): Promise<boolean> {
  const row = hashOf.get(id)
  if (!row || (await verify(row.password_hash as string, wanted))) return false
  const made = await hash(wanted, argon2Settings)
  begin.run()
  const { changes } = setHash.run(made, id)
  addLetter.run(null, String(id), Date.now())
  commit.run()
  return changes === 1
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => resolve(body))
  })
}

const json = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /healthz':
      return void response.end('ok')
    case 'POST /auth/forgot-password/':
      ask((JSON.parse(await bodyOf(request)) as { email: string }).email)
      return json(response, 200, { message: 'If that address has an account, a letter is on its way.' })
    case 'POST /auth/password-reset/':
      ask(new URLSearchParams(await bodyOf(request)).get('email') ?? '')
      return void response.writeHead(303, { Location: '/auth/password-reset/done/' }).end()
    case 'POST /auth/reset-password/': {
      const body = JSON.parse(await bodyOf(request)) as { token: string; new_password: string }
      const changed = await change(Number(body.token), body.new_password)
      return json(response, changed ? 200 : 400, { changed })
    }
    default:
      return void response.writeHead(404).end()
  }
}

const server = createServer((request, response) => void answer(request, response))
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.on('message', (question: string) => {
  if (question === 'cpu') return process.send!(process.cpuUsage())
  db.close()
  process.exit()
})
process.on('disconnect', () => process.exit())
