/**
 * A table that the application made in MySQL is read and written as it is. What goes wrong otherwise: MySQL takes `ß` for
 * `ss`, `ı` for `i` and a space at the end for nothing, so a letter goes to somebody whose address looks alike; a number that
 * is written as a text equals its neighbours past 2^53; MyISAM keeps half of a change.
 */
// Debian packages: mariadb-server
import assert from 'node:assert/strict'
import type { Account, AccountsTable, Store } from '../../../src/engine/ports.ts'
import { aChange, asked, start } from '../../../src/stores/contract-values.ts'
import { mysql } from '../../../src/stores/mysql.ts'
import { type Place, opened as recoveryOn, reset } from '../kit.ts'
import { onMysql } from './kit.ts'

const people: AccountsTable = { table: 'people', id: 'id', email: 'email', password: 'hash' }

async function opened(place: Place, table: AccountsTable) {
  const database = place.database()
  await database.migrate(table, false)
  return database.open(table, false)
}

const set = (store: Store, account: Account): Promise<boolean> => store.change(aChange(account, null))
const hashes = async (place: Place): Promise<unknown[]> =>
  (await place.rows('SELECT hash FROM people ORDER BY id')).map(({ hash }) => hash)

onMysql('ids may be numbers past 2^53, signed or not, and are not taken for their neighbours', async (place) => {
  for (const [type, first, second] of [
    ['BIGINT', '9223372036854775806', '9223372036854775807'],
    ['BIGINT UNSIGNED', '18446744073709551614', '18446744073709551615'],
  ] as const) {
    await place.run(`CREATE TABLE people (id ${type} PRIMARY KEY, email VARCHAR(191), hash VARCHAR(255));
      INSERT INTO people VALUES (${first}, 'ana@example.org', 'a'), (${second}, 'bea@example.org', 'b')`)
    const { store, accounts } = await opened(place, people)
    const [ana] = await accounts.byAddress('ana@example.org')
    assert.equal(ana?.id, first)
    for (const id of ['18446744073709551616', `0${first}`, `${first}.0`, 'x'])
      assert.equal(await accounts.byId(id), null)
    assert.equal(await set(store, ana!), true)
    await store.close()
    assert.deepEqual(await hashes(place), ['new hash', 'b'])
    await place.run('DROP TABLE people')
  }
})

onMysql('ids may be texts and UUIDs, and one that looks alike is another', async (place) => {
  const columns = ['VARCHAR(191)', 'VARCHAR(191) COLLATE utf8mb4_bin', 'CHAR(36) CHARACTER SET latin1', 'UUID']
  for (const column of columns) {
    const [ana, bea] =
      column === 'UUID' || column.startsWith('CHAR')
        ? ['0b5a3e52-7f53-4c3f-9d3e-3d6c1f0a9e01', '0b5a3e52-7f53-4c3f-9d3e-3d6c1f0a9e02']
        : ['user-straße', 'user-bea']
    await place.run(`CREATE TABLE people (id ${column} PRIMARY KEY, email VARCHAR(191), hash VARCHAR(255));
      INSERT INTO people VALUES ('${ana}', 'ana@example.org', 'a'), ('${bea}', 'bea@example.org', 'b')`)
    const { store, accounts } = await opened(place, people)
    assert.equal((await accounts.byId(ana))?.email, 'ana@example.org', column)
    for (const other of [ana.toUpperCase(), `${ana} `, 'user-strasse', 'user-STRASSE', 'ключ', '']) {
      assert.equal(await accounts.byId(other), null, `${other} in ${column}`)
    }
    assert.equal(await set(store, (await accounts.byId(ana))!), true)
    assert.deepEqual((await accounts.list(null, 9)).map(({ id }) => id).sort(), [ana, bea].sort())
    await store.close()
    assert.equal((await place.rows(`SELECT hash FROM people WHERE email = 'bea@example.org'`))[0]!.hash, 'b')
    await place.run('DROP TABLE people')
  }
})

onMysql('an id of bytes is refused, with a way out', async (place) => {
  await place.run('CREATE TABLE people (id BINARY(16) PRIMARY KEY, email VARCHAR(191), hash VARCHAR(255))')
  await assert.rejects(opened(place, people), {
    code: 'configuration',
    message: /accounts\.id: "id" is binary; .*BIN_TO_UUID/,
  })
})

/** As applications have them. The first are indexed by what they are compared with, the others are not. */
const columns = [
  'VARCHAR(191) COLLATE utf8mb4_unicode_ci',
  'VARCHAR(191) COLLATE utf8mb4_general_ci',
  'VARCHAR(100) COLLATE utf8mb4_unicode_520_ci',
  'VARCHAR(191) CHARACTER SET latin1',
  'VARCHAR(191) CHARACTER SET utf8mb3',
  'VARCHAR(191) COLLATE utf8mb4_turkish_ci',
  'VARCHAR(191) COLLATE utf8mb4_bin',
  'VARBINARY(191)',
  'TEXT',
] as const

onMysql(
  'capitals A–Z do not count, whatever the column takes for equal; nothing that looks alike is ever found',
  async (place) => {
    for (const [at, column] of columns.entries()) {
      const beyond = column.includes('latin1')
        ? ['ana.kimß@example.org', 'änä.kim@example.org']
        : ['ana.k\u0131m@example.org', 'ana.\u212aim@example.org', 'ana.kim@examp\u0142e.org', 'änä.kim@example.org']
      const rows = ['Ana.Kim@Example.org', ...beyond, 'ana.kim@example.org ']
      await place.run(`CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, email ${column}, password_hash VARCHAR(255)${
        column === 'TEXT' ? '' : ', KEY e (email)'
      });
      INSERT INTO people (email) VALUES ${rows.map((row) => `('${row}')`).join(', ')}`)
      const { store, accounts } = await opened(place, { ...people, password: 'password_hash' })
      for (const [typed, ids] of [
        ['ana.kim@example.org', ['1']],
        ['ana.kimss@example.org', []],
        ['ana.ключ@example.org', []],
        ['ana.kin@example.org', []],
        ...beyond.map((row, n) => [row, [String(n + 2)]] as const),
      ] as const) {
        const found = await accounts.byAddress(typed)
        assert.deepEqual(
          found.map(({ id }) => id),
          ids,
          `${typed} in ${column}`,
        )
      }
      await store.close()
      const { out, error } = await place.adopt('--dry-run', '--table', 'people')
      assert.match(out, at < 5 ? /by the index "e"/ : /reads every row/, `${column} ${error}`)
      await place.run('DROP TABLE people')
    }
  },
)

onMysql(
  'a row outside the conditions is no account, and a condition is its text and nothing that looks like it',
  async (place) => {
    await place.run(`CREATE TABLE people (id INT PRIMARY KEY, tenant BIGINT, kind VARCHAR(20), bot BIT(1),
      deleted_at DATETIME, email VARCHAR(191), hash VARCHAR(255));
    INSERT INTO people VALUES (1, 9007199254740993, 'it''s \\\\ á', NULL, NULL, 'ana@example.org', 'a'),
      (2, 9007199254740992, 'it''s \\\\ á', NULL, NULL, 'ana@example.org', 'b'),
      (3, 9007199254740993, 'IT''S \\\\ a', NULL, NULL, 'ana@example.org', 'c'),
      (4, 9007199254740993, 'it''s \\\\ á', b'1', NULL, 'ana@example.org', 'd'),
      (5, 9007199254740993, 'it''s \\\\ á', b'0', '2025-01-01', 'ana@example.org', 'e')`)
    const where = { tenant: '9007199254740993', kind: "it's \\ á", bot: false, deleted_at: null }
    const { store, accounts } = await opened(place, { ...people, where })
    const found = await accounts.byAddress('ana@example.org')
    assert.deepEqual(
      found.map(({ id }) => id),
      ['1'],
    )
    for (const id of ['2', '3', '4', '5']) assert.equal(await accounts.byId(id), null)
    await place.run(`UPDATE people SET deleted_at = '2025-01-02' WHERE id = 1`)
    assert.equal(await set(store, found[0]!), false, 'deleted between the letter and the new password')
    await place.run('UPDATE people SET deleted_at = NULL WHERE id = 1')
    assert.equal(await set(store, found[0]!), true)
    await store.close()
    assert.deepEqual(await hashes(place), ['new hash', 'b', 'c', 'd', 'e'])
  },
)

onMysql('passwords in a table of their own are set there, once, and not where an account has two', async (place) => {
  await place.run(`CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(191), active TINYINT(1));
    CREATE TABLE logins (id INT PRIMARY KEY, owner VARCHAR(20), kind VARCHAR(20), secret VARCHAR(255));
    CREATE TABLE open_sessions (id INT PRIMARY KEY, user_id BIGINT);
    INSERT INTO people VALUES (1, 'ana@example.org', 1), (2, 'bea@example.org', 1), (3, 'eva@example.org', 1);
    INSERT INTO logins VALUES (2, '1', 'password', 'a'), (1, '1', 'google', NULL), (3, '2', 'google', NULL),
      (4, '3', 'password', 'e'), (5, '3', 'password', 'f');
    INSERT INTO open_sessions VALUES (1, 1), (2, 2)`)
  const table: AccountsTable = {
    ...{ table: 'people', id: 'id', email: 'email', password: 'secret', active: 'active' },
    credentials: { table: 'logins', account: 'owner', where: { kind: 'password' } },
    sessions: { table: 'open_sessions', account: 'user_id' },
  }
  const { store, accounts } = await opened(place, table)
  const [ana, bea, eva] = await Promise.all(['1', '2', '3'].map((id) => accounts.byId(id)))
  assert.deepEqual([ana?.passwordHash, ana?.signOn, bea?.passwordHash, bea?.signOn], ['a', false, null, true])
  assert.deepEqual([await set(store, bea!), await set(store, eva!)], [false, false])
  await place.run('UPDATE people SET active = 0 WHERE id = 1')
  assert.equal(await set(store, ana!), false, 'deactivated since')
  await place.run('UPDATE people SET active = 1 WHERE id = 1')
  assert.deepEqual([await set(store, ana!), await set(store, ana!)], [true, false], 'once')
  await store.close()
  const secrets = (await place.rows('SELECT secret FROM logins ORDER BY id')).map(({ secret }) => secret)
  assert.deepEqual(secrets, [null, 'new hash', null, 'e', 'f'])
  assert.deepEqual(await place.rows('SELECT user_id FROM open_sessions'), [{ user_id: 2 }], 'hers have ended')
})

onMysql('a table of MyISAM is refused at the start, with the reason and what to do', async (place) => {
  await place.run(
    'CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(191), password_hash VARCHAR(255)) ENGINE=MyISAM',
  )
  const message =
    /accounts\.table: "people" is a table of MyISAM, which knows no transactions.*ALTER TABLE `people` ENGINE=InnoDB;/
  await assert.rejects(opened(place, { ...people, password: 'password_hash' }), { code: 'configuration', message })
  assert.match((await place.adopt('--dry-run', '--table', 'people')).out, message)
  await place.run('ALTER TABLE people ENGINE=InnoDB')
  await (await opened(place, { ...people, password: 'password_hash' })).store.close()
})

onMysql('a view that can be written is as good as a table; one that cannot is refused at the start', async (place) => {
  await place.run(`CREATE TABLE everybody (id INT PRIMARY KEY, mail VARCHAR(191), hash VARCHAR(255), gone INT);
    INSERT INTO everybody VALUES (1, 'ana@example.org', 'a', 0), (2, 'bea@example.org', 'b', 1);
    CREATE VIEW people AS SELECT id, mail AS email, hash FROM everybody WHERE gone = 0;
    CREATE VIEW counted AS SELECT id, mail AS email, max(hash) AS hash FROM everybody GROUP BY id, mail`)
  const { store, accounts } = await opened(place, people)
  assert.equal(await set(store, (await accounts.byId('1'))!), true)
  assert.equal(await accounts.byId('2'), null)
  await store.close()
  await assert.rejects(opened(place, { ...people, table: 'counted' }), {
    message: /"counted" is a view that cannot be written/,
  })
})

onMysql('two columns for a proof are added when asked, or used as the application has them', async (place) => {
  for (const type of [null, 'DATETIME(3)', 'TIMESTAMP(3) NULL', 'VARCHAR(40)', 'BIGINT UNSIGNED']) {
    const own = type === null ? '' : `, reset_token VARCHAR(255), reset_token_expiry ${type}`
    await place.run(`CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(191), hash VARCHAR(255)${own});
      INSERT INTO people (id, email, hash) VALUES (1, 'ana@example.org', 'a')`)
    const database = place.database()
    const applied = (await database.migrate(people, true)).map(({ name }) => name)
    assert.equal(applied.includes('3-reset-columns-of-people'), type === null)
    const { store, accounts } = await database.open(people, true)
    const { id } = await asked(store)
    const expiresAt = 1_900_000_000_123
    const column = { reference: 'ours', expiresAt }
    await store.bind({ challengeId: id, accountId: '1', live: 1, halfLife: 0, keyIds: ['k1'], at: start, column })
    const ana = (await accounts.byId('1'))!
    assert.deepEqual(ana.reset, { reference: 'ours', expiresAt }, String(type))
    assert.equal(await set(store, ana), true)
    assert.equal((await accounts.byId('1'))?.reset, null)
    await store.close()
    await place.run('DROP TABLE people')
  }
})

onMysql(
  'a user who may not write the password is told which GRANT is missing; with the least rights everything works',
  async (place) => {
    const name = new URL(place.url).pathname.slice(1)
    await place.run(`CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(191), hash VARCHAR(255), salary INT);
    INSERT INTO people VALUES (1, 'ana@example.org', '$2y$04$X1kJ1pHTAbIZQ0A9sVVzA.eqv2WcpJZHZ6SfGGb8FZQ0nRtQn5Tt2', 7)`)
    await place.database().migrate(people, false)
    const ours = (await place.rows('SHOW TABLES'))
      .map((row) => String(Object.values(row)[0]))
      .filter((one) => one.startsWith('latchkey_'))
    await place.run(`CREATE USER '${name}'@'%' IDENTIFIED BY 'secret';
    ${ours.map((table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO '${name}'@'%';`).join('\n')}
    GRANT SELECT (id, email, hash) ON people TO '${name}'@'%'`)
    const url = new URL(place.url)
    url.username = name
    url.password = 'secret'
    try {
      const message = /the user ".*" may not write "hash" of "people": GRANT UPDATE \(`hash`\) ON `people` TO '.*'@'%';/
      await assert.rejects(mysql(url.href).open(people, false), { code: 'configuration', message })
      await place.run(`GRANT UPDATE (hash) ON people TO '${name}'@'%'`)
      const recovery = await recoveryOn({ ...place, database: () => mysql(url.href) }, { ...people, hash: 'bcrypt' })
      assert.equal(await reset(recovery, 'ANA@example.org'), 'ana@example.org')
      await recovery.close()
      assert.match(String((await hashes(place))[0]), /^\$2b\$/)
    } finally {
      await place.run(`DROP USER '${name}'@'%'`)
    }
  },
)
