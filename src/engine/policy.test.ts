/** What a password must be and who may recover, rule by rule: each is kept at its edge and broken one step past it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classic, code, verified } from '../flows/index.ts'
import { plain, strong } from './flow.ts'
import { ineligible, judge, longest } from './policy.ts'
import type { Account } from './ports.ts'

const ana: Account = {
  id: '7',
  email: 'ana@example.org',
  username: null,
  passwordHash: 'hash',
  verified: true,
  active: true,
  locale: null,
  secondFactor: false,
  signOn: false,
  reset: null,
}

const beside = (account: Partial<Account> = {}, confirm: string | null = null) => ({
  account: { ...ana, ...account },
  confirm,
  isCommon: (password: string) => password === 'Password123!',
})

test('each reason why an account may not recover is told by itself, the gravest first', () => {
  assert.equal(ineligible(classic, null), 'no account')
  assert.equal(ineligible(classic, { ...ana, active: false, verified: false, signOn: true }), 'not active')
  assert.equal(ineligible(verified, { ...ana, verified: false, signOn: true }), 'not verified')
  assert.equal(ineligible(verified, { ...ana, signOn: true }), 'signs in elsewhere')
  assert.equal(ineligible(classic, { ...ana, verified: false }), null)
  assert.equal(ineligible(code, { ...ana, secondFactor: true }), null)
  assert.equal(ineligible(verified, ana), null)
})

test('an empty password is told of once, whatever else it breaks', () => {
  assert.deepEqual(judge(strong, '', beside({}, 'x')), ['empty'])
})

test('length counts code points, from the least to 256', () => {
  assert.deepEqual(judge(plain, 'ß'.repeat(7), beside()), ['too-short'])
  assert.deepEqual(judge(plain, '😀'.repeat(7), beside()), ['too-short'])
  assert.deepEqual(judge(plain, '😀'.repeat(8), beside()), [])
  assert.deepEqual(judge({ ...plain, min: 12 }, 'abcdefghijk', beside()), ['too-short'])
  assert.deepEqual(judge({ ...plain, min: 12 }, 'abcdefghijkl', beside()), [])
  assert.equal(longest, 256)
  assert.deepEqual(judge(plain, '😀'.repeat(256), beside()), [])
  assert.deepEqual(judge(plain, '😀'.repeat(257), beside({}, 'x')), ['too-long'])
})

test('what does not print has no place in a password', () => {
  for (const bad of ['\0', '\u0007', '\n', '\u007f', '\u0085', '\ud800', '\udfff']) {
    assert.deepEqual(judge(plain, `kettle${bad}harbour`, beside()), ['unprintable'], JSON.stringify(bad))
  }
  assert.deepEqual(judge(plain, 'kettle\u00a0harbour', beside()), [])
})

test('each kind of character is asked for by its own rule, in every alphabet', () => {
  const rules = { upper: 'no-upper', lower: 'no-lower', digit: 'no-digit', special: 'no-special' } as const
  const without = { upper: 'kettle-17', lower: 'KETTLE-17', digit: 'Kettle-xy', special: 'Kettle17x' } as const
  for (const [rule, unmet] of Object.entries(rules) as [keyof typeof rules, string][]) {
    assert.deepEqual(judge({ ...plain, [rule]: true }, without[rule], beside()), [unmet])
    assert.deepEqual(judge(strong, without[rule], beside()), [unmet])
    assert.deepEqual(judge(plain, without[rule], beside()), [])
    assert.deepEqual(judge({ ...plain, [rule]: true }, 'Kettle-17', beside()), [])
  }
  assert.deepEqual(judge(strong, 'Чайник-17', beside()), [])
  assert.deepEqual(judge(strong, '密码密码密码-17', beside()), [], 'letters without case are both')
  assert.deepEqual(judge(strong, 'ǅettle-17', beside()), [], 'a title-case letter is a capital')
  assert.deepEqual(judge(strong, 'Kettle-١٧', beside()), [], 'digits of other scripts are digits')
  assert.deepEqual(judge({ ...plain, special: true }, 'Kettle½17', beside()), ['no-special'], 'a fraction is a number')
  assert.deepEqual(judge({ ...plain, special: true }, 'Ke\u0301ttle17', beside()), ['no-special'], 'nor is an accent')
})

test('all digits are refused where the flow says so, and only when there is nothing else', () => {
  const rule = { ...plain, notAllDigits: true }
  assert.deepEqual(judge(rule, '8812907341', beside()), ['all-digits'])
  assert.deepEqual(judge(rule, '٨٨١٢٩٠٧٣٤١', beside()), ['all-digits'])
  assert.deepEqual(judge(rule, '8812907341x', beside()), [])
  assert.deepEqual(judge(rule, 'x8812907341', beside()), [])
  assert.deepEqual(judge(plain, '8812907341', beside()), [])
})

test('a common password is refused, beside the rest that it breaks', () => {
  assert.deepEqual(judge(strong, 'Password123!', beside()), ['common'])
  assert.deepEqual(judge(strong, 'Password123!', beside({}, 'other')), ['common', 'mismatch'])
})

test('a password that is a name of the account is refused, however it is written', () => {
  for (const [email, username, password] of [
    ['Anabel@Example.org', null, 'anabel@example.org'],
    ['anabel@example.org', null, 'ANABEL@example.ORG'],
    ['ana@example.org', 'Harbour-9', 'hARBOUR-9'],
    ['ana@example.org', 'harbour-9', 'Harbour-9'],
  ] as const) {
    assert.deepEqual(judge(plain, password, beside({ email, username })), ['is-name'], password)
  }
})

test('one that holds a name of four letters or more is refused; of three it may hold', () => {
  const holds = (account: Partial<Account>, password: string) => judge(plain, password, beside(account))
  assert.deepEqual(holds({ email: 'Lena@example.org' }, 'my-LENA-17'), ['holds-name'])
  assert.deepEqual(holds({ email: 'lena@example.org' }, 'my-LENA-17'), ['holds-name'])
  assert.deepEqual(holds({ email: 'ana@example.org' }, 'my-ana-kettle'), [])
  assert.deepEqual(holds({ username: 'Kiri' }, 'a-KIRI-kettle'), ['holds-name'])
  assert.deepEqual(holds({ username: 'kiri' }, 'a-KIRI-kettle'), ['holds-name'])
  assert.deepEqual(holds({ username: 'kir' }, 'a-kir-kettle'), [])
  assert.deepEqual(holds({ username: '😀😀😀' }, 'a-😀😀😀-kettle'), [], 'four code points, not four units')
  assert.deepEqual(holds({ email: 'lena@example.org' }, 'example.org-kettle'), [], 'the domain may stand in it')
  assert.deepEqual(holds({ email: 'lena@example.org', username: null }, 'null-mutant-undefined'), [])
  assert.deepEqual(holds({ username: '' }, 'kettle-harbour'), [])
  assert.deepEqual(holds({ username: null }, 'mutant'), ['too-short'])
  // Both names in one password are one reason.
  assert.deepEqual(holds({ email: 'lena@example.org', username: 'kiri' }, 'kiri-lena-17'), ['holds-name'])
})

test('the second field must be the same, where there is one', () => {
  assert.deepEqual(judge(plain, 'kettle-17', beside({}, 'kettle-18')), ['mismatch'])
  assert.deepEqual(judge(plain, 'kettle-17', beside({}, '')), ['mismatch'])
  assert.deepEqual(judge(plain, 'kettle-17', beside({}, 'kettle-17')), [])
  assert.deepEqual(judge(plain, 'kettle-17', beside({}, null)), [])
})

test('every rule that is broken is told of, in one order', () => {
  const rule = { ...strong, notAllDigits: true }
  assert.deepEqual(judge(rule, '12\u00073', beside()), ['unprintable', 'too-short', 'no-upper', 'no-lower'])
  assert.deepEqual(judge(rule, '1234567', beside()), ['too-short', 'no-upper', 'no-lower', 'no-special', 'all-digits'])
})
