/** One's own account: a new password with the current one, where one is signed in, what happened lately. */
import assert from 'node:assert/strict'
import { memory } from '../../src/stores/memory.ts'
import type { TestBrowser, TestRecovery } from '../../src/testing/index.ts'
import { inMemory, onEveryStore } from '../databases.ts'
import {
  after,
  ana,
  anaIn,
  anasName,
  before,
  linkTo,
  nobody,
  person,
  read,
  sees,
  seesNot,
  send,
  stranger,
} from './steps.ts'

const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0'

/** A browser that is signed in. */
async function signedIn(recovery: TestRecovery, name = ana, password = before): Promise<TestBrowser> {
  const browser = stranger(recovery)
  assert.equal((await send(browser, '/auth/login/', { username: name, password })).status, 303)
  return browser
}

const change = (browser: TestBrowser, current: string, password: string, confirm = password) =>
  send(
    browser,
    '/account/',
    { current_password: current, new_password: password, confirm_password: confirm },
    '/account/',
  )

const isSignedIn = async (browser: TestBrowser): Promise<boolean> => (await browser.look('/account/')).status === 200

onEveryStore('one’s own password is changed with the current one, and every other session ends', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const [here, there] = [await signedIn(recovery), await signedIn(recovery)]
  const old = new Map(here.jar)
  const changed = await change(here, before, after)
  assert.deepEqual([changed.status, changed.location], [303, '/account/?done=changed'])
  sees(await here.get('/account/?done=changed'), 200, 'Your password was changed. Every other session was ended.')
  assert.equal(await isSignedIn(there), false)
  // Its own id is new, and the old one is dead.
  const thief = stranger(recovery)
  for (const [name, value] of old) thief.jar.set(name, value)
  assert.equal(await isSignedIn(thief), false)
  assert.equal(await isSignedIn(here), true)

  const notice = await recovery.mail()
  assert.match(notice?.subject ?? '', /Your password was changed/)
  assert.equal(notice?.to, ana)
  assert.equal((await send(stranger(recovery), '/auth/login/', { username: ana, password: before })).status, 403)
  assert.equal((await send(stranger(recovery), '/auth/login/', { username: anasName, password: after })).status, 303)
  const events = await recovery.store.events(0, 100)
  const told = events.find(({ name }) => name === 'password.changed')
  assert.deepEqual([told?.because, told?.flow], ['signed in', 'classic'])
})

inMemory('a link that was mailed before is dead after one changed the password oneself', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await send(stranger(recovery), '/auth/password-reset/', { email: ana })
  const mail = await recovery.mail()
  const link = /https:\/\/\S+\/auth\/password-reset-confirm\/\S+/.exec(mail?.text ?? '')?.[0] ?? ''
  assert.equal((await stranger(recovery).look(link)).status, 303)
  await change(await signedIn(recovery), before, after)
  assert.equal((await stranger(recovery).look(link)).status, 410)
})

inMemory('a wrong current password changes nothing, says so at its field, and runs out', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = await signedIn(recovery)
  const wrong = await change(browser, 'Wrong-Guess-55!', after)
  sees(wrong, 403, 'The current password is wrong.')
  assert.match(wrong.text, /id="current"[^>]*aria-describedby="current-error"[^>]*aria-invalid="true"/)
  assert.match(wrong.text, /<title>Error: Your account/)
  for (let guess = 0; guess < 9; guess++)
    assert.equal((await change(browser, `Wrong-Guess-${guess}!`, after)).status, 403)
  const refused = await change(browser, before, after)
  sees(refused, 429, 'Too many attempts')
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  // The right one does not pass either, and is right again when the window is over.
  recovery.clock.turn({ minutes: 15 })
  assert.equal((await change(browser, before, after)).status, 303)
})

inMemory('the rules of the flow hold on the account page, too', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = await signedIn(recovery)
  const refusals = [
    [await change(browser, before, 'short1'), 'Password must be at least 8 characters.'],
    [await change(browser, before, '8362916254'), 'Password cannot be entirely numeric.'],
    [await change(browser, before, before), 'Password must be different from old password.'],
    [await change(browser, before, after, 'other'), 'Passwords do not match.'],
    [await change(browser, before, ''), 'Enter a new password.'],
    [await change(browser, before, 'my-ana_keller-9'), 'Password cannot contain your user name or email address.'],
  ] as const
  for (const [page, sentence] of refusals) sees(page, 422, sentence)
  assert.equal((await send(stranger(recovery), '/auth/login/', { username: ana, password: before })).status, 303)
})

onEveryStore('sessions are seen and ended, one of them or all others, and nobody else’s', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, nobody)
  const here = recovery.browser({ address: '192.0.2.77', headers: { 'user-agent': firefox } })
  await send(here, '/auth/login/', { username: ana, password: before })
  recovery.clock.turn({ minutes: 1 })
  const [second, third] = [await signedIn(recovery), await signedIn(recovery)]
  const stranger2 = await signedIn(recovery, nobody)
  const page = await here.get('/account/')
  sees(page, 200, 'Firefox on Windows', 'This browser', '192.0.2.77', 'End session', 'End all other sessions')
  const ids = [...page.text.matchAll(/name="session" value="([\w-]+)"/g)].map(([, id]) => id!)
  assert.equal(ids.length, 2, 'there is no button that ends the session one looks with')

  const end = (browser: TestBrowser, session: string) => send(browser, '/account/', { session }, '/account/sessions/')
  const strangers = await stranger2.post(
    '/account/sessions/',
    {
      csrf_token: /name="csrf_token" value="([^"]+)"/.exec((await stranger2.get('/account/')).text)![1]!,
      session: ids[0]!,
    },
    { 'sec-fetch-site': 'same-origin' },
  )
  assert.equal(strangers.status, 303)
  assert.deepEqual([await isSignedIn(second), await isSignedIn(third)], [true, true])

  assert.equal((await end(here, ids[0]!)).location, '/account/?done=ended')
  assert.equal([await isSignedIn(second), await isSignedIn(third)].filter(Boolean).length, 1)
  assert.equal((await end(here, '')).location, '/account/?done=ended-others')
  sees(await here.get('/account/?done=ended-others'), 200, 'All other sessions were ended.')
  assert.deepEqual([await isSignedIn(second), await isSignedIn(third)], [false, false])
  assert.deepEqual([await isSignedIn(here), await isSignedIn(stranger2)], [true, true])
  seesNot(await here.get('/account/'), 'End all other sessions')
})

onEveryStore('what happened lately is told, newest first, and what is alike once', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await send(stranger(recovery), '/auth/password-reset/', { email: ana })
  await recovery.mail()
  recovery.clock.turn({ minutes: 1 })
  const guesser = stranger(recovery)
  for (let guess = 0; guess < 3; guess++) {
    await send(guesser, '/auth/login/', { username: ana, password: `Wrong-Guess-${guess}!` })
  }
  recovery.clock.turn({ minutes: 1 })
  const said = read((await (await signedIn(recovery)).get('/account/')).text)
  const places = [
    'Somebody signed in',
    'A log-in was refused 3 times',
    'An email to reset your password was sent to you',
  ]
  const found = places.map((place) => said.indexOf(place))
  assert.ok(!found.includes(-1), said)
  assert.deepEqual(
    found,
    found.toSorted((a, b) => a - b),
  )
})

onEveryStore(
  'the well-known address leads whoever is signed in to the account, and others to the ask',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const path = '/.well-known/change-password'
    assert.equal((await stranger(recovery).look(path)).location, '/auth/password-reset/')
    const browser = await signedIn(recovery)
    const answer = await browser.look(path)
    assert.deepEqual([answer.status, answer.location], [303, '/account/'])
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const account = await browser.get('/account/')
    assert.equal(linkTo(account, 'You do not know it any more? Reset it by email'), '/auth/password-reset/')
  },
)

inMemory('nobody who is not signed in gets past the log-in page', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  assert.equal((await browser.look('/account/')).location, '/auth/login/')
  const token = /name="csrf_token" value="([^"]+)"/.exec((await browser.get('/auth/login/')).text)![1]!
  const post = (path: string, fields: Record<string, string>) =>
    browser.post(path, { csrf_token: token, ...fields }, { 'sec-fetch-site': 'same-origin' })
  const wish = { current_password: before, new_password: after, confirm_password: after }
  assert.equal((await post('/account/', wish)).location, '/auth/login/')
  assert.equal((await post('/account/sessions/', { session: '' })).location, '/auth/login/')
  browser.jar.set('__Host-lk_session', 'x'.repeat(43))
  assert.equal((await post('/account/', wish)).location, '/auth/login/')
})

inMemory('an account that signs in elsewhere since has no password to change', async (open) => {
  const database = memory()
  const recovery = await open({ database })
  await anaIn(recovery)
  const browser = await signedIn(recovery)
  const [[id, account] = []] = database.accounts
  database.accounts.set(id!, { ...account!, signOn: true })
  const page = await browser.get('/account/')
  sees(page, 200, 'You sign in another way here: there is no password to change.')
  const token = /name="csrf_token" value="([^"]+)"/.exec(page.text)![1]!
  const wish = { csrf_token: token, current_password: before, new_password: after, confirm_password: after }
  assert.equal((await browser.post('/account/', wish, { 'sec-fetch-site': 'same-origin' })).status, 403)
  assert.equal(database.accounts.get(id!)?.passwordHash, account!.passwordHash)
})
