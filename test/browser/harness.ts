/**
 * A visitor with a real browser before a real server. Every test gets a recovery of its own on SQLite, on a port of its
 * own, and a browser context of its own, so that no test meets the counts, letters or cookies of another.
 *
 * Each visit is watched: whatever the browser complains of (an error in the console, an exception, a breach of the
 * content policy), whatever it asks of another origin, and whatever answer of 400 and above the test did not announce
 * fails the test, even where all that was looked for was found.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, BrowserContextOptions, FrameLocator, Locator, Page } from 'playwright-core'
import { own } from '../../src/accounts/own.ts'
import type { Clock, Mail } from '../../src/engine/ports.ts'
import * as flows from '../../src/flows/index.ts'
import { latchkey, type Recovery } from '../../src/latchkey.ts'
import { type Inbox, inbox } from '../../src/mail/inbox.ts'
import type { Options } from '../../src/options.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { systemClock } from '../../src/system.ts'
import { startBrowser } from './chromium.ts'

/** The password of before and the one of after; both keep every flow's rules. */
export const oldPassword = 'Old-Kettle-17!'
export const newPassword = 'New-Harbour-83?'
/** Whose password it is, where a test needs one account only. */
export const ada = 'ada@example.com'

const failures = fileURLToPath(new URL('./failures/', import.meta.url))

let shared: Promise<Browser> | null = null
const browser = (): Promise<Browser> => {
  shared ??= startBrowser()
  return shared
}
after(async () => (await shared)?.close())

/** A running server and what stands behind it. */
export type House = {
  readonly origin: string
  readonly recovery: Recovery
  readonly box: Inbox
  /** Adds an account with `oldPassword`, confirmed and active. */
  account(email: string, username?: string): Promise<void>
  /** Gives Ada's address to further accounts, as other systems' tables allow. */
  share(...usernames: string[]): Promise<void>
  /** Sends what is due, then gives the newest letter to this address. */
  letter(to?: string): Promise<Inbox['letters'][number]>
  close(): Promise<void>
}

/** What a test may set. */
export type HouseOptions = Partial<Pick<Options, 'flows' | 'limits' | 'demonstration' | 'captcha'>> & {
  readonly clock?: Clock
}

/** A server on a port that is free, with an account for Ada. */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-browser-'))
  let listener: RequestListener = (_, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => listener(request, response))
  const origin = `http://localhost:${await listen(server)}`
  const box = inbox(1_000)
  const clock = options.clock ?? systemClock
  const store = sqlite(join(folder, 'app.db'))
  await store.migrate(own, true)
  const recovery = latchkey({
    secret: 'a secret of a test, of which nothing outside hangs',
    publicUrl: origin,
    mail: { inbox: box, from: 'App <no-reply@example.com>' },
    development: true,
    log: ({ level, message, ...fields }) => {
      if (level === 'error') process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
    },
    ...options,
    store,
  })
  await recovery.ready()
  listener = (request, response) => recovery.node(request, response)
  const account: House['account'] = async (email, username) => {
    const passwordHash = await recovery.hasher.hash(oldPassword)
    const row = { email, username: username ?? null, passwordHash, verified: true, active: true }
    await recovery.accounts.add([row], clock.now())
  }
  await account(ada, 'ada')
  return {
    origin,
    recovery,
    box,
    account,
    async share(...usernames) {
      for (const username of usernames) await account(`${username}@example.com`, username)
      const db = new DatabaseSync(join(folder, 'app.db'), { timeout: 5_000 })
      db.exec(`DROP INDEX latchkey_users_email; UPDATE users SET email = '${ada}'`)
      db.close()
    },
    async letter(to = ada) {
      const found = await eventually(`a letter to ${to}`, () => box.letters.find((one) => one.to === to) ?? null)
      return found
    },
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      await recovery.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Listens on loopback and tells the port. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

/** What `look` finds, once it finds something; twenty seconds at most. */
export async function eventually<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    const found = await look()
    if (found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`Twenty seconds went by without ${what}.`)
}

/** What a visit is given. */
export type Visit = {
  readonly house: House
  readonly origin: string
  readonly page: Page
  readonly context: BrowserContext
  /** Another browser, with cookies of its own; watched alike. */
  another(): Promise<Page>
  /** Every request of every page, in order: where it went and what referrer it told. */
  readonly asked: readonly { readonly url: string; readonly referrer: string | null; readonly body: string | null }[]
}

/** What a visit may set. `expects`: statuses of 400 and above that belong to the story. */
export type VisitOptions = HouseOptions & {
  readonly width?: number
  readonly scripts?: boolean
  readonly dark?: boolean
  readonly expects?: readonly number[]
  /** Whether the story leads over a page of another origin on this machine. */
  readonly trap?: boolean
  /** What the browser is to complain of. */
  readonly complaints?: RegExp
}

/**
 * Whether each story is told in every way that there is; else in one or two of them. Why: a page costs a browser half a
 * second of a core, and what differs between the ways is told by the walks besides. `npm run test:long` tells all.
 */
export const inEveryWay = process.env.TEST_EVERY_WAY !== undefined

/** Declares a test that visits; on failure a picture of each page is left in `test/browser/failures/`. */
export function visit(name: string, options: VisitOptions, body: (visit: Visit) => Promise<void>): void {
  test(name, { timeout: 300_000 }, async () => {
    const house = await openHouse(options)
    const contexts: BrowserContext[] = []
    const complaints: string[] = []
    const asked: { url: string; referrer: string | null; body: string | null }[] = []
    const { width = 1280, scripts = true, dark = false, expects = [], trap = false } = options
    const open = async (): Promise<BrowserContext> => {
      const settings: BrowserContextOptions = {
        viewport: { width, height: width < 600 ? 740 : 800 },
        javaScriptEnabled: scripts,
        colorScheme: dark ? 'dark' : 'light',
        locale: 'en-GB',
        reducedMotion: 'reduce',
      }
      const context = await (await browser()).newContext(settings)
      context.setDefaultTimeout(20_000)
      watch(context, trap ? /^http:\/\/(localhost|127\.0\.0\.1):\d+$/ : house.origin, expects, complaints, asked)
      contexts.push(context)
      return context
    }
    try {
      const context = await open()
      const page = await context.newPage()
      const another = async (): Promise<Page> => (await open()).newPage()
      await body({ house, origin: house.origin, page, context, another, asked })
      const { complaints: meant } = options
      assert.deepEqual(meant ? complaints.filter((one) => !meant.test(one)) : complaints, [], 'the browser complained')
      if (meant) assert.ok(complaints.length > 0, `the browser was to complain of ${meant}`)
    } catch (error) {
      await takePictures(name, contexts)
      if (error instanceof Error && complaints.length > 0)
        error.message += `\nThe browser complained:\n${complaints.join('\n')}`
      throw error
    } finally {
      for (const context of contexts) await context.close()
      await house.close()
    }
  })
}

function watch(
  context: BrowserContext,
  origin: string | RegExp,
  expects: readonly number[],
  complaints: string[],
  asked: { url: string; referrer: string | null; body: string | null }[],
): void {
  context.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    // Of each answer of 400 and above; those are judged below, by their status.
    if (/^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())) return
    complaints.push(`console: ${message.text()}`)
  })
  context.on('weberror', (error) => void complaints.push(`exception: ${error.error().message}`))
  context.on('request', (request) => {
    const url = request.url()
    asked.push({ url, referrer: request.headers().referer || null, body: request.postData() })
    const from = new URL(url).origin
    if (url.startsWith('data:') || (typeof origin === 'string' ? from === origin : origin.test(from))) return
    complaints.push(`request to elsewhere: ${url}`)
  })
  context.on('response', (response) => {
    if (response.status() < 400 || expects.includes(response.status())) return
    complaints.push(`status ${response.status()}: ${response.url()}`)
  })
  context.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText
    // The page was left before it had all it asked for.
    if (reason !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()} ${reason}`)
  })
}

async function takePictures(name: string, contexts: readonly BrowserContext[]): Promise<void> {
  mkdirSync(failures, { recursive: true })
  let count = 0
  for (const page of contexts.flatMap((context) => context.pages())) {
    const file = `${name.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 120)}-${++count}.png`
    await page
      .screenshot({ path: join(failures, file), fullPage: true })
      .then(() => process.stderr.write(`${page.url()} is shown in test/browser/failures/${file}\n`))
      .catch(() => undefined)
  }
}

/** What is to be seen of an element, waited for. */
export async function shown(place: Locator): Promise<string> {
  await place.first().waitFor()
  return (await place.allInnerTexts()).join('\n')
}

/** The heading of the page. */
export const heading = (page: Page): Promise<string> => shown(page.locator('h1'))

/** Waits until the page has this heading; the error tells which one it has. */
export async function arrive(page: Page, title: string): Promise<void> {
  const headings = page.getByRole('heading', { level: 1, name: title, exact: true })
  try {
    await headings.waitFor()
  } catch {
    assert.equal(await heading(page).catch(() => '(no heading)'), title, `at ${page.url()}`)
  }
}

/** What the page shows as text. */
export const text = (page: Page | FrameLocator): Promise<string> => shown(page.locator('body'))

/** Presses the button of the name. */
export const press = (page: Page | FrameLocator, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click()

/** Follows the link of the name. */
export const follow = (page: Page | FrameLocator, name: string): Promise<void> =>
  page.getByRole('link', { name, exact: true }).first().click()

/** Types into the field of the label. */
export const type = (page: Page, label: string, value: string): Promise<void> =>
  page.getByLabel(label, { exact: true }).fill(value)

/** The link in a letter's text. */
export const linkOf = (mail: Mail): string => /https?:\/\/\S+/.exec(mail.text)?.[0] ?? ''

/** The code in a letter's text. */
export const codeOf = (mail: Mail): string => /^\d{6}$/m.exec(mail.text)?.[0] ?? ''

/** The secret part of a letter's link: the longest piece of its path and query. */
export const secretOf = (link: string): string =>
  link.split(/[/?=&]/).reduce((longest, piece) => (piece.length > longest.length ? piece : longest), '')

/** Where a flow begins and ends, and what its pages are called. */
export type Story = {
  readonly flow: (typeof flows)[keyof typeof flows]
  /** Where its log-in page is; null where the flow has none of its own. */
  readonly login: string
  readonly loginTitle: string
  readonly logIn: string
  readonly username: string
  readonly forgot: string
  readonly ask: { readonly title: string; readonly label: string; readonly button: string }
  readonly sent: string
  readonly set: { readonly title: string; readonly password: string; readonly confirm: string; readonly button: string }
  readonly done: string
}

const classic: Story = {
  flow: flows.classic,
  login: '/auth/login/',
  loginTitle: 'Login',
  logIn: 'Log in',
  username: 'Email or user name',
  forgot: 'Forgot password?',
  ask: { title: 'Reset Your Password', label: 'Enter email address', button: 'Send Reset Link' },
  sent: 'Check your email',
  set: { title: 'Set new password', password: 'New Password', confirm: 'Confirm Password', button: 'Reset Password' },
  done: 'Password updated',
}

/** The flows with pages, by name. */
export const stories = {
  classic,
  stateless: {
    ...classic,
    flow: flows.stateless,
    login: '/login/',
    forgot: 'Forgot Password?',
    ask: { title: 'Forgot Password?', label: 'Email', button: 'Send Reset Link' },
    set: { ...classic.set, title: 'Set a New Password', button: 'Change Password' },
    done: 'Password reset successful',
  },
  code: {
    ...classic,
    flow: flows.code,
    login: '/accounts/login/',
    loginTitle: 'Sign In',
    logIn: 'Sign In',
    username: 'Email/Username',
    forgot: 'Forgot Password?',
    ask: { title: 'Request Password Reset', label: 'Enter Email Address', button: 'Send Verification Code' },
    sent: 'Verify Code',
    set: { ...classic.set, title: 'Set New Password', button: 'Set New Password' },
    done: 'Login with New Password',
  },
  verified: {
    ...classic,
    flow: flows.verified,
    login: '/login/',
    forgot: 'Forgot Password?',
    ask: { title: 'Forgot Password?', label: 'Email', button: 'Send Reset Link' },
    set: { ...classic.set, title: 'Reset Password' },
    done: '✅ Password reset successful.',
  },
} as const satisfies Record<string, Story>

/** Asks for a reset at the flow's own page and arrives where it says to look for the letter. */
export async function ask({ page, origin }: Visit, story: Story, email = ada): Promise<void> {
  await page.goto(origin + story.flow.routes.ask)
  await type(page, story.ask.label, email)
  await press(page, story.ask.button)
  await arrive(page, story.sent)
}

/** Types the new password twice and sends it. */
export async function setPassword(page: Page, story: Story, password = newPassword, confirm = password): Promise<void> {
  await type(page, story.set.password, password)
  await type(page, story.set.confirm, confirm)
  await press(page, story.set.button)
}

/** Logs in at the flow's page, whatever comes of it. */
export async function logIn(page: Page, story: Story, password: string, name: string = ada): Promise<void> {
  await type(page, story.username, name)
  await type(page, 'Password', password)
  await press(page, story.logIn)
}
