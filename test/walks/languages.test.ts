/** In whose language one is answered: what was asked for, what was kept, what the browser wishes; and letters in the account's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { own } from '../../src/accounts/own.ts'
import { classic, code } from '../../src/flows/index.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { testRecovery } from '../../src/testing/index.ts'
import { locales, nameOf, say } from '../../src/words/index.ts'
import { ready, words } from '../../src/words/list.ts'
import { inMemory } from '../databases.ts'
import { sql, temporaryFolder } from '../promises/kit.ts'
import { after, ana, anaIn, letterFor, linkOf, nobody, openLink, read, send, twice } from './steps.ts'

for (const locale of locales) {
  inMemory(
    `${nameOf(locale)}: from the ask to the log-in, page and letter say the language and speak it`,
    async (open) => {
      await ready(locale)
      const recovery = await open()
      await anaIn(recovery)
      const browser = recovery.browser({ headers: { 'accept-language': `${locale}, en;q=0.1` } })
      const tag = `<html lang="${locale}" dir="${words(locale).dir}"`
      const asking = await browser.get(classic.routes.ask)
      assert.ok(asking.text.includes(tag), tag)
      assert.equal(asking.headers.get('content-language'), locale)
      assert.match(asking.headers.get('vary') ?? '', /accept-language/i)
      assert.ok(read(asking.text).includes(say(locale, 'ask.title')))
      const mail = await letterFor(recovery, classic, ana, browser)
      assert.equal(mail.locale, locale)
      assert.ok(mail.html.includes(tag.replace('<html ', '')), 'the letter says it too')
      assert.ok(mail.text.includes(say(locale, 'letter.ignore')))
      const path = await openLink(browser, linkOf(mail).path)
      const set = await browser.get(path)
      assert.ok(set.text.includes(tag) && read(set.text).includes(say(locale, 'set.title')))
      const short = await send(browser, path, twice(classic, 'kurz'))
      assert.ok(read(short.text).includes(say(locale, 'unmet.too-short', { min: 8 })))
      assert.equal((await send(browser, path, twice(classic, after))).status, 303)
    },
  )

  inMemory(`${nameOf(locale)}: the answer is the same for an address that nobody has`, async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const answers = []
    for (const email of [ana, nobody]) {
      const browser = recovery.browser({ headers: { 'accept-language': locale } })
      const { status, body, headers } = await browser.json('/api/flows/code/request', { email })
      const page = await browser.get(code.routes.ask)
      answers.push([status, { ...body, flow_id: '' }, headers.get('content-language'), page.text.length])
    }
    assert.deepEqual(answers[0], answers[1])
  })
}

inMemory(
  '?lang= goes before the browser, is kept for the pages that follow, and means nothing where it names nothing',
  async (open) => {
    const recovery = await open()
    const browser = recovery.browser({ headers: { 'accept-language': 'fr' } })
    const langOf = async (path: string) => /<html lang="([^"]*)"/.exec((await browser.get(path)).text)?.[1]
    assert.equal(await langOf('/login/'), 'fr')
    for (const nonsense of [
      'xx',
      'de<script>',
      '../en',
      '',
      '%00',
      'e'.repeat(5000),
      'constructor',
      'de%0d%0aSet-Cookie:x=1',
    ]) {
      const page = await browser.get(`/login/?lang=${nonsense}`)
      assert.ok(page.text.includes('<html lang="fr"'), nonsense.slice(0, 30))
      if (nonsense.length > 3) assert.ok(!page.text.includes(nonsense), 'and is not said again')
    }
    assert.equal(await langOf('/login/?lang=de-AT'), 'de')
    assert.equal(await langOf(classic.routes.ask), 'de', 'kept')
    assert.equal(await langOf('/login/?lang=en'), 'en')
    assert.equal(await langOf('/login/'), 'en')
  },
)

inMemory(
  'the menu of languages is a form that leads back to the page, and to the same account where several are under way',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const browser = recovery.browser()
    const mail = await letterFor(recovery, classic, ana, browser)
    const path = await openLink(browser, linkOf(mail).path)
    const menuOf = (text: string) => /<form class="language" method="get">[\s\S]*?<\/form>/.exec(text)![0]
    const menu = menuOf((await browser.get(path)).text)
    for (const locale of locales) assert.ok(menu.includes(`<option value="${locale}" lang="${locale}"`), locale)
    const challenge = new URL(path, 'https://x').searchParams.get('c')
    const hidden = /<input type="hidden" name="c" value="([^"]*)">/.exec(menu)?.[1] ?? null
    assert.equal(hidden, challenge)
    const kept = challenge === null ? '' : `c=${challenge}&`
    const german = await browser.get(`${path.split('?')[0]}?${kept}lang=de`)
    assert.ok(read(german.text).includes(say('de', 'set.title')))
    assert.equal((await send(browser, path, twice(classic, after))).status, 303)
  },
)

test("a letter is in the account's own language, whatever the asker's browser wishes", async () => {
  const { path, remove } = temporaryFolder()
  const file = `${path}/app.db`
  const database = sqlite(file)
  await database.migrate(own, true)
  const recovery = await testRecovery({ database })
  try {
    await anaIn(recovery)
    for (const [locale, spoken] of [
      ['it', 'it'],
      ['fr_CA.UTF-8', 'fr'],
      ['tlh', 'de'],
      [null, 'de'],
    ] as const) {
      sql({ file }, 'UPDATE users SET locale = ?', locale)
      recovery.clock.turn({ minutes: 20 })
      const browser = recovery.browser({ headers: { 'accept-language': 'de' } })
      assert.equal((await letterFor(recovery, classic, ana, browser)).locale, spoken, String(locale))
    }
  } finally {
    await recovery.close()
    remove()
  }
})
