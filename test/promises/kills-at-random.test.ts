/**
 * Machines end processes without asking: for want of memory, for a new version, for a cable. If that can happen between
 * two writes that belong together, it does so sooner or later: a link that is used and a password that is not set, a
 * password that is set and an owner who is never told, an answer that promised a letter which nobody sends. So servers
 * are killed at moments of chance in a stream of asks and changes, and then everything that was answered must be so: each
 * ask has its letter, each change is whole or has not happened, each proof has one winner, and the audit's chain holds.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { places } from './real-server.ts'
import { storm } from './storm.ts'

describe('kill -9 at moments of chance', { concurrency: true }, () => {
  for (const { name, make } of places) {
    test(`every answer is kept, and every change whole or absent (${name})`, async () => {
      const place = await make()
      try {
        const { kills, changes } = await storm(place, {
          ...{ people: 14, submits: 3, width: 4, lives: [300, 1200], kills: 4, seed: 7 },
        })
        assert.ok(kills >= 2, `${kills} kills`)
        assert.equal(changes, 14)
      } finally {
        await place.remove()
      }
    })
  }
})
