import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem, Rules } from '../http/wire.ts'
import { begin, formOf, isCounting, next, type RecoveryEvent, type RecoveryState, shownOf } from './machine.ts'
import { leastRules } from './rules.ts'

const email = 'ana@example.org'
const problem = (code: Problem['code'], more: Partial<Problem> = {}): Problem => ({
  type: 'about:blank',
  title: code,
  status: 400,
  error: `${code}.`,
  code,
  ...more,
})
const walk = (state: RecoveryState, ...events: RecoveryEvent[]): RecoveryState => events.reduce(next, state)
const refuse = (refused: Problem, at = 0): RecoveryEvent => ({ type: 'refused', problem: refused, at })
const called: RecoveryEvent = { type: 'called' }
const rules: Rules = { ...leastRules, upper: true }
const link = { message: 'Sent.', flow_id: 'f1', expires_in: 900, resend_after: null }
const code = { ...link, resend_after: 60 }
const sent = (answer: typeof link | typeof code, at = 0): RecoveryEvent => ({ type: 'sent', email, answer, at })
const proved: RecoveryEvent = { type: 'proved', answer: { grant: 'g', expires_in: 900, account: email, rules } }

test('a link: asked for, promised', () => {
  const asking = walk(begin(), called)
  assert.deepEqual(asking, { step: 'asking', email: '', busy: true, problem: null })
  assert.deepEqual(walk(asking, sent(link)), { step: 'sent', email, message: 'Sent.' })
})

test('the answer of the seed, a message alone, promises a link too', () => {
  const answer = { message: 'If the email exists, a reset link has been sent.' }
  assert.equal(walk(begin(), { type: 'sent', email, answer, at: 0 }).step, 'sent')
})

test('a code: asked for, promised, proved, changed', () => {
  const proving = walk(begin(), called, sent(code, 5_000))
  assert.ok(proving.step === 'proving')
  assert.deepEqual([proving.flowId, proving.resendIn, proving.expiresIn, proving.busy], ['f1', 60, 900, false])
  const changing = walk(proving, called, proved)
  assert.deepEqual(changing, {
    step: 'changing',
    leave: { grant: 'g' },
    account: email,
    rules,
    busy: false,
    problem: null,
  })
  assert.deepEqual(walk(changing, called, { type: 'changed', message: 'Done.' }), { step: 'done', message: 'Done.' })
})

test('a code for several accounts: proved, one of them chosen by its grant, and no other', () => {
  const accounts = ['ana', 'bea'].map((name) => ({ grant: `grant of ${name}`, name, account: email, username: name }))
  const answer = { accounts, expires_in: 900, rules }
  const choosing = walk(begin(), called, sent(code), called, { type: 'proved', answer })
  assert.deepEqual(choosing, { step: 'choosing', email, accounts, rules })
  assert.equal(walk(choosing, called, { type: 'chosen', grant: 'of nobody' }), choosing)
  assert.deepEqual(formOf(choosing), { busy: false, problem: null, wait: null })
  const changing = walk(choosing, { type: 'chosen', grant: 'grant of bea' })
  const leave = { grant: 'grant of bea' }
  assert.deepEqual(changing, { step: 'changing', leave, account: 'bea', rules, busy: false, problem: null })
  assert.equal(walk(changing, { type: 'chosen', grant: 'grant of ana' }), changing)
  assert.deepEqual(walk(choosing, { type: 'restarted' }), begin({ email }))
})

test('a token begins at the new password, and the rules come later', () => {
  const state = begin({ token: 't', uid: 'u' })
  assert.ok(state.step === 'changing')
  assert.deepEqual(state.leave, { token: 't', uid: 'u' })
  const ruled = walk(state, { type: 'rules', rules })
  assert.ok(ruled.step === 'changing')
  assert.equal(ruled.rules, rules)
})

test('what can be mended stays in its form', () => {
  const cases: [RecoveryState, Problem['code']][] = [
    [begin(), 'email-invalid'],
    [begin(), 'address-unknown'],
    [begin(), 'unavailable'],
    [walk(begin(), sent(code)), 'code-dead'],
    [begin({ token: 't' }), 'password-refused'],
  ]
  for (const [state, reason] of cases) {
    const after = walk(state, called, refuse(problem(reason)))
    assert.equal(after.step, state.step)
    assert.deepEqual(formOf(after), { busy: false, problem: problem(reason), wait: null })
    assert.equal(formOf(walk(after, called)).problem, null)
  }
})

test('a dead link or grant closes the way for good, and its secret is forgotten', () => {
  for (const reason of ['link-dead', 'session-expired', 'bad-request'] as const) {
    const after = walk(begin({ token: 'secret-token' }), called, refuse(problem(reason)))
    assert.ok(after.step === 'refused')
    assert.equal(after.back, null)
    assert.equal(isCounting(after), false)
    assert.doesNotMatch(JSON.stringify(after), /secret-token/)
  }
  assert.equal(walk(begin(), called, refuse(problem('bad-request'))).step, 'asking')
})

test('too many attempts: a countdown, the form kept, and back by itself', () => {
  const limited = problem('too-many-attempts', { status: 429, retry_after: 872 })
  const after = walk(begin({ token: 't' }), called, refuse(limited, 1_000))
  assert.ok(after.step === 'refused')
  assert.equal(isCounting(after), true)
  assert.equal(shownOf(after).step, 'changing')
  assert.deepEqual(formOf(after), { busy: false, problem: limited, wait: 872 })
  assert.equal(formOf(walk(after, { type: 'ticked', at: 2_001 })).wait, 871)
  // A laptop that slept tells one late tick.
  const over = walk(after, { type: 'ticked', at: 9_999_999 })
  assert.equal(over.step, 'changing')
  assert.deepEqual(formOf(over), { busy: false, problem: null, wait: null })
})

test('too many attempts without a time lasts a minute, never for ever', () => {
  const after = walk(begin(), called, refuse(problem('too-many-attempts')))
  assert.equal(formOf(after).wait, 60)
  assert.equal(walk(after, { type: 'ticked', at: 60_000 }).step, 'asking')
})

test('the rules may come while a countdown runs', () => {
  const after = walk(begin({ token: 't' }), refuse(problem('too-many-attempts')), { type: 'rules', rules })
  const shown = shownOf(after)
  assert.ok(shown.step === 'changing')
  assert.equal(shown.rules, rules)
})

test('a code may be sent again once its time has come, under its new id', () => {
  const proving = walk(begin(), sent(code, 0), { type: 'ticked', at: 59_001 })
  assert.ok(proving.step === 'proving')
  assert.equal(proving.resendIn, 1)
  const free = walk(proving, { type: 'ticked', at: 60_000 })
  assert.ok(free.step === 'proving')
  assert.equal(free.resendIn, null)
  assert.equal(isCounting(free), false)
  const again = walk(free, called, sent({ ...code, flow_id: 'f2' }, 61_000))
  assert.ok(again.step === 'proving')
  assert.deepEqual([again.flowId, again.resendIn], ['f2', 60])
})

test('the time for another code goes on under a countdown', () => {
  const limited = problem('too-many-attempts', { retry_after: 30 })
  const back = walk(begin(), sent(code, 0), refuse(limited, 10_000), { type: 'ticked', at: 40_000 })
  assert.ok(back.step === 'proving')
  assert.equal(back.resendIn, 20)
})

test('starting over keeps the address that was typed', () => {
  const states = [
    walk(begin(), sent(link)),
    walk(begin(), sent(code)),
    walk(begin(), sent(code), refuse(problem('link-dead'))),
  ]
  for (const state of states) assert.deepEqual(walk(state, { type: 'restarted' }), begin({ email }))
})

test('an answer that comes after its step was left changes nothing', () => {
  const done: RecoveryState = { step: 'done', message: 'Done.' }
  const late: RecoveryEvent[] = [called, sent(link), proved, refuse(problem('link-dead')), { type: 'rules', rules }]
  for (const event of late) assert.equal(next(done, event), done)
  const asking = begin()
  assert.equal(next(asking, proved), asking)
  assert.equal(next(asking, { type: 'changed', message: 'x' }), asking)
  assert.equal(next(asking, { type: 'ticked', at: 1 }), asking)
})
