/** The flow `classic`: a link that lives for a day, walked as its source document draws it. */
import assert from 'node:assert/strict'
import { classic } from '../../src/flows/index.ts'
import { formIn } from '../../src/testing/index.ts'
import { onEveryStore } from '../databases.ts'
import {
  after,
  ana,
  anaIn,
  ask,
  before,
  fieldsOf,
  isDeadLink,
  isLedToItsSlash,
  isSessionExpired,
  isSignedIn,
  letterFor,
  lettersDuring,
  linkOf,
  linkTo,
  logIn,
  logsIn,
  nobody,
  onlyTheNewOneLogsIn,
  openLink,
  person,
  read,
  resetByLink,
  sees,
  seesNot,
  send,
  sendBlind,
  stranger,
  twice,
} from './steps.ts'

onEveryStore('classic: from the log-in page to a log-in with the new password', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)

  const login = await browser.get('/auth/login/')
  sees(login, 200, 'Login', 'Forgot password?')
  assert.deepEqual(fieldsOf(login), ['username', 'password'])
  assert.equal(linkTo(login, 'Forgot password?'), '/auth/password-reset/')

  const form = await browser.get('/auth/password-reset/')
  sees(form, 200, 'Reset Your Password', 'Enter email address')
  assert.deepEqual(fieldsOf(form), ['email'])
  const asked = await ask(browser, classic, ana)
  assert.deepEqual([asked.status, asked.location], [303, '/auth/password-reset/done/'])
  const done = await browser.get('/auth/password-reset/done/')
  sees(done, 200, 'Check your email', '✅ Email Sent!', 'Check your inbox...', 'It works for 24 hours, until')

  const mail = (await recovery.mail())!
  assert.deepEqual([recovery.letters.length, mail.to, mail.subject], [1, ana, 'Reset Your Password'])
  const { path } = linkOf(mail)
  assert.match(path, /^\/auth\/password-reset-confirm\/[\w-]+\/[\w-]{65}\/$/)
  assert.ok(mail.html.includes(`href="https://app.example.com${path}"`), 'the button')
  assert.match(read(mail.html), /Reset Password.*Or copy link/)
  assert.match(mail.text, /24 hours/)

  const opened = await browser.look(path)
  assert.equal(opened.status, 303)
  assert.match(opened.location!, /^\/auth\/password-reset-confirm\/set-password\/\?c=[\w-]{12}$/)
  const set = await browser.get(opened.location!)
  sees(set, 200, 'Set new password', 'Token validated ✅', 'New Password', 'Confirm Password', ana)
  assert.equal(set.headers.get('referrer-policy'), 'no-referrer')
  assert.deepEqual(fieldsOf(set), ['new_password1', 'new_password2'])

  const posted = await send(browser, opened.location!, twice(classic, after))
  assert.deepEqual([posted.status, posted.location], [303, '/auth/password-reset-complete/'])
  const complete = await browser.get('/auth/password-reset-complete/')
  sees(complete, 200, '✅ Success!', 'Password updated', 'Continue to Login')
  assert.equal(linkTo(complete, 'Continue to Login'), '/auth/login/')

  await onlyTheNewOneLogsIn(recovery, '/auth/login/')
})

onEveryStore('classic: "email not found" still shows the success message, and no letter leaves', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'gone@example.org', { active: false })
  const pages: string[] = []
  for (const address of [ana, nobody, 'gone@example.org']) {
    const browser = stranger(recovery)
    const asked = await ask(browser, classic, address)
    assert.deepEqual([asked.status, asked.location], [303, '/auth/password-reset/done/'])
    const page = await browser.get(asked.location!)
    sees(page, 200, 'If that email exists, we sent a link to it.', 'If the email exists, a reset link has been sent.')
    pages.push(page.text)
  }
  assert.equal(new Set(pages).size, 1)
  await recovery.mail()
  assert.deepEqual(
    recovery.letters.map((letter) => letter.to),
    [ana],
  )
})

onEveryStore('classic: a link that is wrong, old, used or revoked shows one and the same page', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const links = [await letterFor(recovery, classic, ana), await letterFor(recovery, classic, ana)].map(
    (mail) => linkOf(mail).path,
  )
  const [used, revoked] = links as [string, string]
  const browser = stranger(recovery)
  await send(browser, await openLink(browser, used), twice(classic, after))
  const old = linkOf(await letterFor(recovery, classic, ana)).path
  recovery.clock.turn({ days: 1, seconds: -1 })
  await openLink(stranger(recovery), old)
  recovery.clock.turn({ seconds: 1 })

  const broken = [
    used,
    revoked,
    old,
    used.replace(/.\/$/, '/'),
    used.replace(/\/[\w-]{65}\//, `/${'A'.repeat(65)}/`),
    '/auth/password-reset-confirm/MQ/set-password/',
    '/auth/password-reset-confirm/abc123/',
    '/auth/password-reset-confirm/%00/%ff/',
  ]
  const pages = new Set<string>()
  for (const path of broken) {
    const page = await stranger(recovery).look(path)
    isDeadLink(page, classic)
    sees(page, 410, 'Invalid Link', 'This link has expired')
    pages.add(page.text)
    const posted = await sendBlind(stranger(recovery), path, twice(classic, 'Other-Meadow-41!'))
    isDeadLink(posted, classic)
  }
  assert.equal(pages.size, 1)
  assert.equal(await logsIn(recovery, '/auth/login/', ana, after), true, 'no dead link has set a password')
})

onEveryStore('classic: the link works with its uid and without, with its slash and without', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'ben@example.org')
  const { path } = linkOf(await letterFor(recovery, classic, ana))
  const [, uid = '', token = ''] = /confirm\/([^/]+)\/([^/]+)\/$/.exec(path) ?? []
  const bare = `/auth/password-reset-confirm/${token}`
  for (const form of [path, path.slice(0, -1), `${bare}/`, bare]) {
    const browser = stranger(recovery)
    assert.match(await openLink(browser, form), /set-password\/\?c=/)
  }
  const bens = linkOf(await letterFor(recovery, classic, 'ben@example.org')).path
  const mixed = bens.replace(/[\w-]{65}/, token)
  assert.notEqual(mixed.includes(`/${uid}/`), true)
  isDeadLink(await stranger(recovery).look(mixed), classic)
})

onEveryStore('classic: proof and password in one post, without a page opened before', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const { path, token } = linkOf(await letterFor(recovery, classic, ana))
  const poor = await sendBlind(stranger(recovery), path, twice(classic, 'short'))
  sees(poor, 422, 'Password too weak', 'Password must be at least 8 characters.')
  const posted = await sendBlind(stranger(recovery), path.slice(0, -1), twice(classic, after))
  assert.deepEqual([posted.status, posted.location], [303, '/auth/password-reset-complete/'])
  isDeadLink(await sendBlind(stranger(recovery), path, twice(classic, before)), classic)

  const second = linkOf(await letterFor(recovery, classic, ana))
  assert.notEqual(second.token, token)
  const short = `/auth/password-reset-confirm/${second.token}/`
  assert.equal((await sendBlind(stranger(recovery), short, twice(classic, before))).status, 303)
  const third = linkOf(await letterFor(recovery, classic, ana))
  const set = { ...twice(classic, after), token: third.token }
  assert.equal((await sendBlind(stranger(recovery), classic.routes.set, set)).status, 303)
  await onlyTheNewOneLogsIn(recovery, '/auth/login/')
})

onEveryStore('classic: every rule that a password breaks is named, and the proof is not spent', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const { path } = linkOf(await letterFor(recovery, classic, ana))
  const set = await openLink(browser, path)
  const page = await browser.get(set)
  const told = ['Minimum 8 characters', 'Cannot be entirely numeric', 'Must be different from old password']
  sees(page, 200, 'Password Requirements:', ...told, 'Confirm password must match')
  seesNot(page, 'At least 1 uppercase letter')

  const refused: [password: string, confirm: string, ...said: string[]][] = [
    ['', '', 'Enter a new password.'],
    ['kettle7', 'kettle7', 'Password too weak', 'Password must be at least 8 characters.', '✗ 8+ characters'],
    ['73920184651', '73920184651', 'Password cannot be entirely numeric.'],
    ['٧٣٩٢٠١٨٤٦٥', '٧٣٩٢٠١٨٤٦٥', 'Password cannot be entirely numeric.'],
    [after, 'Another-Harbour-83?', 'Passwords do not match.'],
    [after, '', 'Passwords do not match.'],
    [before, before, 'Password must be different from old password.'],
    ['sunshine', 'sunshine', 'on the list of those that are guessed first'],
    ['Baseball1!', 'Baseball1!', 'on the list of those that are guessed first'],
    ['Ana@Example.org', 'Ana@Example.org', 'Password cannot be your user name or email address.'],
    ['my Ana_Keller 99', 'my Ana_Keller 99', 'Password cannot contain your user name or email address.'],
    ['Aa1!'.repeat(65), 'Aa1!'.repeat(65), 'Password must be 256 characters at most.'],
    ['kettle\u0000kettle', 'kettle\u0000kettle', 'Password contains a character that cannot be typed everywhere.'],
    ['short', 'other', 'Password must be at least 8 characters.', 'Passwords do not match.'],
  ]
  for (const [password, confirm, ...said] of refused) {
    const again = await send(browser, set, twice(classic, password, confirm))
    sees(again, 422, ...said, ana)
    if (password.length > 3) assert.ok(!again.text.includes(password), 'no password comes back')
    assert.equal(formIn(again.text)?.action, classic.routes.set)
  }
  // As long as may be, and of any script: counted in characters, not in bytes.
  const longest = 'ä🗝'.repeat(128)
  assert.equal([...longest].length, 256)
  const posted = await send(browser, set, twice(classic, longest))
  assert.equal(posted.status, 303, read(posted.text))
  assert.equal(await logsIn(recovery, '/auth/login/', ana, longest), true)
})

onEveryStore('classic: an address that is missing or none is told on the form', async (open) => {
  const recovery = await open()
  const browser = stranger(recovery)
  sees(await ask(browser, classic, ''), 400, 'Email is required')
  sees(await ask(browser, classic, '   '), 400, 'Email is required')
  for (const address of ['ana', 'ana@', 'ana@example.org, ben@example.org', 'Ana <ana@example.org>', 'a\nb@c.de']) {
    sees(await ask(browser, classic, address), 400, 'Enter a valid email address.')
  }
  assert.equal(await lettersDuring(recovery, () => ask(browser, classic, 'ana@@example.org')), 0)
})

onEveryStore(
  'classic: the leave to set a password ends after a quarter of an hour, the link does not',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const browser = stranger(recovery)
    const { path } = linkOf(await letterFor(recovery, classic, ana))
    const set = await openLink(browser, path)
    const form = formIn((await browser.get(set)).text)!
    recovery.clock.turn({ minutes: 15 })
    isSessionExpired(await browser.get(set), classic)
    const late = await browser.post(
      set,
      { ...form.fields, ...twice(classic, after) },
      { 'sec-fetch-site': 'same-origin' },
    )
    isSessionExpired(late, classic)
    isSessionExpired(await stranger(recovery).get(classic.routes.set), classic)

    const again = await openLink(browser, path)
    recovery.clock.turn({ minutes: 14, seconds: 59 })
    assert.equal((await send(browser, again, twice(classic, after))).location, classic.routes.done)
    const twiceSent = await browser.post(
      set,
      { ...form.fields, ...twice(classic, before) },
      { 'sec-fetch-site': 'same-origin' },
    )
    isSessionExpired(twiceSent, classic)
  },
)

onEveryStore('classic: each page without its slash is led to the one with it', async (open) => {
  const browser = stranger(await open())
  const { login, ask, sent, set, done } = classic.routes
  for (const path of [login, ask, sent, set, done, '/logout/', '/account/']) await isLedToItsSlash(browser, path)
})

onEveryStore('classic: a reset ends every session of the account, and a log-in gives a new one', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const [desk, phone] = [stranger(recovery), stranger(recovery)]
  desk.jar.set('__Host-lk_session', 'planted-by-somebody-else')
  for (const browser of [desk, phone]) {
    const opened = await logIn(browser, '/auth/login/', ana, before)
    assert.deepEqual([opened.status, opened.location], [303, '/account/'])
    sees(await browser.get('/account/'), 200, 'You are signed in.', ana, 'ana_keller', 'Log out')
  }
  const first = desk.jar.get('__Host-lk_session')
  assert.notEqual(first, 'planted-by-somebody-else')
  await logIn(desk, '/auth/login/', ana, before)
  assert.notEqual(desk.jar.get('__Host-lk_session'), first)

  await resetByLink(recovery, classic, ana, after, desk)
  assert.equal(desk.jar.has('__Host-lk_session'), false)
  assert.equal(await isSignedIn(desk), false)
  assert.equal(await isSignedIn(phone), false)
  sees(await phone.get('/account/'), 200, 'Login')

  await logIn(phone, '/auth/login/', 'ANA_keller', after)
  assert.equal(await isSignedIn(phone), true)
  const session = phone.jar.get('__Host-lk_session')!
  const out = await send(phone, '/account/', {}, '/logout/')
  assert.deepEqual([out.status, out.location], [303, '/auth/login/?out=1'])
  sees(await phone.get(out.location!), 200, 'You are logged out.')
  phone.jar.set('__Host-lk_session', session)
  assert.equal(await isSignedIn(phone), false, 'the old cookie opens nothing')
})

onEveryStore('classic: "Your password was changed" goes out once, to the address as it is stored', async (open) => {
  const recovery = await open()
  await person(recovery, 'Ana.Keller@Example.org')
  const letters = await lettersDuring(recovery, async () => {
    const page = await resetByLink(recovery, classic, ' ana.keller@EXAMPLE.org ', after)
    assert.equal(page.location, classic.routes.done)
  })
  assert.equal(letters, 2)
  const [notice, proof] = recovery.letters
  assert.deepEqual([proof!.to, notice!.to], ['Ana.Keller@Example.org', 'Ana.Keller@Example.org'])
  assert.match(notice!.subject, /Your password was changed$/)
  assert.match(notice!.text, /Your password was changed on January 5, 2026/)
  assert.ok(notice!.text.includes('https://app.example.com/auth/password-reset/'))
  assert.ok(!notice!.text.includes(linkOf(proof!).token), 'a notice holds no proof')
  recovery.clock.turn({ days: 2 })
  assert.equal(await lettersDuring(recovery, async () => {}), 0)
})
