/** How pages stand what readers do to them: forced colours, no motion, wider text, print, and the keyboard alone. */
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import {
  ada,
  arrive,
  ask,
  codeOf,
  linkOf,
  logIn,
  newPassword,
  oldPassword,
  type Story,
  stories,
  visit,
} from './harness.ts'

/** Goes on by the Tab key to the field, button or link of this name. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = []
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab')
    const label = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement
      const labels = element instanceof HTMLInputElement ? element.labels : null
      return (labels?.[0]?.innerText ?? element.innerText).trim()
    })
    if (label === name) return
    passed.push(label)
  }
  throw new Error(`The Tab key did not reach "${name}", only ${passed.join(' | ')}`)
}

/** Types into fields and sends their form by Enter, the keyboard alone. */
async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, value] of Object.entries(fields)) {
    await tabTo(page, label)
    await page.keyboard.press('ControlOrMeta+A')
    await page.keyboard.type(value)
  }
  await page.keyboard.press('Enter')
}

for (const story of [stories.stateless, stories.verified, stories.code] as readonly Story[]) {
  const isCode = story.flow.proof.kind === 'code'
  visit(`The flow ${story.flow.name} is walked by the keyboard alone`, { flows: [story.flow] }, async (visit) => {
    const { page, origin, house } = visit
    await page.goto(origin + story.login)
    await tabTo(page, story.forgot)
    await page.keyboard.press('Enter')
    await arrive(page, story.ask.title)
    await fill(page, { [story.ask.label]: ada })
    await arrive(page, story.sent)
    if (isCode) await fill(page, { 'Verification Code': codeOf(await house.letter()) })
    else await page.goto(linkOf(await house.letter()))
    await arrive(page, story.set.title)
    await fill(page, { [story.set.password]: newPassword, [story.set.confirm]: newPassword })
    await arrive(page, story.done)
  })
}

visit('One’s own password is changed and other sessions are ended by the keyboard alone', {}, async (visit) => {
  const { page, origin } = visit
  const story = stories.classic
  const other = await visit.another()
  for (const one of [other, page]) {
    await one.goto(origin + story.login)
    await logIn(one, story, oldPassword)
    await arrive(one, 'Your account')
  }
  await tabTo(page, 'End all other sessions')
  await page.keyboard.press('Enter')
  await page.getByText('All other sessions were ended.').first().waitFor()
  const both = { 'New Password': newPassword, 'Confirm Password': newPassword }
  await fill(page, { 'Current password': oldPassword, ...both })
  await page.getByText('Your password was changed.').first().waitFor()
  await other.goto(`${origin}/account/`)
  await arrive(other, story.loginTitle)
})

/** Wider lines, words and letters, as a reader may set them (WCAG 1.4.12). */
const spacing = `* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
  p { margin-block-end: 2em !important }`

/** Texts that run out of their boxes. */
const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('main *')]
      .filter(
        (one) => !one.closest('.unseen, [hidden]') && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0,
      )
      .filter((one) => getComputedStyle(one).overflowX !== 'visible' || one.scrollWidth > innerWidth)
      .map((one) => one.outerHTML.slice(0, 120)),
  )

visit('Forced colours, no motion, wider text and print take nothing away', { expects: [422] }, async (visit) => {
  const { page, house } = visit
  const story = stories.classic
  await ask(visit, story)
  await page.goto(linkOf(await house.letter()))
  await arrive(page, story.set.title)
  await page.getByLabel(story.set.password, { exact: true }).fill('abcdefgh')

  assert.deepEqual(
    await page.evaluate(() => document.getAnimations().length),
    0,
    'nothing moves where it is not wanted',
  )

  await page.emulateMedia({ forcedColors: 'active' })
  const seen = await page.evaluate(() =>
    ['.card', 'button[type=submit]', '#password', '#rules'].map((one) => {
      const { borderTopStyle, borderTopWidth } = getComputedStyle(document.querySelector(one)!)
      return `${one} ${borderTopStyle} ${Number.parseFloat(borderTopWidth) >= 1}`
    }),
  )
  assert.deepEqual(
    seen,
    ['.card', 'button[type=submit]', '#password', '#rules'].map((one) => `${one} solid true`),
    'what a ground set apart has an edge',
  )
  const tick = await page.evaluate(() => {
    const met = document.querySelector('#rules [data-state=met]')!
    return [getComputedStyle(met, '::before').backgroundColor, getComputedStyle(met, '::after').borderRightColor]
  })
  assert.notEqual(tick[0], tick[1], 'a tick can be told from its ring')
  await page.locator('#password').focus()
  const focus = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)
  assert.notEqual(focus, 'none')
  await page.emulateMedia({ forcedColors: 'none' })

  await page.setViewportSize({ width: 320, height: 640 })
  // Not as a style element: the pages' policy forbids those.
  await page.evaluate((text) => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    document.adoptedStyleSheets = [sheet]
  }, spacing)
  assert.deepEqual(await cutOff(page), [])
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320)

  await page.emulateMedia({ media: 'print' })
  assert.equal(await page.locator('h1').isVisible(), true)
  assert.equal(await page.locator('form').first().isVisible(), false, 'a form is of no use on paper')
})

visit('Caps Lock is told of while a password is typed', {}, async ({ page, origin }) => {
  const story = stories.classic
  await page.goto(origin + story.login)
  const hint = page.locator('.caps')
  const type = (on: boolean): Promise<void> =>
    page.locator('#password').evaluate((input, lock) => {
      const init = { key: 'A', bubbles: true, modifierCapsLock: lock }
      input.dispatchEvent(new KeyboardEvent('keydown', init))
    }, on)
  assert.equal(await hint.textContent(), '')
  await type(true)
  assert.equal(await hint.textContent(), 'Caps Lock is on.')
  await type(false)
  assert.equal(await hint.textContent(), '')
})
