/** What is promised while the database, or the way to it, does not work. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import type pg from 'pg'
import { inDatabase, newUrl } from '../../test/new-postgres.ts'
import { startPostgres } from '../../test/postgres.ts'
import { wireTo } from '../../test/wire.ts'
import { own } from '../accounts/own.ts'
import { Fault } from '../engine/outcome.ts'
import {
  aChallenge,
  aChange,
  anAccount,
  anAsk,
  anEvent,
  aSession,
  asked,
  aTake,
  bound,
  eventNames,
  freshId,
  minute,
  start,
} from './contract-values.ts'
import { type PostgresOptions, postgres } from './postgres.ts'

const busy = { name: 'Fault', code: 'database-busy' }

async function opened(t: TestContext, url: string, options: PostgresOptions = {}) {
  const { store, accounts } = await postgres(url, options).open(own, true)
  t.after(() => store.close())
  return { store, accounts }
}

/** A store whose way to the database can be cut. */
async function wired(t: TestContext, options: PostgresOptions = {}) {
  const url = await newUrl(t)
  const wire = await wireTo(Number(new URL(url).port))
  t.after(() => wire.close())
  const over = new URL(url)
  over.port = String(wire.port)
  return { ...(await opened(t, over.href, options)), wire, url }
}

const endOthers = (db: pg.Client) =>
  db.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`)

/** Until a session of this database, other than `not`, waits for a lock; answers which. */
async function waiting(db: pg.Client, not = 0): Promise<number> {
  for (;;) {
    const { rows } = await db.query(
      `SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE datname = current_database() AND NOT granted AND pid <> $1`,
      [not],
    )
    if (rows.length > 0) return rows[0].pid
  }
}

test('a database that is ended and started again under load: clean faults, nothing answered is lost, and it goes on', async (t) => {
  const server = await startPostgres()
  t.after(() => server.stop())
  const database = postgres(server.url, { timeout: 2000 })
  await database.migrate(own, true)
  const { store } = await opened(t, server.url, { timeout: 2000 })
  const [answered, failed] = [new Set<string>(), new Map<string, string>()]
  let goes = true
  let since = 0
  const asking = Array.from({ length: 8 }, async () => {
    while (goes) {
      const challenge = aChallenge({ id: freshId() })
      const ask = anAsk({ challenge, mail: aTake('letters-per-address', 1, challenge.id) })
      await store.ask(ask).then(
        () => {
          answered.add(challenge.id)
          since++
        },
        (error) => failed.set(challenge.id, `${error.name} ${error.code}`),
      )
    }
  })
  for (const how of ['fast', 'immediate'] as const) {
    since = 0
    while (since < 50) await store.ping()
    await server.restart(how)
    since = 0
    while (since < 50) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  goes = false
  await Promise.all(asking)
  assert.ok(failed.size > 0)
  assert.deepEqual([...new Set(failed.values())], ['Fault database-busy'])
  const kept = await inDatabase(server.url, async (db) => {
    const ids = async (table: string, column: string) =>
      (await db.query(`SELECT ${column} AS id FROM ${table}`)).rows.map(({ id }) => id as string)
    return [
      await ids('latchkey_challenges', 'id'),
      await ids('latchkey_letters', 'challenge_id'),
      await ids('latchkey_events', 'challenge_id'),
      await ids('latchkey_limits', 'key'),
    ]
  })
  for (const ids of kept) {
    for (const id of answered) assert.ok(ids.includes(id), 'what was answered is there')
    assert.equal(new Set(ids).size, ids.length, 'and nothing is there twice')
    assert.deepEqual(ids.sort(), kept[0]!.sort(), 'all of an ask or none')
  }
  for (const id of kept[0]!) assert.ok(answered.has(id) || failed.has(id))
})

test('connections that were ended while nobody used them are replaced, and nobody notices', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url)
  await Promise.all(Array.from({ length: 6 }, () => store.ping()))
  await inDatabase(url, endOthers)
  const challenge = await asked(store)
  assert.equal((await store.challenge(challenge.id))?.id, challenge.id)
  await store.note(anEvent('link.opened'))
})

test('an operation whose connection ends before its commit is done again, once', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url)
  const take = aTake('log-ins-per-account', 5)
  await inDatabase(url, async (db) => {
    await db.query('BEGIN')
    await db.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [take.key])
    const taking = store.take([take], start, null)
    const first = await waiting(db)
    await endOthers(db)
    await waiting(db, first)
    await db.query('COMMIT')
    assert.deepEqual(await taking, { hits: [] })
  })
  assert.equal((await store.full([{ ...take, windows: [{ max: 1, ms: minute }] }], start)).length, 1)
  assert.equal((await store.full([{ ...take, windows: [{ max: 2, ms: minute }] }], start)).length, 0)
})

test('a commit whose answer was lost is a fault, and is never done twice', async (t) => {
  const { store, accounts, wire, url } = await wired(t)
  const account = await anAccount(accounts)
  const challenge = await bound(store, account.id)
  const take = aTake('letters-per-address', 9, 'an address')
  const unsure = { ...busy, message: /may be written, or not/ }
  wire.cutBefore('COMMIT\0')
  await assert.rejects(store.ask(anAsk({ mail: take })), unsure)
  await assert.rejects(store.change(aChange(account, challenge)), unsure)
  wire.cutBefore('INSERT')
  await assert.rejects(store.endSession('none', anEvent('session.ended')), unsure)
  wire.mend()
  assert.equal(await store.change(aChange(account, challenge)), false)
  const names = await eventNames(store)
  assert.deepEqual(names, ['challenge.opened', 'challenge.opened', 'password.changed'])
  const { rows } = await inDatabase(url, (db) => db.query(`SELECT times FROM latchkey_limits WHERE key = 'an address'`))
  assert.deepEqual(rows, [{ times: JSON.stringify([[start, 1]]) }])
  assert.equal((await store.lease(9, start + minute, start + 2 * minute, 'worker')).length, 3)
})

test('a statement that hangs is given up on, alone, and then all goes on', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url, { timeout: 300 })
  const challenge = await asked(store)
  await inDatabase(url, async (db) => {
    await db.query('BEGIN; LOCK TABLE latchkey_challenges IN ACCESS EXCLUSIVE MODE')
    const [read, wrote, other] = await Promise.allSettled([
      store.challenge(challenge.id),
      store.ask(anAsk()),
      store.settings(),
    ])
    for (const one of [read, wrote]) assert.equal(one.status === 'rejected' && one.reason.code, 'database-busy')
    assert.equal(other.status, 'fulfilled')
    // What is in a transaction the server has ended too: nothing of it is done when the way is free again.
    const { rows } = await db.query(`SELECT mode FROM pg_locks JOIN pg_database ON pg_database.oid = database
      WHERE datname = current_database() AND NOT granted`)
    assert.deepEqual(
      rows.filter(({ mode }) => mode !== 'AccessShareLock'),
      [],
    )
    await db.query('COMMIT')
  })
  assert.equal((await store.challenge(challenge.id))?.id, challenge.id)
  assert.equal((await store.ask(anAsk())).kind, 'asked')
})

test('a server that says nothing any more is given up on, and so is one that cannot be reached', async (t) => {
  // A new connection is made within it, too, on a machine that may be busy with other tests.
  const { store, wire } = await wired(t, { timeout: 1500 })
  await store.ping()
  for (const state of ['hold', 'shut'] as const) {
    wire[state]()
    const ended = await Promise.allSettled([store.ping(), store.ask(anAsk()), store.note(anEvent('link.opened'))])
    for (const one of ended) assert.equal(one.status === 'rejected' && one.reason.code, 'database-busy')
    wire.mend()
    await store.ping()
    assert.equal((await store.ask(anAsk())).kind, 'asked')
  }
})

test('where all connections are in use one waits, and not for ever', async (t) => {
  const url = await newUrl(t)
  const { store } = await opened(t, url, { timeout: 300, connections: 2 })
  await inDatabase(url, async (db) => {
    await db.query('BEGIN; LOCK TABLE latchkey_settings IN ACCESS EXCLUSIVE MODE')
    const ended = await Promise.allSettled(Array.from({ length: 12 }, () => store.settings()))
    const codes = new Set(ended.map((one) => (one.status === 'rejected' ? one.reason.code : one.status)))
    assert.deepEqual([...codes], ['database-busy'])
    await db.query('COMMIT')
  })
  assert.deepEqual(await store.settings(), [])
})

test('what somebody must mend is said in plain words', async (t) => {
  const admin = await newUrl(t)
  const url = new URL(admin)
  const role = `latchkey_test_${process.pid}`
  await inDatabase(admin, (db) =>
    db.query(`CREATE ROLE ${role} LOGIN CONNECTION LIMIT 2; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role};
      GRANT UPDATE ON users TO ${role}`),
  )
  const gone = new URL(url)
  gone.pathname = '/no_such_database'
  await assert.rejects(postgres(gone.href).open(own, true), {
    code: 'database',
    message: /refuses the log-in \(3D000\)/,
  })
  const nobody = new URL(url)
  nobody.username = 'no_such_role'
  await assert.rejects(postgres(nobody.href).open(own, true), { code: 'database', message: /Check user, password/ })
  const closed = new URL(url)
  closed.port = '1'
  await assert.rejects(postgres(closed.href).open(own, true), { ...busy, message: /cannot be reached.*ECONNREFUSED/ })

  url.username = role
  const { store } = await opened(t, url.href, { timeout: 1000 })
  await assert.rejects(store.note(anEvent('link.opened')), { code: 'database', message: /forbids it to this role/ })
  const many = await Promise.allSettled(Array.from({ length: 6 }, () => store.settings()))
  const told = many.flatMap((one) => (one.status === 'rejected' ? [`${one.reason.code}: ${one.reason.message}`] : []))
  for (const one of told) assert.match(one, /^database-busy: .*no connection left/)
  await store.close()
  await inDatabase(admin, (db) => db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`))
})

test('a fault quotes nothing that was sent, kept, or stands in the address', async (t) => {
  const { store, accounts, wire, url } = await wired(t, { timeout: 300 })
  const secret = 'hunter2-and-longer'
  const session = aSession('7', { id: secret, agent: secret })
  await store.openSession(session, anEvent('session.opened'))
  const faults: unknown[] = []
  const fails = async (work: Promise<unknown>): Promise<void> => {
    await work.then(
      () => assert.fail('should fail'),
      (error) => {
        assert.ok(error instanceof Fault)
        faults.push(error)
      },
    )
  }
  await fails(store.openSession(session, anEvent('session.opened')))
  await fails(store.note({ ...anEvent('link.opened'), at: secret as never, because: secret }))
  wire.shut()
  await fails(accounts.byName(secret))
  await fails(store.openSession({ ...session, id: `${secret}2` }, anEvent('session.opened')))
  wire.mend()
  const named = new URL(url)
  named.username = 'nobody'
  named.password = secret
  await fails(postgres(named.href).open(own, true))
  named.port = '1'
  await fails(postgres(named.href).open(own, true))
  assert.doesNotMatch(inspect(faults, { depth: 20 }), /hunter2/)
})

test('a listener whose connection ends comes back, and is told what it missed', async (t) => {
  const url = await newUrl(t)
  const wire = await wireTo(Number(new URL(url).port))
  t.after(() => wire.close())
  const direct = new URL(url)
  direct.port = String(wire.port)
  const { store } = await opened(t, url, { direct: direct.href })
  const other = await opened(t, url, { direct: url })
  const woken = () => new Promise<void>((resolve) => store.onLetter(resolve))
  const first = woken()
  await other.store.ask(anAsk())
  await first
  wire.shut()
  await other.store.ask(anAsk())
  const back = woken()
  wire.mend()
  await back
  const again = woken()
  await other.store.ask(anAsk())
  await again
})
