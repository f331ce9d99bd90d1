/**
 * better-auth on `node:http`, set up as its documentation says, with the same database settings as ours. It runs from the
 * folder that it was installed in for the occasion; nothing of it is a dependency of this project.
 */
import { createServer } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'

const { folder, port, accounts, password } = JSON.parse(process.argv[2])
const database = new DatabaseSync(join(folder, 'peer.db'))
database.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY',
)
const options = {
  database,
  secret: 'a secret of a measure, of which nothing outside hangs',
  baseURL: `http://127.0.0.1:${port}`,
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  emailAndPassword: { enabled: true, sendResetPassword: async () => {} },
}
await (await getMigrations(options)).runMigrations()
const auth = betterAuth(options)
// One is signed up by itself; the others are copies, since each would cost a hash.
const { user } = await auth.api.signUpEmail({ body: { email: accounts[0], password, name: 'person' } })
const copy = (table, key, values) => {
  const row = database.prepare(`SELECT * FROM ${table} WHERE ${key} = ?`).get(user.id)
  const made = { ...row, ...values }
  const columns = Object.keys(made)
  const sql = `INSERT INTO ${table} (${columns.map((name) => `"${name}"`).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
  database.prepare(sql).run(...Object.values(made))
}
database.exec('BEGIN')
for (const [at, email] of accounts.entries()) {
  if (at === 0) continue
  copy('user', 'id', { id: `u${at}`, email })
  copy('account', 'userId', { id: `a${at}`, accountId: `u${at}`, userId: `u${at}` })
}
database.exec('COMMIT')

const server = createServer(toNodeHandler(auth))
server.listen(port, '127.0.0.1', () => process.send({ port }))
process.on('message', (question) => {
  if (question === 'cpu') return process.send(process.cpuUsage())
  process.exit()
})
process.on('disconnect', () => process.exit())
