/**
 * A reset letter is the one letter people are taught to click. Where its link was made of the request, whoever asked for
 * somebody else could choose where it led: mailcow (CVE-2025-25198), Snipe-IT (CVE-2022-23064) and Piwigo
 * (CVE-2025-62406) took the Host header; ZITADEL took `Forwarded` and `X-Forwarded-Host` (CVE-2023-49097); Django a Host
 * with a user's part in it (CVE-2012-4520); Umbraco let the first request after its start decide for all letters to come
 * (CVE-2022-22691); Statamic took the link from a parameter (CVE-2026-27593); WordPress put the Host into the sender
 * (CVE-2017-8295). The owner clicks, and the token is the attacker's. So requests of every such form go over raw sockets
 * to the listener of node:http, and every letter is read as it left over SMTP.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after as afterAll, before as beforeAll, test } from 'node:test'
import { allFlows, type Bench, openBench, origin, person } from './kit.ts'
import { type MailServer, mailServer } from './mail-server.ts'

let mail: MailServer
const opened: { bench: Bench; server: Server }[] = []

beforeAll(async () => {
  mail = await mailServer()
})
afterAll(async () => {
  for (const { bench, server } of opened) {
    server.closeAllConnections()
    server.close()
    await bench.close()
  }
  await mail.close()
})

type Target = { readonly bench: Bench; readonly port: number }

/** A fresh start: nobody has asked it anything yet. */
async function start(options: Parameters<typeof openBench>[1] = {}): Promise<Target> {
  const smtp = { host: '127.0.0.1', port: mail.port, tls: false }
  const bench = await openBench('', { mail: { smtp, from: 'App <no-reply@example.com>' }, ...options })
  for (let index = 0; index < 100; index++) await person(bench, `person.${index}@example.org`)
  const server = createServer(bench.node)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.push({ bench, server })
  return { bench, port: (server.address() as AddressInfo).port }
}

/** Sends these bytes as they are; answers the status and the whole answer. */
async function raw(port: number, text: string): Promise<{ status: number; text: string }> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.setTimeout(5000, () => socket.destroy())
  socket.write(Buffer.from(text, 'latin1'))
  await once(socket, 'close')
  const answer = Buffer.concat(chunks).toString('utf8')
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), text: answer }
}

type Ask = {
  /** The request's target; the flow's path when absent. */
  readonly target?: (path: string) => string
  /** Host lines and all others, as they stand. */
  readonly headers: readonly string[]
  readonly body?: string
}

let asked = 0

/** Asks for one more person's reset in this flow, in this way. */
async function askRaw({ bench, port }: Target, flow: (typeof allFlows)[number], { target, headers, body }: Ask) {
  const address = `person.${asked++ % 100}@example.org`
  const isJson = flow.face === 'json'
  const content = isJson
    ? JSON.stringify({ email: address, ...(body ? Object.fromEntries(new URLSearchParams(body)) : {}) })
    : `email=${encodeURIComponent(address)}${body ? `&${body}` : ''}`
  const path = flow.routes.ask
  const lines = [
    `POST ${target ? target(path) : path} HTTP/1.1`,
    ...headers,
    `Content-Type: ${isJson ? 'application/json' : 'application/x-www-form-urlencoded'}`,
    `Content-Length: ${Buffer.byteLength(content)}`,
    'Sec-Fetch-Site: same-origin',
    'Connection: close',
  ]
  const answer = await raw(port, `${lines.join('\r\n')}\r\n\r\n${content}`)
  await bench.worker.drain()
  // A network each would take as many machines; what is counted is not the matter here.
  bench.clock.turn({ minutes: 16 })
  return answer
}

const good = 'Host: app.example.com'

/** Every letter that came: its links are ours alone, and nothing of the asker's stands anywhere in it. */
async function assertClean(from: number, what: string): Promise<void> {
  for (const letter of mail.received.slice(from)) {
    const { html = '', text = '' } = await letter.parsed()
    const links = [...`${text}\n${html}`.matchAll(/\b[a-z]+:\/\/[^\s"'<>]+/gi)].map(([link]) => link)
    assert.ok(links.length > 0 || /^\s*\d{6}\s*$/m.test(text), `${what}: the letter has a link or a code`)
    for (const link of links.filter((one) => !one.startsWith('http://www.w3.org/'))) {
      assert.equal(link.slice(0, origin.length + 1), `${origin}/`, `${what}: ${link}`)
      assert.equal(new URL(link).origin, origin, what)
    }
    assert.doesNotMatch(letter.raw + text + html, /evil|attacker|8443|@app\.example\.com\./i, what)
    assert.equal(letter.from, 'no-reply@example.com', what)
    const head = letter.raw.slice(0, letter.raw.indexOf('\r\n\r\n'))
    for (const line of head.matchAll(/^(?:From|Sender|Return-Path|Reply-To|Message-ID):.*$/gim)) {
      assert.match(line[0], /@(?:app\.)?example\.com>?\r?$/, what)
    }
  }
}

/** What is refused outright, and by whom. */
const refused: readonly (Ask & { name: string })[] = [
  { name: 'another host', headers: ['Host: evil.test'] },
  { name: 'another host with our port', headers: ['Host: evil.test:443'] },
  { name: 'a user part', headers: ['Host: app.example.com:@evil.test'] },
  { name: 'a user part with a port', headers: ['Host: app.example.com:443@evil.test'] },
  { name: 'a user named as we are', headers: ['Host: app.example.com@evil.test'] },
  { name: 'a fragment', headers: ['Host: app.example.com#@evil.test'] },
  { name: 'a path', headers: ['Host: evil.test/app.example.com'] },
  { name: 'a query', headers: ['Host: evil.test?app.example.com'] },
  { name: 'a backslash', headers: ['Host: evil.test\\app.example.com'] },
  { name: 'a tab', headers: ['Host: evil.test\tapp.example.com'] },
  { name: 'a space', headers: ['Host: app.example.com evil.test'] },
  { name: 'two in one line', headers: ['Host: app.example.com, evil.test'] },
  { name: 'a longer name', headers: ['Host: app.example.com.evil.test'] },
  { name: 'a longer name before', headers: ['Host: evil-app.example.com'] },
  { name: 'a port that is none', headers: ['Host: app.example.com:evil'] },
  { name: 'nothing', headers: ['Host:'] },
  { name: 'no host at all', headers: [] },
  { name: 'two lines, the other first', headers: ['Host: evil.test', good] },
  { name: 'an absolute target elsewhere', target: (path) => `https://evil.test${path}`, headers: [good] },
  { name: 'an absolute target elsewhere, in clear', target: (path) => `http://evil.test${path}`, headers: [good] },
  {
    name: 'an absolute target of ours, a host of theirs',
    target: (path) => `https://app.example.com${path}`,
    headers: ['Host: evil.test'],
  },
  {
    name: 'an absolute target with a user part',
    target: (path) => `https://app.example.com@evil.test${path}`,
    headers: [good],
  },
]

/** What may be answered as any other ask: then the letter must be as any other. */
const survived: readonly (Ask & { name: string })[] = [
  { name: 'X-Forwarded-Host', headers: [good, 'X-Forwarded-Host: evil.test', 'X-Forwarded-Proto: http'] },
  { name: 'Forwarded', headers: [good, 'Forwarded: host=evil.test;proto=http;for=192.0.2.1'] },
  {
    name: 'every other forwarding header',
    headers: [
      good,
      ...['X-Host', 'X-Forwarded-Server', 'X-HTTP-Host-Override', 'X-Original-Host', 'X-Proxy-Host', 'Base-Url'].map(
        (name) => `${name}: evil.test`,
      ),
      'X-Original-URL: https://evil.test/',
      'X-Rewrite-URL: https://evil.test/',
      'X-Forwarded-Prefix: //evil.test',
      'X-Forwarded-Port: 8443',
      'X-Forwarded-Scheme: evil',
      'Via: 1.1 evil.test',
      'X-Url-Scheme: evil',
    ],
  },
  { name: 'two lines, ours first', headers: [good, 'Host: evil.test'] },
  { name: 'a port', headers: ['Host: app.example.com:8443'] },
  { name: 'capitals', headers: ['Host: APP.EXAMPLE.COM'] },
  { name: 'Referer and user agent', headers: [good, 'Referer: https://evil.test/x', 'User-Agent: evil.test'] },
  { name: 'a language that is none', headers: [good, 'Accept-Language: evil.test, <evil>;q=9'] },
  { name: 'an absolute target of ours', target: (path) => `https://app.example.com${path}`, headers: [good] },
  {
    name: 'parameters of the address',
    target: (path) => `${path}?next=//evil.test&redirect=https://evil.test&url=https:evil.test`,
    headers: [good],
  },
]

const parameters = ['redirect', 'reset_url', '_reset_url', 'callbackURL', 'return_to', 'next', 'url', 'urlTemplate']
const places = ['evil.test', '//evil.test', 'https:evil.test', 'https://app.example.com.evil.test', '/\\evil.test']

for (const flow of allFlows) {
  test(`no host, target or forwarding header reaches a letter of ${flow.name}`, async () => {
    const target = await start()
    for (const ask of refused) {
      const had = mail.received.length
      const { status } = await askRaw(target, flow, ask)
      assert.ok(status === 421 || status === 400 || status === 0, `${ask.name} is answered ${status}`)
      assert.equal(mail.received.length, had, `${ask.name}: nothing is mailed`)
    }
    for (const ask of survived) {
      const had = mail.received.length
      const { status, text } = await askRaw(target, flow, ask)
      if (status < 400) assert.equal(mail.received.length, had + 1, `${ask.name} is an ask as any other`)
      else assert.ok([400, 403, 421].includes(status), `${ask.name} is answered ${status}`)
      assert.doesNotMatch(text, /^location:.*evil/im, ask.name)
      await assertClean(had, ask.name)
    }
  })

  test(`no parameter says where a letter of ${flow.name} leads, or where one is sent on to`, async () => {
    const target = await start()
    for (const place of places) {
      const had = mail.received.length
      const body = parameters.map((name) => `${name}=${encodeURIComponent(place)}`).join('&')
      const { status, text } = await askRaw(target, flow, { headers: [good], body })
      assert.ok(status < 400 || status === 400)
      assert.doesNotMatch(text, /evil/i, 'nothing of it comes back')
      await assertClean(had, place)
    }
  })
}

test('the first request after a start decides nothing for those to come', async () => {
  for (const headers of [['Host: evil.test'], [good, 'X-Forwarded-Host: evil.test', 'Forwarded: host=evil.test']]) {
    const target = await start()
    await raw(target.port, `GET / HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: close\r\n\r\n`)
    for (const flow of allFlows) {
      const had = mail.received.length
      await askRaw(target, flow, { headers: [good] })
      assert.equal(mail.received.length, had + 1)
      await assertClean(had, flow.name)
    }
  }
})

test('behind a proxy that is trusted for addresses, its host is not trusted either', async () => {
  const target = await start({ trustedProxies: ['127.0.0.1'] })
  const headers = [good, 'X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Host: evil.test', 'Forwarded: host=evil.test']
  for (const flow of allFlows) {
    const had = mail.received.length
    await askRaw(target, flow, { headers })
    assert.equal(mail.received.length, had + 1)
    await assertClean(had, flow.name)
  }
})

test('an origin that once was seen is not one of ours', async () => {
  const target = await start()
  for (const flow of allFlows) {
    const had = mail.received.length
    const headers = [good, 'Origin: https://evil.test']
    const { status, text } = await askRaw(target, flow, { headers })
    if (flow.face === 'pages') assert.equal(status, 403, 'a form from elsewhere')
    assert.doesNotMatch(text, /evil/, 'nor is it allowed to read the answer')
    await askRaw(target, flow, { headers: [good] })
    await assertClean(had, flow.name)
  }
})

test('the redirects on the way stay on their own origin', async () => {
  const { port } = await start()
  for (const path of ['/auth/password-reset', '/forgot-password', '/accounts/login', '//evil.test/..//login']) {
    const { text } = await raw(port, `GET ${path}?next=//evil.test HTTP/1.1\r\n${good}\r\nConnection: close\r\n\r\n`)
    const location = /^location: (.*)\r$/im.exec(text)?.[1]
    if (location !== undefined) assert.equal(new URL(location, origin).origin, origin, path)
    else assert.match(text, /^HTTP\/1\.1 (404|400)/, path)
  }
})
