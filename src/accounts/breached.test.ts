/** The list of breached passwords, asked of a server on loopback that answers as Pwned Passwords documents it. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { breached } from './breached.ts'

const known = 'correct horse battery staple'
const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex').toUpperCase()
const padding = Array.from({ length: 800 }, (_, at) => `${sha1(`padding ${at}`).slice(5)}:0`)

type Answer = (response: ServerResponse, range: string) => void
const rightly: Answer = (response, range) => {
  const own = sha1(known).startsWith(range) ? [`${sha1(known).slice(5)}:4711`] : []
  response.end([...padding.slice(0, 400), ...own, ...padding.slice(400)].join('\r\n'))
}

async function list(answer: Answer) {
  const asked: { url: string; headers: NodeJS.Dict<string | string[]> }[] = []
  const said: unknown[] = []
  const state = { answer, now: 0 }
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers })
    state.answer(response, request.url!.slice('/range/'.length))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`
  const isBreached = breached({ url, timeout: 300 }, { now: () => state.now }, (...line) => said.push(line))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { asked, said, state, isBreached, close }
}

test('a password of a breach is known, another is not, and the list is told five digits of a digest and nothing else', async () => {
  const { asked, isBreached, close } = await list(rightly)
  assert.equal(await isBreached(known), true)
  assert.equal(await isBreached('nobody has had this one yet'), false)
  close()
  assert.deepEqual(
    asked.map(({ url }) => url),
    [`/range/${sha1(known).slice(0, 5)}`, `/range/${sha1('nobody has had this one yet').slice(0, 5)}`],
  )
  assert.equal(asked[0]!.headers['add-padding'], 'true')
  assert.equal(asked[0]!.headers.cookie, undefined)
})

test('what only pads the answer is no breach', async () => {
  const { isBreached, close } = await list((response) => response.end(`${sha1(known).slice(5)}:0`))
  assert.equal(await isBreached(known), false)
  close()
})

const wrong: Record<string, Answer> = {
  'an error': (response) => response.writeHead(503).end(),
  'no answer': () => {},
  'half an answer': (response) => void response.write(padding[0]),
  'another text': (response) => response.end('<html>'),
  'nothing at all': (response) => response.end(),
  'too much': (response) => response.end('A'.repeat(1_000_001)),
  'a redirect': (response) => response.writeHead(302, { Location: 'http://127.0.0.1:9/' }).end(),
}
for (const [what, answer] of Object.entries(wrong)) {
  test(`a list that gives ${what} stops nobody, is logged, and is left alone for half a minute`, async () => {
    const { asked, said, state, isBreached, close } = await list(answer)
    assert.equal(await isBreached(known), false)
    assert.equal(said.length, 1)
    assert.doesNotMatch(JSON.stringify(said), new RegExp(`${sha1(known).slice(5)}|horse`))
    state.answer = rightly
    state.now = 29_999
    assert.equal(await isBreached(known), false)
    assert.equal(asked.length, 1)
    state.now = 30_000
    assert.equal(await isBreached(known), true)
    close()
  })
}
