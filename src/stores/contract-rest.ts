/** Sessions, the audit, and the removal of what is long over. */
import assert from 'node:assert/strict'
import {
  aLetter,
  anAsk,
  anEvent,
  aSession,
  asked,
  aTake,
  atOnce,
  day,
  eventNames,
  freshId,
  minute,
  type Promises,
  start,
} from './contract-values.ts'

export const restPromises: Promises = {
  'a session lasts until it is ended or over': async ({ store }) => {
    const [ended, other] = [aSession('7'), aSession('7')]
    for (const session of [ended, other]) await store.openSession(session, anEvent('session.opened'))
    assert.deepEqual(await store.session(ended.id, start), ended)
    assert.equal(await store.session(ended.id, ended.expiresAt), null)
    assert.equal(await store.session('unknown', start), null)
    await store.endSession(ended.id, anEvent('session.ended'))
    await store.endSession(ended.id, anEvent('session.ended'))
    assert.equal(await store.session(ended.id, start), null)
    assert.deepEqual(await store.session(other.id, start), other)
    assert.deepEqual(await eventNames(store), ['session.opened', 'session.opened', 'session.ended'])
  },

  'an account has the sessions that are live, newest first': async ({ store }) => {
    const [first, second, third] = [1, 2, 3].map((at) => aSession('7', { createdAt: start + at }))
    const over = aSession('7', { expiresAt: start + minute })
    const strangers = aSession('8')
    for (const one of [second!, first!, over, third!, strangers])
      await store.openSession(one, anEvent('session.opened'))
    assert.deepEqual(await store.sessionsOf('7', start + minute, 9), [third, second, first])
    assert.deepEqual(await store.sessionsOf('7', start + minute, 2), [third, second])
    await store.endSession(third!.id, anEvent('session.ended'))
    assert.deepEqual(await store.sessionsOf('7', start + minute, 9), [second, first])
    assert.deepEqual(await store.sessionsOf('nobody', start, 9), [])
  },

  'an account has the events that name it, newest first': async ({ store }) => {
    const own = (name: 'password.changed' | 'session.opened', at: number) =>
      anEvent(name, { accountId: '7' }, start + at)
    const [changed, opened, again] = [own('password.changed', 1), own('session.opened', 2), own('password.changed', 3)]
    const others = anEvent('password.changed', { accountId: '8' })
    const nobodys = anEvent('password.changed')
    for (const one of [changed, others, opened, nobodys, again]) await store.note(one)
    assert.deepEqual(await store.eventsOf('7', ['password.changed', 'session.opened'], 9), [again, opened, changed])
    assert.deepEqual(await store.eventsOf('7', ['password.changed', 'session.opened'], 2), [again, opened])
    assert.deepEqual(await store.eventsOf('7', ['session.opened'], 9), [opened])
    assert.deepEqual(await store.eventsOf('7', [], 9), [])
    assert.deepEqual(await store.eventsOf('9', ['password.changed'], 9), [])
  },

  'events are read in the order in which they were noted': async ({ store }) => {
    const events = Array.from({ length: 7 }, (_, index) => anEvent('link.opened', { because: String(index) }, start))
    await Promise.all(events.map((event) => store.note(event)))
    const numbered = events.map((event, index) => ({ ...event, seq: index + 1 }))
    assert.deepEqual(await store.events(0, 3), numbered.slice(0, 3))
    assert.deepEqual(await store.events(3, 100), numbered.slice(3))
    assert.deepEqual(await store.events(7, 100), [])
  },

  'what is long over goes, and nothing else': async ({ store }) => {
    const old = await asked(store)
    const session = aSession('7', { expiresAt: start + day })
    await store.openSession(session, anEvent('session.opened'))
    await store.take([aTake('log-ins-per-account', 1)], start, null)
    const [letter] = await store.lease(1, start, start + minute, 'worker')
    await store.settle(letter!.letter.id, 'worker', start, { kind: 'sent' }, null)
    const waiting = aLetter({ expiresAt: start + minute })
    await store.ask(anAsk({ challenge: null, letter: waiting }))

    assert.equal(await store.purge(start + minute), 0)
    assert.deepEqual(await store.challenge(old.id), old)
    // Counts go when their last window has passed: the log-in's, and two of letters.
    assert.equal(await store.purge(start + 15 * minute), 3)
    assert.equal(await store.purge(session.expiresAt), 1)
    assert.equal(await store.purge(old.expiresAt + day - 1), 0)
    assert.equal(await store.purge(old.expiresAt + day), 1)
    assert.equal(await store.challenge(old.id), null)
    assert.equal(await store.purge(start + 7 * day), 1)
    const [left] = await store.lease(9, start + 180 * day, start + 181 * day, 'worker')
    assert.deepEqual(left?.letter, waiting)
    assert.equal(await store.purge(start + 1000 * day), 0)
  },

  'thousands of rows go in one purge': async ({ store }) => {
    await atOnce(1700, () => store.ask(anAsk({ mail: aTake('letters-per-address', 1, freshId()) })))
    assert.equal(await store.purge(start + 300 * day), 1700 + 1700)
    assert.equal((await store.lease(5000, start, start + day, 'worker')).length, 1700)
  },

  'what was called before the close is done': async ({ store, close }) => {
    await store.ping()
    const last = store.note(anEvent('link.opened'))
    await close()
    await last
  },
}
