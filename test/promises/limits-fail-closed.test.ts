/**
 * A limiter that is asked and does not answer has been taken for one that says yes: authentik skipped a policy that raised
 * an error (CVE-2024-47070), and many a rate limit in front of a cache is gone while the cache is. Then a code of six digits
 * is as good as open. Here the counts' own table is taken away, or refuses to be written, under a running server: nobody may
 * guess until it is back, asks are held to what the process counts by itself, links work, and operators are told.
 */
import assert from 'node:assert/strict'
import { classic, code, spa, verified } from '../../src/flows/index.ts'
import { anAsk } from '../../src/stores/contract-values.ts'
import { codeIn } from '../../src/testing/index.ts'
import {
  after,
  askApi,
  type Bench,
  before,
  eventsOf,
  isSuccess,
  letterFor,
  linkBody,
  logsIn,
  onSqlite,
  person,
  reset,
  sql,
  stranger,
} from './kit.ts'

const owner = 'ana@example.org'
const sameOrigin = { 'sec-fetch-site': 'same-origin' }

const faults = {
  'cannot be read': ['ALTER TABLE latchkey_limits RENAME TO latchkey_elsewhere'],
  'cannot be written': ['INSERT', 'UPDATE', 'DELETE'].map(
    (act) => `CREATE TRIGGER no_${act} BEFORE ${act} ON latchkey_limits BEGIN SELECT RAISE(ABORT, 'broken'); END`,
  ),
}
const mended = {
  'cannot be read': ['ALTER TABLE latchkey_elsewhere RENAME TO latchkey_limits'],
  'cannot be written': ['INSERT', 'UPDATE', 'DELETE'].map((act) => `DROP TRIGGER no_${act}`),
}

const run = (bench: Bench, statements: readonly string[]): void => {
  for (const one of statements) sql(bench, one)
}

const logIn = (bench: Bench, password: string) =>
  stranger(bench).post('/login/', { username: owner, password }, sameOrigin)

for (const kind of ['cannot be read', 'cannot be written'] as const) {
  onSqlite(
    `counts that ${kind}: no code and no password is compared, right or wrong, until they are back`,
    async (open) => {
      const bench = await open()
      await person(bench, owner)
      const { body } = await askApi(stranger(bench), code, owner)
      const real = codeIn((await bench.mail())!)
      run(bench, faults[kind])

      for (const typed of [real, '000000', real]) {
        const proof = { flow_id: body.flow_id, email: owner, code: typed }
        const answer = await stranger(bench).json('/api/flows/code/prove', proof)
        assert.deepEqual([answer.status, answer.body.code], [503, 'unavailable'])
        assert.ok(Number(answer.headers.get('retry-after')) > 0)
      }
      for (const password of [before, 'Wrong-Guess-55!']) {
        const answer = await logIn(bench, password)
        assert.equal(answer.status, 503)
        assert.ok(Number(answer.headers.get('retry-after')) > 0)
      }
      const names = (await eventsOf(bench)).map(({ name }) => name)
      assert.ok(!names.some((name) => ['proof.accepted', 'proof.refused', 'session.opened'].includes(name)))

      run(bench, mended[kind])
      const proof = { flow_id: body.flow_id, email: owner, code: real }
      const answer = await stranger(bench).json('/api/flows/code/prove', proof)
      assert.equal(answer.status, 200, 'nothing was counted and nothing spent meanwhile')
      assert.equal(await logsIn(bench, owner, before), true)
    },
  )

  onSqlite(`counts that ${kind}: asks go on, held to what the process counts by itself`, async (open) => {
    const bench = await open()
    await person(bench, owner)
    run(bench, faults[kind])
    const one = stranger(bench)
    const statuses: number[] = []
    for (let count = 0; count < 5; count++) statuses.push((await askApi(one, spa, owner)).status)
    assert.deepEqual(statuses, [200, 200, 200, 429, 429], 'three by one caller for one address')
    const network = bench.browser({ address: '192.0.2.200' })
    const others: number[] = []
    for (let count = 0; count < 25; count++) others.push((await askApi(network, spa, `p${count}@example.org`)).status)
    assert.equal(others.filter((status) => status === 200).length, 20, 'twenty by one network')
    for (let count = 0; count < 10; count++) await askApi(stranger(bench), spa, owner)
    await bench.mail()
    assert.equal(bench.letters.length, 6, 'six letters for one address, and not a word')
  })

  onSqlite(
    `counts that ${kind}: who has a link sets a password, and a letter with a code carries a link`,
    async (open) => {
      const bench = await open()
      await person(bench, owner)
      const earlier = await letterFor(bench, classic, owner)
      run(bench, faults[kind])
      const page = await reset(stranger(bench), classic, earlier, after)
      assert.ok(isSuccess(page), `the earlier link: ${page.status}`)
      const mail = await letterFor(bench, verified, owner)
      assert.ok(isSuccess(await reset(stranger(bench), verified, mail, before)), 'a new one')
      const dead = await stranger(bench).json('/api/flows/verified/prove', linkBody(verified, mail))
      assert.equal(dead.status, 410, 'and dead is dead as ever')
      if (kind === 'cannot be read') {
        assert.equal(codeIn(await letterFor(bench, code, owner)), '', 'a code would be of no use')
      }
    },
  )

  onSqlite(`counts that ${kind}: operators are told, once`, async (open) => {
    const bench = await open({ alarms: { to: ['ops@example.com'], from: 'Server <server@example.com>' } })
    await person(bench, owner)
    run(bench, faults[kind])
    for (let count = 0; count < 3; count++) {
      await logIn(bench, before)
      await askApi(stranger(bench), spa, owner)
    }
    const { log, letters } = bench
    await bench.close()
    const alarms = log.filter((entry) => entry.alarm === 'limiter-down')
    assert.deepEqual(
      alarms.map(({ level }) => level),
      ['error'],
    )
    const mailed = letters.filter((mail) => mail.to === 'ops@example.com')
    assert.deepEqual(
      mailed.map((mail) => mail.subject),
      ['[Latchkey at app.example.com] Limits cannot be read or written'],
    )
    assert.match(mailed[0]!.text, /Codes and log-ins are refused until it does/)
  })
}

onSqlite('an operation that is at fault by itself is no fault of the counts, and no alarm', async (open) => {
  const bench = await open()
  const ask = anAsk({ mail: 'room' })
  await bench.store.ask(ask)
  await assert.rejects(bench.store.ask(ask), /UNIQUE/)
  assert.deepEqual(bench.log, [])
})
