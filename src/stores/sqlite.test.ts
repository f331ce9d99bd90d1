import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { own } from '../accounts/own.ts'
import type { AccountsTable } from '../engine/ports.ts'
import {
  aChange,
  aLetter,
  anAccount,
  anAsk,
  anEvent,
  asked,
  aTake,
  atOnce,
  bound,
  eventNames,
  freshId,
  keyIds,
  minute,
  start,
} from './contract-values.ts'
import { type SqliteOptions, sqlite } from './sqlite.ts'
import { look } from './sqlite-migrate.ts'
import { usersOf } from './sqlite-users.ts'
import { startWriter } from './sqlite-writer.ts'

function newPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'app.db')
}

async function opened(t: TestContext, path = newPath(t), options: SqliteOptions = {}, table = own) {
  const database = sqlite(path, options)
  await database.migrate(table, true)
  const { store, accounts } = await database.open(table, true)
  t.after(() => store.close())
  return { store, accounts, path }
}

/** Runs what is not ours, on a database that an application made. */
function inDatabase<T>(path: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path)
  try {
    return work(db)
  } finally {
    db.close()
  }
}

/** Another process: `code` is a module in which `database`, `own` and the makers of values are known. */
function inProcess(path: string, code: string, shell = ''): ChildProcess {
  const from = (name: string) => JSON.stringify(new URL(name, import.meta.url))
  const module = `import { sqlite } from ${from('./sqlite.ts')}
    import { own } from ${from('../accounts/own.ts')}
    import * as make from ${from('./contract-values.ts')}
    const database = sqlite(${JSON.stringify(path)})
    ${code}`
  const args = ['--input-type=module', '-e', module]
  return shell === ''
    ? spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    : spawn('sh', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
}

async function output(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout!.on('data', (chunk) => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
  return text
}

test('processes that change a password with one proof at once: one wins', async (t) => {
  const { store, accounts, path } = await opened(t)
  const account = await anAccount(accounts)
  const challenge = await bound(store, account.id)
  const race = `
    const { store } = await database.open(own, true)
    const change = ${JSON.stringify(aChange(account, challenge))}
    const won = await make.atOnce(50, (i) => store.change({ ...change, passwordHash: process.pid + ' ' + i }))
    console.log(won.filter(Boolean).length)
    await store.close()`
  const wins = await Promise.all([1, 2, 3].map(() => output(inProcess(path, race))))
  assert.deepEqual(wins.map(Number).sort(), [0, 0, 1])
  assert.equal((await eventNames(store)).filter((name) => name === 'password.changed').length, 1)
})

test('processes that take from one limit at once keep it exactly', async (t) => {
  const { path } = await opened(t)
  const race = `
    const { store } = await database.open(own, true)
    const takes = [make.aTake('log-ins-per-account', 100)]
    const answers = await make.atOnce(300, () => store.take(takes, make.start, null))
    console.log(answers.filter((answer) => answer.hits.length === 0).length)
    await store.close()`
  const passed = await Promise.all([1, 2].map(() => output(inProcess(path, race))))
  assert.equal(Number(passed[0]) + Number(passed[1]), 100)
})

test('what was answered is still there when the process is killed the moment after', async (t) => {
  const { store, path } = await opened(t)
  const child = inProcess(
    path,
    `const { store } = await database.open(own, true)
    const { writeSync } = await import('node:fs')
    await make.atOnce(16, async () => {
      for (;;) {
        const challenge = make.aChallenge({ id: crypto.randomUUID() })
        await store.ask(make.anAsk({ challenge, mail: make.aTake('letters-per-address', 1, challenge.id) }))
        writeSync(1, challenge.id + '\\n')
      }
    })`,
  )
  let text = ''
  for await (const chunk of child.stdout!) {
    text += chunk
    if (text.length > 30_000) child.kill('SIGKILL')
  }
  const ids = text.split('\n').slice(0, -1)
  assert.ok(ids.length > 500)
  for (const id of ids) assert.equal((await store.challenge(id))?.id, id)
  assert.equal(
    inDatabase(path, (db) => db.prepare('PRAGMA integrity_check').get()?.integrity_check),
    'ok',
  )
})

test('ten processes migrate one new file, and each step is applied once', async (t) => {
  const path = newPath(t)
  const code = `console.log((await database.migrate(own, true)).map((step) => step.name).join(' '))`
  const applied = (await Promise.all(Array.from({ length: 10 }, () => output(inProcess(path, code))))).join(' ')
  assert.deepEqual(applied.trim().split(/\s+/).sort(), [
    '1-rows',
    '2-users',
    '3-reset-columns-of-users',
    '4-audit',
    '5-settings',
    '6-events-of-accounts',
    '7-changes',
    '9-refusals-of-nobody',
  ])
  assert.deepEqual(await sqlite(path).pending(own, true), [])
})

test('a migration is shown before it is made, and showing it makes nothing', async (t) => {
  const path = newPath(t)
  const database = sqlite(path)
  const shown = await database.pending(own, true)
  assert.equal(existsSync(path), false)
  assert.deepEqual(await database.migrate(own, true), shown)
  assert.deepEqual(await database.migrate(own, true), [])
  await assert.rejects(sqlite(`${path}2`).open(own, false), { name: 'Fault', code: 'configuration' })
})

test('an idle store lets its process end', async (t) => {
  const { path } = await opened(t)
  const code = `const { store } = await database.open(own, true)
    await store.note(make.anEvent('link.opened'))
    console.log('noted')`
  assert.equal(await output(inProcess(path, code)), 'noted\n')
})

test('the files are for their owner alone', async (t) => {
  const { store, path } = await opened(t)
  await store.note(anEvent('link.opened'))
  for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
})

test('no sealed address outlives its letter', async (t) => {
  const { store, path } = await opened(t)
  for (const kind of ['sent', 'dropped'] as const) {
    const letter = aLetter({ sealedAddress: `of a letter ${kind}` })
    await store.ask(anAsk({ challenge: null, letter }))
    await store.lease(9, start, start + minute, kind)
    await store.settle(letter.id, kind, start, { kind }, null)
  }
  const rows = inDatabase(path, (db) => db.prepare('SELECT state, sealed_address FROM latchkey_letters').all())
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      { state: 'sent', sealed_address: '' },
      { state: 'dropped', sealed_address: '' },
    ],
  )
})

test('refused asks write nothing to the disk', async (t) => {
  const { store, path } = await opened(t)
  const refuse = [aTake('asks-per-caller', 1)]
  await store.ask(anAsk({ refuse }))
  await store.ask(anAsk({ refuse }))
  const before = statSync(`${path}-wal`)
  for (let i = 0; i < 5; i++) await atOnce(20, () => store.ask(anAsk({ refuse })))
  const after = statSync(`${path}-wal`)
  assert.deepEqual([after.size, after.mtimeMs], [before.size, before.mtimeMs])
})

test('a database that another process holds for too long is a fault, and then serves again', async (t) => {
  const { store, path } = await opened(t, newPath(t), { busyTimeout: 100 })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const asks = Array.from({ length: 5 }, () => anAsk())
  const ended = await Promise.allSettled(asks.map((ask) => store.ask(ask)))
  for (const one of ended) assert.equal((one as PromiseRejectedResult).reason.code, 'database-busy')
  await store.ping()
  other.exec('COMMIT')
  other.close()
  assert.equal((await store.ask(asks[0]!)).kind, 'asked')
})

test('a full disk is a fault, and reads go on', async (t) => {
  const { path } = await opened(t)
  const code = `
    const { store } = await database.open(own, true)
    const codes = new Set()
    for (let i = 0; i < 60; i++) {
      const ask = make.anAsk({ letter: make.aLetter({ sealedAddress: 'x'.repeat(20_000) }) })
      await store.ask(ask).catch((error) => codes.add(error.name + ' ' + error.code))
    }
    await store.ping()
    console.log([...codes].join(), (await store.events(0, 1)).length)
    process.exit()`
  // 512-byte blocks: half a megabyte at most per file.
  assert.equal(await output(inProcess(path, code, 'ulimit -f 1000')), 'Fault database 1\n')
})

test('when the thread dies, what waits is refused, and so is what comes later', async (t) => {
  const code = `import { parentPort } from 'node:worker_threads'
    parentPort.on('message', () => { throw new Error('out of memory') })`
  const script = `data:text/javascript,${encodeURIComponent(code)}`
  const data = { file: { path: newPath(t), busyTimeout: 100 }, table: own, columns: true }
  const writer = startWriter(data, () => {}, new URL(script))
  const ended = await Promise.allSettled([1, 2, 3].map(() => writer.run('note', anEvent('link.opened'))))
  for (const one of ended) {
    assert.equal((one as PromiseRejectedResult).reason.code, 'database')
    assert.match((one as PromiseRejectedResult).reason.message, /out of memory/)
  }
  await assert.rejects(writer.run('note', anEvent('link.opened')), { name: 'Fault', code: 'database' })
  assert.throws(() => writer.check(), { name: 'Fault', code: 'database' })
  await writer.close()
})

test('after its close a store refuses, reading and writing', async (t) => {
  const { store } = await opened(t)
  await Promise.all([store.close(), store.close()])
  await assert.rejects(store.note(anEvent('link.opened')), { name: 'Fault', code: 'database' })
  await assert.rejects(store.challenge('x'), { name: 'Fault', code: 'database' })
  await assert.rejects(store.ping(), { name: 'Fault', code: 'database' })
})

test('what cannot be sent to the thread fails alone', async (t) => {
  const { store } = await opened(t)
  const bad = { ...anEvent('link.opened'), because: () => 'no text' } as never
  const ended = await Promise.allSettled([store.note(anEvent('link.opened')), store.note(bad), asked(store)])
  assert.deepEqual(
    ended.map((one) => one.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
})

const people: AccountsTable = {
  table: 'the "people"',
  id: 'Person Id',
  email: 'e-mail',
  password: 'pass"word',
  username: 'nick',
  verified: 'email_verified_at',
  active: 'enabled',
  locale: 'lang',
}

const makePeople = `
  CREATE TABLE "the ""people""" ("Person Id" TEXT PRIMARY KEY, "e-mail" VARCHAR(255), "pass""word" VARCHAR(128),
    nick TEXT, email_verified_at DATETIME, enabled BOOLEAN, lang TEXT, shoe_size INTEGER NOT NULL DEFAULT 40);
  INSERT INTO "the ""people""" VALUES
    ('p-1', 'Ana@Example.org', 'old hash', 'Ana', '2024-05-06 07:08:09', 1, 'pt', 38),
    ('p-2', 'ana@example.ORG', NULL, NULL, NULL, 'true', NULL, 39),
    ('p-3', NULL, 'hash', 'bea', '', 'banned', NULL, 40),
    ('p-4', 'eva@example.org', 'hash', 'eva', 0, 0, NULL, 41)`

test('a table of the application keeps its shape and its rows, and gains the two columns', async (t) => {
  const path = newPath(t)
  inDatabase(path, (db) => db.exec(makePeople))
  const { store, accounts } = await opened(t, path, {}, people)
  const ana = {
    id: 'p-1',
    email: 'Ana@Example.org',
    username: 'Ana',
    passwordHash: 'old hash',
    verified: true,
    active: true,
    locale: 'pt',
    secondFactor: false,
    signOn: false,
    reset: null,
  }
  assert.deepEqual(await accounts.byId('p-1'), ana)
  assert.deepEqual(await accounts.byName('ANA'), ana)
  const found = await accounts.byAddress('ana@example.org')
  assert.deepEqual(
    found.map(({ id, verified, active }) => ({ id, verified, active })),
    [
      { id: 'p-1', verified: true, active: true },
      { id: 'p-2', verified: false, active: true },
    ],
  )
  const [, , bea, eva] = await accounts.list(null, 10)
  assert.deepEqual([bea?.email, bea?.verified, bea?.active], ['', false, false])
  assert.deepEqual([eva?.verified, eva?.active], [false, false])
  await assert.rejects(accounts.add([], start), { name: 'Fault', code: 'configuration' })

  const challenge = await asked(store)
  const column = { reference: 'reference', expiresAt: start + minute }
  const binding = { challengeId: challenge.id, accountId: 'p-1', live: 1, halfLife: 0, keyIds, at: start, column }
  assert.equal((await store.bind(binding))?.id, challenge.id)
  assert.deepEqual((await accounts.byId('p-1'))?.reset, column)
  assert.equal(await store.change(aChange(ana, challenge)), true)
  assert.deepEqual(await accounts.byId('p-1'), { ...ana, passwordHash: 'new hash' })
  assert.equal(await store.change(aChange(found[1]!, null)), true)
  assert.equal(await store.change(aChange(bea!, null)), true)
  const rows = inDatabase(path, (db) => db.prepare('SELECT shoe_size, reset_token FROM "the ""people"""').all())
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [38, 39, 40, 41].map((shoe_size) => ({ shoe_size, reset_token: null })),
  )
  assert.deepEqual(await sqlite(path).pending(people, true), [])
})

test('columns that the application has already keep their kind: a column of dates holds a date', async (t) => {
  const path = newPath(t)
  inDatabase(path, (db) => {
    db.exec(`CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, hash TEXT,
        Reset_Token TEXT, reset_token_expiry datetime);
      INSERT INTO users VALUES (7, 'ana@example.org', 'old hash', 'reference', '2023-11-14 22:13:20.500')`)
  })
  const table = { table: 'users', id: 'id', email: 'email', password: 'hash' }
  assert.deepEqual(
    (await sqlite(path).pending(table, true)).map((step) => step.name),
    ['1-rows', '4-audit', '5-settings', '6-events-of-accounts', '7-changes', '9-refusals-of-nobody'],
  )
  const { store, accounts } = await opened(t, path, {}, table)
  assert.deepEqual((await accounts.byId('7'))?.reset, { reference: 'reference', expiresAt: start + 500 })
  const challenge = await asked(store)
  const column = { reference: 'another', expiresAt: start + 1001 }
  await store.bind({ challengeId: challenge.id, accountId: '7', live: 1, halfLife: 0, keyIds, at: start, column })
  assert.deepEqual((await accounts.byId('7'))?.reset, column)
  const kept = inDatabase(path, (db) => db.prepare('SELECT reset_token_expiry AS expiry FROM users').get()?.expiry)
  assert.equal(kept, '2023-11-14 22:13:21.001')
})

test('a mapping that names what is not there is refused with the names that are', async (t) => {
  const path = newPath(t)
  inDatabase(path, (db) => db.exec(makePeople))
  const database = sqlite(path)
  await assert.rejects(database.migrate({ ...people, active: 'is_active' }, false), {
    code: 'configuration',
    message: /accounts\.active: .* has no column "is_active"; it has .*enabled/,
  })
  await assert.rejects(database.pending({ ...people, table: 'persons' }, false), {
    code: 'configuration',
    message: /no table "persons"/,
  })
})

test('a table "users" of somebody else is not taken for our own', async (t) => {
  const path = newPath(t)
  inDatabase(path, (db) => db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)'))
  await assert.rejects(sqlite(path).migrate(own, false), { code: 'configuration', message: /"users"/ })
  assert.deepEqual(
    inDatabase(path, (db) => db.prepare(`SELECT name FROM sqlite_schema`).all().length),
    1,
  )
})

test('an account is found by an index, whether ids are numbers or texts', async (t) => {
  for (const type of ['INTEGER', 'TEXT', 'VARCHAR(36)', 'UUID', 'BIGINT']) {
    const path = newPath(t)
    const table = { table: 'people', id: 'id', email: 'email', password: 'hash' }
    inDatabase(path, (db) => {
      db.exec(`CREATE TABLE people (id ${type} PRIMARY KEY, email TEXT, hash TEXT);
        INSERT INTO people VALUES ('12', 'ana@example.org', 'old hash')`)
    })
    const { store, accounts } = await opened(t, path, {}, table)
    assert.equal((await accounts.byId('12'))?.email, 'ana@example.org', type)
    assert.equal(await store.change(aChange((await accounts.byId('12'))!, null)), true, type)
    inDatabase(path, (db) => {
      const users = usersOf(table, false, look(db, table), db)
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${users.select} WHERE ${users.id} = ?`).all('12')
      assert.match(String(plan[0]?.detail), /^SEARCH/, type)
    })
  }
})

test('everything that runs often is found by an index', async (t) => {
  const { path } = await opened(t)
  inDatabase(path, (db) => {
    for (const sql of [
      `SELECT 1 FROM users WHERE lower(email) IN (?, ?)`,
      `SELECT 1 FROM users WHERE lower(username) = lower(?)`,
      `SELECT 1 FROM latchkey_letters WHERE state = 'queued' AND due_at <= ? ORDER BY due_at, seq LIMIT 9`,
      `SELECT min(due_at) FROM latchkey_letters WHERE state = 'queued'`,
      `UPDATE latchkey_letters SET attempts = 1 WHERE id = ? AND lease = ?`,
      `UPDATE latchkey_challenges SET state = 'closed' WHERE account_id = ? AND state <> 'closed'`,
      `DELETE FROM latchkey_challenges WHERE id IN (SELECT id FROM latchkey_challenges WHERE expires_at <= ? LIMIT 9)`,
      `DELETE FROM latchkey_sessions WHERE account_id = ?`,
      `SELECT 1 FROM latchkey_history WHERE account_id = ? ORDER BY seq DESC LIMIT 9`,
    ]) {
      const details = db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((row) => String(row.detail))
      assert.ok(
        details.every((detail) => !/^SCAN|TEMP B-TREE/.test(detail)),
        `${sql}: ${details.join('; ')}`,
      )
    }
  })
})

test('a database in memory is another function', () => {
  for (const path of ['', ':memory:'])
    assert.throws(() => sqlite(path), { code: 'configuration', message: /memory\(\)/ })
})

test('letters of one store wake its own listeners', async (t) => {
  const { store, path } = await opened(t)
  const other = await sqlite(path).open(own, true)
  let wakes = 0
  store.onLetter(() => wakes++)
  await Promise.all([store.ask(anAsk()), store.ask(anAsk())])
  assert.equal(wakes, 1)
  await other.store.ask(anAsk({ mail: aTake('letters-per-address', 9, freshId()) }))
  await other.store.close()
  assert.equal(wakes, 1)
  assert.equal((await store.lease(9, start, start + minute, 'worker')).length, 3)
})
