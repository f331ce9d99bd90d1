/**
 * Anybody can ask for anybody's reset, as often as he has network addresses. Where each ask revoked the letter before,
 * or where limits were the owner's as much as the stranger's, that was enough to keep people out of their accounts:
 * ZITADEL's lockout could be pulled by whoever knew a name (CVE-2025-64102), Supabase's cooldown of an address was spent
 * by strangers, and many a "maximum of three mails a day" is used up at breakfast by somebody else. So a hundred asks
 * from a hundred networks leave the owner with a working letter, a way to get a new one, the log-in, and every notice.
 */
import assert from 'node:assert/strict'
import type { Flow } from '../../src/engine/flow.ts'
import { classic, code, spa } from '../../src/flows/index.ts'
import { codeIn, linkIn, type TestBrowser } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  arrive,
  ask,
  askApi,
  type Bench,
  before,
  inMemory,
  isSuccess,
  letterFor,
  linkFlows,
  logsIn,
  onEachStore,
  origin,
  person,
  reset,
  stranger,
  submit,
} from './kit.ts'

const owner = 'ana@example.org'
const sameOrigin = { 'sec-fetch-site': 'same-origin' }

/** A hundred strangers, each from a network of its own, by pages and by API, in this flow and in all others. */
async function flood(bench: Bench, flow: Flow): Promise<void> {
  for (let count = 0; count < 100; count++) {
    const target = count % 3 === 2 ? allFlows[count % allFlows.length]! : flow
    const asking = count % 2 === 0 ? ask : askApi
    const { status } = await asking(stranger(bench), target, owner)
    assert.ok(status < 400, `a stranger's ask answers ${status}`)
    if (count % 10 === 9) await bench.worker.drain()
  }
}

for (const flow of linkFlows) {
  onEachStore(`the owner's earlier link of ${flow.name} works after a hundred asks by strangers`, async (open) => {
    const bench = await open()
    await person(bench, owner)
    const mail = await letterFor(bench, flow, owner)
    bench.clock.turn({ minutes: 1 })
    await flood(bench, flow)
    assert.ok(isSuccess(await reset(stranger(bench), flow, mail, after)))
    assert.equal(await logsIn(bench, owner, after), true)
  })
}

onEachStore("the owner's earlier code works after a hundred asks by strangers", async (open) => {
  const bench = await open()
  await person(bench, owner)
  const browser = stranger(bench)
  const mail = await letterFor(bench, code, owner, browser)
  bench.clock.turn({ minutes: 1 })
  await flood(bench, code)
  assert.ok(isSuccess(await reset(browser, code, mail, after)))
  assert.equal(await logsIn(bench, owner, after), true)
})

onEachStore('an owner who is about to type the new password is not thrown out by strangers', async (open) => {
  for (const flow of [classic, code]) {
    const bench = await open()
    await person(bench, owner)
    const browser = stranger(bench)
    const mail = await letterFor(bench, flow, owner, browser)
    // Late, but in time: under half of its life is left of a code, and its proof needs no more of it.
    bench.clock.turn({ minutes: 8 })
    const path = await arrive(browser, flow, mail)
    await flood(bench, flow)
    const fields = { [flow.fields.password]: after, [flow.fields.confirm]: after }
    assert.ok(isSuccess(await submit(browser, path, fields)), flow.name)
    assert.equal(await logsIn(bench, owner, after), true)
  }
})

/** Logs in once and out again: the browser is known from then on. */
async function getKnown(browser: TestBrowser, name: string): Promise<void> {
  const page = await submit(browser, '/login/', { username: name, password: before })
  assert.equal(page.status, 303)
  const account = await browser.get('/account/')
  assert.equal(account.status, 200)
  await submit(browser, '/account/', {}, '/logout/')
  assert.equal((await browser.look('/account/')).status, 303, 'logged out')
}

for (const [how, name] of [
  ['address', owner],
  ['user name', 'anabel'],
] as const) {
  onEachStore(
    `a browser that logged in before, by ${how}, gets its letter when strangers used up all others`,
    async (open) => {
      for (const flow of allFlows.filter(({ face }) => face === 'pages')) {
        const bench = await open()
        await person(bench, owner, { username: 'anabel' })
        const browser = stranger(bench)
        await getKnown(browser, name)
        await flood(bench, flow)
        await bench.mail()
        const had = bench.letters.length
        await ask(stranger(bench), flow, owner)
        await bench.mail()
        assert.equal(bench.letters.length, had, 'for an unknown browser nothing is left')
        const mail = await letterFor(bench, flow, owner, browser)
        assert.equal(mail.to, owner)
        assert.ok(await arriveEither(bench, browser, flow, mail))
      }
    },
  )
}

/** By the code where the letter has one, else by its link. */
async function arriveEither(bench: Bench, browser: TestBrowser, flow: Flow, mail: Parameters<typeof codeIn>[0]) {
  if (flow.proof.kind === 'code' && codeIn(mail) !== '') return arrive(browser, flow, mail)
  const opened = await stranger(bench).look(linkIn(mail).slice(origin.length))
  return opened.location
}

onEachStore("strangers' asks and failed log-ins keep nobody from logging in who was here before", async (open) => {
  const bench = await open()
  for (const [email, username] of [
    [owner, 'anabel'],
    ['bob@example.org', 'robert'],
  ] as const) {
    await person(bench, email, { username })
  }
  const browser = stranger(bench)
  await getKnown(browser, owner)
  await flood(bench, classic)
  assert.equal(await logsIn(bench, owner, before), true, 'asks count against no log-in')
  for (let tries = 0; tries < 25; tries++) {
    for (const username of [owner, 'anabel']) {
      await stranger(bench).post('/login/', { username, password: 'Wrong-Guess-55!' }, sameOrigin)
    }
  }
  const elsewhere = await stranger(bench).post('/login/', { username: owner, password: before }, sameOrigin)
  assert.equal(elsewhere.status, 429, 'there is a limit for strangers')
  for (const username of [owner, 'anabel']) {
    const known = await browser.post('/login/', { username, password: before }, sameOrigin)
    assert.equal(known.status, 303, `the known browser logs in as ${username}`)
  }
  assert.equal(await logsIn(bench, 'bob@example.org', before), true, 'others are not touched')
})

onEachStore('a completed reset opens the log-in again, while strangers go on guessing', async (open) => {
  const guess = async (bench: Bench): Promise<void> => {
    for (let tries = 0; tries < 11; tries++) {
      for (const username of [owner, 'anabel']) {
        await stranger(bench).post('/login/', { username, password: 'Wrong-Guess-55!' }, sameOrigin)
      }
    }
  }
  const bench = await open()
  await person(bench, owner, { username: 'anabel' })
  await guess(bench)
  const browser = stranger(bench)
  assert.equal((await browser.post('/login/', { username: owner, password: before }, sameOrigin)).status, 429)
  assert.ok(isSuccess(await reset(browser, classic, await letterFor(bench, classic, owner, browser), after)))
  assert.equal(await logsIn(bench, owner, after), true, 'at once, from anywhere')
  await guess(bench)
  for (const username of [owner, 'anabel']) {
    const page = await browser.post('/login/', { username, password: after }, sameOrigin)
    assert.equal(page.status, 303, `and from the browser of the reset whatever they do, as ${username}`)
  }
})

onEachStore('who uses up the codes of an account leaves its owner a link', async (open) => {
  const bench = await open()
  await person(bench, owner)
  for (let count = 0; count < 3; count++) {
    const thief = stranger(bench)
    const { body } = await askApi(thief, code, owner)
    const real = codeIn((await bench.mail())!)
    for (let tries = 0; tries < 6; tries++) {
      const typed = String((Number(real || 0) + 1 + tries) % 1_000_000).padStart(6, '0')
      await thief.json('/api/flows/code/prove', { flow_id: body.flow_id, email: owner, code: typed })
    }
  }
  const browser = stranger(bench)
  const mail = await letterFor(bench, code, owner, browser)
  assert.equal(codeIn(mail), '', 'no code, for none would be taken')
  assert.ok(linkIn(mail).startsWith(`${origin}/accounts/password-reset-link/`))
  // The link is not bound to the browser: it may be read on the telephone.
  const phone = stranger(bench)
  const opened = await phone.look(linkIn(mail).slice(origin.length))
  assert.equal(opened.status, 303)
  const fields = { [code.fields.password]: after, [code.fields.confirm]: after }
  assert.ok(isSuccess(await submit(phone, opened.location!, fields)))
  assert.equal(await logsIn(bench, owner, after), true)
})

onEachStore('notices are sent whatever strangers did before', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const mail = await letterFor(bench, spa, owner)
  await flood(bench, spa)
  await bench.mail()
  const had = bench.letters.length
  assert.ok(isSuccess(await reset(stranger(bench), spa, mail, after)))
  await bench.mail()
  assert.equal(bench.letters.length, had + 1)
  assert.equal(bench.letters[0]!.to, owner)
  assert.doesNotMatch(bench.letters[0]!.text, /reset-password\/[\w-]{40,}/)
})

inMemory(
  "the owner's mailbox is not flooded either: six letters in a quarter of an hour, ten in a day",
  async (open) => {
    const bench = await open()
    await person(bench, owner)
    await flood(bench, classic)
    await bench.mail()
    assert.equal(bench.letters.length, 6)
    for (let quarter = 0; quarter < 95; quarter++) {
      bench.clock.turn({ minutes: 15 })
      if (quarter % 10 === 0) for (let count = 0; count < 10; count++) await ask(stranger(bench), classic, owner)
      await bench.mail()
    }
    assert.equal(bench.letters.length, 10)
  },
)

inMemory('who asks for a hundred others is stopped, and nobody else with him', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const one = bench.browser({ address: '192.0.2.66' })
  const statuses: number[] = []
  for (let count = 0; count < 100; count++) {
    statuses.push((await askApi(one, spa, `somebody.${count}@example.org`)).status)
  }
  assert.deepEqual([...new Set(statuses)], [200, 429])
  assert.equal(statuses.filter((status) => status === 200).length, 20)
  assert.equal((await letterFor(bench, spa, owner)).to, owner)
})
