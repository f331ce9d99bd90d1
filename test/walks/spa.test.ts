/** The flow `spa`: two JSON routes and a front end of its own; then the same verbs for programs, for every flow. */
import assert from 'node:assert/strict'
import type { Flow } from '../../src/engine/flow.ts'
import * as flows from '../../src/flows/index.ts'
import { codeIn, linkIn, type TestBrowser, type TestRecovery } from '../../src/testing/index.ts'
import { onEveryStore } from '../databases.ts'
import {
  after,
  ana,
  anaIn,
  anasName,
  before,
  isSignedIn,
  letterFor,
  lettersDuring,
  logIn,
  logsIn,
  nobody,
  origin,
  person,
  sees,
  stranger,
} from './steps.ts'

const { spa } = flows
const neutral = { message: 'If the email exists, a reset link has been sent.' }
const changed = { message: 'Password reset successful' }

const askApi = (browser: TestBrowser, body: unknown) => browser.json('/auth/forgot-password/', body)
const change = (browser: TestBrowser, token: unknown, new_password: unknown) =>
  browser.json('/auth/reset-password/', { token, new_password })

/** The token of the link that a letter carries to the front end. */
function tokenIn(text: string, base = `${origin}/app`): string {
  const found = text.match(/https?:\S+/)?.[0] ?? ''
  assert.ok(found.startsWith(`${base}/reset-password/`), found)
  return found.slice(`${base}/reset-password/`.length)
}

async function token(recovery: TestRecovery): Promise<string> {
  return tokenIn((await letterFor(recovery, spa, ana)).text)
}

function isProblem(answer: { status: number; headers: Headers; body: any }, status: number, error: string): void {
  assert.deepEqual([answer.status, answer.body.error, answer.body.status], [status, error, status])
  assert.match(answer.headers.get('content-type')!, /^application\/problem\+json/)
  assert.equal(answer.body.title, error)
  assert.equal(answer.body.type, `urn:latchkey:problem:${answer.body.code}`)
}

onEveryStore(
  'spa: from the ask to a log-in with the new password, with the bodies as they are written',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const browser = stranger(recovery)

    const asked = await askApi(browser, { email: ana })
    assert.deepEqual([asked.status, asked.body], [200, neutral])
    assert.match(asked.headers.get('content-type')!, /^application\/json/)
    const mail = (await recovery.mail())!
    assert.equal(mail.to, ana)
    assert.match(tokenIn(mail.text), /^[\w-]{65}$/)
    const reset = await change(browser, tokenIn(mail.text), 'Strong@123')
    assert.deepEqual([reset.status, reset.body], [200, changed])
    assert.equal(browser.jar.size, 0, 'JSON routes use no cookies')

    assert.equal(await logsIn(recovery, '/login/', ana, 'Strong@123'), true)
    assert.equal(await logsIn(recovery, '/login/', anasName, 'Strong@123'), true)
    assert.equal(await logsIn(recovery, '/login/', ana, before), false)
  },
)

onEveryStore('spa: the answer is the same for everybody', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'gone@example.org', { active: false })
  const letters = await lettersDuring(recovery, async () => {
    for (const email of [ana, nobody, 'gone@example.org', ' ANA@EXAMPLE.ORG ']) {
      const { status, body } = await askApi(stranger(recovery), { email })
      assert.deepEqual([status, body], [200, neutral])
    }
  })
  assert.equal(letters, 2)
})

onEveryStore('spa: without an email it says "Email is required"', async (open) => {
  const browser = stranger(await open())
  for (const body of [{}, { email: '' }, { email: '  ' }, { email: null }]) {
    isProblem(await askApi(browser, body), 400, 'Email is required')
  }
  isProblem(await askApi(browser, { email: 'ana' }), 400, 'Enter a valid email address.')
  for (const body of [{ email: 5 }, { email: [ana] }, { email: { a: 1 } }, [ana], '"x"', '{', '']) {
    assert.equal((await askApi(browser, body)).status, 400)
  }
})

onEveryStore('spa: both routes with and without a slash', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  assert.deepEqual((await browser.json('/auth/forgot-password', { email: ana })).body, neutral)
  const mail = (await recovery.mail())!
  const body = { token: tokenIn(mail.text), new_password: after }
  assert.deepEqual((await browser.json('/auth/reset-password', body)).body, changed)
  for (const path of ['/auth/forgot-password', '/auth/forgot-password/', '/auth/reset-password/']) {
    const page = await browser.look(path)
    assert.deepEqual([page.status, page.headers.get('allow')], [405, 'POST'])
  }
})

onEveryStore('spa: any wrong, old, used or missing token is "Invalid or expired token"', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const [used, revoked] = [await token(recovery), await token(recovery)]
  const browser = stranger(recovery)
  assert.equal((await change(browser, used, after)).status, 200)
  const old = await token(recovery)
  recovery.clock.turn({ minutes: 14, seconds: 59 })
  assert.equal((await change(browser, old, 'weak')).status, 422)
  recovery.clock.turn({ seconds: 1 })
  const bodies = new Set<string>()
  for (const dead of [used, revoked, old, 'abc123', '', 'A'.repeat(65), `${old}x`, '\u0000', null, undefined]) {
    const answer = await change(browser, dead, 'Other-Meadow-41!')
    isProblem(answer, 400, 'Invalid or expired token')
    bodies.add(JSON.stringify(answer.body))
  }
  isProblem(await browser.json('/auth/reset-password/', {}), 400, 'Invalid or expired token')
  assert.equal(bodies.size, 1)
  assert.equal(await logsIn(recovery, '/login/', ana, after), true)
})

onEveryStore(
  'spa: a refused password is a 422 with the rules that it breaks, and the token is not spent',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const browser = stranger(recovery)
    const live = await token(recovery)
    const refused: [password: string | null, ...codes: string[]][] = [
      ['', 'empty'],
      [null, 'empty'],
      ['weak', 'too-short', 'no-upper', 'no-digit', 'no-special'],
      ['HARBOUR83', 'no-lower', 'no-special'],
      ['Password1!', 'common'],
      ['Strong@123'.repeat(26), 'too-long'],
      [before, 'same-as-current'],
      ['Ana@Example.org', 'no-digit', 'is-name'],
      ['Ana_Keller@123', 'holds-name'],
      ['Strong\u0000@123', 'unprintable'],
    ]
    for (const [password, ...codes] of refused) {
      const answer = await change(browser, live, password)
      isProblem(answer, 422, 'This password cannot be used')
      assert.deepEqual(
        answer.body.unmet.map((one: { code: string }) => one.code),
        codes,
      )
      for (const one of answer.body.unmet) assert.match(one.message, /\.$/)
    }
    const [short] = (await change(browser, live, 'weak')).body.unmet
    assert.deepEqual(short, { code: 'too-short', message: 'Password must be at least 8 characters.' })
    assert.deepEqual((await change(browser, live, after)).body, changed)
  },
)

onEveryStore('spa: its pages are served under their base, also for an address with a token', async (open) => {
  const recovery = await open()
  const browser = stranger(recovery)
  const pages = [
    '',
    '/',
    '/forgot-password',
    '/forgot-password/',
    '/reset-password/abc',
    '/reset-password/abc/',
    '/login',
  ]
  for (const path of pages) {
    const page = await browser.look(`/app${path}`)
    assert.equal(page.status, 200, path)
    assert.match(page.headers.get('content-type')!, /^text\/html/)
    assert.match(page.text, /<div id="app">/)
    assert.deepEqual(
      [page.headers.get('cache-control'), page.headers.get('referrer-policy')],
      ['no-store', 'no-referrer'],
    )
    const script = /src="(\/app\/assets\/[^"]+\.js)"/.exec(page.text)?.[1] ?? ''
    const file = await browser.look(script)
    assert.deepEqual([file.status, file.headers.get('content-type')], [200, 'text/javascript; charset=utf-8'])
  }
  const settings = JSON.parse((await browser.look('/app/config.json')).text)
  assert.deepEqual([settings.base, settings.brand], ['/app', 'Latchkey'])
  assert.equal((await browser.look('/app/nothing-here')).status, 404)
})

onEveryStore('spa: sessions end with a reset, and "Your password was changed" goes out once', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const phone = stranger(recovery)
  await logIn(phone, '/login/', ana, before)
  const live = await token(recovery)
  const letters = await lettersDuring(recovery, () => change(stranger(recovery), live, after))
  assert.equal(letters, 1)
  const notice = recovery.letters[0]!
  assert.deepEqual([notice.to, /Your password was changed$/.test(notice.subject)], [ana, true])
  assert.ok(notice.text.includes(`${origin}/app/forgot-password`))
  assert.equal(await isSignedIn(phone), false)
})

const api = (flow: Flow, verb: string): string => `/api/flows/${flow.name}/${verb}`

/** What proves a letter of this flow to the API. */
function proofIn(flow: Flow, letter: { text: string }, asked: { flow_id: string }): Record<string, string> {
  const mail = letter as Parameters<typeof linkIn>[0]
  if (flow.proof.kind === 'code') return { flow_id: asked.flow_id, email: ana, code: codeIn(mail) }
  const url = new URL(linkIn(mail))
  const parts = url.pathname.split('/').filter(Boolean)
  const found = url.searchParams.get('token') ?? parts.at(-1)!
  return flow.proof.kind === 'signed' ? { uid: parts.at(-2)!, token: found } : { token: found }
}

for (const flow of Object.values(flows)) {
  onEveryStore(`/api/flows/${flow.name}: request, prove and change, for programs`, async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const program = stranger(recovery)

    const asked = await program.json(api(flow, 'request'), { email: ana })
    const { message, flow_id, ...told } = asked.body
    assert.equal(asked.status, 200)
    assert.match(message, /^If the email exists, a (reset link|code) has been sent\.$/)
    assert.match(flow_id, /^[\w-]{22}$/)
    assert.deepEqual(told, { expires_in: flow.life, resend_after: flow.proof.kind === 'code' ? 60 : null })
    const strangers = await program.json(api(flow, 'request'), { email: nobody })
    assert.deepEqual({ ...strangers.body, flow_id: '' }, { ...asked.body, flow_id: '' })
    const mail = (await recovery.mail())!
    assert.equal(recovery.letters.length, 1)

    const rules = JSON.parse((await program.look(api(flow, 'rules'))).text)
    assert.deepEqual([rules.min, rules.max, rules.history], [8, 256, flow.password.history])
    const proof = proofIn(flow, mail, asked.body)
    const proved = await program.json(`${api(flow, 'prove')}/`, proof)
    const { grant, ...shown } = proved.body
    assert.deepEqual([proved.status, shown], [200, { expires_in: 900, account: ana, rules }])

    const weak = await program.json(api(flow, 'change'), { grant, password: 'weak', confirm: 'other' })
    isProblem(weak, 422, 'This password cannot be used')
    assert.equal(weak.body.unmet.at(-1).code, 'mismatch')
    const posted = await program.json(api(flow, 'change'), { grant, password: after, confirm: after })
    assert.deepEqual([posted.status, posted.body], [200, changed])
    const again = await program.json(api(flow, 'change'), { grant, password: before })
    isProblem(again, 410, 'Session expired')
    const reused = await program.json(api(flow, 'prove'), proof)
    if (flow.proof.kind === 'code') isProblem(reused, 400, 'Invalid or expired code')
    else isProblem(reused, 410, 'Invalid or expired link')
    assert.equal(program.jar.size, 0)
    assert.equal(await logsIn(recovery, '/login/', ana, after), true)
    assert.equal(await logsIn(recovery, '/login/', ana, before), false)
  })

  onEveryStore(`/api/flows/${flow.name}: wrong bodies are a 400, a used-up leave a 410`, async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const program = stranger(recovery)
    // In the flow's own words, of which one ends with a full stop.
    const required = flow.wording === 'verified' ? 'Email is required.' : 'Email is required'
    isProblem(await program.json(api(flow, 'request'), {}), 400, required)
    isProblem(await program.json(api(flow, 'request'), { email: 'ana' }), 400, 'Enter a valid email address.')
    for (const body of [{ email: ana, extra: 1 }, { email: 1 }, [], 'null', '{"email":"a@b.c","email":"d@e.f"}']) {
      assert.equal((await program.json(api(flow, 'request'), body)).status, 400)
    }
    for (const body of [{}, { token: 5 }, { flow_id: 'x' }, { code: '123456' }]) {
      assert.equal((await program.json(api(flow, 'prove'), body)).status, 400)
    }
    for (const body of [{}, { password: after }, { grant: 5, password: after }, { grant: 'x' }]) {
      assert.equal((await program.json(api(flow, 'change'), body)).status, 400)
    }
    isProblem(await program.json(api(flow, 'change'), { grant: 'x', password: after }), 410, 'Session expired')
    const dead = await program.json(api(flow, 'change'), { token: 'x', password: after })
    isProblem(dead, 410, 'Invalid or expired link')
    assert.equal((await program.look(api(flow, 'request'))).status, 405)

    const { body } = await program.json(api(flow, 'request'), { email: ana })
    const proof = proofIn(flow, (await recovery.mail())!, body)
    const { grant } = (await program.json(api(flow, 'prove'), proof)).body
    recovery.clock.turn({ minutes: 15 })
    isProblem(await program.json(api(flow, 'change'), { grant, password: after }), 410, 'Session expired')
    for (const other of Object.values(flows).filter((one) => one !== flow)) {
      const elsewhere = await program.json(api(other, 'change'), { grant, password: after })
      assert.equal(elsewhere.status, 410)
    }
  })
}

onEveryStore('the API takes a token and a password in one request, for flows with a link', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const passwords = ['Kettle-a-47!', 'Kettle-b-47!', 'Kettle-c-47!', 'Kettle-d-47!']
  const linked = Object.values(flows).filter((flow) => flow.proof.kind !== 'code')
  for (const [at, flow] of linked.entries()) {
    const program = stranger(recovery)
    const { body } = await program.json(api(flow, 'request'), { email: ana })
    await recovery.mail()
    const mail = recovery.letters.find((letter) => !letter.subject.includes('changed'))!
    const proof = proofIn(flow, mail, body)
    const posted = await program.json(api(flow, 'change'), { ...proof, password: passwords[at]! })
    assert.deepEqual([flow.name, posted.body], [flow.name, changed])
  }
})

onEveryStore('the API sends a code again for its flow id, and keeps programs and browsers apart', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const { code } = flows
  const program = stranger(recovery)
  const { body } = await program.json(api(code, 'request'), { email: ana })
  const digits = codeIn((await recovery.mail())!)
  const early = await program.json(api(code, 'request'), { email: ana, flow_id: body.flow_id })
  isProblem(early, 429, 'Too many attempts')
  assert.deepEqual([early.body.retry_after, early.headers.get('retry-after')], [60, '60'])
  recovery.clock.turn({ minutes: 1 })
  const again = await program.json(api(code, 'request'), { email: ana, flow_id: body.flow_id })
  assert.deepEqual([again.status, again.body.flow_id], [200, body.flow_id])
  assert.equal(codeIn((await recovery.mail())!), digits)

  const others = (await stranger(recovery).json(api(code, 'request'), { email: ana })).body
  const prove = (typed: object) => program.json(api(code, 'prove'), { email: ana, code: digits, ...typed })
  isProblem(await prove({ flow_id: others.flow_id }), 400, 'Invalid or expired code')
  isProblem(await prove({ flow_id: 'x' }), 400, 'Invalid or expired code')
  isProblem(await prove({ flow_id: body.flow_id, email: nobody }), 400, 'Invalid or expired code')
  isProblem(await prove({ flow_id: body.flow_id, code: '12345' }), 422, 'Enter the code from the email: digits only.')
  assert.equal((await prove({ flow_id: body.flow_id, code: `${digits.slice(0, 3)} ${digits.slice(3)}` })).status, 200)

  const browser = stranger(recovery)
  const mail = await letterFor(recovery, code, ana, browser)
  sees(await browser.get('/accounts/password-reset-otp/'), 200, 'Verify Code')
  const stolen = [...browser.jar].find(([name]) => name.includes('ask_code'))![1]
  isProblem(await prove({ flow_id: stolen.slice(0, 64), code: codeIn(mail) }), 400, 'Invalid or expired code')
})

onEveryStore('a front end elsewhere: its links, its own origin and no credentials', async (open) => {
  const recovery = await open({ spaUrl: 'https://front.example.net/account' })
  await anaIn(recovery)
  const browser = stranger(recovery)
  const theirs = { origin: 'https://front.example.net' }
  const asked = await browser.json('/auth/forgot-password/', { email: ana }, theirs)
  assert.deepEqual(asked.body, neutral)
  assert.equal(asked.headers.get('access-control-allow-origin'), 'https://front.example.net')
  assert.equal(asked.headers.get('access-control-allow-credentials'), null)
  const live = tokenIn((await recovery.mail())!.text, 'https://front.example.net/account')
  for (const other of ['https://front.example.net.evil.example', 'http://front.example.net', 'null', origin]) {
    const answer = await browser.json('/auth/forgot-password/', { email: ana }, { origin: other })
    assert.equal(answer.headers.get('access-control-allow-origin'), null)
  }
  const preflight = await recovery.fetch(
    new Request(`${origin}/api/flows/spa/prove`, {
      method: 'OPTIONS',
      headers: { ...theirs, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    }),
  )
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://front.example.net')
  const posted = await browser.json('/auth/reset-password/', { token: live, new_password: after }, theirs)
  assert.deepEqual(posted.body, changed)
  assert.equal((await browser.look('/app/login')).status, 404, 'it is not served here as well')
})
