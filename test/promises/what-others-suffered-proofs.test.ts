/**
 * What others suffered, and is tried here: proofs that were not asked for. A name alone set the password (ZenML,
 * CVE-2024-25723; Essential Addons, CVE-2023-32243; FortiOS, CVE-2018-13382), a flag left out a step (Ghost,
 * CVE-2026-22594), a pattern in place of the token read it out letter by letter (Rocket.Chat, CVE-2021-22911; OTRS,
 * CVE-2020-1772), and tokens lived for ever because the clean-up that should have ended them never ran (Vikunja,
 * CVE-2026-28268). So every path that the program says it answers is tried, and not those that one thought of.
 */
import assert from 'node:assert/strict'
import { code, spa } from '../../src/flows/index.ts'
import { codeIn } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  arrive,
  before,
  inMemory,
  letterFor,
  linkBody,
  linkFlows,
  linkOf,
  logsIn,
  onEachStore,
  onSqlite,
  person,
  reset,
  rowsIn,
  stranger,
  submit,
} from './kit.ts'

const owner = 'ana@example.org'
const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const asJson = { 'content-type': 'application/json' }

onSqlite('no wildcard, pattern or right beginning of a live token is answered unlike a wrong one', async (open) => {
  const bench = await open()
  await person(bench, owner)
  for (const flow of linkFlows) {
    const { token, uid } = linkBody(flow, await letterFor(bench, flow, owner))
    const users = rowsIn(bench).users
    const wrong = token.replaceAll(/[A-Za-z]/g, (letter) => (letter === 'a' ? 'b' : 'a'))
    const forms: ((start: string) => unknown)[] = [
      (start) => start,
      (start) => `${start}%`,
      (start) => `${start}*`,
      (start) => `${start}.*`,
      (start) => `${start}_`,
      (start) => ({ $regex: `^${start}` }),
      (start) => ({ $gt: start }),
      (start) => ({ startsWith: start }),
      (start) => [start],
      (start) => `${start}' OR token LIKE '${start}%`,
    ]
    for (const form of forms) {
      for (const length of [1, 8, 22, token.length - 1]) {
        const answers = []
        for (const start of [token.slice(0, length), wrong.slice(0, length)]) {
          const program = stranger(bench)
          const body = { token: form(start), ...(uid ? { uid } : {}) }
          const proved = await program.json(`/api/flows/${flow.name}/prove`, body)
          const changed = await program.json(`/api/flows/${flow.name}/change`, { ...body, password: after })
          assert.ok([400, 410].includes(proved.status) && [400, 410].includes(changed.status))
          answers.push([proved.status, proved.body, changed.status, changed.body])
        }
        assert.deepEqual(answers[0], answers[1], `${flow.name}: the right beginning is told from a wrong one`)
      }
    }
    assert.deepEqual(rowsIn(bench).users, users)
    bench.clock.turn({ days: 1, minutes: 1 })
  }
})

/** Whatever a table or a program may call the account, the password and the step. */
const names = ['email', 'username', 'user', 'user_id', 'userId', 'id', 'uid', 'account', 'login', 'name']
const secrets = ['token', 'code', 'otp', 'key', 'grant', 'challenge', 'confirm_hash', 'magic', 'reset_token', 'flow_id']
const passwords = ['new_password', 'new_password1', 'new_password2', 'confirm_password', 'confirm', 'newPassword']

onSqlite('no address, name or id alone sets a password, at any path that is answered', async (open) => {
  const bench = await open()
  const id = await person(bench, owner, { username: 'ana_keller' })
  for (const flow of allFlows) await letterFor(bench, flow, owner)
  const { users } = rowsIn(bench)
  const uid = Buffer.from(id).toString('base64url')
  for (const path of bench.paths.map((one) => one.replace(':uid', uid).replaceAll(/:\w+/g, 'x'))) {
    for (const who of [owner, 'ana_keller', id]) {
      const fields = Object.fromEntries([
        ...names.map((name) => [name, who]),
        ...secrets.map((name) => [name, '']),
        ...[...passwords, 'password'].map((name) => [name, after]),
      ])
      // What has been taken for a proof elsewhere, among them a value that changed any password.
      const proofs = [{ token: 'true' }, { code: '0' }, { key: 'null' }, { magic: '4tinet2095866' }]
      for (const more of [{}, ...(who === owner ? proofs : [])]) {
        const form = await stranger(bench).post(path, { ...fields, ...more }, sameOrigin)
        assert.ok(form.status >= 400 || form.status === 303 || form.status === 308, `${path} says ${form.status}`)
        assert.ok(!form.headers.getSetCookie().some((line) => line.includes('session')), `${path} logs nobody in`)
        const { status } = await stranger(bench).post(path, JSON.stringify({ ...fields, ...more }), asJson)
        assert.ok(status >= 400 || status === 308, `${path} says ${status} to a program`)
      }
    }
  }
  assert.deepEqual(rowsIn(bench).users, users)
  bench.clock.turn({ minutes: 16 })
  assert.equal(await logsIn(bench, owner, before), true)
})

/** What clients have sent to be spared a step. */
const flags: Record<string, string> = {
  ...{ skipEmailVerification: '1', verified: 'true', email_verified: '1', mfa: 'false', otp_verified: 'true' },
  ...{ step: 'done', stage: '3', proved: '1', admin: '1', debug: '1', force: 'true', login: '1', after: 'login' },
}

inMemory('a flag that says a step is done does no step', async (open) => {
  for (const flow of allFlows) {
    const bench = await open()
    await person(bench, owner)
    for (const verb of ['request', 'prove', 'change']) {
      const body = { email: owner, password: after, ...flags }
      const { status } = await stranger(bench).json(`/api/flows/${flow.name}/${verb}`, body)
      assert.equal(status, 400, 'a program is told that there is no such member')
    }
    if (flow.face !== 'pages') continue
    const browser = stranger(bench)
    const asked = await submit(browser, flow.routes.ask, { [flow.fields.email]: owner, ...flags })
    assert.ok(asked.location !== flow.routes.set && ![...browser.jar.keys()].some((name) => name.includes('grant')))
    const both = { [flow.fields.password]: after, [flow.fields.confirm]: after }
    assert.ok((await browser.post(flow.routes.set, { ...both, ...flags }, sameOrigin)).status >= 400)
    const query = new URLSearchParams(flags).toString()
    for (const path of [flow.routes.set, flow.routes.ask, flow.routes.login]) await browser.look(`${path}?${query}`)
    assert.equal(await logsIn(bench, owner, before), true)
    const done = await submit(browser, await arrive(browser, flow, (await bench.mail())!), { ...both, ...flags })
    assert.equal(done.status, 303)
    assert.equal((await browser.look('/account/')).status, 303, 'nor does one log in after the last')
    assert.equal(await logsIn(bench, owner, after), true)
  }
})

onEachStore('after ten years without a clean-up every proof and every leave is dead', async (open) => {
  const bench = await open()
  const held = []
  for (const flow of allFlows) {
    const email = `${flow.name}@example.org`
    await person(bench, email)
    const [browser, other] = [stranger(bench), stranger(bench)]
    const granted = await letterFor(bench, flow, email, browser)
    const path = flow.face === 'json' ? '' : await arrive(browser, flow, granted)
    const mail = await letterFor(bench, flow, email, other)
    held.push({ flow, email, browser, other, path, mail })
  }
  // Nothing runs: no letters leave, no clean-up comes.
  bench.clock.turn({ days: 3650 })
  for (const { flow, email, browser, other, path, mail } of held) {
    if (flow.face === 'pages') {
      const fields = { [flow.fields.password]: after, [flow.fields.confirm]: after }
      const handle = new URL(path, 'https://app.example.com').searchParams.get('c') ?? ''
      assert.equal((await browser.look(path)).status, 410, flow.name)
      assert.equal((await browser.post(flow.routes.set, { ...fields, challenge: handle }, sameOrigin)).status, 410)
    }
    if (flow.proof.kind === 'code') {
      const typed = { [code.fields.email]: email, [code.fields.code]: codeIn(mail) }
      assert.equal((await other.post(code.routes.code, typed, sameOrigin)).status, 400)
    } else {
      const body = linkBody(flow, mail)
      assert.equal((await other.json(`/api/flows/${flow.name}/prove`, body)).status, 410)
      assert.equal((await other.json(`/api/flows/${flow.name}/change`, { ...body, password: after })).status, 410)
      if (flow.face === 'pages') assert.equal((await other.look(linkOf(flow, mail).link)).status, 410)
      else assert.ok((await reset(other, flow, mail, after)).status === 400)
    }
    assert.equal(await logsIn(bench, email, before), true)
  }
})

inMemory('a used or dead proof is told like one that never was', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const used = linkOf(spa, await letterFor(bench, spa, owner)).token
  assert.equal((await stranger(bench).json(spa.routes.change, { token: used, new_password: after })).status, 200)
  const old = linkOf(spa, await letterFor(bench, spa, owner)).token
  bench.clock.turn({ days: 1 })
  const never = used.replaceAll(/[0-9]/g, (digit) => String((Number(digit) + 1) % 10))
  const answers = []
  for (const token of [used, old, never, 'x', '']) {
    const { status, body } = await stranger(bench).json(spa.routes.change, { token, new_password: 'Other-Kettle-19!' })
    answers.push([status, body])
  }
  for (const answer of answers) assert.deepEqual(answer, answers[0])
})
