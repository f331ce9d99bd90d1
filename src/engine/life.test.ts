/** When a proof or a grant is over, by a clock that may have been set. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOver } from './life.ts'

test('what is made lives until its end, and not a moment of it before it was made, but for a minute between clocks', () => {
  const [madeAt, expiresAt] = [1_000_000, 2_000_000]
  for (const [at, over] of [
    [madeAt, false],
    [expiresAt - 1, false],
    [expiresAt, true],
    [expiresAt + 1, true],
    [madeAt - 60_000, false],
    [madeAt - 60_001, true],
  ] as const) {
    assert.equal(isOver(madeAt, expiresAt, at), over, String(at))
  }
})
