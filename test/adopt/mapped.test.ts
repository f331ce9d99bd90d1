/**
 * A table that the application made is read and written as it is: its names, its kinds of ids, its conditions, its index.
 * What goes wrong otherwise: a letter to somebody whose address looks alike, a password set on a neighbour's row, a reset
 * for an account that was deleted, a start that succeeds and a change that fails.
 */
import assert from 'node:assert/strict'
import type { Account, AccountsTable, Store } from '../../src/engine/ports.ts'
import { aChange, aRenewal } from '../../src/stores/contract-values.ts'
import { insert, onBoth, onPostgres, onSqlite, type Place } from './kit.ts'

const people: AccountsTable = { table: 'people', id: 'id', email: 'email', password: 'hash' }

/** Opens the store on a mapping, with our own tables made. */
async function opened(place: Place, table: AccountsTable) {
  const database = place.database()
  await database.migrate(table, false)
  return database.open(table, false)
}

/** Sets a password as a reset does, without a challenge. */
const set = (store: Store, account: Account): Promise<boolean> => store.change(aChange(account, null))

const one = async (place: Place, sql: string): Promise<unknown> => Object.values((await place.rows(sql))[0]!)[0]

onBoth('ids may be numbers past 2^53, and are not taken for their neighbours', async (place) => {
  await place.run(`CREATE TABLE people (id BIGINT PRIMARY KEY, email TEXT, hash TEXT);
    INSERT INTO people VALUES (9223372036854775806, 'ana@example.org', 'a'), (9223372036854775807, 'bea@example.org', 'b')`)
  const { store, accounts } = await opened(place, people)
  const [ana] = await accounts.byAddress('ana@example.org')
  assert.equal(ana?.id, '9223372036854775806')
  assert.equal(await accounts.byId('9223372036854775808'), null)
  assert.equal(await set(store, ana), true)
  await store.close()
  assert.equal(await one(place, `SELECT hash FROM people WHERE email = 'ana@example.org'`), 'new hash')
  assert.equal(await one(place, `SELECT hash FROM people WHERE email = 'bea@example.org'`), 'b')
})

onBoth(
  'a row outside the conditions is no account: it is not found, not listed, and its password is not set',
  async (place) => {
    await place.run(`CREATE TABLE people (id INTEGER PRIMARY KEY, tenant INTEGER, kind TEXT, bot BOOLEAN,
      deleted_at TIMESTAMP, email TEXT, hash TEXT);
    INSERT INTO people VALUES (1, 3, 'it''s \\ a', NULL, NULL, 'ana@example.org', 'a'),
      (2, 4, 'it''s \\ a', NULL, NULL, 'ana@example.org', 'b'), (3, 3, 'other', NULL, NULL, 'ana@example.org', 'c'),
      (4, 3, 'it''s \\ a', true, NULL, 'ana@example.org', 'd'),
      (5, 3, 'it''s \\ a', false, '2025-01-01', 'ana@example.org', 'e')`)
    const table = { ...people, where: { tenant: 3, kind: "it's \\ a", bot: false, deleted_at: null } }
    const { store, accounts } = await opened(place, table)
    const found = await accounts.byAddress('ana@example.org')
    assert.deepEqual(
      found.map(({ id }) => id),
      ['1'],
    )
    assert.deepEqual((await accounts.list(null, 9)).length, 1)
    for (const id of ['2', '3', '4', '5']) assert.equal(await accounts.byId(id), null)
    // Deleted between the letter and the new password.
    await place.run(`UPDATE people SET deleted_at = '2025-01-02' WHERE id = 1`)
    assert.equal(await set(store, found[0]!), false)
    await place.run('UPDATE people SET deleted_at = NULL WHERE id = 1')
    assert.equal(await set(store, found[0]!), true)
    await store.close()
    const hashes = (await place.rows('SELECT hash FROM people ORDER BY id')).map(({ hash }) => hash)
    assert.deepEqual(hashes, ['new hash', 'b', 'c', 'd', 'e'])
  },
)

onBoth(
  'passwords in a table of their own are set there, in the row of the account and of the kind that is said',
  async (place) => {
    await place.run(`CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, active BOOLEAN);
    CREATE TABLE logins (id INTEGER PRIMARY KEY, owner INTEGER, kind TEXT, secret TEXT);
    INSERT INTO people VALUES (1, 'ana@example.org', true), (2, 'bea@example.org', true), (3, 'eva@example.org', true);
    INSERT INTO logins VALUES (2, 1, 'password', 'a'), (1, 1, 'google', NULL), (3, 2, 'google', NULL),
      (4, 3, 'password', 'e')`)
    const credentials = { table: 'logins', account: 'owner', where: { kind: 'password' } }
    const table = { table: 'people', id: 'id', email: 'email', password: 'secret', active: 'active', credentials }
    const { store, accounts } = await opened(place, table)
    const [ana] = await accounts.byAddress('ana@example.org')
    const [bea] = await accounts.byAddress('bea@example.org')
    assert.deepEqual([ana?.id, ana?.passwordHash, ana?.signOn], ['1', 'a', false])
    assert.deepEqual([bea?.passwordHash, bea?.signOn], [null, true], 'who has no password signs in elsewhere')
    assert.equal((await accounts.list(null, 9)).length, 3)
    assert.equal(await set(store, bea!), false)
    await place.run('UPDATE people SET active = false WHERE id = 1')
    assert.equal(await set(store, ana!), false, 'deactivated since')
    await place.run('UPDATE people SET active = true WHERE id = 1')
    assert.equal(await store.renewHash(aRenewal(bea!)), false, 'there is none to renew')
    assert.equal(await store.renewHash(aRenewal({ ...ana!, passwordHash: 'b' })), false, 'another by now')
    assert.equal(await store.renewHash(aRenewal(ana!)), true)
    assert.equal(await set(store, ana!), false, 'hashed anew since')
    const renewed = { ...ana!, passwordHash: 'renewed hash' }
    assert.equal(await set(store, renewed), true)
    assert.equal(await set(store, renewed), false, 'once')
    await store.close()
    const secrets = (await place.rows('SELECT secret FROM logins ORDER BY id')).map(({ secret }) => secret)
    assert.deepEqual(secrets, [null, 'new hash', null, 'e'])
  },
)

onBoth(
  'two columns for a proof beside passwords in a table of their own are written, and emptied with the change',
  async (place) => {
    await place.run(`CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE logins (owner INTEGER PRIMARY KEY, secret TEXT, reset_token TEXT, reset_token_expiry BIGINT);
    INSERT INTO people VALUES (1, 'ana@example.org'); INSERT INTO logins VALUES (1, 'a', 'not ours', 7)`)
    const table = {
      table: 'people',
      id: 'id',
      email: 'email',
      password: 'secret',
      credentials: { table: 'logins', account: 'owner' },
    }
    const database = place.database()
    await database.migrate(table, true)
    await place.run(`UPDATE people SET reset_token = 'ours', reset_token_expiry = 9`)
    const { store, accounts } = await database.open(table, true)
    const ana = (await accounts.byId('1'))!
    assert.deepEqual(ana.reset, { reference: 'ours', expiresAt: 9 })
    assert.equal(await set(store, ana), true)
    assert.equal((await accounts.byId('1'))?.reset, null)
    await store.close()
    assert.equal(await one(place, 'SELECT reset_token FROM logins'), 'not ours')
  },
)

onBoth('a password that is unusable, as Django writes it, is set for nobody', async (place) => {
  await place.run(`CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, hash TEXT);
    INSERT INTO people VALUES (1, 'ana@example.org', '!unusable'), (2, 'bea@example.org', NULL)`)
  const { store, accounts } = await opened(place, people)
  assert.equal((await accounts.byId('1'))?.signOn, true)
  assert.equal((await accounts.byId('2'))?.signOn, false)
  await store.close()
})

onBoth('where an account has two rows of passwords, none is set: the other would go on opening it', async (place) => {
  await place.run(`CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE logins (owner INTEGER, kind TEXT, secret TEXT);
    INSERT INTO people VALUES (1, 'ana@example.org');
    INSERT INTO logins VALUES (1, 'password', 'a'), (1, 'password', 'b'), (1, 'google', NULL)`)
  const credentials = { table: 'logins', account: 'owner', where: { kind: 'password' } }
  const { store, accounts } = await opened(place, { ...people, password: 'secret', credentials })
  for (const account of await accounts.byAddress('ana@example.org')) assert.equal(await set(store, account), false)
  await store.close()
  assert.equal(await one(place, `SELECT count(*) FROM logins WHERE secret IN ('a', 'b')`).then(Number), 2)
})

/** Indexes as applications have them: what makes the column, what makes the index. citext takes a Kelvin sign for a k. */
const indexes: Record<'sqlite' | 'postgres', readonly (readonly [column: string, index: string])[]> = {
  sqlite: [
    ['TEXT', 'CREATE INDEX e ON people (lower(email))'],
    ['TEXT', 'CREATE INDEX e ON people (upper(email))'],
    ['TEXT COLLATE NOCASE', 'CREATE INDEX e ON people (email)'],
    ['TEXT', 'CREATE INDEX e ON people (email COLLATE NOCASE)'],
    ['TEXT', 'CREATE INDEX e ON people (tenant, lower(email))'],
    ['TEXT', ''],
  ],
  postgres: [
    ['TEXT', 'CREATE INDEX e ON people (lower(email))'],
    ['VARCHAR(254)', 'CREATE INDEX e ON people (lower(email))'],
    ['VARCHAR(254)', 'CREATE INDEX e ON people (upper(email::text))'],
    ['TEXT', 'CREATE INDEX e ON people (lower(email COLLATE "C"))'],
    ['citext', 'CREATE INDEX e ON people (email)'],
    ['TEXT', 'CREATE INDEX e ON people (lower(email)) WHERE tenant = 3'],
    ['TEXT', 'CREATE INDEX e ON people (tenant, lower(email))'],
    ['TEXT', ''],
  ],
}

onBoth('capitals A–Z do not count, whatever index serves; nothing that looks alike is ever found', async (place) => {
  if (place.dialect === 'postgres') await place.run('CREATE EXTENSION citext')
  const rows = [
    'Ana.Kim@Example.org',
    'ana.kın@example.org',
    'ana.\u212aim@example.org',
    'ana.kim@examp\u0142e.org',
    'ana.kim@example.org ',
  ]
  for (const [column, index] of indexes[place.dialect as 'sqlite' | 'postgres']) {
    await place.run(
      `CREATE TABLE people (id INTEGER PRIMARY KEY, tenant INTEGER, email ${column}, password TEXT); ${index}`,
    )
    await place.run(
      insert(
        'people',
        rows.map((email, at) => ({ id: at + 1, tenant: 3, email })),
      ),
    )
    const { store, accounts } = await opened(place, { ...people, password: 'password', where: { tenant: 3 } })
    for (const [typed, ids] of [
      ['ana.kim@example.org', ['1']],
      ['ana.kin@example.org', []],
    ] as const) {
      const found = await accounts.byAddress(typed)
      assert.deepEqual(
        found.map(({ id }) => id),
        ids,
        `${typed} by ${index || 'no index'} on ${column}`,
      )
      assert.ok(
        found.every(({ email }) => email === rows[0]),
        'the letter goes to the address as it is stored',
      )
    }
    await store.close()
    const { out } = await place.adopt('--dry-run')
    if (index !== '' && !index.includes('tenant')) assert.match(out, /by the index "e"/, `${index} on ${column}`)
    if (index === '') assert.match(out, /reads every row/)
    await place.run('DROP TABLE people')
  }
})

onBoth(
  'where addresses are stored in lower case, a plain index serves, and another spelling is not found',
  async (place) => {
    await place.run(`CREATE TABLE people (id INTEGER PRIMARY KEY, email VARCHAR(254) UNIQUE, hash TEXT);
    INSERT INTO people VALUES (1, 'ana@example.org', 'a'), (2, 'Bea@example.org', 'b')`)
    const { store, accounts } = await opened(place, { ...people, compare: 'lower' })
    assert.equal((await accounts.byAddress('ana@example.org')).length, 1)
    assert.equal((await accounts.byAddress('bea@example.org')).length, 0)
    await store.close()
  },
)

onBoth('a mapping that names what is not there is refused at the start, with what there is', async (place) => {
  await place.run(
    'CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, hash TEXT); CREATE TABLE logins (owner INTEGER, secret TEXT)',
  )
  const credentials = { table: 'logins', account: 'owner' }
  for (const [table, message] of [
    [{ ...people, where: { gone: null } }, /accounts\.where: "people" has no column "gone"; it has id, email, hash/],
    [
      { ...people, credentials: { ...credentials, table: 'login' } },
      /accounts\.credentials\.table: there is no table "login"/,
    ],
    [{ ...people, credentials }, /accounts\.password: "logins" has no column "hash"; it has owner, secret/],
    [
      { ...people, password: 'secret', credentials: { ...credentials, account: 'user' } },
      /accounts\.credentials\.account: "logins" has no column "user"/,
    ],
    [{ ...people, where: { id: 1.5 } }, /accounts\.where: "id" can be null, a text, a whole number/],
  ] as const) {
    await assert.rejects(opened(place, table), { code: 'configuration', message })
  }
})

onBoth('an id of bytes is refused, for no text stands for it', async (place) => {
  await place.run(
    `CREATE TABLE people (id ${place.dialect === 'sqlite' ? 'BLOB' : 'BYTEA'} PRIMARY KEY, email TEXT, hash TEXT)`,
  )
  await assert.rejects(opened(place, people), { code: 'configuration', message: /accounts\.id: "id" is (BLOB|bytea)/ })
})

onSqlite('a view is refused at the start on SQLite, which writes no passwords into one', async (place) => {
  await place.run(`CREATE TABLE everybody (id INTEGER PRIMARY KEY, email TEXT, hash TEXT);
    CREATE VIEW people AS SELECT * FROM everybody`)
  await assert.rejects(opened(place, people), {
    code: 'configuration',
    message: /"people" is a view.*Name the table behind it, and with "where"/,
  })
})

onPostgres(
  'a view that PostgreSQL can write is as good as a table; one that it cannot is refused at the start',
  async (place) => {
    await place.run(`CREATE TABLE everybody (id UUID PRIMARY KEY, mail TEXT, hash TEXT, gone BOOLEAN);
    INSERT INTO everybody VALUES ('00000000-0000-4000-8000-00000000000a', 'Ana@example.org', 'a', false),
      ('00000000-0000-4000-8000-00000000000b', 'bea@example.org', 'b', true);
    CREATE VIEW people AS SELECT id, mail AS email, hash FROM everybody WHERE NOT gone;
    CREATE VIEW grouped AS SELECT id, mail AS email, max(hash) AS hash FROM everybody GROUP BY 1, 2`)
    const { store, accounts } = await opened(place, people)
    const [ana] = await accounts.byAddress('ana@example.org')
    assert.equal(await set(store, ana!), true)
    assert.deepEqual(await accounts.byAddress('bea@example.org'), [])
    await store.close()
    assert.equal(await one(place, `SELECT hash FROM everybody WHERE NOT gone`), 'new hash')
    await assert.rejects(opened(place, { ...people, table: 'grouped' }), {
      code: 'configuration',
      message: /"grouped" is a view whose "hash" PostgreSQL cannot write/,
    })
  },
)

onPostgres(
  'a role that may not read or write what it must is refused at the start, with the words that grant it',
  async (place) => {
    const role = `reader_${process.pid}`
    await place.run(`CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, hash TEXT);
    CREATE ROLE ${role} LOGIN; GRANT CREATE ON SCHEMA public TO ${role}; GRANT SELECT (id, email) ON people TO ${role}`)
    const url = new URL(place.url)
    url.username = role
    const { postgres } = await import('../../src/stores/postgres.ts')
    try {
      const started = () => postgres(url.href).migrate(people, false)
      await assert.rejects(started(), {
        message: new RegExp(`"${role}" may not read "hash" of "people": GRANT SELECT \\("hash"\\)`),
      })
      await place.run(`GRANT SELECT ON people TO ${role}`)
      await assert.rejects(started(), {
        message: new RegExp(`may not write "hash" of "people": GRANT UPDATE \\("hash"\\) ON "people" TO "${role}";`),
      })
      await place.run(`GRANT UPDATE (hash) ON people TO ${role}`)
      await started()
      const { store } = await postgres(url.href).open(people, false)
      await store.close()
    } finally {
      await place.run(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  },
)

onBoth(
  "the application's sessions of the account go with its password, and no others; none where it was not set",
  async (place) => {
    await place.run(`CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, hash TEXT);
    CREATE TABLE signed_in (token TEXT, "userId" VARCHAR(40));
    INSERT INTO people VALUES (1, 'ana@example.org', 'a'), (11, 'bea@example.org', 'b');
    INSERT INTO signed_in VALUES ('x', '1'), ('y', '11'), ('z', '1')`)
    const table = { ...people, sessions: { table: 'signed_in', account: 'userId' } }
    const { store, accounts } = await opened(place, table)
    const [ana] = await accounts.byAddress('ana@example.org')
    await place.run(`UPDATE people SET hash = 'another' WHERE id = 1`)
    assert.equal(await set(store, ana!), false)
    assert.equal(Number(await one(place, 'SELECT count(*) FROM signed_in')), 3)
    const [now] = await accounts.byAddress('ana@example.org')
    assert.equal(await store.renewHash(aRenewal(now!)), true)
    assert.equal(Number(await one(place, 'SELECT count(*) FROM signed_in')), 3, 'the password has not changed')
    assert.equal(await set(store, { ...now!, passwordHash: 'renewed hash' }), true)
    await store.close()
    assert.deepEqual(
      (await place.rows('SELECT token FROM signed_in')).map(({ token }) => token),
      ['y'],
    )
  },
)

onBoth('a table of sessions that is not there, or has no such column, is refused at the start', async (place) => {
  await place.run(
    'CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, hash TEXT); CREATE TABLE signed_in (token TEXT)',
  )
  const sessions = (table: string) => ({ ...people, sessions: { table, account: 'person' } })
  await assert.rejects(opened(place, sessions('nowhere')), /accounts\.sessions\.table: there is no table "nowhere"/)
  await assert.rejects(
    opened(place, sessions('signed_in')),
    /accounts\.sessions\.account: "signed_in" has no column "person"/,
  )
})
