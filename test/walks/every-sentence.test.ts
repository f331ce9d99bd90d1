/**
 * Every sentence that people read goes through the words: here each of them stands between brackets, in a language that
 * nobody speaks, and every page and letter is met in it. What stands outside of the brackets was written into a page.
 */
import assert from 'node:assert/strict'
import { before as beforeAll, test } from 'node:test'
import type { Flow } from '../../src/engine/flow.ts'
import * as flows from '../../src/flows/index.ts'
import { fullBrand } from '../../src/http/parts.ts'
import { hasPages } from '../../src/http/routes.ts'
import { writeLetter } from '../../src/mail/letters/index.ts'
import { lettersOf } from '../../src/mail/letters/samples.ts'
import { choice } from '../../src/pages/index.ts'
import type { TestBrowser, TestRecovery } from '../../src/testing/index.ts'
import { en } from '../../src/words/en.ts'
import { teach } from '../../src/words/list.ts'
import { inMemory } from '../databases.ts'
import { after, ana, anaIn, ask, letterFor, linkOf, logIn, nobody, openLink, send, twice } from './steps.ts'

const madeUp = 'qps-ploc'
const lang = `?lang=${madeUp}`

beforeAll(() => {
  const bracketed = (sentences: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(sentences).map(([key, text]) => [key, text && `⟦${text}⟧`]))
  const wordings = Object.entries(en.wordings).map(([name, sentences]) => [name, bracketed(sentences)])
  teach(madeUp, { dir: 'ltr', shared: bracketed(en.shared), wordings: Object.fromEntries(wordings) })
})

/** What is the same in every language, or comes from the platform: names, addresses, and dates, which it has only in English here. */
const own =
  /Latchkey(?: Team)?|NORSU\b|App\b|ALTCHA|ana_keller|[\w.+-]+@[\w.-]+|https?:\/\/\S+|\b(?:UTC|GMT)\b|January|\bat\b/g

/** The letters that stand outside of all brackets. */
function outside(text: string): string {
  let depth = 0
  let rest = ''
  for (const one of text) {
    if (one === '⟦') depth++
    else if (one === '⟧') depth--
    else if (depth === 0) rest += one
  }
  return rest
    .replaceAll(own, ' ')
    .replaceAll(/[^\p{L}]+/gu, ' ')
    .trim()
}

/** What somebody sees or hears of a page: its text, and the attributes that are read out. */
function seenOf(markup: string): string {
  const body = markup
    .replaceAll(/<(script|style|select)\b[\s\S]*?<\/\1>|<span class="mark"[^>]*>[^<]*/g, '')
    .replaceAll(/<!doctype[^>]*>|<title>/gi, ' ')
  const spoken = [...body.matchAll(/\b(?:aria-label|placeholder|alt|title|data-(?:shown|hidden|said))="([^"]*)"/g)].map(
    ([, one]) => one,
  )
  return `${body.replaceAll(/<[^>]*>/g, ' ')} ${spoken.join(' ')}`.replaceAll('&amp;', '&').replaceAll(/&#?\w+;/g, ' ')
}

const met = (markup: string, where: string): void => {
  assert.ok(markup.includes('⟦'), `${where} speaks the language`)
  assert.equal(outside(seenOf(markup)), '', where)
}

/** Asks for the language once; the browser is told it from then on. */
async function speaking(recovery: TestRecovery): Promise<TestBrowser> {
  const browser = recovery.browser()
  met((await browser.get(`/login/${lang}`)).text, 'the log-in')
  return browser
}

for (const flow of Object.values(flows).filter(hasPages)) {
  inMemory(`${flow.name}: no page says a word that is not among the words`, async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const browser = await speaking(recovery)
    met((await browser.get(flow.routes.ask)).text, 'the ask')
    met((await send(browser, flow.routes.ask, { [flow.fields.email]: '' })).text, 'an ask without an address')
    met((await send(browser, flow.routes.ask, { [flow.fields.email]: 'no address' })).text, 'an ask with none')
    const mail = await letterFor(recovery, flow, ana, browser)
    met(mail.html, 'its letter')
    assert.equal(outside(`${mail.subject}\n${mail.text}`), '', 'its letter, in text')
    const sent =
      flow.proof.kind === 'code' ? (flow.routes as { code: string }).code : (flow.routes as { sent: string }).sent
    met((await browser.get(sent)).text, 'what is next')
    let path = ''
    if (flow.proof.kind === 'code') {
      met((await send(browser, sent, { code: '000000' })).text, 'a wrong code')
      const set = await send(browser, sent, { code: /^\s*(\d{6})\s*$/m.exec(mail.text)![1]! })
      path = set.location!
    } else {
      path = await openLink(browser, linkOf(mail).path)
    }
    met((await browser.get(path)).text, 'the new password')
    met((await send(browser, path, twice(flow, 'a', 'b'))).text, 'a password that is refused')
    const done = await send(browser, path, twice(flow, after))
    met((await browser.get(done.location!)).text, 'the end')
    met((await browser.get(path)).text, 'a second time')
    met((await browser.get('/login/')).text, 'the log-in after it')
    met((await logIn(browser, '/login/', ana, 'wrong')).text, 'a wrong log-in')
    assert.equal((await logIn(browser, '/login/', ana, after)).status, 303)
    met((await browser.get('/account/')).text, 'the account')
    met((await browser.get('/nowhere/')).text, 'no page')
    for (let more = 0; more < 6; more++) await ask(browser, flow as Flow, nobody)
    met((await ask(browser, flow as Flow, nobody)).text, 'too many asks')
  })
}

test('the choice between accounts says no word that is not among the words', () => {
  const frame = { brand: fullBrand({ name: 'App' }), wording: 'code', locale: madeUp, csrf: '', style: '', script: '' }
  const rest = { strength: '', loginUrl: '/', askUrl: '/', supportUrl: null, signUpUrl: null }
  met(choice({ ...frame, ...rest }, { accounts: [{ name: 'ana_keller', href: '/' }] }), 'the choice')
})

test('no letter of any kind says a word that is not among the words', () => {
  for (const flow of Object.values(flows)) {
    for (const { name, content } of lettersOf(madeUp, flow, fullBrand(flow.brand))) {
      const { subject, text, html } = writeLetter(content)
      assert.equal(outside(`${subject}\n${text}`), '', name)
      met(html, name)
    }
  }
})
