/**
 * Whatever is counted can be used up by somebody who means the owner no good, and then the limit is the attack: ZITADEL's
 * lockout kept out whoever's name was known (CVE-2025-64102), and "three mails a day" are gone by breakfast. So here a
 * stranger asks, guesses codes and passwords and opens wrong links, for seven accounts at once: three thousand times from
 * one network, and ten thousand times from as many. Each owner had something before (a letter, a code, a grant, a browser that was here),
 * and each gets in with it afterwards.
 */
import assert from 'node:assert/strict'
import { after as afterAll, test } from 'node:test'
import { classic, code, spa, stateless, verified } from '../../src/flows/index.ts'
import { codeIn, linkIn, type TestBrowser } from '../../src/testing/index.ts'
import {
  after,
  arrive,
  ask,
  askApi,
  type Bench,
  before,
  eventsOf,
  isSuccess,
  letterFor,
  openBench,
  origin,
  person,
  reset,
  stranger,
  submit,
} from './kit.ts'

const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const addressOf = (who: string): string => `${who}@example.org`
const owners = ['link', 'code', 'grant', 'letter', 'phone', 'login', 'reset'] as const
const proxy = '192.0.2.1'

/** Each owner as he was when the flood came, and what he had in hand. */
type Story = {
  readonly bench: Bench
  readonly link: Awaited<ReturnType<typeof letterFor>>
  readonly coded: { readonly browser: TestBrowser; readonly mail: Story['link'] }
  readonly granted: { readonly browser: TestBrowser; readonly path: string }
  readonly known: Record<'letter' | 'phone' | 'login', TestBrowser>
  readonly toReset: Story['link']
  readonly statuses: ReadonlyMap<number, number>
}

/** A browser that has logged in as this owner before. */
async function knownTo(bench: Bench, who: string): Promise<TestBrowser> {
  const browser = stranger(bench)
  const page = await submit(browser, '/login/', { username: addressOf(who), password: before })
  assert.equal(page.status, 303)
  await submit(browser, '/account/', {}, '/logout/')
  return browser
}

async function flooded(networks: number): Promise<Story> {
  const bench = await openBench('', { trustedProxies: [proxy] })
  for (const who of owners) await person(bench, addressOf(who))
  const [coding, granting] = [stranger(bench), stranger(bench)]
  const link = await letterFor(bench, classic, addressOf('link'))
  const coded = { browser: coding, mail: await letterFor(bench, code, addressOf('code'), coding) }
  const toGrant = await letterFor(bench, verified, addressOf('grant'), granting)
  const granted = { browser: granting, path: await arrive(granting, verified, toGrant) }
  const toReset = await letterFor(bench, stateless, addressOf('reset'))
  const known = {
    letter: await knownTo(bench, 'letter'),
    phone: await knownTo(bench, 'phone'),
    login: await knownTo(bench, 'login'),
  }
  const statuses = await flood(bench, networks)
  return { bench, link, coded, granted, known, toReset, statuses }
}

/** Requests by the thousand, each of another kind, for another owner, from the next network. */
async function flood(bench: Bench, networks: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  const flows = new Map<string, string>()
  const asked = [classic, code, spa, stateless, verified]
  for (let count = 0; count < Math.max(3_000, networks); count++) {
    const at = count % networks
    const headers = { 'x-forwarded-for': `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}` }
    const browser = bench.browser({ address: proxy, headers })
    const who = owners[count % owners.length]!
    const email = addressOf(who)
    const status = await hit(browser, count, email, flows)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (count % 1_000 === 0) await bench.mail()
  }
  await bench.mail()
  return statuses

  async function hit(browser: TestBrowser, count: number, email: string, kept: Map<string, string>): Promise<number> {
    // The owner who has a code is asked for and guessed at under other flows; his own tries are his alone.
    switch (count % 4) {
      case 0: {
        const flow = email.startsWith('phone') ? code : asked[Math.floor(count / 28) % 5]!
        const answer = await askApi(browser, flow, email)
        if (flow === code && answer.body.flow_id) kept.set(email, answer.body.flow_id)
        return answer.status
      }
      case 1: {
        const flow_id = kept.get(email) ?? 'x'.repeat(22)
        const guess = email.startsWith('code') ? 'x'.repeat(22) : flow_id
        const proof = {
          flow_id: guess,
          email,
          code: String(count * 97)
            .slice(-6)
            .padStart(6, '0'),
        }
        return (await browser.json('/api/flows/code/prove', proof)).status
      }
      case 2: {
        const fields = { username: email, password: 'Wrong-Guess-55!' }
        return (await browser.post('/login/', fields, sameOrigin)).status
      }
      default:
        return (await browser.json('/api/flows/classic/prove', { token: 'x'.repeat(65), uid: 'MQ' })).status
    }
  }
}

const logIn = (browser: TestBrowser, who: string, password: string) =>
  browser.post('/login/', { username: addressOf(who), password }, sameOrigin)

for (const networks of [1, 10_000]) {
  const from = networks === 1 ? 'one network' : 'ten thousand networks'
  let story: Promise<Story> | null = null
  const told = (): Promise<Story> => {
    story ??= flooded(networks)
    return story
  }

  test(`${from}: the flood is a flood, and is refused where it may be`, async () => {
    const { statuses } = await told()
    const refused = statuses.get(429) ?? 0
    assert.ok(networks === 1 ? refused > 1_000 : refused > 2_000, JSON.stringify([...statuses]))
    assert.ok([...statuses.keys()].every((status) => status < 500))
  })

  test(`${from}: a link that was mailed before sets the password`, async () => {
    const { bench, link } = await told()
    assert.ok(isSuccess(await reset(stranger(bench), classic, link, after)))
  })

  test(`${from}: a code that was mailed before is taken where it was asked for`, async () => {
    const { coded } = await told()
    assert.ok(isSuccess(await reset(coded.browser, code, coded.mail, after)))
  })

  test(`${from}: who stands before the form for the new password may send it`, async () => {
    const { granted } = await told()
    const fields = { [verified.fields.password]: after, [verified.fields.confirm]: after }
    assert.ok(isSuccess(await submit(granted.browser, granted.path, fields)))
  })

  test(`${from}: a browser that was here before gets a letter of its own, and its link opens`, async () => {
    const { bench, known } = await told()
    const mail = await letterFor(bench, stateless, addressOf('letter'), known.letter)
    assert.equal(mail.to, addressOf('letter'))
    assert.ok(isSuccess(await reset(known.letter, stateless, mail, after)))
  })

  test(`${from}: where codes are used up the letter carries a link, which opens on the telephone too`, async () => {
    const { bench, known } = await told()
    const mail = await letterFor(bench, code, addressOf('phone'), known.phone)
    // One network is stopped before it has asked for codes enough.
    if (networks === 1) return assert.ok(isSuccess(await reset(known.phone, code, mail, after)))
    assert.equal(codeIn(mail), '', 'ten wrong codes were typed for this account')
    const phone = stranger(bench)
    const opened = await phone.look(linkIn(mail).slice(origin.length))
    assert.equal(opened.status, 303)
    const fields = { [code.fields.password]: after, [code.fields.confirm]: after }
    assert.ok(isSuccess(await submit(phone, opened.location!, fields)))
  })

  test(`${from}: failed log-ins shut out the stranger, not the browser that was here before`, async () => {
    const { bench, known } = await told()
    assert.equal((await logIn(stranger(bench), 'login', before)).status, 429, 'under this name there were ten')
    assert.equal((await logIn(known.login, 'login', before)).status, 303)
  })

  test(`${from}: a completed reset opens the log-in, from anywhere at once and from there for good`, async () => {
    const { bench, toReset } = await told()
    const browser = stranger(bench)
    assert.equal((await logIn(browser, 'reset', before)).status, 429)
    assert.ok(isSuccess(await reset(browser, stateless, toReset, after)))
    assert.equal((await logIn(stranger(bench), 'reset', after)).status, 303)
    for (let count = 0; count < 12; count++) await logIn(stranger(bench), 'reset', 'Wrong-Guess-55!')
    assert.equal((await logIn(browser, 'reset', after)).status, 303)
  })

  test(`${from}: every owner was told of too many wrong codes once, and of every change`, async () => {
    const { bench } = await told()
    await bench.mail()
    const subjects = (who: string): string[] =>
      bench.letters.filter((mail) => mail.to === addressOf(who)).map((mail) => mail.subject)
    const count = (who: string, pattern: RegExp): number => subjects(who).filter((one) => pattern.test(one)).length
    for (const who of ['link', 'code', 'grant', 'letter', 'phone', 'reset']) {
      assert.equal(count(who, /password was changed/), 1, `${who}: ${subjects(who).join(', ')}`)
    }
    const guessed = (await eventsOf(bench)).filter(({ because, name }) => {
      return name === 'limit.crossed' && because === 'wrong-codes-per-account'
    })
    const notices = owners.reduce((sum, who) => sum + count(who, /Too many wrong codes/), 0)
    assert.ok(networks === 1 || notices >= 1)
    assert.equal(notices, guessed.length)
  })

  test(`${from}: somebody else, from elsewhere, has noticed nothing`, async () => {
    const { bench } = await told()
    await person(bench, addressOf('neighbour'))
    const browser = stranger(bench)
    assert.equal((await logIn(browser, 'neighbour', before)).status, 303)
    const mail = await letterFor(bench, code, addressOf('neighbour'))
    assert.equal(mail.to, addressOf('neighbour'))
    assert.equal((await ask(stranger(bench), classic, addressOf('nobody'))).status, 303)
  })

  afterAll(async () => (await told()).bench.close())
}
