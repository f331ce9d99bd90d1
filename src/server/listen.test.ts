import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage, type RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { bounds, CannotListen, freePort, type Listening, listen } from './listen.ts'

/** The answer to a GET. */
async function ask(
  url: string,
  agent?: Agent,
): Promise<{ status: number; body: string; headers: IncomingMessage['headers'] }> {
  const [response] = (await once(get(url, { agent: agent ?? new Agent() }), 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response), headers: response.headers }
}

const stopAfter = (listening: Listening): Listening => {
  after(() => listening.stop(0))
  return listening
}

test('in development both loopback addresses answer, on one port', async () => {
  const listening = stopAfter(await listen((_, response) => response.end('here'), { host: '127.0.0.1', port: 0 }, true))
  assert.match(listening.urls[0]!, /^http:\/\/127\.0\.0\.1:\d+\/$/)
  for (const url of listening.urls) assert.equal((await ask(url)).body, 'here')
})

test('a port that is taken is told of, with another to try', async () => {
  const first = stopAfter(await listen(() => {}, { host: '127.0.0.1', port: 0 }, false))
  await assert.rejects(
    listen(() => {}, { host: '127.0.0.1', port: first.port }, false),
    (error: Error) => {
      assert.ok(error instanceof CannotListen)
      assert.match(error.message, new RegExp(`Port ${first.port} on 127.0.0.1 is taken.*--port ${first.port + 1}`))
      return true
    },
  )
})

test('an address that is not of this machine is told of', async () => {
  await assert.rejects(
    listen(() => {}, { host: '192.0.2.1', port: 0 }, false),
    /no address of this machine/,
  )
})

test('a free port is free', async () => {
  const port = await freePort('127.0.0.1')
  stopAfter(await listen(() => {}, { host: '127.0.0.1', port }, false))
})

test('an answer on its way is finished, and no connection is taken after the stop', async () => {
  let finish = (): void => {}
  const begun = Promise.withResolvers<void>()
  const listening = await listen(
    (_, response) => {
      finish = () => response.end('whole')
      begun.resolve()
    },
    { host: '127.0.0.1', port: 0 },
    false,
  )
  const agent = new Agent({ keepAlive: true })
  const url = listening.urls[0]!
  const answer = ask(url, agent)
  await begun.promise
  const stopped = listening.stop(5_000)
  await assert.rejects(ask(url), /ECONNREFUSED/)
  finish()
  assert.equal((await answer).body, 'whole')
  const start = performance.now()
  await stopped
  assert.ok(performance.now() - start < 2_000)
  agent.destroy()
})

test('an answer that never ends is cut when patience is over', async () => {
  const listening = await listen(() => {}, { host: '127.0.0.1', port: 0 }, false)
  const answer = ask(listening.urls[0]!).catch((error: Error) => error)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const start = performance.now()
  await listening.stop(100)
  assert.ok(performance.now() - start < 2_000)
  assert.ok((await answer) instanceof Error)
})

/** Milliseconds short enough for a test; the time-out of the test itself says when one is too many. */
const hasty = { ...bounds, head: 200, request: 400, idle: 300, silence: 300, check: 50 }
const patient = { timeout: 10_000 }

/** A connection that says this and then nothing; and what came back until it was closed. */
function held(listening: Listening, said: string): { socket: Socket; closed: Promise<string> } {
  const socket = connect(listening.port, '127.0.0.1')
  let heard = ''
  // Being thrown out is an end as any other.
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    heard += chunk
  })
  if (said !== '') socket.write(said)
  after(() => socket.destroy())
  return { socket, closed: new Promise((resolve) => socket.on('close', () => resolve(heard))) }
}

const at = { host: '127.0.0.1', port: 0 }
const post = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n'

test('a caller that sends its headers slowly is cut off', patient, async () => {
  const within = { ...hasty, silence: 60_000 }
  const listening = stopAfter(await listen((_, response) => response.end(), at, false, within))
  const { socket, closed } = held(listening, 'GET / HTTP/1.1\r\nHost: localhost\r\n')
  const drip = setInterval(() => socket.write('X-Slow: 1\r\n'), 40)
  after(() => clearInterval(drip))
  assert.match(await closed, /^HTTP\/1\.1 408 |^$/)
})

test('a body that comes slowly, or never, is cut off', patient, async () => {
  let broken = 0
  const answer: RequestListener = (request, response) => {
    request.on('error', () => {
      broken++
    })
    request.resume().on('end', () => response.end('never'))
  }
  const listening = stopAfter(await listen(answer, at, false, { ...hasty, silence: 60_000 }))
  const silent = held(listening, post)
  const slow = held(listening, post)
  const drip = setInterval(() => slow.socket.write('x'), 40)
  after(() => clearInterval(drip))
  for (const { closed } of [silent, slow]) assert.match(await closed, /^HTTP\/1\.1 408 |^$/)
  assert.equal(broken, 2, 'whoever read the body is told that it ended')
})

test('connections that say nothing, or half a word, are cut off, however many there are', patient, async () => {
  const listening = stopAfter(await listen((_, response) => response.end('here'), at, false, hasty))
  const halves = ['', 'G', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: ']
  const all = Array.from({ length: 200 }, (_, index) => held(listening, halves[index % halves.length]!))
  assert.equal((await ask(listening.urls[0]!)).body, 'here', 'who comes meanwhile is answered')
  for (const { closed } of all) assert.doesNotMatch(await closed, /200 OK/)
})

test('a connection that is kept open and not used is closed', patient, async () => {
  const listening = stopAfter(await listen((_, response) => response.end('here'), at, false, hasty))
  const { closed } = held(listening, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  assert.match(await closed, /^HTTP\/1\.1 200 OK[\s\S]*here$/)
})

test('who does not read what was asked for is cut off', patient, async () => {
  const much = Buffer.alloc(64 * 1024 * 1024)
  const ended = Promise.withResolvers<boolean>()
  const answer: RequestListener = (_, response) => {
    response.on('close', () => ended.resolve(response.writableFinished))
    response.end(much)
  }
  const listening = stopAfter(await listen(answer, at, false, hasty))
  const { socket } = held(listening, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  socket.pause()
  assert.equal(await ended.promise, false)
})

test('there are only so many connections at once, and the ones there are go on', patient, async () => {
  const few = { ...bounds, connections: 5 }
  const listening = stopAfter(await listen((_, response) => response.end('here'), at, false, few))
  const kept = Array.from({ length: 5 }, () => held(listening, ''))
  await Promise.all(kept.map(({ socket }) => once(socket, 'connect')))
  const more = Array.from({ length: 20 }, () => held(listening, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))
  for (const { closed } of more) assert.equal(await closed, '')
  const [first] = kept
  first!.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  assert.match(await first!.closed, /here$/)
  // There is room again, once the server too has seen it go.
  let again = ''
  while (again === '')
    again = await held(listening, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n').closed
  assert.match(again, /here$/)
})

test('requests sent at once on one connection are answered each, in their order', patient, async () => {
  const answer: RequestListener = ({ url }, response) => {
    // The later ones are ready sooner.
    setTimeout(() => response.end(`<${url}>`), url === '/0' ? 20 : 0)
  }
  const listening = stopAfter(await listen(answer, at, false, hasty))
  const lines = Array.from({ length: 50 }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const heard = await held(listening, lines.join('')).closed
  assert.deepEqual(
    [...heard.matchAll(/<\/(\d+)>/g)].map(([, index]) => Number(index)),
    Array.from({ length: 50 }, (_, index) => index),
  )
})

test('what holds a connection open has a bound each, and none is for ever', () => {
  assert.deepEqual(
    Object.values(bounds).filter((bound) => !(bound > 0 && bound <= 65_000)),
    [],
  )
  assert.ok(bounds.head < bounds.request && bounds.idle > 60_000)
})
