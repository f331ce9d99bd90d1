/** ALTCHA by way of requests: off, asked for, solved, replayed, and the limits that it passes and those that it never does. */
import assert from 'node:assert/strict'
import { classic, code, spa, verified } from '../../src/flows/index.ts'
import { solveAltcha } from '../../src/react/altcha.ts'
import { codeIn, type TestBrowser, type TestRecovery } from '../../src/testing/index.ts'
import { inMemory, onEveryStore } from '../databases.ts'
import { altcha, challengeFor, setUp, solve, solvedFor } from './captcha-kit.ts'
import {
  after,
  ana,
  anaIn,
  ask,
  before,
  letterFor,
  lettersDuring,
  linkOf,
  logIn,
  nobody,
  openLink,
  sees,
  seesNot,
  send,
  stranger,
  twice,
} from './steps.ts'

const oneMore = 'One more check is needed'
const path = '/api/flows/classic/request'

onEveryStore('nothing is set up at first: no page says a word of it, and no route gives a challenge', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  for (const page of [classic.routes.ask, classic.routes.login, code.routes.code]) {
    assert.doesNotMatch((await browser.get(page)).text, /captcha/)
  }
  assert.equal((await browser.look('/api/captcha/request/')).status, 404)
  assert.equal((await browser.look('/captcha/request/')).status, 404)
  assert.equal((await browser.look('/captcha/constructor/')).status, 404)
  assert.equal(await lettersDuring(recovery, () => ask(stranger(recovery), classic, ana)), 1)
})

onEveryStore(
  'asked for always: no letter without an answer, one with it, and none for the same again',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    await setUp(recovery, 'request', { ...altcha, when: 'always' })
    const browser = stranger(recovery)
    const asks = (more: Record<string, string>) => send(browser, classic.routes.ask, { email: ana, ...more })
    const isRefused = async (more: Record<string, string>) =>
      assert.equal(await lettersDuring(recovery, async () => sees(await asks(more), 403, oneMore)), 0)

    for (const captcha of ['', 'x', 'eyJ9', btoa('{"challenge":{},"solution":1}'), btoa('null')])
      await isRefused({ captcha })
    const answer = await solvedFor(browser, 'request')
    assert.equal(
      await lettersDuring(recovery, async () => assert.equal((await asks({ captcha: answer })).status, 303)),
      1,
    )
    await isRefused({ captcha: answer })
    // The same solution, written otherwise.
    await isRefused({ captcha: btoa(JSON.stringify({ ...JSON.parse(atob(answer)), more: 1 })) })
  },
)

inMemory('an answer is good for its form and host, for two minutes, and as it was made', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const elsewhere = await open({ publicUrl: 'https://other.example.com' })
  for (const one of [recovery, elsewhere]) {
    for (const form of ['request', 'verify'] as const) await setUp(one, form, { ...altcha, when: 'always' })
  }
  const browser = stranger(recovery)
  const status = async (captcha: string) => (await browser.json(path, { email: ana, captcha })).status
  const because = async () =>
    (await recovery.store.events(0, 999)).findLast((one) => one.name === 'captcha.refused')?.because

  assert.equal(await status(await solvedFor(browser, 'verify')), 403)
  assert.equal(await because(), 'request: altcha: another form')
  assert.equal(await status(await solvedFor(elsewhere.browser(), 'request')), 403)
  assert.equal(await because(), 'request: altcha: another host or provider')
  const late = await solvedFor(browser, 'request')
  recovery.clock.turn({ minutes: 2 })
  assert.equal(await status(late), 403)
  assert.equal(await because(), 'request: altcha: expired')

  const challenge = await challengeFor(browser, 'request')
  const easy = { ...challenge, parameters: { ...challenge.parameters, keyPrefix: '0' } }
  assert.equal(await status(solve(easy)), 403)
  assert.equal(await because(), 'request: altcha: not genuine')
  const longer = {
    ...challenge,
    parameters: { ...challenge.parameters, expiresAt: challenge.parameters.expiresAt + 9 },
  }
  assert.equal(await status(solve(longer)), 403)
  const guessed = btoa(JSON.stringify({ challenge, solution: { counter: 7, derivedKey: '00', time: 0 } }))
  assert.equal(await status(guessed), 403)
  assert.equal(await because(), 'request: altcha: not solved')
  assert.equal(await status(solve(challenge)), 200, 'and as it was made it is good')
})

inMemory('our own solver finds what the format asks for', async (open) => {
  const recovery = await open()
  await setUp(recovery, 'request', { ...altcha, when: 'always' })
  const browser = stranger(recovery)
  const answer = await solveAltcha(await challengeFor(browser, 'request'))
  assert.equal((await browser.json(path, { email: ana, captcha: answer })).status, 200)
})

/** Asks for other addresses until the network has had its twenty. */
async function fillNetwork(browser: TestBrowser, asks = 20): Promise<void> {
  for (let at = 0; at < asks; at++) {
    assert.equal((await browser.json(path, { email: `n${at}@example.org` })).status, 200)
  }
}

onEveryStore(
  'a full network is asked for a captcha where one is set up; who solves it passes and is counted',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const browser = recovery.browser({ address: '192.0.2.9' })
    await setUp(recovery, 'request', altcha)
    assert.doesNotMatch((await browser.get(classic.routes.ask)).text, /captcha/)
    await fillNetwork(browser)

    const refused = await browser.json(path, { email: ana })
    const { code: said, retry_after: wait, captcha, error } = refused.body
    assert.deepEqual(
      [refused.status, said, wait, error],
      [403, 'captcha-required', 900, `${oneMore}: please send this again.`],
    )
    assert.equal(refused.headers.get('retry-after'), '900')
    assert.deepEqual([captcha.form, captcha.provider, captcha.site_key], ['request', 'altcha', ''])
    const solved = { email: ana, captcha: solve(captcha.challenge) }
    assert.equal(
      await lettersDuring(recovery, async () => assert.equal((await browser.json(path, solved)).status, 200)),
      1,
    )
    sees(await send(browser, classic.routes.ask, { email: nobody }), 403, oneMore)

    // The page shows it at once now, and says what to do without scripts.
    const page = await browser.get(classic.routes.ask)
    assert.match(page.text, /data-challenge-url="\/api\/captcha\/request\/"/)
    sees(page, 200, 'This check needs JavaScript', 'Or wait 15 minutes, then you need no check.')
    // Fifteen minutes after the twenty the one who solved it still counts.
    recovery.clock.turn({ minutes: 14, seconds: 59 })
    const answer = await solvedFor(browser, 'request')
    assert.equal((await browser.json(path, { email: 'x1@example.org', captcha: answer })).status, 200)
    recovery.clock.turn({ seconds: 1 })
    await fillNetwork(browser, 19)
    assert.equal((await browser.json(path, { email: 'x2@example.org' })).status, 403)

    await setUp(recovery, 'request', null)
    assert.equal(
      (await browser.json(path, { email: 'x3@example.org' })).status,
      429,
      'and without one it is told to wait',
    )
  },
)

onEveryStore(
  'a solved captcha passes no count of the address or the caller, but a reserve of two letters a day',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    await setUp(recovery, 'request', { ...altcha, when: 'always' })
    const asks = async (browser: TestBrowser) =>
      (await browser.json(path, { email: ana, captcha: await solvedFor(browser, 'request') })).status
    const one = stranger(recovery)
    for (const status of [200, 200, 200, 429]) assert.equal(await asks(one), status)
    const letters = () => lettersDuring(recovery, async () => assert.equal(await asks(stranger(recovery)), 200))
    // Six for the address, then two of those who solve one, then none.
    for (const count of [1, 1, 1, 1, 1, 0]) assert.equal(await letters(), count)
    await setUp(recovery, 'request', null)
    recovery.clock.turn({ minutes: 15 })
    const plain = async () => assert.equal((await stranger(recovery).json(path, { email: ana })).status, 200)
    assert.equal(await lettersDuring(recovery, plain), 1, 'a window later there are letters again')
  },
)

onEveryStore(
  'the budget of the installation asks for a captcha where one is set up, and lets those through who solve it',
  async (open) => {
    const recovery = await open({ limits: { asksOfAll: [{ max: 100, ms: 3_600_000 }] } })
    await anaIn(recovery)
    await setUp(recovery, 'request', altcha)
    const asks = (email: string, captcha?: string) =>
      stranger(recovery).json(path, captcha === undefined ? { email } : { email, captcha })
    for (let at = 0; at < 100; at++) assert.equal((await asks(`n${at}@example.org`)).status, 200)
    for (const email of [ana, nobody]) {
      const { status, body } = await asks(email)
      assert.deepEqual([status, body.code], [403, 'captcha-required'])
      assert.equal((await asks(email, solve(body.captcha.challenge))).status, 200)
    }
    await setUp(recovery, 'request', null)
    assert.equal((await asks('x@example.org')).status, 200, 'without one a budget shuts nobody out')
  },
)

/** A code on its way to Ana, in this browser. */
async function codeFor(recovery: TestRecovery, browser: TestBrowser): Promise<string> {
  return codeIn(await letterFor(recovery, code, ana, browser))
}

const wrongOf = (right: string): string => (right === '123456' ? '654321' : '123456')

onEveryStore('codes: each try takes an answer, and still there are five', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await setUp(recovery, 'verify', { ...altcha, when: 'always' })
  const browser = stranger(recovery)
  const right = await codeFor(recovery, browser)
  const types = async (typed: string, captcha?: string) =>
    send(
      browser,
      code.routes.code,
      { email: ana, code: typed, captcha: captcha ?? (await solvedFor(browser, 'verify')) },
      code.routes.code,
    )

  const unsolved = await types(right, '')
  sees(unsolved, 403, oneMore)
  seesNot(unsolved, 'Invalid or expired code')
  for (let at = 0; at < 5; at++) sees(await types(wrongOf(right)), 400, 'Invalid or expired code')
  sees(await types(right), 400, 'Invalid or expired code')
})

onEveryStore(
  'codes: a thousand wrong ones of all in a day ask for a captcha; a right code then needs one too',
  async (open) => {
    const recovery = await open({ limits: { wrongCodesAlarm: [{ max: 2, ms: 86_400_000 }] } })
    await anaIn(recovery)
    await setUp(recovery, 'verify', altcha)
    const browser = stranger(recovery)
    const right = await codeFor(recovery, browser)
    const types = (typed: string, captcha = '') =>
      send(browser, code.routes.code, { email: ana, code: typed, captcha }, code.routes.code)
    for (let at = 0; at < 2; at++) sees(await types(wrongOf(right)), 400, 'Invalid or expired code')
    for (const typed of [wrongOf(right), right]) sees(await types(typed), 403, oneMore)
    const page = await types(right, await solvedFor(browser, 'verify'))
    assert.equal(page.status, 303)
  },
)

inMemory('a new password: an answer is asked for, and a poor password takes another', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await setUp(recovery, 'change', { ...altcha, when: 'always' })
  const browser = stranger(recovery)
  const { path: link } = linkOf(await letterFor(recovery, verified, ana, browser))
  const set = await openLink(browser, link)
  const sets = async (password: string, captcha?: string) =>
    send(browser, set, { ...twice(verified, password), captcha: captcha ?? (await solvedFor(browser, 'change')) })
  sees(await sets(after, ''), 403, oneMore)
  const answer = await solvedFor(browser, 'change')
  sees(await sets('weak', answer), 422, 'Password too weak')
  sees(await sets(after, answer), 403, oneMore)
  assert.equal((await sets(after)).status, 303)
})

onEveryStore('log-ins: a full network is asked for a captcha, and the count of the name still binds', async (open) => {
  const recovery = await open({ limits: { logInsPerNetwork: [{ max: 3, ms: 900_000 }] } })
  await anaIn(recovery)
  await setUp(recovery, 'login', altcha)
  const browser = recovery.browser({ address: '192.0.2.7' })
  const { login } = classic.routes
  for (let at = 0; at < 3; at++) assert.equal((await logIn(browser, login, `n${at}`, 'x')).status, 403)
  for (const name of [ana, nobody]) sees(await logIn(browser, login, name, before), 403, oneMore)
  const solves = async (name: string, password: string) =>
    send(browser, login, { username: name, password, captcha: await solvedFor(browser, 'login') })
  for (let at = 0; at < 10; at++) sees(await solves(nobody, 'x'), 403, 'is wrong')
  sees(await solves(nobody, 'x'), 429, 'Too many attempts')
  assert.equal((await solves(ana, before)).status, 303)
})

inMemory('programs: every route that may ask for an answer takes one, and tells which', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  for (const form of ['request', 'verify', 'change'] as const)
    await setUp(recovery, form, { ...altcha, when: 'always' })
  const program = recovery.browser()
  const call = async (route: string, body: object) => {
    const refused = await program.json(route, body)
    assert.deepEqual([refused.status, refused.body.code], [403, 'captcha-required'], route)
    return program.json(route, { ...body, captcha: solve(refused.body.captcha.challenge) })
  }
  const asked = await call('/api/flows/code/request', { email: ana })
  const typed = codeIn((await recovery.mail())!)
  const proved = await call('/api/flows/code/prove', { flow_id: asked.body.flow_id, email: ana, code: typed })
  const changed = await call('/api/flows/code/change', { grant: proved.body.grant, password: after })
  assert.deepEqual([changed.status, changed.body.message], [200, 'Password reset successful'])

  assert.equal((await call(spa.routes.ask, { email: ana })).status, 200)
  const { token } = linkOf((await recovery.mail())!)
  const again = await call(spa.routes.change, { token, new_password: before })
  assert.deepEqual([again.status, again.body], [200, { message: 'Password reset successful' }])
  for (const captcha of [1, [], {}, null, 'x'.repeat(8_193)]) {
    assert.equal((await program.json(path, { email: ana, captcha })).status, 400)
  }
})

inMemory(
  'a setting that this version cannot read opens nothing and shuts nobody out: ALTCHA is asked for',
  async (open) => {
    const recovery = await open()
    const { store, clock } = recovery
    const noted = { ...(await store.events(0, 1))[0] } as never
    for (const [at, value] of ['{"provider":"of the future"}', 'not JSON', '[]'].entries()) {
      await store.setSetting(
        { name: 'captcha.request', value, version: at + 1 },
        clock.now(),
        Object.assign({ ...quiet }, noted),
      )
      clock.turn({ seconds: 1 })
      const { status, body } = await stranger(recovery).json(path, { email: ana })
      assert.deepEqual([status, body.captcha.provider], [403, 'altcha'])
    }
    assert.ok(recovery.log.some((line) => line.setting === 'captcha.request' && line.level === 'error'))
  },
)

const quiet = {
  ...{ at: 0, name: 'settings.changed', flow: null, accountId: null, addressKey: null, challengeId: null },
  ...{ network: '', agent: '', requestId: '', because: null },
} as const

inMemory('what is set up is read once a second at most, and by a running server', async (open) => {
  const recovery = await open()
  const browser = stranger(recovery)
  let reads = 0
  const { settings } = recovery.kit.store
  const counted = () => {
    reads++
    return settings()
  }
  Object.assign(recovery.kit.store, { settings: counted })
  for (let at = 0; at < 20; at++) await browser.get(classic.routes.ask)
  assert.ok(reads <= 1, `${reads} reads`)
  await setUp(recovery, 'request', { ...altcha, when: 'always' })
  assert.match((await browser.get(classic.routes.ask)).text, /data-captcha/)
})
