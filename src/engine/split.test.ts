/** One letter that becomes several: what each of them says, and how many there are at most. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onBench, owner } from '../../test/verbs.ts'
import { code } from '../flows/index.ts'
import { aChallenge, aLetter } from '../stores/contract-values.ts'
import { nobody } from './audit.ts'
import { mostAccounts } from './bound.ts'
import { digest, unseal } from './keys.ts'
import type { Account } from './ports.ts'
import { noAccount } from './proof.ts'
import { splitFor } from './split.ts'

const accountsOf = (count: number): Account[] =>
  Array.from({ length: count }, (_, at) => ({ ...noAccount, id: String(at + 1), email: owner }))

test('each account has a letter to the typed address and a challenge that no browser holds, under ids that a retry makes again', () =>
  onBench(async ({ kit, clock }) => {
    const challenge = aChallenge({ accountId: 'decoy', nonce: null })
    const letter = aLetter({ challengeId: challenge.id, keyId: 'k1' })
    const split = splitFor(kit, code, letter, 'ana@example.org', challenge, accountsOf(2))
    const idOf = (what: string, id: string): string =>
      digest(kit.keys.current, 'challenge', ['split', what, letter.id, id])
    const keyId = kit.keys.current.id
    assert.deepEqual(
      split.settlement.challenges,
      ['1', '2'].map((id) => {
        const own = idOf('challenge', id)
        return { ...challenge, id: own, mails: own, keyId, browser: null, triesLeft: 0, accountId: null }
      }),
    )
    assert.deepEqual(
      split.settlement.letters.map(({ sealedAddress, ...rest }) => ({
        ...rest,
        to: unseal(kit.keys.current, rest.id, sealedAddress),
      })),
      ['1', '2'].map((accountId) => {
        const { sealedAddress: _, ...rest } = letter
        const own = { id: idOf('letter', accountId), challengeId: idOf('challenge', accountId) }
        return { ...rest, ...own, accountId, keyId, to: 'ana@example.org' }
      }),
    )
    assert.deepEqual([split.kind, split.settlement.kind], ['split', 'split'])
    assert.deepEqual(split.event, {
      at: clock.now(),
      name: 'letter.dropped',
      flow: 'code',
      accountId: null,
      addressKey: null,
      challengeId: challenge.id,
      ...nobody,
      because: 'a letter for each account',
    })
    const { letters, challenges } = splitFor(kit, code, letter, 'ana@example.org', null, accountsOf(2)).settlement
    assert.deepEqual([challenges, letters.map(({ challengeId }) => challengeId)], [[], [null, null]])
  }))

test('ten accounts of one address are served, and no more', () =>
  onBench(async ({ kit }) => {
    assert.equal(mostAccounts, 10)
    const { settlement } = splitFor(kit, code, aLetter(), owner, aChallenge(), accountsOf(11))
    assert.deepEqual(
      settlement.letters.map(({ accountId }) => accountId),
      ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'],
    )
    assert.equal(settlement.challenges.length, 10)
  }))
