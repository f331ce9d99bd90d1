/** What is promised to those who wait for a group of theirs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { newPostgres } from '../../test/new-postgres.ts'
import { own } from '../accounts/own.ts'
import { Fault } from '../engine/outcome.ts'
import { anEvent } from './contract-values.ts'

test('who waits behind a group that a hung database held its whole time-out is refused, and not sent after it', async (t) => {
  const { url, database, drop } = await newPostgres({ timeout: 300 })
  t.after(drop)
  const { store } = await database.open(own, true)
  t.after(() => store.close())
  const other = new pg.Client({ connectionString: url })
  await other.connect()
  await other.query('BEGIN; LOCK TABLE latchkey_events IN ACCESS EXCLUSIVE MODE')
  const noted = await Promise.allSettled(Array.from({ length: 1000 }, () => store.note(anEvent('link.opened'))))
  const faults = noted.map((one) => (one.status === 'rejected' ? (one.reason as Fault) : assert.fail('it was locked')))
  assert.ok(faults.every((fault) => fault instanceof Fault && fault.code === 'database-busy'))
  const untried = faults.filter(({ message }) => /was not begun/.test(message))
  assert.equal(untried.length, 1000 - 256, 'one group was tried')
  await other.query('COMMIT')
  await other.end()
  await store.note(anEvent('link.opened'))
  assert.equal((await store.events(0, 10)).length, 1, 'and nothing of those that were refused is written')
})
