/**
 * What a page weighs and how soon it is there, on a phone of the slow kind and a slow line: whoever cannot log in is not
 * always at a desk. A real browser (a processor four times slower, 400 kbit/s, 400 ms a request, nothing cached) opens each
 * page of a real server. Lighthouse, installed for the occasion, looks at the same pages after that.
 */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { latchkey } from '../src/latchkey.ts'
import { inbox } from '../src/mail/inbox.ts'
import { memory } from '../src/stores/memory.ts'
import { systemClock } from '../src/system.ts'
import { startBrowser } from '../test/browser/chromium.ts'
import { median } from './tools/figures.ts'
import { freePort } from './tools/host.ts'
import { lighthouseOf, type Verdict } from './tools/lighthouse.ts'
import { options, report, tell } from './tools/report.ts'

const about = `Bytes, requests, script bytes, first paint and interactivity of each page on a slow phone, and what Lighthouse says
of it. Exit 1 when a page weighs more than 25 KB with all it loads, or needs 2 s or more until it is painted and works.`
const { rounds, lighthouse, bare } = options('pages', about, {
  rounds: ['times each page is opened', 5],
  lighthouse: ['the package to install for the scores', 'lighthouse@13.5.0'],
  bare: ['without Lighthouse, and so without the registry', false],
})

const password = 'Old-Kettle-17!'
const address = 'ada@example.com'

type Seen = {
  readonly bytes: number
  readonly requests: number
  readonly script: number
  readonly paint: number
  readonly works: number
}

/** A server on loopback with one account, and its letters. */
async function openServer() {
  let listener: RequestListener = (_, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => listener(request, response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const box = inbox(100)
  const recovery = latchkey({
    secret: 'a secret of a measure, of which nothing outside hangs',
    publicUrl: origin,
    store: memory(),
    mail: { inbox: box, from: 'App <no-reply@example.com>' },
    development: true,
    limits: 'off',
    log: () => {},
  })
  await recovery.ready()
  listener = (request, response) => recovery.node(request, response)
  const passwordHash = await recovery.hasher.hash(password)
  const row = { email: address, username: 'ada', passwordHash, verified: true, active: true }
  await recovery.accounts.add([row], systemClock.now())
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await recovery.close()
  }
  return { origin, box, recovery, close }
}

/** A slow phone on a slow line (Lighthouse's "Slow 3G"), or neither. */
async function slow(session: CDPSession, on: boolean): Promise<void> {
  const line = { latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 }
  const free = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 }
  await session.send('Network.emulateNetworkConditions', { offline: false, ...(on ? line : free) })
  await session.send('Emulation.setCPUThrottlingRate', { rate: on ? 4 : 1 })
}

/** Opens the page and tells what it took. */
async function open(page: Page, session: CDPSession, path: string): Promise<Seen> {
  await slow(session, true)
  const sizes: { bytes: number; isScript: boolean }[] = []
  const kinds = new Map<string, string>()
  const named = (event: { requestId: string; type?: string }): void => void kinds.set(event.requestId, event.type ?? '')
  const done = (event: { requestId: string; encodedDataLength: number }): void =>
    void sizes.push({ bytes: event.encodedDataLength, isScript: kinds.get(event.requestId) === 'Script' })
  session.on('Network.requestWillBeSent', named)
  session.on('Network.loadingFinished', done)
  await page.goto(path, { waitUntil: 'load' })
  const times = await page.evaluate(async () => {
    const paint = await new Promise<number>((found) => {
      new PerformanceObserver((list) => found(list.getEntriesByName('first-contentful-paint')[0]!.startTime)).observe({
        type: 'paint',
        buffered: true,
      })
    })
    const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
    // Scripts are modules: they have run when this event is over, and no other wait follows.
    return { paint, works: Math.max(paint, navigation!.domContentLoadedEventEnd) }
  })
  session.off('Network.requestWillBeSent', named)
  session.off('Network.loadingFinished', done)
  await slow(session, false)
  const own = sizes.filter(({ bytes }) => bytes > 0)
  return {
    ...times,
    bytes: own.reduce((sum, one) => sum + one.bytes, 0),
    requests: own.length,
    script: own.filter(({ isScript }) => isScript).reduce((sum, one) => sum + one.bytes, 0),
  }
}

const tableOf = (places: readonly (readonly [string, string])[], verdicts: readonly Verdict[]) => ({
  head: ['page', 'performance', 'accessibility', 'best practices', 'not passed'],
  rows: verdicts.map(({ scores, failed }, at) => [
    places[at]![0],
    ...[0, 1, 2].map((which) => String(scores[which] ?? '-')),
    failed.join(', '),
  ]),
})

/** Lighthouse opens a tab of its own in the browser's first context, which gets the cookies of the other. */
async function audit(browser: Browser, context: BrowserContext, port: number, urls: readonly string[]) {
  const look = await lighthouseOf(lighthouse, port)
  const session = await browser.newBrowserCDPSession()
  const cookies = (await context.cookies()).map(({ name, value, domain, path }) => ({ name, value, domain, path }))
  await session.send('Storage.setCookies', { cookies })
  const verdicts: Verdict[] = []
  for (const url of urls) {
    tell(`Lighthouse: ${new URL(url).pathname}`)
    verdicts.push(await look(url))
  }
  return verdicts
}

const server = await openServer()
const port = await freePort()
const browser = await startBrowser(bare ? [] : [`--remote-debugging-port=${port}`])
try {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  const ask = async (path: string, label: string): Promise<string> => {
    await page.goto(server.origin + path)
    await page.getByLabel(label, { exact: true }).fill(address)
    await page.locator('button[type=submit]').first().click()
    await page.waitForURL((url) => url.pathname !== path || url.search !== '')
    await server.recovery.worker.drain()
    for (let waited = 0; server.box.letters.length === 0 && waited < 100; waited++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return server.box.letters[0]!.text
  }
  const letter = await ask('/auth/password-reset/', 'Enter email address')
  await page.goto(/https?:\S+/.exec(letter)![0])
  const set = page.url()
  await ask('/accounts/password-reset-email/', 'Enter Email Address')
  const code = page.url()
  await page.goto(`${server.origin}/auth/login/`)
  await page.getByLabel('Email or user name').fill(address)
  await page.locator('#password').fill(password)
  await page.locator('button[type=submit]').click()
  await page.waitForURL(/account/)

  const places = [
    ['log-in', '/auth/login/'],
    ['ask', '/auth/password-reset/'],
    ['sent', '/auth/password-reset/done/'],
    ['code', code],
    ['new password', set],
    ['done', '/auth/password-reset-complete/'],
    ['dead link', '/auth/password-reset-confirm/MQ/old/'],
    ['account', '/account/'],
  ] as const
  const urls = places.map(([, path]) => new URL(path, server.origin).href)
  const rows: string[][] = []
  for (const [at, [name]] of places.entries()) {
    tell(name)
    const seen: Seen[] = []
    for (let round = 0; round < rounds; round++) seen.push(await open(page, session, urls[at]!))
    const of = (key: keyof Seen): number => median(seen.map((one) => one[key]))
    const held = of('bytes') <= 25 * 1024 && of('works') < 2000 && of('paint') < 2000
    const kb = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`
    const numbers = [kb(of('bytes')), String(of('requests')), kb(of('script'))]
    rows.push([name, ...numbers, `${of('paint').toFixed(0)} ms`, `${of('works').toFixed(0)} ms`, held ? 'yes' : 'NO'])
  }
  const verdicts = bare ? [] : await audit(browser, context, port, urls)
  report('pages', 'Pages on a slow phone', [
    `Medians of ${rounds}. Wanted: 25 KB at most in all, painted and working in under 2 s. "On the line": headers among it.`,
    { head: ['page', 'on the line', 'requests', 'script', 'first paint', 'works', 'held'], rows },
    ...(bare ? [] : [`${lighthouse} in its preset for phones; the best is 100.`, tableOf(places, verdicts)]),
  ])
  process.exitCode = rows.some((row) => row.at(-1) === 'NO') ? 1 : 0
} finally {
  await browser.close()
  await server.close()
}
