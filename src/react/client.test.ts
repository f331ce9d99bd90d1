import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { altchaChallenge, judgeAltcha } from '../captcha/altcha.ts'
import { keyring } from '../engine/keys.ts'
import type { Problem } from '../http/wire.ts'
import { systemRandom } from '../system.ts'
import { withCaptcha } from './captcha.ts'
import { recoveryClient, spaVerbs } from './client.ts'

type Seen = { method: string; path: string; headers: IncomingMessage['headers']; body: string }

/** A server that answers as told, and what it saw. */
async function serve(answer: (response: ServerResponse, seen: Seen) => void) {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    seen.push(one)
    answer(response, one)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, [Symbol.asyncDispose]: stop }
}

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

test('each verb goes to its route with its body', async () => {
  const everything = { message: 'm', grant: 'g', expires_in: 900, min: 8, max: 256 }
  await using server = await serve((response) => json(response, 200, everything))
  const client = recoveryClient({ base: `${server.base}/`, flow: 'my flow' })
  const answers = [
    await client.request({ email: 'ana@example.org' }),
    await client.prove({ flow_id: 'f', email: 'ana@example.org', code: '123456' }),
    await client.change({ grant: 'g', password: 'Strong@123' }),
    await client.rules(),
    await client.forgotPassword('ana@example.org'),
    await client.resetPassword('t', 'Strong@123'),
  ]
  assert.ok(answers.every((answer) => answer.ok))
  assert.deepEqual(
    server.seen.map(({ method, path, body }) => [method, path, body]),
    [
      ['POST', '/api/flows/my%20flow/request', '{"email":"ana@example.org"}'],
      ['POST', '/api/flows/my%20flow/prove', '{"flow_id":"f","email":"ana@example.org","code":"123456"}'],
      ['POST', '/api/flows/my%20flow/change', '{"grant":"g","password":"Strong@123"}'],
      ['GET', '/api/flows/my%20flow/rules', ''],
      ['POST', '/auth/forgot-password/', '{"email":"ana@example.org"}'],
      ['POST', '/auth/reset-password/', '{"token":"t","new_password":"Strong@123"}'],
    ],
  )
  for (const { method, headers } of server.seen) {
    assert.equal(headers['content-type'], method === 'POST' ? 'application/json' : undefined)
    assert.equal(headers.cookie, undefined)
    assert.equal(headers.referer, undefined)
  }
})

test('the verbs of the flow spa take the routes of its seed, and a grant the common one', async () => {
  await using server = await serve((response) => json(response, 200, { message: 'm' }))
  const verbs = spaVerbs(recoveryClient({ base: server.base, flow: 'spa' }))
  await verbs.request({ email: 'ana@example.org' })
  await verbs.change({ token: 't', password: 'Strong@123', confirm: 'Strong@123' })
  await verbs.change({ grant: 'g', password: 'Strong@123' })
  assert.deepEqual(
    server.seen.map(({ path }) => path),
    ['/auth/forgot-password/', '/auth/reset-password/', '/api/flows/spa/change'],
  )
})

test('a good answer comes with its members', async () => {
  const message = 'If the email exists, a reset link has been sent.'
  await using server = await serve((response) => json(response, 200, { message }))
  const answer = await recoveryClient({ base: server.base, flow: 'spa' }).forgotPassword('ana@example.org')
  assert.deepEqual(answer, { ok: true, message })
})

test('a problem document comes as it was sent', async () => {
  const problem = {
    type: 'https://latchkey.example/problems/password-refused',
    title: 'Password refused',
    status: 422,
    error: 'This password cannot be used.',
    code: 'password-refused',
    unmet: [{ code: 'no-digit', message: 'It needs a digit.' }],
  }
  await using server = await serve((response) => json(response, 422, problem))
  const answer = await recoveryClient({ base: server.base, flow: 'spa' }).resetPassword('t', 'Strong@abc')
  assert.deepEqual(answer, { ok: false, problem })
})

test('an answer of a stranger in between becomes a problem by its status', async () => {
  const cases: [number, string][] = [
    [400, 'bad-request'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [413, 'too-large'],
    [429, 'too-many-attempts'],
    [502, 'unavailable'],
    [503, 'unavailable'],
  ]
  for (const [status, code] of cases) {
    await using server = await serve((response) => void response.writeHead(status).end('<h1>Proxy</h1>'))
    const answer = await recoveryClient({ base: server.base, flow: 'spa' }).rules()
    assert.ok(!answer.ok)
    assert.equal(answer.problem.code, code)
    assert.equal(answer.problem.status, status)
    assert.notEqual(answer.problem.error, '')
  }
})

test('a problem whose members have wrong types is filled with right ones', async () => {
  const odd = { error: ['x'], title: 1, code: null, unmet: ['x', null, { code: 'common', message: 'Too common.' }] }
  await using server = await serve((response) => json(response, 422, odd))
  const answer = await recoveryClient({ base: server.base, flow: 'spa' }).resetPassword('t', 'p')
  assert.ok(!answer.ok)
  assert.equal(typeof answer.problem.error, 'string')
  assert.equal(answer.problem.code, 'password-refused')
  assert.deepEqual(answer.problem.unmet, [{ code: 'common', message: 'Too common.' }])
})

test('the seconds of Retry-After stand in where the document has none', async () => {
  await using server = await serve((response) =>
    json(response, 429, { error: 'Too many attempts', code: 'too-many-attempts' }, { 'retry-after': '872' }),
  )
  const answer = await recoveryClient({ base: server.base, flow: 'spa' }).forgotPassword('ana@example.org')
  assert.ok(!answer.ok)
  assert.equal(answer.problem.retry_after, 872)
})

test('a page with the status 200, as of a captive portal, is no good answer', async () => {
  for (const body of ['<html>Welcome to the hotel</html>', '[]', 'null', '{"message":1}', '']) {
    await using server = await serve((response) => void response.writeHead(200).end(body))
    const answer = await recoveryClient({ base: server.base, flow: 'spa' }).forgotPassword('ana@example.org')
    assert.ok(!answer.ok, body)
    assert.equal(answer.problem.code, 'unavailable')
  }
})

test('a redirect is not followed, so that a token is not carried elsewhere', async () => {
  await using server = await serve((response, { path }) => {
    if (path === '/elsewhere') json(response, 200, { message: 'm' })
    else response.writeHead(307, { location: '/elsewhere' }).end()
  })
  const answer = await recoveryClient({ base: server.base, flow: 'spa' }).resetPassword('t', 'Strong@123')
  assert.ok(!answer.ok)
  assert.equal(answer.problem.code, 'unavailable')
  assert.equal(server.seen.length, 1)
})

test('nobody there is a problem, and nothing is thrown', async () => {
  const server = await serve(() => {})
  await server[Symbol.asyncDispose]()
  const answer = await recoveryClient({ base: server.base, flow: 'spa' }).rules()
  assert.ok(!answer.ok)
  assert.deepEqual([answer.problem.code, answer.problem.status], ['unavailable', 0])
})

test('a server that never answers, or never ends its answer, is given up', async () => {
  const slow = [
    (): void => {},
    (response: ServerResponse): void => void response.writeHead(200, { 'content-length': '99' }).write('{"mess'),
  ]
  for (const answer of slow) {
    await using server = await serve(answer)
    const start = performance.now()
    const said = await recoveryClient({ base: server.base, flow: 'spa', timeout: 100 }).rules()
    assert.ok(!said.ok)
    assert.equal(said.problem.code, 'unavailable')
    assert.ok(performance.now() - start < 5_000)
  }
})

test('the caller may give a call up, before it and during it', async () => {
  const called = Promise.withResolvers<void>()
  await using server = await serve(() => called.resolve())
  const client = recoveryClient({ base: server.base, flow: 'spa' })
  assert.equal((await client.rules({ signal: AbortSignal.abort() })).ok, false)
  assert.equal(server.seen.length, 0)
  const stop = new AbortController()
  const answer = client.rules({ signal: stop.signal })
  await called.promise
  stop.abort()
  assert.equal((await answer).ok, false)
})

test('a fetch of the caller is used, and called without a this', async () => {
  const asked: string[] = []
  const own = async function (this: unknown, input: string | URL | Request): Promise<Response> {
    assert.equal(this, undefined)
    asked.push(String(input))
    return Response.json({ min: 8, max: 256 })
  }
  const answer = await recoveryClient({ base: '', flow: 'spa', fetch: own }).rules()
  assert.ok(answer.ok)
  assert.deepEqual(asked, ['/api/flows/spa/rules'])
})

test('ALTCHA is solved where it is asked for, and the call is made once more; a captcha of others is the page’s to show', async () => {
  const keys = keyring('a secret of a test, of which nothing outside hangs')
  const place = { form: 'request', host: 'app.example.com', instead: '' } as const
  const challenge = altchaChallenge(keys.current, systemRandom, 1_700_000_000_000, place)
  const brought: (string | undefined)[] = []
  const call = (asked: Problem['captcha']) => async (captcha?: string) => {
    brought.push(captcha)
    if (captcha !== undefined) return { ok: true, message: 'sent' } as const
    const title = 'One more check'
    const problem = { type: 'about:blank', title, status: 403, error: title, code: 'captcha-required' as const }
    return { ok: false, problem: { ...problem, captcha: asked } } as const
  }
  const own = { form: 'request', provider: 'altcha', site_key: '', challenge } as const
  assert.deepEqual(await withCaptcha(call(own), {}), { ok: true, message: 'sent' })
  const [none, solved] = brought
  assert.equal(none, undefined)
  assert.equal(judgeAltcha(keys, solved ?? '', 1_700_000_000_000, place).ok, true)

  const other = { form: 'request', provider: 'turnstile', site_key: 'k', challenge: null } as const
  const refused = await withCaptcha(call(other), {})
  assert.equal(refused.ok ? null : refused.problem.captcha?.site_key, 'k')
  assert.equal(brought.length, 3)
  await withCaptcha(call(other), { captcha: 'from the page' })
  assert.equal(brought.at(-1), 'from the page')
  // Given up, or not to be solved: the refusal itself.
  const stopped = AbortSignal.abort()
  assert.equal((await withCaptcha(call(own), { signal: stopped })).ok, false)
  const broken = { ...own, challenge: {} as typeof challenge }
  assert.equal((await withCaptcha(call(broken), {})).ok, false)
})
