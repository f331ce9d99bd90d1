/** The front end in every language: what the server tells it has all that it says, and it speaks that. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spa } from '../../src/flows/index.ts'
import { spaWords } from '../../src/http/spa-words.ts'
import { fill, english as form } from '../../src/react/texts.ts'
import { locales } from '../../src/words/index.ts'
import { ready } from '../../src/words/list.ts'
import { english, formTexts, speak, texts } from './texts.ts'

const holes = (sentence: string): string[] => (sentence.match(/\{\w+\}/g) ?? []).sort()

for (const locale of locales.slice(1)) {
  test(`the front end is told all that it says in ${locale}`, async () => {
    await ready(locale)
    const words = spaWords(locale, spa)!
    assert.deepEqual(Object.keys(words.page).sort(), Object.keys(english).sort())
    assert.deepEqual(Object.keys(words.rules).sort(), Object.keys(form.rules).sort())
    for (const [key, sentence] of Object.entries(words.form)) assert.ok(key in form && sentence !== '', key)
    // Those of codes are not said here.
    const silent = Object.keys(form).filter((key) => !(key in words.form))
    assert.ok(
      silent.every((key) => /^(code|prov|resend|picker|rules|problems)/.test(key)),
      silent.join(),
    )
    assert.deepEqual(holes(words.page.returning!), ['{seconds}'])
    assert.deepEqual(holes(words.form.rulesMet!), ['{all}', '{met}'])
    assert.deepEqual(holes(words.form.remaining!), ['{time}'])
    assert.match(fill(words.form.rulesMet!, { met: 2, all: 5 }), /2.*5|5.*2/s)
    for (const sentence of Object.values({ ...words.page, ...words.form, ...words.rules }))
      assert.doesNotMatch(sentence, /NaN/)
  })
}

test('it speaks what it was told, says so on the document, and English where nothing was told', async () => {
  const page = { documentElement: { lang: 'en', dir: 'ltr' } } as Document
  await ready('ar')
  const words = spaWords('ar', spa)!
  speak(words, page)
  assert.deepEqual([page.documentElement.lang, page.documentElement.dir], ['ar', 'rtl'])
  assert.deepEqual([texts.askHeading, formTexts.ask], [words.page.askHeading, words.form.ask])
  speak(spaWords('en', spa), page)
  assert.deepEqual(
    [page.documentElement.lang, page.documentElement.dir, texts.askHeading],
    ['en', 'ltr', english.askHeading],
  )
  assert.deepEqual(formTexts, {})
})
