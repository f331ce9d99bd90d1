/** What a verb answers and what it throws. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, MailRefusal, MailServerGone, refuse, secondsUntil } from './outcome.ts'

test('a refusal is a value with its code', () => {
  assert.deepEqual(refuse({ code: 'link-dead' }), { ok: false, refusal: { code: 'link-dead' } })
})

test('a wait is told in whole seconds, rounded up, one at least', () => {
  for (const [ms, seconds] of [
    [-5_000, 1],
    [0, 1],
    [1, 1],
    [1000, 1],
    [1001, 2],
    [899_500, 900],
  ] as const) {
    assert.equal(secondsUntil(50_000 + ms, 50_000), seconds)
  }
})

test('a fault tells by its code what broke, and by its cause why', () => {
  const cause = new Error('no space left on device')
  const fault = new Fault('database', 'The row could not be written.', { cause })
  assert.ok(fault instanceof Error)
  assert.deepEqual(
    [fault.name, fault.code, fault.message, fault.cause],
    ['Fault', 'database', 'The row could not be written.', cause],
  )
  assert.equal(new Fault('mail', 'No answer.').cause, undefined)
  assert.equal(String(new MailRefusal('550 no such user')), 'MailRefusal: 550 no such user')
  assert.equal(String(new MailServerGone('refused')), 'MailServerGone: refused')
})
