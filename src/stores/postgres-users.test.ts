/** A users table that the application has already, in whatever types PostgreSQL gives it. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type pg from 'pg'
import { inDatabase, newUrl } from '../../test/new-postgres.ts'
import { own } from '../accounts/own.ts'
import type { AccountsTable } from '../engine/ports.ts'
import { aChange, asked, keyIds, minute, start } from './contract-values.ts'
import { postgres } from './postgres.ts'
import { ready } from './postgres-migrate.ts'
import { pooled } from './postgres-pool.ts'
import { usersOf } from './postgres-users.ts'

async function opened(t: TestContext, url: string, table: AccountsTable) {
  const database = postgres(url)
  await database.migrate(table, true)
  const { store, accounts } = await database.open(table, true)
  t.after(() => store.close())
  return { store, accounts }
}

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
    nick TEXT, email_verified_at TIMESTAMPTZ, enabled TEXT, lang CHAR(2), shoe_size INTEGER NOT NULL DEFAULT 40);
  INSERT INTO "the ""people""" VALUES
    ('p-1', 'Ana@Example.org', 'old hash', 'Ana', '2024-05-06 07:08:09', '1', 'pt', 38),
    ('p-2', 'ana@example.ORG', NULL, NULL, NULL, 'true', NULL, 39),
    ('p-3', NULL, 'hash', 'bea', '-infinity', 'banned', NULL, 40),
    ('p-4', 'eva@example.org', 'hash', 'eva', NULL, '0', NULL, 41)`

test('a table of the application keeps its shape and its rows, and gains the two columns', async (t) => {
  const url = await newUrl(t, false)
  await inDatabase(url, (db) => db.query(makePeople))
  const { store, accounts } = await opened(t, url, people)
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
  const { rows } = await inDatabase(url, (db) =>
    db.query('SELECT shoe_size, reset_token FROM "the ""people""" ORDER BY shoe_size'),
  )
  assert.deepEqual(
    rows,
    [38, 39, 40, 41].map((shoe_size) => ({ shoe_size, reset_token: null })),
  )
  assert.deepEqual(await postgres(url).pending(people, true), [])
})

test('a table in another schema, with names in capitals, is found by its name', async (t) => {
  const url = await newUrl(t, false)
  await inDatabase(url, (db) =>
    db.query(`CREATE SCHEMA auth; CREATE TABLE auth."Users" ("Id" UUID PRIMARY KEY, "Email" TEXT, "Hash" TEXT);
      INSERT INTO auth."Users" VALUES ('00000000-0000-4000-8000-00000000000a', 'ana@example.org', 'old hash')`),
  )
  const table = { table: 'auth.Users', id: 'id', email: 'email', password: 'Hash' }
  const { store, accounts } = await opened(t, url, table)
  const [ana] = await accounts.byAddress('ana@example.org')
  assert.equal(await store.change(aChange(ana!, null)), true)
  assert.equal((await accounts.byId(ana!.id))?.passwordHash, 'new hash')
})

test('an expiry is kept in whatever kind of column the application has for it', async (t) => {
  const url = await newUrl(t, false)
  const kept: Record<string, unknown> = {
    bigint: String(start + 1001),
    'timestamp with time zone': '2023-11-14 22:13:21.001+00',
    'timestamp without time zone': '2023-11-14 22:13:21.001',
    text: '2023-11-14 22:13:21.001',
    'character varying(40)': '2023-11-14 22:13:21.001',
  }
  for (const [index, [type, written]] of Object.entries(kept).entries()) {
    const table = { table: `people_${index}`, id: 'id', email: 'email', password: 'hash' }
    await inDatabase(url, (db) =>
      db.query(`CREATE TABLE people_${index} (id INTEGER PRIMARY KEY, email TEXT, hash TEXT,
          "Reset_Token" TEXT, reset_token_expiry ${type});
        INSERT INTO people_${index} VALUES (7, 'ana@example.org', 'old hash')`),
    )
    const { store, accounts } = await opened(t, url, table)
    const challenge = await asked(store, { flow: type })
    const column = { reference: 'another', expiresAt: start + 1001 }
    await store.bind({ challengeId: challenge.id, accountId: '7', live: 9, halfLife: 0, keyIds, at: start, column })
    assert.deepEqual((await accounts.byId('7'))?.reset, column, type)
    const { rows } = await inDatabase(url, async (db) => {
      await db.query(`SET timezone = 'UTC'`)
      return db.query(`SELECT reset_token_expiry::text AS expiry FROM people_${index}`)
    })
    assert.equal(rows[0].expiry, written, type)
    await store.close()
  }
  await inDatabase(url, (db) => db.query('ALTER TABLE people_0 ALTER reset_token_expiry TYPE INTEGER USING NULL'))
  const table = { table: 'people_0', id: 'id', email: 'email', password: 'hash' }
  await assert.rejects(postgres(url).open(table, true), { code: 'configuration', message: /make it bigint/ })
})

test('what is not understood lets nobody in, and nobody past a factor', async (t) => {
  const url = await newUrl(t, false)
  // Type, value, whether it says yes, whether it says that something is in use.
  const values: [type: string, value: string | null, isTrue: boolean, isUsed: boolean][] = [
    ['boolean', 'true', true, true],
    ['boolean', 'false', false, false],
    ['boolean', null, false, false],
    ['smallint', '1', true, true],
    ['smallint', '0', false, false],
    ['numeric(6,2)', '0.00', false, false],
    ['double precision', '0.5', true, true],
    ['timestamptz', '2024-01-02', true, true],
    ['timestamptz', 'infinity', false, true],
    ['date', null, false, false],
    ['text', 'Yes', true, true],
    ['text', ' ', false, false],
    ['text', 'NONE', false, false],
    ['text', 'JBSWY3DPEHPK3PXP', false, true],
    ['text', '2024-01-02T03:04:05Z', true, true],
    ['varchar(20)', 'disabled', false, true],
    ['char(5)', 't', true, true],
    ['bytea', '', false, false],
    ['bytea', '\\x01', false, true],
    ['jsonb', '[]', false, false],
    ['jsonb', '{"totp":true}', false, true],
    ['text[]', '{}', false, false],
    ['bit', '1', true, true],
  ]
  await inDatabase(url, async (db) => {
    for (const [index, [type, value]] of values.entries()) {
      await db.query(`CREATE TABLE t${index} (id TEXT, email TEXT, hash TEXT, fact ${type})`)
      await db.query(`INSERT INTO t${index} VALUES ('1', 'ana@example.org', 'hash', $1)`, [value])
    }
  })
  for (const [index, [type, value, isTrue, isUsed]] of values.entries()) {
    const table = { table: `t${index}`, id: 'id', email: 'email', password: 'hash' }
    const mapping = { ...table, active: 'fact', secondFactor: 'fact' }
    if (index === 0) await postgres(url).migrate(mapping, false)
    const { store, accounts } = await postgres(url).open(mapping, false)
    const ana = (await accounts.byId('1'))!
    assert.deepEqual([ana.active, ana.secondFactor], [isTrue, isUsed], `${type} ${value}`)
    assert.equal(await store.change(aChange(ana, null)), true, `${type} ${value}`)
    await store.close()
  }
})

test('a mapping that names what is not there is refused with the names that are', async (t) => {
  const url = await newUrl(t, false)
  await inDatabase(url, (db) => db.query(makePeople))
  const database = postgres(url)
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
  const url = await newUrl(t, false)
  await inDatabase(url, (db) => db.query('CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)'))
  await assert.rejects(postgres(url).migrate(own, false), { code: 'configuration', message: /"users"/ })
  const { rows } = await inDatabase(url, (db) => db.query(`SELECT FROM pg_tables WHERE tablename LIKE 'latchkey%'`))
  assert.equal(rows.length, 0)
})

/** The statement's plan where a table is never read whole unless there is no other way. */
async function planOf(db: pg.Client, sql: string): Promise<string> {
  const { rows } = await db.query(`EXPLAIN (COSTS OFF) ${sql}`)
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

test('an account is found by an index, whether ids are numbers or texts', async (t) => {
  const url = await newUrl(t, false)
  const types = { integer: '12', bigint: '12', text: 'p-12', 'varchar(36)': 'p-12', uuid: crypto.randomUUID() }
  await inDatabase(url, (db) => db.query('CREATE EXTENSION citext'))
  const pool = pooled({ url, connections: 2, timeout: 5000 })
  t.after(() => pool.close())
  for (const [index, [type, id]] of Object.entries(types).entries()) {
    const table = { table: `people_${index}`, id: 'id', email: 'email', password: 'hash' }
    await inDatabase(url, async (db) => {
      await db.query(`CREATE TABLE people_${index} (id ${type} PRIMARY KEY, email citext, hash TEXT)`)
      await db.query(`CREATE INDEX ON people_${index} (lower(email::text COLLATE "C"))`)
      await db.query(`INSERT INTO people_${index} VALUES ($1, 'Ana@example.org', 'old hash')`, [id])
    })
    if (index === 0) await postgres(url).migrate(table, false)
    const { store, accounts } = await postgres(url).open(table, false)
    assert.equal((await accounts.byId(id))?.email, 'Ana@example.org', type)
    assert.equal(await accounts.byId(`${id} `), null)
    assert.equal((await accounts.byAddress('ana@example.org')).length, 1)
    assert.equal(await store.change(aChange((await accounts.byId(id))!, null)), true, type)
    await store.close()
    const users = usersOf(table, false, await ready(pool, table, false))
    await inDatabase(url, async (db) => {
      await db.query('SET enable_seqscan = off')
      const parameter = users.idParameter(1).replace('$1', `'${id}'`)
      assert.match(await planOf(db, `${users.select} WHERE ${users.id} = ${parameter}`), /_pkey/, type)
      assert.match(await planOf(db, `${users.select} WHERE ${users.foldedEmail} IN ('a', 'b')`), /_lower_idx/, type)
    })
  }
})
