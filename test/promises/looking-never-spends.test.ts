/**
 * Mail is read by machines first: Microsoft's Safe Links, Barracuda, Proofpoint and many antivirus gateways open every
 * link in a letter, some run the page's scripts, some press its buttons; chat programs fetch a preview and browsers
 * prefetch. Where opening a link used it up, whole companies could not reset a password ("Invalid or expired link" at
 * the first click is the classic complaint against Devise, Django and Supabase), and people learned to ask again until
 * they won the race. So whatever looks here, however often and from wherever, changes nothing but the audit.
 */
import assert from 'node:assert/strict'
import type { Flow } from '../../src/engine/flow.ts'
import { code } from '../../src/flows/index.ts'
import { codeIn, type TestBrowser } from '../../src/testing/index.ts'
import {
  after,
  ask,
  type Bench,
  before,
  inMemory,
  isSuccess,
  letterFor,
  linkFlows,
  linkOf,
  logsIn,
  onSqlite,
  origin,
  person,
  reset,
  rowsIn,
  stranger,
  submit,
} from './kit.ts'

const owner = 'ana@example.org'

const scanners: Record<string, string>[] = [
  { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks' },
  { 'user-agent': 'BarracudaCentral/1.0' },
  { 'sec-purpose': 'prefetch', purpose: 'prefetch' },
  { 'sec-purpose': 'prefetch;prerender' },
  { 'x-moz': 'prefetch' },
  { 'x-purpose': 'preview', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
  { 'user-agent': 'Slackbot-LinkExpanding 1.0', range: 'bytes=0-32768' },
  { referer: 'https://mail.example.net/', accept: '*/*' },
]

/** Everything that is kept, the audit apart. */
function kept(bench: Bench): unknown {
  // The counts say how many looks are noted one by one: they belong to the audit.
  const { latchkey_events: _, latchkey_limits: __, ...rows } = rowsIn(bench)
  return rows
}

/** What a machine does that reads a letter with a link, and then some. */
async function scan(bench: Bench, flow: Flow, link: string, token: string): Promise<void> {
  const path = link.slice(origin.length)
  for (const headers of scanners) {
    const browser = stranger(bench, headers)
    await head(bench, path)
    for (let looks = 0; looks < 10; looks++) await browser.look(path)
    const shown = await browser.get(path)
    assert.equal(shown.status, 200)
    if (flow.face === 'json') continue
    for (const body of ['', 'a=b', `${flow.fields.password}=`, `${flow.fields.password}=&${flow.fields.confirm}=`]) {
      for (const at of [path, flow.routes.set]) assert.ok((await browser.post(at, body)).status >= 400)
    }
    // A script that presses the button.
    const pressed = await submit(browser, path, {})
    assert.equal(pressed.status, 422)
  }
  const program = stranger(bench)
  for (let looks = 0; looks < 10; looks++) await looked(program, flow, token, link)
}

async function looked(program: TestBrowser, flow: Flow, token: string, link: string): Promise<void> {
  const uid = link.includes('/MQ/') ? { uid: 'MQ' } : {}
  const proved = await program.json(`/api/flows/${flow.name}/prove`, { token, ...uid })
  assert.equal(proved.status, 200)
  const refused = await program.json(`/api/flows/${flow.name}/change`, { token, ...uid, password: '' })
  assert.equal(refused.status, 422)
  if (flow.face !== 'json') return
  const empty = await program.json(flow.routes.change, { token, new_password: '' })
  assert.equal(empty.status, 422)
  const poor = await program.json(flow.routes.change, { token, new_password: 'short' })
  assert.equal(poor.status, 422)
}

async function head(bench: Bench, path: string): Promise<void> {
  const request = new Request(origin + path, { method: 'HEAD', headers: { host: 'app.example.com' } })
  const { status } = await bench.fetch(request, { remoteAddress: '192.0.2.44' })
  assert.ok(status === 200 || status === 303, `HEAD answers ${status}`)
}

for (const flow of linkFlows) {
  onSqlite(`scanners look at a link of ${flow.name} and not a row changes but the audit`, async (open) => {
    const bench = await open()
    await person(bench, owner)
    const mail = await letterFor(bench, flow, owner)
    const { link, token } = linkOf(flow, mail)
    const rows = kept(bench)
    await scan(bench, flow, link, token)
    assert.deepEqual(kept(bench), rows)
    assert.ok(isSuccess(await reset(stranger(bench), flow, mail, after)), "the owner's own click works")
    assert.equal(await logsIn(bench, owner, after), true)
  })

  inMemory(`after all that looking the owner's own click works: ${flow.name}`, async (open) => {
    const bench = await open()
    await person(bench, owner)
    const mail = await letterFor(bench, flow, owner)
    const { link, token } = linkOf(flow, mail)
    await scan(bench, flow, link, token)
    assert.equal(await logsIn(bench, owner, before), true, 'the password is still the old one')
    assert.ok(isSuccess(await reset(stranger(bench), flow, mail, after)))
    assert.equal(await logsIn(bench, owner, after), true)
  })
}

onSqlite('the page for the code can be opened, reloaded and sent empty at no cost', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const browser = stranger(bench)
  await ask(browser, code, owner)
  const mail = (await bench.mail())!
  const rows = kept(bench)
  for (let looks = 0; looks < 10; looks++) assert.equal((await browser.get(code.routes.code)).status, 200)
  await head(bench, code.routes.code)
  for (const typed of ['', ' ', '12345', '1234567', 'abcdef', '12345x']) {
    assert.equal((await submit(browser, code.routes.code, { code: typed })).status, 422)
  }
  for (const headers of scanners) {
    const other = stranger(bench, headers)
    await other.get(code.routes.code)
    await other.get(code.routes.set)
    await other.post(code.routes.code, '')
  }
  assert.deepEqual(kept(bench), rows, 'not even a try is counted')
  assert.ok(isSuccess(await reset(browser, code, mail, after)))
  assert.equal(codeIn(mail).length, 6)
  assert.equal(await logsIn(bench, owner, after), true)
})
