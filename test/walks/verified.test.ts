/** The flow `verified`: a link for confirmed addresses, its reference in the users table, walked as its source writes it. */
import assert from 'node:assert/strict'
import { classic, verified } from '../../src/flows/index.ts'
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
  send,
  sendBlind,
  stranger,
  twice,
} from './steps.ts'

const accountOf = async (recovery: Parameters<typeof anaIn>[0]) => (await recovery.accounts.byAddress(ana))[0]!

onEveryStore('verified: from "Forgot Password?" to a log-in with the new password', async (open) => {
  const recovery = await open({ flows: [{ ...verified, brand: { name: 'Your App' } }] })
  await anaIn(recovery)
  const browser = stranger(recovery)

  const login = await browser.get('/login/')
  assert.equal(linkTo(login, 'Forgot Password?'), '/forgot-password/')
  const form = await browser.get('/forgot-password/')
  sees(form, 200, 'Email', 'Send Reset Link')
  assert.deepEqual(fieldsOf(form), ['email'])
  const asked = await ask(browser, verified, ana)
  assert.equal(asked.status, 303)
  const sent = await browser.get(asked.location!)
  sees(sent, 200, '📩 Check your email for the reset link.', 'If the email exists, a reset link has been sent.')

  const mail = (await recovery.mail())!
  assert.deepEqual([mail.to, mail.subject], [ana, 'Password Reset - Your App'])
  const { path, token } = linkOf(mail)
  assert.equal(path, `/reset-password/?token=${token}`)
  const text = `Hi ana_keller,\n\nTo reset your password, click this link:\nhttps://app.example.com${path}\n\nLink expires in 30 minutes.`
  assert.ok(mail.text.startsWith(text), mail.text)
  const { reset } = await accountOf(recovery)
  assert.equal(reset!.expiresAt, recovery.clock.now() + 30 * 60_000)
  assert.ok(
    !token.includes(reset!.reference) && !reset!.reference.includes(token),
    'the column does not hold the token',
  )

  const opened = await browser.look(path)
  assert.match(opened.location!, /^\/reset-password\/\?c=[\w-]{12}$/)
  const set = await browser.get(opened.location!)
  sees(set, 200, 'New Password', 'Confirm Password', 'Reset Password', ana)
  assert.deepEqual(fieldsOf(set), ['password', 'confirm_password'])
  assert.ok(!set.text.includes(token))
  const posted = await send(browser, opened.location!, twice(verified, after))
  assert.equal(posted.status, 303)
  sees(await browser.get(posted.location!), 200, '✅ Password reset successful.')
  assert.equal((await accountOf(recovery)).reset, null, 'the columns are cleared')

  await onlyTheNewOneLogsIn(recovery, '/login/')
})

onEveryStore(
  'verified: unconfirmed, inactive and unknown addresses are told the same, and get no letter',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    await person(recovery, 'gone@example.org', { active: false })
    await person(recovery, 'new@example.org', { verified: false })
    const pages: string[] = []
    const letters = await lettersDuring(recovery, async () => {
      for (const address of [ana, nobody, 'gone@example.org', 'new@example.org']) {
        const browser = stranger(recovery)
        const asked = await ask(browser, verified, address)
        assert.equal(asked.status, 303)
        pages.push((await browser.get(asked.location!)).text)
      }
    })
    assert.deepEqual([letters, new Set(pages).size], [1, 1])
    sees(await ask(stranger(recovery), verified, ''), 400, 'Email is required.')
  },
)

onEveryStore('verified: without a token or a leave it says "Missing reset token."', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  for (const path of ['/reset-password/', '/reset-password', '/reset-password/?token=', '/reset-password?token=']) {
    const page = await stranger(recovery).look(path)
    sees(page, 400, 'Missing reset token.', 'Request New Link')
    assert.equal(linkTo(page, 'Request New Link'), '/forgot-password/')
  }
  const { path } = linkOf(await letterFor(recovery, classic, ana))
  const browser = stranger(recovery)
  await openLink(browser, path)
  sees(await browser.get('/reset-password/'), 400, 'Missing reset token.')
  const other = stranger(recovery)
  const { csrf_token = '' } = formIn((await other.get('/forgot-password/')).text)!.fields
  const posted = await sendBlind(other, '/reset-password/', { csrf_token, ...twice(verified, after) })
  sees(posted, 400, 'Missing reset token.')
})

onEveryStore('verified: a link that is wrong, old or used shows one and the same page', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const used = linkOf(await letterFor(recovery, verified, ana)).path
  const browser = stranger(recovery)
  await send(browser, await openLink(browser, used), twice(verified, after))
  const old = linkOf(await letterFor(recovery, verified, ana)).path
  recovery.clock.turn({ minutes: 29, seconds: 59 })
  await openLink(stranger(recovery), old)
  recovery.clock.turn({ seconds: 1 })
  const pages = new Set<string>()
  const broken = [used, old, `${old}x`, `/reset-password/?token=${'A'.repeat(65)}`, '/reset-password/?token=abc123']
  for (const path of [...broken, `${old}&token=${'A'.repeat(65)}`, '/reset-password/?token=%00']) {
    const page = await stranger(recovery).look(path)
    isDeadLink(page, verified)
    sees(page, 410, 'Invalid or expired token.', 'Token has expired.')
    pages.add(page.text)
  }
  assert.equal(pages.size, 1)
  for (const path of [used, old]) {
    const { token } = { token: new URL(path, 'https://x').searchParams.get('token')! }
    const posted = await sendBlind(stranger(recovery), '/reset-password/', { token, ...twice(verified, before) })
    isDeadLink(posted, verified)
  }
  assert.equal(await logsIn(recovery, '/login/', ana, after), true)
})

onEveryStore('verified: proof and password in one post, the token in the form or in the address', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const first = linkOf(await letterFor(recovery, verified, ana))
  const weak = await sendBlind(stranger(recovery), '/reset-password/', {
    token: first.token,
    ...twice(verified, 'weak'),
  })
  sees(weak, 422, 'Password too weak', '✗ Uppercase letter', '✓ Lowercase letter')
  const set = { token: first.token, ...twice(verified, after) }
  const posted = await sendBlind(stranger(recovery), '/reset-password', set)
  assert.equal(posted.status, 303, read(posted.text))
  isDeadLink(await sendBlind(stranger(recovery), '/reset-password/', set), verified)

  // A form without an action is sent to the address that it was opened at.
  const second = linkOf(await letterFor(recovery, verified, ana))
  const inAddress = await sendBlind(stranger(recovery), second.path, twice(verified, before))
  assert.equal(inAddress.status, 303, read(inAddress.text))
  isDeadLink(await sendBlind(stranger(recovery), second.path, twice(verified, after)), verified)
  const third = linkOf(await letterFor(recovery, verified, ana))
  const inBoth = await sendBlind(stranger(recovery), third.path, { token: third.token, ...twice(verified, after) })
  assert.equal(inBoth.status, 303, read(inBoth.text))
  await onlyTheNewOneLogsIn(recovery, '/login/')
})

onEveryStore('verified: only a strong password will do, and what is refused spends nothing', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const set = await openLink(browser, linkOf(await letterFor(recovery, verified, ana)).path)
  const refused: [password: string, confirm: string, ...said: string[]][] = [
    ['', '', 'Enter a new password.'],
    [after, before, 'Passwords do not match.'],
    ['Harb-83', 'Harb-83', 'Password must be at least 8 characters.', '✗ 8+ characters', '✓ Number'],
    ['harbour-83', 'harbour-83', 'at least 1 uppercase letter.', '✗ Uppercase letter'],
    ['HARBOUR-83', 'HARBOUR-83', 'at least 1 lowercase letter.', '✗ Lowercase letter'],
    ['Harbour-xx', 'Harbour-xx', 'at least 1 number.', '✗ Number'],
    ['Harbour83x', 'Harbour83x', 'at least 1 special character.', '✗ Special character'],
    ['Password1!', 'Password1!', 'on the list of those that are guessed first'],
    [before, before, 'Password must be different from old password.'],
    ['Ana_Keller-83?', 'Ana_Keller-83?', 'Password cannot contain your user name or email address.'],
  ]
  for (const [password, confirm, ...said] of refused) {
    sees(await send(browser, set, twice(verified, password, confirm)), 422, ...said)
  }
  assert.equal((await send(browser, set, twice(verified, 'Strong@123'))).status, 303)
  assert.equal(await logsIn(recovery, '/login/', ana, 'Strong@123'), true)
})

onEveryStore('verified: one link is live at a time; asked for again, the same one is mailed', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const first = linkOf(await letterFor(recovery, verified, ana)).path
  recovery.clock.turn({ minutes: 14 })
  assert.equal(linkOf(await letterFor(recovery, verified, ana)).path, first)
  recovery.clock.turn({ minutes: 2 })
  const fresh = linkOf(await letterFor(recovery, verified, ana)).path
  assert.notEqual(fresh, first)
  isDeadLink(await stranger(recovery).look(first), verified)
  await openLink(stranger(recovery), fresh)
})

onEveryStore('verified: the leave to set a password ends after a quarter of an hour', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const { path } = linkOf(await letterFor(recovery, verified, ana))
  recovery.clock.turn({ minutes: 29 })
  const set = await openLink(browser, path)
  recovery.clock.turn({ minutes: 14 })
  sees(await browser.get(set), 200, 'Reset Password')
  recovery.clock.turn({ minutes: 1 })
  isSessionExpired(await browser.get(set), verified)
})

onEveryStore('verified: each page without its slash is led on or served, and keeps no copy', async (open) => {
  const recovery = await open()
  const browser = stranger(recovery)
  for (const path of ['/login', '/forgot-password']) {
    const page = await browser.look(path)
    assert.deepEqual([page.status, page.location, page.headers.get('cache-control')], [308, `${path}/`, 'no-store'])
  }
  await anaIn(recovery)
  const { path } = linkOf(await letterFor(recovery, verified, ana))
  assert.match(await openLink(stranger(recovery), path.replace('/?', '?')), /^\/reset-password\/\?c=/)
})

onEveryStore('verified: sessions end with a reset, and "Your password was changed" goes out once', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const phone = stranger(recovery)
  await logIn(phone, '/login/', ana, before)
  const letters = await lettersDuring(recovery, () => resetByLink(recovery, verified, ana, after))
  assert.equal(letters, 2)
  assert.match(recovery.letters[0]!.subject, /Your password was changed$/)
  assert.equal(await isSignedIn(phone), false)
})
