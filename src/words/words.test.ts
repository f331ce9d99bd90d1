import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { en } from './en.ts'
import { type Key, life, locales, pickLocale, say, speaker, unmetSentence, words } from './index.ts'

const keys = [...Object.keys(en.shared), ...Object.keys(en.wordings.classic)] as Key[]

/** Every parameter that any sentence takes. */
const params = {
  ...{ page: 'p', brand: 'b', count: 1, digits: 6, life: '1 hour', seconds: 2, level: 'l', min: 8, minutes: 3 },
  ...{
    time: '0:01',
    flow: 'f',
    at: 'now',
    until: 'then',
    email: 'e',
    name: 'n',
    longName: 'l',
    named: 'long',
    provider: 'x',
    host: 'h',
    what: 'w',
    subject: 's',
    browser: 'b',
    system: 's',
    met: 1,
    all: 2,
  },
}

test('every sentence of every wording can be said', () => {
  for (const wording of Object.keys(en.wordings)) {
    for (const key of keys) assert.equal(typeof say('en', key, params, wording), 'string', `${wording} ${key}`)
  }
})

test('a wording says nothing that the classic one does not have', () => {
  for (const [name, sentences] of Object.entries(en.wordings)) {
    for (const key of Object.keys(sentences)) assert.ok(key in en.wordings.classic, `${name} ${key}`)
  }
})

test('no key is both shared and of a wording', () => {
  assert.equal(new Set(keys).size, keys.length)
})

test('every sentence is said by a page, a letter or an answer', () => {
  const files = ['src/pages', 'src/mail', 'src/http', 'src/words/index.ts'].flatMap((path) =>
    path.endsWith('.ts') ? [path] : readdirSync(path, { recursive: true, encoding: 'utf8' }).map((f) => `${path}/${f}`),
  )
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  const text = sources.map((file) => readFileSync(file, 'utf8')).join('\n')
  const starts = [...text.matchAll(/`([a-z.-]+\.)\$\{/g)].map(([, start]) => start as string)
  const silent = keys.filter((key) => !text.includes(`'${key}'`) && !starts.some((start) => key.startsWith(start)))
  assert.deepEqual(silent, [])
})

test('a wording that nobody knows speaks like the classic one, whatever it is called', () => {
  for (const wording of ['nowhere', 'constructor', '__proto__', 'toString', '']) {
    assert.equal(say('en', 'ask.title', {}, wording), en.wordings.classic['ask.title'])
  }
})

test('a language that nobody knows is English', () => {
  assert.equal(say('xx', 'dead.title'), 'Invalid or expired link')
  assert.equal(words('__proto__').dir, 'ltr')
})

test('numbers are said with their plural', () => {
  assert.equal(say('en', 'limit.text', { minutes: 15 }), 'Please wait 15 minutes and try again')
  assert.equal(say('en', 'limit.text', { minutes: 1 }), 'Please wait 1 minute and try again')
})

test('whole hours are said as hours', () => {
  const english = speaker('en')
  assert.deepEqual(
    [15, 30, 60, 90, 1440].map((minutes) => life(english, minutes)),
    ['15 minutes', '30 minutes', '1 hour', '90 minutes', '24 hours'],
  )
})

test('what is put into a sentence is text and never part of the sentence', () => {
  const name = "{x} <b> '{' # {count, plural, other {#}}"
  assert.equal(say('en', 'letter.hello', { name }), `Hello ${name},`)
})

test('a broken rule has its sentence, with the flow’s own length', () => {
  assert.equal(unmetSentence('en', 'too-short'), 'Password must be at least 8 characters.')
  assert.equal(unmetSentence('en', 'too-short', 12), 'Password must be at least 12 characters.')
  assert.equal(unmetSentence('en', 'mismatch'), 'Passwords do not match.')
})

test('the language is the best of those that there are, and English for anything else', () => {
  const hostile = [
    null,
    undefined,
    '',
    '*',
    'tlh, vo;q=0.5',
    '../../etc/passwd',
    '__proto__',
    'en\r\nX: y',
    ';;;,,,q=1',
  ]
  for (const header of [...hostile, 'x'.repeat(100_000), 'en;q=0', 'EN-us', 'fr;q=0.1, en-GB', 'de;q=0, fr;q=0']) {
    const picked = pickLocale(header)
    assert.ok(locales.includes(picked), String(header))
    assert.equal(picked, 'en')
  }
  // RFC 4647, 3.4: the tag itself, then less and less of it; then what is written alike.
  const wished = {
    'de-AT, en': 'de',
    'fr;q=0.2, es-419;q=0.9': 'es',
    'pt-PT': 'pt-BR',
    'tlh, it;q=0.1': 'it',
    DE_de: 'en',
  }
  for (const [header, locale] of Object.entries(wished)) assert.equal(pickLocale(header), locale, header)
})
