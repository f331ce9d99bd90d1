import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Page, Request } from 'playwright-core'
import {
  ada,
  arrive,
  ask,
  linkOf,
  listen,
  newPassword,
  oldPassword,
  setPassword,
  stories,
  text,
  type Visit,
  visit,
} from './harness.ts'

/** A page of somebody else that sends a form by itself. `host`: another site, or the same one on another port. */
type Trap = { host: '127.0.0.1' | 'localhost'; path: string; fields: Record<string, string>; sandboxed?: boolean }

/** Serves the trap, walks into it, and gives the post that it made. */
async function walkInto(visit: Visit, trap: Trap, page: Page = visit.page): Promise<Request> {
  const inputs = Object.entries(trap.fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
  const body = `<!doctype html><title>Trap</title><link rel="icon" href="data:,">
<form method="post" action="${visit.origin}${trap.path}">${inputs.join('')}</form>
<script>document.forms[0].submit()</script>`
  // Sandboxed, the page has no origin of its own: its posts say "Origin: null", as those of our own pages do.
  const policy = trap.sandboxed ? { 'content-security-policy': 'sandbox allow-forms allow-scripts' } : {}
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html', ...policy }).end(body),
  )
  const port = await listen(server)
  try {
    const posted = page.waitForRequest((request) => request.url() === visit.origin + trap.path)
    await page.goto(`http://${trap.host}:${port}/`, { waitUntil: 'commit' })
    const request = await posted
    await page.waitForURL(visit.origin + trap.path)
    return request
  } finally {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}

const story = stories.classic
const askPath = story.flow.routes.ask
const trapped = { expects: [403], trap: true } as const

for (const [what, host, sandboxed, site] of [
  ['another site', '127.0.0.1', false, 'cross-site'],
  ['another port of this host', 'localhost', false, 'same-site'],
  ['a page without an origin', '127.0.0.1', true, 'cross-site'],
] as const) {
  visit(`A form that ${what} sends by itself asks for nothing`, trapped, async (visit) => {
    const { page, house } = visit
    // The browser has been here and has its cookie.
    await page.goto(visit.origin + askPath)
    const before = await visit.context.cookies()
    const request = await walkInto(visit, { host, path: askPath, fields: { email: ada }, sandboxed })
    assert.equal((await request.response())?.status(), 403)
    const headers = await request.allHeaders()
    assert.equal(headers['sec-fetch-site'], site)
    if (sandboxed) assert.equal(headers.origin, 'null')
    await arrive(page, 'This form is no longer valid')
    await house.recovery.worker.drain()
    assert.equal(house.box.letters.length, 0, 'no letter left')
    assert.deepEqual(await visit.context.cookies(), before, 'no cookie of the visitor was touched')
  })
}

visit(
  'Another site can neither log a visitor in nor set a password for the link that is open',
  trapped,
  async (visit) => {
    const { page, house, origin, context } = visit
    await ask(visit, story)
    await page.goto(linkOf(await house.letter()))
    await arrive(page, story.set.title)
    const challenge = new URL(page.url()).searchParams.get('c') ?? ''
    const tab = await context.newPage()
    const fields = { challenge, new_password1: 'Set-By-Mallory-1!', new_password2: 'Set-By-Mallory-1!' }
    const set = await walkInto(
      visit,
      { host: '127.0.0.1', path: '/auth/password-reset-confirm/set-password/', fields },
      tab,
    )
    assert.equal((await set.response())?.status(), 403)
    const credentials = { username: ada, password: oldPassword }
    const login = await walkInto(visit, { host: '127.0.0.1', path: story.login, fields: credentials }, tab)
    assert.equal((await login.response())?.status(), 403)
    await tab.goto(`${origin}/account/`)
    await arrive(tab, story.loginTitle)
    // The visitor's own form is none the worse for it.
    await setPassword(page, story, newPassword)
    await arrive(page, story.done)
  },
)

visit('Our own forms say "Origin: null", since their pages tell no referrer, and are taken', {}, async (visit) => {
  const { page, house } = visit
  const posts: Request[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST') posts.push(request)
  })
  await ask(visit, story)
  await page.goto(linkOf(await house.letter()))
  await setPassword(page, story)
  await arrive(page, story.done)
  assert.equal(posts.length, 2)
  for (const post of posts) {
    const headers = await post.allHeaders()
    assert.equal(headers.origin, 'null')
    assert.equal(headers['sec-fetch-site'], 'same-origin')
    assert.equal(headers.referer, undefined)
    assert.equal((await post.response())?.status(), 303)
  }
  assert.doesNotMatch(await text(page), /no longer valid/)
})

visit(
  'No other site may frame a page',
  { trap: true, complaints: /frame-ancestors|net::ERR_BLOCKED_BY_RESPONSE/ },
  async (visit) => {
    const { page, origin } = visit
    const body = `<!doctype html><title>Trap</title><link rel="icon" href="data:,"><iframe src="${origin}/auth/login/"></iframe>`
    const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(body))
    const port = await listen(server)
    try {
      await page.goto(`http://127.0.0.1:${port}/`)
      assert.equal(await page.frameLocator('iframe').locator('form').count(), 0)
    } finally {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    }
  },
)
