import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { CannotListen, freePort, type Listening, listen } from './listen.ts'

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

test('a caller that sends its headers slowly is cut off', { timeout: 20_000 }, async () => {
  const listening = stopAfter(await listen((_, response) => response.end(), { host: '127.0.0.1', port: 0 }, false))
  const socket = connect(listening.port, '127.0.0.1')
  after(() => socket.destroy())
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n')
  const drip = setInterval(() => socket.write('X-Slow: 1\r\n'), 500)
  after(() => clearInterval(drip))
  socket.resume()
  const start = performance.now()
  await once(socket, 'close')
  assert.ok(performance.now() - start < 15_000)
})
