/** What a change of a password that is kept elsewhere promises: one begins, one ends it, and nothing of it is lost. */
import assert from 'node:assert/strict'
import type { Challenge, Ending, PendingChange } from '../engine/ports.ts'
import {
  aLetter,
  anEvent,
  aSession,
  aTake,
  atOnce,
  bound,
  day,
  eventNames,
  freshId,
  minute,
  type Promises,
  start,
} from './contract-values.ts'

const aPending = (accountId: string, more: Partial<PendingChange> = {}): PendingChange => ({
  id: freshId(),
  accountId,
  begunAt: start,
  body: '{"some":"JSON"}',
  ...more,
})

type Changed = Extract<Ending, { kind: 'changed' }>
const changed = (accountId: string, more: Partial<Changed> = {}): Changed => ({
  kind: 'changed',
  replaced: 'old hash',
  history: 5,
  letter: aLetter({ kind: 'changed', accountId }),
  event: anEvent('password.changed', { accountId }),
  forget: [],
  session: null,
  ...more,
})
const undone = (accountId: string): Ending => ({
  kind: 'undone',
  event: anEvent('password.refused', { accountId, because: 'not set' }),
})

/** What a grant saw of a challenge. */
const seen = ({ id, nonce, accountId }: Challenge) => ({ id, nonce, boundTo: accountId! })

export const pendingPromises: Promises = {
  'of 50 who begin a change with one proof at once one begins': async ({ store }) => {
    const challenge = await bound(store, 'a')
    const answers = await atOnce(50, () => store.beginChange(aPending('a'), seen(challenge), start + minute))
    assert.equal(answers.filter((one) => one === 'begun').length, 1)
    assert.ok(answers.every((one) => one === 'begun' || one === 'busy'))
    assert.equal((await store.dueChanges(100, start + minute, start + day)).length, 1)
  },

  'of 50 who begin a change with proofs of their own, or with none, one begins': async ({ store }) => {
    const challenges = await atOnce(25, () => bound(store, 'a', { flow: freshId() }))
    const answers = await Promise.all(
      challenges.flatMap((one) => [
        store.beginChange(aPending('a'), seen(one), start + minute),
        store.beginChange(aPending('a'), null, start + minute),
      ]),
    )
    assert.equal(answers.filter((one) => one === 'begun').length, 1)
    assert.equal(await store.beginChange(aPending('b'), null, start + minute), 'begun')
  },

  'of 50 who begin changes of several accounts with the one proof that is for all of them one begins, and it is closed':
    async ({ store }) => {
      const challenge = await bound(store, 'several:a.b')
      for (const boundTo of ['a', 'several:a.c']) {
        assert.equal(await store.beginChange(aPending('a'), { ...seen(challenge), boundTo }, start), 'dead')
      }
      const answers = await atOnce(50, (index) =>
        store.beginChange(aPending(index % 2 === 0 ? 'a' : 'b'), seen(challenge), start + minute),
      )
      assert.equal(answers.filter((one) => one === 'begun').length, 1)
      assert.ok(answers.includes('dead'))
      assert.equal((await store.challenge(challenge.id))?.state, 'closed')
    },

  'a change begins only with a challenge that is as the grant saw it': async ({ store }) => {
    const challenge = await bound(store, 'a')
    const proved = await bound(store, 'a')
    await store.prove(proved.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    for (const [accountId, id, nonce] of [
      ['a', freshId(), null],
      ['b', challenge.id, null],
      ['a', challenge.id, 'nonce'],
      ['a', proved.id, null],
      ['a', proved.id, 'another nonce'],
    ] as const) {
      const granted = { id, nonce, boundTo: accountId }
      assert.equal(await store.beginChange(aPending(accountId), granted, start), 'dead', `${accountId} ${nonce}`)
    }
    assert.deepEqual(await store.dueChanges(100, start + day, start + day), [])
    assert.equal(
      await store.beginChange(aPending('a'), { id: proved.id, nonce: 'nonce', boundTo: 'a' }, start),
      'begun',
    )
  },

  'of 50 who end a change at once one does': async ({ store }) => {
    const pending = aPending('a')
    await store.beginChange(pending, null, start + minute)
    const answers = await atOnce(50, (index) =>
      store.endChange(pending, start, index % 2 === 0 ? changed('a') : undone('a')),
    )
    assert.equal(answers.filter(Boolean).length, 1)
    const names = await eventNames(store)
    const ends = names.filter((name) => name === 'password.changed' || name === 'password.refused')
    assert.deepEqual(ends, [answers.indexOf(true) % 2 === 0 ? 'password.changed' : 'password.refused'])
    assert.equal(await store.endChange(pending, start, changed('a')), false)
  },

  'an ended change takes with it the proofs, the sessions and the counts, and leaves others alone': async ({
    store,
  }) => {
    const mine = [await bound(store, 'a'), await bound(store, 'a', { flow: 'classic' })]
    const theirs = await bound(store, 'b')
    const sessions = [aSession('a'), aSession('b')]
    for (const session of sessions) await store.openSession(session, anEvent('session.opened'))
    const take = aTake('wrong-codes-in-a-row', 1)
    await store.take([take], start, null)
    const pending = aPending('a')
    assert.equal(await store.beginChange(pending, seen(mine[0]!), start + minute), 'begun')
    for (const one of mine) assert.deepEqual(await store.challenge(one.id), one)

    const ending = changed('a', { session: aSession('a'), forget: [take.key], history: 2 })
    let wakes = 0
    store.onLetter(() => wakes++)
    assert.equal(await store.endChange({ ...pending, accountId: 'b' }, start, ending), false)
    assert.equal(await store.endChange({ ...pending, id: freshId() }, start, ending), false)
    assert.equal(await store.endChange(pending, start, ending), true)
    assert.equal(wakes, 1)
    for (const one of mine) assert.equal((await store.challenge(one.id))?.state, 'closed')
    assert.deepEqual(await store.challenge(theirs.id), theirs)
    const found = await Promise.all([...sessions, ending.session!].map((one) => store.session(one.id, start)))
    assert.deepEqual(found, [null, sessions[1], ending.session])
    assert.deepEqual(await store.full([take], start), [])
    assert.deepEqual(await store.history('a', 10), ['old hash'])
    assert.deepEqual((await store.events(0, 100)).at(-1)?.name, 'password.changed')
    const letters = await store.lease(100, start + day, start + 2 * day, 'lease')
    assert.ok(letters.some(({ letter }) => letter.id === ending.letter.id))
    // The account is free for another one, whose old hash was not known.
    const next = aPending('a')
    assert.equal(await store.beginChange(next, null, start), 'begun')
    assert.equal(await store.endChange(next, start, changed('a', { replaced: null })), true)
    assert.deepEqual(await store.history('a', 10), ['old hash'])
  },

  'an undone change leaves the proof as it was': async ({ store }) => {
    const challenge = await bound(store, 'a')
    const session = aSession('a')
    await store.openSession(session, anEvent('session.opened'))
    const pending = aPending('a')
    await store.beginChange(pending, seen(challenge), start + minute)
    assert.equal(await store.endChange(pending, start, undone('a')), true)
    assert.deepEqual(await store.challenge(challenge.id), challenge)
    assert.deepEqual(await store.session(session.id, start), session)
    assert.deepEqual(await store.history('a', 10), [])
    assert.equal((await store.events(0, 100)).at(-1)?.because, 'not set')
    const letters = await store.lease(100, start + day, start + 2 * day, 'lease')
    assert.ok(letters.every(({ letter }) => letter.kind === 'proof'))
    assert.equal(await store.beginChange(aPending('a'), seen(challenge), start), 'begun')
  },

  'changes that are due are given once, the earliest first, and again when their time is over': async ({ store }) => {
    const pending = ['a', 'b', 'c'].map((accountId) =>
      aPending(accountId, { begunAt: start + minute, body: `"${accountId}"` }),
    )
    for (const [index, one] of pending.entries()) await store.beginChange(one, null, start + (3 - index) * minute)
    const [a, b, c] = pending
    assert.deepEqual(await store.dueChanges(10, start, start + day), [])
    assert.deepEqual(await store.dueChanges(1, start + 2 * minute, start + day), [c])
    const rounds = await atOnce(10, () => store.dueChanges(10, start + 3 * minute, start + day))
    assert.deepEqual(
      rounds
        .flat()
        .map(({ id }) => id)
        .sort(),
      [a!.id, b!.id].sort(),
    )
    assert.equal((await store.dueChanges(10, start + day, start + 2 * day)).length, 3)
    await store.purge(start + 300 * day)
    assert.equal((await store.dueChanges(10, start + 300 * day, start + 301 * day)).length, 3)
  },
}
