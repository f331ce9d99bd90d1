import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import * as flows from './flows/index.ts'
import { mayBeOurs } from './http/routes.ts'
import { latchkey, type Recovery } from './latchkey.ts'
import { sqlite } from './stores/sqlite.ts'
import { type TestRecovery, testRecovery } from './testing/index.ts'

type Answer = { status: number; text: string; headers: Headers }
type Ask = (path: string, init?: RequestInit) => Promise<Answer>

/** A server on loopback while the story lasts. */
async function served(listener: RequestListener, story: (ask: Ask) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    await story(async (path, init) => {
      const response = await fetch(origin + path, { redirect: 'manual', ...init })
      return { status: response.status, text: await response.text(), headers: response.headers }
    })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** A server with a recovery before the host's own pages; `before` stands before both. */
const host =
  (recovery: Pick<Recovery, 'node'>, before: (request: IncomingMessage) => Promise<void> = async () => {}) =>
  async (...[request, response]: Parameters<RequestListener>): Promise<void> => {
    await before(request)
    recovery.node(request, response, () => response.writeHead(404).end(`the host has no ${request.url}`))
  }

/** As a page of ours sends it. */
const form = (fields: Record<string, string> | string): RequestInit => ({
  method: 'POST',
  headers: { 'sec-fetch-site': 'same-origin' },
  body: new URLSearchParams(fields),
})
const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

async function opened(story: (recovery: TestRecovery) => Promise<void>): Promise<void> {
  const recovery = await testRecovery({ allowedHosts: ['127.0.0.1'], publicUrl: 'http://127.0.0.1' })
  try {
    await recovery.account({ email: 'ana@example.org', password: 'Old-Kettle-17!' })
    await story(recovery)
  } finally {
    await recovery.close()
  }
}

test('beside a host every path of ours is answered, and every other is left to it, the root too', () =>
  opened((recovery) =>
    served(host(recovery), async (ask) => {
      assert.ok(recovery.paths.length > 60)
      for (const path of recovery.paths) {
        const { headers } = await ask(path.replaceAll(/:\w+/g, 'some'))
        assert.match(headers.get('content-security-policy') ?? '', /default-src/, path)
      }
      const others = [
        '/',
        '/?a=/login/',
        '/loginx',
        '/login/more',
        '/reset',
        '/latchkey',
        '/api/flows',
        '/api/flows/a/b',
      ]
      for (const path of [...others, '/auth/login%2F', '/AUTH/login/', '//auth/login/', '/dev/inbox/', '/admin']) {
        assert.deepEqual([path, (await ask(path)).text], [path, `the host has no ${path}`])
      }
    }),
  ))

test('what may be ours holds every path that turns out to be', () =>
  opened(async (recovery) => {
    const all = Object.values(flows)
    for (const spaUrl of ['http://127.0.0.1/app', 'http://127.0.0.1/a/b', 'http://127.0.0.1/']) {
      const may = mayBeOurs(all, 'http://127.0.0.1', spaUrl)
      const base = new URL(spaUrl).pathname.replace(/\/$/, '')
      const ours = recovery.paths.map((path) => path.replace(/^\/app(?=\/|$)/, base)).filter((path) => path.length > 1)
      for (const path of ours) assert.ok(may(path), path)
      assert.equal(may('/'), false)
    }
    assert.equal(mayBeOurs(all, 'http://127.0.0.1', 'http://127.0.0.1/app')('/shop/'), false)
  }))

test('a host goes on while the database cannot be opened, and ours say so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-mount-'))
  const log: string[] = []
  const recovery = latchkey({
    secret: 'a secret of a test, of which nothing outside hangs',
    publicUrl: 'http://127.0.0.1',
    store: sqlite(join(folder, 'no-such-folder', 'app.db')),
    mail: { console: true, from: 'a@example.org' },
    log: ({ message }) => void log.push(message),
  })
  try {
    await served(host(recovery), async (ask) => {
      assert.deepEqual([(await ask('/shop/')).status, log], [404, []])
      const { status, headers } = await ask('/auth/password-reset/')
      assert.deepEqual([status, headers.get('retry-after')], [503, '5'])
      assert.deepEqual(log, ['a request found nothing open to answer it'])
    })
  } finally {
    await recovery.close()
    rmSync(folder, { recursive: true })
  }
})

const parsers: Record<string, (body: string, type: string) => unknown> = {
  'parsed it': (body, type) =>
    type.includes('json') ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body)),
  'kept it as a text': (body) => body,
  'kept it as bytes': (body) => Buffer.from(body),
}
for (const [what, parse] of Object.entries(parsers)) {
  test(`a body that the host has read is read all the same, where it ${what}`, () =>
    opened((recovery) => {
      const before = async (request: IncomingMessage & { body?: unknown }): Promise<void> => {
        const body = await text(request)
        if (body !== '') request.body = parse(body, request.headers['content-type'] ?? '')
      }
      return served(host(recovery, before), async (ask) => {
        assert.equal((await ask('/auth/password-reset/', form({ email: 'ana@example.org' }))).status, 303)
        assert.equal((await ask('/auth/forgot-password/', json({ email: 'ana@example.org' }))).status, 200)
        await recovery.mail()
        assert.equal(recovery.letters.length, 2)
      })
    }))
}

test('of a form that the host has parsed, a field sent twice or with brackets is none', () =>
  opened((recovery) => {
    const lists = { email: ['ana@example.org', 'eve@example.org'], a: { b: 'c' } }
    const before = async (request: IncomingMessage & { body?: unknown }): Promise<void> => {
      if ((await text(request)) !== '') request.body = lists
    }
    return served(host(recovery, before), async (ask) => {
      assert.equal((await ask('/auth/password-reset/', form('email=x'))).status, 400)
      assert.equal((await ask('/auth/forgot-password/', json({}))).status, 400)
      await recovery.mail()
      assert.equal(recovery.letters.length, 0)
    })
  }))

test('a body that is gone is told of in the log, with what to do', () =>
  opened((recovery) => {
    const before = async (request: IncomingMessage): Promise<void> => void (await text(request))
    return served(host(recovery, before), async (ask) => {
      assert.equal((await ask('/auth/forgot-password/', json({ email: 'ana@example.org' }))).status, 503)
      assert.match(recovery.log.at(-1)!.message, /already read: mount Latchkey before/)
      const request = new Request('http://127.0.0.1/auth/forgot-password/', json({ email: 'ana@example.org' }))
      await request.text()
      assert.equal((await recovery.fetch(request)).status, 503)
      assert.match(recovery.log.at(-1)!.message, /already read/)
      assert.equal(recovery.log.filter(({ level }) => level === 'error').length, 2)
    })
  }))
