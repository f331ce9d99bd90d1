/**
 * What others suffered, and is tried here: links that were made of a request, and answers that said too much. Umbraco's
 * first request after a start decided where all later letters led (CVE-2022-22690), Piwigo took any Host (CVE-2025-62406),
 * Gladys took every origin that somebody had logged in from for one of its own; and more than one reset has handed the
 * token back in the answer to the ask. `a-forged-host-reaches-no-letter` tries the spellings, this tries the circumstances.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { classic, spa } from '../../src/flows/index.ts'
import { codeIn, linkIn } from '../../src/testing/index.ts'
import {
  allFlows,
  ask,
  askApi,
  type Bench,
  before,
  inMemory,
  letterFor,
  linkOf,
  onEachStore,
  openBench,
  origin,
  person,
  stranger,
  submit,
} from './kit.ts'

const owner = 'ana@example.org'

/** Serves the bench, and sends whole requests as they are, over one connection; answers the statuses in their order. */
async function overOneConnection(bench: Bench, requests: readonly string[]): Promise<number[]> {
  const server = createServer(bench.node)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  socket.on('error', () => {})
  socket.end(requests.join(''))
  await new Promise((resolve) => socket.on('close', resolve))
  server.closeAllConnections()
  server.close()
  return [...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

const askFor = (email: string, head: string, target = spa.routes.ask): string => {
  const body = JSON.stringify({ email })
  const rest = `Content-Type: application/json\r\nContent-Length: ${body.length}`
  return `POST ${target} HTTP/1.1\r\n${head}\r\n${rest}\r\n\r\n${body}`
}
const good = 'Host: app.example.com'

test('the first request after a start, and those that come while a letter waits, make no link of any', async () => {
  for (const poison of [
    askFor('ben@example.org', 'Host: evil.test'),
    askFor('ben@example.org', good, `https://evil.test${spa.routes.ask}`),
    askFor('ben@example.org', `${good}\r\nX-Forwarded-Host: evil.test\r\nForwarded: host=evil.test;proto=http`),
    `GET /login/ HTTP/1.1\r\nHost: evil.test\r\n\r\n`,
  ]) {
    const bench = await openBench('', { trustedProxies: ['127.0.0.1'] })
    await person(bench, owner)
    await person(bench, 'ben@example.org')
    const statuses = await overOneConnection(bench, [poison, askFor(owner, good), poison])
    assert.equal(statuses[1], 200)
    await bench.mail()
    assert.ok(bench.letters.some(({ to }) => to === owner))
    for (const mail of bench.letters) {
      assert.equal(new URL(linkIn(mail)).origin, origin)
      assert.doesNotMatch(mail.text + mail.html + mail.subject, /evil/)
    }
    await bench.close()
  }
})

test('two hosts on one connection: each request is judged by its own, and no answer is mistaken for another', async () => {
  const bench = await openBench('')
  await person(bench, owner)
  const look = (host: string): string => `GET /login/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const statuses = await overOneConnection(bench, [
    look('app.example.com'),
    askFor(owner, 'Host: evil.test'),
    look('app.example.com'),
    look('evil.test'),
    askFor('nobody@example.org', good),
  ])
  assert.deepEqual(statuses, [200, 421, 200, 421, 200])
  assert.equal(await bench.mail(), null)
  await bench.close()
})

onEachStore('an origin that a member used when logging in is no origin of ours afterwards', async (open) => {
  const bench = await open()
  await person(bench, owner)
  await person(bench, 'mallory@example.org')
  const evil = { origin: 'https://evil.test', referer: 'https://evil.test/' }
  const mallory = stranger(bench)
  await submit(mallory, '/login/', { username: 'mallory@example.org', password: before })
  for (const path of ['/account/', '/login/', '/app/config.json']) await mallory.look(path, evil)
  const refused = await mallory.post('/login/', { username: 'mallory@example.org', password: before }, evil)
  assert.equal(refused.status, 403)
  for (const flow of allFlows) {
    const browser = stranger(bench)
    const { status } = await browser.json(`/api/flows/${flow.name}/request`, { email: owner }, evil)
    assert.equal(status, 403)
    const mail = await letterFor(bench, flow, owner)
    assert.doesNotMatch(mail.text + mail.html, /evil/)
    if (linkIn(mail)) assert.equal(new URL(linkIn(mail)).origin, origin)
    bench.clock.turn({ minutes: 16 })
  }
})

/** Ways in which one text may stand in another. */
const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('hex'),
]

inMemory('nothing that is answered before the letter is read holds its secret, or the way to it', async (open) => {
  for (const flow of allFlows) {
    const bench = await open()
    await person(bench, owner)
    let told = ''
    const see = (headers: Headers, text: string): void => {
      told += `${[...headers].map((pair) => pair.join(': ')).join('\n')}\n${text}\n`
    }
    const browser = stranger(bench)
    const asked = await ask(browser, flow, owner)
    see(asked.headers, asked.text)
    const program = await askApi(stranger(bench), flow, owner)
    see(program.headers, JSON.stringify(program.body))
    for (const path of bench.paths) {
      const page = await browser.look(path.replaceAll(/:\w+/g, 'x'))
      see(page.headers, page.text)
    }
    await bench.mail()
    assert.ok(bench.letters.length > 0)
    for (const mail of bench.letters) {
      const secret = flow.proof.kind === 'code' ? codeIn(mail) : linkOf(flow, mail).token
      assert.ok(secret.length >= 6)
      for (const form of formsOf(secret)) assert.ok(!told.includes(form), `${flow.name}: the answers hold ${form}`)
    }
  }
})

inMemory('a cache between us and others could keep nothing of one for another', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const browser = stranger(bench)
  await submit(browser, '/login/', { username: owner, password: before })
  const suffixes = ['', 'x.css', '%2fx.css', ';x.css', '%00.css', '?x.css', '/..%2fx.js', '%0ax.css']
  for (const path of ['/account/', classic.routes.ask, '/login/']) {
    for (const suffix of suffixes) {
      const page = await browser.look(path + suffix)
      assert.equal(page.headers.get('cache-control'), 'no-store', path + suffix)
      if (suffix !== '' && suffix !== '?x.css')
        assert.ok(!page.text.includes(owner), `${path}${suffix} is another page`)
    }
  }
})
