import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Hono } from 'hono'
import { served } from './served.ts'

const body = 'body { color: red } '.repeat(100)
const app = new Hono().get('/a.css', served({ body, type: 'text/css; charset=utf-8' }))
const get = (accepts: string | null) =>
  app.request('/a.css', accepts === null ? {} : { headers: { 'accept-encoding': accepts } })

test('a file is compressed for whoever takes that, and is the same file', async () => {
  for (const accepts of ['gzip', 'br, gzip;q=0.5', 'deflate, GZIP', 'gzip;q=0.01']) {
    const answer = await get(accepts)
    assert.equal(answer.headers.get('content-encoding'), 'gzip', accepts)
    const bytes = Buffer.from(await answer.arrayBuffer())
    assert.ok(bytes.length < body.length / 5)
    assert.equal(gunzipSync(bytes).toString(), body)
  }
})

test('who does not take gzip gets the file as it is', async () => {
  for (const accepts of [null, '', 'br', 'gzip;q=0', 'gzip; q=0.00, br', 'identity']) {
    const answer = await get(accepts)
    assert.equal(answer.headers.get('content-encoding'), null, String(accepts))
    assert.equal(await answer.text(), body)
  }
})

test('a cache between keeps the two apart, and for a year', async () => {
  for (const accepts of ['gzip', 'br']) {
    const { headers } = await get(accepts)
    assert.equal(headers.get('vary'), 'Accept-Encoding')
    assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.equal(headers.get('content-type'), 'text/css; charset=utf-8')
  }
})
