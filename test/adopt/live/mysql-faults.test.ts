/**
 * What goes wrong with a MySQL, and what does not: a server that is killed, a lock that somebody holds, a migration that
 * was cut off, settings of a server that read a text otherwise, and several processes at once.
 */
// Debian packages: mariadb-server
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { RowDataPacket } from 'mysql2/promise'
import { own } from '../../../src/accounts/own.ts'
import { Fault } from '../../../src/engine/outcome.ts'
import { aChange, anAccount, anAsk, anEvent, asked, aTake, bound, start } from '../../../src/stores/contract-values.ts'
import { mysql } from '../../../src/stores/mysql.ts'
import { type MariadbServer, startMariadb } from '../../mariadb.ts'
import { inMysql, newMysqlUrl } from '../../new-mysql.ts'

let server: MariadbServer | null = null
after(async () => server?.stop())

const busy = (error: unknown): boolean =>
  error instanceof Fault && error.code === 'database-busy' && !/tests:tests/.test(`${error.message}${error.cause}`)

test('a server that is killed costs clean faults while it is away, and nothing that was answered', async () => {
  server = await startMariadb()
  const url = new URL(server.url)
  await inMysql(server.url, (db) => db.query('CREATE DATABASE shop'))
  url.pathname = '/shop'
  const database = mysql(url.href, { timeout: 2000 })
  await database.migrate(own, true)
  const { store } = await database.open(own, true)
  const answered: string[] = []
  let isOver = false
  const asking = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const ask = anAsk()
        await store.ask(ask).then(
          () => answered.push(ask.challenge!.id),
          (error) => assert.ok(busy(error), String(error)),
        )
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }),
  )
  while (answered.length < 40) await new Promise((resolve) => setTimeout(resolve, 5))
  await server.restart('killed')
  const before = answered.length
  while (answered.length < before + 20) await new Promise((resolve) => setTimeout(resolve, 5))
  isOver = true
  await asking
  for (const id of answered) assert.ok(await store.challenge(id), 'an ask that was answered is there')
  const letters = await store.lease(10_000, start, start + 1, 'lease')
  const mailed = new Set(letters.map(({ letter }) => letter.challengeId))
  assert.ok(
    answered.every((id) => mailed.has(id)),
    'and so is its letter',
  )
  await server.stop()
  server = null
  await assert.rejects(store.ping(), busy)
  await store.close()
})

test('what another holds is waited for so long and no longer, and works when it is free', async (t) => {
  const url = await newMysqlUrl(t)
  const { store } = await mysql(url, { timeout: 1000 }).open(own, true)
  await inMysql(url, async (db) => {
    await db.query('START TRANSACTION; SELECT * FROM latchkey_locks FOR UPDATE')
    await assert.rejects(store.take([aTake('letters-per-address', 5)], start, null), busy)
    await db.query('ROLLBACK')
  })
  assert.deepEqual(await store.take([aTake('letters-per-address', 5)], start, null), { hits: [] })
  await store.close()
})

test('of those who migrate at once each step is applied by one; what a crash cut off is made up for', async (t) => {
  const url = await newMysqlUrl(t, false)
  const first = (await mysql(url).pending(own, true))[0]!
  // The tables are there, and nobody noted it.
  const half = first.sql.slice(0, first.sql.indexOf('CREATE TABLE IF NOT EXISTS latchkey_letters'))
  await inMysql(url, (db) => db.query(half))
  const applied = await Promise.all([1, 2, 3].map(() => mysql(url).migrate(own, true)))
  const names = applied.flat().map(({ name }) => name)
  assert.deepEqual(names, [...new Set(names)])
  assert.ok(names.includes('3-reset-columns-of-users'))
  assert.deepEqual(await mysql(url).pending(own, true), [])
  for (const step of ['1-rows', '2-users']) {
    await inMysql(url, (db) => db.query(`DELETE FROM latchkey_migrations WHERE name = '${step}'`))
  }
  await inMysql(url, (db) => db.query('ALTER TABLE users DROP COLUMN reset_token, DROP COLUMN reset_token_expiry'))
  assert.equal((await mysql(url).migrate(own, true)).length, 3)
  const { store } = await mysql(url).open(own, true)
  await store.ping()
  await store.close()
})

test('of fifty who submit one proof by two processes, one wins', async (t) => {
  const url = await newMysqlUrl(t)
  const [one, other] = await Promise.all([1, 2].map(() => mysql(url).open(own, true)))
  for (let round = 0; round < 3; round++) {
    const account = await anAccount(one!.accounts)
    const challenge = await bound(one!.store, account.id)
    const submits = Array.from({ length: 50 }, (_, at) =>
      (at % 2 ? one! : other!).store.change({ ...aChange(account, challenge), history: 5 }),
    )
    assert.equal((await Promise.all(submits)).filter(Boolean).length, 1)
    assert.equal((await one!.store.history(account.id, 10)).length, 1)
  }
  await Promise.all([one!.store.close(), other!.store.close()])
})

test('who reads events upwards while several processes write misses none', async (t) => {
  const url = await newMysqlUrl(t)
  const opened = await Promise.all([1, 2, 3].map(() => mysql(url).open(own, true)))
  let isOver = false
  const writing = Promise.all(
    opened.flatMap(({ store }) =>
      Array.from({ length: 4 }, async () => {
        for (let n = 0; n < 40; n++) await store.note(anEvent('link.opened'))
      }),
    ),
  ).then(() => {
    isOver = true
  })
  let last = 0
  for (let done = false; !done; ) {
    done = isOver
    for (const { seq } of await opened[0]!.store.events(last, 1000)) {
      assert.equal(seq, last + 1)
      last = seq
    }
  }
  await writing
  assert.equal(last, 3 * 4 * 40)
  for (const { store } of opened) await store.close()
})

test('a text is what it is, whatever the server makes of backslashes and quotes', async (t) => {
  const url = await newMysqlUrl(t)
  const settings = (sql: string) => inMysql(url, async (db) => (await db.query<RowDataPacket[]>(sql))[0])
  const [row] = await settings('SELECT @@global.sql_mode AS modes')
  await settings(`SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'`)
  try {
    await keepsTexts(url)
  } finally {
    await settings(`SET GLOBAL sql_mode = '${row!.modes}'`)
  }
})

async function keepsTexts(url: string): Promise<void> {
  const { store } = await mysql(url).open(own, true)
  const agents = [
    `\\' OR 1=1 -- `,
    `'); DROP TABLE latchkey_events; -- `,
    '"`$1$2??:id',
    'a\0b',
    '🗝️ ключ',
    ' a  ',
    '\ud800',
  ]
  for (const agent of agents) await store.note({ ...anEvent('link.opened'), agent })
  const kept = (await store.events(0, 100)).map(({ agent }) => agent)
  assert.deepEqual(
    kept,
    agents.map((agent) => agent.replace('\ud800', '\ufffd')),
  )
  for (const id of agents) assert.equal(await store.challenge(id), null)
  const { id } = await asked(store)
  for (const alike of [`${id} `, id.toLowerCase(), `${id}\0`]) assert.equal(await store.challenge(alike), null)
  await store.close()
}
