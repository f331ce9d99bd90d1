/** What the outbox promises: each letter in one hand at a time, and in another's when that one is gone. */
import assert from 'node:assert/strict'
import type { Letter, Settlement, Store } from '../engine/ports.ts'
import {
  aChallenge,
  aLetter,
  anAsk,
  anEvent,
  atOnce,
  day,
  eventNames,
  minute,
  type Promises,
  start,
} from './contract-values.ts'

async function queued(store: Store, more: Partial<Letter> = {}): Promise<Letter> {
  const letter = aLetter(more)
  await store.ask(anAsk({ challenge: null, letter }))
  return letter
}

const ids = (leased: readonly { letter: Letter }[]): string[] => leased.map(({ letter }) => letter.id)
const sent: Settlement = { kind: 'sent' }

export const letterPromises: Promises = {
  'letters are leased oldest first, each to one': async ({ store }) => {
    const late = await queued(store, { createdAt: start + 2 })
    const early = await queued(store, { createdAt: start })
    const middle = await queued(store, { createdAt: start + 1 })
    assert.deepEqual(await store.lease(10, start - 1, start + minute, 'x'), [])
    assert.deepEqual(ids(await store.lease(2, start + 9, start + minute, 'x')), [early.id, middle.id])
    assert.deepEqual(ids(await store.lease(2, start + 9, start + minute, 'y')), [late.id])
    assert.deepEqual(await store.lease(2, start + 9, start + minute, 'z'), [])
  },

  'workers that lease at once share the letters out': async ({ store }) => {
    await atOnce(60, () => queued(store))
    const shares = await atOnce(10, (index) => store.lease(7, start, start + minute, `worker ${index}`))
    assert.equal(new Set(shares.flatMap(ids)).size, 60)
    assert.equal(shares.flat().length, 60)
  },

  'a lease that is over is taken over, and its old holder can settle nothing': async ({ store }) => {
    const letter = await queued(store)
    await store.lease(1, start, start + minute, 'died')
    assert.deepEqual(await store.lease(1, start + minute - 1, start + day, 'next'), [])
    assert.deepEqual(ids(await store.lease(1, start + minute, start + day, 'next')), [letter.id])
    const noted = anEvent('letter.sent')
    for (const settlement of [sent, { kind: 'given-back' }, { kind: 'dropped' }] as const) {
      assert.equal(await store.settle(letter.id, 'died', start + minute, settlement, noted), false)
    }
    assert.equal(await store.settle(letter.id, 'next', start + minute, sent, noted), true)
    assert.equal(await store.settle(letter.id, 'next', start + minute, sent, noted), false)
    assert.deepEqual(await eventNames(store), ['challenge.opened', 'letter.sent'])
  },

  'a renewed lease holds on to what is still its own': async ({ store }) => {
    const [first, second] = [await queued(store), await queued(store, { createdAt: start + 1 })]
    await store.lease(2, start + 1, start + minute, 'worker')
    await store.settle(first.id, 'worker', start + 1, { kind: 'given-back' }, null)
    await store.renew('worker', start + day)
    assert.deepEqual(ids(await store.lease(9, start + 2 * minute, start + 3 * minute, 'other')), [first.id])
    assert.equal(await store.settle(second.id, 'worker', start + 2 * minute, sent, null), true)
  },

  'what is sent or dropped is not leased again': async ({ store }) => {
    const [first, second] = [await queued(store), await queued(store)]
    await store.lease(2, start, start + minute, 'worker')
    await store.settle(first.id, 'worker', start, sent, null)
    await store.settle(second.id, 'worker', start, { kind: 'dropped' }, anEvent('letter.dropped'))
    assert.deepEqual(await store.lease(9, start + day, start + 2 * day, 'worker'), [])
    assert.equal(await store.nextDue(start), null)
  },

  'what failed is due again at its time, with its tries counted and its address kept': async ({ store }) => {
    const letter = await queued(store)
    await store.lease(1, start, start + minute, 'worker')
    const again: Settlement = { kind: 'again', at: start + 5000, because: 'no answer' }
    assert.equal(await store.settle(letter.id, 'worker', start, again, null), true)
    assert.equal(await store.nextDue(start), 5000)
    assert.deepEqual(await store.lease(1, start + 4999, start + minute, 'worker'), [])
    const leased = await store.lease(1, start + 5000, start + minute, 'next')
    assert.deepEqual(leased, [{ letter, attempts: 1, lease: 'next' }])
  },

  'what is given back is due at once, and no try is counted': async ({ store }) => {
    const letter = await queued(store)
    await store.lease(1, start, start + minute, 'worker')
    assert.equal(await store.settle(letter.id, 'worker', start + 10, { kind: 'given-back' }, null), true)
    const leased = await store.lease(1, start + 10, start + minute, 'next')
    assert.deepEqual(leased, [{ letter, attempts: 0, lease: 'next' }])
  },

  'a letter is split into others once, and only by whom holds it': async ({ store }) => {
    const letter = await queued(store)
    await store.lease(1, start, start + minute, 'worker')
    const challenge = aChallenge({ triesLeft: 0 })
    const letters = ['a', 'b'].map((accountId) => aLetter({ accountId, challengeId: challenge.id }))
    const split: Settlement = { kind: 'split', letters, challenges: [challenge] }
    const noted = anEvent('letter.dropped')
    assert.equal(await store.settle(letter.id, 'another', start, split, noted), false)
    assert.equal(await store.challenge(challenge.id), null)
    assert.equal(await store.settle(letter.id, 'worker', start, split, noted), true)
    assert.equal(await store.settle(letter.id, 'worker', start, split, noted), false)
    assert.deepEqual(await store.challenge(challenge.id), challenge)
    const leased = await store.lease(9, start, start + minute, 'next')
    assert.deepEqual(
      leased.map((one) => one.letter),
      letters,
    )
    assert.equal((await store.events(0, 99)).filter(({ name }) => name === 'letter.dropped').length, 1)
  },

  'the time until the next letter is told': async ({ store }) => {
    assert.equal(await store.nextDue(start), null)
    await queued(store, { createdAt: start + 300 })
    assert.equal(await store.nextDue(start), 300)
    assert.equal(await store.nextDue(start + 400), 0)
    await store.lease(1, start + 400, start + minute, 'worker')
    assert.equal(await store.nextDue(start + 400), minute - 400)
  },

  'the outbox tells what waits for what, and since when': async ({ store }) => {
    assert.deepEqual(await store.outbox(start), { due: 0, held: 0, later: 0, oldest: null })
    const [first, second] = [await queued(store), await queued(store, { createdAt: start + 300 })]
    await queued(store, { createdAt: start + 400 })
    assert.deepEqual(await store.outbox(start + 400), { due: 3, held: 0, later: 0, oldest: start })
    await store.lease(2, start + 400, start + minute, 'worker')
    assert.deepEqual(await store.outbox(start + 400), { due: 1, held: 2, later: 0, oldest: start })
    await store.settle(first.id, 'worker', start + 400, sent, null)
    await store.settle(second.id, 'worker', start + 400, { kind: 'again', at: start + minute, because: 'no' }, null)
    assert.deepEqual(await store.outbox(start + 400), { due: 1, held: 0, later: 1, oldest: start + 300 })
    // One who has died with it holds nothing.
    assert.deepEqual(await store.outbox(start + minute), { due: 2, held: 0, later: 0, oldest: start + 300 })
  },
}
