/** Steps that the stories share: people, what a page says, forms sent without following, and log-ins. */
import assert from 'node:assert/strict'
import type { Flow } from '../../src/engine/flow.ts'
import type { Mail } from '../../src/engine/ports.ts'
import { hasPages, type PagesFlow } from '../../src/http/routes.ts'
import { formIn, linkIn, type Page, type TestBrowser, type TestRecovery } from '../../src/testing/index.ts'

export const origin = 'https://app.example.com'
/** The passwords of before and after; both keep every flow's rules. */
export const before = 'Old-Kettle-17!'
export const after = 'New-Harbour-83?'

export const ana = 'ana@example.org'
export const anasName = 'ana_keller'
export const nobody = 'nobody@example.org'

const sameOrigin = { 'sec-fetch-site': 'same-origin' }

let hash: Promise<string> | null = null

/** Adds an account whose password is `before`; hashed once a file, for hashing is slow on purpose. */
export async function person(
  recovery: TestRecovery,
  email: string,
  more: { username?: string | null; verified?: boolean; active?: boolean } = {},
): Promise<void> {
  hash ??= recovery.hasher.hash(before)
  const { username = null, verified = true, active = true } = more
  const row = { email, username, passwordHash: await hash, verified, active }
  const { taken } = await recovery.accounts.add([row], recovery.clock.now())
  assert.deepEqual(taken, [])
}

/** Ana, with her user name. */
export const anaIn = (recovery: TestRecovery): Promise<void> => person(recovery, ana, { username: anasName })

let networks = 0
/** A browser in a network where nobody has been. */
export function stranger(recovery: TestRecovery): TestBrowser {
  networks++
  return recovery.browser({ address: `198.51.${Math.floor(networks / 250)}.${networks % 250}` })
}

/** What a page or a letter's HTML says, as it is read. */
export const read = (html: string): string =>
  html
    .replaceAll(/<head[\s\S]*?<\/head>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')

/** That the page has this status and says each of these. */
export function sees(page: Page, status: number, ...sentences: string[]): void {
  const said = read(page.text)
  assert.equal(page.status, status, said)
  for (const sentence of sentences) assert.ok(said.includes(sentence), `"${sentence}" is not in: ${said}`)
}

/** That the page says none of these. */
export function seesNot(page: Page, ...sentences: string[]): void {
  const said = read(page.text)
  for (const sentence of sentences) assert.ok(!said.includes(sentence), `"${sentence}" is in: ${said}`)
}

/** Where the link or button with this label leads. */
export function linkTo(page: Page, label: string): string | null {
  for (const [, attributes = '', inner = ''] of page.text.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/g)) {
    if (read(inner).trim() === label) return /href="([^"]*)"/.exec(attributes)?.[1]?.replaceAll('&amp;', '&') ?? null
  }
  return null
}

/** The names of the fields that a visitor fills in, in order. */
export const fieldsOf = (page: Page): string[] =>
  [...page.text.matchAll(/<input\b([^>]*)>/g)]
    .map(([, attributes = '']) => attributes)
    .filter((attributes) => !/type="hidden"| hidden\b/.test(attributes))
    .map((attributes) => /name="([^"]*)"/.exec(attributes)?.[1] ?? '')

/** Opens the page, fills its form (the one whose action is `action`) and sends it; does not follow. */
export async function send(
  browser: TestBrowser,
  path: string,
  fields: Record<string, string>,
  action?: string,
): Promise<Page> {
  const page = await browser.get(path)
  const form = formIn(page.text, action)
  assert.ok(form, `no form on ${path} (${page.status}): ${read(page.text)}`)
  return browser.post(form.action, { ...form.fields, ...fields }, sameOrigin)
}

/** Sends a form as a script does that has opened no page. */
export const sendBlind = (browser: TestBrowser, path: string, fields: Record<string, string>): Promise<Page> =>
  browser.post(path, fields)

/** Asks for a letter by the flow's own page, or its front end's request. Does not follow. */
export function ask(browser: TestBrowser, flow: Flow, address: string): Promise<Page> {
  if (hasPages(flow)) return send(browser, flow.routes.ask, { [flow.fields.email]: address })
  const body = JSON.stringify({ email: address })
  return browser.post(flow.routes.ask, body, { 'content-type': 'application/json' })
}

/** Asks, and gives the letter that comes of it; fails when none comes. */
export async function letterFor(
  recovery: TestRecovery,
  flow: Flow,
  address: string,
  browser = stranger(recovery),
): Promise<Mail> {
  // What is still due first: a notice is a letter too.
  await recovery.mail()
  const had = recovery.letters.length
  const page = await ask(browser, flow, address)
  await recovery.mail()
  assert.equal(recovery.letters.length, had + 1, `one letter (the ask was answered ${page.status})`)
  return recovery.letters[0]!
}

/** How many letters leave while something is done. */
export async function lettersDuring(recovery: TestRecovery, work: () => Promise<unknown>): Promise<number> {
  await recovery.mail()
  const had = recovery.letters.length
  await work()
  await recovery.mail()
  return recovery.letters.length - had
}

/** The path of a letter's link, and the token in it. */
export function linkOf(mail: Mail): { path: string; token: string } {
  const url = new URL(linkIn(mail))
  assert.equal(url.origin, origin)
  const token = url.searchParams.get('token') ?? url.pathname.split('/').findLast(Boolean) ?? ''
  return { path: url.pathname + url.search, token }
}

/** Opens a letter's link: where it leads, without the secret. */
export async function openLink(browser: TestBrowser, path: string): Promise<string> {
  const page = await browser.look(path)
  assert.equal(page.status, 303, read(page.text))
  return page.location!
}

/** The two fields of a new password. */
export const twice = (flow: Flow, password: string, confirm = password): Record<string, string> => ({
  [flow.fields.password]: password,
  [flow.fields.confirm]: confirm,
})

/** Asks, opens the link and sets the password, all in one browser; answers what the last post gave. */
export async function resetByLink(
  recovery: TestRecovery,
  flow: PagesFlow,
  address: string,
  password: string,
  browser = stranger(recovery),
): Promise<Page> {
  const { path } = linkOf(await letterFor(recovery, flow, address, browser))
  return send(browser, await openLink(browser, path), twice(flow, password))
}

/** Logs in by a flow's log-in page; does not follow. */
export const logIn = (browser: TestBrowser, path: string, username: string, password: string): Promise<Page> =>
  send(browser, path, { username, password })

/** Whether these open a session, by this log-in page. */
export async function logsIn(
  recovery: TestRecovery,
  path: string,
  username: string,
  password: string,
): Promise<boolean> {
  const page = await logIn(stranger(recovery), path, username, password)
  assert.ok(page.status === 303 || page.status === 403, read(page.text))
  return page.status === 303
}

/** Whether the browser is signed in. */
export const isSignedIn = async (browser: TestBrowser): Promise<boolean> =>
  (await browser.look('/account/')).status === 200

/** That the new password logs in, by address and by user name, and that the old one does not. */
export async function onlyTheNewOneLogsIn(recovery: TestRecovery, path: string): Promise<void> {
  assert.equal(await logsIn(recovery, path, ana, after), true)
  assert.equal(await logsIn(recovery, path, anasName, after), true)
  const refused = await logIn(stranger(recovery), path, ana, before)
  sees(refused, 403, 'Email, user name or password is wrong.')
}

/** That a page's address without its slash is led to the one with it, 308 and stored nowhere. */
export async function isLedToItsSlash(browser: TestBrowser, path: string): Promise<void> {
  const bare = await browser.look(path.replace(/\/$/, ''))
  assert.deepEqual([path, bare.status, bare.location], [path, 308, path])
  assert.equal(bare.headers.get('cache-control'), 'no-store')
  const posted = await browser.post(`${path.replace(/\/$/, '')}?a=b`, 'x=y')
  assert.deepEqual([posted.status, posted.location], [308, `${path}?a=b`])
}

/** A link that opens nothing: one page for all reasons, with the way to a new one. */
export function isDeadLink(page: Page, flow: PagesFlow): void {
  sees(page, 410, 'Invalid or expired link', 'Request New Link')
  assert.equal(linkTo(page, 'Request New Link'), flow.routes.ask)
}

/** A proof's end: the page that sends one back to the start. */
export function isSessionExpired(page: Page, flow: PagesFlow): void {
  sees(page, 410, 'Session expired', 'Please start the password reset process again', 'Start Over')
  assert.equal(linkTo(page, 'Start Over'), flow.routes.ask)
}
