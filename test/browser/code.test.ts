import assert from 'node:assert/strict'
import { testClock } from '../../src/testing/index.ts'
import {
  ada,
  arrive,
  ask,
  codeOf,
  follow,
  newPassword,
  press,
  setPassword,
  shown,
  stories,
  text,
  type,
  type Visit,
  visit,
} from './harness.ts'

const story = stories.code

/** Asks, types the code and arrives where the new password is typed. */
async function prove(visit: Visit): Promise<void> {
  await ask(visit, story)
  await type(visit.page, 'Verification Code', codeOf(await visit.house.letter()))
  await press(visit.page, 'Verify Code')
  await arrive(visit.page, story.set.title)
}

const turned = testClock(Date.now())
visit('The countdown to another code runs, and the button works when it is over', { clock: turned }, async (visit) => {
  const { page, house } = visit
  await page.clock.install()
  await ask(visit, story)
  await house.letter()
  const button = page.locator('#resend')
  assert.equal(await shown(button), 'Resend Code (1:00)')
  assert.equal(await button.isDisabled(), true)
  await page.clock.runFor(28_000)
  assert.equal(await shown(button), 'Resend Code (0:32)')
  await page.clock.runFor(31_000)
  assert.equal(await button.isDisabled(), true)
  await page.clock.runFor(1_000)
  assert.equal(await shown(button), 'Resend Code')
  assert.equal(await button.isDisabled(), false)

  turned.turn({ seconds: 60 })
  await button.click()
  await page.getByText('Resend Code (1:00)').waitFor()
  assert.match(await shown(page.getByRole('status').first()), /If the email exists, a code has been sent\./)
  await house.recovery.worker.drain()
  assert.equal(house.box.letters.length, 2)
  const second = codeOf(await house.letter())
  await type(page, 'Verification Code', second)
  await press(page, 'Verify Code')
  await arrive(page, story.set.title)
})

visit('Without a script the page says when one may ask again', { scripts: false }, async (visit) => {
  await ask(visit, story)
  assert.match(await text(visit.page), /You can ask for another code in (60|5\d) seconds\./)
  assert.equal(await visit.page.locator('#resend').isDisabled(), false)
})

visit('Rules are ticked, strength told and the match shown while one types', {}, async (visit) => {
  const { page } = visit
  await prove(visit)
  const met = (): Promise<string[]> => page.locator('#rules [data-state=met]').allInnerTexts()
  const password = page.getByLabel('New Password', { exact: true })
  assert.deepEqual(await met(), [])

  await password.pressSequentially('aB')
  assert.deepEqual((await met()).map(plain), ['At least 1 uppercase letter', 'At least 1 lowercase letter'])
  const strength = (level: string): Promise<void> => page.getByText(`💪 Strength: ${level}`, { exact: true }).waitFor()
  await strength('Weak')
  await password.pressSequentially('3!xy')
  assert.equal((await met()).length, 4)
  await password.pressSequentially('zw')
  assert.equal(plain((await met())[0] ?? ''), 'Minimum 8 characters')
  await strength('Fair')
  await password.fill(newPassword)
  await strength('Strong')
  assert.equal(await page.locator('.advice').textContent(), '')
  await password.fill('abcdefgh1')
  await strength('Weak')
  assert.match(await shown(page.locator('.advice')), /Sequences .* add little\. Another word or two makes it stronger/)

  const confirm = page.getByLabel('Confirm Password', { exact: true })
  await confirm.pressSequentially('abcdefgh')
  assert.equal(await shown(page.locator('.match')), 'Passwords do not match.')
  await confirm.pressSequentially('1')
  assert.equal(await shown(page.locator('.match')), '✓ Passwords match')
  assert.ok((await met()).map(plain).includes('Confirm password must match'))
  await password.fill('')
  await page.waitForFunction(() => document.querySelector('.strength')?.textContent === '')
})

visit(
  'A code that is typed to its end, or put in by the telephone, is sent by nobody but the reader',
  {},
  async (visit) => {
    const { page, house, asked } = visit
    await ask(visit, story)
    const code = codeOf(await house.letter())
    const posts = (): number => asked.filter(({ body }) => body !== null).length
    const before = posts()
    const field = page.getByLabel('Verification Code')
    await field.pressSequentially(code)
    await field.fill('')
    await field.fill(`${code.slice(0, 3)} ${code.slice(3)}`)
    await page.keyboard.press('Tab')
    // Whatever were sent would be on its way by the time of a second look.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))))
    assert.equal(posts(), before)
    assert.equal(await field.inputValue(), `${code.slice(0, 3)} ${code.slice(3)}`)
    await press(page, 'Verify Code')
    await arrive(page, story.set.title)
  },
)

visit('What estimates a password is fetched when one is typed, and never holds the page up', {}, async (visit) => {
  const { page, asked } = visit
  await prove(visit)
  const fetched = () => asked.filter(({ url }) => url.includes('/latchkey/strength.js')).length
  assert.equal(fetched(), 0)
  await page.getByLabel('New Password', { exact: true }).fill('x'.repeat(5000))
  await page.getByText('Strength: Weak').waitFor()
  assert.equal(fetched(), 1)
})

/** A rule's own words, without what is said to ears. */
const plain = (rule: string): string => rule.replace(/\s*met$/, '').trim()

visit('The button shows what was typed in both fields, and hides it before it is sent', {}, async (visit) => {
  const { page } = visit
  await prove(visit)
  const password = page.locator('#password')
  assert.equal(await password.getAttribute('type'), 'password')
  await press(page, 'Show password')
  assert.equal(await password.getAttribute('type'), 'text')
  await press(page, 'Hide password')
  assert.equal(await password.getAttribute('type'), 'password')
})

visit('A weak password is told rule by rule, and costs nothing', { expects: [422] }, async (visit) => {
  const { page } = visit
  await prove(visit)
  await setPassword(page, story, 'abcdefgh')
  const alert = page.getByRole('alert')
  const said = await shown(alert)
  assert.match(said, /Password too weak[\s\S]*Requirements:/)
  for (const line of ['✓ 8+ characters', '✗ Uppercase letter', '✓ Lowercase letter', '✗ Number']) {
    assert.ok(said.includes(line), `${line} in ${said}`)
  }
  assert.equal(await alert.evaluate((element) => element === document.activeElement), true, 'the alert has the focus')
  assert.equal(await page.locator('#password').inputValue(), '', 'no password comes back')
  await setPassword(page, story)
  await arrive(page, story.done)
})

visit('A code pasted as two groups of three is taken', {}, async (visit) => {
  const { page, context, origin, house } = visit
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
  await ask(visit, story)
  const code = codeOf(await house.letter())
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), `${code.slice(0, 3)} ${code.slice(3)}`)
  await page.getByLabel('Verification Code').focus()
  await page.keyboard.press('Control+V')
  assert.equal(await page.getByLabel('Verification Code').inputValue(), `${code.slice(0, 3)} ${code.slice(3)}`)
  await page.keyboard.press('Enter')
  await arrive(page, story.set.title)
})

visit(
  'A wrong code says so with three ways on, and the right one works after it',
  { expects: [400] },
  async (visit) => {
    const { page, house } = visit
    await ask(visit, story)
    const code = codeOf(await house.letter())
    await type(page, 'Verification Code', code === '111111' ? '222222' : '111111')
    await press(page, 'Verify Code')
    const alert = page.getByRole('alert')
    const said = await shown(alert)
    assert.match(said, /Invalid or expired code[\s\S]*Options:/)
    assert.match(said, /Try again with correct code[\s\S]*Click "Resend Code"[\s\S]*Start over/)
    assert.equal(await alert.evaluate((element) => element === document.activeElement), true, 'the alert has the focus')
    assert.match(await page.title(), /^Error: /)
    await follow(page, 'Try again with correct code')
    assert.equal(await page.locator('#code').evaluate((element) => element === document.activeElement), true)
    await page.locator('#code').fill(code)
    await page.keyboard.press('Enter')
    await arrive(page, story.set.title)
  },
)

visit('A code typed in another browser is refused like a wrong one', { expects: [400] }, async (visit) => {
  const { house, origin } = visit
  await ask(visit, story)
  const code = codeOf(await house.letter())
  const other = await visit.another()
  await other.goto(`${origin}${story.flow.routes.code}`)
  await type(other, 'Email Address', ada)
  await type(other, 'Verification Code', code)
  await press(other, 'Verify Code')
  assert.match(await shown(other.getByRole('alert')), /Invalid or expired code/)
})

const late = testClock(Date.now())
visit('A code is dead after a quarter of an hour', { clock: late, expects: [400] }, async (visit) => {
  const { page, house } = visit
  await ask(visit, story)
  const code = codeOf(await house.letter())
  late.turn({ minutes: 15, seconds: 1 })
  await type(page, 'Verification Code', code)
  await press(page, 'Verify Code')
  assert.match(await shown(page.getByRole('alert')), /Invalid or expired code/)
})

const slow = testClock(Date.now())
visit('Who waits too long with the new password starts over', { clock: slow, expects: [410] }, async (visit) => {
  const { page } = visit
  await prove(visit)
  slow.turn({ minutes: 15, seconds: 1 })
  await setPassword(page, story)
  await arrive(page, 'Session expired')
  assert.match(await text(page), /Please start the password reset process again/)
  await follow(page, 'Start Over')
  await arrive(page, story.ask.title)
})

visit('Success is told on the log-in page, once', {}, async (visit) => {
  const { page } = visit
  await prove(visit)
  await setPassword(page, story, newPassword)
  await arrive(page, 'Login with New Password')
  assert.equal(await shown(page.locator('.toast')), '✅ Password reset successfully!')
  // Said once more a moment later, where it is read out.
  await page.waitForFunction(
    () => document.querySelector('body > [role=status]')?.textContent === '✅ Password reset successfully!',
  )
  assert.match(await text(page), /Step 4 of 4/)
})

visit('A double click sends a form once', {}, async (visit) => {
  const { page, house } = visit
  await page.goto(visit.origin + story.flow.routes.ask)
  await type(page, story.ask.label, ada)
  await page.getByRole('button', { name: story.ask.button }).dblclick()
  await arrive(page, story.sent)
  await house.letter()
  const posts = visit.asked.filter(({ body }) => body !== null)
  assert.equal(posts.length, 1)
})

const counted = testClock(Date.now())
const tooMany = { clock: counted, expects: [429] }
visit(
  'The fourth ask in a quarter of an hour meets a countdown that runs, the next one not',
  tooMany,
  async (visit) => {
    const { page, origin } = visit
    await page.clock.install()
    for (const _ of [1, 2, 3]) await ask(visit, story)
    await page.goto(origin + story.flow.routes.ask)
    await type(page, story.ask.label, ada)
    await press(page, story.ask.button)
    await arrive(page, 'Too many attempts')
    assert.match(await text(page), /Please wait 15 minutes and try again/)
    const timer = page.locator('[data-countdown]')
    assert.equal(await shown(timer), 'Countdown: 15:00 remaining')
    await page.clock.runFor(28_000)
    assert.equal(await shown(timer), 'Countdown: 14:32 remaining')
    await page.clock.runFor(15 * 60_000)
    assert.equal(await shown(timer), 'You can try again now.')

    counted.turn({ minutes: 15, seconds: 1 })
    await follow(page, 'Try again')
    await arrive(page, story.ask.title)
    await type(page, story.ask.label, ada)
    await press(page, story.ask.button)
    await arrive(page, story.sent)
  },
)

visit(
  'Of several accounts with one address one is chosen after the code, by the keyboard and without a script',
  { width: 360, scripts: false, expects: [410] },
  async (visit) => {
    const { page, house } = visit
    await house.share('ben', 'a-rather-long-user-name-of-somebody-in-the-department')
    await ask(visit, story)
    const letter = await house.letter()
    assert.equal(house.box.letters.length, 1)
    await type(page, 'Verification Code', codeOf(letter))
    await press(page, 'Verify Code')
    await arrive(page, 'Which account?')
    const choice = page.url()
    const names = await page.getByRole('main').getByRole('listitem').allInnerTexts()
    assert.deepEqual(names, ['ada', 'ben', 'a-rather-long-user-name-of-somebody-in-the-department'])
    for (const name of ['ada', 'ben']) {
      await page.keyboard.press('Tab')
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), name)
    }
    await page.keyboard.press('Enter')
    await arrive(page, story.set.title)
    await page.getByText('For the account ben').waitFor()
    await setPassword(page, story)
    await arrive(page, story.done)
    assert.equal((await page.goto(choice))?.status(), 410)
  },
)
