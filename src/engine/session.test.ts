/** A session's row: it dies with the secret, and the cookie's value cannot be read from it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caller } from '../../test/verbs.ts'
import { keyring, mac } from './keys.ts'
import { noAccount } from './proof.ts'
import { newSession, sessionIds, sessionLife } from './session.ts'

const ring = keyring('a secret of a test, of which nothing outside hangs', ['the secret of before, no less long'])

test('a session is kept under a MAC of its cookie for fourteen days, and found under every secret of the ring', () => {
  const [current, before] = ring.all
  const ids = sessionIds(ring, 'value')
  assert.deepEqual(ids, [mac(current!, 'session', ['value']), mac(before!, 'session', ['value'])])
  assert.equal(sessionLife, 1_209_600_000)
  assert.deepEqual(newSession(ring, 'value', { ...noAccount, id: '7' }, caller, 1000), {
    id: ids[0],
    accountId: '7',
    createdAt: 1000,
    expiresAt: 1000 + sessionLife,
    network: caller.network,
    agent: caller.agent,
  })
})
