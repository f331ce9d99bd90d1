/** The roles of docs/postgres.md are enough for what each process does, and for nothing else. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import pg from 'pg'
import { newPostgres } from '../../test/new-postgres.ts'
import { own } from '../accounts/own.ts'
import { keyring } from '../engine/keys.ts'
import { beginning, checkpointAfter, sealEvent, segmentOf, shortenedEvent } from '../engine/seal.ts'
import {
  aChange,
  aLetter,
  anAccount,
  anAsk,
  anEvent,
  aSession,
  asked,
  aTake,
  day,
  keyIds,
  minute,
  start,
} from './contract-values.ts'
import { postgres } from './postgres.ts'

const page = readFileSync(new URL('../../docs/postgres.md', import.meta.url), 'utf8')
/** The two scripts of the page; roles belong to a whole server, so here they have names of their own. */
const [makeRoles, grants] = [...page.matchAll(/```sql\n([\s\S]*?)```/g)]
  .map(([, sql]) => sql!.replaceAll(/latchkey_(migrate|serve|worker)\b/g, `latchkey_$1_${process.pid}`))
  .filter((sql) => /ROLE|GRANT/.test(sql))
const keys = keyring('a secret of the roles, of which nothing hangs').current

const take = aTake('wrong-codes-of-all', 100)
const notice = { limit: take.limit, letter: aLetter(), queue: false, event: anEvent('limit.crossed') }

test('each process has a role that may do what it does, and the one that meets the world neither alters nor removes an event', async (t) => {
  const { url, drop } = await newPostgres({}, false)
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const roles = ['migrate', 'serve', 'worker'].map((name) => `latchkey_${name}_${process.pid}`)
  t.after(async () => {
    await admin.query(`DROP OWNED BY ${roles.join()} CASCADE; DROP ROLE ${roles.join()}`)
    await admin.end()
    drop()
  })
  await admin.query(makeRoles!)
  const urlOf = (role: number): string => {
    const as = new URL(url)
    as.username = roles[role]!
    return as.href
  }
  await postgres(urlOf(0)).migrate(own, true)
  await admin.query(`SET ROLE ${roles[0]}; ${grants}; RESET ROLE`)

  const [serve, worker] = await Promise.all([1, 2].map((role) => postgres(urlOf(role)).open(own, true)))
  try {
    await serves(serve!, worker!)
    await works(worker!)
  } finally {
    await Promise.all([serve!.store.close(), worker!.store.close()])
  }

  for (const role of roles.slice(1)) {
    await admin.query(`SET ROLE ${role}`)
    for (const sql of [
      `UPDATE latchkey_events SET because = 'another'`,
      `UPDATE latchkey_events SET at = 0, name = 'link.opened', address_key = NULL, challenge_id = NULL`,
      `UPDATE latchkey_segments SET digest = ''`,
      `UPDATE users SET email = 'eve@example.org'`,
      'DELETE FROM users',
      'CREATE TABLE mine (id int)',
      'DROP TABLE latchkey_events',
      'TRUNCATE latchkey_events',
      'ALTER TABLE latchkey_events DISABLE TRIGGER ALL',
    ]) {
      await assert.rejects(admin.query(sql), { code: '42501' }, `${role}: ${sql}`)
    }
    await admin.query('RESET ROLE')
  }
  await admin.query(`SET ROLE ${roles[1]}`)
  const columns = await admin.query(`SELECT attname FROM pg_attribute
    WHERE attrelid = 'latchkey_events'::regclass AND attnum > 0`)
  for (const { attname } of columns.rows) {
    await assert.rejects(admin.query(`UPDATE latchkey_events SET ${attname} = NULL`), { code: '42501' }, attname)
  }
  for (const sql of ['DELETE FROM latchkey_events', 'DELETE FROM latchkey_segments', 'DELETE FROM latchkey_letters']) {
    await assert.rejects(admin.query(sql), { code: '42501' }, sql)
  }
  await admin.query('RESET ROLE')
})

type Opened = Awaited<ReturnType<ReturnType<typeof postgres>['open']>>

/** What `serve --no-worker` does. */
async function serves({ store, accounts }: Opened, worker: Opened): Promise<void> {
  await store.ping()
  await store.setSetting({ name: 'key', value: '1', version: 1 }, start, anEvent('settings.changed'))
  const account = await anAccount(worker.accounts)
  assert.deepEqual(await accounts.byName(account.username!), account)
  const challenge = await asked(store)
  const column = { reference: 'reference', expiresAt: start + minute }
  const binding = { challengeId: challenge.id, accountId: account.id, live: 1, halfLife: 0, keyIds, at: start, column }
  assert.equal((await worker.store.bind(binding))?.id, challenge.id)
  const again = { id: challenge.id, halfLife: 0, waitUntil: null }
  assert.equal((await store.ask(anAsk({ again }))).kind, 'asked')
  assert.equal(await store.takeTry(challenge.id, start, [take], notice), true)
  await store.wrongTry(start, [take], anEvent('proof.refused'), notice)
  assert.equal(await store.prove(challenge.id, 'nonce', start, [take.key], ['none'], anEvent('proof.accepted')), true)
  const now = (await accounts.byId(account.id))!
  const session = aSession(account.id)
  const proved = { ...challenge, nonce: 'nonce' }
  assert.equal(await store.change(aChange(now, proved, { session, history: 2, forget: [take.key] })), true)
  assert.equal((await store.session(session.id, start))?.id, session.id)
  await store.endSession(session.id, anEvent('session.ended'))
  await store.giveBack([take.key], [take.key])
  assert.equal((await store.full([take], start)).length, 0)
  assert.equal((await store.history(account.id, 5)).length, 1)
  assert.ok((await store.events(0, 100)).length > 5)
  assert.equal(await store.audit.tip(), null)
  assert.equal((await store.outbox(start)).held, 0)
}

/** What `worker` does. */
async function works({ store }: Opened): Promise<void> {
  await store.ask(anAsk({ challenge: null }))
  const [leased] = await store.lease(1, start + minute, start + 2 * minute, 'worker')
  await store.renew('worker', start + day)
  assert.equal(await store.settle(leased!.letter.id, 'worker', start, { kind: 'sent' }, anEvent('letter.sent')), true)
  const seal = async () => {
    const tip = (await store.audit.tip()) ?? beginning
    const rows = await store.audit.rows(tip.last, 1000)
    const seals = rows.map((row) => ({ at: row.at, ...sealEvent(keys, row, 'A'.repeat(22)) }))
    const segment = segmentOf(keys, tip, seals, start)
    const own = seals.map(({ at: _, ...one }) => one)
    assert.equal(await store.audit.seal(segment, own), true)
    return segment
  }
  const segment = await seal()
  const rows = await store.audit.rows(0, 1000)
  const cut = rows.filter(({ salt }) => salt !== null).map(shortenedEvent)
  assert.equal(await store.audit.shorten([segment.number], cut, anEvent('audit.shortened')), true)
  await store.audit.erase([1, 2], 'a key', anEvent('audit.erased'))
  assert.equal(await store.audit.remove(checkpointAfter(keys, segment, start), anEvent('audit.removed')), true)
  assert.equal((await seal()).number, 2)
  assert.ok((await store.purge(start + 400 * day)) > 3)
}
