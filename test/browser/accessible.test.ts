import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { ada, arrive, linkOf, newPassword, shown, stories, visit } from './harness.ts'
import { tours } from './tours.ts'

/** Rules on the frame of a page. A letter has none of its own: it stands in that of the mail program. */
const ofFrame = ['landmark-one-main', 'page-has-heading-one', 'region']
/** Rules whose verdict hangs on colours; the others need to be asked in one palette only. */
const ofColour = ['color-contrast', 'link-in-text-block']

const off = (rules: readonly string[]) => Object.fromEntries(rules.map((rule) => [rule, { enabled: false }]))

/** What axe answers, as far as it is looked at. */
type Verdict = {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[]
  passes: { id: string }[]
}
/** As it stands in the page, once it was put there. */
type WithAxe = typeof globalThis & { axe: { run(context: object, options: object): Promise<Verdict> } }

const source = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** What axe finds in both palettes, each finding with the piece of the page that it is about. */
async function findingsOf(page: Page, isLetter: boolean): Promise<string[]> {
  const found: string[] = []
  // Put into the page once for both, by hand: the package's own way puts half a megabyte into it for each.
  await page.evaluate(`if (!window.axe) { ${source} }`)
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    const options =
      colorScheme === 'dark'
        ? { runOnly: ofColour }
        : // Off by default, though WCAG 2.2 has it (2.5.8).
          { rules: { 'target-size': { enabled: true }, ...(isLetter ? off(ofFrame) : {}) } }
    // A letter's frame forbids scripts, axe's among them; each letter is looked at by itself.
    const { violations, passes } = await page.evaluate(
      (given) => (globalThis as WithAxe).axe.run({ exclude: ['iframe'] }, { ...given, iframes: false }),
      options,
    )
    assert.ok(
      passes.some(({ id }) => id === 'color-contrast'),
      'colours were looked at',
    )
    for (const { id, help, nodes } of violations) {
      for (const { html, failureSummary } of nodes)
        found.push(`${colorScheme}: ${id}: ${help}\n${html}\n${failureSummary}`)
    }
  }
  return found
}

/** How far the page runs over a window of 320 px, the width of 1280 px at a zoom of 400 % (WCAG 1.4.10). */
async function overflowOf(page: Page): Promise<string[]> {
  const before = page.viewportSize()!
  await page.setViewportSize({ width: 320, height: 640 })
  const over = await page.evaluate(() => {
    const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > 320.5)
    const { scrollWidth } = document.documentElement
    return scrollWidth > 320 ? [`${scrollWidth} px wide`, ...wide.map((one) => one.outerHTML.slice(0, 120))] : []
  })
  await page.setViewportSize(before)
  return over
}

/**
 * What a screen reader is not given that it needs, by the tree that the browser hands to one: where the page begins, what
 * each control is called, and, where something was refused, that it says so by itself.
 */
async function unheardOf(page: Page, what: string): Promise<string[]> {
  const tree = await page.locator('body').ariaSnapshot()
  const count = (line: RegExp): number => tree.match(new RegExp(line, 'gm'))?.length ?? 0
  const missed: string[] = []
  if (count(/^ *- main\b/) !== 1) missed.push('not one main part')
  if (count(/^ *- heading ".+" \[level=1\]/) !== 1) missed.push('not one heading of the first level')
  const nameless = count(/^ *- (textbox|button|link|combobox|checkbox)(?! (".|\/))/)
  if (nameless > 0) missed.push(`${nameless} controls without a name`)
  if (/refused|wrong|weak/.test(what) && count(/^ *- alert.*:/) === 0) missed.push('no alert')
  return missed.map((one) => `${one} in\n${tree}`)
}

for (const tour of tours) {
  visit(
    `Every page of the tour ${tour.name} is accessible in both palettes and at 320 px`,
    tour.options,
    async (visit) => {
      const findings: string[] = []
      await tour.walk(visit, async (page, what) => {
        const isLetter = tour.name === 'letters'
        const heard = isLetter ? [] : await unheardOf(page, what)
        const found = [...heard, ...(await findingsOf(page, isLetter)), ...(await overflowOf(page))]
        findings.push(...found.map((one) => `${tour.name}: ${what}: ${one}`))
      })
      assert.equal(findings.join('\n\n'), '')
    },
  )
}

/** Goes on by the Tab key to what has this name, and checks at each stop that one sees where one is. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = []
  for (let presses = 0; presses < 25; presses++) {
    await page.keyboard.press('Tab')
    const { label, seen } = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      const labels = element instanceof HTMLInputElement ? element.labels : null
      const label = (labels?.[0]?.innerText ?? element.innerText).trim()
      return { label, seen: outlineStyle !== 'none' && outlineWidth !== '0px' }
    })
    if (label !== '') assert.ok(seen, `"${label}" shows that it has the focus`)
    if (label === name) return
    passed.push(label)
  }
  throw new Error(`The Tab key did not reach "${name}", only ${passed.join(' | ')}`)
}

visit(
  'The whole way by the keyboard alone, from "Forgot password?" to the account',
  { expects: [422] },
  async (visit) => {
    const { page, origin, house } = visit
    const story = stories.classic
    await page.goto(origin + story.login)
    await tabTo(page, story.forgot)
    await page.keyboard.press('Enter')
    await arrive(page, story.ask.title)
    await tabTo(page, story.ask.label)
    await page.keyboard.type(ada)
    await page.keyboard.press('Enter')
    await arrive(page, story.sent)

    await page.goto(linkOf(await house.letter()))
    await arrive(page, story.set.title)
    await tabTo(page, story.set.password)
    await page.keyboard.type('password')
    await tabTo(page, story.set.confirm)
    await page.keyboard.type('password')
    await tabTo(page, story.set.button)
    await page.keyboard.press('Space')
    await page.getByRole('alert').waitFor()
    // The focus is on what was refused; its first link leads to the field.
    await tabTo(page, 'This password is on the list of those that are guessed first. Choose another.')
    await page.keyboard.press('Enter')
    assert.equal(await page.locator('#password').evaluate((element) => element === document.activeElement), true)
    await page.keyboard.type(newPassword)
    await tabTo(page, 'Show password')
    await page.keyboard.press('Enter')
    assert.equal(await page.locator('#password').inputValue(), newPassword)
    assert.equal(await page.locator('#password').getAttribute('type'), 'text')
    await tabTo(page, story.set.confirm)
    await page.keyboard.type(newPassword)
    await page.keyboard.press('Enter')
    await arrive(page, story.done)
    await tabTo(page, 'Continue to Login')
    await page.keyboard.press('Enter')
    await arrive(page, story.loginTitle)
    await tabTo(page, story.username)
    await page.keyboard.type(ada)
    await tabTo(page, 'Password')
    await page.keyboard.type(newPassword)
    await page.keyboard.press('Enter')
    await arrive(page, 'Your account')
    assert.match(await shown(page.locator('main')), new RegExp(ada))
  },
)
