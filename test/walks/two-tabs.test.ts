/** Two accounts in two tabs of one browser: each form sets the password of the account that its page names. */
import assert from 'node:assert/strict'
import type { Mail } from '../../src/engine/ports.ts'
import { classic, code, stateless, verified } from '../../src/flows/index.ts'
import type { PagesFlow } from '../../src/http/routes.ts'
import { codeIn, formIn, type Page, type TestBrowser } from '../../src/testing/index.ts'
import { onEveryStore } from '../databases.ts'
import {
  after,
  ana,
  anaIn,
  before,
  isDeadLink,
  isSessionExpired,
  letterFor,
  linkOf,
  logsIn,
  openLink,
  person,
  sees,
  seesNot,
  send,
  stranger,
  twice,
} from './steps.ts'

const ben = 'ben@example.org'
const bens = 'Bens-Meadow-29!'

/** Sends a form that a tab has had open for a while. */
const submit = (browser: TestBrowser, tab: Page, fields: Record<string, string>): Promise<Page> => {
  const form = formIn(tab.text)!
  return browser.post(form.action, { ...form.fields, ...fields }, { 'sec-fetch-site': 'same-origin' })
}

const linked: readonly PagesFlow[] = [classic, stateless, verified]
for (const flow of linked) {
  onEveryStore(`${flow.name}: two tabs with two accounts never mix, whichever is sent first`, async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    await person(recovery, ben)
    const links = { ana: await letterFor(recovery, flow, ana), ben: await letterFor(recovery, flow, ben) }
    const browser = stranger(recovery)
    const first = await browser.get(await openLink(browser, linkOf(links.ana).path))
    const second = await browser.get(await openLink(browser, linkOf(links.ben).path))
    sees(first, 200, ana)
    seesNot(first, ben)
    sees(second, 200, ben)
    seesNot(second, ana)

    // A refused password keeps its own account, with the other tab open beside it.
    const refused = await submit(browser, first, twice(flow, 'short'))
    sees(refused, 422, ana)
    seesNot(refused, ben)
    assert.equal((await submit(browser, refused, twice(flow, after))).status, 303)
    assert.equal((await submit(browser, second, twice(flow, bens))).status, 303)
    assert.equal(await logsIn(recovery, '/login/', ana, after), true)
    assert.equal(await logsIn(recovery, '/login/', ben, bens), true)
    assert.equal(await logsIn(recovery, '/login/', ana, bens), false)
    isSessionExpired(await submit(browser, first, twice(flow, before)), flow)
  })
}

onEveryStore('two links of one account in two tabs: the first that is sent wins, the other is over', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const links = [await letterFor(recovery, classic, ana), await letterFor(recovery, classic, ana)].map(linkOf)
  const browser = stranger(recovery)
  const tabs: Page[] = []
  for (const { path } of links) tabs.push(await browser.get(await openLink(browser, path)))
  assert.equal((await submit(browser, tabs[1]!, twice(classic, after))).status, 303)
  isSessionExpired(await submit(browser, tabs[0]!, twice(classic, before)), classic)
  for (const { path } of links) isDeadLink(await browser.look(path), classic)
  assert.equal(await logsIn(recovery, '/login/', ana, after), true)
})

onEveryStore('two flows in two tabs: each goes on by itself', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, ben)
  const browser = stranger(recovery)
  const mail = await letterFor(recovery, code, ana, browser)
  const typed = await send(browser, code.routes.code, { code: codeIn(mail) }, code.routes.code)
  const first = await browser.get(typed.location!)
  const second = await browser.get(await openLink(browser, linkOf(await letterFor(recovery, verified, ben)).path))
  sees(first, 200, ana)
  sees(second, 200, ben)
  // One flow's leave is none in another.
  const elsewhere = { ...formIn(first.text)!.fields, ...twice(verified, after) }
  isSessionExpired(await browser.post(verified.routes.set, elsewhere, { 'sec-fetch-site': 'same-origin' }), verified)
  assert.equal((await submit(browser, second, twice(verified, bens))).status, 303)
  assert.equal((await submit(browser, first, twice(code, after))).status, 303)
  assert.equal(await logsIn(recovery, '/login/', ana, after), true)
  assert.equal(await logsIn(recovery, '/login/', ben, bens), true)
})

onEveryStore('two codes asked for in two tabs: each is proved with its own address', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, ben)
  const browser = stranger(recovery)
  const mails: Record<string, Mail> = { [ana]: await letterFor(recovery, code, ana, browser) }
  const first = await browser.get(code.routes.code)
  mails[ben] = await letterFor(recovery, code, ben, browser)
  const second = await browser.get(code.routes.code)
  assert.ok(first.text.includes(`value="${ana}"`) && second.text.includes(`value="${ben}"`))
  const crossed = await submit(browser, first, { code: codeIn(mails[ben]!) })
  sees(crossed, 400, 'Invalid or expired code')
  const tabs: Page[] = []
  for (const [tab, address] of [
    [second, ben],
    [first, ana],
  ] as const) {
    const proved = await submit(browser, tab, { code: codeIn(mails[address]!) })
    assert.equal(proved.status, 303, address)
    tabs.push(await browser.get(proved.location!))
    sees(tabs.at(-1)!, 200, address)
  }
  assert.equal((await submit(browser, tabs[0]!, twice(code, bens))).status, 303)
  assert.equal((await submit(browser, tabs[1]!, twice(code, after))).status, 303)
  assert.equal(await logsIn(recovery, '/login/', ana, after), true)
  assert.equal(await logsIn(recovery, '/login/', ben, bens), true)
})

onEveryStore('many tabs: the newest is never the one that is forgotten', async (open) => {
  const recovery = await open()
  const browser = stranger(recovery)
  const tabs: Page[] = []
  for (let count = 0; count < 12; count++) {
    const address = `person-${count}@example.org`
    await person(recovery, address)
    const { path } = linkOf(await letterFor(recovery, stateless, address))
    tabs.push(await browser.get(await openLink(browser, path)))
    sees(tabs.at(-1)!, 200, address)
  }
  assert.equal((await submit(browser, tabs.at(-1)!, twice(stateless, after))).status, 303)
  assert.equal(await logsIn(recovery, '/login/', 'person-11@example.org', after), true)
})
