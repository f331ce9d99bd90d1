import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import * as flows from '../../src/flows/index.ts'
import {
  ada,
  arrive,
  codeOf,
  follow,
  inEveryWay,
  logIn,
  newPassword,
  oldPassword,
  press,
  type Story,
  setPassword,
  shown,
  stories,
  text,
  type,
  type Visit,
  visit,
} from './harness.ts'

/** Opens the newest letter in the development inbox, as somebody would who tries the product out. */
async function openLetter({ house, page, origin }: Visit): Promise<void> {
  const { subject } = await house.letter()
  await page.goto(`${origin}/dev/inbox/`)
  await follow(page, subject)
  await arrive(page, subject)
}

/** Follows the letter's link: the one in its text, or the button of its HTML, which opens a new tab. */
async function followLetter(visit: Visit, by: 'text' | 'button'): Promise<Page> {
  const { page, context } = visit
  await openLetter(visit)
  if (by === 'text') {
    await page.locator('pre a').first().click()
    return page
  }
  const tab = context.waitForEvent('page')
  await page.frameLocator('iframe').getByRole('link', { name: 'Reset Password' }).click()
  return tab
}

async function logInAfter(page: Page, story: Story): Promise<void> {
  await logIn(page, story, oldPassword)
  assert.match(await shown(page.getByRole('alert')), /wrong/)
  await logIn(page, story, newPassword)
  await arrive(page, 'Your account')
  assert.equal(new URL(page.url()).pathname, '/account/')
  assert.match(await text(page), new RegExp(ada))
}

for (const width of [1280, 360]) {
  // Each flow on a large screen with scripts and on a small one without.
  for (const scripts of inEveryWay ? [true, false] : [width === 1280]) {
    const how = `at ${width} px ${scripts ? 'with' : 'without'} scripts`
    const settings = { width, scripts, expects: [403] }

    for (const name of ['classic', 'stateless', 'verified'] as const) {
      const story = stories[name]
      // The two share a log-in page, which leads to the first of them that is enabled.
      const options = name === 'verified' ? { ...settings, flows: [flows.verified] } : settings
      visit(`From "Forgot password?" through ${name}'s letter to the account, ${how}`, options, async (visit) => {
        const { page, origin } = visit
        await page.goto(origin + story.login)
        await follow(page, story.forgot)
        await arrive(page, story.ask.title)
        await type(page, story.ask.label, ada)
        await press(page, story.ask.button)
        await arrive(page, story.sent)
        assert.match(await text(page), /If the email exists, a reset link has been sent\./)

        const tab = await followLetter(visit, width === 360 ? 'button' : 'text')
        await arrive(tab, story.set.title)
        assert.match(await text(tab), new RegExp(ada), 'the page says whose password it is')
        await setPassword(tab, story)
        await arrive(tab, story.done)

        await follow(tab, name === 'classic' ? 'Continue to Login' : 'Log in')
        await arrive(tab, story.loginTitle)
        await logInAfter(tab, story)
      })
    }

    visit(`From "Forgot Password?" through code's letter to the account, ${how}`, settings, async (visit) => {
      const { page, origin, house, context } = visit
      const story = stories.code
      await page.goto(origin + story.login)
      await follow(page, story.forgot)
      await arrive(page, story.ask.title)
      assert.match(await text(page), /Step 1 of 4/)
      await type(page, story.ask.label, ada)
      await press(page, story.ask.button)
      await arrive(page, 'Verify Code')
      assert.match(await text(page), /Step 2 of 4/)
      assert.equal(await page.getByLabel('Email Address').inputValue(), ada)

      const tab = await context.newPage()
      await openLetter({ ...visit, page: tab })
      const code = codeOf(await house.letter())
      assert.match(await shown(tab.locator('pre')), new RegExp(`^${code}$`, 'm'))
      assert.match(await text(tab.frameLocator('iframe')), new RegExp(code))
      await type(page, 'Verification Code', code)
      await press(page, 'Verify Code')

      await arrive(page, story.set.title)
      assert.match(await text(page), /Step 3 of 4[\s\S]*Code verified ✓/)
      await setPassword(page, story)
      await arrive(page, story.done)
      assert.match(await text(page), /Step 4 of 4[\s\S]*✅ Password reset successfully!/)
      await logInAfter(page, story)
    })
  }

  const settings = { width, expects: [403] }
  visit(`From the gallery through spa's letter to the account, at ${width} px`, settings, async (visit) => {
    const { page, origin } = visit
    await page.goto(origin)
    await page
      .getByRole('listitem')
      .filter({ has: page.getByRole('heading', { name: 'spa', exact: true }) })
      .getByRole('link', { name: 'Reset a password' })
      .click()
    await arrive(page, 'Forgot your password?')
    await type(page, 'Email address', ada)
    await press(page, 'Send reset link')
    await arrive(page, 'Check your email')
    assert.match(await shown(page.getByRole('status').first()), /If the email exists, a reset link has been sent\./)

    const tab = await followLetter(visit, width === 360 ? 'button' : 'text')
    await arrive(tab, 'Choose a new password')
    await type(tab, 'New password', newPassword)
    await type(tab, 'Confirm new password', newPassword)
    await press(tab, 'Reset password')
    await arrive(tab, 'Password changed')
    await follow(tab, 'Log in now')
    await arrive(tab, 'Log in')
    await follow(tab, 'Log in')
    await arrive(tab, 'Login')
    await logInAfter(tab, stories.classic)
  })
}
