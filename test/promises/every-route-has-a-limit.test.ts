/**
 * The route that was forgotten is the one that gets guessed at: ZITADEL limited its log-in page and not its newer APIs
 * (CVE-2025-64102), and a limit that is switched on route by route is missing on the next one. So the routes are taken from
 * the router itself: each that takes a POST, and each GET that holds a secret, is declared here with its limit, is sent
 * what a stranger would send, over and over, and must come to its limit and then cost nothing. A route that nobody declared
 * fails, whatever it does.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setCaptcha } from '../../src/captcha/set.ts'
import type { Flow } from '../../src/engine/flow.ts'
import type { LimitName } from '../../src/engine/limits.ts'
import { code, verified } from '../../src/flows/index.ts'
import { hasPages, isCode } from '../../src/http/routes.ts'
import type { TestBrowser } from '../../src/testing/index.ts'
import { after, allFlows, type Bench, before, eventsOf, freshAddress, openBench, person, stranger } from './kit.ts'

type Send = (browser: TestBrowser) => Promise<{ status: number }>
/** `null`: nothing is compared that can be guessed and nothing is written, however often. */
type Declared = {
  readonly limit: LimitName | null
  readonly send: Send
  /** What must be set up first. */
  readonly prepare?: (bench: Bench) => Promise<unknown>
}

const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const owner = 'ana@example.org'
/** As long as a real one of each kind, and opens nothing. */
const token = 'x'.repeat(65)
const grant = 'x'.repeat(90)
const refused = 'refused-proofs-per-network'

const form =
  (path: string, fields: Record<string, string>): Send =>
  (browser) =>
    browser.post(path, fields, sameOrigin)
const json =
  (path: string, body: object): Send =>
  (browser) =>
    browser.json(path, body)
const get =
  (path: string): Send =>
  (browser) =>
    browser.look(path)

const filled = (pattern: string): string => pattern.replace(':uid', 'MQ').replace(':token', token)
const bare = (pattern: string): string => pattern.replace(/(.)\/$/, '$1')

/** A grant that is none, in its cookie. */
const withGrant =
  (path: string, fields: Record<string, string>): Send =>
  (browser) => {
    browser.jar.set('__Host-lk_grant_stranger', grant)
    return browser.post(path, { challenge: 'stranger', ...fields }, sameOrigin)
  }

function ofFlow(flow: Flow): Record<string, Declared> {
  const { fields, name } = flow
  const both = { [fields.password]: after, [fields.confirm]: after }
  const api = (verb: string): string => `/api/flows/${name}/${verb}/`
  const proof =
    flow.proof.kind === 'code' ? { flow_id: 'x'.repeat(22), email: owner, code: '123456' } : { token, uid: 'MQ' }
  const routes: Record<string, Declared> = {
    [`POST ${api('request')}`]: { limit: 'asks-per-caller', send: json(api('request'), { email: owner }) },
    [`POST ${api('prove')}`]: { limit: refused, send: json(api('prove'), proof) },
    [`POST ${api('change')}`]: { limit: refused, send: json(api('change'), { grant, password: after }) },
  }
  if (!hasPages(flow)) {
    const { ask, change } = flow.routes
    routes[`POST ${ask}`] = { limit: 'asks-per-caller', send: json(ask, { email: owner }) }
    routes[`POST ${change}`] = { limit: refused, send: json(change, { token, new_password: after }) }
    return routes
  }
  const { ask, link, login, set } = flow.routes
  routes[`POST ${login}`] = {
    limit: 'log-ins-per-account',
    send: form(login, { username: owner, password: 'Wrong-Guess-55!' }),
  }
  routes[`POST ${ask}`] = { limit: 'asks-per-caller', send: form(ask, { [fields.email]: owner }) }
  routes[`POST ${set}`] = { limit: refused, send: withGrant(set, both) }
  for (const path of link) {
    const query = path.includes(':token') ? '' : `?${fields.token}=${token}`
    routes[`GET ${path}`] = { limit: refused, send: get(filled(path) + query) }
    // In the query it is the page's own post, with the token as a field.
    routes[`POST ${path}`] = {
      limit: refused,
      send: form(filled(path), query ? { ...both, [fields.token]: token } : both),
    }
  }
  if (isCode(flow)) {
    const typed = { [fields.email]: owner, [fields.code]: '123456' }
    routes[`POST ${flow.routes.code}`] = { limit: refused, send: form(flow.routes.code, typed) }
  }
  return routes
}

const declared = new Map<string, Declared>(
  Object.entries({
    ...Object.assign({}, ...allFlows.map(ofFlow)),
    // A session's cookie is 256 bits and is looked up by its digest; ending none writes nothing.
    'POST /captcha/:form/': {
      limit: refused,
      send: form('/captcha/request/', { captcha: '', 'cf-turnstile-response': 'x'.repeat(40) }),
      prepare: async ({ kit, clock }: Bench) => {
        await setCaptcha(kit, 'request', { provider: 'turnstile', siteKey: 'site', secret: 'secret', outage: 'refuse' })
        clock.turn({ seconds: 1 })
      },
    },
    // The front end's page, the same for every token, which its server never looks at.
    'GET /app/reset-password/:token': { limit: null, send: get(filled('/app/reset-password/:token')) },
    // Without a session nothing is compared; with one the current password is, under the limits of a log-in.
    'POST /account/': {
      limit: 'log-ins-per-device',
      prepare: (bench: Bench) => person(bench, owner),
      send: async (browser: TestBrowser) => {
        if (!browser.jar.has('__Host-lk_session')) {
          await browser.post('/login/', { username: owner, password: before }, sameOrigin)
        }
        const guess = { current_password: 'Wrong-Guess-55!', new_password: after, confirm_password: after }
        return browser.post('/account/', guess, sameOrigin)
      },
    },
    'POST /account/sessions/': { limit: null, send: form('/account/sessions/', { session: '' }) },
    'POST /logout/': { limit: null, send: form('/logout/', {}) },
  }).map(([route, one]) => [bare(route), one as Declared]),
)

/** Routes of the router that take this method, as `METHOD pattern`; those that only lead to their slash left out. */
async function routesOf(bench: Bench, method: 'GET' | 'POST'): Promise<string[]> {
  const found: string[] = []
  for (const pattern of bench.paths) {
    const path = filled(pattern).replaceAll(/:\w+/g, 'x')
    const browser = stranger(bench)
    const { status } = method === 'GET' ? await browser.look(path) : await browser.post(path, {}, sameOrigin)
    if (status !== 405 && status !== 308) found.push(`${method} ${bare(pattern)}`)
  }
  return [...new Set(found)]
}

/** Does it again until its limit is crossed; then ten more cost not one event. */
async function comesToItsLimit(bench: Bench, { limit, send }: Declared): Promise<void> {
  const browser = bench.browser({ address: freshAddress() })
  const events = async () => (await eventsOf(bench)).length
  const crossings = async () =>
    (await eventsOf(bench)).filter(({ name, because }) => name === 'limit.crossed' && because === limit).length
  const crossed = await crossings()
  for (let count = 0; limit !== null && count < 110 && (await crossings()) === crossed; count++) await send(browser)
  // By browser and by network at once, where both are counted.
  assert.ok(limit === null || (await crossings()) > crossed, `${limit} is crossed`)
  const noted = await events()
  const statuses = new Set<number>()
  for (let count = 0; count < 10; count++) statuses.add((await send(browser)).status)
  assert.equal(statuses.size, 1)
  assert.equal(await events(), noted, 'past it nothing is noted')
  if (limit !== null)
    assert.ok(
      [...statuses].every((status) => status >= 400),
      [...statuses].join(),
    )
}

const bench = await openBench('')
const posts = await routesOf(bench, 'POST')
const gets = await routesOf(bench, 'GET')
const secrets = [...new Set([...gets.filter((route) => route.includes(':token')), `GET ${bare(verified.routes.set)}`])]

test('the router knows the routes that this test means', () => {
  assert.ok(posts.includes(`POST ${bare(code.routes.code)}`) && posts.includes('POST /api/flows/spa/change'))
  assert.ok(secrets.length >= 4, secrets.join())
})

for (const route of [...posts, ...secrets]) {
  test(`${route} has a limit, and comes to it`, async () => {
    const one = declared.get(route)
    assert.ok(one, `${route} is not declared: say in this test which limit it comes to`)
    // A stranger's name is used up once; each route has its own installation.
    // The provider of captchas is away.
    const own = await openBench('', { captcha: { endpoints: { turnstile: 'http://127.0.0.1:1/' } } })
    try {
      await one.prepare?.(own)
      await comesToItsLimit(own, one)
    } finally {
      await own.close()
    }
  })
}

for (const route of gets.filter((one) => !secrets.includes(one))) {
  test(`${route} writes nothing, however often it is looked at`, async () => {
    await comesToItsLimit(bench, { limit: null, send: get(route.slice(4).replaceAll(/:\w+/g, 'x')) })
  })
}

test('nothing is declared that the router does not know', async () => {
  const known = new Set([...posts, ...gets])
  assert.deepEqual(
    [...declared.keys()].filter((route) => !known.has(route)),
    [],
  )
  await bench.close()
})
