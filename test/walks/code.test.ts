/** The flow `code`: six digits, typed where one asked, walked as its source document draws it. */
import assert from 'node:assert/strict'
import type { Mail } from '../../src/engine/ports.ts'
import { code } from '../../src/flows/index.ts'
import { codeIn, formIn, linkIn, type Page, type TestBrowser, type TestRecovery } from '../../src/testing/index.ts'
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
  linkTo,
  logIn,
  logsIn,
  nobody,
  onlyTheNewOneLogsIn,
  openLink,
  person,
  read,
  sees,
  seesNot,
  send,
  sendBlind,
  stranger,
  twice,
} from './steps.ts'

const askPath = '/accounts/password-reset-email/'
const codePath = '/accounts/password-reset-otp/'
const setPath = '/accounts/password-reset-new-password/'

const type = (browser: TestBrowser, typed: string, more: Record<string, string> = {}): Promise<Page> =>
  send(browser, codePath, { code: typed, ...more }, codePath)

const resend = (browser: TestBrowser): Promise<Page> => send(browser, codePath, {}, askPath)

/** Six digits that are not these. */
const wrong = (right: string, by = 1): string => String((Number(right) + by) % 1_000_000).padStart(6, '0')

/** Types the right code: where the page for the password is. */
async function proved(browser: TestBrowser, mail: Mail): Promise<string> {
  const page = await type(browser, codeIn(mail))
  assert.equal(page.status, 303, read(page.text))
  return page.location!
}

const noCode = ['Invalid or expired code', 'Try again with correct code', 'Click "Resend Code"', 'Start over'] as const

async function isRefused(browser: TestBrowser, typed: string): Promise<void> {
  sees(await type(browser, typed), 400, ...noCode)
}

onEveryStore('code: the four steps, from "Forgot Password?" to a log-in with the new password', async (open) => {
  const brand = {
    name: 'NORSU Alumni',
    longName: 'NORSU Alumni Network',
    team: 'NORSU Alumni Network Team',
    logo: '/norsu.svg',
  }
  const recovery = await open({ flows: [{ ...code, brand }] })
  await anaIn(recovery)
  const browser = stranger(recovery)

  const login = await browser.get('/accounts/login/')
  sees(login, 200, 'Email/Username', 'Password', 'Sign In', 'NORSU Alumni Network')
  assert.equal(linkTo(login, 'Forgot Password?'), askPath)
  assert.ok(login.text.includes('<img src="/norsu.svg"'))

  const form = await browser.get(askPath)
  sees(form, 200, 'Request Password Reset', 'Step 1', 'Enter Email Address', 'Send Verification Code')
  assert.deepEqual(fieldsOf(form), ['email'])
  assert.ok(form.text.includes('placeholder="email@example.com"'))
  const asked = await ask(browser, code, ana)
  assert.deepEqual([asked.status, asked.location?.split('?')[0]], [303, codePath])

  const mail = (await recovery.mail())!
  assert.deepEqual([mail.to, mail.subject], [ana, 'NORSU Alumni - Password Reset Code'])
  const digits = codeIn(mail)
  assert.match(digits, /^\d{6}$/)
  const lines = [
    'Hello!',
    'You have requested to reset your password for the NORSU Alumni Network.',
    'Your verification code is:',
    'This code will expire in 15 minutes.',
    "If you didn't request this, please ignore this email.",
    'Best regards,\nNORSU Alumni Network Team',
  ]
  for (const line of lines) assert.ok(mail.text.includes(line), `"${line}" is not in: ${mail.text}`)
  for (const line of lines) assert.ok(read(mail.html).includes(line.replace('\n', ' ')), line)
  assert.ok(mail.text.includes('Type it in the browser where you asked'))
  assert.ok(read(mail.html).includes(` ${digits} `), 'in a box of its own')

  const page = await browser.get(asked.location!)
  sees(page, 200, 'Verify Code', 'Step 2', 'Email Address', 'Verification Code', "Didn't receive code?", 'Resend Code')
  sees(page, 200, 'If the email exists, a code has been sent.', 'type it in the browser where you asked')
  assert.deepEqual(fieldsOf(page), ['email', 'code'])
  assert.ok(page.text.includes(`value="${ana}"`), 'the address is filled in')

  const typed = await type(browser, digits)
  assert.match(typed.location!, /^\/accounts\/password-reset-new-password\/\?c=[\w-]{12}$/)
  const set = await browser.get(typed.location!)
  sees(set, 200, 'Set New Password', 'Step 3', 'Code verified ✓', 'New Password', 'Confirm Password', ana)
  sees(set, 200, 'Password Requirements:', 'Minimum 8 characters', 'At least 1 uppercase letter')
  sees(set, 200, 'At least 1 lowercase letter', 'At least 1 number', 'At least 1 special character')
  sees(set, 200, 'Not in password history')
  assert.match(set.text, /data-strong="💪 Strength: Strong"/)
  assert.match(set.text, /data-match="✓ Passwords match"/)
  assert.deepEqual(fieldsOf(set), ['new_password', 'confirm_password'])

  const posted = await send(browser, typed.location!, twice(code, after))
  assert.deepEqual([posted.status, posted.location?.split('?')[0]], [303, '/accounts/login/'])
  sees(await browser.get(posted.location!), 200, '✅ Password reset successfully!', 'Step 4', 'Login with New Password')
  assert.ok(![...browser.jar.keys()].some((name) => /grant|_ask/.test(name)), 'the session is cleared')
  await onlyTheNewOneLogsIn(recovery, '/accounts/login/')
})

onEveryStore('code: the first timing diagram, four minutes from the ask to the log-in', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  assert.equal((await ask(browser, code, ana)).status, 303)
  recovery.clock.turn({ minutes: 1 })
  const mail = (await recovery.mail())!
  recovery.clock.turn({ minutes: 1 })
  const set = await proved(browser, mail)
  recovery.clock.turn({ minutes: 1 })
  sees(await browser.get((await send(browser, set, twice(code, after))).location!), 200, 'Password reset successfully!')
  recovery.clock.turn({ minutes: 1 })
  assert.equal((await logIn(browser, '/accounts/login/', ana, after)).location, '/account/')
})

onEveryStore('code: the second timing diagram, a code that is too old and then a new one', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const first = await letterFor(recovery, code, ana, browser)
  recovery.clock.turn({ minutes: 16 })
  await isRefused(browser, codeIn(first))
  recovery.clock.turn({ minutes: 1 })
  const second = await letterFor(recovery, code, ana, browser)
  assert.notEqual(codeIn(second), codeIn(first))
  recovery.clock.turn({ minutes: 1 })
  await isRefused(browser, codeIn(first))
  const set = await proved(browser, second)
  recovery.clock.turn({ minutes: 1 })
  assert.equal((await send(browser, set, twice(code, after))).status, 303)
  await onlyTheNewOneLogsIn(recovery, '/accounts/login/')
})

onEveryStore(
  'code: the third timing diagram, the fourth ask is limited and the one after 15 minutes is not',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const browser = stranger(recovery)
    for (let asks = 0; asks < 3; asks++) {
      assert.equal((await ask(browser, code, ana)).status, 303)
      assert.equal(await lettersDuring(recovery, async () => {}), 0)
      assert.equal(recovery.letters.length, asks + 1)
      recovery.clock.turn({ minutes: 1 })
    }
    const limited = await ask(browser, code, ana)
    sees(limited, 429, 'Too many attempts', 'Please wait 12 minutes and try again', 'Countdown: 12:00 remaining')
    assert.equal(limited.headers.get('retry-after'), '720')
    recovery.clock.turn({ seconds: -32 })
    sees(await ask(browser, code, ana), 429, 'Countdown: 12:32 remaining', 'Please wait 13 minutes')
    recovery.clock.turn({ minutes: 15, seconds: 32 })
    const late = await letterFor(recovery, code, ana, browser)
    assert.equal((await send(browser, await proved(browser, late), twice(code, after))).status, 303)
  },
)

onEveryStore('code: the last second of a code, and none after it', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'ben@example.org')
  const [browser, other] = [stranger(recovery), stranger(recovery)]
  const mail = await letterFor(recovery, code, ana, browser)
  const bens = await letterFor(recovery, code, 'ben@example.org', other)
  recovery.clock.turn({ minutes: 14, seconds: 59 })
  const set = await proved(browser, mail)
  recovery.clock.turn({ seconds: 1 })
  await isRefused(other, codeIn(bens))
  // The leave counts from the proof, not from the code.
  recovery.clock.turn({ minutes: 14, seconds: 58 })
  assert.equal((await send(browser, set, twice(code, after))).status, 303)
})

onEveryStore('code: another one is sent after a minute, the same code, and inside the three', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const first = await letterFor(recovery, code, ana, browser)
  sees(await browser.get(codePath), 200, 'You can ask for another code in 60 seconds.')
  recovery.clock.turn({ seconds: 59 })
  const page = await browser.get(codePath)
  sees(page, 200, 'You can ask for another code in 1 second.')
  const early = await resend(browser)
  sees(early, 429, 'Too many attempts', '0:01 remaining')
  assert.equal(early.headers.get('retry-after'), '1')
  recovery.clock.turn({ seconds: 1 })
  seesNot(await browser.get(codePath), 'You can ask for another code')
  for (let again = 0; again < 2; again++) {
    const letters = await lettersDuring(recovery, async () => {
      const page = await resend(browser)
      assert.deepEqual([page.status, page.location?.split('?')[0]], [303, codePath])
    })
    assert.equal(letters, 1)
    assert.equal(codeIn(recovery.letters[0]!), codeIn(first))
    assert.match(recovery.letters[0]!.text, /will expire in 1[34] minutes/)
    sees(await browser.get(codePath), 200, 'You can ask for another code in 60 seconds.')
    recovery.clock.turn({ minutes: 1 })
  }
  sees(await resend(browser), 429, 'Too many attempts', 'Countdown: 12:00 remaining')
  assert.equal((await type(browser, codeIn(first))).status, 303)
})

onEveryStore('code: five wrong codes kill it, the right one too, and cost the next one nothing', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const mail = await letterFor(recovery, code, ana, browser)
  for (let tries = 1; tries <= 4; tries++) await isRefused(browser, wrong(codeIn(mail), tries))
  const set = await proved(browser, mail)
  sees(await browser.get(set), 200, 'Set New Password')
  // Proved once, it is not proved again.
  await isRefused(browser, codeIn(mail))

  const other = stranger(recovery)
  const second = await letterFor(recovery, code, ana, other)
  for (let tries = 1; tries <= 5; tries++) await isRefused(other, wrong(codeIn(second), tries))
  await isRefused(other, codeIn(second))
  const third = await letterFor(recovery, code, ana, other)
  assert.notEqual(codeIn(third), codeIn(second))
  assert.equal((await send(other, await proved(other, third), twice(code, after))).status, 303)
  isSessionExpired(await browser.get(set), code)
})

onEveryStore('code: what cannot be a code costs no try, and spaces and hyphens are no fault', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const malformed = ['', '12345', '1234567', 'abcdef', '12345a', '12.456', 'x'.repeat(100), '½23456', '\u0000123456']
  for (const typing of [
    (digits: string) => `${digits.slice(0, 3)} ${digits.slice(3)}`,
    (digits: string) => ` ${digits.slice(0, 3)}-${digits.slice(3)}\t`,
    (digits: string) => [...digits].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join(''),
  ]) {
    const browser = stranger(recovery)
    const mail = await letterFor(recovery, code, ana, browser)
    for (const typed of malformed) {
      sees(await type(browser, typed), 422, 'Enter the code from the email: digits only.')
    }
    for (let tries = 1; tries <= 2; tries++) await isRefused(browser, wrong(codeIn(mail), tries))
    const page = await type(browser, typing(codeIn(mail)))
    assert.equal(page.status, 303, read(page.text))
    recovery.clock.turn({ minutes: 16 })
  }
})

onEveryStore('code: it belongs to the browser that asked, and to the address that was typed', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'ben@example.org')
  const [browser, thief, third] = [stranger(recovery), stranger(recovery), stranger(recovery)]
  const mail = await letterFor(recovery, code, ana, browser)
  await letterFor(recovery, code, 'ben@example.org', thief)
  await isRefused(third, codeIn(mail))
  sees(await type(third, codeIn(mail), { email: ana }), 400, ...noCode)
  sees(await type(thief, codeIn(mail), { email: ana }), 400, ...noCode)
  await isRefused(thief, codeIn(mail))
  sees(await type(browser, codeIn(mail), { email: 'ben@example.org' }), 400, ...noCode)
  sees(await type(browser, codeIn(mail), { email: '' }), 400, ...noCode)
  sees(await sendBlind(stranger(recovery), codePath, { email: ana, code: codeIn(mail) }), 403)
  assert.equal((await type(browser, codeIn(mail), { email: ' ANA@example.org ' })).status, 303)
})

onEveryStore('code: nobody, the inactive and the known are told the same, up to their wrong codes', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'off@example.org', { active: false })
  const pages: string[] = []
  const letters = await lettersDuring(recovery, async () => {
    for (const address of [ana, 'bob@example.org', 'off@example.org']) {
      const browser = stranger(recovery)
      const asked = await ask(browser, code, address)
      assert.equal(asked.status, 303)
      await recovery.mail()
      const shown = (await browser.get(asked.location!)).text
      const refused = (await type(browser, '000000')).text
      const plain = (text: string): string =>
        text.replaceAll(/name="csrf_token" value="[^"]*"/g, '').replaceAll(address, '…')
      pages.push(plain(shown) + plain(refused))
    }
  })
  assert.equal(letters, 1)
  assert.equal(pages[0]!.length, pages[1]!.length)
  assert.equal(pages[0], pages[1])
  assert.equal(pages[0], pages[2])
  sees(await ask(stranger(recovery), code, ''), 400, 'Email is required')
  sees(await ask(stranger(recovery), code, nobody.replace('@', '')), 400, 'Enter a valid email address.')
})

onEveryStore(
  'code: after ten wrong codes in a day letters carry a link, the page stays, the owner is told once',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const attacker = stranger(recovery)
    for (let round = 0; round < 2; round++) {
      const mail = await letterFor(recovery, code, ana, attacker)
      const notices = await lettersDuring(recovery, async () => {
        for (let tries = 1; tries <= 5; tries++) await isRefused(attacker, wrong(codeIn(mail), tries))
      })
      assert.equal(notices, round, 'the notice leaves with the tenth wrong code')
      recovery.clock.turn({ minutes: 16 })
    }
    const notice = recovery.letters[0]!
    const letters = await lettersDuring(recovery, async () => {
      const asked = await ask(attacker, code, ana)
      assert.deepEqual([asked.status, asked.location?.split('?')[0]], [303, codePath])
      sees(await attacker.get(asked.location!), 200, 'Verify Code', 'If the email exists, a code has been sent.')
      await recovery.mail()
      for (const typed of ['111111', '222222', '333333']) await isRefused(attacker, typed)
    })
    assert.equal(letters, 1)
    const link = recovery.letters[0]
    assert.deepEqual([link!.to, notice.to], [ana, ana])
    assert.match(notice.subject, /Too many wrong codes$/)
    assert.equal(codeIn(link!), '')
    const { pathname } = new URL(linkIn(link!))
    assert.match(pathname, /^\/accounts\/password-reset-link\/[\w-]{65}\/$/)

    // The owner's link is bound to no browser, and sets the password; a success ends the count.
    isDeadLink(await stranger(recovery).look(`${pathname.slice(0, -2)}/`), code)
    const owner = stranger(recovery)
    const set = await openLink(owner, pathname.slice(0, -1))
    assert.match(set, /^\/accounts\/password-reset-new-password\/\?c=/)
    const posted = await send(owner, set, twice(code, after))
    assert.equal(posted.location?.split('?')[0], '/accounts/login/')
    isDeadLink(await owner.look(pathname), code)
    assert.match(codeIn(await letterFor(recovery, code, ana, owner)), /^\d{6}$/)
    await onlyTheNewOneLogsIn(recovery, '/accounts/login/')
  },
)

onEveryStore('code: a day after its wrong codes an account is sent codes again, until fifty in a row', async (open) => {
  const recovery = await open({ limits: { wrongCodesInARow: [{ max: 12, ms: 3650 * 86_400_000 }] } })
  await anaIn(recovery)
  const guess = async (times: number): Promise<void> => {
    const browser = stranger(recovery)
    const mail = await letterFor(recovery, code, ana, browser)
    for (let tries = 1; tries <= times; tries++) await isRefused(browser, wrong(codeIn(mail), tries))
    recovery.clock.turn({ minutes: 16 })
  }
  await guess(5)
  await guess(5)
  assert.equal(codeIn(await letterFor(recovery, code, ana)), '')
  recovery.clock.turn({ days: 1 })
  await guess(2)
  assert.equal(codeIn(await letterFor(recovery, code, ana)), '', 'twelve in a row, over days')
  recovery.clock.turn({ days: 2 })
  const mail = await letterFor(recovery, code, ana)
  assert.match(linkIn(mail), /password-reset-link/)
  const owner = stranger(recovery)
  await send(owner, await openLink(owner, new URL(linkIn(mail)).pathname), twice(code, after))
  assert.match(codeIn(await letterFor(recovery, code, ana)), /^\d{6}$/)
})

onEveryStore('code: proof and password in one post by the link that came instead of a code', async (open) => {
  const recovery = await open({ limits: { wrongCodesPerAccount: [{ max: 1, ms: 86_400_000 }] } })
  await anaIn(recovery)
  const browser = stranger(recovery)
  await isRefused(browser, wrong(codeIn(await letterFor(recovery, code, ana, browser))))
  const { pathname } = new URL(linkIn(await letterFor(recovery, code, ana)))
  const weak = await sendBlind(stranger(recovery), pathname, twice(code, 'weak'))
  sees(weak, 422, 'Password too weak')
  const posted = await sendBlind(stranger(recovery), pathname, twice(code, after))
  assert.equal(posted.status, 303)
  isDeadLink(await sendBlind(stranger(recovery), pathname, twice(code, before)), code)
})

onEveryStore('code: a weak password is answered with the list of what it has and lacks', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const set = await proved(browser, await letterFor(recovery, code, ana, browser))
  const refused: [password: string, confirm: string, ...said: string[]][] = [
    ['', '', 'Enter a new password.'],
    [
      'kettles',
      'kettles',
      'Password too weak',
      'Requirements:',
      '✗ 8+ characters',
      '✗ Uppercase letter',
      '✓ Lowercase letter',
      '✗ Number',
      '✗ Special character',
    ],
    [
      'harbours',
      'harbours',
      '✓ 8+ characters',
      '✗ Uppercase letter',
      '✓ Lowercase letter',
      '✗ Number',
      '✗ Special character',
    ],
    ['HARBOUR-83', 'HARBOUR-83', '✗ Lowercase letter', '✓ Number', '✓ Special character'],
    ['Harbour-xx', 'Harbour-xx', '✓ Uppercase letter', '✗ Number'],
    ['Harbour83x', 'Harbour83x', '✗ Special character'],
    [after, before, 'Passwords do not match.'],
    [before, before, 'Password must be different from old password.'],
    ['Qwertyuiop1!', 'Qwertyuiop1!', 'on the list of those that are guessed first'],
    ['Ana_Keller#2026', 'Ana_Keller#2026', 'Password cannot contain your user name or email address.'],
    [`Aa1!${'x'.repeat(253)}`, `Aa1!${'x'.repeat(253)}`, 'Password must be 256 characters at most.'],
  ]
  for (const [password, confirm, ...said] of refused) {
    const page = await send(browser, set, twice(code, password, confirm))
    sees(page, 422, ...said)
    assert.equal(formIn(page.text)?.action, setPath)
  }
  assert.equal((await send(browser, set, twice(code, after))).status, 303)
})

/** The letters of the alphabet give passwords of which none holds another. */
const password = (at: number): string => `Kettle-${'abcdefgh'[at]}-47!`

async function setTo(recovery: TestRecovery, wanted: string): Promise<Page> {
  recovery.clock.turn({ days: 1 })
  const browser = stranger(recovery)
  return send(browser, await proved(browser, await letterFor(recovery, code, ana, browser)), twice(code, wanted))
}

onEveryStore('code: none of the last five passwords is taken again, the sixth is', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  for (let at = 0; at < 5; at++) assert.equal((await setTo(recovery, password(at))).status, 303)
  sees(await setTo(recovery, password(4)), 422, 'Password must be different from old password.')
  sees(await setTo(recovery, password(3)), 422, 'You used this password before. Choose another.')
  sees(await setTo(recovery, password(0)), 422, 'You used this password before. Choose another.')
  assert.equal((await setTo(recovery, before)).status, 303, 'six passwords ago')
  sees(await setTo(recovery, password(1)), 422, 'You used this password before.')
  assert.equal((await setTo(recovery, password(0))).status, 303)
  assert.equal(await logsIn(recovery, '/accounts/login/', ana, password(0)), true)
})

onEveryStore('code: a leave of fifteen minutes, then "Session expired" and "Start Over"', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const set = await proved(browser, await letterFor(recovery, code, ana, browser))
  const form = formIn((await browser.get(set)).text)!
  recovery.clock.turn({ minutes: 15 })
  isSessionExpired(await browser.get(set), code)
  const late = await browser.post(set, { ...form.fields, ...twice(code, after) }, { 'sec-fetch-site': 'same-origin' })
  isSessionExpired(late, code)
  isSessionExpired(await stranger(recovery).get(setPath), code)
  isSessionExpired(await stranger(recovery).get(`${setPath}?c=abcdefghijkl`), code)
  assert.equal(await logsIn(recovery, '/accounts/login/', ana, before), true)
})

onEveryStore('code: each page without its slash is led to the one with it', async (open) => {
  const browser = stranger(await open())
  for (const path of ['/accounts/login/', askPath, codePath, setPath]) await isLedToItsSlash(browser, path)
})

onEveryStore('code: sessions end with a reset, and "Your password was changed" goes out once', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const phone = stranger(recovery)
  await logIn(phone, '/accounts/login/', ana, before)
  const letters = await lettersDuring(recovery, () => setTo(recovery, after))
  assert.equal(letters, 2)
  const notice = recovery.letters[0]!
  assert.match(notice.subject, /Your password was changed$/)
  assert.equal(notice.to, ana)
  assert.equal(codeIn(notice), '')
  assert.equal(await isSignedIn(phone), false)
})
