import assert from 'node:assert/strict'
import { test } from 'node:test'
import fastify, { type FastifyServerOptions } from 'fastify'
import * as flows from './flows/index.ts'
import { type TestRecovery, testRecovery } from './testing/index.ts'

const ours = { 'content-security-policy': /default-src 'none'/ }
const ana = { email: 'ana@example.org', password: 'Old-Kettle-17!' }
const host = { host: 'app.example.com' }
type App = ReturnType<typeof fastify>

/** A Fastify on a recovery; what is asked is asked through Fastify's own door for tests. */
async function story(
  how: { options?: FastifyServerOptions; more?: Parameters<typeof testRecovery>[0] },
  work: (app: App, recovery: TestRecovery) => Promise<void>,
): Promise<void> {
  const recovery = await testRecovery(how.more)
  const app = fastify(how.options)
  try {
    await recovery.account(ana)
    await work(app, recovery)
  } finally {
    await app.close()
  }
}

const status = async (app: App, method: 'GET' | 'HEAD' | 'POST' | 'PUT', url: string): Promise<number> =>
  (await app.inject({ method, url, headers: host })).statusCode

test('Fastify answers every path of ours with us, and every other with the host', () =>
  story({}, async (app, recovery) => {
    app.register(recovery.fastify)
    app.get('/', async () => 'home')
    app.post('/echo', async (request: { body: unknown }) => request.body)
    for (const path of recovery.paths) {
      const { headers } = await app.inject({ url: path.replaceAll(/:\w+/g, 'some'), headers: host })
      assert.match(String(headers['content-security-policy']), ours['content-security-policy'], path)
    }
    assert.equal((await app.inject('/')).body, 'home')
    assert.deepEqual((await app.inject({ method: 'POST', url: '/echo', payload: { a: 1 } })).json(), { a: 1 })
    for (const path of ['/other', '/login/more', '/api/flows']) assert.equal(await status(app, 'GET', path), 404)
    assert.match((await app.inject('/other')).body, /Route GET:\/other not found/)
    assert.deepEqual([await status(app, 'HEAD', '/auth/login/'), await status(app, 'PUT', '/auth/login/')], [200, 405])
  }))

test('Fastify reads no body of ours: neither its parsers nor its limits stand before our own', () =>
  story({ options: { bodyLimit: 10 } }, async (app, recovery) => {
    app.register(recovery.fastify)
    const asked = await app.inject({
      ...{ method: 'POST', url: '/auth/forgot-password/', headers: host },
      payload: { email: ana.email },
    })
    assert.equal(asked.statusCode, 200)
    assert.equal((await recovery.mail())?.to, ana.email)
    const form = { ...host, 'content-type': 'application/x-www-form-urlencoded', origin: 'https://app.example.com' }
    const post = { method: 'POST', url: '/auth/password-reset/', headers: form, payload: `email=${ana.email}` } as const
    assert.equal((await app.inject(post)).statusCode, 303)
    const broken = await app.inject({
      ...{ method: 'POST', url: '/auth/forgot-password/', payload: '{"email":' },
      headers: { ...host, 'content-type': 'application/json' },
    })
    assert.deepEqual(
      [broken.statusCode, broken.headers['content-type']],
      [400, 'application/problem+json; charset=utf-8'],
    )
  }))

test("a host's own routes stay its own, whenever they are declared before the start", () =>
  story({}, async (app, recovery) => {
    app.get('/healthz', async () => 'the host is well')
    app.register(recovery.fastify)
    app.get('/auth/login/', async () => 'log in here')
    app.get('/:page', async () => 'a page')
    app.get('/*', async () => 'anything')
    assert.equal((await app.inject('/healthz')).body, 'the host is well')
    assert.equal((await app.inject('/auth/login/')).body, 'log in here')
    assert.equal((await app.inject('/forgot')).body, 'a page')
    assert.equal((await app.inject('/a/b/c')).body, 'anything')
    const { headers } = await app.inject({ url: '/auth/password-reset/', headers: host })
    assert.match(String(headers['content-security-policy']), ours['content-security-policy'])
  }))

for (const routerOptions of [
  { ignoreTrailingSlash: true },
  { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, caseSensitive: false },
]) {
  test(`Fastify starts with ${Object.keys(routerOptions).join(', ')} too`, () =>
    story({ options: { routerOptions } }, async (app, recovery) => {
      app.register(recovery.fastify)
      assert.equal(await status(app, 'GET', '/auth/password-reset/'), 200)
      assert.equal(await status(app, 'GET', '/auth/password-reset'), 308)
    }))
}

test('within a plugin of the host it answers all the same; under a prefix it is refused, with what to do', () =>
  story({}, async (app, recovery) => {
    app.register(async (within: App) => {
      within.addHook('preHandler', async () => Promise.reject(new Error('log in first')))
      within.register(recovery.fastify)
    })
    assert.equal(await status(app, 'GET', '/auth/password-reset/'), 200)
    const other = fastify()
    other.register(recovery.fastify, { prefix: '/recover' })
    await assert.rejects(async () => other.ready(), /under the prefix "\/recover".*Register it without one/)
  }))

test('it closes with Fastify', () =>
  story({}, async (app, recovery) => {
    app.register(recovery.fastify)
    assert.equal(await status(app, 'GET', '/healthz'), 200)
    await app.close()
    assert.equal((await recovery.fetch(new Request('https://app.example.com/healthz'))).status, 503)
  }))

test('no part of a link is longer than the hundred characters that Fastify takes', () =>
  story({}, async (_, recovery) => {
    for (const flow of Object.values(flows)) {
      await recovery.browser().json(`/api/flows/${flow.name}/request`, { email: ana.email })
      const { text } = (await recovery.mail())!
      const parts = (/https:\/\/\S+/.exec(text)?.[0] ?? '').split(/[/?=&]/)
      for (const part of parts) assert.ok(part.length <= 100, `${flow.name}: ${part.length}`)
    }
    assert.equal(recovery.letters.length, 5)
  }))
