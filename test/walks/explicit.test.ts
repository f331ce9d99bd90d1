/** `disclosure: 'explicit'`, for closed communities: each source document's own wording, told before the ask. */
import assert from 'node:assert/strict'
import * as flows from '../../src/flows/index.ts'
import type { PagesFlow } from '../../src/http/routes.ts'
import { codeIn, type TestRecovery } from '../../src/testing/index.ts'
import { onEveryStore } from '../databases.ts'
import {
  after,
  ana,
  anaIn,
  ask,
  before,
  letterFor,
  lettersDuring,
  linkTo,
  logsIn,
  nobody,
  person,
  resetByLink,
  sees,
  seesNot,
  send,
  stranger,
  twice,
} from './steps.ts'

const { classic, code, spa, stateless, verified } = flows
const told = <F extends object>(flow: F): F => ({ ...flow, disclosure: 'explicit' })

async function people(recovery: TestRecovery): Promise<void> {
  await anaIn(recovery)
  await person(recovery, 'off@example.org', { active: false })
  await person(recovery, 'new@example.org', { verified: false })
}

const settings = { signUpUrl: 'https://norsu.example/join', supportUrl: 'https://norsu.example/help' }

onEveryStore('explicit code: "This email is not registered", with three ways on', async (open) => {
  const recovery = await open({ flows: [{ ...told(code), ...settings }] })
  await people(recovery)
  const letters = await lettersDuring(recovery, async () => {
    const page = await ask(stranger(recovery), code, nobody)
    sees(page, 404, 'This email is not registered', 'Options:')
    sees(page, 404, 'Check email spelling', 'Sign up for new account', 'Contact support')
    assert.equal(linkTo(page, 'Sign up for new account'), settings.signUpUrl)
    assert.equal(linkTo(page, 'Contact support'), settings.supportUrl)
    assert.ok(page.text.includes(`value="${nobody}"`), 'the address stands there to be mended')
    sees(await ask(stranger(recovery), code, 'off@example.org'), 409, 'This account is not active.')
  })
  assert.equal(letters, 0)
  const browser = stranger(recovery)
  const mail = await letterFor(recovery, code, ana, browser)
  const typed = await send(browser, code.routes.code, { code: codeIn(mail) }, code.routes.code)
  assert.equal((await send(browser, typed.location!, twice(code, after))).status, 303)
  assert.equal(await logsIn(recovery, '/accounts/login/', ana, after), true)
})

const others: [flow: PagesFlow, said: string][] = [
  [stateless, 'No user with this email.'],
  [verified, 'No account found with that email.'],
  [classic, 'No account found with that email.'],
]
for (const [flow, said] of others) {
  onEveryStore(`explicit ${flow.name}: "${said}"`, async (open) => {
    const recovery = await open({ flows: [told(flow)] })
    await people(recovery)
    const letters = await lettersDuring(recovery, async () => {
      const page = await ask(stranger(recovery), flow, nobody)
      sees(page, 404, said, 'Send Reset Link')
      seesNot(page, 'If the email exists')
      sees(await ask(stranger(recovery), flow, 'off@example.org'), 409, 'This account is not active.')
    })
    assert.equal(letters, 0)
    assert.equal((await resetByLink(recovery, flow, ana, after)).status, 303)
  })
}

onEveryStore('explicit verified: "Please verify your email first."', async (open) => {
  const recovery = await open({ flows: [told(verified)] })
  await people(recovery)
  const letters = await lettersDuring(recovery, async () => {
    sees(await ask(stranger(recovery), verified, 'new@example.org'), 409, 'Please verify your email first.')
  })
  assert.equal(letters, 0)
})

onEveryStore('explicit JSON: 404 and 409 problem documents, in the words of the flow', async (open) => {
  const recovery = await open({ flows: [told(code), told(spa), told(stateless), told(verified)] })
  await people(recovery)
  const asks = async (path: string, email: string) => {
    const { status, headers, body } = await stranger(recovery).json(path, { email })
    if (status !== 200) assert.match(headers.get('content-type')!, /^application\/problem\+json/)
    return [status, body.code, body.error]
  }
  const api = (name: string): string => `/api/flows/${name}/request`
  const unknown = 'address-unknown'
  for (const [path, said] of [
    ['/auth/forgot-password/', 'No account found with that email.'],
    [api('spa'), 'No account found with that email.'],
    [api('verified'), 'No account found with that email.'],
    [api('code'), 'This email is not registered'],
    [api('stateless'), 'No user with this email.'],
  ] as const) {
    assert.deepEqual(await asks(path, nobody), [404, unknown, said])
    const inactive = [409, 'account-inactive', 'This account is not active.']
    assert.deepEqual(await asks(path, 'off@example.org'), inactive)
    assert.equal((await asks(path, ana))[0], 200)
  }
  const unverified = [409, 'address-unverified', 'Please verify your email first.']
  assert.deepEqual(await asks(api('verified'), 'new@example.org'), unverified)
  assert.equal((await asks(api('spa'), 'new@example.org'))[0], 200)
  assert.equal((await asks(api('spa'), 'no address'))[0], 400)
})

onEveryStore('explicit: twenty look-ups by one network in fifteen minutes, for whomever', async (open) => {
  const recovery = await open({ flows: [told(classic)] })
  await people(recovery)
  const browser = recovery.browser({ address: '192.0.2.9' })
  for (let count = 0; count < 20; count++) {
    sees(await ask(browser, classic, `person-${count}@example.org`), 404)
  }
  for (const address of [ana, nobody]) {
    const page = await ask(browser, classic, address)
    sees(page, 429, 'Too many attempts', 'Countdown: 15:00 remaining')
    assert.equal(page.headers.get('retry-after'), '900')
  }
  sees(await ask(stranger(recovery), classic, nobody), 404)
})

onEveryStore(
  'explicit tells at the ask only: wrong codes, dead links and failed log-ins say what they always say',
  async (open) => {
    const recovery = await open({ flows: [told(code)] })
    await people(recovery)
    const browser = stranger(recovery)
    await letterFor(recovery, code, ana, browser)
    sees(await send(browser, code.routes.code, { code: '000000' }, code.routes.code), 400, 'Invalid or expired code')
    const pages = await Promise.all(
      [ana, nobody, 'off@example.org'].map(async (username) => {
        const page = await send(stranger(recovery), '/accounts/login/', { username, password: `${before}x` })
        return page.text.replaceAll(username, '…').replace(/name="csrf_token" value="[^"]*"/, '')
      }),
    )
    assert.equal(new Set(pages).size, 1)
  },
)
