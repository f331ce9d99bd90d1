/** A captcha of somebody else's by pages: a step of its own before the form, and no word of it where a secret is. */
import assert from 'node:assert/strict'
import { classic, code, stateless } from '../../src/flows/index.ts'
import { codeIn, type Page, type TestBrowser, type TestRecovery } from '../../src/testing/index.ts'
import { inMemory, onEveryStore } from '../databases.ts'
import { type Provider, secret, setUp, siteKey, solve, withProvider } from './captcha-kit.ts'
import {
  after,
  ana,
  anaIn,
  before,
  isSignedIn,
  letterFor,
  linkOf,
  logIn,
  openLink,
  sees,
  seesNot,
  send,
  stranger,
  twice,
} from './steps.ts'

const wanted = { provider: 'hcaptcha', siteKey, secret, outage: 'refuse', when: 'always' } as const
const field = 'h-captcha-response'

/** That the page neither loads nor allows anything of a provider's. */
function isOurs(page: Page): void {
  assert.doesNotMatch(page.text, /hcaptcha|google|cloudflare|data-sitekey/)
  assert.doesNotMatch(
    page.headers.get('content-security-policy')!,
    /https?:\/\/(?!localhost)[^ ;]*(captcha|google|cloudflare)/,
  )
}

/** The step that stands before this page, gone through: back to where it led from. */
async function goThrough(browser: TestBrowser, server: Provider, path: string, form: string): Promise<string> {
  const away = await browser.look(path)
  assert.equal(away.status, 303)
  assert.ok(away.location!.startsWith(`/captcha/${form}/?to=`), away.location!)
  const passed = await send(browser, away.location!, { [field]: server.give() })
  assert.equal(passed.status, 303)
  return passed.location!
}

onEveryStore(
  'the step loads the provider, may send its form to itself alone, and fetches nothing of ours',
  async (open) =>
    withProvider(async (server) => {
      const recovery = await open({ captcha: server.options })
      await setUp(recovery, 'login', wanted)
      const page = await stranger(recovery).look('/captcha/login/')
      sees(
        page,
        200,
        'One more step',
        'This check comes from hCaptcha',
        'This check needs JavaScript',
        'contact support',
      )
      assert.match(
        page.text,
        /<div class="h-captcha" data-widget data-sitekey="site-key-of-a-test" data-action="login"><\/div>/,
      )
      assert.match(
        page.text,
        /<script src="https:\/\/js\.hcaptcha\.com\/1\/api\.js\?recaptchacompat=off&amp;hl=en" async defer>/,
      )
      const policy = page.headers.get('content-security-policy')!
      assert.match(policy, /script-src 'self' https:\/\/hcaptcha\.com https:\/\/\*\.hcaptcha\.com;/)
      assert.match(policy, /connect-src https:\/\/hcaptcha\.com https:\/\/\*\.hcaptcha\.com;/)
      assert.match(policy, /form-action app\.example\.com\/captcha\/login\/;/)
      assert.doesNotMatch(policy, /unsafe/)
      assert.equal(page.headers.get('referrer-policy'), 'strict-origin')
      for (const path of [classic.routes.ask, code.routes.code, '/account/'])
        isOurs(await stranger(recovery).look(path))
    }),
)

inMemory('each provider brings its own script and hosts, and no other', async (open) => {
  const recovery = await open()
  const marks = {
    'recaptcha-v2': [
      /class="g-recaptcha"/,
      /google\.com\/recaptcha\/api\.js\?hl=en"/,
      /script-src 'self' https:\/\/www\.google\.com\/recaptcha\/ /,
    ],
    'recaptcha-v3': [
      /data-site-key="site-key-of-a-test"/,
      /api\.js\?render=site-key-of-a-test&amp;hl=en"/,
      /gstatic\.com\/recaptcha\//,
    ],
    hcaptcha: [/class="h-captcha"/, /js\.hcaptcha\.com/, /frame-src https:\/\/hcaptcha\.com/],
    turnstile: [
      /class="cf-turnstile"/,
      /challenges\.cloudflare\.com\/turnstile/,
      /script-src 'self' https:\/\/challenges\.cloudflare\.com;/,
    ],
  } as const
  for (const [provider, [element, script, policy]] of Object.entries(marks)) {
    await setUp(recovery, 'login', { ...wanted, provider: provider as keyof typeof marks })
    const page = await stranger(recovery).look('/captcha/login/')
    assert.match(page.text, element)
    assert.match(page.text, script)
    assert.match(page.headers.get('content-security-policy')!, policy)
    assert.equal(
      [...page.headers.get('content-security-policy')!.matchAll(/cloudflare|google\.com|hcaptcha\.com/g)].length > 0,
      true,
    )
  }
})

onEveryStore('log-in: the step first, then the form, once; a second log-in takes another', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await anaIn(recovery)
    await setUp(recovery, 'login', wanted)
    const browser = stranger(recovery)
    const { login } = classic.routes
    assert.equal(await goThrough(browser, server, login, 'login'), login)
    isOurs(await browser.look(login))
    const wrong = await logIn(browser, login, ana, 'wrong')
    sees(wrong, 403, 'is wrong')
    isOurs(wrong)
    const { login: path } = classic.routes
    const again = await browser.post(path, { username: ana, password: before }, { 'sec-fetch-site': 'same-origin' })
    assert.deepEqual([again.status, again.location], [303, `/captcha/login/?to=${encodeURIComponent(login)}`])
    assert.equal(await isSignedIn(browser), false)
    await goThrough(browser, server, login, 'login')
    assert.equal((await logIn(browser, login, ana, before)).status, 303)
    assert.equal(await isSignedIn(browser), true)
  }),
)

/** A pass of this browser for a form, as it stands in its cookie. */
const passOf = (browser: TestBrowser, form: string): string => browser.jar.get(`__Host-lk_captcha_${form}`) ?? ''

async function postLogin(browser: TestBrowser): Promise<string | null> {
  const fields = { username: ana, password: before }
  return (await browser.post(classic.routes.login, fields, { 'sec-fetch-site': 'same-origin' })).location
}

onEveryStore('a pass is of one form and one browser, for ten minutes, once', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await anaIn(recovery)
    for (const form of ['login', 'verify'] as const) await setUp(recovery, form, wanted)
    const browser = stranger(recovery)
    const toStep = `/captcha/login/?to=${encodeURIComponent(classic.routes.login)}`
    await goThrough(browser, server, classic.routes.login, 'login')
    const pass = passOf(browser, 'login')
    assert.match(pass, /^[\w-]{22}\.[0-9a-z]+\.[\w-]{43}$/)

    const thief = stranger(recovery)
    await thief.get('/healthz')
    thief.jar.set('__Host-lk_captcha_login', pass)
    assert.equal(await postLogin(thief), toStep, 'in another browser')
    assert.equal((await browser.look(code.routes.code)).status, 303, 'for another form')
    browser.jar.set('__Host-lk_captcha_verify', pass)
    assert.equal((await browser.look(code.routes.code)).status, 303, 'under the name of another form')

    assert.equal(await postLogin(browser), '/account/')
    browser.jar.set('__Host-lk_captcha_login', pass)
    assert.equal(await postLogin(browser), toStep, 'once')
    assert.equal((await browser.look(classic.routes.login)).status, 303)

    await goThrough(browser, server, classic.routes.login, 'login')
    recovery.clock.turn({ minutes: 10 })
    assert.equal(await postLogin(browser), toStep, 'ten minutes later')
    for (const forged of ['', 'x', pass.replace(/\.[0-9a-z]+\./, '.zzzzzzzzz.'), `${pass}x`]) {
      browser.jar.set('__Host-lk_captcha_login', forged)
      assert.equal(await postLogin(browser), toStep, forged)
    }
  }),
)

inMemory(
  'a code and a new password: the step stands before them, and nothing of the provider on their pages',
  async (open) =>
    withProvider(async (server) => {
      const recovery = await open({ captcha: server.options })
      await anaIn(recovery)
      for (const form of ['verify', 'change'] as const) await setUp(recovery, form, wanted)
      const browser = stranger(recovery)
      const typed = codeIn(await letterFor(recovery, code, ana, browser))
      assert.equal(await goThrough(browser, server, code.routes.code, 'verify'), code.routes.code)
      isOurs(await browser.look(code.routes.code))
      const proved = await send(browser, code.routes.code, { email: ana, code: typed }, code.routes.code)
      assert.equal(proved.status, 303)
      const set = proved.location!
      assert.match(set, /\?c=/)
      assert.equal(await goThrough(browser, server, set, 'change'), set, 'back to the same account')
      isOurs(await browser.look(set))
      const weak = await send(browser, set, twice(code, 'weak'))
      sees(weak, 422, 'Password too weak')
      isOurs(weak)
      await goThrough(browser, server, set, 'change')
      assert.equal((await send(browser, set, twice(code, after))).status, 303)
    }),
)

inMemory('a link leads to the step and on to its page; the link itself is spent by neither', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await anaIn(recovery)
    await setUp(recovery, 'change', wanted)
    for (const flow of [classic, stateless]) {
      const browser = stranger(recovery)
      const { path } = linkOf(await letterFor(recovery, flow, ana, browser))
      const set = await openLink(browser, path)
      await openLink(browser, path)
      await goThrough(browser, server, set, 'change')
      assert.equal((await send(browser, set, twice(flow, flow === classic ? after : before))).status, 303)
    }
  }),
)

inMemory(
  'a bad answer says so on the step; where the provider is away it says that, or ALTCHA stands in',
  async (open) =>
    withProvider(async (server) => {
      const recovery = await open({ captcha: server.options })
      await setUp(recovery, 'login', wanted)
      const browser = stranger(recovery)
      const answer = (more: Record<string, string>) => send(browser, '/captcha/login/', more)
      sees(await answer({ [field]: 'made-up' }), 403, 'The check was not passed')
      sees(await answer({}), 403, 'The check was not passed')
      assert.equal(passOf(browser, 'login'), '')
      server.mood = 'garbage'
      sees(await answer({ [field]: server.give() }), 503, 'hCaptcha cannot be reached just now. Please try again')

      await setUp(recovery, 'login', { ...wanted, outage: 'altcha' })
      const page = await answer({})
      sees(page, 403, 'hCaptcha cannot be reached just now, so your browser does a small sum instead')
      isOurs({ ...page, text: page.text.replaceAll('&quot;hcaptcha&quot;', '') })
      const challenge = /data-challenge="([^"]*)"/.exec(page.text)![1]!.replaceAll('&quot;', '"')
      const passed = await send(browser, '/captcha/login/', { captcha: solve(JSON.parse(challenge)) })
      assert.deepEqual([passed.status, passed.location], [303, classic.routes.login])
      assert.notEqual(passOf(browser, 'login'), '')
    }),
)

inMemory('the step leads on to forms of ours and nowhere else', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await setUp(recovery, 'login', wanted)
    const bad = [
      'https://evil.example/',
      '//evil.example/',
      '/\\\\evil.example',
      'javascript:alert(1)',
      '/account/',
      '',
      '/auth/login/../x',
    ]
    for (const to of bad) {
      const browser = stranger(recovery)
      const passed = await send(browser, `/captcha/login/?to=${encodeURIComponent(to)}`, { [field]: server.give() })
      assert.deepEqual([passed.status, passed.location], [303, classic.routes.login], to)
      const typed = await send(browser, '/captcha/login/', { [field]: server.give(), to })
      assert.equal(typed.location, classic.routes.login, to)
    }
    const other = await send(stranger(recovery), '/captcha/login/', { [field]: server.give(), to: code.routes.login })
    assert.equal(other.location, code.routes.login)
    seesNot(await stranger(recovery).look('/captcha/login/?to=%22%3E%3Cscript%3E'), '<script>')
  }),
)

inMemory('the step takes no post of another site', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await setUp(recovery, 'login', wanted)
    const browser = stranger(recovery)
    const crossSite = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    const page = await browser.post('/captcha/login/', { [field]: server.give() }, crossSite)
    sees(page, 403, 'This form is no longer valid')
    assert.equal(server.asked.length, 0)
  }),
)

/** A network whose log-ins are full. */
async function fullNetwork(recovery: TestRecovery): Promise<TestBrowser> {
  const browser = recovery.browser({ address: '192.0.2.77' })
  for (let at = 0; at < 3; at++) await logIn(browser, classic.routes.login, `n${at}`, 'x')
  return browser
}

inMemory(
  'where a limit overflows, and only there, the step stands before the form, with the time to wait',
  async (open) =>
    withProvider(async (server) => {
      const limits = { logInsPerNetwork: [{ max: 3, ms: 900_000 }] }
      const recovery = await open({ captcha: server.options, limits })
      await anaIn(recovery)
      await setUp(recovery, 'login', { ...wanted, when: 'overflow' })
      const { login } = classic.routes
      assert.equal((await stranger(recovery).look(login)).status, 200)
      const browser = await fullNetwork(recovery)
      const step = (await browser.look(login)).location!
      sees(await browser.look(step), 200, 'Or wait 15 minutes, then you need no check.')
      await goThrough(browser, server, login, 'login')
      assert.equal((await logIn(browser, login, ana, before)).status, 303)
      recovery.clock.turn({ minutes: 15 })
      assert.equal((await browser.look(login)).status, 200, 'and when it is over, no more')
    }),
)
