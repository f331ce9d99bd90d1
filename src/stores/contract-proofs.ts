/** What binding, trying and proving promise: tries that run out, and one winner. */
import assert from 'node:assert/strict'
import type { Challenge, Store } from '../engine/ports.ts'
import {
  aChallenge,
  aChange,
  aLetter,
  anAccount,
  anEvent,
  asked,
  aTake,
  atOnce,
  bound,
  day,
  eventNames,
  keyIds,
  minute,
  type Promises,
  start,
} from './contract-values.ts'

const life = 15 * minute
const notice = (accountId: string | null = null) => ({
  limit: 'wrong-codes-per-account' as const,
  letter: aLetter({ kind: 'too-many-tries', accountId }),
  queue: accountId !== null,
  event: anEvent('limit.crossed', { accountId, because: 'wrong-codes-per-account' }),
})

function bind(store: Store, challenge: Challenge, accountId: string, more: { at?: number; live?: number } = {}) {
  const { at = start, live = 1 } = more
  return store.bind({ challengeId: challenge.id, accountId, live, halfLife: life / 2, keyIds, at, column: null })
}

export const proofPromises: Promises = {
  'a bound challenge mails its own proof, and the same again when its letter is tried again': async ({ store }) => {
    const challenge = await asked(store)
    const expected = { ...challenge, accountId: '7', mails: challenge.id }
    assert.deepEqual(await bind(store, challenge, '7'), expected)
    assert.deepEqual(await bind(store, challenge, '7'), expected)
    assert.deepEqual(await store.challenge(challenge.id), expected)
  },

  'what is unknown, expired, proved or closed is not bound': async ({ store }) => {
    const proved = await asked(store)
    await store.prove(proved.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    assert.equal(await bind(store, proved, '7'), null)
    assert.equal(await bind(store, aChallenge(), '7'), null)
    const challenge = await asked(store)
    assert.equal(await bind(store, challenge, '7', { at: challenge.expiresAt }), null)
    assert.equal((await store.challenge(challenge.id))?.accountId, null)
  },

  'a challenge bound to one account is not bound to another': async ({ store }) => {
    const challenge = await asked(store)
    await bind(store, challenge, '7')
    assert.equal(await bind(store, challenge, '8'), null)
    assert.equal((await store.challenge(challenge.id))?.accountId, '7')
  },

  'above the cap a letter carries the newest live proof': async ({ store }) => {
    const times = [0, 1, 2, 3].map((minutes) => ({ askedAt: start + minutes * minute, expiresAt: start + life }))
    const [first, second, third, fourth] = await Promise.all(times.map((more) => asked(store, more)))
    const at = start + 4 * minute
    await bind(store, first!, '7', { live: 2, at })
    await bind(store, third!, '7', { live: 2, at })
    assert.equal((await bind(store, second!, '7', { live: 2, at }))?.id, third!.id)
    const mailed = await bind(store, fourth!, '7', { live: 2, at })
    assert.equal(mailed?.id, third!.id)
    assert.deepEqual(await bind(store, fourth!, '7', { live: 2, at }), mailed)
    assert.deepEqual(await store.challenge(fourth!.id), { ...fourth!, accountId: '7', mails: third!.id })
    assert.equal((await store.challenge(first!.id))?.state, 'open')
  },

  'a challenge with less than half its life left makes room': async ({ store }) => {
    const first = await asked(store)
    await bind(store, first, '7')
    const carried = await asked(store)
    assert.equal((await bind(store, carried, '7', { at: start + life / 2 }))?.id, first.id)
    const at = start + life / 2 + 1
    const second = await asked(store, { askedAt: at, expiresAt: at + life })
    assert.equal((await bind(store, second, '7', { at }))?.id, second.id)
    assert.equal((await store.challenge(first.id))?.state, 'closed')
    assert.equal(await bind(store, first, '7', { at }), null)
  },

  'one whose key is gone carries no letter, and stands in nobody’s way': async ({ store }) => {
    const dead = await asked(store, { keyId: 'gone' })
    await bind(store, dead, '7')
    const challenge = await asked(store)
    assert.equal((await bind(store, challenge, '7'))?.id, challenge.id)
    const third = await asked(store)
    assert.equal((await bind(store, third, '7'))?.id, challenge.id)
  },

  'only live challenges of the same account and flow count against the cap': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    await store.change(aChange(account, await bound(store, account.id)))
    await bound(store, account.id, { flow: 'classic' })
    await bound(store, 'another account')
    await bound(store, account.id, { askedAt: start - life, expiresAt: start })
    const challenge = await asked(store)
    assert.equal((await bind(store, challenge, account.id))?.id, challenge.id)
  },

  'a letter whose carried proof has died since carries none': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const first = await bound(store, account.id)
    const second = await asked(store, { flow: 'code' })
    assert.equal((await bind(store, second, account.id))?.id, first.id)
    await store.prove(first.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    assert.equal(await bind(store, second, account.id), null)
  },

  'one that is proved takes no place, and the leave to set a password that it gave lives on': async ({ store }) => {
    const first = await bound(store, '7')
    await store.prove(first.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    const second = await asked(store)
    assert.equal((await bind(store, second, '7'))?.id, second.id)
    assert.equal((await store.challenge(first.id))?.state, 'proved')
  },

  'bindings at once keep to the cap': async ({ store }) => {
    const challenges = await atOnce(20, () => asked(store))
    const mailed = await Promise.all(challenges.map((challenge) => bind(store, challenge, '7', { live: 3 })))
    assert.equal(new Set(mailed.map((one) => one?.id)).size, 3)
  },

  'a proof kept in the users table stands there while its letter is tried, and goes with the change': async ({
    store,
    accounts,
  }) => {
    const account = await anAccount(accounts)
    const challenge = await asked(store, { flow: 'verified' })
    const other = await asked(store, { flow: 'verified' })
    const binding = { accountId: account.id, live: 1, halfLife: life / 2, keyIds, at: start }
    const column = { reference: 'reference', expiresAt: start + life }
    await store.bind({ ...binding, challengeId: challenge.id, column })
    assert.deepEqual((await accounts.byId(account.id))?.reset, column)
    const carried = { ...binding, challengeId: other.id, column: { ...column, reference: 'never written' } }
    assert.equal((await store.bind(carried))?.id, challenge.id)
    assert.deepEqual((await accounts.byId(account.id))?.reset, column)
    const again = { reference: 'written again', expiresAt: start + life }
    await store.bind({ ...binding, challengeId: challenge.id, column: again })
    const now = (await accounts.byId(account.id))!
    assert.deepEqual(now.reset, again)
    assert.ok(await store.change(aChange(now, challenge)))
    assert.equal((await accounts.byId(account.id))?.reset, null)
  },

  'a binding to nobody writes to no account': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const challenge = await asked(store)
    const column = { reference: 'reference', expiresAt: start + life }
    const binding = {
      challengeId: challenge.id,
      accountId: 'decoy:key',
      live: 1,
      halfLife: 0,
      keyIds,
      at: start,
      column,
    }
    assert.equal((await store.bind(binding))?.accountId, 'decoy:key')
    assert.deepEqual(await accounts.list(null, 10), [account])
  },

  'of 50 tries at once as many pass as there are': async ({ store }) => {
    const challenge = await asked(store, { triesLeft: 5 })
    const takes = [aTake('wrong-codes-of-all', 1000)]
    const answers = await atOnce(50, () => store.takeTry(challenge.id, start, takes, notice()))
    assert.equal(answers.filter(Boolean).length, 5)
    assert.equal((await store.challenge(challenge.id))?.triesLeft, 0)
    const five = { ...takes[0]!, windows: [{ max: 5, ms: life }] }
    const six = { ...takes[0]!, windows: [{ max: 6, ms: life }] }
    assert.deepEqual([(await store.full([five], start)).length, (await store.full([six], start)).length], [1, 0])
  },

  'no try is counted for what is unknown, expired, proved or closed': async ({ store }) => {
    const takes = [aTake('wrong-codes-per-account', 1)]
    const proved = await asked(store)
    await store.prove(proved.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    const expired = await asked(store)
    assert.equal(await store.takeTry(proved.id, start, takes, notice()), false)
    assert.equal(await store.takeTry('unknown', start, takes, notice()), false)
    assert.equal(await store.takeTry(expired.id, expired.expiresAt, takes, notice()), false)
    assert.deepEqual(await store.full(takes, start), [])
  },

  'a full count refuses the try, costs none, and tells the owner once': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const challenge = await bound(store, account.id)
    await store.lease(10, start, start + day, 'proofs')
    const takes = [aTake('wrong-codes-per-account', 2), aTake('wrong-codes-of-all', 1000)]
    let wakes = 0
    store.onLetter(() => wakes++)
    const answers = await atOnce(5, () => store.takeTry(challenge.id, start, takes, notice(account.id)))
    assert.deepEqual(answers, [true, true, false, false, false])
    assert.equal((await store.challenge(challenge.id))?.triesLeft, 3)
    const letters = await store.lease(10, start, start + minute, 'notices')
    assert.deepEqual(
      letters.map(({ letter }) => ({ kind: letter.kind, accountId: letter.accountId })),
      [{ kind: 'too-many-tries', accountId: account.id }],
    )
    assert.equal(wakes, 1)
    assert.equal((await eventNames(store)).filter((name) => name === 'limit.crossed').length, 1)
  },

  'another full count is noted, and writes to nobody': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const challenge = await bound(store, account.id)
    await store.lease(10, start, start + day, 'proofs')
    const takes = [aTake('wrong-codes-per-account', 100), aTake('wrong-codes-of-all', 1)]
    await store.takeTry(challenge.id, start, takes, notice(account.id))
    assert.equal(await store.takeTry(challenge.id, start, takes, notice(account.id)), false)
    assert.deepEqual(await store.lease(10, start, start + minute, 'notices'), [])
    const crossed = (await store.events(0, 100)).filter((one) => one.name === 'limit.crossed')
    assert.deepEqual(
      crossed.map((one) => one.because),
      ['wrong-codes-of-all'],
    )
  },

  'of 50 who prove one code at once one is first': async ({ store }) => {
    const challenge = await asked(store)
    const takes = [aTake('wrong-codes-per-account', 5), aTake('wrong-codes-in-a-row', 5)]
    for (let i = 0; i < 5; i++) await store.takeTry(challenge.id, start, takes, notice())
    const keys = takes.map((take) => take.key)
    const accepted = anEvent('proof.accepted', { challengeId: challenge.id })
    const answers = await atOnce(50, (index) =>
      store.prove(challenge.id, `nonce ${index}`, start, keys.slice(0, 1), keys.slice(1), accepted),
    )
    assert.equal(answers.filter(Boolean).length, 1)
    const { state, nonce } = (await store.challenge(challenge.id))!
    assert.deepEqual({ state, nonce }, { state: 'proved', nonce: `nonce ${answers.indexOf(true)}` })
    assert.equal((await eventNames(store)).filter((name) => name === 'proof.accepted').length, 1)
    const now = takes.map((take, index) => ({ ...take, windows: [{ max: index === 0 ? 4 : 1, ms: life }] }))
    assert.deepEqual(
      (await store.full(now, start)).map((hit) => hit.limit),
      ['wrong-codes-per-account'],
    )
    assert.deepEqual(await store.full(takes, start), [])
  },

  'what has expired is not proved': async ({ store }) => {
    const challenge = await asked(store)
    const accepted = anEvent('proof.accepted')
    assert.equal(await store.prove(challenge.id, 'nonce', challenge.expiresAt, [], [], accepted), false)
    assert.equal((await store.challenge(challenge.id))?.state, 'open')
  },
}
