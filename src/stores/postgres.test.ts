import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { inDatabase, inQuietDatabase, newUrl } from '../../test/new-postgres.ts'
import { own } from '../accounts/own.ts'
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
  minute,
  start,
} from './contract-values.ts'
import { type PostgresOptions, postgres } from './postgres.ts'

async function opened(t: TestContext, url: string, options: PostgresOptions = {}, table = own) {
  const database = postgres(url, options)
  await database.migrate(table, true)
  const { store, accounts, clock } = await database.open(table, true)
  t.after(() => store.close())
  return { store, accounts, clock: clock! }
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
    '7-changes',
    '9-refusals-of-nobody',
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
    // Who wrote or held each row last; the server's log would tell of other databases too.
    const rows = ['limits', 'events', 'challenges', 'letters', 'last_event'].map(
      (table) => `(SELECT array_agg(concat_ws(' ', ctid, xmin, xmax) ORDER BY ctid) FROM latchkey_${table})`,
    )
    const written = async () => (await db.query({ text: `SELECT ${rows.join(', ')}`, rowMode: 'array' })).rows
    const before = await written()
    await db.query('BEGIN')
    await db.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [refuse[0]!.key])
    const answers = await atOnce(20, () => store.ask(anAsk({ refuse })))
    assert.ok(answers.every(({ kind }) => kind === 'refused'))
    await db.query('COMMIT')
    assert.deepEqual(await written(), before)
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
      const plan = (await db.query(`EXPLAIN (COSTS OFF) ${sql}`)).rows.map((row) => row['QUERY PLAN']).join('\n')
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

test('a removal of counts does not pass over what the last one removed', async (t) => {
  const url = await newUrl(t)
  const rows = 20_000
  await (await opened(t, url)).store.close()
  // Nothing is cleaned up meanwhile, as it is not in the minutes after a large removal.
  await inDatabase(url, (db) =>
    db.query(`ALTER TABLE latchkey_limits SET (autovacuum_enabled = false);
      INSERT INTO latchkey_limits (key, times, quiet_until, over_at)
        SELECT md5(i::text), '[]', 0, CASE WHEN i % 100 = 0 THEN ${start + minute} ELSE ${start - 1} END
        FROM generate_series(1, ${rows}) AS i`),
  )
  const purged = async (): Promise<[removed: number, entries: number]> => {
    const { store } = await opened(t, url)
    const removed = await store.purge(start)
    await store.close()
    return inQuietDatabase(url, async (db) => {
      const read = `SELECT idx_tup_read::int AS n FROM pg_stat_user_indexes WHERE relname = 'latchkey_limits'`
      return [removed, (await db.query(read)).rows[0].n]
    })
  }
  const [removed, before] = await purged()
  assert.equal(removed, rows * 0.99)
  const [none, after] = await purged()
  assert.equal(none, 0)
  assert.ok(after - before < 100, `${after - before} entries of the index were read`)
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
