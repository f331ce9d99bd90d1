/** What binding, trying, proving and changing promise: one winner, and nothing of a change that lost. */
import assert from 'node:assert/strict'
import type { Account, Challenge, Store } from '../engine/ports.ts'
import {
  aChallenge,
  aChange,
  aLetter,
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
  minute,
  type Promises,
  start,
} from './contract-values.ts'

const life = 15 * minute
const notice = (accountId: string | null = null) => ({
  limit: 'wrong-codes-per-account' as const,
  letter: accountId === null ? null : aLetter({ kind: 'too-many-tries', accountId }),
  event: anEvent('limit.crossed', { accountId, because: 'wrong-codes-per-account' }),
})

function bind(store: Store, challenge: Challenge, accountId: string, more: { at?: number; live?: number } = {}) {
  const { at = start, live = 1 } = more
  return store.bind({ challengeId: challenge.id, accountId, live, halfLife: life / 2, at, column: null })
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
    const binding = { accountId: account.id, live: 1, halfLife: life / 2, at: start }
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
    const binding = { challengeId: challenge.id, accountId: 'decoy:key', live: 1, halfLife: 0, at: start, column }
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
