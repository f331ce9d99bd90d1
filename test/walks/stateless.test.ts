/** The flow `stateless`: a signed link that no row stands behind, walked as its source document writes it. */
import assert from 'node:assert/strict'
import { stateless } from '../../src/flows/index.ts'
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

onEveryStore('stateless: from "Forgot Password?" to a log-in with the new password', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)

  const form = await browser.get('/password-reset/')
  sees(form, 200, 'Forgot Password?', 'Send Reset Link')
  assert.deepEqual(fieldsOf(form), ['email'])
  const asked = await ask(browser, stateless, ana)
  assert.deepEqual([asked.status, asked.location], [303, '/password-reset/sent/'])
  const sent = await browser.get('/password-reset/sent/')
  sees(sent, 200, 'Check your email', 'If the email exists, you’ll receive a password reset link.')

  const mail = (await recovery.mail())!
  assert.deepEqual([mail.to, mail.subject], [ana, 'Password Reset Request'])
  const { path } = linkOf(mail)
  assert.match(path, /^\/reset\/[\w-]+\/[\w-]+\/$/)
  assert.ok(mail.text.startsWith('Hello ana_keller,\n\nClick the link below to reset your password:\n'))
  assert.ok(mail.text.includes(`\nhttps://app.example.com${path}\n`), 'on a line of its own')
  assert.ok(mail.text.includes('If you did not request this, ignore this email.'))

  const opened = await browser.look(path)
  assert.match(opened.location!, /^\/reset\/set-password\/\?c=[\w-]{12}$/)
  const set = await browser.get(opened.location!)
  sees(set, 200, 'Set a New Password', 'Change Password', ana)
  assert.deepEqual(fieldsOf(set), ['new_password1', 'new_password2'])
  const posted = await send(browser, opened.location!, twice(stateless, after))
  assert.deepEqual([posted.status, posted.location], [303, '/reset/complete/'])
  const complete = await browser.get('/reset/complete/')
  sees(complete, 200, 'Password reset successful', 'You can now log in with your new password.')
  assert.equal(linkTo(complete, 'Log in'), '/login/')
  assert.equal(await isSignedIn(browser), false, 'the log-in is optional, and off')

  await onlyTheNewOneLogsIn(recovery, '/login/')
})

onEveryStore('stateless: keeps no row, and still no link works twice, or after another has', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const links: string[] = []
  for (let count = 0; count < 4; count++) {
    links.push(linkOf(await letterFor(recovery, stateless, ana)).path)
    recovery.clock.turn({ seconds: 30 })
  }
  assert.equal(new Set(links).size, 4)
  const events = await recovery.store.events(0, 100)
  assert.deepEqual([...new Set(events.map((event) => event.challengeId))], [null])
  for (const link of links) await openLink(stranger(recovery), link)
  const browser = stranger(recovery)
  await send(browser, await openLink(browser, links[1]!), twice(stateless, after))
  const pages = new Set<string>()
  for (const link of links) {
    const page = await stranger(recovery).look(link)
    isDeadLink(page, stateless)
    pages.add(page.text)
  }
  assert.equal(pages.size, 1)
})

onEveryStore('stateless: a link that is wrong, old or used says "Invalid or expired link"', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'ben@example.org')
  const { path } = linkOf(await letterFor(recovery, stateless, ana))
  const bens = linkOf(await letterFor(recovery, stateless, 'ben@example.org')).path
  recovery.clock.turn({ minutes: 59, seconds: 59 })
  await openLink(stranger(recovery), path)
  const [, , uid = '', token = ''] = path.split('/')
  const later = `${(Number.parseInt(token.split('-')[0]!, 36) + 3_600_000).toString(36)}${token.slice(token.indexOf('-'))}`
  const used = linkOf(await letterFor(recovery, stateless, 'ben@example.org')).path
  const browser = stranger(recovery)
  await send(browser, await openLink(browser, used), twice(stateless, after))
  recovery.clock.turn({ seconds: 1 })

  const pages = new Set<string>()
  const broken = [path, used, `/reset/${uid}/${later}/`, `/reset/${uid}/abc-123/`, `/reset/%00/${token}/`]
  for (const link of [...broken, bens.replace(/[^/]+\/$/, `${token}/`), `/reset//${token}/`.replace('//', '/MA/')]) {
    const page = await stranger(recovery).look(link)
    isDeadLink(page, stateless)
    sees(page, 410, 'Please request a new password reset.')
    isDeadLink(await sendBlind(stranger(recovery), link, twice(stateless, 'Other-Meadow-41!')), stateless)
    pages.add(page.text)
  }
  assert.equal(pages.size, 1)
  assert.equal(await logsIn(recovery, '/login/', ana, before), true)
})

onEveryStore('stateless: proof and password in one post, with the slash and without', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const { path } = linkOf(await letterFor(recovery, stateless, ana))
  const differ = await sendBlind(stranger(recovery), path, twice(stateless, after, before))
  sees(differ, 422, 'Passwords do not match.')
  const posted = await sendBlind(stranger(recovery), path.slice(0, -1), twice(stateless, after))
  assert.deepEqual([posted.status, posted.location], [303, '/reset/complete/'])
  isDeadLink(await sendBlind(stranger(recovery), path, twice(stateless, before)), stateless)
  const slashless = linkOf(await letterFor(recovery, stateless, ana)).path.slice(0, -1)
  assert.match(await openLink(stranger(recovery), slashless), /^\/reset\/set-password\/\?c=/)
  await onlyTheNewOneLogsIn(recovery, '/login/')
})

onEveryStore('stateless: eight characters that match are enough, and what is refused spends nothing', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const set = await openLink(browser, linkOf(await letterFor(recovery, stateless, ana)).path)
  const page = await browser.get(set)
  sees(page, 200, 'Minimum 8 characters', 'Confirm password must match')
  seesNot(page, 'At least 1', 'Cannot be entirely numeric')
  const refused: [password: string, confirm: string, said: string][] = [
    ['', '', 'Enter a new password.'],
    ['kettle7', 'kettle7', 'Password must be at least 8 characters.'],
    [after, before, 'Passwords do not match.'],
    [before, before, 'Password must be different from old password.'],
    ['password', 'password', 'on the list of those that are guessed first'],
    ['ana_keller', 'ana_keller', 'Password cannot be your user name or email address.'],
    ['xANA_KELLERx', 'xANA_KELLERx', 'Password cannot contain your user name or email address.'],
    ['x'.repeat(257), 'x'.repeat(257), 'Password must be 256 characters at most.'],
  ]
  for (const [password, confirm, said] of refused) {
    sees(await send(browser, set, twice(stateless, password, confirm)), 422, said)
  }
  const posted = await send(browser, set, twice(stateless, '73920184651'))
  assert.equal(posted.status, 303, read(posted.text))
  assert.equal(await logsIn(recovery, '/login/', ana, '73920184651'), true)
})

onEveryStore(
  'stateless: a password is compared as it is written, whichever way its letters are composed',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const page = await resetByLink(recovery, stateless, ana, 'Übergrößen-Schlüssel'.normalize('NFD'))
    assert.equal(page.status, 303)
    assert.equal(await logsIn(recovery, '/login/', ana, 'Übergrößen-Schlüssel'.normalize('NFC')), true)
  },
)

onEveryStore('stateless: an address that nobody has is told the same, unless it is none', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'gone@example.org', { active: false })
  const letters = await lettersDuring(recovery, async () => {
    const pages: string[] = []
    for (const address of [ana, nobody, 'gone@example.org']) {
      const browser = stranger(recovery)
      const asked = await ask(browser, stateless, address)
      assert.deepEqual([asked.status, asked.location], [303, '/password-reset/sent/'])
      pages.push((await browser.get(asked.location!)).text)
    }
    assert.equal(new Set(pages).size, 1)
  })
  assert.equal(letters, 1)
  sees(await ask(stranger(recovery), stateless, ''), 400, 'Email is required')
  sees(await ask(stranger(recovery), stateless, 'ana at example.org'), 400, 'Enter a valid email address.')
})

onEveryStore('stateless: the leave to set a password ends after a quarter of an hour', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const { path } = linkOf(await letterFor(recovery, stateless, ana))
  recovery.clock.turn({ minutes: 59 })
  const set = await openLink(browser, path)
  const form = formIn((await browser.get(set)).text)!
  recovery.clock.turn({ minutes: 14 })
  isDeadLink(await stranger(recovery).look(path), stateless)
  sees(await browser.get(set), 200, 'Set a New Password')
  recovery.clock.turn({ minutes: 1 })
  isSessionExpired(await browser.get(set), stateless)
  const late = await browser.post(
    set,
    { ...form.fields, ...twice(stateless, after) },
    { 'sec-fetch-site': 'same-origin' },
  )
  isSessionExpired(late, stateless)
})

onEveryStore('stateless: each page without its slash is led to the one with it', async (open) => {
  const browser = stranger(await open())
  const { login, ask, sent, set, done } = stateless.routes
  for (const path of [login, ask, sent, set, done]) await isLedToItsSlash(browser, path)
})

onEveryStore('stateless: sessions end with a reset, and "Your password was changed" goes out once', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const phone = stranger(recovery)
  await logIn(phone, '/login/', 'ana_keller', before)
  assert.equal(await isSignedIn(phone), true)
  const letters = await lettersDuring(recovery, () => resetByLink(recovery, stateless, ana, after))
  assert.equal(letters, 2)
  assert.match(recovery.letters[0]!.subject, /Your password was changed$/)
  assert.equal(recovery.letters[0]!.to, ana)
  assert.equal(await isSignedIn(phone), false)
})
