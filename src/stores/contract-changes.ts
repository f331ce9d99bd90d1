/** What a change of password promises: one winner, and nothing of a change that lost. */
import assert from 'node:assert/strict'
import type { Account, Challenge } from '../engine/ports.ts'
import {
  aChallenge,
  aChange,
  anAccount,
  anAsk,
  anEvent,
  aSession,
  asked,
  aTake,
  atOnce,
  bound,
  day,
  eventNames,
  everything,
  freshId,
  type Promises,
  start,
} from './contract-values.ts'

export const changePromises: Promises = {
  'of 50 who change a password with one proof at once one wins': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const challenge = await bound(store, account.id)
    const answers = await atOnce(50, (index) =>
      store.change(aChange(account, challenge, { passwordHash: `hash ${index}`, history: 5 })),
    )
    assert.equal(answers.filter(Boolean).length, 1)
    assert.equal((await accounts.byId(account.id))?.passwordHash, `hash ${answers.indexOf(true)}`)
    assert.deepEqual(await store.history(account.id, 10), ['old hash'])
    assert.equal((await eventNames(store)).filter((name) => name === 'password.changed').length, 1)
    const letters = await store.lease(100, start + day, start + 2 * day, 'lease')
    assert.equal(letters.filter(({ letter }) => letter.kind === 'changed').length, 1)
  },

  'of 50 who change a password with one signed proof at once one wins': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const answers = await atOnce(50, (index) => store.change(aChange(account, null, { passwordHash: `hash ${index}` })))
    assert.equal(answers.filter(Boolean).length, 1)
    assert.equal((await accounts.byId(account.id))?.passwordHash, `hash ${answers.indexOf(true)}`)
  },

  'of 50 who change a password with proofs of their own at once one wins': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const challenges = await atOnce(50, () => bound(store, account.id, { flow: freshId() }))
    const answers = await Promise.all(challenges.map((challenge) => store.change(aChange(account, challenge))))
    assert.equal(answers.filter(Boolean).length, 1)
  },

  'a change takes with it the siblings, the sessions and the counts, and leaves others alone': async ({
    store,
    accounts,
  }) => {
    const [account, other] = [await anAccount(accounts), await anAccount(accounts)]
    const challenge = await bound(store, account.id)
    await store.prove(challenge.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    const siblings = [await bound(store, account.id), await bound(store, account.id, { flow: 'classic' })]
    const strangers = [await bound(store, other.id), await asked(store)]
    const sessions = [aSession(account.id), aSession(account.id), aSession(other.id)]
    for (const session of sessions) await store.openSession(session, anEvent('session.opened'))
    const take = aTake('wrong-codes-in-a-row', 1)
    await store.take([take], start, null)

    const session = aSession(account.id)
    const change = aChange(account, { ...challenge, nonce: 'nonce' }, { session, forget: [take.key], history: 2 })
    let wakes = 0
    store.onLetter(() => wakes++)
    assert.equal(await store.change(change), true)
    assert.equal(wakes, 1)
    assert.deepEqual(await accounts.byId(account.id), { ...account, passwordHash: 'new hash' })
    assert.deepEqual(await accounts.byId(other.id), other)
    for (const one of [challenge, ...siblings]) assert.equal((await store.challenge(one.id))?.state, 'closed')
    for (const one of strangers) assert.deepEqual(await store.challenge(one.id), one)
    const found = await Promise.all([...sessions, session].map((one) => store.session(one.id, start)))
    assert.deepEqual(found, [null, null, sessions[2], session])
    assert.deepEqual(await store.full([take], start), [])
    assert.deepEqual((await store.events(0, 100)).at(-1)?.name, 'password.changed')
    const letters = await store.lease(100, start + day, start + 2 * day, 'lease')
    assert.ok(letters.some(({ letter }) => letter.id === change.letter.id))
  },

  'of 50 who change passwords of several accounts with the one proof that is for all of them one wins': async ({
    store,
    accounts,
  }) => {
    const all = [await anAccount(accounts), await anAccount(accounts)]
    const boundTo = `several:${all.map(({ id }) => id).join('.')}`
    const challenge = await bound(store, boundTo)
    const sibling = await bound(store, boundTo)
    await store.prove(challenge.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    const by = { id: challenge.id, nonce: 'nonce', boundTo }
    for (const wrong of [
      { ...by, boundTo: all[0]!.id },
      { ...by, boundTo: 'several:of another' },
    ]) {
      assert.equal(await store.change(aChange(all[0]!, null, { challenge: wrong })), false)
    }
    const answers = await atOnce(50, (index) => store.change(aChange(all[index % 2]!, null, { challenge: by })))
    assert.equal(answers.filter(Boolean).length, 1)
    const now = await Promise.all(all.map(({ id }) => accounts.byId(id)))
    const won = answers.indexOf(true) % 2
    assert.deepEqual(
      now.map((one) => one?.passwordHash),
      all.map((one, index) => (index === won ? 'new hash' : one.passwordHash)),
    )
    for (const { id } of [challenge, sibling]) assert.equal((await store.challenge(id))?.state, 'closed')
  },

  'a change is refused whole when the account is not as the proof saw it': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const withoutPassword = await anAccount(accounts, { passwordHash: null })
    const challenge = await bound(store, account.id)
    const session = aSession(account.id)
    await store.openSession(session, anEvent('session.opened'))
    const before = await everything(store, [challenge.id], accounts)
    const stale: Account[] = [
      { ...account, passwordHash: 'another hash' },
      { ...account, passwordHash: null },
      { ...account, email: account.email.toUpperCase() },
      { ...account, email: 'elsewhere@example.org' },
      { ...account, active: false },
      { ...account, verified: false },
      { ...account, id: '4711' },
      { ...withoutPassword, passwordHash: '' },
    ]
    for (const seen of stale) {
      const change = aChange(seen, challenge, { history: 3, session: aSession(account.id) })
      assert.equal(await store.change(change), false, JSON.stringify(seen))
      assert.equal(await store.change({ ...change, challenge: null }), false, JSON.stringify(seen))
      assert.equal(await store.session(change.session!.id, start), null)
    }
    assert.deepEqual(await everything(store, [challenge.id], accounts), before)
    assert.deepEqual(await store.session(session.id, start), session)
    assert.equal(await store.change(aChange(account, challenge)), true)
    assert.equal(await store.change(aChange(withoutPassword, null)), true)
  },

  'a change is refused whole when the challenge is not as the grant saw it': async ({ store, accounts }) => {
    const [account, other] = [await anAccount(accounts), await anAccount(accounts)]
    const challenge = await bound(store, account.id)
    const proved = await bound(store, account.id)
    await store.prove(proved.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    const unbound = await asked(store)
    const ids = [challenge.id, proved.id, unbound.id]
    const before = await everything(store, ids, accounts)
    const wrong: [Account, Challenge][] = [
      [account, aChallenge()],
      [account, { ...challenge, nonce: 'nonce' }],
      [account, { ...proved, nonce: null }],
      [account, { ...proved, nonce: 'another nonce' }],
      [other, challenge],
      [account, unbound],
    ]
    for (const [seen, grant] of wrong) {
      assert.equal(await store.change(aChange(seen, grant, { history: 3 })), false, JSON.stringify(grant))
    }
    assert.deepEqual(await everything(store, ids, accounts), before)
  },

  'a change that loses shares its commit with others and harms none': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const challenge = await bound(store, account.id)
    const asks = Array.from({ length: 6 }, () => anAsk())
    const lost = store.change(aChange({ ...account, passwordHash: 'another hash' }, challenge))
    const answers = await Promise.all([...asks.slice(0, 3).map(store.ask), lost, ...asks.slice(3).map(store.ask)])
    assert.equal(answers[3], false)
    for (const ask of asks) assert.deepEqual(await store.challenge(ask.challenge!.id), ask.challenge)
    assert.equal((await store.challenge(challenge.id))?.state, 'open')
  },

  'as many earlier passwords are remembered as are asked for': async ({ store, accounts }) => {
    let account = await anAccount(accounts)
    const other = await anAccount(accounts)
    await store.change(aChange(other, null, { history: 9 }))
    const set = async (passwordHash: string, history: number) => {
      assert.equal(await store.change(aChange(account, null, { passwordHash, history })), true)
      account = (await accounts.byId(account.id))!
    }
    for (const hash of ['a', 'b', 'c', 'd']) await set(hash, 3)
    assert.deepEqual(await store.history(account.id, 10), ['c', 'b', 'a'])
    assert.deepEqual(await store.history(account.id, 2), ['c', 'b'])
    await set('e', 1)
    assert.deepEqual(await store.history(account.id, 10), ['d'])
    await set('f', 0)
    assert.deepEqual(await store.history(account.id, 10), [])
    assert.deepEqual(await store.history(other.id, 10), ['old hash'])
  },
}
