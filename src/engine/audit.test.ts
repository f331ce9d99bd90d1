/** An event: who it was, as far as a request tells, and nothing where nothing was said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caller } from '../../test/verbs.ts'
import { event, nobody } from './audit.ts'

const bare = { flow: null, accountId: null, addressKey: null, challengeId: null, because: null }

test('an event tells of its caller what an incident needs, and of its cookies nothing', () => {
  const { network, agent, requestId } = caller
  assert.deepEqual(event(1000, 'proof.refused', caller), {
    at: 1000,
    name: 'proof.refused',
    network,
    agent,
    requestId,
    ...bare,
  })
})

test('what is not said is null, also where it was said to be undefined', () => {
  const said = { flow: 'code', accountId: '7', addressKey: 'key', challengeId: 'challenge', because: 'expired' }
  const base = { at: 1, name: 'letter.dropped', network: '', agent: '', requestId: '' }
  assert.deepEqual(event(1, 'letter.dropped', nobody, said), { ...base, ...said })
  for (const field of Object.keys(said) as (keyof typeof said)[]) {
    assert.deepEqual(event(1, 'letter.dropped', nobody, { ...said, [field]: undefined }), {
      ...base,
      ...said,
      [field]: null,
    })
  }
})
