/**
 * Whoever attacks sends what no form does, by the thousand: fields that are lists, bodies that are no text, lengths that
 * lie, names that every object has. Payload, Ghost and authentik each fell to one such request (CVE-2026-34751,
 * CVE-2026-22594, CVE-2024-47070), and it was one that nobody had thought of. So none is thought of here: routes are taken
 * from the router itself, and each is sent what chance makes of every method, header, content type and field. Whatever
 * comes, it is answered, under 500 and with nothing of what was sent in it; no account changes, no table grows with the
 * number of requests, every line of the log is one line that holds none of it, and the owner is served afterwards.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { classic, code, spa } from '../../src/flows/index.ts'
import { logger } from '../../src/server/log.ts'
import { testClock } from '../../src/testing/index.ts'
import { runs } from '../runs.ts'
import {
  after,
  type Bench,
  before,
  eventsOf,
  isSuccess,
  letterFor,
  linkBody,
  logsIn,
  onSqlite,
  openBench,
  origin,
  person,
  reset,
  rowsIn,
  stranger,
} from './kit.ts'

const owner = 'ana@example.org'
/** Told from everything else, whatever stands around it. */
const marker = 'zq9'

// What is sent

const fieldNames = [
  'email username password new_password new_password1 new_password2 confirm_password code token uid challenge grant',
  'csrf_token resend flow_id captcha flow locale previous __proto__ constructor prototype toString hasOwnProperty',
].flatMap((names) => names.split(' '))

/** Texts that some layer below might take for something else than text. */
const nasty = fc.constantFrom(
  marker,
  `${marker}<script>alert(1)</script>`,
  `"><img src=x onerror=${marker}>`,
  `${marker}\u0000`,
  `${marker}\r\nSet-Cookie: a=${marker}`,
  `${marker}\r\n{"level":"error","message":"forged"}`,
  `\u001b[31m${marker}\u2028\u0085`,
  `\ud800${marker}`,
  `\ufeff${marker}\u202e`,
  `{{${marker}}}\${${marker}}%s%n`,
  `' OR 1=1; DROP TABLE users; -- ${marker}`,
  `../../../${marker}`,
  `javascript:${marker}`,
  `${marker}@example.org\r\nBcc: eve@example.net`,
  `${marker}@example.org,eve@example.net`,
  `"${marker} "@example.org`,
  `${marker}@[127.0.0.1]`,
  `${marker}${'y'.repeat(3000)}`,
  marker.repeat(9000),
  owner,
  before,
  '123456',
  '１２３４５６',
  'k'.repeat(65),
  `${'k'.repeat(22)}.Nw.mk12abcd.${'k'.repeat(65)}`,
  '',
  ' ',
  'null',
  '-1',
  '1e999',
)
const text = fc.oneof({ weight: 3, arbitrary: nasty }, fc.string({ unit: 'binary', maxLength: 40 }))
/** A plain word may be named again as the member that does not belong there; nothing else may. */
const oddName = nasty.filter((one) => !/^\w{1,40}$/.test(one))
const fieldName = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...fieldNames) }, oddName)
const fields = fc.array(fc.tuple(fieldName, text), { maxLength: 7 })

const bytesOf = (one: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(one) as Uint8Array<ArrayBuffer>
/** Percent-encoded as UTF-8, and a lone surrogate as the three bytes that a careless encoder makes of it. */
const escaped = (one: string): string =>
  [...one].map((letter) => (letter.isWellFormed() ? encodeURIComponent(letter) : '%ed%a0%80')).join('')

const asForm = fields.map((pairs) => pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&'))
const asRawForm = fields.map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'))
const asMultipart = fields.map((pairs) =>
  [
    ...pairs.map(
      ([name, value], at) =>
        `--b\r\nContent-Disposition: form-data; name="${name}"${at % 3 === 2 ? `; filename="${value}"` : ''}\r\n\r\n${value}\r\n`,
    ),
    '--b--\r\n',
  ].join(''),
)
const member = fc.oneof(
  text.map((one) => JSON.stringify(one)),
  fc.json({ maxDepth: 3 }),
  fc.constantFrom('[]', '{}', 'null', 'true', '1e999', '-0', `["${owner}"]`, `{"$ne":""}`, '"\\ud800"', '"\\u0000"'),
)
const asJson = fc
  .array(fc.tuple(fieldName, member), { maxLength: 7 })
  .map((pairs) => `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`)
const asOddJson = fc.oneof(
  fc.constantFrom(
    '['.repeat(16_000),
    `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`,
    `{"email":${'['.repeat(7000)}${']'.repeat(7000)}}`,
    `{"email":"${owner}","email":"${marker}@example.org"}`,
    `{"email":"${owner}","e\\u006dail":"${marker}@example.org"}`,
    '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
    '\ufeff{}',
    '{"email":NaN}',
    "{'email':1}",
    '{"email":"a",}',
    '{"email":"a"}{"email":"b"}',
    'null',
    '"text"',
    '[]',
    '0',
    '',
  ),
  asJson.map((one) => one.slice(0, -2)),
)
const body = fc.oneof(
  fc.oneof(asForm, asForm, asRawForm, asMultipart, asJson, asJson, asOddJson, text).map(bytesOf),
  fc.uint8Array({ maxLength: 300 }).map((one) => new Uint8Array(one)),
  asJson.map((one) => new Uint8Array(gzipSync(one))),
  fc.constantFrom(16_384, 16_385, 70_000).map((size) => bytesOf(`email=${'x'.repeat(size - 6)}`)),
)

const types = [
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'text/plain',
  'application/json; charset=utf-16',
  'application/x-www-form-urlencoded; charset=iso-8859-1',
  'APPLICATION/JSON;;;',
  'application/json, text/html',
  marker,
  '',
]
/** What a header can hold. */
const plain = (one: string): string => one.replace(/[^\x20-\x7e]/g, '').slice(0, 2000)

const header = fc.oneof(
  fc.tuple(
    fc.constantFrom('origin', 'referer', 'host'),
    fc.constantFrom('null', origin, 'https://evil.test', 'app.example.com', 'app.example.com:80', marker),
  ),
  fc.tuple(
    fc.constantFrom('x-forwarded-for', 'forwarded', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'),
    fc.constantFrom('1.2.3.4', '::1', 'for="[::1"', 'a, ,b', `${marker}`, Array(500).fill('10.0.0.1').join(',')),
  ),
  fc.tuple(
    fc.constantFrom('cookie'),
    fc
      .array(fc.tuple(fc.constantFrom('browser', 'session', 'ask_code', 'grant_x', 'device_x', ''), text), {
        maxLength: 4,
      })
      .map((all) => all.map(([name, value]) => `__Host-lk_${name}=${plain(value)}`).join('; ')),
  ),
  fc.tuple(
    fc.constantFrom('accept', 'accept-language', 'user-agent', 'authorization', 'if-none-match', 'range', 'expect'),
    fc.oneof(text.map(plain), fc.constantFrom('*', 'de;q=9', 'bytes=0-', 'application/json', '100-continue')),
  ),
  fc.tuple(
    fc.constantFrom('x-http-method-override', 'x-original-url', 'x-rewrite-url', 'content-encoding', 'content-length'),
    fc.constantFrom('DELETE', '/admin/', 'gzip', 'br', '0', '5', '99999999', '-1', '1e3', marker),
  ),
)
const method = fc.constantFrom(
  ...'POST POST POST POST POST GET GET HEAD PUT PATCH DELETE OPTIONS constructor'.split(' '),
)
const site = fc.constantFrom('same-origin', 'same-origin', 'same-origin', 'cross-site', 'none', '')

type Hostile = {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array<ArrayBuffer>
  /** Which of a few networks it comes from. */
  readonly from: number
}

/** Any request to any route: its own pattern, filled with what does not belong there. */
const hostile = (patterns: readonly string[]): fc.Arbitrary<Hostile> => {
  const filling = fc.oneof(nasty, fc.constantFrom('MQ', 'k'.repeat(65)))
  const path = fc
    .tuple(fc.constantFrom(...patterns), filling, fc.option(fc.tuple(fieldName, text), { freq: 3 }))
    .map(([pattern, value, query]) => {
      const filled = pattern.replaceAll(/:\w+(\{[^}]*\})?/g, () => escaped(value).slice(0, 4000) || 'x')
      return query ? `${filled}?${escaped(query[0])}=${escaped(query[1]).slice(0, 4000)}` : filled
    })
  return fc
    .record({
      method,
      path,
      type: fc.constantFrom(...types),
      site,
      more: fc.array(header, { maxLength: 3 }),
      body,
      from: fc.nat(3),
    })
    .map(({ type, site, more, ...rest }) => ({
      ...rest,
      headers: {
        host: 'app.example.com',
        ...(type ? { 'content-type': type } : {}),
        ...(site ? { 'sec-fetch-site': site } : {}),
        ...Object.fromEntries(more),
      },
    }))
}

// What must hold for each answer

/** So many turns of the event loop's clock that an answer which has not come by then never will. */
const mostTurns = 20_000

async function answered<T>(answer: Promise<T>, what: string): Promise<T> {
  let done = false
  const hung = (async () => {
    for (let turn = 0; turn < mostTurns && !done; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
    if (!done) throw new Error(`${what} is not answered`)
    return answer
  })()
  try {
    return await Promise.race([answer, hung])
  } finally {
    done = true
    hung.catch(() => {})
  }
}

async function send(bench: Bench, { method, path, headers, body, from }: Hostile): Promise<void> {
  const what = `${method} ${path.slice(0, 80)}`
  const bodied = method === 'GET' || method === 'HEAD' ? {} : { body }
  const request = new Request(new URL(path, origin), { method, headers, ...bodied })
  const response = await answered(bench.fetch(request, { remoteAddress: `203.0.113.${10 + from}` }), what)
  const told = await answered(response.text(), what)
  assert.ok(response.status < 500, `${what} is answered ${response.status}`)
  // A page without its slash leads to itself with it, and to nowhere else.
  const own = response.status === 308 ? response.headers.get('location') : null
  if (own !== null) {
    const [asked, led] = [new URL(path, origin), new URL(own, origin)]
    assert.deepEqual([led.origin, led.pathname, led.search], [origin, `${asked.pathname}/`, asked.search], what)
  }
  for (const [name, value] of response.headers) {
    assert.ok(value === own || !value.includes(marker), `${what}: ${name} says it again`)
  }
  // What was typed into the address's own field may stand there again, as text and nothing else.
  const elsewhere = told.replaceAll(/value="[^"<>]*"/g, '')
  assert.ok(!elsewhere.includes(marker), `${what}: the answer says it again`)
  if (response.status >= 400) assert.doesNotMatch(told, /node:internal|\.[jt]s:\d|at async|sqlite|stack/i, what)
}

/** The log as the server writes it; every line is kept. */
function recorded() {
  const lines: string[] = []
  const clock = testClock()
  return { clock, lines, log: logger('debug', clock, (line) => void lines.push(line)) }
}

function assertLinesSound(lines: readonly string[]): void {
  for (const line of lines) {
    assert.match(line, /^\{[^\n\r\u2028\u2029\u0085\u001b]*\}\n$/)
    assert.ok(['debug', 'info', 'warn'].includes(JSON.parse(line).level), line)
    assert.ok(!line.includes(marker) && !line.includes(before) && !line.includes('forged'), line)
  }
}

/** Rows that a few networks may leave behind however long they go on, the events of their refusals among them. */
const mostRows = 1200

async function assertOwnerIsServed(bench: Bench): Promise<void> {
  bench.clock.turn({ days: 1, minutes: 1 })
  assert.ok(await logsIn(bench, owner, before))
  let password = before
  for (const [at, flow] of [classic, code, spa].entries()) {
    const browser = stranger(bench)
    password = `${after}-${at}`
    assert.ok(isSuccess(await reset(browser, flow, await letterFor(bench, flow, owner, browser), password)), flow.name)
  }
  assert.ok(await logsIn(bench, owner, password))
  await bench.mail()
}

onSqlite('thousands of requests that nobody thought of: each is answered, and none leaves a mark', async (open) => {
  const { clock, lines, log } = recorded()
  const bench = await open({ trustedProxies: ['203.0.113.12'], clock, log })
  await person(bench, owner, { username: 'ana' })
  await person(bench, 'bea@example.org')
  const accounts = JSON.stringify(await bench.accounts.list(null, 10))
  assert.ok(bench.paths.length > 40, 'the routes are those of the router')
  await fc.assert(
    fc.asyncProperty(hostile(bench.paths), (one) => send(bench, one)),
    { numRuns: runs(2500), interruptAfterTimeLimit: 7000 * runs(1), markInterruptAsFailure: false, endOnFailure: true },
  )
  await bench.mail()
  assert.equal(JSON.stringify(await bench.accounts.list(null, 10)), accounts)
  for (const [table, rows] of Object.entries(rowsIn(bench))) {
    assert.ok(rows.length < mostRows, `${table} has ${rows.length} rows`)
    if (!/users|events/.test(table)) assert.ok(!JSON.stringify(rows).includes(marker), `${table} holds what was sent`)
  }
  for (const letter of bench.letters) assert.ok([owner, 'bea@example.org'].includes(letter.to), letter.to)
  assertLinesSound(lines)
  await assertOwnerIsServed(bench)
})

onSqlite('a live proof of somebody else makes no hostile request stronger', async (open) => {
  const { clock, lines, log } = recorded()
  const bench = await open({ clock, log })
  await person(bench, owner)
  const { token } = linkBody(spa, await letterFor(bench, spa, owner))
  const accounts = JSON.stringify(await bench.accounts.list(null, 10))
  // The token in its place, and a password that is anything but a good one.
  const isStrong = (one: string): boolean => one.startsWith('"') && JSON.parse(one).length >= 8
  const weak = fc.json({ maxDepth: 2 }).filter((one) => !isStrong(one))
  const bad = fc.oneof(weak, fc.constantFrom('"Weak"', '""', `"${before}"`, '["New-Harbour-83?"]'))
  const property = fc.asyncProperty(bad, fc.nat(3), async (password, from) => {
    const text = `{"token":${JSON.stringify(token)},"new_password":${password}}`
    const headers = { host: 'app.example.com', 'content-type': 'application/json' }
    await send(bench, { method: 'POST', path: spa.routes.change, headers, body: bytesOf(text), from })
  })
  await fc.assert(property, { numRuns: runs(60), endOnFailure: true })
  assert.equal(JSON.stringify(await bench.accounts.list(null, 10)), accounts)
  assert.ok(lines.every((line) => !line.includes(token)))
  bench.clock.turn({ minutes: 1 })
  const change = await stranger(bench).json(spa.routes.change, { token, new_password: after })
  assert.equal(change.status, 200, 'and the proof is unspent')
  assert.ok((await eventsOf(bench)).some(({ name }) => name === 'password.changed'))
})

// Over the wire, where lengths and lines can lie

const line = fc.constantFrom(
  'Content-Length: 5',
  'Content-Length: 999',
  'Content-Length: 0',
  'Content-Length: -1',
  'Content-Length: 5, 5',
  'Content-Length: 0x5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding : chunked',
  'Content-Encoding: gzip',
  'Content-Type: application/json',
  'Content-Type: application/x-www-form-urlencoded',
  'Host: evil.test',
  'Host:',
  'Expect: 100-continue',
  'Upgrade: websocket',
  'Connection: Upgrade, keep-alive',
  `Cookie: __Host-lk_session=${marker}\u0000`,
  ` folded: ${marker}`,
  `X-${marker}\u0001: a`,
  `X: ${'y'.repeat(20_000)}`,
  `: ${marker}`,
)
const payload = fc.constantFrom(
  '',
  'hello',
  `5\r\nhello\r\n0\r\n\r\n`,
  `ffffffffffffffff\r\n${marker}`,
  `5;${marker}\r\nhello\r\n0\r\nX-Trailer: ${marker}\r\n\r\n`,
  `-5\r\nhello\r\n`,
  `{"email":"${owner}"}`,
  `GET /account/ HTTP/1.1\r\nHost: app.example.com\r\n\r\n`,
  '\u0000'.repeat(50),
)
const target = fc.constantFrom(
  '/login/',
  spa.routes.ask,
  '/api/flows/classic/request/',
  '*',
  '/%00',
  '//evil.test/',
  '/\u00e9',
  `http://evil.test/`,
)

test('whatever a connection carries, it ends without a 5xx, and the next one is served', async () => {
  const { clock, lines, log } = recorded()
  const bench = await openBench('', { clock, log })
  const server = createServer(bench.node)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const exchange = async (sent: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    // Nothing more comes: a length that promised more was a lie.
    socket.end(Buffer.from(sent, 'latin1'))
    await answered(once(socket, 'close'), JSON.stringify(sent.slice(0, 200)))
    return answer
  }
  try {
    const request = fc.record({
      method: fc.constantFrom('POST', 'POST', 'GET', 'TRACE', 'CONNECT', 'post', `${marker}`),
      target,
      version: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', marker),
      lines: fc.array(line, { maxLength: 5 }),
      end: fc.constantFrom('\r\n', '\r\n', '\n', '\r'),
      payload,
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ method, target, version, lines, end, payload }) => {
        const head = [`${method} ${target} ${version}`, 'Host: app.example.com', ...lines].join(end)
        const answer = await exchange(`${head}${end}${end}${payload}`)
        for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d+)/gm))
          assert.ok(Number(status) < 500, answer.slice(0, 300))
        assert.ok(!answer.includes(marker), answer.slice(0, 300))
      }),
      { numRuns: runs(250), endOnFailure: true },
    )
    assert.match(await exchange('GET /healthz HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n'), / 200 /)
    assertLinesSound(lines)
  } finally {
    server.closeAllConnections()
    server.close()
    await bench.close()
  }
})
