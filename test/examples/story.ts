/** What a visitor goes through on a running example, by HTTP and real SMTP, whatever it is mounted in. */
import assert from 'node:assert/strict'
import { formIn, linkIn, type Page, type TestBrowser, testBrowser } from '../../src/testing/index.ts'
import type { MailServer } from '../promises/mail-server.ts'

/** An example that runs. */
export type Running = {
  readonly origin: string
  readonly mail: MailServer
  /** Where the application signs up and logs in by itself; null where accounts and log-in are Latchkey's. */
  readonly own: { readonly address: string } | null
  /** A page of the application for whoever is signed in there. */
  readonly mine: string | null
}

export const ana = 'ana@example.org'
export const before = 'Old-Kettle-17!'
const [afterPage, afterJson] = ['New-Harbour-83?', 'Another-Quay-42!']
const form = { 'sec-fetch-site': 'same-origin' }

/** Each step with its name, in the order in which they are told. */
export const steps: readonly (readonly [string, (at: Running) => Promise<void>])[] = [
  ["the host's own", hostGoesOn],
  ['a reset by page', byPage],
  ['a reset by JSON', byJson],
  ['who calls', whoCalls],
]

const browserOf = ({ origin }: Running): TestBrowser =>
  testBrowser({ fetch: (request) => fetch(request, { redirect: 'manual' }) }, origin)

/** Every answer of ours says so; none of a host does. */
const isOurs = ({ headers }: Page): boolean => headers.get('x-robots-tag') === 'noindex'

async function hostGoesOn(at: Running): Promise<void> {
  const browser = browserOf(at)
  const home = await browser.get('/')
  assert.deepEqual([home.status, isOurs(home)], [200, false])
  assert.match(home.text, /The application/)
  const missing = await browser.get('/nothing/of/the/kind')
  assert.deepEqual([missing.status, isOurs(missing)], [404, false])
  if (!at.own) return
  const { address } = at.own
  assert.equal((await browser.post('/sign-up', { [address]: ana, password: before })).status, 200)
  assert.equal((await logIn(at, before)).status, 200)
}

/** Logs in, by the application's own log-in or by ours; answers the last page, and the browser. */
async function logIn(at: Running, password: string, browser = browserOf(at)): Promise<Page> {
  if (at.own) return browser.post('/sign-in', { [at.own.address]: ana, password })
  const page = await browser.submit('/auth/login/', { username: ana, password })
  return page.status === 200 ? browser.look('/account/') : page
}

async function opensOnly(at: Running, right: string, wrong: string): Promise<void> {
  assert.equal((await logIn(at, right)).status, 200)
  assert.equal((await logIn(at, wrong)).status, 403)
}

/** The link of the letter that an ask sends. */
async function letterOf(at: Running, ask: () => Promise<unknown>): Promise<URL> {
  const had = at.mail.received.length
  await ask()
  for (let tries = 0; at.mail.received.length === had && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const letter = at.mail.received[had]
  assert.ok(letter, 'no letter within 20 s')
  assert.deepEqual(letter.to, [ana])
  const url = new URL(linkIn({ text: (await letter.parsed()).text ?? '' } as never))
  assert.equal(url.origin, at.origin)
  return url
}

async function byPage(at: Running): Promise<void> {
  const signedIn = browserOf(at)
  if (at.mine) {
    await logIn(at, before, signedIn)
    assert.equal((await signedIn.get(at.mine)).status, 200)
  }
  const browser = browserOf(at)
  const { pathname } = await letterOf(at, async () => {
    const bare = await browser.look('/auth/password-reset')
    assert.deepEqual([bare.status, bare.location], [308, '/auth/password-reset/'])
    const sent = await browser.submit('/auth/password-reset/', { email: ana })
    assert.equal(sent.status, 200, sent.text)
    assert.match(sent.text, /If the email exists, a reset link has been sent/)
  })
  const opened = await browser.look(pathname)
  assert.equal(opened.status, 303, opened.text)
  const done = await browser.submit(opened.location!, { new_password1: afterPage, new_password2: afterPage })
  assert.equal(done.status, 200, done.text)
  await opensOnly(at, afterPage, before)
  assert.equal((await browser.look(pathname)).status, 410, 'a link works once')
  if (at.mine) await isSignedOut(signedIn, at.mine)
}

/** The hook comes a second later or so. */
async function isSignedOut(browser: TestBrowser, path: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await browser.get(path)).status === 401) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.fail('the session of before is still open')
}

async function byJson(at: Running): Promise<void> {
  const browser = browserOf(at)
  const front = await browser.get('/app/forgot-password')
  const asset = /src="([^"]+\.js)"/.exec(front.text)?.[1] ?? ''
  assert.equal((await browser.get(asset)).status, 200, `the front end's ${asset}`)
  assert.equal((await browser.json('/auth/forgot-password/', {})).status, 400)
  const { pathname } = await letterOf(at, async () => {
    const { status, body } = await browser.json('/auth/forgot-password/', { email: ana })
    assert.deepEqual([status, body], [200, { message: 'If the email exists, a reset link has been sent.' }])
  })
  assert.equal((await browser.get(pathname)).status, 200)
  const token = pathname.split('/').findLast(Boolean)
  const changed = await browser.json('/auth/reset-password/', { token, new_password: afterJson })
  assert.deepEqual([changed.status, changed.body], [200, { message: 'Password reset successful' }])
  await opensOnly(at, afterJson, afterPage)
}

/** Limits go by the connection: known to the mount, and not for a header to say. */
async function whoCalls(at: Running): Promise<void> {
  const asked: number[] = []
  for (const network of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
    const headers = { 'x-forwarded-for': network, 'x-latchkey-peer': network, forwarded: `for=${network}` }
    const { status } = await browserOf(at).json('/auth/forgot-password/', { email: 'nobody@example.org' }, headers)
    asked.push(status)
  }
  assert.deepEqual(asked, [200, 200, 200, 429])
  const page = await browserOf(at).get('/auth/password-reset/')
  const crossSite = await browserOf(at).post(
    formIn(page.text)!.action,
    { email: ana },
    { origin: 'https://evil.example' },
  )
  assert.equal(crossSite.status, 403)
  assert.equal((await browserOf(at).post('/auth/password-reset/', 'email=%ff', form)).status, 400)
}
