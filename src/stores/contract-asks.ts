/** What an ask promises: all of it or nothing, and nothing for those that are refused. */
import assert from 'node:assert/strict'
import type { Asked, Challenge } from '../engine/ports.ts'
import {
  aChallenge,
  aChange,
  aLetter,
  anAccount,
  anAsk,
  anEvent,
  asked,
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

const halfLife = 7.5 * minute
const againFor = (challenge: Challenge, waitUntil: number | null = null) => ({
  id: challenge.id,
  halfLife,
  waitUntil,
})

function refusedIn(answer: Asked): Extract<Asked, { kind: 'refused' }> {
  assert.ok(answer.kind === 'refused', answer.kind)
  return answer
}

export const askPromises: Promises = {
  'an ask opens its challenge, queues its letter and is noted': async ({ store }) => {
    const ask = anAsk()
    let wakes = 0
    store.onLetter(() => wakes++)
    assert.deepEqual(await store.ask(ask), { kind: 'asked', challengeId: ask.challenge!.id, mailed: true, over: [] })
    assert.deepEqual(await store.challenge(ask.challenge!.id), ask.challenge)
    assert.deepEqual(await store.events(0, 10), [{ ...ask.event, seq: 1 }])
    assert.equal(wakes, 1)
    const [leased] = await store.lease(10, start, start + minute, 'lease')
    assert.deepEqual(leased, { letter: ask.letter, attempts: 0, lease: 'lease' })
  },

  'an ask of a flow that keeps no row queues a letter alone': async ({ store }) => {
    const ask = anAsk({ challenge: null, letter: aLetter({ flow: 'stateless' }) })
    assert.deepEqual(await store.ask(ask), { kind: 'asked', challengeId: null, mailed: true, over: [] })
    assert.deepEqual((await store.lease(10, start, start + minute, 'lease'))[0]?.letter, ask.letter)
  },

  'a refused ask counts nothing and writes nothing but the first crossing': async ({ store }) => {
    const refuse = [aTake('asks-per-caller', 2), aTake('asks-per-network', 100)]
    const mail = aTake('letters-per-address', 100)
    for (const at of [start, start + 1000]) await store.ask(anAsk({ at, refuse, mail }))
    const kept = [
      { ...refuse[1]!, windows: [{ max: 3, ms: 15 * minute }] },
      { ...mail, windows: [{ max: 3, ms: day }] },
    ]
    for (const at of [start + 2000, start + 3000, start + 4000]) {
      const ask = anAsk({ at, refuse, mail })
      const { kind, limit, retryAt, hits } = refusedIn(await store.ask(ask))
      assert.deepEqual([kind, limit, retryAt], ['refused', 'asks-per-caller', start + 15 * minute])
      assert.deepEqual(
        hits.map(({ key, first, closesAt }) => [key, first, closesAt]),
        [[refuse[0]!.key, at === start + 2000, start + 2000 + 15 * minute]],
      )
      assert.equal(await store.challenge(ask.challenge!.id), null)
    }
    assert.deepEqual(await store.full(kept, start + 5000), [])
    const noted = await store.events(2, 10)
    assert.deepEqual(
      noted.map(({ name, because, challengeId, at }) => ({ name, because, challengeId, at })),
      [{ name: 'limit.crossed', because: 'asks-per-caller', challengeId: null, at: start + 2000 }],
    )
    assert.equal((await store.lease(10, start + day, start + 2 * day, 'lease')).length, 2)
  },

  'a limit that is crossed again in a later window is told of again': async ({ store }) => {
    const refuse = [aTake('asks-per-caller', 1)]
    for (const at of [0, 1, 2, 15, 16, 17].map((minutes) => start + minutes * minute)) {
      await store.ask(anAsk({ at, refuse }))
    }
    const names = await eventNames(store)
    assert.deepEqual(names, ['challenge.opened', 'limit.crossed', 'challenge.opened', 'limit.crossed'])
  },

  'of several full limits the one that lasts longest is told of': async ({ store }) => {
    const refuse = [aTake('asks-per-caller', 1), aTake('asks-per-network', 1, 'network', day)]
    await store.ask(anAsk({ refuse }))
    const again = anAsk({ refuse, at: start + minute })
    const { limit, retryAt, hits } = refusedIn(await store.ask(again))
    assert.deepEqual([limit, retryAt, hits.length], ['asks-per-network', start + day, 2])
  },

  'a limit is exact, however many ask at once': async ({ store }) => {
    const refuse = [aTake('asks-per-caller', 37)]
    const answers = await atOnce(500, () => store.ask(anAsk({ refuse })))
    assert.equal(answers.filter((answer) => answer.kind === 'asked').length, 37)
    assert.equal((await eventNames(store)).filter((name) => name === 'limit.crossed').length, 1)
    assert.equal((await store.lease(1000, start, start + minute, 'lease')).length, 37)
  },

  'a full letter limit changes no answer: the ask is counted, and no letter is queued': async ({ store }) => {
    const refuse = [aTake('asks-per-caller', 2)]
    const mail = aTake('letters-per-address', 1)
    await store.ask(anAsk({ refuse, mail }))
    const withheld = anAsk({ refuse, mail })
    const { id } = withheld.challenge!
    assert.deepEqual(await store.ask(withheld), { kind: 'asked', challengeId: id, mailed: false, over: [] })
    assert.equal((await store.challenge(id))?.state, 'open')
    const { name, because, challengeId } = (await store.events(1, 1))[0]!
    assert.deepEqual({ name, because, challengeId }, { name: 'letter.withheld', because: mail.limit, challengeId: id })
    assert.equal((await store.lease(10, start, start + minute, 'lease')).length, 1)
    assert.equal((await store.ask(anAsk({ refuse, mail }))).kind, 'refused')
  },

  'a known device has letters in reserve, and they run out too': async ({ store }) => {
    const mail = aTake('letters-per-address', 1)
    const reserve = aTake('letters-in-reserve', 2)
    const answers = []
    for (let i = 0; i < 4; i++) answers.push(await store.ask(anAsk({ mail, reserve })))
    assert.deepEqual(
      answers.map((answer) => answer.kind === 'asked' && answer.mailed),
      [true, true, true, false],
    )
    assert.equal((await store.ask(anAsk({ mail, reserve: null }))).kind, 'asked')
  },

  'the same challenge is mailed again while more than half its life is left': async ({ store }) => {
    const first = await asked(store)
    const at = start + halfLife - 1
    const ask = anAsk({ at, again: againFor(first) })
    assert.deepEqual(await store.ask(ask), { kind: 'asked', challengeId: first.id, mailed: true, over: [] })
    assert.deepEqual(await store.challenge(first.id), { ...first, mailedAt: at })
    assert.equal(await store.challenge(ask.challenge!.id), null)
    const { letter } = (await store.lease(10, at, at + minute, 'lease')).find((one) => one.letter.id === ask.letter.id)!
    assert.deepEqual(letter, { ...ask.letter, challengeId: first.id, expiresAt: first.expiresAt })
    assert.equal((await store.events(1, 1))[0]?.challengeId, first.id)
  },

  'a letter withheld from a live challenge answers with that challenge': async ({ store }) => {
    const mail = aTake('letters-per-address', 1)
    const first = anAsk({ mail })
    await store.ask(first)
    const ask = anAsk({ mail, at: start + minute, again: againFor(first.challenge!) })
    assert.deepEqual(await store.ask(ask), { kind: 'asked', challengeId: first.challenge!.id, mailed: false, over: [] })
    assert.equal((await store.challenge(first.challenge!.id))?.mailedAt, start + minute)
  },

  'only the own, open, long enough challenge is mailed again': async ({ store, accounts }) => {
    const account = await anAccount(accounts)
    const closed = await bound(store, account.id)
    await store.change(aChange(account, closed))
    const proved = await asked(store)
    await store.prove(proved.id, 'nonce', start, [], [], anEvent('proof.accepted'))
    const useless: Challenge[] = [
      closed,
      proved,
      aChallenge(),
      await asked(store, { flow: 'classic' }),
      await asked(store, { addressKey: 'of another address' }),
      await asked(store, { browser: 'another browser' }),
      await asked(store, { browser: null }),
      await asked(store, { triesLeft: 0 }),
      await asked(store, { expiresAt: start + minute + halfLife }),
      await asked(store, { expiresAt: start }),
    ]
    for (const previous of useless) {
      const ask = anAsk({ at: start + minute, again: againFor(previous) })
      const expected = { kind: 'asked', challengeId: ask.challenge!.id, mailed: true, over: [] }
      assert.deepEqual(await store.ask(ask), expected, JSON.stringify(previous))
    }
  },

  'a resend waits its time, counts nothing meanwhile, and waits for a dead challenge too': async ({ store }) => {
    const refuse = [aTake('asks-per-caller', 2)]
    const first = anAsk({ refuse })
    await store.ask(first)
    const again = againFor(first.challenge!, minute)
    for (let i = 0; i < 5; i++) {
      const early = await store.ask(anAsk({ refuse, again, at: start + minute - 1 }))
      assert.deepEqual(early, { kind: 'refused', limit: 'resend', retryAt: start + minute, hits: [] })
    }
    assert.deepEqual(await eventNames(store), ['challenge.opened'])
    const inTime = await store.ask(anAsk({ refuse, again, at: start + minute }))
    assert.deepEqual(inTime, { kind: 'asked', challengeId: first.challenge!.id, mailed: true, over: [] })

    const dead = await asked(store, { triesLeft: 0, mailedAt: start + 5 * minute })
    const soon = await store.ask(anAsk({ again: againFor(dead, minute), at: start + 5 * minute + 1 }))
    assert.deepEqual(soon, { kind: 'refused', limit: 'resend', retryAt: start + 6 * minute, hits: [] })
  },

  'a clock that stepped back makes nobody wait longer than the waiting time': async ({ store }) => {
    const first = await asked(store, { mailedAt: start + day })
    const answer = await store.ask(anAsk({ again: againFor(first, minute) }))
    assert.deepEqual(answer, { kind: 'refused', limit: 'resend', retryAt: start + minute, hits: [] })
  },

  'one bad operation fails alone, whoever shares its commit': async ({ store }) => {
    const taken = await asked(store)
    const asks = Array.from({ length: 9 }, () => anAsk())
    const bad = anAsk({ challenge: aChallenge({ id: taken.id, addressKey: 'of somebody else' }) })
    const ended = await Promise.allSettled([...asks.slice(0, 5), bad, ...asks.slice(5)].map((ask) => store.ask(ask)))
    assert.deepEqual(
      ended.map((one) => one.status === 'fulfilled'),
      [true, true, true, true, true, false, true, true, true, true],
    )
    const { reason } = ended[5] as PromiseRejectedResult
    assert.equal(reason.name, 'Fault')
    assert.equal(reason.code, 'database')
    assert.deepEqual(await store.challenge(taken.id), taken)
    for (const ask of asks) assert.ok(await store.challenge(ask.challenge!.id))
    assert.equal((await store.lease(100, start, start + minute, 'lease')).length, 10)
    assert.equal((await eventNames(store)).length, 10)
  },

  'what was asked at once is all there': async ({ store }) => {
    const asks = Array.from({ length: 700 }, () => anAsk({ mail: aTake('letters-per-address', 5, freshId()) }))
    await Promise.all(asks.map((ask) => store.ask(ask)))
    const found = await Promise.all(asks.map((ask) => store.challenge(ask.challenge!.id)))
    assert.deepEqual(
      found,
      asks.map((ask) => ask.challenge),
    )
  },
}
