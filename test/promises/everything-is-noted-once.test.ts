/**
 * An audit is read on the day when something went wrong, by somebody who was not there. If the failed try was logged and
 * the one that worked was not, if a reset stands there twice, or the unknown address in clear, then the day is lost or the
 * log itself is the leak. So each thing that can happen is made to happen here, and must leave the one event that its page
 * names, with time, flow, caller and reason, and the address of nobody.
 */
import assert from 'node:assert/strict'
import type { EventName } from '../../src/engine/audit.ts'
import { MailRefusal } from '../../src/engine/outcome.ts'
import { classic, code, verified } from '../../src/flows/index.ts'
import { codeIn, type TestBrowser } from '../../src/testing/index.ts'
import {
  after,
  ask,
  askApi,
  type Bench,
  eventsOf,
  freshAddress,
  inMemory,
  linkBody,
  logsIn,
  onAllStores,
  onSqlite,
  person,
  rowsIn,
  sql,
  stranger,
} from './kit.ts'

type Noted = Awaited<ReturnType<typeof eventsOf>>[number]

const agent = 'Mozilla/5.0 (of the test)'

/** A visitor whose network and agent are known. */
function visitor(bench: Bench): { browser: TestBrowser; network: string } {
  const network = freshAddress()
  return { browser: bench.browser({ address: network, headers: { 'user-agent': agent } }), network }
}

/** Answers what was noted since it was asked last. */
function since(bench: Bench): () => Promise<Noted[]> {
  let seen = 0
  return async () => {
    const events = await bench.store.events(seen, 1000)
    seen = events.at(-1)?.seq ?? seen
    return events
  }
}

const named = (events: readonly Noted[]): EventName[] => events.map(({ name }) => name)

/** The one event of an act of a caller's. */
async function one(news: () => Promise<Noted[]>, network: string, name: EventName, because: string | null) {
  const events = await news()
  assert.deepEqual(named(events), [name])
  const [event] = events
  assert.deepEqual([event?.network, event?.agent, event?.because], [network, agent, because], name)
  assert.match(event!.requestId, /^[\w-]{12}$/)
  return event!
}

onAllStores('a reset by code, from the ask to the notice, is noted step by step', async (open) => {
  const bench = await open()
  const id = await person(bench, 'ana@example.org')
  const { browser, network } = visitor(bench)
  const news = since(bench)
  await news()
  const asked = await askApi(browser, code, 'ana@example.org')
  const opened = await one(news, network, 'challenge.opened', null)
  assert.deepEqual([opened.flow, opened.accountId, opened.at], ['code', null, bench.clock.now()])
  const mail = (await bench.mail())!
  const [sent, ...more] = await news()
  assert.deepEqual([sent?.name, sent?.accountId, sent?.challengeId], ['letter.sent', id, opened.challengeId])
  assert.deepEqual(more, [])

  const prove = (typed: string) =>
    browser.json('/api/flows/code/prove', { flow_id: asked.body.flow_id, email: 'ana@example.org', code: typed })
  const right = codeIn(mail)
  await prove(right === '000000' ? '111111' : '000000')
  const wrong = await one(news, network, 'proof.refused', 'wrong code')
  assert.deepEqual([wrong.accountId, wrong.challengeId], [id, opened.challengeId])
  const { grant } = (await prove(right)).body
  await one(news, network, 'proof.accepted', null)
  await prove(right)
  await one(news, network, 'proof.refused', 'used or revoked')

  await browser.json('/api/flows/code/change', { grant, password: 'short' })
  const poor = await one(news, network, 'password.refused', 'too-short no-upper no-digit no-special')
  assert.equal(poor.accountId, id)
  await browser.json('/api/flows/code/change', { grant, password: after })
  const changed = await one(news, network, 'password.changed', null)
  assert.deepEqual([changed.flow, changed.accountId, changed.challengeId], ['code', id, opened.challengeId])
  await bench.mail()
  const notices = await news()
  assert.deepEqual(
    notices.map(({ name, because, accountId }) => [name, because, accountId]),
    [['letter.sent', 'changed', id]],
  )
  await browser.json('/api/flows/code/change', { grant, password: `${after}2` })
  assert.equal(
    (await one(news, network, 'proof.refused', 'the account has changed, or the code was proved again')).accountId,
    null,
  )
})

onAllStores(
  'a link is noted when it is opened and when it is dead, and a log-in whatever comes of it',
  async (open) => {
    const bench = await open()
    const id = await person(bench, 'ana@example.org')
    const { browser, network } = visitor(bench)
    const news = since(bench)
    await askApi(browser, classic, 'ana@example.org')
    const body = linkBody(classic, (await bench.mail())!)
    await news()
    await browser.json('/api/flows/classic/prove', body)
    assert.equal((await one(news, network, 'link.opened', null)).accountId, id)
    await browser.json('/api/flows/classic/change', { ...body, password: after })
    await one(news, network, 'password.changed', null)
    await browser.json('/api/flows/classic/prove', body)
    assert.equal((await news()).filter(({ name }) => name === 'proof.refused').length, 1)
    await bench.mail()
    await news()

    const sameOrigin = { 'sec-fetch-site': 'same-origin' }
    const login = (username: string, password: string) => browser.post('/login/', { username, password }, sameOrigin)
    await login('ana@example.org', 'a wrong password')
    assert.equal((await one(news, network, 'session.refused', 'wrong password')).accountId, id)
    await login('nobody@example.org', 'a wrong password')
    assert.equal((await one(news, network, 'session.refused', 'no account')).accountId, null)
    await login('ana@example.org', after)
    assert.equal((await one(news, network, 'session.opened', null)).accountId, id)
    await browser.submit('/account/', {}, '/logout/')
    assert.equal((await one(news, network, 'session.ended', null)).name, 'session.ended')
  },
)

onAllStores('an address that nobody has is noted as a digest, and its letter as dropped', async (open) => {
  const bench = await open({ flows: [classic, verified] })
  await person(bench, 'bea@example.org', { verified: false })
  const { browser, network } = visitor(bench)
  const news = since(bench)
  await news()
  for (const flow of [classic, verified]) {
    await ask(browser, flow, 'stranger@example.net')
    await ask(browser, flow, 'Stranger@Example.net')
  }
  const asks = await news()
  assert.deepEqual(new Set(named(asks)), new Set(['challenge.opened']))
  assert.equal(asks.length, 4)
  assert.equal(new Set(asks.map(({ addressKey }) => addressKey)).size, 1)
  assert.ok(asks.every((event) => event.network === network && event.accountId === null))
  await bench.mail()
  const dropped = await news()
  assert.deepEqual(
    dropped.map(({ name, because, accountId }) => [name, because, accountId]),
    Array(4).fill(['letter.dropped', 'no account', null]),
  )
  await ask(browser, verified, 'bea@example.org')
  await bench.mail()
  assert.deepEqual(
    (await news()).map(({ name, because }) => [name, because]),
    [
      ['challenge.opened', null],
      ['letter.dropped', 'not verified'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(await eventsOf(bench)), /stranger|bea@|example\.(net|org)/i)
})

inMemory('a letter that is refused, and one that is too late, are noted', async (open) => {
  let refuses = true
  const send = async (): Promise<void> => {
    if (refuses) throw new MailRefusal('550 no such user')
  }
  const bench = await open({ mail: { send, from: 'App <no-reply@example.com>' } })
  await person(bench, 'ana@example.org')
  const news = since(bench)
  await askApi(stranger(bench), code, 'ana@example.org')
  await news()
  await bench.worker.drain()
  assert.deepEqual(
    (await news()).map(({ name, because, flow }) => [name, because, flow]),
    [['letter.failed', 'refused by the mail server', 'code']],
  )
  refuses = false
  bench.clock.turn({ minutes: 14 })
  await bench.worker.drain()
  assert.deepEqual(
    (await news()).map(({ name, because }) => [name, because]),
    [['letter.expired', 'too little time left']],
  )
})

onAllStores('a limit is noted when it is crossed, and not with each that it refuses', async (open) => {
  const bench = await open()
  const { browser, network } = visitor(bench)
  for (let i = 0; i < 3; i++) await askApi(browser, code, 'ana@example.org')
  const news = since(bench)
  await news()
  for (let i = 0; i < 5; i++) assert.equal((await askApi(browser, code, 'ana@example.org')).status, 429)
  const crossed = await news()
  assert.ok(crossed.every(({ name, because }) => name === 'limit.crossed' && because === 'asks-per-caller'))
  // The browser's own, and its network's: one event each.
  assert.ok(crossed.length >= 1 && crossed.length <= 2, named(crossed).join())
  assert.equal(crossed[0]?.network, network)
})

onAllStores('of submits at once the one that won is noted as a change, and no other', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  const { browser } = visitor(bench)
  await askApi(browser, classic, 'ana@example.org')
  const body = linkBody(classic, (await bench.mail())!)
  const count = (await eventsOf(bench)).length
  const submits = Array.from({ length: 10 }, (_, i) =>
    browser.json('/api/flows/classic/change', { ...body, password: `${after}${i}` }),
  )
  const won = (await Promise.all(submits)).filter(({ status }) => status === 200)
  assert.equal(won.length, 1)
  const events = (await eventsOf(bench)).slice(count)
  assert.equal(events.filter(({ name }) => name === 'password.changed').length, 1)
})

onSqlite('what cannot be noted is not done', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  const { browser } = visitor(bench)
  await askApi(browser, classic, 'ana@example.org')
  const body = linkBody(classic, (await bench.mail())!)
  const { latchkey_limits: _, ...rows } = rowsIn(bench)
  sql(bench, `CREATE TRIGGER no_more BEFORE INSERT ON latchkey_events BEGIN SELECT RAISE(ABORT, 'no more'); END`)
  const { status } = await browser.json('/api/flows/classic/change', { ...body, password: after })
  assert.ok(status >= 500, String(status))
  const { latchkey_limits: __, ...now } = rowsIn(bench)
  assert.deepEqual(now, rows)
  sql(bench, 'DROP TRIGGER no_more')
  assert.equal((await browser.json('/api/flows/classic/change', { ...body, password: after })).status, 200)
  assert.ok(await logsIn(bench, 'ana@example.org', after))
})
