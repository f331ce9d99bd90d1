import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { testRecovery } from '../testing/index.ts'
import { listen } from './listen.ts'
import { metricsListener } from './metrics.ts'

type Asked = { path?: string; method?: string; headers?: Record<string, string> }

async function onListener(
  token: string | null,
  read: () => Promise<string>,
  story: (ask: (asked?: Asked) => Promise<{ status: number; headers: Headers; text: string }>) => Promise<void>,
): Promise<void> {
  const listening = await listen(metricsListener(read, token), { host: '127.0.0.1', port: 0 }, false)
  try {
    await story(async ({ path = '/metrics', method = 'GET', headers = {} } = {}) => {
      const sent = request({ host: '127.0.0.1', port: listening.port, path, method, headers })
      sent.end()
      const [answer] = await once(sent, 'response')
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString()
      return { status: answer.statusCode, headers: new Headers(answer.headers as Record<string, string>), text }
    })
  } finally {
    await listening.stop(100)
  }
}

const text = 'latchkey_store_up 1\n'
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

test('metrics are text of Prometheus, at one path, for GET and HEAD', async () => {
  await onListener(
    null,
    async () => text,
    async (ask) => {
      const got = await ask()
      assert.equal(got.status, 200)
      assert.equal(got.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
      assert.equal(got.headers.get('cache-control'), 'no-store')
      assert.equal(got.text, text)
      assert.equal((await ask({ path: '/metrics?x=1' })).status, 200)
      assert.deepEqual(await ask({ method: 'HEAD' }).then(({ status, text }) => [status, text]), [200, ''])
      for (const path of ['/', '/metrics/', '/healthz', '/auth/login/']) assert.equal((await ask({ path })).status, 404)
      const posted = await ask({ method: 'POST' })
      assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD'])
    },
  )
})

test('without a token only a loopback name is answered, so that no web page can ask', async () => {
  await onListener(
    null,
    async () => text,
    async (ask) => {
      for (const host of ['127.0.0.1:9464', 'localhost', '[::1]:9464', '127.1.2.3']) {
        assert.equal((await ask({ headers: { host } })).status, 200, host)
      }
      for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:9464', '10.0.0.1']) {
        const refused = await ask({ headers: { host } })
        assert.deepEqual([refused.status, refused.text], [421, 'misdirected\n'], host)
      }
    },
  )
})

test('with a token nobody reads without it, whatever the path', async () => {
  const token = 'mB3rV0qTz8xWf1LkYcN5uJ7sD2hGpA9e'
  await onListener(
    token,
    async () => text,
    async (ask) => {
      for (const asked of [{}, bearer('x'), bearer(`${token}x`), bearer(''), { path: '/' }, { method: 'POST' }]) {
        const refused = await ask(asked)
        assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Bearer'])
        assert.ok(!refused.text.includes('latchkey'))
      }
      assert.equal((await ask({ headers: { ...bearer(token).headers, host: 'metrics.internal' } })).text, text)
      assert.equal((await ask({ ...bearer(token), path: '/' })).status, 404)
    },
  )
})

test('what cannot be read is a 503 and ends nothing', async () => {
  let works = false
  await onListener(
    null,
    async () => {
      if (works) return text
      throw new Error('a reason that nobody outside needs')
    },
    async (ask) => {
      const failed = await ask()
      assert.deepEqual([failed.status, failed.text], [503, 'not available\n'])
      works = true
      assert.equal((await ask()).status, 200)
    },
  )
})

test('the public server knows no metrics', async () => {
  const recovery = await testRecovery()
  const browser = recovery.browser()
  for (const path of ['/metrics', '/metrics/', '/Metrics', '/admin/metrics', '/api/metrics']) {
    const page = await browser.look(path)
    assert.equal(page.status, 404, path)
    assert.doesNotMatch(page.text, /latchkey_/)
  }
  assert.equal((await browser.look('/healthz')).text, 'ok')
  assert.equal((await browser.look('/readyz')).text, 'ok')
  assert.ok(!recovery.paths.some((path) => path.includes('metrics')))
  await recovery.close()
})
