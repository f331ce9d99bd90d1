/**
 * Most break-ins start with a request that nobody thought of: an array where a text belongs, one field twice, a NUL, a
 * method that no form sends, a header that a proxy was meant to write. authentik skipped a policy because an address
 * could not be parsed (CVE-2024-47070), Payload let clients set fields that the flow takes for granted (CVE-2026-34751),
 * Ghost a flag that skips the second step (CVE-2026-22594); and a stack trace in a 500 tells the next one where to dig.
 * So every route is sent what does not belong there, by hand and by chance, and has to say a plain no in its own form:
 * a page or a problem document, a 4xx and never a 5xx, with nothing of what was sent in it, and nothing of it in the log.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { classic, code, spa, verified } from '../../src/flows/index.ts'
import {
  after,
  allFlows,
  ask,
  type Bench,
  before,
  freshAddress,
  inMemory,
  letterFor,
  linkBody,
  onSqlite,
  openBench,
  origin,
  person,
  rowsIn,
  stranger,
  submit,
} from './kit.ts'

const owner = 'ana@example.org'

type Route = { readonly path: string; readonly get: boolean; readonly post: boolean; readonly json: boolean }

const token = 'k'.repeat(65)

/** Every route of the five flows, and those that belong to none. */
const routes: readonly Route[] = [
  ...allFlows.flatMap((flow): Route[] => {
    const page = (path: string, post: boolean): Route => ({ path, get: true, post, json: false })
    const filled = (path: string): string => path.replace(':uid', 'MQ').replace(':token', token)
    const api = ['request', 'prove', 'change'].map((verb) => `/api/flows/${flow.name}/${verb}`)
    const programs = [...api, ...(flow.face === 'json' ? [flow.routes.ask, flow.routes.change] : [])]
    const json = programs.map((path): Route => ({ path, get: false, post: true, json: true }))
    if (flow.face === 'json') return json
    const { routes } = flow
    return [
      ...json,
      page(routes.login, true),
      page(routes.ask, true),
      ...routes.link.map((path) => page(filled(path), true)),
      page(routes.set, true),
      ...(routes.sent ? [page(routes.sent, false)] : []),
      ...(routes.done && routes.done !== 'login' ? [page(routes.done, false)] : []),
      ...(flow.proof.kind === 'code' ? [page((routes as typeof code.routes).code, true)] : []),
    ]
  }),
  ...allFlows.map(({ name }): Route => ({ path: `/api/flows/${name}/rules`, get: true, post: false, json: true })),
  { path: '/logout/', get: false, post: true, json: false },
  { path: '/account/', get: true, post: true, json: false },
  { path: '/account/sessions/', get: false, post: true, json: false },
  ...['/', '/healthz', '/readyz', '/openapi.json', '/.well-known/change-password'].map(
    (path): Route => ({ path, get: true, post: false, json: false }),
  ),
].filter((route, at, all) => all.findIndex(({ path }) => path === route.path) === at)

type Sent = { method?: string; headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> }

async function send(bench: Bench, path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  const all = { host: 'app.example.com', ...headers }
  const request = new Request(new URL(path, origin), { method, headers: all, ...(body === undefined ? {} : { body }) })
  const response = await bench.fetch(request, { remoteAddress: freshAddress() })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

type Answer = { readonly status: number; readonly headers: Headers; readonly text: string }

const everywhere: Record<string, RegExp> = {
  'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/,
  'referrer-policy': /^no-referrer$/,
  'cache-control': /no-store|immutable/,
  'x-content-type-options': /^nosniff$/,
  'x-robots-tag': /^noindex$/,
  'cross-origin-opener-policy': /^same-origin$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'permissions-policy': /camera=\(\)/,
  'strict-transport-security': /max-age=31536000/,
}

/** That the headers which every answer carries are there, once each. */
function assertHeaders({ headers }: Answer, what: string): void {
  for (const [name, form] of Object.entries(everywhere)) assert.match(headers.get(name) ?? '', form, `${what}: ${name}`)
  assert.doesNotMatch(headers.get('content-security-policy')!, /unsafe|\*/, what)
  assert.equal(headers.get('server'), null)
  assert.equal(headers.get('x-powered-by'), null)
  for (const line of headers.getSetCookie()) {
    assert.match(line, /^__Host-lk_[\w-]+=[^;]*;.*HttpOnly/, what)
    assert.match(
      line,
      /; Path=\/; HttpOnly; Secure; SameSite=Lax$|; Path=\/; HttpOnly; Secure; SameSite=Lax|Path=\/; Secure$/,
    )
  }
}

/** That it is a plain no, in the route's own form. */
function assertRefused(
  answer: Answer,
  route: Pick<Route, 'json' | 'path'>,
  what: string,
  statuses?: readonly number[],
): void {
  const { status, headers, text } = answer
  assert.ok(status >= 400 && status < 500, `${what} is answered ${status}`)
  if (statuses) assert.ok(statuses.includes(status), `${what} is answered ${status}`)
  assertHeaders(answer, what)
  if (route.json) {
    assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/, what)
    const problem = JSON.parse(text)
    assert.equal(problem.status, status, what)
    assert.ok(problem.error.length > 3 && problem.title.length > 3 && problem.code.length > 3, what)
    assert.deepEqual(headers.getSetCookie(), [], 'programs get no cookie')
  } else {
    assert.match(headers.get('content-type') ?? '', /^text\/html/, what)
    assert.match(text, /^<!doctype html>/i, what)
  }
  assert.doesNotMatch(text, /node:internal|\.ts:\d|at async|SQLITE|stack/, what)
}

/** Told from everything else, whatever stands around it. */
const marker = 'zq9<b>marker'
const assertSilent = (bench: Bench): void =>
  assert.doesNotMatch(JSON.stringify(bench.log), /zq9|Old-Kettle|New-Harbour/, 'nothing of it is in the log')

const posts = routes.filter(({ post }) => post)
const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const form = { 'content-type': 'application/x-www-form-urlencoded', ...sameOrigin }
const asJson = { 'content-type': 'application/json' }

inMemory('a method that a route does not know is a 405 that says which ones it does', async (open) => {
  const bench = await open()
  const methods = [
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'PROPFIND',
    'get',
    'Foo',
    'constructor',
    'toString',
    '__proto__',
  ]
  for (const route of routes) {
    const wrong = [...methods, ...(route.post ? [] : ['POST']), ...(route.get ? [] : ['GET'])]
    for (const method of wrong.filter((one) => one !== 'get')) {
      const what = `${method} ${route.path}`
      const answer = await send(bench, route.path, { method })
      assertRefused(answer, route, what, [405])
      const allow = [...(route.get ? ['GET'] : []), ...(route.post ? ['POST'] : []), ...(route.get ? ['HEAD'] : [])]
      assert.deepEqual(answer.headers.get('allow')?.split(', ').sort(), allow.sort(), what)
    }
  }
  for (const path of [
    '/nowhere',
    '/api/',
    '/api/flows/none/request',
    '/auth',
    '/reset/',
    '/%',
    '/%ff',
    '/a/../b',
    '/admin/',
  ]) {
    const answer = await send(bench, path, { method: 'POST', headers: form, body: '' })
    assertRefused(answer, { path, json: path.startsWith('/api/') }, path, [404])
  }
  assert.equal(bench.log.length, 0)
})

inMemory('programs may leave out the slash, and are still answered as programs', async (open) => {
  const bench = await open()
  for (const path of ['/auth/forgot-password', '/auth/reset-password', '/api/flows/spa/request/']) {
    for (const sent of [
      { method: 'DELETE' },
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' },
      { method: 'POST', headers: { ...asJson, host: 'evil.test' }, body: '{}' },
    ]) {
      assertRefused(await send(bench, path, sent), { path, json: true }, `${sent.method} ${path}`)
    }
  }
})

const tooLarge = 'x'.repeat(1_048_576)

inMemory('a form that is not plainly one text per field is refused, at every route', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const names = [
    'email',
    'username',
    'password',
    'new_password',
    'new_password1',
    'code',
    'challenge',
    'token',
    'csrf_token',
  ]
  const bodies: [string, string | Uint8Array<ArrayBuffer>, readonly number[]][] = [
    ...names.map((name): [string, string, number[]] => [`${name} twice`, `${name}=a&${name}=b`, [400]]),
    ['one field twice, once escaped', 'email=a%40b.org&%65mail=c%40d.org', [400]],
    ['a megabyte', `email=${tooLarge}`, [413]],
    ['many fields', Array.from({ length: 5000 }, (_, at) => `f${at}=`).join('&'), [413]],
    ['a broken escape', 'email=%zz', [400]],
    ['broken UTF-8, escaped', 'email=%ff%fe', [400]],
    ['a surrogate, escaped', 'email=%ed%a0%80', [400]],
    ['an overlong slash', 'email=%c0%af', [400]],
    ['broken UTF-8, raw', new Uint8Array([0x65, 0x3d, 0xff, 0xfe]), [400]],
  ]
  for (const route of posts.filter(({ json }) => !json)) {
    for (const [name, body, statuses] of bodies) {
      const what = `${name} at ${route.path}`
      assertRefused(await send(bench, route.path, { method: 'POST', headers: form, body }), route, what, statuses)
    }
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/json', 'application/xml', '']) {
      const headers = { ...sameOrigin, 'content-type': type }
      const answer = await send(bench, route.path, { method: 'POST', headers, body: `email=${owner}` })
      assertRefused(answer, route, `${type} at ${route.path}`, [415])
    }
  }
  assertSilent(bench)
})

inMemory('values that belong nowhere are refused by each field, and none of them comes back', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const values = [
    marker,
    `${marker}\u0000`,
    `a\u0000b@example.org${marker}`,
    `\r\nSet-Cookie: ${marker}=1`,
    `\u0007\u001b[31m${marker}`,
    `${marker}${'y'.repeat(2000)}`,
    `<script>alert("${marker}")</script>`,
    `"><img src=x onerror=${marker}>`,
    `javascript:${marker}`,
    `{{${marker}}}`,
  ]
  for (const flow of allFlows) {
    if (flow.face !== 'pages') continue
    const { routes, fields } = flow
    const codePage = flow.proof.kind === 'code' ? [(routes as typeof code.routes).code] : []
    const targets: [string, string[]][] = [
      [routes.login, ['username', 'password']],
      [routes.ask, [fields.email, 'resend']],
      [routes.set, [fields.password, fields.confirm, 'challenge', fields.token]],
      ...codePage.map((path): [string, string[]] => [path, [fields.email, fields.code]]),
    ]
    for (const [path, names] of targets) {
      for (const name of names) {
        for (const value of values) {
          const browser = stranger(bench)
          const page = await browser.post(path, { [name]: value }, sameOrigin)
          const what = `${name}=${JSON.stringify(value).slice(0, 40)} at ${path}`
          assertRefused(page, { path, json: false }, what)
          assert.ok(!page.text.includes('zq9<b>'), `${what}: comes back as it was`)
        }
      }
    }
  }
  assertSilent(bench)
})

const notTexts: unknown[] = [
  ['a'],
  [['a']],
  {},
  { $ne: null },
  { toString: 'a' },
  1,
  0,
  true,
  false,
  1e300,
  '\u0000',
  'a\u0000@example.org',
  '\ud800',
  tooLarge,
  marker,
  `a@b.org\r\nBcc: ${marker}`,
]

inMemory('a JSON body that is not what it should be is refused, at every route', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const members = ['email', 'token', 'new_password', 'flow_id', 'code', 'grant', 'password', 'confirm', 'uid']
  const bodies: [string, string | Uint8Array<ArrayBuffer>, readonly number[]][] = [
    ...[
      ...['', ' ', '{', '{"email":}', "{'email':'a'}", 'email=a', '{"email":"a"', '{"email":"a"}}', '// a\n{}', 'NaN'],
    ].map((body): [string, string, number[]] => [body || 'nothing', body, [400]]),
    ...['null', '[]', '[{"email":"a@b.org"}]', '"a@b.org"', '1', 'true'].map((body): [string, string, number[]] => [
      body,
      body,
      [400],
    ]),
    ['a member twice', '{"email":"a@b.org","email":"c@d.org"}', [400]],
    ['a member twice, once escaped', '{"email":"a@b.org","\\u0065mail":"c@d.org"}', [400]],
    ['a member that none knows', `{"email":"${owner}","role":"admin","is_active":true}`, [400]],
    ['a prototype', `{"__proto__":{"email":"${owner}"}}`, [400]],
    ['a constructor', `{"constructor":{"prototype":{"email":"${owner}"}}}`, [400]],
    ['depth', `${'['.repeat(8000)}${']'.repeat(8000)}`, [400]],
    ['a megabyte', JSON.stringify({ email: tooLarge }), [413]],
    ['broken UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), [400]],
    ['a byte order mark', new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), [400]],
  ]
  for (const route of posts.filter(({ json }) => json)) {
    for (const [name, body, statuses] of bodies) {
      const what = `${name.slice(0, 40)} at ${route.path}`
      const answer = await send(bench, route.path, { method: 'POST', headers: asJson, body })
      assertRefused(answer, route, what, statuses)
    }
    for (const name of members) {
      for (const value of notTexts) {
        const body = JSON.stringify({ [name]: value })
        const answer = await send(bench, route.path, { method: 'POST', headers: asJson, body })
        const what = `${body.slice(0, 40)} at ${route.path}`
        assertRefused(answer, route, what)
        assert.ok(!answer.text.includes('zq9<b>'), `${what}: comes back as it was`)
      }
    }
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonp',
      'application/ld+json',
      '',
    ]) {
      const headers = { 'content-type': type }
      const answer = await send(bench, route.path, { method: 'POST', headers, body: JSON.stringify({ email: owner }) })
      assertRefused(answer, route, `${type} at ${route.path}`, [415])
    }
  }
  assertSilent(bench)
})

// Where a post comes from

inMemory('a form from elsewhere, or with a token that is not its own, is refused', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const forms = posts.filter(({ json, path }) => !json && !path.includes(token))
  for (const route of forms) {
    const browser = stranger(bench)
    const page = await browser.get('/login/')
    const csrf = /name="csrf_token" value="([^"]+)"/.exec(page.text)![1]!
    const other = /name="csrf_token" value="([^"]+)"/.exec((await stranger(bench).get('/login/')).text)![1]!
    const body = { email: 'someone@example.org', username: 'someone', password: 'x' }
    const refused: [string, Record<string, string>, Record<string, string>][] = [
      ['nothing at all', {}, {}],
      ['from another site', { csrf_token: csrf }, { 'sec-fetch-site': 'cross-site' }],
      ['from a neighbour', { csrf_token: csrf }, { 'sec-fetch-site': 'same-site' }],
      ['from a site of many words', { csrf_token: csrf }, { 'sec-fetch-site': 'same-origin, cross-site' }],
      ['by another origin', { csrf_token: csrf }, { origin: 'https://evil.test' }],
      ['by an origin with our name in it', {}, { origin: 'https://app.example.com.evil.test' }],
      ['by an origin that ends as we do', {}, { origin: 'https://evil-app.example.com' }],
      ['by another port', {}, { origin: 'https://app.example.com:8443' }],
      [
        'by another origin though the site is right',
        {},
        { 'sec-fetch-site': 'same-origin', origin: 'https://evil.test' },
      ],
      ['from a sandbox', {}, { origin: 'null' }],
      ['from a sandbox elsewhere', { csrf_token: csrf }, { origin: 'null', 'sec-fetch-site': 'cross-site' }],
      ["with another browser's token", { csrf_token: other }, {}],
      ["with another browser's token from our page", { csrf_token: other }, sameOrigin],
      ['with a token cut short', { csrf_token: csrf.slice(0, -1) }, {}],
      ['with a token longer', { csrf_token: `${csrf}A` }, {}],
      ['with a token of nothing', { csrf_token: ' ' }, sameOrigin],
      ['from elsewhere by its referer alone', {}, { referer: `${origin}/login/` }],
    ]
    for (const [name, fields, headers] of refused) {
      const answer = await browser.post(route.path, { ...body, ...fields }, headers)
      assertRefused(answer, route, `${name} at ${route.path}`, [403])
    }
    const taken: [string, Record<string, string>, Record<string, string>][] = [
      ['its own token and no header', { csrf_token: csrf }, {}],
      ['its own token from a page without referrer', { csrf_token: csrf }, { origin: 'null' }],
      ['its own token, origin and site', { csrf_token: csrf }, { origin, ...sameOrigin }],
      ['the site alone', {}, sameOrigin],
      ['the origin alone', {}, { origin }],
    ]
    for (const [name, fields, headers] of taken) {
      const answer = await browser.post(route.path, { ...body, ...fields }, headers)
      assert.notEqual(answer.status, 403 - Number(route.path.includes('login')) * 403, `${name} at ${route.path}`)
      bench.clock.turn({ minutes: 16 })
    }
  }
  const stolen = stranger(bench)
  const page = await stolen.get('/login/')
  const csrf = /name="csrf_token" value="([^"]+)"/.exec(page.text)![1]!
  const without = await send(bench, classic.routes.ask, {
    method: 'POST',
    headers: { 'content-type': form['content-type'] },
    body: `csrf_token=${csrf}&email=${owner}`,
  })
  assert.equal(without.status, 403, 'a token without its cookie')
})

inMemory('nobody is logged in, logged out or asked for by a page elsewhere', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const browser = stranger(bench)
  await submit(browser, '/login/', { username: owner, password: before })
  assert.equal((await browser.get('/account/')).status, 200)
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.test' }, { origin: 'null' }, {}]) {
    await browser.post('/logout/', {}, headers as Record<string, string>)
    await browser.post(classic.routes.ask, { email: owner }, headers as Record<string, string>)
    const victim = stranger(bench)
    await victim.post('/login/', { username: owner, password: before }, headers as Record<string, string>)
    assert.ok(![...victim.jar.keys()].some((name) => name.includes('session')), 'logged in as somebody else')
  }
  await browser.look('/logout/')
  assert.equal((await browser.get('/account/')).status, 200)
  assert.equal(await bench.mail(), null)
})

inMemory('a host that is not ours is misdirected, whatever it asks for', async (open) => {
  const bench = await open()
  for (const route of routes) {
    const isProbe = route.path === '/healthz' || route.path === '/readyz'
    for (const host of [
      'evil.test',
      'app.example.com.evil.test',
      'localhost',
      '127.0.0.1',
      'app.example.com@evil.test',
    ]) {
      const answer = await send(bench, route.path, {
        method: route.post ? 'POST' : 'GET',
        headers: { ...(route.json ? asJson : form), host },
        ...(route.post ? { body: '' } : {}),
      })
      if (isProbe) assert.equal(answer.status, 200)
      else assertRefused(answer, route, `${host} at ${route.path}`, [421])
      assert.ok(!answer.text.includes('evil'))
    }
  }
})

inMemory('forwarding headers full of junk harm nothing, from a proxy that is trusted or not', async (open) => {
  const junk = [
    'a',
    ',',
    ', , ,',
    '::ffff:1.2.3.4%eth0',
    '1.2.3.4:80',
    '[::1]:443',
    '999.999.999.999',
    '0x7f.1',
    'unknown, for="_x"',
    marker,
    Array(10_000).fill('10.0.0.1').join(','),
    '\u00ff\u00fe',
    '"',
  ]
  for (const trustedProxies of [[], ['198.51.0.0/16']]) {
    const bench = await open({ trustedProxies })
    for (const route of routes) {
      for (const value of junk) {
        const headers = { 'x-forwarded-for': value, forwarded: `for=${value}`, 'x-real-ip': value }
        const answer = await send(bench, route.path, {
          method: route.post ? 'POST' : 'GET',
          headers: { ...(route.json ? asJson : form), ...headers },
          ...(route.post ? { body: route.json ? '{"email":"a@example.org"}' : 'email=a%40example.org' } : {}),
        })
        assert.ok(answer.status < 500, `${value.slice(0, 20)} at ${route.path} is answered ${answer.status}`)
      }
    }
    assertSilent(bench)
  }
})

inMemory('cookies full of junk are no cookies', async (open) => {
  const bench = await open()
  const names = [
    'browser',
    'ask_code',
    'grant_x',
    'session',
    'device_x',
    `grant_${'y'.repeat(200)}`,
    'grant_',
    'device_',
  ]
  const values = ['', 'x', '%', '%ff', '%00', '"', 'a.b.c.d', 'A'.repeat(4000), '..'.repeat(50), marker, '{"flowId":1}']
  for (const route of routes) {
    for (const name of names) {
      const cookie = values.map((value) => `__Host-lk_${name}=${value}`).join('; ')
      const answer = await send(bench, route.path, {
        method: route.post ? 'POST' : 'GET',
        headers: { ...(route.json ? asJson : form), cookie },
        ...(route.post ? { body: route.json ? '{}' : 'email=&code=123456&challenge=x' } : {}),
      })
      assert.ok(answer.status < 500, `${name} at ${route.path} is answered ${answer.status}`)
    }
  }
  assertSilent(bench)
})

// What every answer has, and what no look does

inMemory('every answer carries the headers of every answer', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const link = linkBody(classic, await letterFor(bench, classic, owner))
  const live = `/auth/password-reset-confirm/${link.uid}/${link.token}/`
  const looks = [
    ...routes.map(({ path }) => path),
    live,
    live.slice(0, -1),
    '/nowhere',
    '/auth/login',
    '/app/config.json',
  ]
  for (const path of [...looks, '/latchkey/page.css', '/latchkey/page.js', '/app/forgot-password']) {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      const answer = await send(bench, path, { method, ...(method === 'POST' ? { headers: form, body: '' } : {}) })
      assertHeaders(answer, `${method} ${path} (${answer.status})`)
      if (method === 'HEAD') assert.equal(answer.text, '')
    }
  }
})

onSqlite('to look, at anything and with any parameters, changes nothing but the audit', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const browser = stranger(bench)
  await ask(browser, code, owner)
  const paths: string[] = []
  for (const flow of [classic, verified]) {
    const { uid, token } = linkBody(flow, await letterFor(bench, flow, owner))
    paths.push(uid ? `/auth/password-reset-confirm/${uid}/${token}/` : `/reset-password/?token=${token}`)
  }
  const spas = linkBody(spa, await letterFor(bench, spa, owner)).token
  paths.push(`/app/reset-password/${spas}`)
  await submit(browser, '/login/', { username: owner, password: before })
  // The counts say how many looks are noted one by one: they belong to the audit.
  const { latchkey_events: _, latchkey_limits: _counts, ...rows } = rowsIn(bench)
  const query = `email=${owner}&username=${owner}&password=${before}&new_password1=${after}&new_password2=${after}&token=${spas}&new_password=${after}&resend=1&code=123456`
  const all = [...routes.map(({ path }) => path), ...paths]
  await Promise.all(
    all.flatMap((path) =>
      ['GET', 'HEAD'].map(async (method) => {
        const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ')
        const joined = path.includes('?') ? `${path}&${query.replace(/&token=[^&]*/, '')}` : `${path}?${query}`
        for (const at of [path, joined]) {
          const { status } = await send(bench, at, { method, headers: { cookie } })
          assert.ok(status < 500)
        }
      }),
    ),
  )
  const { latchkey_events: __, latchkey_limits: __counts, ...now } = rowsIn(bench)
  assert.deepEqual(now, rows)
  assert.equal((await browser.get('/account/')).status, 200, 'nor does a look log out')
})

// A front end elsewhere

inMemory(
  'a front end on another origin is let in by its exact name, without cookies, and nobody else is',
  async (open) => {
    const bench = await open({ spaUrl: 'https://front.example.net/app' })
    await person(bench, owner)
    const ours = 'https://front.example.net'
    const shared = [
      '/auth/forgot-password/',
      '/auth/forgot-password',
      '/auth/reset-password/',
      '/api/flows/spa/request',
      '/api/flows/classic/rules',
    ]
    for (const path of shared) {
      const preflight = await send(bench, path, {
        method: 'OPTIONS',
        headers: {
          origin: ours,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type',
        },
      })
      assert.equal(preflight.status, 204, path)
      assert.equal(preflight.headers.get('access-control-allow-origin'), ours)
      assert.match(preflight.headers.get('access-control-allow-methods')!, /POST/)
      assert.match(preflight.headers.get('access-control-allow-headers')!, /content-type/i)
      for (const body of [JSON.stringify({ email: owner }), '{', '{"email":""}']) {
        const answer = await send(bench, path, { method: 'POST', headers: { ...asJson, origin: ours }, body })
        assert.equal(answer.headers.get('access-control-allow-origin'), ours, `${answer.status} at ${path}`)
        assert.equal(answer.headers.get('access-control-allow-credentials'), null)
        assert.match(answer.headers.get('vary') ?? '', /origin/i)
        assert.deepEqual(answer.headers.getSetCookie(), [])
        bench.clock.turn({ minutes: 16 })
      }
      const others = [
        'https://evil.test',
        'null',
        'http://front.example.net',
        'https://front.example.net:8443',
        'https://front.example.net.evil.test',
        'https://xfront.example.net',
        'https://FRONT.example.net',
        `${ours}/`,
        `${ours}, https://evil.test`,
      ]
      for (const other of others) {
        for (const method of ['OPTIONS', 'POST']) {
          const answer = await send(bench, path, {
            method,
            headers: { ...asJson, origin: other },
            ...(method === 'POST' ? { body: '{}' } : {}),
          })
          for (const name of [...answer.headers.keys()])
            assert.ok(!name.startsWith('access-control-allow'), `${other} at ${path}`)
        }
      }
    }
    for (const { path } of routes.filter(({ json }) => !json)) {
      const answer = await send(bench, path, { headers: { origin: ours } })
      assert.equal(answer.headers.get('access-control-allow-origin'), null, `${path} is for nobody's scripts`)
    }
    const own = await open()
    const answer = await send(own, spa.routes.ask, { method: 'POST', headers: { ...asJson, origin: ours }, body: '{}' })
    assert.equal(
      answer.headers.get('access-control-allow-origin'),
      null,
      'with the front end at home there is no CORS at all',
    )
  },
)

// Over the wire

test('what is not HTTP, or too much of it, ends in a 4xx and leaves the server well', async () => {
  const bench = await openBench('')
  const server = createServer(bench.node)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const raw = async (text: string, wait = 0): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.setTimeout(2000, () => socket.destroy())
    socket.write(Buffer.from(text, 'latin1'))
    if (wait > 0) setTimeout(() => socket.destroy(), wait)
    await once(socket, 'close')
    return answer
  }
  const head = 'Host: app.example.com\r\nConnection: close\r\n'
  try {
    for (const text of [
      `GET /login/ HTTP/1.1\r\n${head}X: ${'y'.repeat(40_000)}\r\n\r\n`,
      `GET /${'y'.repeat(40_000)} HTTP/1.1\r\n${head}\r\n`,
      `GET /login/ HTTP/1.1\r\n${head}A b: c\r\n\r\n`,
      `GET /login/ HTTP/1.1\r\n${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `POST /login/ HTTP/1.1\r\n${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`,
      `TRACE /login/ HTTP/1.1\r\n${head}Cookie: ${marker}\r\n\r\n`,
      `GET http://[::1 HTTP/1.1\r\n${head}\r\n`,
      `GET /login/ HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n`,
      `POST ${spa.routes.ask} HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ]) {
      const answer = await raw(text)
      assert.match(answer, /^HTTP\/1\.1 4\d\d /, text.slice(0, 60))
      assert.ok(!answer.includes('zq9'))
    }
    const large = `POST ${spa.routes.ask} HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
    assert.match(await raw(`${large}${`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(4)}0\r\n\r\n`), /^HTTP\/1\.1 413 /)
    // Who goes away in the middle is no error of ours.
    await raw(
      `POST ${spa.routes.ask} HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
      50,
    )
    assert.match(await raw(`GET /healthz HTTP/1.1\r\n${head}\r\n`), /^HTTP\/1\.1 200 /)
    assert.deepEqual(
      bench.log.filter(({ level }) => level === 'error'),
      [],
    )
  } finally {
    server.closeAllConnections()
    server.close()
    await bench.close()
  }
})

// By chance

inMemory('whatever is sent to whichever route, it is answered, plainly and under 500', async (open) => {
  const bench = await open({ trustedProxies: ['198.51.0.0/16'] })
  await person(bench, owner)
  const names = [
    'email',
    'token',
    'uid',
    'code',
    'flow_id',
    'grant',
    'password',
    'confirm',
    'new_password',
    'new_password1',
    'new_password2',
    'confirm_password',
    'username',
    'challenge',
    'csrf_token',
    'resend',
    '__proto__',
    'constructor',
    '',
  ]
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      owner,
      marker,
      '\u0000',
      '%00',
      "' OR '1'='1",
      '../'.repeat(9),
      '\ud800',
      'x'.repeat(20_000),
      '123456',
      token,
      before,
    ),
  )
  const value = fc.oneof(nasty, fc.jsonValue({ maxDepth: 2 }))
  const fields = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 6 })
  const body = fc.oneof(
    fields.map((pairs) => JSON.stringify(Object.fromEntries(pairs))),
    fields.map((pairs) =>
      pairs
        .map(([name, one]) => `${escaped(name)}=${escaped(typeof one === 'string' ? one : JSON.stringify(one))}`)
        .join('&'),
    ),
    nasty,
  )
  const header = fc.constantFrom(
    'content-type',
    'origin',
    'sec-fetch-site',
    'cookie',
    'accept-language',
    'x-forwarded-for',
    'user-agent',
    'content-length',
    'host',
    'referer',
    'range',
    'if-none-match',
    'accept',
    'x-http-method-override',
  )
  const known = fc.constantFrom(
    'application/json',
    'application/x-www-form-urlencoded',
    'same-origin',
    'cross-site',
    origin,
    'null',
    'app.example.com',
    '__Host-lk_browser=x; __Host-lk_grant_a=b',
    'de, en;q=0.5',
    '1.2.3.4, x',
    '0',
    '99999999',
  )
  const text = fc.oneof(
    known,
    fc.string({ maxLength: 60 }).map((one) => one.replace(/[^\x20-\x7e]/g, '').trim()),
  )
  const headers = fc.dictionary(header, text, { maxKeys: 5 })
  const path = fc.oneof(
    fc.constantFrom(...routes.map((route) => route.path)),
    fc
      .tuple(fc.constantFrom(...routes.map((route) => route.path)), fc.webQueryParameters())
      .map(([at, query]) => `${at}?${query}`),
    fc.webPath(),
  )
  const method = fc.constantFrom('GET', 'POST', 'POST', 'POST', 'HEAD', 'OPTIONS', 'DELETE')
  const users = JSON.stringify(await bench.accounts.list(null, 10))
  await fc.assert(
    fc.asyncProperty(method, path, headers, body, async (method, path, headers, body) => {
      const bodied = method === 'GET' || method === 'HEAD' ? {} : { body }
      const answer = await send(bench, path.replace(/^\/+/, '/'), { method, headers, ...bodied })
      assert.ok(answer.status < 500, `${answer.status}`)
      if (answer.status >= 400) assert.ok(!answer.text.includes('zq9<b>'))
      assertHeaders(answer, path)
    }),
    { numRuns: 4000, interruptAfterTimeLimit: 5000, markInterruptAsFailure: false },
  )
  assert.equal(JSON.stringify(await bench.accounts.list(null, 10)), users)
  assert.deepEqual(
    bench.log.filter(({ level }) => level === 'error'),
    [],
  )
  assertSilent(bench)
})

const escaped = (text: string): string => (text.isWellFormed() ? encodeURIComponent(text) : '%ff')
