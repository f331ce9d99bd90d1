/** The audit's chain: sealed once, in order, and what is taken out beside it stays out. */
import assert from 'node:assert/strict'
import { keyring } from '../engine/keys.ts'
import type { Store } from '../engine/ports.ts'
import {
  type AuditRow,
  beginning,
  checkpointAfter,
  isAsSealed,
  personalState,
  type Segment,
  sealEvent,
  segmentOf,
  shortenedEvent,
} from '../engine/seal.ts'
import { anEvent, atOnce, day, type Promises, start } from './contract-values.ts'

const keys = keyring('a secret of the contract, of which nothing hangs').current
const salt = 'A'.repeat(22)

/** The next segment over the events that wait, and their seals. */
async function nextOf(store: Store, most = 1000) {
  const tip = (await store.audit.tip()) ?? beginning
  const rows = await store.audit.rows(tip.last, most)
  const seals = rows.map((row) => ({ at: row.at, ...sealEvent(keys, row, salt) }))
  return { segment: segmentOf(keys, tip, seals, start), seals: seals.map(({ at: _, ...seal }) => seal) }
}

/** Notes so many events and seals them. */
async function sealed(store: Store, count: number, at = start): Promise<Segment> {
  for (let i = 0; i < count; i++) await store.note(anEvent('link.opened', { accountId: '7' }, at))
  const { segment, seals } = await nextOf(store)
  assert.equal(await store.audit.seal(segment, seals), true)
  return segment
}

const whole = (row: AuditRow | undefined) => row && { sealed: isAsSealed(keys, row), person: personalState(keys, row) }

export const auditPromises: Promises = {
  'a chain begins with nothing': async ({ store }) => {
    assert.equal(await store.audit.tip(), null)
    assert.equal(await store.audit.checkpoint(), null)
    assert.deepEqual(await store.audit.segments(0, 10), [])
    assert.equal(await store.audit.newest(), 0)
    await store.note(anEvent('link.opened', { accountId: '7' }))
    assert.equal(await store.audit.newest(), 1)
    const unsealed = { accountKey: null, personal: null, salt: null, seal: null, erasedBy: null }
    const expected = { ...anEvent('link.opened', { accountId: '7' }), seq: 1, ...unsealed }
    assert.deepEqual(await store.audit.rows(0, 10), [expected])
  },

  'segments join in order, and their events bear their seals': async ({ store }) => {
    const [one, two] = [await sealed(store, 3), await sealed(store, 2)]
    assert.deepEqual(await store.audit.segments(0, 10), [one, two])
    assert.deepEqual(await store.audit.segments(0, 1), [one])
    assert.deepEqual(await store.audit.segments(1, 10), [two])
    assert.deepEqual(await store.audit.tip(), { number: 2, last: 5, digest: two.digest })
    const rows = await store.audit.rows(0, 10)
    assert.deepEqual(rows.map(whole), Array(5).fill({ sealed: true, person: 'whole' }))
    assert.deepEqual(
      (await store.audit.rows(3, 1)).map(({ seq }) => seq),
      [4],
    )
    assert.equal('seal' in (await store.events(0, 1))[0]!, false)
  },

  'of sealers at once one wins, and the chain does not fork': async ({ store }) => {
    await atOnce(5, () => store.note(anEvent('link.opened')))
    const [whole, half] = [await nextOf(store), await nextOf(store, 2)]
    const won = await atOnce(20, (index) => {
      const { segment, seals } = index % 2 === 0 ? whole : half
      return store.audit.seal(segment, seals)
    })
    assert.equal(won.filter(Boolean).length, 1)
    assert.equal((await store.audit.segments(0, 10)).length, 1)
  },

  'a segment that does not follow is refused': async ({ store }) => {
    const one = await sealed(store, 1)
    await store.note(anEvent('link.opened'))
    const { segment, seals } = await nextOf(store)
    for (const wrong of [
      { ...segment, number: 3 },
      { ...segment, first: 1 },
      { ...segment, previous: 'another' },
    ]) {
      assert.equal(await store.audit.seal(wrong, seals), false)
    }
    assert.deepEqual(await store.audit.segments(0, 10), [one])
    assert.equal((await store.audit.rows(1, 1))[0]?.seal, null)
    assert.equal(await store.audit.seal(segment, seals), true)
  },

  'segments whose time has come are shortened once': async ({ store }) => {
    await sealed(store, 2)
    await sealed(store, 1, start + day)
    await sealed(store, 1)
    assert.deepEqual(
      (await store.audit.whole(start, 10)).map(({ number }) => number),
      [1],
    )
    assert.equal((await store.audit.whole(start + day, 2)).length, 2)
    const cut = (await store.audit.rows(0, 2)).map(shortenedEvent)
    const event = anEvent('audit.shortened')
    const won = await atOnce(3, () => store.audit.shorten([1], cut, event))
    assert.deepEqual(won.sort(), [false, false, true])
    const rows = await store.audit.rows(0, 10)
    assert.deepEqual(
      rows.slice(0, 3).map(({ network, agent, accountId }) => [network, agent, accountId]),
      [
        ['192.0.2.0/24', '', '7'],
        ['192.0.2.0/24', '', '7'],
        ['192.0.2.1', '', '7'],
      ],
    )
    assert.deepEqual(whole(rows[0]), { sealed: true, person: 'short' })
    assert.equal(rows.at(-1)?.name, 'audit.shortened')
    assert.equal(rows.length, 5)
    assert.deepEqual(await store.audit.whole(start, 10), [])
    assert.equal(await store.audit.shorten([9], [], event), false)
  },

  'an account is found with what is about its challenges and addresses': async ({ store }) => {
    await store.note(anEvent('challenge.opened', { challengeId: 'c1' }))
    await store.note(anEvent('challenge.opened', { challengeId: 'c2' }))
    await store.note(anEvent('letter.sent', { challengeId: 'c1', accountId: '7' }))
    await store.note(anEvent('session.opened', { accountId: '7' }))
    await store.note(anEvent('session.opened', { accountId: '77' }))
    const whom = { accountId: '7', addressKeys: [] }
    assert.deepEqual(await store.audit.about(whom, 0, 10), [1, 3, 4])
    assert.deepEqual(await store.audit.about(whom, 1, 1), [3])
    assert.deepEqual(await store.audit.about({ ...whom, accountId: 'nobody' }, 0, 10), [])
    await store.note(anEvent('challenge.opened', { addressKey: 'a1' }))
    await store.note(anEvent('challenge.opened', { addressKey: 'a2' }))
    await store.note(anEvent('challenge.opened', { challengeId: 'c1', addressKey: 'a2' }))
    await store.note(anEvent('challenge.opened', { addressKey: 'a3' }))
    await store.note(anEvent('proof.accepted', { addressKey: 'a1', challengeId: 'c1', accountId: '8' }))
    assert.deepEqual(await store.audit.about({ ...whom, addressKeys: ['a1'] }, 0, 10), [1, 3, 4, 6, 7, 8])
  },

  'an erasure empties what is sealed, and names itself': async ({ store }) => {
    await sealed(store, 2)
    await store.note(anEvent('link.opened', { accountId: '7' }))
    const before = await store.audit.rows(0, 3)
    await store.audit.erase([1, 3], 'a key', anEvent('audit.erased', { because: '2 events' }))
    const rows = await store.audit.rows(0, 10)
    assert.deepEqual(rows[0], { ...before[0], accountId: null, network: '', agent: '', salt: null, erasedBy: 4 })
    assert.deepEqual(whole(rows[0]), { sealed: true, person: 'gone' })
    assert.deepEqual(await store.audit.about({ accountId: '7', addressKeys: [] }, 0, 10), [2, 3])
    assert.deepEqual(rows.slice(1, 3), before.slice(1))
    assert.deepEqual([rows[3]?.name, rows[3]?.accountKey, rows[3]?.accountId], ['audit.erased', 'a key', null])
    // What was read before an erasure brings nothing back.
    await store.audit.shorten([1], before.slice(0, 2).map(shortenedEvent), anEvent('audit.shortened'))
    assert.deepEqual((await store.audit.rows(0, 1))[0], rows[0])
  },

  'what is removed leaves a checkpoint, and numbers are never given twice': async ({ store }) => {
    const [one, two] = [await sealed(store, 2), await sealed(store, 3)]
    const upTo = checkpointAfter(keys, two, start)
    const won = await atOnce(3, () => store.audit.remove(upTo, anEvent('audit.removed')))
    assert.deepEqual(won.sort(), [false, false, true])
    assert.deepEqual(await store.audit.checkpoint(), upTo)
    assert.deepEqual(await store.audit.segments(0, 10), [])
    assert.deepEqual(await store.audit.tip(), { number: 2, last: 5, digest: two.digest })
    assert.equal(await store.audit.remove(checkpointAfter(keys, one, start), anEvent('audit.removed')), false)
    assert.equal(await store.audit.remove({ ...upTo, number: 9 }, anEvent('audit.removed')), false)
    const three = await sealed(store, 1)
    assert.deepEqual([three.number, three.first, three.last, three.previous], [3, 6, 7, two.digest])
    assert.deepEqual(
      (await store.events(0, 10)).map(({ seq, name }) => [seq, name]),
      [
        [6, 'audit.removed'],
        [7, 'link.opened'],
      ],
    )
  },

  'a purge leaves every event where it is': async ({ store }) => {
    await atOnce(3, () => store.note(anEvent('link.opened')))
    assert.equal(await store.purge(start + 1000 * day), 0)
    assert.equal((await store.events(0, 10)).length, 3)
  },
}
