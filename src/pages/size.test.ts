import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { strong } from '../engine/flow.ts'
import { code, newPassword } from './index.ts'
import type { Frame } from './views.ts'

// Somebody who cannot log in may be on a poor line. Sizes are of what is served, before it is compressed.
const style = readFileSync('dist/web/pages/page.css').length
const script = readFileSync('dist/web/pages/page.js').length
const strength = readFileSync('dist/web/strength/strength.js')

const brand = { name: 'NORSU Alumni', longName: 'NORSU Alumni Network', team: 'NORSU Alumni Network Team' }
const frame: Frame = {
  ...{ brand, wording: 'code', locale: 'en', csrf: 'x'.repeat(100), style: '/s.css?v=1', script: '/s.js?v=1' },
  strength: '/strength.js?v=1',
  ...{ loginUrl: '/accounts/login/', askUrl: '/ask/', supportUrl: '/support', signUpUrl: '/sign-up' },
}

test('a page with its style and script is 25 KB at most', () => {
  const largest = [
    newPassword(frame, {
      ...{ action: '/set/', fields: { password: 'new_password', confirm: 'confirm_password' }, challenge: 'c' },
      ...{ account: 'ana@example.org', minutes: 15, rule: { ...strong, history: 5 } },
      unmet: ['too-short', 'no-upper', 'no-lower', 'no-digit', 'no-special', 'common', 'mismatch'],
    }),
    code(frame, {
      ...{ action: '/code/', resendAction: '/ask/', fields: { email: 'email', code: 'code' }, digits: 6, minutes: 15 },
      ...{ address: 'ana@example.org', problem: 'code-dead', resendIn: 60, justSent: false },
    }),
  ]
  for (const page of largest) assert.ok(Buffer.byteLength(page) + style + script <= 25 * 1024)
})

test('the script is 5 KB at most', () => {
  assert.ok(script <= 5 * 1024, `it is ${script} bytes`)
})

test('what estimates a password is 41 KB on the line at most', () => {
  assert.ok(gzipSync(strength).length <= 41 * 1024, `it is ${gzipSync(strength).length} bytes`)
})
