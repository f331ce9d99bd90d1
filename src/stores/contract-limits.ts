/** What counts promise: exact among any number of callers, all of a kind or none, told of once. */
import assert from 'node:assert/strict'
import {
  aLetter,
  anAsk,
  anEvent,
  asked,
  aTake,
  atOnce,
  day,
  eventNames,
  minute,
  type Promises,
  start,
} from './contract-values.ts'

export const limitPromises: Promises = {
  'of 500 takes at once exactly as many pass as may': async ({ store }) => {
    const takes = [aTake('log-ins-per-account', 50), aTake('log-ins-per-network', 400)]
    const answers = await atOnce(500, () => store.take(takes, start, null))
    assert.equal(answers.filter((answer) => answer.hits.length === 0).length, 50)
    assert.equal(answers.flatMap((answer) => answer.hits).filter((hit) => hit.first).length, 1)
  },

  'when one of several is full, none is counted': async ({ store }) => {
    const account = aTake('log-ins-per-account', 1)
    const network = aTake('log-ins-per-network', 2)
    assert.deepEqual(await store.take([account, network], start, null), { hits: [] })
    const over = start + 15 * minute
    const refused = { limit: account.limit, key: account.key, retryAt: over, closesAt: over }
    assert.deepEqual(await store.take([account, network], start, null), { hits: [{ ...refused, first: true }] })
    assert.deepEqual(await store.take([account, network], start, null), { hits: [{ ...refused, first: false }] })
    assert.deepEqual(await store.take([network], start, null), { hits: [] })
    assert.equal((await store.take([network], start, null)).hits.length, 1)
  },

  'a full limit is told of once in its window, and a take that passes is not': async ({ store }) => {
    const take = aTake('look-ups-per-network', 1)
    for (const at of [start, start + 1, start + 2, start + 15 * minute, start + 15 * minute + 1]) {
      await store.take([take], at, anEvent('account.looked-up', {}, at))
    }
    const events = await store.events(0, 10)
    assert.deepEqual(
      events.map(({ at, name, because }) => ({ at, name, because })),
      [start + 1, start + 15 * minute + 1].map((at) => ({ at, name: 'limit.crossed', because: take.limit })),
    )
  },

  'who is refused is told when the window of the crossing ends': async ({ store }) => {
    const take = { limit: 'letters-per-address', key: 'address', windows: [{ max: 1, ms: 10 * minute }] } as const
    await store.take([take], start, null)
    const closes = []
    for (const minutes of [2, 5, 9]) {
      closes.push((await store.take([take], start + minutes * minute, null)).hits[0]?.closesAt)
    }
    assert.deepEqual(closes, Array(3).fill(start + 12 * minute))
  },

  'an event is noted and counted, and past its limit neither, but for the crossing': async ({ store }) => {
    const take = aTake('refused-proofs-per-network', 2)
    const hits = []
    for (let count = 0; count < 5; count++) {
      hits.push((await store.noteWithin([take], anEvent('proof.refused', {}, start + count))).hits.length)
    }
    assert.deepEqual(hits, [0, 0, 1, 1, 1])
    assert.deepEqual(await eventNames(store), ['proof.refused', 'proof.refused', 'limit.crossed'])
    await store.noteWithin([], anEvent('link.opened'))
    assert.equal((await eventNames(store)).at(-1), 'link.opened', 'without a limit every one is noted')
    await store.noteWithin([take], anEvent('proof.refused', {}, start + 16 * minute))
    assert.equal((await eventNames(store)).at(-1), 'proof.refused', 'and a new window starts anew')
  },

  'a budget that does not hold counts every ask and letter, lets all go on, and says once that it is used up': async ({
    store,
  }) => {
    const budget = { asks: aTake('asks-of-all', 2), letters: aTake('letters-of-all', 3), holds: false }
    const over = []
    for (let count = 0; count < 4; count++) {
      const answer = await store.ask(anAsk({ budget, mail: count === 0 ? 'full' : 'room' }))
      over.push(answer.kind === 'asked' ? answer.over : answer.kind)
    }
    assert.deepEqual(over, [[], ['asks-of-all'], ['asks-of-all'], ['asks-of-all', 'letters-of-all']])
    const crossed = (await store.events(0, 100)).filter(({ name }) => name === 'limit.crossed')
    assert.deepEqual(
      crossed.map(({ because, challengeId }) => [because, challengeId]),
      [
        ['asks-of-all', null],
        ['letters-of-all', null],
      ],
    )
  },

  'a budget that holds refuses what is over it, and counts no more': async ({ store }) => {
    const budget = { asks: aTake('asks-of-all', 2), letters: aTake('letters-of-all', 1), holds: true }
    assert.equal((await store.ask(anAsk({ budget, mail: 'full' }))).kind, 'asked')
    assert.equal((await store.ask(anAsk({ budget, mail: 'room' }))).kind, 'asked')
    const refused = await store.ask(anAsk({ budget }))
    assert.equal(refused.kind, 'refused')
    assert.deepEqual(refused.kind === 'refused' && refused.hits.map(({ limit }) => limit), [
      'asks-of-all',
      'letters-of-all',
    ])
    const later = await store.ask(anAsk({ at: start + 15 * minute, budget }))
    assert.equal(later.kind, 'asked', 'the refused one was not counted')
  },

  'an ask that is counted elsewhere has its letter or has it not, as it says': async ({ store }) => {
    const answers = [await store.ask(anAsk({ mail: 'room' })), await store.ask(anAsk({ mail: 'full' }))]
    assert.deepEqual(
      answers.map((answer) => answer.kind === 'asked' && answer.mailed),
      [true, false],
    )
    assert.deepEqual(await eventNames(store), ['challenge.opened', 'letter.withheld'])
  },

  'the notice leaves with the wrong try that fills the count, once': async ({ store }) => {
    const take = aTake('wrong-codes-per-account', 2, 'account', day)
    const notice = () => ({
      limit: take.limit,
      letter: aLetter({ kind: 'too-many-tries' }),
      queue: true,
      event: anEvent('limit.crossed', { accountId: '1' }),
    })
    const challenge = await asked(store)
    const due: (number | null)[] = []
    for (let tries = 0; tries < 3; tries++) {
      const counted = await store.takeTry(challenge.id, start, [take], notice())
      if (counted) await store.wrongTry(start, [take], anEvent('proof.refused', { because: 'wrong code' }), notice())
      due.push((await store.lease(10, start, start + minute, `lease ${tries}`)).length)
    }
    assert.deepEqual(due, [1, 1, 0], 'the letter of the ask with the first, the notice with the second')
    const names = await eventNames(store)
    assert.deepEqual(names, ['challenge.opened', 'proof.refused', 'proof.refused', 'limit.crossed'])
  },

  'a window slides': async ({ store }) => {
    const take = aTake('look-ups-per-network', 2)
    const passes = []
    for (const minutes of [0, 10, 14, 15, 16, 25]) {
      passes.push((await store.take([take], start + minutes * minute, null)).hits.length === 0)
    }
    assert.deepEqual(passes, [true, true, false, true, false, true])
  },

  'a clock that steps back empties no count': async ({ store }) => {
    const take = aTake('look-ups-per-network', 1)
    await store.take([take], start, null)
    const { hits } = await store.take([take], start - day, null)
    assert.equal(hits[0]?.retryAt, start - day + 15 * minute)
  },

  'what is given back may be taken again, what is forgotten starts anew': async ({ store }) => {
    const take = aTake('wrong-codes-per-account', 2)
    const pass = async () => (await store.take([take], start, null)).hits.length === 0
    assert.deepEqual([await pass(), await pass(), await pass()], [true, true, false])
    await store.giveBack([take.key, 'no such key'], [])
    assert.deepEqual([await pass(), await pass()], [true, false])
    await store.giveBack([], [take.key, 'no such key'])
    assert.deepEqual([await pass(), await pass(), await pass()], [true, true, false])
    assert.deepEqual(await eventNames(store), [])
  },

  'to ask which are full counts nothing': async ({ store }) => {
    const takes = [aTake('wrong-codes-per-account', 1), aTake('wrong-codes-of-all', 2)]
    for (let i = 0; i < 3; i++) assert.deepEqual(await store.full(takes, start), [])
    await store.take(takes, start, null)
    for (let i = 0; i < 2; i++) {
      const retryAt = start + 15 * minute
      const hit = { limit: 'wrong-codes-per-account', key: takes[0]!.key, retryAt, first: true, closesAt: retryAt }
      assert.deepEqual(await store.full(takes, start), [hit])
    }
  },

  'a large limit is kept exactly within one of its steps': async ({ store }) => {
    const take = aTake('wrong-codes-of-all', 1000, 'all', day)
    const answers = await atOnce(1100, (index) => store.take([take], start + index, null))
    assert.equal(answers.filter((answer) => answer.hits.length === 0).length, 1000)
  },
}
