/** ALTCHA in a real browser: solved by the keyboard alone, with no request to anybody else, on pages that axe finds clean. */
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { setCaptcha, type WantedCaptcha } from '../../src/captcha/set.ts'
import type { Form } from '../../src/engine/captcha.ts'
import { openProvider, type Provider, secret, siteKey } from '../walks/captcha-kit.ts'
import {
  ada,
  arrive,
  codeOf,
  eventually,
  type House,
  linkOf,
  newPassword,
  oldPassword,
  press,
  setPassword,
  shown,
  stories,
  type,
  visit,
} from './harness.ts'

const altcha = { provider: 'altcha', siteKey: '', secret: '', when: 'always' } as const

/** Sets it up as the command does, and waits until the running server says so. */
async function setUp(house: House, form: Form, wanted: WantedCaptcha = altcha): Promise<void> {
  assert.equal(await setCaptcha(house.recovery.kit, form, wanted), true)
  const { store } = house.recovery
  await eventually('the setting', async () => ((await store.settings()).length > 0 ? true : null))
  await eventually('the server to have read it', async () => {
    const answer = await fetch(`${house.origin}/captcha/${form}/`, { redirect: 'manual' })
    return answer.status === 404 ? null : true
  })
}

async function isClean(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
    assert.deepEqual(
      violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]),
      [],
    )
  }
}

visit('ALTCHA in the ask form is solved by the keyboard alone, and the letter comes', {}, async (visit) => {
  const { page, origin, house } = visit
  const story = stories.classic
  await setUp(house, 'request')
  await page.goto(origin + story.flow.routes.ask)
  await arrive(page, story.ask.title)
  await isClean(page)
  await page.getByLabel(story.ask.label).focus()
  await page.keyboard.type(ada)
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), story.ask.button)
  await page.keyboard.press('Enter')
  await arrive(page, story.sent)
  assert.ok(linkOf(await house.letter()).startsWith(origin))
  // The harness fails the test for any request to another origin, and for any breach of the content policy.
  assert.equal(visit.asked.filter(({ url }) => url.includes('/api/captcha/request/')).length, 1)
  assert.ok(visit.asked.every(({ url }) => url.startsWith(origin) || url.startsWith('data:')))
})

visit('a page that asks for no captcha loads nothing of one', {}, async ({ page, origin, asked }) => {
  await page.goto(origin + stories.classic.flow.routes.ask)
  await page.goto(origin + stories.classic.login)
  assert.ok(asked.every(({ url }) => !url.includes('captcha')))
})

visit(
  'ALTCHA stands in the forms of a code, a new password and a log-in',
  { expects: [403, 400, 422] },
  async (visit) => {
    const { page, origin, house } = visit
    const story = stories.code
    for (const form of ['verify', 'change', 'login'] as const) await setUp(house, form)
    await page.goto(origin + story.flow.routes.ask)
    await type(page, story.ask.label, ada)
    await press(page, story.ask.button)
    await arrive(page, 'Verify Code')
    await isClean(page)
    const right = codeOf(await house.letter())
    await type(page, 'Verification Code', right === '123456' ? '654321' : '123456')
    await press(page, 'Verify Code')
    await page.getByRole('alert').getByText('Invalid or expired code').waitFor()
    await type(page, 'Verification Code', right)
    await press(page, 'Verify Code')
    await arrive(page, story.set.title)
    await isClean(page)
    await setPassword(page, story, 'weak', 'weak')
    await page.getByRole('alert').waitFor()
    await setPassword(page, story)
    await arrive(page, story.done)
    await page.goto(origin + story.login)
    await isClean(page)
    await type(page, story.username, ada)
    await type(page, 'Password', oldPassword)
    await press(page, story.logIn)
    await page.getByRole('alert').waitFor()
    await type(page, 'Password', newPassword)
    await press(page, story.logIn)
    await arrive(page, 'Your account')
    assert.match(await shown(page.locator('main')), new RegExp(ada))
  },
)

visit(
  'a challenge that cannot be fetched is told of, and the form can be sent again',
  { expects: [404] },
  async (visit) => {
    const { page, origin, house } = visit
    const story = stories.classic
    await setUp(house, 'request')
    await page.goto(origin + story.flow.routes.ask)
    await page.route('**/api/captcha/**', (route) => route.fulfill({ status: 404 }), { times: 1 })
    await type(page, story.ask.label, ada)
    await press(page, story.ask.button)
    await page.getByText('The check did not work. Please try again.').waitFor()
    await press(page, story.ask.button)
    await arrive(page, story.sent)
  },
)

visit(
  'without scripts the page says that it needs them, and lets nobody by',
  { scripts: false, expects: [403] },
  async (visit) => {
    const { page, origin, house } = visit
    const story = stories.classic
    await setUp(house, 'request')
    await page.goto(origin + story.flow.routes.ask)
    await page.getByText('This check needs JavaScript').waitFor()
    await type(page, story.ask.label, ada)
    await press(page, story.ask.button)
    await page.getByText('One more check is needed').waitFor()
    assert.equal(house.box.letters.length, 0)
  },
)

visit(
  'the front end solves ALTCHA by itself, for the ask and for the new password',
  { expects: [403] },
  async (visit) => {
    const { page, origin, house } = visit
    for (const form of ['request', 'change'] as const) await setUp(house, form)
    await page.goto(`${origin}/app/forgot-password`)
    await type(page, 'Email address', ada)
    await press(page, 'Send reset link')
    await arrive(page, 'Check your email')
    await page.goto(linkOf(await house.letter()))
    await type(page, 'New password', newPassword)
    await type(page, 'Confirm new password', newPassword)
    await press(page, 'Reset password')
    await arrive(page, 'Password changed')
  },
)

/** A provider's script that fills its place, and then tries to fetch a page of ours. */
const script = (answer: string) => `
  const place = document.querySelector('.h-captcha')
  place.innerHTML = '<textarea name="h-captcha-response" aria-label="answer">${answer}</textarea>'
  fetch('/account/').then(() => place.dataset.fetched = 'yes', () => place.dataset.fetched = 'no')
`

// Opened before the tests and not here: with an await at this level the browser is never told to close.
let provider: Provider | null = null
before(async () => {
  provider = await openProvider()
})
after(() => provider?.close())

visit(
  'a provider stands on a step before the log-in, where its script can fetch nothing of ours',
  {
    get captcha() {
      return provider?.options
    },
    complaints: /hcaptcha|Content Security Policy|Fetch API/i,
  },
  async ({ page, origin, house }) => {
    await setUp(house, 'login', { provider: 'hcaptcha', siteKey, secret, outage: 'refuse', when: 'always' })
    const answer = provider!.give({ hostname: 'localhost' })
    await page.route('https://js.hcaptcha.com/**', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: script(answer) }),
    )
    const story = stories.classic
    await page.goto(origin + story.login)
    await arrive(page, 'One more step')
    await page.locator('.h-captcha[data-fetched=no]').waitFor()
    await page.locator('[data-without-script]').waitFor({ state: 'hidden' })
    assert.equal(new URL(page.url()).pathname, '/captcha/login/')
    await press(page, 'Continue')
    await arrive(page, story.loginTitle)
    await type(page, story.username, ada)
    await type(page, 'Password', oldPassword)
    await press(page, story.logIn)
    await arrive(page, 'Your account')
  },
)
