/**
 * The storm of `kills-at-random.test.ts`, for as long as a thousand asks and a thousand changes take, three submits of
 * each proof at once: servers live for half a second to four, and most writes there are meet the end of one sooner or later.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { places } from '../promises/real-server.ts'
import { storm } from '../promises/storm.ts'

const people = 1_000

for (const { name, make } of places) {
  test(`kill -9 in a thousand asks and a thousand changes: every answer is kept (${name})`, async (context) => {
    const place = await make()
    try {
      const { kills, asks, changes } = await storm(place, {
        ...{ people, submits: 3, width: 8, lives: [500, 4_000], kills: 1_000_000, seed: 11 },
      })
      context.diagnostic(`${asks} asks, ${changes} changes, ${kills} kills`)
      assert.ok(asks >= people && changes === people)
      assert.ok(kills >= 20, `${kills} kills`)
    } finally {
      await place.remove()
    }
  })
}
