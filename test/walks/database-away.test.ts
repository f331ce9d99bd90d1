/** While the database is away: a clean answer that says when to come back, and afterwards everything as before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
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
