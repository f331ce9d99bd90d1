/** Captchas by way of requests: off, asked for, solved, replayed, and what they never pass. */
import assert from 'node:assert/strict'
import { setCaptcha, type WantedCaptcha } from '../../src/captcha/set.ts'
import type { Form } from '../../src/engine/captcha.ts'
import { classic, code, spa } from '../../src/flows/index.ts'
import { solveAltcha } from '../../src/react/altcha.ts'
import { codeIn, type Page, type TestBrowser, type TestRecovery } from '../../src/testing/index.ts'
import { inMemory, onEveryStore } from '../databases.ts'
import {
  after,
  ana,
  anaIn,
  ask,
  before,
  letterFor,
  lettersDuring,
  linkOf,
  logIn,
  nobody,
  openLink,
  sees,
  seesNot,
  send,
  stranger,
  twice,
} from './steps.ts'

const altcha = { provider: 'altcha', siteKey: '', secret: '' } as const

/** Sets one up and lets the second pass after which every process has read it. */
async function setUp(recovery: TestRecovery, form: Form, wanted: WantedCaptcha | null): Promise<void> {
  assert.equal(await setCaptcha(recovery.kit, form, wanted), true)
  recovery.clock.turn({ seconds: 1 })
}

/** The answer to a fresh challenge of this form. */
async function solved(browser: TestBrowser, form: Form): Promise<string> {
  const page = await browser.look(`/api/captcha/${form}/`)
  assert.equal(page.status, 200)
  return solveAltcha(JSON.parse(page.text))
}

const api = (flow: { name: string }, verb: string) => `/api/flows/${flow.name}/${verb}`

onEveryStore('nothing is set up at first: no page says a word of it, and no route gives a challenge', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  for (const path of [classic.routes.ask, classic.routes.login, code.routes.code]) {
    const page = await browser.get(path)
    assert.doesNotMatch(page.text, /captcha/)
  }
  assert.equal((await browser.look('/api/captcha/request/')).status, 404)
  assert.equal((await browser.look('/captcha/request/')).status, 404)
  assert.equal(await lettersDuring(recovery, () => ask(stranger(recovery), classic, ana)), 1)
})

onEveryStore(
  'ALTCHA always: no letter without an answer, one with it, and none for the same answer again',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    await setUp(recovery, 'request', { ...altcha, when: 'always' })
    const browser = stranger(recovery)
    const asks = (captcha?: string) =>
      send(browser, classic.routes.ask, { email: ana, ...(captcha === undefined ? {} : { captcha }) })

    for (const answer of [
      undefined,
      '',
      'x',
      'eyJ9',
      Buffer.from('{"challenge":{},"solution":1}').toString('base64'),
    ]) {
      assert.equal(
        await lettersDuring(recovery, async () => sees(await asks(answer), 403, 'One more check is needed')),
        0,
      )
    }
    const answer = await solved(browser, 'request')
    assert.equal(await lettersDuring(recovery, async () => assert.equal((await asks(answer)).status, 303)), 1)
    assert.equal(await lettersDuring(recovery, async () => assert.equal((await asks(answer)).status, 403)), 0)
    // The same solution, written otherwise.
    const again = Buffer.from(JSON.stringify({ ...JSON.parse(atob(answer)), more: 1 })).toString('base64')
    assert.equal((await asks(again)).status, 403)
  },
)

void [spa, codeIn, inMemory, after, letterFor, linkOf, logIn, nobody, openLink, seesNot, twice, before]
export type Unused = Page
