import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findable, lowerAscii, spellings, tidyAddress } from './tidy.ts'

test('outer white space goes and ASCII letters become small', () => {
  assert.equal(tidyAddress('  Ana.Lima+News@Example.ORG\t\r\n'), 'ana.lima+news@example.org')
  assert.equal(tidyAddress("o'brien@example.org"), "o'brien@example.org")
  assert.equal(tidyAddress('root@localhost'), 'root@localhost')
})

test('letters that merely look alike, or fold together in Unicode, stay apart', () => {
  assert.equal(tidyAddress('mıke@example.org'), 'mıke@example.org')
  assert.notEqual(tidyAddress('mıke@example.org'), tidyAddress('MIKE@example.org'))
  assert.equal(tidyAddress('mi\u212Ae@example.org'), 'mi\u212Ae@example.org')
  assert.notEqual(tidyAddress('mi\u212Ae@example.org'), tidyAddress('mike@example.org'))
  assert.equal(tidyAddress('ｍike@example.org'), 'ｍike@example.org')
  assert.equal(tidyAddress('ÄNNE@example.org'), 'Änne@example.org')
  assert.equal(tidyAddress('stra\u00DFe@example.org'), 'stra\u00DFe@example.org')
})

test('a domain comes in A-labels, however it was spelled', () => {
  assert.equal(tidyAddress('a@bücher.example'), 'a@xn--bcher-kva.example')
  assert.equal(tidyAddress('a@BÜCHER.example'), 'a@xn--bcher-kva.example')
  assert.equal(tidyAddress('a@xn--bcher-kva.example'), 'a@xn--bcher-kva.example')
  assert.equal(tidyAddress('a@ｅxample。org'), 'a@example.org')
  assert.deepEqual(spellings('a@xn--bcher-kva.example'), ['a@xn--bcher-kva.example', 'a@bücher.example'])
  assert.deepEqual(spellings('a@example.org'), ['a@example.org', 'a@example.org'])
  for (const name of ['ana', 'a@example.org/1', 'a@example.org?', 'a@ex%61mple.org', 'a@EXAMPLE.org', '@', '']) {
    assert.deepEqual(spellings(name), [name, name])
  }
})

test('an address is stored as given, if its tidied form finds it', () => {
  assert.equal(findable('Ana@Example.org'), 'Ana@Example.org')
  assert.equal(findable('Ana@bücher.example'), 'Ana@bücher.example')
  assert.equal(findable('Ana@BÜCHER.example'), 'Ana@xn--bcher-kva.example')
  assert.equal(findable(' Ana@example.org '), 'Ana@example.org')
  assert.equal(findable('no address'), 'no address')
})

const refused: [string, string][] = [
  ['nothing', ''],
  ['no at-sign', 'ana.example.org'],
  ['a full-width at-sign', 'ana＠example.org'],
  ['nothing before it', '@example.org'],
  ['nothing after it', 'ana@'],
  ['two at-signs', 'ana@example.org@example.com'],
  ['a list', 'a@b,c@d'],
  ['a list with a semicolon', 'a@b;c@d'],
  ['a group', 'grp:a@b'],
  ['a group that ends', 'grp: a@b;'],
  ['a quoted part', '"a"@b'],
  ['a name and brackets', 'Ana <ana@example.org>'],
  ['a quoted address and another in brackets', '"a@x.org" <e@z.org>'],
  ['brackets', '<ana@example.org>'],
  ['a comment', 'ana(x)@example.org'],
  ['a backslash', 'ana\\@example.org'],
  ['a space within', 'ana lima@example.org'],
  ['a no-break space within', 'ana\u00A0lima@example.org'],
  ['a header put in', 'ana@example.org\r\nBcc: eve@example.com'],
  ['a header put before', 'ana\r\nBcc: eve@example.com'],
  ['a line separator', 'ana\u2028@example.org'],
  ['a NUL', 'ana\0@example.org'],
  ['a NUL in the domain', 'ana@example.org\0.example.com'],
  ['a delete', 'ana\x7F@example.org'],
  ['a C1 control', 'ana\x85b@example.org'],
  ['a bidi override', 'ana\u202Egro@example.org'],
  ['a zero-width space', 'a\u200Bna@example.org'],
  ['a lone surrogate', 'a\uD800na@example.org'],
  ['a dot in front', '.ana@example.org'],
  ['a dot at the end', 'ana.@example.org'],
  ['two dots', 'a..na@example.org'],
  ['an empty label', 'ana@example..org'],
  ['a dot before the domain', 'ana@.example.org'],
  ['a dot after the domain', 'ana@example.org.'],
  ['a hyphen in front of a label', 'ana@-example.org'],
  ['a hyphen behind a label', 'ana@example-.org'],
  ['a label of 64', `ana@${'x'.repeat(64)}.org`],
  ['an underscore in the domain', 'ana@exa_mple.org'],
  ['a slash in the domain', 'ana@example.org/x'],
  ['a question mark in the domain', 'ana@example.org?x'],
  ['a percent sign in the domain', 'ana@ex%61mple.org'],
  ['a port', 'ana@example.org:25'],
  ['a network address', 'ana@127.0.0.1'],
  ['a short network address', 'ana@127.1'],
  ['a network address in brackets', 'ana@[127.0.0.1]'],
  ['a soft hyphen in the domain', 'ana@exam\u00ADple.org'],
  ['65 octets before the at-sign', `${'x'.repeat(65)}@example.org`],
  ['66 octets in 33 letters before the at-sign', `${'é'.repeat(33)}@example.org`],
  ['255 octets', `ana@${'abcdefgh.'.repeat(28)}org`.slice(0, 255)],
]
for (const [name, text] of refused) test(`refused: ${name}`, () => assert.equal(tidyAddress(text), null))

test('64 octets before the at-sign and 254 in all are allowed', () => {
  const local = 'x'.repeat(64)
  const domain = `${'y'.repeat(61)}.${'y'.repeat(61)}.${'y'.repeat(61)}.org`
  assert.equal(`${local}@${domain}`.length, 254)
  assert.equal(tidyAddress(`${local}@${domain}`), `${local}@${domain}`)
  assert.equal(tidyAddress(`${local}@y${domain}`), null)
})

test('100 kB of anything are refused at once', () => {
  // Of the processor, for others may use the machine too.
  const before = process.cpuUsage()
  for (const piece of ['a', 'a.', '@', ' ', 'a@a.', 'é', 'xn--', '\u0301']) {
    assert.equal(tidyAddress(`${piece.repeat(100_000 / piece.length)}@example.org`), null)
    assert.equal(tidyAddress(`ana@${piece.repeat(100_000 / piece.length)}`), null)
    assert.equal(tidyAddress(`${piece.repeat(900 / piece.length)}\0@example.org`), null)
  }
  assert.ok(process.cpuUsage(before).user < 1_000_000)
})

test('what is tidy stays as it is, and holds one at-sign and nothing that could be a header', () => {
  const text = fc.oneof(
    fc.emailAddress(),
    fc.string({ unit: 'binary' }),
    fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })).map(([a, b]) => `${a}@${b}.org`),
  )
  fc.assert(
    fc.property(text, (typed) => {
      const tidied = tidyAddress(typed)
      if (tidied === null) return
      assert.equal(tidyAddress(tidied), tidied)
      assert.equal(tidied.split('@').length, 2)
      assert.doesNotMatch(tidied, /[\s\p{C},;:<>()[\]\\"]/u)
      assert.equal(lowerAscii(tidied), tidied)
    }),
    { numRuns: 2000 },
  )
})
