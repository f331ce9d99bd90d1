import assert from 'node:assert/strict'
import { test } from 'node:test'
import { latchkey } from '../latchkey.ts'
import { inbox } from '../mail/inbox.ts'
import { memory } from '../stores/memory.ts'
import { refuseKept, standardKept } from './keep.ts'

test('days are whole ones from 1 to 365, and anything else is refused with its name', () => {
  assert.deepEqual(refuseKept(standardKept), [])
  assert.deepEqual(refuseKept({ days: 1, networkDays: 365 }), [])
  for (const wrong of [0, -1, 366, 1.5, Number.NaN, '30' as unknown as number]) {
    assert.match(refuseKept({ ...standardKept, days: wrong }).join(), /^audit\.days: expected whole days from 1 to 365/)
    assert.match(refuseKept({ ...standardKept, networkDays: wrong }).join(), /^audit\.networkDays: expected whole days/)
  }
})

test('a recovery that would keep events for too long is refused', () => {
  const options = {
    secret: 'mB3rV0qTz8xWf1LkYcN5uJ7sD2hGpA9eQ4iR6oXt',
    publicUrl: 'https://app.example.com',
    store: memory(),
    mail: { inbox: inbox(), from: 'App <no-reply@example.com>' },
  }
  assert.throws(() => latchkey({ ...options, audit: { days: 400 } }), {
    code: 'configuration',
    message: /audit\.days: expected whole days from 1 to 365, got 400/,
  })
  assert.doesNotThrow(() => latchkey({ ...options, audit: { days: 365, networkDays: 1 } }))
})
