import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain, strong } from '../engine/flow.ts'
import { judge, longest } from '../engine/policy.ts'
import type { Rules } from '../http/wire.ts'
import { leastRules, passwordRules, tick } from './rules.ts'
import { clock, english, fill, textsWith } from './texts.ts'

const all: Rules = { ...leastRules, upper: true, lower: true, digit: true, special: true, not_all_digits: true }
const unmet = (rules: Rules, password: string, confirm = password): string[] =>
  tick(rules, password, confirm).flatMap(({ rule, met }) => (met ? [] : [rule]))

test('each rule is ticked by itself', () => {
  assert.deepEqual(unmet(all, 'Strong@123'), [])
  assert.deepEqual(unmet(all, ''), ['min', 'upper', 'lower', 'digit', 'special', 'not_all_digits', 'match'])
  assert.deepEqual(unmet(all, '12345678'), ['upper', 'lower', 'special', 'not_all_digits'])
  assert.deepEqual(unmet(all, 'Strong@123', 'Strong@124'), ['match'])
  assert.deepEqual(unmet(leastRules, `A${'a'.repeat(256)}`), ['max'])
  assert.deepEqual(
    tick(leastRules, '', '').map(({ rule }) => rule),
    ['min', 'match'],
  )
})

test('the browser ticks what the server judges', () => {
  const rule = { ...strong, notAllDigits: true }
  const wire: Rules = { ...all, max: longest }
  const names: Record<string, string> = {
    'too-short': 'min',
    'too-long': 'max',
    'no-upper': 'upper',
    'no-lower': 'lower',
    'no-digit': 'digit',
    'no-special': 'special',
    'all-digits': 'not_all_digits',
  }
  const beside = { confirm: null, account: { email: 'zz@zz.zz', username: null }, isCommon: () => false }
  const passwords = [
    'short',
    'Strong@123',
    '१२३४५६७८',
    'пароль!Ж1',
    '密码密码密码!1',
    '👩‍👩‍👧‍👦👩‍👩‍👧‍👦Aa1',
    'ǅ234567!a',
    'a b c d e f',
    '12345678',
  ]
  for (const password of passwords) {
    const judged = judge(rule, password, beside).map((code) => names[code])
    assert.deepEqual(unmet(wire, password), judged, password)
  }
  assert.equal(leastRules.min, plain.min)
  assert.equal(leastRules.max, longest)
})

test('generators of passwords are told the rules', () => {
  assert.equal(passwordRules(leastRules), 'minlength: 8; maxlength: 256')
  assert.equal(
    passwordRules({ ...all, min: 10 }),
    'minlength: 10; maxlength: 256; required: upper; required: lower; required: digit; required: [-]',
  )
})

test('sentences take values, and given ones replace the defaults', () => {
  assert.equal(fill('{a} of {b}, {c}', { a: 1, b: 'two' }), '1 of two, {c}')
  assert.deepEqual([clock(872), clock(59), clock(3_600)], ['14:32', '0:59', '60:00'])
  const texts = textsWith({ ask: 'Los', rules: { digit: 'eine Ziffer' } })
  assert.deepEqual([texts.ask, texts.rules.digit, texts.rules.upper], ['Los', 'eine Ziffer', english.rules.upper])
})
