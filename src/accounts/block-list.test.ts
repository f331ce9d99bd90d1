import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCommon } from './block-list.ts'
import { commonPasswords } from './common-passwords.ts'

test('common passwords are known in any case, and with something put behind them', () => {
  for (const password of [
    'password',
    'PassWord',
    'Password1!',
    'password2026',
    '12345678',
    '12345678!',
    'qwertyuiop',
  ]) {
    assert.equal(isCommon(password), true, password)
  }
})

test('what is not common is not refused', () => {
  for (const password of ['Strong@123', 'strong@123', 'passwordpassphrase', 'xpassword', 'baseball\u0130', '']) {
    assert.equal(isCommon(password), false, password)
  }
})

test('the list holds what can be met: eight characters or more, lower case, each once', () => {
  const list = commonPasswords.split('\n')
  assert.equal(list.length, 10_000)
  assert.equal(new Set(list).size, list.length)
  for (const password of list) assert.match(password, /^[ -@[-~]{8,32}$/)
})

test('a long password is judged at once: by its length, not by the square of that', () => {
  // Of the processor, for others may use the machine too. Squared it would be minutes.
  const before = process.cpuUsage()
  assert.equal(isCommon('1'.repeat(500_000)), true)
  assert.equal(isCommon(`${'x'.repeat(250_000)}${'!'.repeat(250_000)}`), false)
  assert.ok(process.cpuUsage(before).user < 1_000_000)
})
