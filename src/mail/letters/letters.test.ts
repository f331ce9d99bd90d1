import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LetterContent, Written } from '../letter.ts'
import { writeLetter } from './index.ts'
import { safeName } from './tidy.ts'

const norsu = { name: 'NORSU Alumni', longName: 'NORSU Alumni Network', team: 'NORSU Alumni Network Team' }
const link = 'https://app.example.com/reset/MQ/c3ff9e0a?a=1&b=2'
const expiresAt = Date.UTC(2026, 10, 21, 14, 32)
const to = { locale: 'en', wording: 'classic', brand: norsu, name: 'ana', email: 'ana@example.org', supportUrl: null }

const linkLetter = (more: Partial<LetterContent> = {}): Written =>
  writeLetter({ ...to, kind: 'link', link, expiresAt, minutes: 30, ...more } as LetterContent)
const codeLetter = (more: Partial<LetterContent> = {}): Written =>
  writeLetter({
    ...to,
    wording: 'code',
    kind: 'code',
    code: '493027',
    expiresAt,
    minutes: 15,
    ...more,
  } as LetterContent)

const kinds: readonly LetterContent[] = [
  { ...to, kind: 'link', link, expiresAt, minutes: 30 },
  { ...to, wording: 'code', kind: 'code', code: '493027', expiresAt, minutes: 15 },
  { ...to, wording: 'code', kind: 'link-instead', link, expiresAt, minutes: 15 },
  { ...to, kind: 'changed', at: expiresAt, askUrl: 'https://app.example.com/ask/' },
  { ...to, wording: 'code', kind: 'too-many-tries', at: expiresAt, askUrl: 'https://app.example.com/ask/' },
  { ...to, kind: 'no-account', name: null, askUrl: 'https://app.example.com/ask/', signUpUrl: null },
  { ...to, kind: 'other-door', signOnUrl: 'https://app.example.com/sso' },
]

const count = (text: string, part: string): number => text.split(part).length - 1

test('the classic letter has its subject, a button and a link to copy', () => {
  const { subject, text, html } = linkLetter()
  assert.equal(subject, 'Reset Your Password')
  assert.match(html, />Reset Password<\/a>/)
  assert.match(html, /Or copy link/)
  assert.ok(text.split('\n').includes(link))
})

test('the stateless letter is its seed’s', () => {
  const { subject, text } = linkLetter({ wording: 'stateless' })
  assert.equal(subject, 'Password Reset Request')
  assert.ok(text.startsWith(`Hello ana,\n\nClick the link below to reset your password:\n${link}\n\n`), text)
  assert.match(text, /\nIf you did not request this, ignore this email\.\n/)
})

test('the verified letter is its seed’s, with the brand for its app', () => {
  const { subject, text } = linkLetter({ wording: 'verified' })
  assert.equal(subject, 'Password Reset - NORSU Alumni')
  assert.ok(
    text.startsWith(`Hi ana,\n\nTo reset your password, click this link:\n${link}\n\nLink expires in 30 minutes.`),
  )
})

test('the code letter is its seed’s, line for line', () => {
  const { subject, text } = codeLetter()
  assert.equal(subject, 'NORSU Alumni - Password Reset Code')
  const lines = [
    'Hello!',
    'You have requested to reset your password for the NORSU Alumni Network.',
    'Your verification code is:',
    '493027',
    'This code will expire in 15 minutes.',
    "If you didn't request this, please ignore this email.",
    'Best regards,\nNORSU Alumni Network Team',
  ]
  const places = lines.map((line) => text.indexOf(`\n${line}`.slice(line === 'Hello!' ? 1 : 0)))
  assert.ok(!places.includes(-1), text)
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  )
  assert.match(text, /Type it in the browser where you asked/)
})

test('a brand of one short name takes no article', () => {
  const brand = { name: 'Latchkey', longName: 'Latchkey', team: 'Latchkey Team' }
  assert.match(codeLetter({ brand }).text, /reset your password for Latchkey\./)
})

test('the code stands on one line of its box, and never in subject or preview', () => {
  const { subject, text, html } = codeLetter()
  assert.doesNotMatch(subject, /493027/)
  assert.equal(count(html, '493027'), 1)
  assert.equal(count(text, '493027'), 1)
  assert.match(html, /white-space:nowrap[^>]*>493027</)
})

test('a link stands once as a button and once as text, and on a line of its own in the text part', () => {
  for (const content of kinds.filter((one) => 'link' in one)) {
    const { text, html } = writeLetter(content)
    assert.equal(count(html, link.replaceAll('&', '&amp;')), 2)
    assert.equal(text.split('\n').filter((line) => line === link).length, 1)
    assert.equal(count(text, link), 1)
  }
})

test('a letter with a proof says until when by the clock, what if it was not you, and that nothing has changed', () => {
  for (const wording of ['classic', 'stateless', 'spa', 'verified', 'a sixth']) {
    const { text, html } = linkLetter({ wording })
    for (const part of [text, html]) {
      assert.match(part, /until November 21, 2026 at 14:32 UTC/)
      assert.match(part, /If you did not request this, ignore this email\./)
      assert.match(part, /Nothing has changed yet/)
    }
  }
  assert.match(codeLetter().text, /until November 21, 2026 at 14:32 UTC/)
})

test('notices say what happened, when, and what to do', () => {
  const changed = writeLetter(kinds[3]!)
  assert.equal(changed.subject, 'NORSU Alumni - Your password was changed')
  assert.match(changed.text, /Your password was changed on November 21, 2026 at 14:32 UTC/)
  const tries = writeLetter(kinds[4]!)
  assert.match(tries.text, /your password has not been changed/)
  assert.match(tries.text, /a link where they would carry a code/)
  for (const { text } of [changed, tries]) assert.ok(text.split('\n').includes('https://app.example.com/ask/'))
})

test('nothing remote stands in a letter, and its language does', () => {
  for (const content of kinds) {
    const { html } = writeLetter(content)
    assert.doesNotMatch(html, /<img|<link|<script|url\(|@import|src=/i)
    assert.match(html, /<html lang="en" dir="ltr">/)
  }
})

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'ana\r\nBcc: everyone@example.org',
  'ana\u2028\u0000\u202eevil',
  'x'.repeat(10_000),
]

test('no name, brand or address becomes markup or a header', () => {
  for (const text of hostile) {
    const brand = { name: text, longName: text, team: text }
    for (const content of kinds) {
      const written = writeLetter({ ...content, brand, name: text, email: text, supportUrl: text })
      assert.doesNotMatch(written.subject, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      assert.doesNotMatch(written.html, /<script|<img/i)
    }
  }
})

test('a name is one line of 64 characters at most, and never a link', () => {
  assert.equal(safeName('ana'), 'ana')
  assert.equal(safeName('Ana  María\r\nLópez'), 'Ana María López')
  assert.equal([...safeName('😀'.repeat(100))].length, 64)
  for (const name of ['win at evil.example', 'https://evil.example/a', 'www.evil', 'mail@evil.example']) {
    assert.doesNotMatch(safeName(name), /\w[.:/@]\w|:\/\//, name)
  }
  assert.match(linkLetter({ name: 'https://evil.example/x' }).text, /^Hello https\u2060/)
})

test('a name of nothing but controls greets nobody', () => {
  assert.ok(linkLetter({ name: '\u0000\r\n' }).text.startsWith('Hello,\n'))
  assert.ok(linkLetter({ name: null }).text.startsWith('Hello,\n'))
})

test('a language that cannot be read does not stop a letter', () => {
  for (const locale of ['', 'not a tag', 'de_DE', '__proto__']) assert.match(linkLetter({ locale }).text, /14:32 UTC/)
})

test('support is named where there is one', () => {
  for (const content of kinds) {
    const { text } = writeLetter({ ...content, supportUrl: 'https://help.example/' })
    assert.match(text, /contact support: https:\/\/help\.example\//)
  }
})

test('the letter to an address that nobody has says so, and repeats nothing that was typed', () => {
  const askUrl = 'https://app.example.com/ask/'
  const content = { ...to, kind: 'no-account', name: null, email: 'typed@example.org', askUrl } as const
  const { subject, text, html } = writeLetter({ ...content, signUpUrl: 'https://app.example.com/join' })
  assert.equal(subject, 'NORSU Alumni - No account with this address')
  for (const part of [text, html]) {
    assert.doesNotMatch(part, /typed@example\.org/)
    assert.match(part, /There is no account with it\./)
    assert.match(part, /If it was not you, ignore this email\./)
    assert.match(part, /Or sign up: https:\/\/app\.example\.com\/join/)
  }
  assert.ok(text.split('\n').includes(askUrl))
  assert.doesNotMatch(writeLetter({ ...content, signUpUrl: null }).text, /sign up/)
})

test('a letter wears its brand’s colours, and dark ones where it is asked for them', () => {
  const brand = { ...norsu, colors: { light: '#8b1a2b', dark: '#ffb3bd' } }
  const { html } = linkLetter({ brand })
  assert.match(html, /bgcolor="#8b1a2b"/)
  assert.match(html, /prefers-color-scheme:dark\)[\s\S]*#ffb3bd!important/)
  assert.doesNotMatch(html, /#2256c5/)
})

test('what a mailbox shows beside the subject is the preview and nothing of the letter', () => {
  for (const content of kinds) {
    const { html } = writeLetter(content)
    const [, hidden = ''] = /<div style="display:none[^>]*>([\s\S]*?)<\/div>/.exec(html) ?? []
    assert.ok(hidden.replaceAll(/&#847;|&zwnj;|&nbsp;/g, '').length > 10, content.kind)
    assert.ok(count(hidden, '&nbsp;') >= 50, 'what follows is pushed out of sight')
  }
})

test('addresses and codes run from left to right in any language', () => {
  assert.match(codeLetter().html, /<td class="box ink" dir="ltr"/)
  assert.match(linkLetter().html, /<span dir="ltr"[^>]*>https:/)
})

test('a notice of a change says that every session was ended only where that is known', () => {
  const content = { ...to, kind: 'changed', at: expiresAt, askUrl: 'https://app.example.com/ask/' } as const
  const out = 'Every session of your account was ended.'
  assert.ok(writeLetter(content).text.includes(out))
  for (const format of ['text', 'html'] as const) {
    assert.ok(!writeLetter({ ...content, endsSessions: false })[format].includes(out), format)
  }
})
