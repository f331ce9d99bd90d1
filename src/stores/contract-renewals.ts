/** What the renewal of a hash promises: the password stays, and with it all that does not hang on its hash. */
import assert from 'node:assert/strict'
import type { Account } from '../engine/ports.ts'
import {
  aChange,
  anAccount,
  anEvent,
  aRenewal,
  aSession,
  asked,
  atOnce,
  bound,
  day,
  eventNames,
  everything,
  type Promises,
  start,
} from './contract-values.ts'

export const renewalPromises: Promises = {
  'a hash is renewed with its event, and ends challenges but no session': async ({ store, accounts }) => {
    const [account, other] = [await anAccount(accounts), await anAccount(accounts)]
    const open = [await bound(store, account.id), await bound(store, account.id, { flow: 'classic' })]
    const proved = await bound(store, account.id, { flow: 'spa' })
    await store.prove(proved.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    const strangers = [await bound(store, other.id), await asked(store)]
    const sessions = [aSession(account.id), aSession(other.id)]
    for (const session of sessions) await store.openSession(session, anEvent('session.opened'))
    let wakes = 0
    store.onLetter(() => wakes++)

    const renewal = aRenewal(account)
    assert.equal(await store.renewHash(renewal), true)
    assert.deepEqual(await accounts.byId(account.id), { ...account, passwordHash: 'renewed hash' })
    assert.deepEqual(await accounts.byId(other.id), other)
    for (const one of [...open, proved]) assert.equal((await store.challenge(one.id))?.state, 'closed')
    for (const one of strangers) assert.deepEqual(await store.challenge(one.id), one)
    for (const one of sessions) assert.deepEqual(await store.session(one.id, start), one)
    assert.deepEqual(await store.history(account.id, 10), [], 'the password has not changed')
    const { seq: _, ...noted } = (await store.events(0, 100)).at(-1)!
    assert.deepEqual(noted, renewal.event)
    assert.equal(wakes, 0)
    const letters = await store.lease(100, start + day, start + 2 * day, 'lease')
    assert.ok(
      letters.every(({ letter }) => letter.kind === 'proof'),
      'nobody is told of what has not changed',
    )
  },

  'a hash is renewed only if the account is as it was seen': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const challenge = await bound(store, account.id)
    const before = await everything(store, [challenge.id], accounts)
    const stale: Account[] = [
      { ...account, passwordHash: 'another hash' },
      { ...account, passwordHash: null },
      { ...account, email: 'elsewhere@example.org' },
      { ...account, active: false },
      { ...account, verified: false },
      { ...account, id: '4711' },
      { ...account, id: 'no id' },
    ]
    for (const seen of stale) assert.equal(await store.renewHash(aRenewal(seen)), false, JSON.stringify(seen))
    assert.deepEqual(await everything(store, [challenge.id], accounts), before)
  },

  'of 50 log-ins that renew one hash at once one does': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const answers = await atOnce(50, (index) => store.renewHash(aRenewal(account, `hash ${index}`)))
    assert.equal(answers.filter(Boolean).length, 1)
    assert.equal((await accounts.byId(account.id))?.passwordHash, `hash ${answers.indexOf(true)}`)
    assert.equal((await eventNames(store)).filter((name) => name === 'password.renewed').length, 1)
  },

  'of a change and a renewal at once one wins, and a renewal never undoes a change': async ({ store, accounts }) => {
    for (let round = 0; round < 10; round++) {
      const account = await anAccount(accounts)
      const challenge = await bound(store, account.id)
      const both = [() => store.renewHash(aRenewal(account)), () => store.change(aChange(account, challenge))]
      const answers = await Promise.all((round % 2 === 0 ? both : both.toReversed()).map((one) => one()))
      assert.equal(answers.filter(Boolean).length, 1)
      const won = answers.indexOf(true) === round % 2 ? 'renewed hash' : 'new hash'
      assert.equal((await accounts.byId(account.id))?.passwordHash, won)
    }
  },
}
