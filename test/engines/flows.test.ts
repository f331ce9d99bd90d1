/**
 * The five flows from the mail's link to the log-in in engines that are not Chromium's, with scripts and without: what
 * one engine forgives another does not. `npm run test:firefox` and `npm run test:webkit`.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as flows from '../../src/flows/index.ts'
import {
  ada,
  codeOf,
  type House,
  type HouseOptions,
  linkOf,
  listen,
  newPassword,
  oldPassword,
  openHouse,
  type Story,
  secretOf,
  stories,
} from '../browser/harness.ts'
import { engines, type Opened } from './engines.ts'
import { enter, patiently, type Tab } from './tab.ts'
import { type Elsewhere, openElsewhere } from './watch.ts'

const name = process.env.ENGINE ?? 'firefox'
const engine = engines[name]
if (!engine) throw new Error(`ENGINE is "${name}"; there are ${Object.keys(engines).join(' and ')}.`)

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** What axe finds on the page as it stands, by rule and element. */
async function findingsOf(tab: Tab): Promise<string[]> {
  await tab.run(`if (!window.axe) { ${axe}; window.axe = axe }`)
  const look = `const done = arguments[arguments.length - 1]
    window.axe.run({ exclude: ['iframe'] }, { rules: { 'target-size': { enabled: true } } }).then(
      ({ violations, passes }) => done({ passed: passes.length, found: violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)) }),
      (error) => done({ passed: 0, found: [String(error)] }))`
  const { passed, found } = (await tab.runAsync(look)) as { passed: number; found: string[] }
  assert.ok(passed > 5 || found.length > 0, 'axe looked')
  return found
}

/** What runs over a narrow window; how narrow it gets is the window's to say. */
async function overflowOf(tab: Tab): Promise<string[]> {
  const width = await tab.resize(320, 740)
  const wide = (await tab.run('return document.documentElement.scrollWidth')) as number
  await tab.resize(1280, 800)
  return wide > width ? [`${wide} px in a window of ${width} px`] : []
}

for (const scripts of [true, false]) {
  const how = scripts ? 'with scripts' : 'without scripts'
  describe(`${name}, ${how}`, () => {
    let elsewhere: Elsewhere
    let opened: Opened
    before(async () => {
      elsewhere = await openElsewhere()
      opened = await engine({ proxy: elsewhere.port, scripts })
    })
    after(async () => {
      await opened?.close()
      await elsewhere?.close()
    })

    /** A story in the one tab, before a server of its own; fails on whatever the browser complains of or asks elsewhere. */
    const story = (title: string, options: HouseOptions, tell: (tab: Tab, house: House) => Promise<void>): void => {
      test(title, { timeout: 600_000 }, async () => {
        const house = await openHouse(options)
        const { tab } = opened
        const before = (await opened.complaints()).length
        try {
          await tab.forget()
          await tell(tab, house)
          assert.deepEqual((await opened.complaints()).slice(before), [], 'the browser complained')
          assert.deepEqual(elsewhere.asked, [], 'something was asked of another host')
        } finally {
          await house.close()
        }
      })
    }

    /** Looks at a page as a test of accessibility does; axe waits by timers, which stand still where scripts do. */
    const see = async (tab: Tab): Promise<void> => {
      const found = [...(scripts ? await findingsOf(tab) : []), ...(await overflowOf(tab))]
      assert.deepEqual(found, [], `at ${await tab.address()}`)
    }

    const setPassword = async (tab: Tab, { set }: Story, password = newPassword, confirm = password): Promise<void> => {
      await tab.type(set.password, password)
      // What estimates it is on its way; Firefox complains where a page is left before it came.
      if (scripts) await tab.says(/Strength: /)
      await tab.type(set.confirm, confirm, enter)
    }

    const logInAfter = async (tab: Tab, { username, logIn }: Story): Promise<void> => {
      await tab.type(username, ada)
      await tab.type('Password', oldPassword)
      await tab.press(logIn)
      await tab.refused()
      await tab.says(/wrong/)
      await see(tab)
      await tab.type(username, ada)
      await tab.type('Password', newPassword, enter)
      await tab.arrive('Your account')
      await tab.says(new RegExp(ada))
      await see(tab)
    }

    for (const one of [stories.classic, stories.stateless, stories.verified] as readonly Story[]) {
      const { flow } = one
      story(`the flow ${flow.name}, from "Forgot password?" to the account`, { flows: [flow] }, async (tab, house) => {
        await tab.go(house.origin + one.login)
        await see(tab)
        await tab.follow(one.forgot)
        await tab.arrive(one.ask.title)
        await see(tab)
        await tab.type(one.ask.label, ada, enter)
        await tab.arrive(one.sent)
        await see(tab)
        const link = linkOf(await house.letter())
        await tab.go(link)
        await tab.arrive(one.set.title)
        assert.ok(!(await tab.address()).includes(secretOf(link)), 'the address holds no secret')
        assert.equal(await tab.run('return document.referrer'), '')
        await tab.reload()
        await tab.arrive(one.set.title)
        await see(tab)
        await setPassword(tab, one, 'password', 'passwort')
        await tab.refused()
        await tab.says(/do not match/i)
        await see(tab)
        // Afresh, for "Back" to a page that answered a post is the browser's own affair.
        await tab.go(link)
        await tab.arrive(one.set.title)
        await setPassword(tab, one)
        await tab.arrive(one.done)
        await see(tab)
        await tab.back()
        const values = 'return [...document.querySelectorAll("input")].map((input) => input.value)'
        assert.ok(!((await tab.run(values)) as string[]).includes(newPassword), '"Back" brings no password')
        await tab.go(link)
        await tab.arrive('Invalid or expired link')
        await see(tab)
        await tab.go(house.origin + one.login)
        await logInAfter(tab, one)
      })
    }

    story('the flow code, its code typed in two groups', { flows: [flows.code] }, async (tab, house) => {
      const one = stories.code
      await tab.go(house.origin + one.flow.routes.ask)
      await tab.type(one.ask.label, ada)
      await tab.press(one.ask.button)
      await tab.arrive('Verify Code')
      await see(tab)
      const code = codeOf(await house.letter())
      await tab.type('Verification Code', code === '111111' ? '222222' : '111111', enter)
      await tab.refused()
      await tab.says(/Invalid or expired code/)
      await see(tab)
      await tab.type('Verification Code', `${code.slice(0, 3)} ${code.slice(3)}`, enter)
      await tab.arrive(one.set.title)
      await see(tab)
      await setPassword(tab, one)
      await tab.arrive(one.done)
      await logInAfter(tab, one)
    })

    if (scripts) {
      story('the flow spa, its front end', { flows: [flows.spa, flows.classic] }, async (tab, house) => {
        await tab.go(`${house.origin}/app/forgot-password`)
        await tab.arrive('Forgot your password?')
        await see(tab)
        await tab.type('Email address', ada, enter)
        await tab.arrive('Check your email')
        await see(tab)
        const link = linkOf(await house.letter())
        await tab.go(link)
        await tab.arrive('Choose a new password')
        assert.equal(await tab.address(), `${house.origin}/app/reset-password`)
        await tab.type('New password', newPassword)
        await tab.says(/5 of 6 met/)
        await tab.type('Confirm new password', newPassword)
        await tab.says(/6 of 6 met/)
        await see(tab)
        await tab.press('Reset password')
        await tab.arrive('Password changed')
        await see(tab)
        await tab.follow('Log in now')
        await tab.arrive('Log in')
        await tab.follow('Log in')
        await tab.arrive('Login')
        await logInAfter(tab, stories.classic)
      })
    } else {
      story('the front end of spa says what it needs', { flows: [flows.spa] }, async (tab, house) => {
        await tab.go(`${house.origin}/app/forgot-password`)
        await tab.says(/This page needs JavaScript to reset a password\./)
      })
    }

    // Last, for what it asks for stays on the list.
    test('a request elsewhere would have shown, and in Firefox a breach of a page’s policy', async () => {
      const { tab } = opened
      const before = (await opened.complaints()).length
      const server = createServer((_, response) => {
        response.setHeader('content-security-policy', "img-src 'self'")
        response.setHeader('content-type', 'text/html')
        response.end('<!doctype html><title>Trap</title><img alt="" src="http://elsewhere.invalid/image">')
      })
      await tab.go(`http://localhost:${await listen(server)}/`)
      await patiently(async () => {
        const complaints = (await opened.complaints()).slice(before).join('\n')
        if (name === 'firefox') assert.match(complaints, /Content.Security.Policy/i)
      }).finally(() => {
        server.closeAllConnections()
        server.close()
      })
      await tab.go('http://elsewhere.invalid/page').catch(() => undefined)
      assert.ok(elsewhere.asked.some((url) => url.includes('elsewhere.invalid/page')))
    })
  })
}
