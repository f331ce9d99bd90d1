/** Settings: read whole, written one version after another. */
import assert from 'node:assert/strict'
import { anEvent, atOnce, eventNames, type Promises, start } from './contract-values.ts'

const changed = (because: string) => anEvent('settings.changed', { because })

export const settingPromises: Promises = {
  'a setting is read as it was written, version after version': async ({ store }) => {
    assert.deepEqual(await store.settings(), [])
    const first = { name: 'one', value: '{"a":"é\\u0000"}', version: 1 }
    assert.equal(await store.setSetting(first, start, changed('one')), true)
    assert.equal(await store.setSetting({ name: 'two', value: '2', version: 1 }, start, changed('two')), true)
    const gone = { name: 'one', value: null, version: 2 }
    assert.equal(await store.setSetting(gone, start, changed('one')), true)
    const all = await store.settings()
    assert.deepEqual(
      all.sort((a, b) => a.name.localeCompare(b.name)),
      [gone, { name: 'two', value: '2', version: 1 }],
    )
    const events = await store.events(0, 9)
    assert.deepEqual(
      events.map((one) => one.because),
      ['one', 'two', 'one'],
    )
  },

  'of those who change one version of a setting at once, one is first, and the others change nothing': async ({
    store,
  }) => {
    const race = (version: number) =>
      Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          store.setSetting({ name: 'one', value: String(at), version }, start, changed(String(at))),
        ),
      )
    for (const version of [1, 2]) {
      const won = await race(version)
      assert.equal(won.filter(Boolean).length, 1)
      assert.deepEqual(await store.settings(), [{ name: 'one', value: String(won.indexOf(true)), version }])
    }
    assert.equal((await eventNames(store)).length, 2)
  },

  'a setting is not written over a version that was never read': async ({ store }) => {
    assert.equal(await store.setSetting({ name: 'one', value: '1', version: 2 }, start, changed('')), false)
    await store.setSetting({ name: 'one', value: '1', version: 1 }, start, changed(''))
    for (const version of [0, 1, 3]) {
      assert.equal(await store.setSetting({ name: 'one', value: '2', version }, start, changed('')), false)
    }
    assert.deepEqual(await store.settings(), [{ name: 'one', value: '1', version: 1 }])
    assert.equal((await atOnce(1, () => store.events(0, 9)))[0]!.length, 1)
  },
}
