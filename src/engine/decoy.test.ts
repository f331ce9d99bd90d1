/** What stands in a challenge for nobody, which stores then look for no account by. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aChallenge } from '../stores/contract-values.ts'
import { boundTo } from './bound.ts'
import { decoyOf, isNobody } from './decoy.ts'
import { noAccount } from './proof.ts'

const some = (...ids: string[]) => ids.map((id) => ({ ...noAccount, id }))

test('a challenge that is bound to nobody, or to several, is no account’s; one that is bound to one is', () => {
  assert.equal(isNobody(decoyOf(aChallenge({}))), true)
  assert.equal(isNobody(''), true)
  assert.equal(isNobody(boundTo(some('1', '2'))), true)
  for (const id of ['1', 'decoy', 'a decoy:', 'several', 'a several:']) assert.equal(isNobody(boundTo(some(id))), false)
})

test('a decoy is its address’s own: what is counted for one stranger’s ask is not for another’s', () => {
  const [a, b] = ['a', 'b'].map((addressKey) => decoyOf(aChallenge({ addressKey })))
  assert.notEqual(a, b)
  assert.equal(a, decoyOf(aChallenge({ addressKey: 'a', id: 'another ask' })))
})
