/** What a flow and an installation can be told: brand, addresses, log-in, a flow of one's own, and what is refused. */
import assert from 'node:assert/strict'
import {
  type CodeFlow,
  defaults,
  defineFlow,
  type JsonFlow,
  type LinkFlow,
  plain,
  strong,
} from '../../src/engine/flow.ts'
import * as flows from '../../src/flows/index.ts'
import type { PagesFlow } from '../../src/http/routes.ts'
import { codeIn, linkIn, type TestOptions } from '../../src/testing/index.ts'
import { inMemory, type Open, onEveryStore } from '../databases.ts'
import {
  after,
  ana,
  anaIn,
  ask,
  before,
  isDeadLink,
  isSignedIn,
  letterFor,
  linkOf,
  linkTo,
  logIn,
  logsIn,
  openLink,
  origin,
  resetByLink,
  sees,
  seesNot,
  send,
  sendBlind,
  stranger,
  twice,
} from './steps.ts'

const { classic, code, spa, stateless, verified } = flows
const session = '__Host-lk_session'

/** Why the start is refused; empty when it is not. */
const refusal = async (open: Open, options: TestOptions): Promise<string> =>
  open(options).then(
    () => '',
    (error: Error) => error.message,
  )

onEveryStore('brand: a name alone fills the long name and the team; its logo stands on every page', async (open) => {
  const brand = { name: 'NORSU Alumni', logo: 'data:image/png;base64,AAAA' }
  const recovery = await open({
    flows: [
      { ...code, brand },
      { ...classic, brand: { name: 'Other <b>& Co' } },
    ],
  })
  await anaIn(recovery)
  const browser = stranger(recovery)
  const mail = await letterFor(recovery, code, ana, browser)
  assert.equal(mail.subject, 'NORSU Alumni - Password Reset Code')
  assert.ok(mail.text.includes('You have requested to reset your password for NORSU Alumni.'))
  assert.ok(mail.text.includes('Best regards,\nNORSU Alumni Team'))
  for (const path of [code.routes.ask, code.routes.code, code.routes.login, code.routes.set]) {
    const page = await browser.get(path)
    assert.match(page.text, /<title>[^<]*NORSU Alumni<\/title>/)
    assert.ok(page.text.includes('<img src="data:image/png;base64,AAAA" alt=""'), path)
  }
  const other = await browser.get(classic.routes.ask)
  assert.ok(other.text.includes('Other &lt;b&gt;&amp; Co') && !other.text.includes('<b>&'))
})

onEveryStore('loginUrl: buttons, redirects and the forms of a log-in that stands elsewhere', async (open) => {
  const elsewhere = 'https://id.example.net/signin?tenant=7'
  const set = [stateless, code, spa].map((flow) => ({ ...flow, loginUrl: elsewhere }))
  const recovery = await open({ flows: set })
  await anaIn(recovery)
  const browser = stranger(recovery)
  const posted = await resetByLink(recovery, stateless, ana, after, browser)
  const complete = await browser.get(posted.location!)
  assert.equal(linkTo(complete, 'Log in'), elsewhere)
  assert.match(complete.headers.get('content-security-policy')!, /form-action 'self' https:\/\/id\.example\.net;/)
  assert.equal(linkTo(await browser.get(stateless.routes.ask), 'Back to log-in'), elsewhere)

  const mail = await letterFor(recovery, code, ana, browser)
  const typed = await send(browser, code.routes.code, { code: codeIn(mail) }, code.routes.code)
  const done = await send(browser, typed.location!, twice(code, 'Bens-Meadow-29!'))
  assert.equal(done.location, `${elsewhere}&reset=done`)
  assert.equal((await browser.look('/login/')).status, 404, 'no log-in page of ours')
  assert.equal(JSON.parse((await browser.look('/app/config.json')).text).login, elsewhere)
})

const loggingIn: readonly PagesFlow[] = [classic, stateless, verified, code].map((flow) => ({
  ...flow,
  after: { login: true },
}))
for (const flow of loggingIn) {
  onEveryStore(`after.login: a reset by ${flow.name} opens a new session and ends the others`, async (open) => {
    const recovery = await open({ flows: [{ ...flow, home: '/account/?from=home' }] })
    await anaIn(recovery)
    const [browser, phone] = [stranger(recovery), stranger(recovery)]
    await logIn(phone, flow.routes.login, ana, before)
    await logIn(browser, flow.routes.login, ana, before)
    const earlier = browser.jar.get(session)
    const mail = await letterFor(recovery, flow, ana, browser)
    const set =
      flow.proof.kind === 'code'
        ? (await send(browser, code.routes.code, { code: codeIn(mail) }, code.routes.code)).location!
        : await openLink(browser, linkOf(mail).path)
    const posted = await send(browser, set, twice(flow, after))
    assert.equal(posted.status, 303)
    assert.notEqual(browser.jar.get(session), earlier)
    assert.deepEqual([await isSignedIn(browser), await isSignedIn(phone)], [true, false])
    if (flow.proof.kind === 'code') assert.equal(posted.location, '/account/?from=home')
    else {
      const done = await browser.get(posted.location!)
      sees(done, 200, 'You are signed in.')
      assert.equal(linkTo(done, 'Continue'), '/account/?from=home')
    }
  })
}

onEveryStore('home, signUpUrl and supportUrl lead where they are told to', async (open) => {
  const told = { home: 'https://app.example.net/start', signUpUrl: '/join/', supportUrl: 'mailto:help@example.net' }
  const recovery = await open({ flows: [{ ...classic, ...told }] })
  await anaIn(recovery)
  const browser = stranger(recovery)
  const login = await logIn(browser, classic.routes.login, ana, before)
  assert.equal(login.location, told.home)
  assert.deepEqual([(await browser.look('/')).status, (await browser.look('/')).location], [303, told.home])
  assert.equal(linkTo(await browser.get(classic.routes.login), 'Sign up for new account'), told.signUpUrl)
  assert.equal(linkTo(await browser.get(classic.routes.set), 'Contact support'), told.supportUrl)
  const mail = await letterFor(recovery, classic, ana)
  assert.ok(mail.text.includes('mailto:help@example.net'))
})

onEveryStore("limits and password of a flow are that flow's alone", async (open) => {
  const limits = { asks: { max: 1, seconds: 60 }, live: 1 }
  const password = { ...plain, min: 12 }
  const recovery = await open({ flows: [{ ...classic, limits, password }, stateless] })
  await anaIn(recovery)
  const browser = stranger(recovery)
  const mail = await letterFor(recovery, classic, ana, browser)
  sees(await ask(browser, classic, ana), 429, 'Countdown: 1:00 remaining')
  assert.equal(linkOf(await letterFor(recovery, classic, ana)).path, linkOf(mail).path)
  assert.equal((await ask(browser, stateless, ana)).status, 303)
  const set = await openLink(browser, linkOf(mail).path)
  sees(await browser.get(set), 200, 'Minimum 12 characters')
  sees(await send(browser, set, twice(classic, 'harbour-83?')), 422, 'at least 12 characters.', '✗ 12+ characters')
  const program = await stranger(recovery).json('/api/flows/classic/change', {
    ...{ token: linkOf(mail).token, password: 'harbour-83?' },
  })
  assert.equal(program.body.unmet[0].message, 'Password must be at least 12 characters.')
  assert.equal((await send(browser, set, twice(classic, '739201846518'))).status, 303, 'digits alone, told so')
})

onEveryStore(
  'what belongs to no flow: health, the API document, a change of password, and the way home',
  async (open) => {
    const browser = stranger(await open({ flows: [code, spa] }))
    for (const path of ['/healthz', '/readyz']) assert.equal((await browser.look(path)).text, 'ok')
    const document = JSON.parse((await browser.look('/openapi.json')).text)
    assert.deepEqual([document.openapi, Object.keys(document.paths).length], ['3.1.0', 10])
    const change = await browser.look('/.well-known/change-password')
    assert.deepEqual([change.status, change.location], [303, code.routes.ask])
    assert.equal((await browser.look('/')).location, '/account/')
    assert.equal((await browser.look('/account/')).location, code.routes.login)
    for (const path of [
      classic.routes.ask,
      '/forgot-password/',
      '/api/flows/classic/rules',
      '/dev/inbox/',
      '/admin/',
    ]) {
      sees(await browser.look(path), 404, 'Page not found'.slice(0, path.startsWith('/api') ? 0 : 14))
    }
  },
)

const sixth = defineFlow<LinkFlow>({
  ...defaults,
  name: 'invoice-portal',
  wording: 'classic',
  face: 'pages',
  proof: { kind: 'signed', carry: 'query', dies: ['password', 'email'] },
  life: 600,
  grant: 120,
  password: { ...strong, min: 10, history: 3 },
  fields: { ...defaults.fields, email: 'who', token: 't', password: 'p1', confirm: 'p2' },
  brand: { name: 'Invoices' },
  routes: { login: '/invoices/in/', ask: '/invoices/lost/', link: ['/invoices/new/'], set: '/invoices/new/' },
})

onEveryStore('a sixth flow is a literal: a signed link in the query, fields and paths of its own', async (open) => {
  const recovery = await open({ flows: [...Object.values(flows), sixth] })
  await anaIn(recovery)
  const browser = stranger(recovery)
  const mail = await letterFor(recovery, sixth, ana, browser)
  const url = new URL(linkIn(mail))
  assert.equal(url.pathname, '/invoices/new/')
  assert.deepEqual([...url.searchParams.keys()], ['uid', 't'])
  const set = await openLink(browser, url.pathname + url.search)
  sees(await browser.get(set), 200, 'Minimum 10 characters', 'Invoices', ana)
  sees(await send(browser, set, twice(sixth, 'Harb-83?x')), 422, 'at least 10 characters.')
  const posted = await send(browser, set, twice(sixth, after))
  sees(await browser.get(posted.location!), 200, 'Password updated')
  isDeadLink(await browser.look(url.pathname + url.search), sixth)
  assert.equal(await logsIn(recovery, '/invoices/in/', ana, after), true)
  const again = await letterFor(recovery, sixth, ana, browser)
  recovery.clock.turn({ minutes: 10 })
  isDeadLink(await browser.look(new URL(linkIn(again)).pathname + new URL(linkIn(again)).search), sixth)
  const bySix = await letterFor(recovery, sixth, ana)
  const search = new URL(linkIn(bySix)).search
  const blind = await sendBlind(stranger(recovery), `/invoices/new/${search}`, twice(sixth, 'Third-Kettle-5!'))
  assert.equal(blind.status, 303)
  assert.equal((await stranger(recovery).json('/api/flows/invoice-portal/request', { email: ana })).status, 200)
})

const eightDigits = defineFlow<CodeFlow>({
  ...code,
  name: 'eight',
  wording: 'no such wording',
  proof: { ...code.proof, digits: 8, tries: 3, resendAfter: 120 },
  routes: {
    login: '/8/in/',
    ask: '/8/lost/',
    code: '/8/code/',
    set: '/8/new/',
    link: ['/8/link/:token/'],
    done: '/8/done/',
  },
})
const inFragment = defineFlow<JsonFlow>({
  ...spa,
  name: 'app',
  proof: { ...spa.proof, carry: 'fragment' },
  routes: { ask: '/app-ask/', change: '/app-change/', spa: { login: '/in', ask: '/lost', link: '/new' } },
})

onEveryStore('a code of eight digits and a link with its token in the fragment are literals, too', async (open) => {
  const recovery = await open({ flows: [eightDigits, inFragment], spaUrl: 'https://front.example.net' })
  await anaIn(recovery)
  const browser = stranger(recovery)
  const mail = await letterFor(recovery, eightDigits, ana, browser)
  assert.match(codeIn(mail), /^\d{8}$/)
  sees(await browser.get('/8/code/'), 200, '8 digits')
  sees(await send(browser, '/8/code/', { code: '123456' }, '/8/code/'), 422)
  const typed = await send(browser, '/8/code/', { code: codeIn(mail) }, '/8/code/')
  assert.equal((await send(browser, typed.location!, twice(eightDigits, after))).location, '/8/done/')

  const link = linkIn(await letterFor(recovery, inFragment, ana))
  assert.match(link, /^https:\/\/front\.example\.net\/new#[\w-]{65}$/)
  const token = link.split('#')[1]!
  const { status } = await browser.json('/app-change/', { token, new_password: 'Bens-Meadow-29!' })
  assert.equal(status, 200)
  assert.equal(await logsIn(recovery, '/8/in/', ana, 'Bens-Meadow-29!'), true)
})

onEveryStore('a shared log-in page takes its "Forgot password?" from the first flow that has it', async (open) => {
  for (const [list, said, path] of [
    [[stateless, verified], 'Forgot Password?', stateless.routes.ask],
    [[verified, stateless], 'Forgot Password?', verified.routes.ask],
    [[{ ...stateless, loginUrl: 'https://id.example.net/' }, verified], 'Forgot Password?', verified.routes.ask],
  ] as const) {
    const recovery = await open({ flows: list })
    assert.equal(linkTo(await stranger(recovery).get('/login/'), said), path)
  }
})

/** The flow under a path of its own, but for these. */
const moved = (flow: LinkFlow, routes: Partial<LinkFlow['routes']>): LinkFlow => ({
  ...flow,
  name: `${flow.name}-2`,
  routes: {
    login: `/2${flow.routes.login}`,
    ask: `/2${flow.routes.ask}`,
    link: [`/2${flow.routes.link[0]}`],
    set: `/2${flow.routes.set}`,
    ...routes,
  },
})

inMemory('two that claim one path are refused at the start, in numbered sentences', async (open) => {
  assert.equal(await refusal(open, { flows: [classic, moved(classic, {})] }), '')
  const claims: [options: TestOptions, ...said: string[]][] = [
    [
      { flows: [classic, { ...classic, name: 'twin' }] },
      '1. "/auth/password-reset/" is claimed by the flow "classic" and by the flow "twin"',
      '\n2. "/auth/password-reset/done/" is claimed by the flow "classic" and by the flow "twin"',
    ],
    [{ flows: [classic, classic] }, 'two flows are named "classic"'],
    [
      { flows: [classic, moved(classic, { ask: '/auth/password-reset' })] },
      '1. "/auth/password-reset" is claimed by the flow "classic" and by the flow "classic-2"',
    ],
    [
      { flows: [stateless, moved(classic, { link: ['/reset/:token/'] })] },
      '"/reset/:token/" is claimed by the flow "stateless" and by the flow "classic-2"',
    ],
    [
      { flows: [stateless, moved(classic, { ask: '/login/' })] },
      '1. "/login/" is claimed by the flow "classic-2" and by a log-in page',
    ],
    [{ flows: [moved(classic, { ask: '/account' })] }, '1. "/account" is claimed by Latchkey itself'],
    [
      { flows: [spa, moved(classic, { ask: '/app/login/' })] },
      '"/app/login" is claimed by the flow "classic-2" and by the front end under SPA_URL',
    ],
  ]
  for (const [options, ...said] of claims) {
    const message = await refusal(open, options)
    assert.match(message, /^Latchkey cannot start:\n1\. /)
    for (const sentence of said) assert.ok(message.includes(sentence), message)
  }
})

inMemory(
  'SPA_URL claims its pages: at the root they are those of other flows, elsewhere nobody minds',
  async (open) => {
    const message = await refusal(open, { spaUrl: origin })
    assert.match(message, /"\/forgot-password" is claimed by the flow "verified" and by the front end under SPA_URL/)
    assert.match(message, /"\/login" is claimed by a log-in page and by the front end under SPA_URL/)
    assert.equal(await refusal(open, { spaUrl: 'https://front.example.net' }), '')
    assert.equal(await refusal(open, { spaUrl: origin, flows: [classic, spa] }), '')
    assert.equal(await refusal(open, { spaUrl: `${origin}/x/y/` }), '')
    assert.match(await refusal(open, { spaUrl: 'front.example.net' }), /1\. spaUrl: expected an address such as/)
  },
)

inMemory('a front end at the root and one in a folder are served where they say', async (open) => {
  for (const [base, flow] of [
    ['', spa],
    ['/x/y', spa],
  ] as const) {
    const recovery = await open({ flows: [classic, flow], spaUrl: origin + base })
    await anaIn(recovery)
    const browser = stranger(recovery)
    const page = await browser.look(`${base}/forgot-password`)
    assert.equal(page.status, 200)
    const asset = /src="([^"]+\.js)"/.exec(page.text)![1]!
    assert.ok(asset.startsWith(`${base}/assets/`), asset)
    assert.equal((await browser.look(asset)).status, 200)
    const { base: told } = JSON.parse((await browser.look(`${base}/config.json`)).text)
    assert.equal(told, base)
    const link = linkIn(await letterFor(recovery, flow, ana))
    assert.ok(link.startsWith(`${origin}${base}/reset-password/`), link)
    assert.equal((await browser.look(link)).status, 200)
  }
})

inMemory('everything unsound in the options is told at once', async (open) => {
  const message = await refusal(open, {
    secret: 'short',
    publicUrl: 'https://app.example.com/path',
    trustedProxies: ['10.0.0.0/99'],
    flows: [{ ...classic, life: 5 }],
  })
  for (const reason of [
    'Latchkey cannot start:\n1. Flow "classic" is refused: life must be 300 to 86400 seconds, it is 5.',
    '2. publicUrl: expected an origin such as https://app.example.com',
    '3. secret: at least 32 characters',
    '4. trustedProxies: "10.0.0.0/99" is neither an address nor a network',
  ]) {
    assert.ok(message.includes(reason), message)
  }
  assert.match(await refusal(open, { flows: [] }), /1\. flows: name at least one/)
  seesNot({ status: 400, headers: new Headers(), text: message, location: null }, 'undefined')
})

inMemory(
  'a secret that is a sample, or one of another, is refused in code as it is in the environment',
  async (open) => {
    const secret = 'vK9#fT2-long-enough-and-nobody-knows-it'
    const earlier = 'Qm4!xB7-this-one-was-in-use-last-winter'
    const weak = {
      'it is a sample': { secret: 'changeme-changeme-changeme-now-please' },
      'at least 32 characters': { secret: 'vK9#fT2-too-short' },
      'holds the secret itself': { secret, secretFallbacks: [earlier, secret] },
      'holds one secret twice': { secret, secretFallbacks: [earlier, earlier] },
      'short or a sample': { secret, secretFallbacks: ['0123456789abcdef0123456789abcdef'] },
    }
    for (const [reason, options] of Object.entries(weak)) {
      const message = await refusal(open, options)
      assert.match(message, new RegExp(`1\\. secret.*${reason}`))
      assert.doesNotMatch(message, /\n2\./)
      for (const hidden of [secret, earlier, ...Object.values(options).flat()]) assert.ok(!message.includes(hidden))
    }
    await open({ secret, secretFallbacks: [earlier] })
  },
)

inMemory('a variable that is not set is told of as the option that it was for', async (open) => {
  const message = await refusal(open, {
    secret: process.env.NOT_SET,
    mail: { smtp: process.env.NOT_SET, from: 'a@b.cd' },
  })
  assert.match(message, /1\. mail\.smtp: expected smtp:.*, got nothing\.\n2\. secret: at least 32 characters/)
  assert.match(await refusal(open, { mail: undefined }), /1\. mail: say how letters leave/)
})

inMemory('a flow that tells whether an account exists is warned of in the log', async (open) => {
  const { log } = await open({ flows: [classic, { ...code, disclosure: 'explicit' }] })
  assert.deepEqual(
    log.filter(({ level }) => level === 'warn').map(({ flow }) => flow),
    ['code'],
  )
})
