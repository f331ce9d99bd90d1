/** What a server owes to a database that others share: patience while it is away, and its time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { latchkey } from '../../src/latchkey.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { testRecovery } from '../../src/testing/index.ts'
import { newPostgres } from '../new-postgres.ts'
import { wireTo } from '../wire.ts'

test('while the database is away asks are answered with 503 and when to come back, and then all goes on', async (t) => {
  const { url, drop } = await newPostgres()
  const wire = await wireTo(Number(new URL(url).port))
  const through = new URL(url)
  through.port = String(wire.port)
  const recovery = await testRecovery({ database: postgres(through.href, { timeout: 500 }) })
  t.after(async () => {
    await recovery.close()
    await wire.close()
    drop()
  })
  await recovery.account({ email: 'ana@example.org', password: 'Old-secret-1' })
  const browser = recovery.browser()
  const ask = () => browser.json('/auth/forgot-password/', { email: 'ana@example.org' })
  assert.equal((await ask()).status, 200)
  for (const state of ['shut', 'hold'] as const) {
    wire[state]()
    const away = await ask()
    assert.equal(away.status, 503)
    assert.equal(away.headers.get('retry-after'), '5')
    assert.match(away.headers.get('content-type') ?? '', /problem\+json/)
    assert.doesNotMatch(JSON.stringify(away.body), /postgres|127\.0\.0\.1|latchkey_/)
    const page = await browser.submit('/auth/password-reset/', { email: 'ana@example.org' })
    assert.equal(page.status, 503)
    assert.equal((await browser.look('/readyz')).status, 503)
    assert.equal((await browser.look('/healthz')).status, 200)
    wire.mend()
    assert.equal((await browser.look('/readyz')).status, 200)
  }
  assert.equal((await ask()).status, 200)
  const letter = await recovery.mail()
  assert.equal(letter?.to, 'ana@example.org')
  assert.equal(recovery.letters.length, 2)
})

test('processes that share a database judge by its time, whatever their machines say', async (t) => {
  const { url, drop } = await newPostgres()
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(`CREATE SCHEMA tomorrow; CREATE FUNCTION tomorrow.clock_timestamp() RETURNS timestamptz
    LANGUAGE sql AS $$ SELECT pg_catalog.clock_timestamp() + interval '1 day' $$`)
  const shifted = new URL(url)
  shifted.searchParams.set('options', '-csearch_path=tomorrow,public,pg_catalog')
  const recovery = latchkey({
    secret: 'a secret of a test, of which nothing outside hangs',
    publicUrl: 'https://app.example.com',
    mail: { from: 'App <no-reply@example.com>', send: async () => {} },
    worker: false,
    log: () => {},
    store: postgres(shifted.href),
  })
  t.after(async () => {
    await recovery.close()
    await admin.end()
    drop()
  })
  const body = JSON.stringify({ email: 'ana@example.org' })
  const headers = { host: 'app.example.com', 'content-type': 'application/json' }
  const asked = new Request('https://app.example.com/auth/forgot-password/', { method: 'POST', headers, body })
  assert.equal((await recovery.fetch(asked)).status, 200)
  const { rows } = await admin.query(`SELECT asked_at / 1000 - extract(epoch FROM pg_catalog.clock_timestamp()) AS ahead
    FROM latchkey_challenges`)
  assert.ok(Math.abs(Number(rows[0].ahead) - 24 * 3600) < 60, rows[0].ahead)
})
