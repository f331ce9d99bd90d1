/**
 * A table keeps the hashes that it was moved in with: when Yahoo's was taken, accounts of people who had long gone on
 * logging in still stood there in MD5. So a log-in with the right password writes an older hash anew. But a hash that
 * changes is for many systems a password that changed, and ends sessions; and a form that the application cannot read
 * keeps people out of it. So: it ends none, here or there, and writes only what the configuration says is read there.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { hash } from '@node-rs/argon2'
import { forms } from '../../src/accounts/formats/index.ts'
import * as flows from '../../src/flows/index.ts'
import type { UsersTable } from '../../src/options.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { type TestRecovery, testRecovery } from '../../src/testing/index.ts'
import { fixtures } from '../fixtures/hashes/read.ts'
import {
  after,
  before,
  eventsOf,
  isSuccess,
  letterFor,
  logsIn,
  onAllStores,
  reset,
  stranger,
  temporaryFolder,
} from './kit.ts'

const { code, stateless } = flows
const owner = 'ana@example.org'

type Made = { readonly hash: string; readonly password: string }

/** A hash that another system made itself, and its password. */
const madeBy = (mark: RegExp): Made =>
  fixtures
    .flatMap(({ rows }) => rows)
    .find(({ hash, password }) => mark.test(hash) && password === 'Str0ng-Horse-Staple!')!
const [django, phpass, laravel] = [madeBy(/^pbkdf2_sha256\$260000/), madeBy(/^\$P/), madeBy(/^\$2y\$10/)]
const cheap: Made = { hash: await hash(before, { memoryCost: 512, timeCost: 1 }), password: before }

const renewals = async (bench: TestRecovery): Promise<number> =>
  (await eventsOf(bench)).filter(({ name }) => name === 'password.renewed').length

onAllStores('on our own table a log-in renews what was moved in, once, and every session goes on', async (open) => {
  const bench = await open()
  const row = { email: owner, username: null, verified: true, active: true }
  await bench.accounts.add([{ ...row, passwordHash: laravel.hash }], bench.clock.now())
  const stored = async () => (await bench.accounts.byAddress(owner))[0]!.passwordHash!
  assert.equal(await logsIn(bench, owner, `${laravel.password}?`), false)
  assert.equal(await stored(), laravel.hash)

  const [first, second] = [stranger(bench), stranger(bench)]
  const enter = { username: owner, password: laravel.password }
  await Promise.all([first.submit('/login/', enter), second.submit('/login/', enter)])
  assert.match(await stored(), forms.argon2id.mark)
  for (const browser of [first, second]) assert.match((await browser.get('/account/')).text, /ana@example\.org/)
  assert.equal(await logsIn(bench, owner, laravel.password), true)
  assert.equal(await renewals(bench), 1)
})

onAllStores(
  'the renewed password is the current one, and then an earlier one, as if nothing had been',
  async (open) => {
    const bench = await open()
    const row = { email: owner, username: null, verified: true, active: true }
    await bench.accounts.add([{ ...row, passwordHash: laravel.hash }], bench.clock.now())
    const set = async (wanted: string) => {
      bench.clock.turn({ minutes: 20 })
      const visitor = stranger(bench)
      return reset(visitor, code, await letterFor(bench, code, owner, visitor), wanted)
    }
    assert.equal(await logsIn(bench, owner, laravel.password), true)
    assert.match((await set(laravel.password)).text, /new password must be different|different from/i)
    assert.ok(isSuccess(await set(after)))
    assert.match((await set(laravel.password)).text, /You used this password before/)
  },
)

/** A table of an application, and Latchkey on it. */
async function onTable(
  made: Made,
  mapping: Partial<UsersTable>,
  body: (recovery: TestRecovery, stored: () => string) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder()
  const file = join(folder.path, 'app.db')
  const db = new DatabaseSync(file)
  db.exec(`CREATE TABLE members (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, pw TEXT);
    CREATE TABLE credential (owner INTEGER, kind TEXT, pw TEXT);
    CREATE TABLE sessions (id INTEGER PRIMARY KEY, member INTEGER); INSERT INTO sessions (member) VALUES (1)`)
  db.prepare('INSERT INTO members (email, pw) VALUES (?, ?)').run(owner, mapping.credentials ? null : made.hash)
  db.prepare(`INSERT INTO credential VALUES (1, 'password', ?), (1, 'key', 'public')`).run(made.hash)
  const table: UsersTable = { table: 'members', id: 'id', email: 'email', password: 'pw', ...mapping }
  const database = sqlite(file)
  await database.migrate(table, false)
  const recovery = await testRecovery({ database, accounts: table, flows: [stateless], realHashes: true })
  const from = mapping.credentials ? `credential WHERE kind = 'password'` : 'members'
  try {
    await body(recovery, () => String(db.prepare(`SELECT pw FROM ${from}`).get()!.pw))
    const { left } = db.prepare('SELECT count(*) AS left FROM sessions').get()!
    assert.equal(left, 1, "the application's sessions go on")
    assert.equal(db.prepare(`SELECT pw FROM credential WHERE kind = 'key'`).get()!.pw, 'public')
  } finally {
    await recovery.close()
    db.close()
    folder.remove()
  }
}

const credentials = { table: 'credential', account: 'owner', where: { kind: 'password' } }
const sessions = { table: 'sessions', account: 'member' }

const renewed: readonly [name: string, made: Made, mapping: Partial<UsersTable>, mark: RegExp][] = [
  ['cheaper than what is written', django, { hash: 'django' }, /^pbkdf2_sha256\$1000000\$/],
  ['of another form than is written', phpass, { hash: 'laravel' }, /^\$2y\$12\$/],
  ['whose sessions are rows', phpass, { hash: 'wordpress', sessions }, /^\$wp\$2y\$12\$/],
  ["in a credentials' table", laravel, { hash: 'argon2id', credentials }, /^\$argon2id\$/],
]
for (const [name, made, mapping, mark] of renewed) {
  test(`on a mapped table with its form named a log-in renews a hash ${name}`, () =>
    onTable(made, mapping, async (recovery, stored) => {
      assert.equal(await logsIn(recovery, owner, `${made.password}?`), false)
      assert.equal(stored(), made.hash)
      assert.equal(await logsIn(recovery, owner, made.password), true)
      const written = stored()
      assert.match(written, mark)
      assert.equal(await logsIn(recovery, owner, made.password), true)
      assert.equal(stored(), written)
      assert.equal(await renewals(recovery), 1)
    }))
}

const kept: readonly [name: string, made: Made, mapping: Partial<UsersTable>][] = [
  ["sessions hang on the hash, as Django's do", django, { hash: 'django', sessions: 'with-password' }],
  ['no form is named', cheap, {}],
  ['the form is weaker than what stands there', laravel, { hash: 'django' }],
]
for (const [name, made, mapping] of kept) {
  test(`where ${name} a log-in leaves the hash as it is`, () =>
    onTable(made, mapping, async (recovery, stored) => {
      assert.equal(await logsIn(recovery, owner, made.password), true)
      assert.equal(stored(), made.hash)
      assert.equal(await renewals(recovery), 0)
    }))
}
