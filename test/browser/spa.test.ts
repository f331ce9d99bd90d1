import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import {
  ada,
  arrive,
  eventually,
  follow,
  linkOf,
  logIn,
  newPassword,
  oldPassword,
  press,
  secretOf,
  shown,
  stories,
  text,
  type,
  type Visit,
  visit,
} from './harness.ts'

/** Asks in the front end and arrives where it says so. */
async function ask({ page, origin }: Visit, email = ada): Promise<void> {
  await page.goto(`${origin}/app/forgot-password`)
  await type(page, 'Email address', email)
  await press(page, 'Send reset link')
  await arrive(page, 'Check your email')
}

/** Asks and gives the link of the letter. */
async function linkFor(visit: Visit): Promise<string> {
  await ask(visit)
  return linkOf(await visit.house.letter())
}

async function setPassword(page: Page, password: string, confirm = password): Promise<void> {
  await type(page, 'New password', password)
  await type(page, 'Confirm new password', confirm)
  await press(page, 'Reset password')
}

/** Holds back every answer to the path until the function that it gives is called. */
async function hold(page: Page, path: string): Promise<() => void> {
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route(path, async (route) => {
    await released
    await route.continue()
  })
  return release
}

/** Lets the page's countdown run out, each second once the one before it is shown. */
async function countDown(page: Page, from: number): Promise<void> {
  for (let left = from; left > 0; left--) {
    await page.getByText(`in ${left} s.`).waitFor()
    await page.clock.runFor(1000)
  }
}

visit('While the answer is slow the button is disabled and a loader tells so', {}, async (visit) => {
  const { page, origin, asked } = visit
  await page.goto(`${origin}/app/forgot-password`)
  const release = await hold(page, '**/auth/forgot-password/')
  await type(page, 'Email address', ada)
  await page.getByRole('button', { name: 'Send reset link' }).dblclick()
  await page.getByText('Sending…').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Send reset link' }).isDisabled(), true)
  release()
  await arrive(page, 'Check your email')
  assert.equal(asked.filter(({ body }) => body !== null).length, 1, 'asked once')
})

visit('Whether an address is known or not, the page says the same', {}, async (visit) => {
  const { page } = visit
  await ask(visit, ada)
  const known = await shown(page.locator('main'))
  await ask(visit, 'nobody@example.com')
  const unknown = await shown(page.locator('main'))
  const still = (said: string): string => said.replace(/in \d+ s/, '')
  assert.equal(still(unknown), still(known))
  assert.match(known, /If the email exists, a reset link has been sent\./)
})

visit('An address that is none is told before anything is sent', {}, async (visit) => {
  const { page, origin, asked } = visit
  await page.goto(`${origin}/app/forgot-password`)
  await press(page, 'Send reset link')
  await page.getByText('Email is required').waitFor()
  await type(page, 'Email address', 'ada')
  await press(page, 'Send reset link')
  await page.getByText('Enter an email address, like name@example.com.').waitFor()
  const field = page.getByLabel('Email address')
  assert.equal(await field.getAttribute('aria-invalid'), 'true')
  assert.equal(await field.evaluate((element) => element === document.activeElement), true)
  assert.equal(asked.filter(({ body }) => body !== null).length, 0)
})

visit('After the ask the page leads to the log-in by itself, and can be told to stay', {}, async (visit) => {
  const { page, origin } = visit
  await page.clock.install()
  await ask(visit)
  assert.equal(await shown(page.getByRole('timer')), 'You are taken to the log-in page in 10 s.')
  await press(page, 'Stay on this page')
  await page.clock.runFor(15_000)
  await arrive(page, 'Check your email')
  assert.equal(await page.getByRole('timer').count(), 0)

  await press(page, 'Use another email address')
  await arrive(page, 'Forgot your password?')
  await press(page, 'Send reset link')
  await arrive(page, 'Check your email')
  await countDown(page, 10)
  await arrive(page, 'Login')
  assert.equal(page.url(), `${origin}/auth/login/`)
})

visit('The fourth ask meets a countdown that runs', { expects: [429] }, async (visit) => {
  const { page } = visit
  await page.clock.install()
  for (const _ of [1, 2, 3]) await ask(visit)
  await page.goto(`${visit.origin}/app/forgot-password`)
  await type(page, 'Email address', ada)
  await press(page, 'Send reset link')
  assert.match(await shown(page.getByRole('alert').first()), /Too many attempts/)
  const timer = page.getByRole('timer')
  assert.match(await shown(timer), /^(15:00|14:5\d) remaining$/)
  const first = await shown(timer)
  await page.clock.runFor(28_000)
  await eventually('a later time', async () => ((await shown(timer)) === first ? null : true))
  assert.match(await shown(timer), /^14:[23]\d remaining$/)
  assert.equal(await page.getByRole('button', { name: 'Send reset link' }).isDisabled(), true)
  assert.equal(await page.getByLabel('Email address').inputValue(), ada, 'what was typed is still there')
})

visit('The token is out of address and history at once, and nowhere but in memory', {}, async (visit) => {
  const { page, asked, context } = visit
  const link = await linkFor(visit)
  const token = secretOf(link)
  assert.ok(token.length >= 22)
  const before = asked.length
  await page.goto(link)
  await arrive(page, 'Choose a new password')
  assert.equal(page.url(), `${visit.origin}/app/reset-password`)
  const session = await context.newCDPSession(page)
  const { entries } = await session.send('Page.getNavigationHistory')
  assert.ok(!entries.some(({ url }) => url.includes(token)), 'the history')
  const kept = await page.evaluate(() => ({
    referrer: document.referrer,
    local: Object.values(localStorage),
    session: Object.values(sessionStorage),
    cookie: document.cookie,
    state: JSON.stringify(history.state),
    name: window.name,
    page: document.documentElement.outerHTML,
  }))
  assert.ok(!JSON.stringify(kept).includes(token), 'nothing of the page holds it')
  assert.ok(!JSON.stringify(await context.cookies()).includes(token), 'no cookie')

  await setPassword(page, newPassword)
  await arrive(page, 'Password changed')
  const told = asked.slice(before).filter(({ url, body }) => url.includes(token) || body?.includes(token))
  assert.deepEqual(
    told.map(({ url, body }) => [new URL(url).pathname, body !== null]),
    [
      [new URL(link).pathname, false],
      ['/auth/reset-password/', true],
    ],
    'the link, then the one post',
  )
  assert.ok(asked.slice(before).every(({ referrer }) => referrer === null))
})

visit('After a reload the token is forgotten, and the page says how to go on', {}, async (visit) => {
  const { page } = visit
  const link = await linkFor(visit)
  await page.goto(link)
  await arrive(page, 'Choose a new password')
  await page.reload()
  await arrive(page, 'Open the link again')
  assert.equal(await shown(page.getByRole('alert')), 'Missing reset token.')
  await page.goto(link)
  await arrive(page, 'Choose a new password')
  await page.goto(`${visit.origin}/app/reset-password`)
  await follow(page, 'Request New Link')
  await arrive(page, 'Forgot your password?')
})

visit(
  'Length and match are told before anything is sent, and the rules are ticked while one types',
  {},
  async (visit) => {
    const { page, asked } = visit
    await page.goto(await linkFor(visit))
    const before = asked.filter(({ body }) => body !== null).length
    const password = page.getByLabel('New password', { exact: true })
    await page.getByText('0 of 6 met').waitFor()
    await password.pressSequentially('aB3!')
    await page.getByText('4 of 6 met').waitFor()
    await press(page, 'Reset password')
    await page.getByText('Use at least 8 characters.').waitFor()
    await setPassword(page, newPassword, 'New-Harbour-84?')
    await page.getByText('The two passwords do not match.').waitFor()
    await page.getByText('5 of 6 met').waitFor()
    await type(page, 'Confirm new password', newPassword)
    await page.getByText('6 of 6 met').waitFor()
    assert.equal(asked.filter(({ body }) => body !== null).length, before, 'nothing was sent')
    await press(page, 'Show passwords')
    assert.equal(await password.getAttribute('type'), 'text')
  },
)

visit('A refused password lists what is unmet, and costs no token', { expects: [422] }, async (visit) => {
  const { page } = visit
  await page.goto(await linkFor(visit))
  await setPassword(page, 'only lower case')
  const said = page.getByRole('alert').filter({ hasText: 'uppercase' })
  await said.waitFor()
  const list = await said.getByRole('listitem').allInnerTexts()
  assert.deepEqual(list, [
    'Password must contain at least 1 uppercase letter.',
    'Password must contain at least 1 number.',
  ])
  const field = page.getByLabel('New password', { exact: true })
  assert.equal(await field.evaluate((element) => element === document.activeElement), true)
  await setPassword(page, oldPassword)
  await page.getByText('Password must be different from old password.').waitFor()
  await setPassword(page, newPassword)
  await arrive(page, 'Password changed')
})

visit(
  'A used token is told as a link that does not work, with a way to a new one',
  { expects: [400] },
  async (visit) => {
    const { page, context } = visit
    const link = await linkFor(visit)
    const tab = await context.newPage()
    await tab.goto(link)
    await page.goto(link)
    await setPassword(page, newPassword)
    await arrive(page, 'Password changed')
    await setPassword(tab, 'Quite-Another-84?')
    await arrive(tab, 'This link does not work')
    assert.equal(await shown(tab.getByRole('alert')), 'Invalid or expired token')
    await follow(tab, 'Request New Link')
    await arrive(tab, 'Forgot your password?')
  },
)

visit('Success is told, then told again at the log-in, which comes by itself', { expects: [403] }, async (visit) => {
  const { page, origin } = visit
  const link = await linkFor(visit)
  await page.clock.install()
  await page.goto(link)
  const release = await hold(page, '**/auth/reset-password/')
  await setPassword(page, newPassword)
  await page.getByText('Saving…').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Reset password' }).isDisabled(), true)
  release()
  await arrive(page, 'Password changed')
  assert.equal(await shown(page.locator('.status')), 'Password reset successful')
  await countDown(page, 5)
  await arrive(page, 'Log in')
  assert.equal(await shown(page.locator('.status')), 'Password reset successful')
  assert.equal(page.url(), `${origin}/app/login`)
  await countDown(page, 5)
  await arrive(page, 'Login')
  await logIn(page, stories.classic, oldPassword)
  await page.getByRole('alert').waitFor()
  await logIn(page, stories.classic, newPassword)
  await arrive(page, 'Your account')
})

visit('Back after success shows no form with what was typed', {}, async (visit) => {
  const { page } = visit
  await page.goto(await linkFor(visit))
  await setPassword(page, newPassword)
  await arrive(page, 'Password changed')
  await follow(page, 'Log in now')
  await arrive(page, 'Log in')
  await page.goBack()
  const values = await page
    .locator('input')
    .evaluateAll((inputs) => inputs.map((one) => (one as HTMLInputElement).value))
  assert.ok(!values.includes(newPassword))
  assert.ok(!(await text(page)).includes(newPassword))
})

visit('Without a script the front end says what it needs', { scripts: false }, async ({ page, origin }) => {
  await page.goto(`${origin}/app/forgot-password`)
  assert.match(await text(page), /This page needs JavaScript to reset a password\./)
})
