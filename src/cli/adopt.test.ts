import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { made } from '../../test/adopt/checks.ts'
import { insert, known, onBoth, onPostgres, onSqlite, type Place, written } from '../../test/adopt/kit.ts'
import { openSource } from '../adopt/open.ts'
import { adopt } from './adopt.ts'
import type { Io } from './command.ts'

const argon = (): string => made(/^\$argon2id\$/)

/** Accounts with everything in them that must not be told. */
async function people(place: Place, table = 'people'): Promise<void> {
  await place.run(`CREATE TABLE ${table} (id BIGINT PRIMARY KEY, email VARCHAR(254), password_hash VARCHAR(255))`)
  const rows = [
    { id: 778899001, email: 'secret.person@example.org', password_hash: argon() },
    { id: 778899002, email: 'Other.Person@example.org', password_hash: made(/^\$2y\$/) },
    { id: 778899003, email: 'clear.person@example.org', password_hash: 'plain-text-of-somebody' },
    { id: 778899004, email: null, password_hash: null },
  ]
  await place.run(insert(table, rows))
}

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

onBoth('it says what it found, and never an id, an address or a hash', async (place) => {
  await people(place)
  const ran = [
    await place.adopt(),
    await place.adopt(),
    await place.adopt('--check', 'secret.person@example.org'),
    await place.adopt('--check', 'Other.Person@example.org'),
  ]
  assert.deepEqual(
    ran.map(({ code }) => code),
    [0, 1, 0, 0],
  )
  const said = ran.map(({ out, error }) => out + error).join('')
  assert.match(said, /Found "people" \(a table of its own kind\): 4 accounts/)
  assert.match(said, /1 bcrypt \(\$2y\$\)/)
  assert.match(said, /1 of no known format/)
  assert.match(said, /1 without a password/)
  for (const secret of ['77889900', 'person', 'Person', argon().slice(-20), 'plain-text', 'm=']) {
    assert.ok(!said.includes(secret), `it says "${secret}": ${said}`)
  }
})

onSqlite('a file of SQLite is not written, though it be checked', async (place) => {
  await people(place)
  const path = join(place.folder, 'app.db')
  const before = digest(path)
  await place.adopt()
  await place.adopt('--check', 'secret.person@example.org')
  assert.equal(digest(path), before)
})

onBoth('a check proves that a reset would work, and leaves everything as it was', async (place) => {
  await people(place)
  const rows = await place.rows('SELECT * FROM people ORDER BY id')
  const right = await place.adoptWith(
    { stdin: `${known}\n` },
    '--check',
    'Secret.Person@Example.ORG',
    '--password-stdin',
  )
  assert.equal(right.code, 0)
  assert.match(right.out, /ok +one account has this address/)
  assert.match(right.out, /ok +its password is read: Argon2/i)
  assert.match(right.out, /ok +the password that was typed is the one that it has/)
  assert.match(right.out, /ok +the new password would log in/)
  assert.match(right.out, /A reset would work\. Nothing was changed\./)
  const wrong = await place.adoptWith({ stdin: 'Wrong-1!' }, '--check', 'secret.person@example.org', '--password-stdin')
  assert.equal(wrong.code, 1)
  assert.match(wrong.out, /error +the password that was typed is not the one that it has/)
  const nobody = await place.adopt('--check', 'nobody@example.org')
  assert.deepEqual([nobody.code, /error +no account has this address/.test(nobody.out)], [1, true])
  assert.equal((await place.adopt('--check', 'no address')).code, 1)
  assert.deepEqual(await place.rows('SELECT * FROM people ORDER BY id'), rows)
})

onPostgres('a check tells of a column that the new hash does not fit into', async (place) => {
  await place.run('CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, password VARCHAR(40))')
  await place.run(insert('people', [{ id: 1, email: 'ana@example.org', password: '$P$BvOld' }]))
  const { code, out } = await place.adopt('--check', 'ana@example.org')
  assert.equal(code, 1)
  assert.match(
    out,
    /error +the database does not take \d+ letters of argon2id \(is the password's column too short\?\)/,
  )
})

onBoth('a check goes by the configuration that is there', async (place) => {
  await people(place)
  await place.run('CREATE TABLE staff (nr INTEGER PRIMARY KEY, box TEXT, secret TEXT)')
  await place.run(insert('staff', [{ nr: 1, box: 'eva@example.org', secret: argon() }]))
  const accounts = { table: 'staff', id: 'nr', email: 'box', password: 'secret' }
  writeFileSync(join(place.folder, 'latchkey.config.json'), JSON.stringify({ accounts }))
  assert.equal((await place.adopt('--check', 'eva@example.org')).code, 0)
  assert.equal((await place.adopt('--check', 'secret.person@example.org')).code, 1)
})

onBoth('what it writes is read by the server, and never put over what is there unless that is said', async (place) => {
  await people(place)
  const [config, environment] = ['latchkey.config.ts', '.env'].map((name) => join(place.folder, name)) as [
    string,
    string,
  ]
  assert.equal((await place.adopt('--dry-run')).code, 0)
  assert.throws(() => statSync(config))
  assert.equal((await place.adopt()).code, 0)
  const { hash: _, ...table } = await written(place)
  assert.deepEqual(table, { table: 'people', id: 'id', email: 'email', password: 'password_hash' })
  assert.equal(statSync(environment).mode & 0o777, 0o600)
  const lines = readFileSync(environment, 'utf8')
  assert.ok(lines.includes(`DATABASE_URL=${place.url}\n`))
  assert.match(lines, /^SECRET_KEY=[\w-]{64}$/m)
  writeFileSync(environment, 'KEPT=1\n')
  const again = await place.adopt()
  assert.equal(again.code, 1)
  assert.match(again.error, /\.env is there and stays as it is \(--force writes over it\)/)
  assert.equal(readFileSync(environment, 'utf8'), 'KEPT=1\n')
  assert.ok(!again.error.includes(place.url), 'an address with its password is not shown')
  assert.equal((await place.adopt('--force')).code, 0)
  assert.match(readFileSync(environment, 'utf8'), /^DATABASE_URL=/)
})

onBoth('names that need it are quoted in what it writes', async (place) => {
  await place.run(
    `CREATE TABLE "the 'people'" (id INTEGER PRIMARY KEY, "E-Mail" TEXT, "Password" TEXT, "is_deleted" BOOLEAN)`,
  )
  assert.equal((await place.adopt()).code, 0)
  const { hash: _, ...table } = await written(place)
  const where = { is_deleted: false }
  assert.deepEqual(table, { table: "the 'people'", id: 'id', email: 'E-Mail', password: 'Password', where })
})

onBoth('where several tables fit, it asks which one', async (place) => {
  await people(place, 'customers')
  await people(place, 'staff')
  const { code, out, error } = await place.adopt()
  assert.equal(code, 2)
  assert.match(out, /1 +"customers".*\n +2 +"staff"/)
  assert.match(error, /--table NAME/)
  assert.equal((await place.adopt('--table', 'staff')).code, 0)
  assert.equal((await written(place)).table, 'staff')
  const chosen = await place.adoptWith({ stdin: '1\n', isTTY: true }, '--force')
  assert.deepEqual([chosen.code, chosen.out.includes('Which one? 1–2: ')], [0, true])
  assert.match(chosen.out, /Found "customers"/)
  for (const stdin of ['', '3\n', 'staff\n']) assert.equal((await place.adoptWith({ stdin, isTTY: true })).code, 2)
  const unknown = await place.adopt('--table', 'nothing')
  assert.deepEqual([unknown.code, /there is no table "nothing"/.test(unknown.error)], [1, true])
})

onBoth('a table without accounts is adopted by its columns', async (place) => {
  await place.fixture('django')
  const { code, out } = await place.adopt()
  assert.equal(code, 0)
  assert.match(out, /Found "auth_user" \(Django\): 0 accounts/)
  assert.match(out, /written as +django, by the system's habit: no row tells/)
  assert.match(out, /addresses +none yet/)
})

onBoth('a database in which nothing fits is told, with where to go on', async (place) => {
  await place.run('CREATE TABLE orders (id INTEGER PRIMARY KEY, email TEXT)')
  const { code, error } = await place.adopt()
  assert.equal(code, 1)
  assert.match(error, /None of the 1 tables .* docs\/adopt\/any-table\.md/s)
})

onBoth("Latchkey's own tables are not taken for the application's", async (place) => {
  const { own } = await import('../accounts/own.ts')
  await place.database().migrate(own, true)
  assert.equal((await place.adopt()).code, 1)
})

onPostgres('a role that may only read looks all the same, and is told what it lacks', async (place) => {
  await people(place)
  const role = `looker_${process.pid}`
  await place.run(`CREATE ROLE ${role} LOGIN; GRANT SELECT ON people TO ${role}`)
  const url = new URL(place.url)
  url.username = role
  try {
    const as = (...args: string[]) => place.adoptWith({ environment: { DATABASE_URL: url.href } }, ...args)
    const { out } = await as('--force')
    assert.match(out, /: 4 accounts/)
    assert.match(out, /In the way: .*GRANT UPDATE \("password_hash"\) ON "people" TO/)
    assert.match(out, /In the way: .*GRANT CREATE ON SCHEMA "public" TO/)
    assert.match(out, /First clear away what is in the way/)
    await place.run(`ALTER TABLE people ENABLE ROW LEVEL SECURITY`)
    assert.match((await as('--force')).out, /Row security hides rows/)
  } finally {
    await place.run(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
})

onSqlite('a view is looked at, and it is said that SQLite cannot write it', async (place) => {
  await people(place)
  await place.run('CREATE VIEW members AS SELECT id, email, password_hash AS password FROM people')
  const { code, out } = await place.adopt('--table', 'members')
  assert.equal(code, 0)
  assert.match(out, /Found "members" \(a view\): 4 accounts/)
  assert.match(out, /In the way: .*"members" is a view, and SQLite writes no passwords into one/)
  assert.equal((await place.adopt('--check', 'secret.person@example.org')).code, 1)
})

test('an address that is none, or of a system that is not there yet, is refused with the reason', async () => {
  const io: Io = { environment: {}, folder: '.', stdin: process.stdin, out: async () => true, error: () => {} }
  for (const [url, message] of [
    ['mssql://user:hidden@127.0.0.1/app', /mssql is not there yet/],
    ['oracle:app', /oracle is not there yet/],
    ['app.db', /expected sqlite:PATH, postgres:/],
    ['mysql://user:hid%den@127.0.0.1/app', /a % in user, password or database is written %25/],
    ['sqlite:/nowhere/app.db', /\/nowhere\/app\.db is not there/],
    ['postgres://user:hid%den@127.0.0.1/app', /a % in user, password or database is written %25/],
  ] as const) {
    await assert.rejects(
      adopt.run([url], io),
      (error: Error) => message.test(error.message) && !/hidden|hid%/.test(error.message),
    )
  }
  await assert.rejects(adopt.run([], io), { name: 'UsageError', message: /DATABASE_URL is missing/ })
  await assert.rejects(adopt.run(['sqlite:x', '--password-stdin'], io), { name: 'UsageError' })
})

onPostgres('an address that a shell would take apart stands in quotes', async (place) => {
  await people(place)
  const url = `${place.url}?application_name=a&connect_timeout=9`
  assert.equal((await place.adoptWith({ environment: { DATABASE_URL: url } })).code, 0)
  assert.ok(readFileSync(join(place.folder, '.env'), 'utf8').includes(`DATABASE_URL='${url}'\n`))
})

onBoth('what looks at a database cannot write to it', async (place) => {
  await people(place)
  const source = await openSource(place.url)
  await assert.rejects(source.all('UPDATE people SET email = NULL'), { name: 'Fault' })
  await source.close()
  assert.equal((await place.rows('SELECT 1 FROM people WHERE email IS NULL')).length, 1)
})
