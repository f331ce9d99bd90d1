import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import pg from 'pg'
import { newPostgres } from '../../test/new-postgres.ts'
import { own } from '../accounts/own.ts'
import type { AccountsTable } from '../engine/ports.ts'
import {
  aChallenge,
  aChange,
  aLetter,
  anAccount,
  anAsk,
  anEvent,
  aSession,
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
import { type PostgresOptions, postgres } from './postgres.ts'
import { ready } from './postgres-migrate.ts'
import { pooled } from './postgres-pool.ts'
import { usersOf } from './postgres-users.ts'

/** A database of the test's own; `tables`: with ours in it. */
async function newUrl(t: TestContext, tables = true): Promise<string> {
  const { url, drop } = await newPostgres({}, tables)
  t.after(drop)
  return url
}

async function opened(t: TestContext, url: string, options: PostgresOptions = {}, table = own) {
  const database = postgres(url, options)
  await database.migrate(table, true)
  const { store, accounts, clock } = await database.open(table, true)
  t.after(() => store.close())
  return { store, accounts, clock: clock! }
}

/** What an operator or an application does there, on a connection of its own. */
async function inDatabase<T>(url: string, work: (db: pg.Client) => Promise<T>): Promise<T> {
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  try {
    return await work(db)
  } finally {
    await db.end()
  }
}

/** Another process: `code` is a module in which `database`, `own` and the makers of values are known. */
function inProcess(url: string, code: string): ChildProcess {
  const from = (name: string) => JSON.stringify(new URL(name, import.meta.url))
  const module = `import { postgres } from ${from('./postgres.ts')}
    import { own } from ${from('../accounts/own.ts')}
    import * as make from ${from('./contract-values.ts')}
    const database = postgres(${JSON.stringify(url)})
    ${code}`
  return spawn(process.execPath, ['--input-type=module', '-e', module], { stdio: ['ignore', 'pipe', 'inherit'] })
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
  const url = await newUrl(t)
  const { store, accounts } = await opened(t, url)
  const account = await anAccount(accounts)
  const challenge = await bound(store, account.id)
  const race = `
    const { store } = await database.open(own, true)
    const change = ${JSON.stringify(aChange(account, challenge))}
    const won = await make.atOnce(50, (i) => store.change({ ...change, passwordHash: process.pid + ' ' + i }))
    console.log(won.filter(Boolean).length)
    await store.close()`
  const wins = await Promise.all([1, 2, 3].map(() => output(inProcess(url, race))))
  assert.deepEqual(wins.map(Number).sort(), [0, 0, 1])
  assert.equal((await eventNames(store)).filter((name) => name === 'password.changed').length, 1)
})

test('processes that prove one code at once: one is first', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url)
  const challenge = await asked(store)
  const race = `
    const { store } = await database.open(own, true)
    const event = make.anEvent('proof.accepted')
    const won = await make.atOnce(50, (i) => store.prove('${challenge.id}', process.pid + ' ' + i, make.start, [], [], event))
    console.log(won.filter(Boolean).length)
    await store.close()`
  const wins = await Promise.all([1, 2, 3].map(() => output(inProcess(url, race))))
  assert.deepEqual(wins.map(Number).sort(), [0, 0, 1])
})

test('stores with connections of their own that prove, try and take at the same moment: no more than may', async (t) => {
  const url = await newUrl(t)
  const stores = await Promise.all(Array.from({ length: 4 }, async () => (await opened(t, url)).store))
  const [first] = stores
  const event = anEvent('proof.accepted')
  const notice = { limit: 'resend' as const, letter: aLetter(), queue: false, event: anEvent('limit.crossed') }
  for (let round = 0; round < 20; round++) {
    const challenge = await asked(first!, { triesLeft: 2 })
    const tries = await Promise.all(stores.map((store) => store.takeTry(challenge.id, start, [], notice)))
    assert.equal(tries.filter(Boolean).length, 2)
    const take = aTake('log-ins-per-account', 3, `round ${round}`)
    const taken = await Promise.all(stores.map((store) => store.take([take], start, null)))
    assert.equal(taken.filter(({ hits }) => hits.length === 0).length, 3)
    const proved = await Promise.all(
      stores.map((store, index) => store.prove(challenge.id, `nonce ${index}`, start, [], [], event)),
    )
    assert.equal(proved.filter(Boolean).length, 1)
  }
})

test('processes that take from one limit at once keep it exactly', async (t) => {
  const url = await newUrl(t)
  const race = `
    const { store } = await database.open(own, true)
    const takes = [make.aTake('log-ins-per-account', 100), make.aTake('log-ins-per-network', 1000)]
    const one = make.aTake('letters-per-address', 70)
    const answers = await make.atOnce(300, async (i) => [
      await store.take(i % 2 ? takes : [...takes].reverse(), make.start, null),
      await store.ask(make.anAsk({ mail: one, challenge: make.aChallenge({ id: process.pid + ' ' + i }) })),
    ])
    console.log(answers.filter(([taken]) => taken.hits.length === 0).length, answers.filter(([, asked]) => asked.mailed).length)
    await store.close()`
  const passed = await Promise.all([1, 2, 3].map(() => output(inProcess(url, race))))
  const sum = (index: number) => passed.reduce((total, text) => total + Number(text.split(' ')[index]), 0)
  assert.deepEqual([sum(0), sum(1)], [100, 70])
})

test('what was answered is still there when the process is killed the moment after', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url)
  const child = inProcess(
    url,
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
  const there = await inDatabase(url, (db) =>
    db.query(
      `SELECT count(*)::int AS count FROM latchkey_challenges JOIN latchkey_letters ON challenge_id = latchkey_challenges.id
        JOIN latchkey_events ON latchkey_events.challenge_id = latchkey_challenges.id WHERE latchkey_challenges.id = ANY($1)`,
      [ids],
    ),
  )
  assert.equal(there.rows[0].count, ids.length)
  assert.equal((await store.lease(100_000, start, start + minute, 'worker')).length >= ids.length, true)
})

test('whatever isolation and time-out the database has by default, what is judged holds and nothing is refused', async (t) => {
  const url = await newUrl(t)
  const name = new URL(url).pathname.slice(1)
  await inDatabase(url, (db) =>
    db.query(`ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable';
      ALTER DATABASE ${name} SET default_transaction_read_only = on`),
  )
  const stores = await Promise.all([1, 2, 3].map(async () => (await postgres(url).open(own, true)).store))
  t.after(() => Promise.all(stores.map((store) => store.close())))
  const take = aTake('log-ins-per-account', 9)
  const work = await atOnce(60, async (index) => {
    const store = stores[index % 3]!
    const session = aSession('7')
    await store.openSession(session, anEvent('session.opened'))
    await store.endSession(session.id, anEvent('session.ended'))
    return (await store.take([take], start, null)).hits.length
  })
  assert.equal(work.filter((hits) => hits === 0).length, 9)
  assert.equal((await eventNames(stores[0]!)).length, 120)
  await stores[0]!.ping()
})

test('numbers of events come in the order of commits: a reader sees no gap that is filled later', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url)
  const writing = `
    const { store } = await database.open(own, true)
    const account = { email: process.pid + '@example.org', username: null, passwordHash: null, verified: true, active: true }
    for (let round = 0; round < 25; round++) {
      await make.atOnce(12, (i) => [
        () => store.note(make.anEvent('link.opened')),
        () => store.ask(make.anAsk({ mail: 'room', challenge: make.aChallenge({ id: crypto.randomUUID() }) })),
        () => store.endSession('none', make.anEvent('session.ended')),
        () => store.openSession(make.aSession('7', { id: crypto.randomUUID() }), make.anEvent('session.opened')),
        async () => {
          const session = make.aSession('7', { id: crypto.randomUUID() })
          await store.openSession(session, make.anEvent('session.opened'))
          await store.endSession(session.id, make.anEvent('session.ended'))
        },
      ][i % 5]())
    }
    await store.close()`
  let writes = true
  const writers = Promise.all([1, 2, 3].map(() => output(inProcess(url, writing)))).finally(() => {
    writes = false
  })
  let seen = 0
  while (writes) {
    const page = await store.events(seen, 500)
    // Whoever reads on from the highest number misses nothing: so the numbers that are there have no gap.
    assert.deepEqual(
      page.map(({ seq }) => seq),
      page.map((_, index) => seen + index + 1),
    )
    seen += page.length
  }
  await writers
  seen += (await store.events(seen, 5000)).length
  assert.equal(seen, await store.audit.newest())
  assert.ok(seen > 800, String(seen))
})

test('ten processes migrate one new database, and each step is applied once', async (t) => {
  const url = await newUrl(t, false)
  const code = `console.log((await database.migrate(own, true)).map((step) => step.name).join(' '))`
  const applied = (await Promise.all(Array.from({ length: 10 }, () => output(inProcess(url, code))))).join(' ')
  assert.deepEqual(applied.trim().split(/\s+/).sort(), [
    '1-rows',
    '2-users',
    '3-reset-columns-of-users',
    '4-audit',
    '5-settings',
    '6-events-of-accounts',
  ])
  assert.deepEqual(await postgres(url).pending(own, true), [])
})

test('of ten migrations at the same moment each step is applied by one', async (t) => {
  const url = await newUrl(t, false)
  const applied = await atOnce(10, () => postgres(url).migrate(own, true))
  assert.deepEqual(
    applied
      .flat()
      .map(({ name }) => name)
      .sort(),
    (await stepsOf(url)).sort(),
  )
})

const stepsOf = (url: string): Promise<string[]> =>
  inDatabase(url, async (db) => (await db.query('SELECT name FROM latchkey_migrations')).rows.map(({ name }) => name))

test('a migration is shown before it is made, and showing it makes nothing', async (t) => {
  const url = await newUrl(t, false)
  const database = postgres(url)
  const shown = await database.pending(own, true)
  await assert.rejects(database.open(own, false), { name: 'Fault', code: 'configuration', message: /lacks 1-rows/ })
  assert.deepEqual(await database.pending(own, true), shown)
  assert.deepEqual(await database.migrate(own, true), shown)
  assert.deepEqual(await database.migrate(own, true), [])
})

test('an idle store lets its process end, also one that listens', async (t) => {
  const url = await newUrl(t)
  const code = `const { store } = await database.open(own, true)
    const listening = await postgres(${JSON.stringify(url)}, { direct: ${JSON.stringify(url)} }).open(own, true)
    await new Promise((resolve) => {
      listening.store.onLetter(resolve)
      store.ask(make.anAsk())
    })
    console.log('woken')`
  assert.equal(await output(inProcess(url, code)), 'woken\n')
})

test('a store that listens is closed to the end, whatever else its process has to do', async (t) => {
  const url = await newUrl(t)
  const code = `
    const listening = await postgres(${JSON.stringify(url)}, { direct: ${JSON.stringify(url)} }).open(own, true)
    await new Promise((resolve) => {
      listening.store.onLetter(resolve)
      listening.store.ask(make.anAsk())
    })
    await listening.store.close()
    console.log('closed')`
  assert.equal(await output(inProcess(url, code)), 'closed\n')
})

test('no sealed address outlives its letter', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url)
  for (const kind of ['sent', 'dropped'] as const) {
    const letter = aLetter({ sealedAddress: `of a letter ${kind}` })
    await store.ask(anAsk({ challenge: null, letter }))
    await store.lease(9, start, start + minute, kind)
    await store.settle(letter.id, kind, start, { kind }, null)
  }
  const { rows } = await inDatabase(url, (db) =>
    db.query('SELECT state, sealed_address FROM latchkey_letters ORDER BY seq'),
  )
  assert.deepEqual(rows, [
    { state: 'sent', sealed_address: '' },
    { state: 'dropped', sealed_address: '' },
  ])
})

test('refused asks write nothing, and once that is known wait for nobody who counts', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url)
  const refuse = [aTake('asks-per-caller', 1)]
  for (let asks = 0; asks < 3; asks++) await store.ask(anAsk({ refuse }))
  await inDatabase(url, async (db) => {
    const written = async () => (await db.query('SELECT pg_current_wal_insert_lsn() AS at')).rows[0].at
    const before = await written()
    await db.query('BEGIN')
    await db.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [refuse[0]!.key])
    const answers = await atOnce(20, () => store.ask(anAsk({ refuse })))
    assert.ok(answers.every(({ kind }) => kind === 'refused'))
    await db.query('COMMIT')
    assert.equal(await written(), before)
  })
  assert.deepEqual(await eventNames(store), ['challenge.opened', 'limit.crossed'])
  assert.equal((await store.ask(anAsk({ refuse, at: start + 16 * minute }))).kind, 'asked')
})

test('after its close a store refuses, reading and writing', async (t) => {
  const { store } = await opened(t, await newUrl(t))
  await Promise.all([store.close(), store.close()])
  await assert.rejects(store.note(anEvent('link.opened')), { name: 'Fault', code: 'database' })
  await assert.rejects(store.challenge('x'), { name: 'Fault', code: 'database' })
  await assert.rejects(store.ping(), { name: 'Fault', code: 'database' })
})

test('what is no plain data fails alone', async (t) => {
  const { store } = await opened(t, await newUrl(t))
  const ended = await Promise.allSettled([
    store.note(anEvent('link.opened')),
    store.ask(anAsk({ challenge: null, letter: { ...aLetter(), expiresAt: 'never' } as never })),
    store.note(undefined as never),
    store.openSession(aSession('7', { expiresAt: 'never' as never }), anEvent('session.opened')),
    asked(store),
  ])
  assert.deepEqual(
    ended.map((one) => (one.status === 'fulfilled' ? one.status : one.reason.code)),
    ['fulfilled', 'database', 'database', 'database', 'fulfilled'],
  )
  assert.deepEqual(await eventNames(store), ['link.opened', 'challenge.opened'])
})

test('what no text of PostgreSQL can hold finds nothing, and is kept without it', async (t) => {
  const { store, accounts } = await opened(t, await newUrl(t))
  const [nul, half] = ['a\0b', 'a\ud800b']
  for (const odd of [nul, half]) {
    assert.equal(await store.challenge(odd), null)
    assert.equal(await store.session(odd, start), null)
    assert.equal(await accounts.byId(odd), null)
    assert.equal(await accounts.byName(odd), null)
    assert.deepEqual(await accounts.byAddress(odd), [])
    const notice = { limit: 'resend' as const, letter: aLetter(), queue: false, event: anEvent('limit.crossed') }
    assert.equal(await store.takeTry(odd, start, [], notice), false)
    await store.note(anEvent('letter.failed', { because: `${odd} and \\u0000` }))
  }
  assert.deepEqual(
    (await store.events(0, 9)).map(({ because }) => because),
    ['a\ufffdb and \\u0000', 'a\ufffdb and \\u0000'],
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
    nick TEXT, email_verified_at TIMESTAMPTZ, enabled TEXT, lang CHAR(2), shoe_size INTEGER NOT NULL DEFAULT 40);
  INSERT INTO "the ""people""" VALUES
    ('p-1', 'Ana@Example.org', 'old hash', 'Ana', '2024-05-06 07:08:09', '1', 'pt', 38),
    ('p-2', 'ana@example.ORG', NULL, NULL, NULL, 'true', NULL, 39),
    ('p-3', NULL, 'hash', 'bea', '-infinity', 'banned', NULL, 40),
    ('p-4', 'eva@example.org', 'hash', 'eva', NULL, '0', NULL, 41)`

test('a table of the application keeps its shape and its rows, and gains the two columns', async (t) => {
  const url = await newUrl(t, false)
  await inDatabase(url, (db) => db.query(makePeople))
  const { store, accounts } = await opened(t, url, {}, people)
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
  const { store, accounts } = await opened(t, url, {}, table)
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
    const { store, accounts } = await opened(t, url, {}, table)
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

test('everything that runs often is found by an index', async (t) => {
  const url = await newUrl(t)
  await inDatabase(url, async (db) => {
    await db.query('SET enable_seqscan = off; SET enable_sort = off')
    for (const sql of [
      `SELECT 1 FROM users WHERE lower(email COLLATE "C") IN ('a', 'b')`,
      `SELECT 1 FROM users WHERE lower(username COLLATE "C") = lower('a'::text COLLATE "C")`,
      `SELECT 1 FROM latchkey_letters WHERE state = 'queued' AND due_at <= 9 ORDER BY due_at, seq LIMIT 9`,
      `SELECT min(due_at) FROM latchkey_letters WHERE state = 'queued'`,
      `UPDATE latchkey_letters SET attempts = 1 WHERE id = 'a' AND lease = 'b'`,
      `SELECT 1 FROM latchkey_challenges WHERE account_id = 'a' AND state <> 'closed'`,
      `SELECT id FROM latchkey_challenges WHERE expires_at <= 9 LIMIT 9`,
      `DELETE FROM latchkey_sessions WHERE account_id = 'a'`,
      `SELECT 1 FROM latchkey_history WHERE account_id = 'a' ORDER BY seq DESC LIMIT 9`,
      `SELECT 1 FROM latchkey_events WHERE account_id = 'a' ORDER BY seq DESC LIMIT 9`,
      `SELECT key FROM latchkey_limits WHERE key > 'a' ORDER BY key LIMIT 9`,
    ]) {
      const plan = await planOf(db, sql)
      assert.doesNotMatch(plan, /Seq Scan|Sort/, `${sql}\n${plan}`)
    }
  })
})

test('an address that is none is refused without being quoted', () => {
  for (const url of ['', 'sqlite:app.db', 'postgres:app', 'postgres://u:hunter2%@x/y']) {
    assert.throws(
      () => postgres(url),
      (error: Error) => !/hunter2/.test(error.message) && /postgres: /.test(error.message),
    )
  }
  assert.throws(() => postgres('postgres://x/y', { direct: 'y' }), { code: 'configuration', message: /^direct: / })
  assert.throws(() => postgres('postgres://x/y', { connections: 0 }), { code: 'configuration', message: /connections/ })
})

test('letters of one store wake its own listeners, and with a way past the pooler those of other processes', async (t) => {
  const url = await newUrl(t)
  const alone = await opened(t, url)
  const [one, other] = [await opened(t, url, { direct: url }), await opened(t, url, { direct: url })]
  const wakes = { alone: 0, one: 0 }
  alone.store.onLetter(() => wakes.alone++)
  one.store.onLetter(() => wakes.one++)
  const woken = new Promise<void>((resolve) => other.store.onLetter(resolve))
  await Promise.all([one.store.ask(anAsk()), one.store.ask(anAsk())])
  assert.equal(wakes.one >= 1, true)
  await woken
  assert.equal(wakes.alone, 0)
  const account = await anAccount(alone.accounts)
  const again = new Promise<void>((resolve) => other.store.onLetter(resolve))
  await one.store.change(aChange(account, null))
  await again
  assert.equal((await alone.store.lease(9, start + minute, start + 2 * minute, 'worker')).length, 3)
})

test('the clock is the database’s, and goes on by itself', async (t) => {
  const url = new URL(await newUrl(t))
  await inDatabase(url.href, (db) =>
    db.query(`CREATE SCHEMA tomorrow; CREATE FUNCTION tomorrow.clock_timestamp() RETURNS timestamptz LANGUAGE sql
      AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 day' $$`),
  )
  const { clock: today } = await opened(t, url.href)
  url.searchParams.set('options', '-csearch_path=tomorrow,public,pg_catalog')
  const { clock } = await opened(t, url.href)
  const apart = clock.now() - today.now()
  assert.ok(Math.abs(apart - 24 * 3600_000) < 2_000, String(apart))
  const first = clock.now()
  while (clock.now() === first);
  assert.ok(Number.isInteger(clock.now()) && clock.now() > first)
})

test('many rows are removed while others are written', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url)
  const other = await opened(t, url)
  await atOnce(1200, () => store.ask(anAsk({ mail: aTake('letters-per-address', 1, freshId()) })))
  const late = start + 300 * 24 * 60 * minute
  const [first, second] = await Promise.all([
    store.purge(late),
    other.store.purge(late),
    atOnce(50, () => store.ask(anAsk({ at: late, challenge: aChallenge({ expiresAt: late + minute }), mail: 'room' }))),
  ])
  assert.equal(first + second, 1200 + 1200)
  assert.equal((await store.outbox(late)).due, 1250)
})

test('the driver is loaded where a database of this kind is opened, and nowhere else', async () => {
  const at = (file: string) => JSON.stringify(new URL(file, import.meta.url))
  const code = `import { createRequire } from 'node:module'
    const loaded = () => Object.keys(createRequire(${at('.')}).cache).some((file) => /node_modules.pg.lib/.test(file))
    for (const file of [${['../cli/commands.ts', '../server/run.ts', './postgres.ts'].map(at).join()}]) await import(file)
    const before = loaded()
    await import(${at('./postgres-store.ts')})
    console.log(before, loaded())`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  assert.equal(await output(child), 'false true\n')
})
