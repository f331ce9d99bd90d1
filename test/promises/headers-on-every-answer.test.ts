/**
 * A header that is on the pages one thought of is missing on the one that is attacked: the redirect, the refusal, the
 * probe, the file that was added last week. WordPress let another site ask for resets (CVE-2014-9033), tokens went out in
 * referrers and stayed in caches, and pages that never should have been were framed. So this walks every path that the
 * program itself says it answers, under every method, and reads what browsers are told; and it walks round the proxy's
 * side: what came in clear, what came from a page elsewhere, what is too large to be read at all.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { code, spa } from '../../src/flows/index.ts'
import type { TestOptions } from '../../src/testing/index.ts'
import {
  allFlows,
  type Bench,
  freshAddress,
  inMemory,
  letterFor,
  onSqlite,
  openBench,
  person,
  stranger,
} from './kit.ts'

const owner = 'ana@example.org'
const https = 'https://app.example.com'

type Sent = { method?: string; headers?: Record<string, string>; body?: string; from?: string; at?: string }
type Answer = { readonly status: number; readonly headers: Headers; readonly text: string }

async function send(bench: Bench, path: string, sent: Sent = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, from = freshAddress(), at = https } = sent
  const all = { host: new URL(at).host, ...headers }
  const request = new Request(new URL(path, at), { method, headers: all, ...(body === undefined ? {} : { body }) })
  const response = await bench.fetch(request, { remoteAddress: from })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** A path with something in its blanks. */
const filled = (path: string): string => path.replaceAll(/:\w+/g, 'k'.repeat(65))

/** Every path that is answered, and some that are not. */
const pathsOf = (bench: Bench): string[] => [
  ...bench.paths.map(filled),
  '/nowhere',
  '/.well-known/nothing',
  '/app/nothing',
  '/%ff',
]

/** Paths whose answers are files under the digest of what is in them. */
const isFile = (path: string): boolean => /\.(?:css|js|woff2|svg|png)$/.test(path)

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']
const asForm = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
const asJson = { 'content-type': 'application/json' }

/** Each answer of each path under each method, in both content types. */
async function walk(bench: Bench, see: (answer: Answer, what: string, path: string) => void, at = https) {
  for (const path of pathsOf(bench)) {
    for (const method of methods) {
      for (const headers of method === 'POST' ? [asForm, asJson] : [{}]) {
        const body = method === 'POST' ? (headers === asJson ? '{}' : '') : undefined
        const answer = await send(bench, path, { method, headers, at, ...(body === undefined ? {} : { body }) })
        see(answer, `${method} ${path} (${answer.status})`, path)
      }
    }
  }
}

const withEverything: TestOptions = {
  security: { contact: 'mailto:security@example.com', expires: '2026-12-31' },
}

inMemory('every path that is answered tells browsers the same, under every method and status', async (open) => {
  const bench = await open(withEverything)
  assert.ok(bench.paths.length > 80)
  const statuses = new Set<number>()
  await walk(bench, ({ headers, status }, what) => {
    statuses.add(status)
    const policy = Object.fromEntries(
      headers
        .get('content-security-policy')!
        .split('; ')
        .map((one) => [one.split(' ')[0], one.split(' ').slice(1)]),
    )
    assert.deepEqual(policy['default-src'], ["'none'"], what)
    for (const name of ['object-src', 'base-uri', 'frame-ancestors']) assert.deepEqual(policy[name], ["'none'"], what)
    for (const name of ['script-src', 'style-src', 'form-action']) assert.deepEqual(policy[name], ["'self'"], what)
    assert.equal(headers.get('referrer-policy'), 'no-referrer', what)
    assert.equal(headers.get('x-content-type-options'), 'nosniff', what)
    assert.equal(headers.get('x-robots-tag'), 'noindex', what)
    assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', what)
    assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', what)
    assert.match(headers.get('permissions-policy')!, /^(?:[a-z-]+=\(\)(?:, |$))+$/, what)
    assert.equal(headers.get('strict-transport-security'), 'max-age=31536000; includeSubDomains', what)
    for (const banner of ['server', 'x-powered-by', 'x-version', 'via', 'etag', 'last-modified', 'server-timing']) {
      assert.equal(headers.get(banner), null, `${what}: ${banner}`)
    }
  })
  for (const status of [200, 303, 308, 400, 404, 405, 410, 415]) assert.ok(statuses.has(status), `${status} was met`)
})

inMemory('no answer may be kept, but for the files whose address changes with them', async (open) => {
  const bench = await open(withEverything)
  await walk(bench, ({ headers, status }, what, path) => {
    const kept = isFile(path) && status === 200
    assert.equal(headers.get('cache-control'), kept ? 'public, max-age=31536000, immutable' : 'no-store', what)
    if (kept) assert.deepEqual(headers.getSetCookie(), [], `${what}: what is kept for all is the same for all`)
  })
})

inMemory('every answer says exactly what it is', async (open) => {
  const bench = await open(withEverything)
  const known = [
    /^text\/html; charset=utf-8$/i,
    /^text\/plain; charset=utf-8$/i,
    /^text\/(?:css|javascript); charset=utf-8$/i,
    /^application\/problem\+json; charset=utf-8$/i,
    /^application\/json$/,
    /^image\/svg\+xml$/,
    /^font\/woff2$/,
  ]
  await walk(bench, ({ headers, status, text }, what, path) => {
    const type = headers.get('content-type')
    if (text === '' && (type === null || status === 303 || status === 308)) return
    assert.ok(
      known.some((form) => form.test(type ?? '')),
      `${what}: ${type}`,
    )
    if (path.startsWith('/api/') && status >= 400 && text !== '')
      assert.match(type!, /^application\/problem\+json/, what)
  })
})

inMemory('on http, in development, nothing speaks of https', async (open) => {
  const at = 'http://localhost:3000'
  const bench = await open({ publicUrl: at, allowedHosts: ['localhost:3000'] })
  await walk(
    bench,
    ({ headers }, what) => {
      assert.equal(headers.get('strict-transport-security'), null, what)
      for (const cookie of headers.getSetCookie()) assert.doesNotMatch(cookie, /Secure|__Host-/, what)
      assert.ok(!headers.get('location')?.startsWith('https:'), what)
    },
    at,
  )
})

// What came in clear

const proxy = '10.1.2.3'

inMemory('what a trusted proxy took in clear is led to https, and a program or a form is refused', async (open) => {
  const bench = await open({ trustedProxies: ['10.0.0.0/8'] })
  await person(bench, owner)
  const inClear = { 'x-forwarded-proto': 'http', 'x-forwarded-for': '198.51.100.9' }
  for (const path of pathsOf(bench)) {
    const isProgram =
      path.startsWith('/api/') || path.startsWith('/auth/forgot') || /^\/auth\/reset-password/.test(path)
    const looked = await send(bench, `${path}?a=b`, { headers: inClear, from: proxy })
    if (path === '/healthz' || path === '/readyz') assert.equal(looked.status, 200)
    else if (isProgram) assert.equal(looked.status, 421, path)
    else assert.deepEqual([looked.status, looked.headers.get('location')], [308, `${https}${path}?a=b`])
    assert.equal(looked.headers.get('strict-transport-security') !== null, true)
    for (const headers of [asForm, asJson]) {
      const body = headers === asForm ? `email=${owner}` : JSON.stringify({ email: owner })
      const posted = await send(bench, path, { method: 'POST', headers: { ...headers, ...inClear }, body, from: proxy })
      if (path !== '/healthz' && path !== '/readyz') assert.equal(posted.status, 421, path)
      assert.equal(posted.headers.get('location'), null, 'what was read on the way is not sent once more')
      assert.deepEqual(posted.headers.getSetCookie(), [])
    }
  }
  assert.equal(await bench.mail(), null)
  for (const [proto, from] of [
    ['https', proxy],
    ['https, http', proxy],
    ['http, https', proxy],
    ['http', '198.51.100.9'],
    ['evil', proxy],
  ] as const) {
    const { status } = await send(bench, '/login/', { headers: { 'x-forwarded-proto': proto }, from })
    assert.equal(status, 200, `${proto} from ${from}`)
  }
})

// What came from a page elsewhere

inMemory('no page of another origin posts to a route of programs, whatever its browser lets through', async (open) => {
  const front = 'https://front.example.net'
  for (const options of [{}, { spaUrl: `${front}/app` }] as TestOptions[]) {
    const bench = await open(options)
    await person(bench, owner)
    const isElsewhere = options.spaUrl !== undefined
    const targets = [spa.routes.ask, ...allFlows.map(({ name }) => `/api/flows/${name}/request`)]
    const rest = allFlows.flatMap(({ name }) => [`/api/flows/${name}/prove`, `/api/flows/${name}/change`])
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.test' },
      { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' },
      { origin: 'https://app.example.com.evil.test' },
      { origin: 'http://app.example.com:8080' },
      { origin: 'null' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      ...(isElsewhere ? [] : [{ origin: front, 'sec-fetch-site': 'cross-site' }]),
    ]
    for (const path of [...targets, spa.routes.change, ...rest]) {
      for (const headers of foreign) {
        const body = JSON.stringify({ email: owner })
        const answer = await send(bench, path, { method: 'POST', headers: { ...asJson, ...headers }, body })
        assert.equal(answer.status, 403, `${JSON.stringify(headers)} at ${path}`)
        assert.equal(JSON.parse(answer.text).code, 'forbidden')
        assert.equal(answer.headers.get('access-control-allow-origin'), null)
      }
    }
    assert.equal(await bench.mail(), null, 'nothing was asked for')
    const ours: Record<string, string>[] = [
      {},
      { origin: https, 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
      ...(isElsewhere ? [{ origin: front, 'sec-fetch-site': 'cross-site' }] : []),
    ]
    for (const headers of ours) {
      bench.clock.turn({ days: 1 })
      const body = JSON.stringify({ email: owner })
      const answer = await send(bench, spa.routes.ask, { method: 'POST', headers: { ...asJson, ...headers }, body })
      assert.equal(answer.status, 200, JSON.stringify(headers))
    }
  }
})

// Paths that others agreed on

inMemory(
  'the address for changing a password leads to where one does, and what is unknown beside it is not there',
  async (open) => {
    const change = '/.well-known/change-password'
    const expected = async (options: TestOptions, location: string): Promise<void> => {
      const answer = await send(await open(options), change)
      assert.deepEqual([answer.status, answer.headers.get('location')], [303, location])
    }
    await expected({}, allFlows[0]!.routes.ask)
    await expected({ flows: [code] }, code.routes.ask)
    await expected({ flows: [spa] }, `${https}/app${spa.routes.spa.ask}`)
    await expected(
      { flows: [spa], spaUrl: 'https://front.example.net' },
      `https://front.example.net${spa.routes.spa.ask}`,
    )
    const unknown = '/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200'
    for (const options of [{}, { flows: [spa] }, { flows: [spa], spaUrl: `${https}/` }] as TestOptions[]) {
      const bench = await open(options)
      for (const path of [unknown, `${change}/x`, '/.well-known/', '/.well-known/security.txt']) {
        assert.equal((await send(bench, path)).status, 404, path)
      }
    }
  },
)

inMemory('security.txt says whom to tell until it expires, and is not there before it is configured', async (open) => {
  const contact = ['mailto:security@example.com', 'https://example.com/hole']
  const bench = await open({ security: { contact, expires: '2026-06-30' } })
  const answer = await send(bench, '/.well-known/security.txt')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type')?.toLowerCase(), 'text/plain; charset=utf-8')
  assert.deepEqual(answer.text.split('\n'), [
    'Contact: mailto:security@example.com',
    'Contact: https://example.com/hole',
    'Expires: 2026-06-30T00:00:00.000Z',
    'Canonical: https://app.example.com/.well-known/security.txt',
    '',
  ])
  bench.clock.turn({ days: 365 })
  assert.equal((await send(bench, '/.well-known/security.txt')).status, 404)
  for (const security of [
    { contact: 'security@example.com', expires: '2026-06-30' },
    { contact: 'http://example.com', expires: '2026-06-30' },
    { contact: 'mailto:a@b.org\nContact: mailto:evil@evil.test', expires: '2026-06-30' },
    { contact: [], expires: '2026-06-30' },
    { contact: 'mailto:a@b.org', expires: 'soon' },
  ]) {
    await assert.rejects(open({ security }), /security\.(?:contact|expires)/)
  }
})

// What cannot be answered, or need not be read

onSqlite(
  'when nothing can be answered, it is said in the form of the face, with every header and no reason',
  async (open) => {
    const bench = await open()
    await person(bench, owner)
    assert.equal((await send(bench, '/readyz')).text, 'ok')
    await bench.kit.store.close()
    const [ready, health] = [await send(bench, '/readyz'), await send(bench, '/healthz')]
    assert.deepEqual([ready.status, ready.text, health.status, health.text], [503, 'not ok', 200, 'ok'])
    for (const { path, headers, body } of [
      { path: spa.routes.ask, headers: asJson, body: JSON.stringify({ email: owner }) },
      { path: '/api/flows/classic/request', headers: asJson, body: JSON.stringify({ email: owner }) },
      { path: '/login/', headers: asForm, body: `username=${owner}&password=x` },
    ]) {
      const answer = await send(bench, path, { method: 'POST', headers, body })
      assert.equal(answer.status, 503, path)
      assert.equal(answer.headers.get('retry-after'), '5')
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      assert.match(answer.headers.get('content-security-policy')!, /frame-ancestors 'none'/)
      assert.doesNotMatch(answer.text, /closed|store|sqlite|\.ts|stack|at \w+ \(/i)
      if (headers === asJson) {
        assert.match(answer.headers.get('content-type')!, /^application\/problem\+json/)
        const { type, title, status } = JSON.parse(answer.text)
        assert.deepEqual([type, typeof title, status], ['urn:latchkey:problem:unavailable', 'string', 503])
      } else assert.match(answer.headers.get('content-type')!, /^text\/html/)
    }
  },
)

test('a body that is announced as too large is refused before a byte of it is sent', async () => {
  const bench = await openBench('')
  const server = createServer(bench.node)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    for (const [path, type] of [
      [spa.routes.ask, 'application/json'],
      ['/api/flows/classic/change', 'application/json'],
      ['/login/', 'application/x-www-form-urlencoded'],
      ['/forgot-password/', 'application/x-www-form-urlencoded'],
    ] as const) {
      const socket = connect(port, '127.0.0.1')
      socket.setTimeout(5_000, () => socket.destroy(new Error('no answer came')))
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: app.example.com\r\nContent-Type: ${type}\r\nContent-Length: 2000000\r\n\r\n`,
      )
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      assert.match(chunk.toString(), /^HTTP\/1\.1 413 /, path)
      socket.destroy()
    }
    for (const method of ['TRACE', 'PROPFIND', 'M-SEARCH', 'LINK']) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(
        `${method} /login/ HTTP/1.1\r\nHost: app.example.com\r\nCookie: secret=1\r\nConnection: close\r\n\r\n`,
      )
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      assert.match(chunk.toString(), /^HTTP\/1\.1 405 [^\r]*\r\n(?:.*\r\n)*?allow: GET, POST, HEAD\r\n/i, method)
      assert.doesNotMatch(chunk.toString(), /secret=1/, 'nothing is echoed')
      socket.destroy()
    }
  } finally {
    server.closeAllConnections()
    server.close()
    await bench.close()
  }
})

inMemory('the page behind a link, and all that comes of it, tells no referrer and is kept by nobody', async (open) => {
  const bench = await open()
  await person(bench, owner)
  for (const flow of allFlows) {
    if (flow.face !== 'pages') continue
    const mail = await letterFor(bench, flow, owner)
    bench.clock.turn({ minutes: 16 })
    const link = /https:\/\/\S+/.exec(mail.text)?.[0]
    if (!link || flow.proof.kind === 'code') continue
    const fresh = /https:\/\/\S+/.exec((await letterFor(bench, flow, owner)).text)![0]
    const browser = stranger(bench)
    const first = await browser.look(fresh)
    assert.equal(first.status, 303)
    const page = await browser.look(first.location!)
    for (const { headers } of [first, page]) {
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.equal(headers.get('cache-control'), 'no-store')
    }
    const secret = new URL(fresh).searchParams.get('token') ?? new URL(fresh).pathname.split('/').findLast(Boolean)!
    assert.ok(!page.text.includes(secret) && !first.location!.includes(secret), flow.name)
    assert.doesNotMatch(page.text, /(?:src|href)="(?:https?:)?\/\//, 'nothing is loaded or linked from elsewhere')
  }
})
