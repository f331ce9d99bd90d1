import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import * as flows from '../../src/flows/index.ts'
import { testClock } from '../../src/testing/index.ts'
import {
  ada,
  arrive,
  ask,
  follow,
  heading,
  inEveryWay,
  linkOf,
  logIn,
  newPassword,
  oldPassword,
  press,
  type Story,
  secretOf,
  setPassword,
  stories,
  text,
  type,
  type Visit,
  visit,
} from './harness.ts'

const dead = 'Invalid or expired link'
const bob = 'bob@example.org'

/** Asks and gives the link of the letter. */
async function linkFor(visit: Visit, story: Story, email = ada): Promise<string> {
  const before = visit.house.box.letters.length
  await ask(visit, story, email)
  await visit.house.recovery.worker.drain()
  assert.equal(visit.house.box.letters.length, before + 1, 'one letter left')
  return linkOf(await visit.house.letter(email))
}

/** Every address that the tab can go back to. */
async function historyOf(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { entries } = await session.send('Page.getNavigationHistory')
  await session.detach()
  return entries.map(({ url }) => url)
}

for (const [place, story] of [stories.classic, stories.stateless, stories.verified].entries()) {
  const { name } = story.flow
  let told = 0
  /** Each story of one flow, in turn; all of each in the long run. */
  const inTurn: typeof visit = (...given) => {
    if (told++ % 3 === place || inEveryWay) visit(...given)
  }
  // Their shared log-in page names the first of them only.
  const only = { flows: [story.flow] }

  inTurn(
    `${name}: the secret is out of address, history, referrer and every further request at once`,
    only,
    async (visit) => {
      const { page, asked } = visit
      const link = await linkFor(visit, story)
      const secret = secretOf(link)
      assert.ok(secret.length >= 22, `a secret in ${link}`)
      const before = asked.length
      await page.goto(link)
      await arrive(page, story.set.title)
      assert.ok(!page.url().includes(secret), 'the address')
      for (const url of await historyOf(page)) assert.ok(!url.includes(secret), `the history: ${url}`)
      assert.equal(await page.evaluate(() => document.referrer), '')
      assert.ok(!(await page.content()).includes(secret), 'the page')
      await setPassword(page, story)
      await arrive(page, story.done)
      await follow(page, name === 'classic' ? 'Continue to Login' : 'Log in')
      await arrive(page, story.loginTitle)

      const later = asked.slice(before)
      assert.deepEqual(
        later.filter(({ url, body }) => url.includes(secret) || body?.includes(secret)).map(({ url }) => url),
        [link],
        'only the link itself was asked for with the secret',
      )
      assert.deepEqual(
        later.filter(({ referrer }) => referrer !== null),
        [],
      )
      assert.ok(!(await historyOf(page)).some((url) => url.includes(secret)), 'the history, at last')
    },
  )

  inTurn(
    `${name}: a link may be looked at twice, and is dead once it was used`,
    { ...only, expects: [410] },
    async (visit) => {
      const { page } = visit
      const link = await linkFor(visit, story)
      for (const _ of [1, 2]) {
        await page.goto(link)
        await arrive(page, story.set.title)
      }
      await setPassword(page, story)
      await arrive(page, story.done)
      await page.goto(link)
      await arrive(page, dead)
      await follow(page, 'Request New Link')
      await arrive(page, story.ask.title)
    },
  )

  const clock = testClock(Date.now())
  inTurn(`${name}: a link is dead when its time is over`, { ...only, clock, expects: [410] }, async (visit) => {
    const { page } = visit
    const link = await linkFor(visit, story)
    clock.turn({ seconds: story.flow.life - 1 })
    await page.goto(link)
    await arrive(page, story.set.title)
    clock.turn({ seconds: 2 })
    await page.goto(link)
    await arrive(page, dead)
  })

  inTurn(
    `${name}: an earlier link works beside a newer one until either is used`,
    { ...only, expects: [410] },
    async (visit) => {
      const { page } = visit
      const earlier = await linkFor(visit, story)
      const newer = await linkFor(visit, story)
      await page.goto(earlier)
      await arrive(page, story.set.title)
      await page.goto(newer)
      await arrive(page, story.set.title)
      await setPassword(page, story)
      await arrive(page, story.done)
      for (const link of [earlier, newer]) {
        await page.goto(link)
        await arrive(page, dead)
      }
    },
  )

  inTurn(`${name}: a link works in another browser than the one that asked`, only, async (visit) => {
    const other = await visit.another()
    await other.goto(await linkFor(visit, story))
    await arrive(other, story.set.title)
    await setPassword(other, story)
    await arrive(other, story.done)
  })

  const twoAccounts = { ...only, expects: [403, 410] }
  inTurn(`${name}: two tabs with two accounts set each its own password`, twoAccounts, async (visit) => {
    const { page, house, context, origin } = visit
    await house.account(bob)
    const first = page
    const [hers, his] = [await linkFor(visit, story), await linkFor(visit, story, bob)]
    const second = await context.newPage()
    await first.goto(hers)
    await second.goto(his)
    assert.match(await text(first), new RegExp(`For the account ${ada}`))
    assert.match(await text(second), new RegExp(`For the account ${bob}`))
    // A reload keeps each tab with its own account.
    await first.reload()
    assert.match(await text(first), new RegExp(`For the account ${ada}`))
    await setPassword(first, story, 'Only-Ada-2026!')
    await arrive(first, story.done)
    await setPassword(second, story, 'Only-Bob-2026!')
    await arrive(second, story.done)
    for (const [who, password] of [
      [ada, 'Only-Ada-2026!'],
      [bob, 'Only-Bob-2026!'],
    ] as const) {
      const tab = await visit.another()
      await tab.goto(origin + story.login)
      await logIn(tab, story, oldPassword, who)
      await tab.getByRole('alert').waitFor()
      await logIn(tab, story, password, who)
      await arrive(tab, 'Your account')
    }
  })

  inTurn(
    `${name}: "Back" after success brings no form with what was typed`,
    { ...only, expects: [410, 400] },
    async (visit) => {
      const { page } = visit
      await page.goto(await linkFor(visit, story))
      await setPassword(page, story)
      await arrive(page, story.done)
      for (const _ of [1, 2]) {
        await page.goBack()
        const values = await page
          .locator('input')
          .evaluateAll((inputs) => inputs.map((one) => (one as HTMLInputElement).value))
        assert.ok(!values.includes(newPassword), `no password at ${page.url()}`)
        assert.ok(!(await page.content()).includes(newPassword))
      }
      await page.goForward()
      assert.equal(await page.locator('input[type=password]').count(), 0, 'the form itself is gone')
    },
  )

  inTurn(`${name}: every step stands a reload`, { ...only, expects: [422] }, async (visit) => {
    const { page, origin, house } = visit
    const again = async (title: string): Promise<void> => {
      await arrive(page, title)
      await page.reload()
      await arrive(page, title)
    }
    await page.goto(origin + story.login)
    await again(story.loginTitle)
    await page.goto(origin + story.flow.routes.ask)
    await again(story.ask.title)
    await type(page, story.ask.label, ada)
    await press(page, story.ask.button)
    await again(story.sent)
    await house.recovery.worker.drain()
    assert.equal(house.box.letters.length, 1, 'a reload asks for nothing')
    await page.goto(linkOf(await house.letter()))
    await again(story.set.title)
    await setPassword(page, story, 'short')
    await page.getByRole('alert').waitFor()
    await again(story.set.title)
    await setPassword(page, story)
    await again(story.done)
    await house.recovery.worker.drain()
    assert.equal(house.box.letters.length, 2, 'one notice')
    await page.goto(origin + story.login)
    await logIn(page, story, newPassword)
    await again('Your account')
    await press(page, 'Log out')
    await again(story.loginTitle)
    assert.match(await text(page), /You are logged out\./)
  })
}

visit(
  'verified: without a token the page says what is missing',
  { flows: [flows.verified], expects: [400] },
  async (visit) => {
    const { page, origin } = visit
    await page.goto(`${origin}/reset-password/`)
    assert.equal(await heading(page), 'Missing reset token.')
    await follow(page, 'Request New Link')
    await arrive(page, stories.verified.ask.title)
  },
)

visit('A link cut short or altered says the same as a used one', { expects: [410] }, async (visit) => {
  const { page } = visit
  const link = await linkFor(visit, stories.classic)
  const pages: string[] = []
  for (const wrong of [link.slice(0, -6), link.replace(secretOf(link), 'A'.repeat(secretOf(link).length))]) {
    await page.goto(wrong)
    await arrive(page, dead)
    pages.push(await text(page))
  }
  await page.goto(link)
  await arrive(page, stories.classic.set.title)
  await setPassword(page, stories.classic)
  await arrive(page, stories.classic.done)
  await page.goto(link)
  pages.push(await text(page))
  assert.equal(new Set(pages).size, 1, 'one page for all')
})
