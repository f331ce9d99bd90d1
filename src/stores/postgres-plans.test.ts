/**
 * No statement reads a table from end to end, as `sqlite-plans.test.ts` has it for SQLite. Here the server itself tells: it
 * reads a table whole only where there is no index to go by (`enable_seqscan = off`), and counts how often it did. So every
 * statement of a walk, of its worker and of the clean-up is held to it, whoever makes it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inDatabase, inQuietDatabase, newUrl } from '../../test/new-postgres.ts'
import type { Caller } from '../engine/audit.ts'
import type { Flow } from '../engine/flow.ts'
import { verbs } from '../engine/verbs.ts'
import { flows } from '../index.ts'
import { codeIn, type TestRecovery, testRecovery } from '../testing/index.ts'
import { postgres } from './postgres.ts'

const caller: Caller = {
  ...{ network: '198.51.100.7', block: '198.51.100.7', agent: 'Firefox', browser: 'b'.repeat(22) },
  ...{ devices: [], locale: 'en', requestId: 'r' },
}

/** What grows: one row or more for each account, ask or act. */
const growing = ['users', 'challenges', 'letters', 'limits', 'sessions', 'history', 'events'].map((name) =>
  name === 'users' ? name : `latchkey_${name}`,
)

/** Ask, letter, proof, change and log-in of one flow. */
async function walk(recovery: TestRecovery, flow: Flow, address: string, password: string) {
  const does = verbs(recovery.kit)
  const asked = await does.request(flow, { address, caller, previous: null, resend: false })
  assert.ok(asked.ok)
  const mail = (await recovery.mail())!
  if (flow.proof.kind === 'code') {
    const typed = { flowId: asked.flowId, address, caller }
    assert.ok(!(await does.prove(flow, { ...typed, code: '000000' })).ok)
    const proved = await does.prove(flow, { ...typed, code: codeIn(mail) })
    assert.ok(proved.ok)
    const { grant } = proved.accounts[0]!
    assert.ok((await does.change(flow, { by: { grant }, password, confirm: password, caller })).ok)
  } else {
    const url = new URL(/https?:\/\/\S+/.exec(mail.text)![0])
    const parts = url.pathname.split('/').filter(Boolean)
    const token = url.searchParams.get('token') ?? parts.at(-1)!
    const link = { token, uid: flow.name === 'classic' || flow.name === 'stateless' ? parts.at(-2)! : null }
    assert.ok((await does.look(flow, link, caller)).ok)
    assert.ok((await does.change(flow, { by: link, password, confirm: password, caller })).ok)
  }
  await recovery.mail()
  assert.ok((await does.login({ name: address, password, caller })).ok)
}

test('no statement of a walk, its worker and the clean-up reads a table from end to end', async (t) => {
  const url = await newUrl(t)
  const name = new URL(url).pathname.slice(1)
  await inDatabase(url, (db) => db.query(`ALTER DATABASE "${name}" SET enable_seqscan = off`))
  const recovery = await testRecovery({ database: postgres(url) })
  for (const [at, flow] of Object.values(flows).entries()) {
    const address = `ana${at}@example.org`
    await recovery.account({ email: address, password: 'Old-Kettle-17!' })
    await walk(recovery, flow, address, `New-Harbour-${at}3?`)
  }
  const { store, clock } = recovery.kit
  assert.ok((await store.eventsOf('1', ['password.changed'], 5)).length > 0)
  assert.ok((await store.audit.rows(0, 5)).length > 0)
  await store.purge(clock.now() + 400 * 24 * 3600 * 1000)
  await recovery.close()
  const read = await inQuietDatabase(
    url,
    async (db) => (await db.query('SELECT relname, seq_scan::int, idx_scan::int FROM pg_stat_user_tables')).rows,
  )
  for (const table of growing) {
    const { seq_scan, idx_scan } = read.find(({ relname }) => relname === table)!
    assert.ok(idx_scan > 0, `${table} was not read at all`)
    assert.equal(seq_scan, 0, `${table} was read from end to end`)
  }
})
