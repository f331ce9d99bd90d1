/** What counts promise: exact among any number of callers, all of a kind or none, told of once. */
import assert from 'node:assert/strict'
import { anEvent, aTake, atOnce, day, eventNames, minute, type Promises, start } from './contract-values.ts'

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
    const refused = { limit: account.limit, key: account.key, retryAt: start + 15 * minute }
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
      const hit = { limit: 'wrong-codes-per-account', key: takes[0]!.key, retryAt, first: true }
      assert.deepEqual(await store.full(takes, start), [hit])
    }
  },

  'a large limit is kept exactly within one of its steps': async ({ store }) => {
    const take = aTake('wrong-codes-of-all', 1000, 'all', day)
    const answers = await atOnce(1100, (index) => store.take([take], start + index, null))
    assert.equal(answers.filter((answer) => answer.hits.length === 0).length, 1000)
  },
}
