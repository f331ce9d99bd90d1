/**
 * People reset their password because somebody else is in. If that somebody stays in, the reset was for nothing: NocoDB
 * forgot its refresh tokens (CVE-2026-28396) and its OAuth grants, and in many an application a session simply lives
 * until it expires. Others let the reset open what was shut: Vikunja made closed accounts active (CVE-2026-33316). And
 * whoever had registered somebody's address before its owner kept his way in (PocketBase, CVE-2024-38351). So a reset
 * ends every session, proof and grant of its account, old passwords with them, and changes nothing else of it.
 */
import assert from 'node:assert/strict'
import type { Database } from '../../src/engine/ports.ts'
import { classic, code, spa, stateless } from '../../src/flows/index.ts'
import { memory } from '../../src/stores/memory.ts'
import { codeIn, type TestBrowser } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  askApi,
  type Bench,
  before,
  inMemory,
  isSuccess,
  letterFor,
  linkBody,
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

async function loggedIn(bench: Bench, password = before): Promise<TestBrowser> {
  const browser = stranger(bench)
  const page = await submit(browser, '/login/', { username: owner, password })
  assert.equal(page.status, 303)
  assert.equal((await browser.get('/account/')).status, 200)
  return browser
}

const isIn = async (browser: TestBrowser): Promise<boolean> => (await browser.look('/account/')).status === 200

for (const flow of allFlows) {
  onEachStore(`a reset by ${flow.name} ends every session and every old password`, async (open) => {
    const bench = await open()
    await person(bench, owner)
    await person(bench, 'bob@example.org')
    const sessions = [await loggedIn(bench), await loggedIn(bench), await loggedIn(bench)]
    const bob = stranger(bench)
    await submit(bob, '/login/', { username: 'bob@example.org', password: before })
    // The browser of the reset was somebody's too.
    const browser = sessions[2]!
    const mail = await letterFor(bench, flow, owner, browser)
    for (const session of sessions) assert.equal(await isIn(session), true, 'asking ends nothing')
    assert.ok(isSuccess(await reset(browser, flow, mail, after)))
    for (const session of sessions) assert.equal(await isIn(session), false)
    assert.equal(await isIn(bob), true, "another's session is his")
    assert.equal(await logsIn(bench, owner, before), false)
    assert.equal(await logsIn(bench, owner, after), true)
  })
}

onEachStore('a reset ends what is open in every other flow: links, codes and grants', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const links: { flow: string; body: object }[] = []
  for (const flow of [classic, stateless])
    links.push({ flow: flow.name, body: linkBody(flow, await letterFor(bench, flow, owner)) })
  const proved = await stranger(bench).json('/api/flows/classic/prove', links[0]!.body)
  const { body } = await askApi(stranger(bench), code, owner)
  const typed = { flow_id: body.flow_id, email: owner, code: codeIn((await bench.mail())!) }
  assert.ok(isSuccess(await reset(stranger(bench), spa, await letterFor(bench, spa, owner), after)))
  for (const { flow, body } of links) {
    const answer = await stranger(bench).json(`/api/flows/${flow}/change`, { ...body, password: 'Third-Meadow-29!' })
    assert.equal(answer.body.code, 'link-dead', flow)
  }
  const grant = { grant: proved.body.grant, password: 'Third-Meadow-29!' }
  assert.equal((await stranger(bench).json('/api/flows/classic/change', grant)).body.code, 'session-expired')
  assert.equal((await stranger(bench).json('/api/flows/code/prove', typed)).body.code, 'code-dead')
  assert.equal(await logsIn(bench, owner, after), true)
})

inMemory(
  'a log-in gives a new session, whatever the browser brought, and so does a log-in after a reset',
  async (open) => {
    const flows = allFlows.map((flow) => (flow.name === 'stateless' ? { ...flow, after: { login: true } } : flow))
    const bench = await open({ flows })
    await person(bench, owner)
    const name = '__Host-lk_session'
    const planted = 'p'.repeat(43)
    const victim = stranger(bench)
    victim.jar.set(name, planted)
    await submit(victim, '/login/', { username: owner, password: before })
    const first = victim.jar.get(name)!
    assert.notEqual(first, planted)
    await submit(victim, '/login/', { username: owner, password: before })
    const second = victim.jar.get(name)!
    assert.notEqual(second, first)
    const mail = await letterFor(bench, flows.find((flow) => flow.name === 'stateless')!, owner, victim)
    await reset(victim, flows.find((flow) => flow.name === 'stateless')!, mail, after)
    const third = victim.jar.get(name)!
    assert.ok(![planted, first, second].includes(third))
    assert.equal(await isIn(victim), true)
    for (const old of [planted, first, second]) {
      const thief = stranger(bench)
      thief.jar.set(name, old)
      assert.equal(await isIn(thief), false)
    }
  },
)

/** A database whose sessions are a moment in coming, as those of one that is busy are. */
function slowToOpenSessions(database: Database, until: () => Promise<void>): Database {
  return {
    ...database,
    async open(table, columns) {
      const { store, accounts } = await database.open(table, columns)
      const openSession: typeof store.openSession = async (session, event) => {
        await until()
        return store.openSession(session, event)
      }
      return { store: { ...store, openSession }, accounts }
    },
  }
}

inMemory('a log-in with the old password that was under way outlives the reset by nothing', async (open) => {
  let wait: () => Promise<void> = async () => {}
  const bench = await open({ database: slowToOpenSessions(memory(), () => wait()) })
  await person(bench, owner)
  const mail = await letterFor(bench, spa, owner)
  const { promise: isReset, resolve } = Promise.withResolvers<void>()
  const { promise: isCompared, resolve: compared } = Promise.withResolvers<void>()
  wait = () => {
    compared()
    return isReset
  }
  const thief = stranger(bench)
  const login = thief.post('/login/', { username: owner, password: before }, sameOrigin)
  // The old password was right when it was compared; then the owner is first.
  await isCompared
  assert.ok(isSuccess(await reset(stranger(bench), spa, mail, after)))
  resolve()
  assert.equal((await login).status, 403)
  assert.equal(await isIn(thief), false)
})

onSqlite('a reset changes the password of its account and nothing else of anybody', async (open) => {
  for (const flow of allFlows) {
    const bench = await open()
    const id = await person(bench, owner, { username: 'anabel', verified: true })
    await person(bench, 'bob@example.org', { username: 'bob', verified: false, active: false })
    const users = rowsIn(bench).users!
    const browser = stranger(bench)
    assert.ok(isSuccess(await reset(browser, flow, await letterFor(bench, flow, owner, browser), after)))
    const now = rowsIn(bench).users!
    for (const [index, row] of now.entries()) {
      const { password_hash: hash, ...rest } = row
      const { password_hash: old, ...others } = users[index]!
      assert.deepEqual(rest, others, flow.name)
      assert.equal(hash === old, String(row.id) !== id)
    }
  }
})

onEachStore('an account that is closed, or not yet confirmed, is opened by no reset', async (open) => {
  for (const flow of allFlows) {
    const bench = await open()
    const closed = await person(bench, 'closed@example.org', { active: false })
    const unsure = await person(bench, 'unsure@example.org', { verified: false })
    for (const address of ['closed@example.org', 'unsure@example.org']) await askApi(stranger(bench), flow, address)
    await bench.mail()
    const expected = flow.eligible === 'verified' ? [] : ['unsure@example.org']
    assert.deepEqual(
      bench.letters.map(({ to }) => to),
      expected,
      flow.name,
    )
    assert.equal((await bench.accounts.byId(closed))!.active, false)
    assert.equal((await bench.accounts.byId(unsure))!.verified, false)
  }
})

onEachStore('no field that a client adds is taken for one of the account', async (open) => {
  const bench = await open()
  const id = await person(bench, owner)
  const extra = {
    id: '2',
    role: 'admin',
    is_active: false,
    email_verified: true,
    verified: true,
    mfa: false,
    step: 'done',
    username: 'root',
  }
  const { token } = linkBody(spa, await letterFor(bench, spa, owner))
  const refused = await stranger(bench).json(spa.routes.change, { token, new_password: after, ...extra })
  assert.equal(refused.status, 400)
  const account = await bench.accounts.byId(id)
  const browser = stranger(bench)
  const mail = await letterFor(bench, classic, owner, browser)
  const path = linkBody(classic, mail)
  const fields = { new_password1: after, new_password2: after, ...extra } as unknown as Record<string, string>
  const page = await browser.post(`/auth/password-reset-confirm/${path.uid}/${path.token}/`, fields)
  assert.equal(page.status, 303)
  const { passwordHash, reset: _, ...now } = (await bench.accounts.byId(id))!
  const { passwordHash: old, reset: __, ...then } = account!
  assert.deepEqual(now, then)
  assert.notEqual(passwordHash, old)
})

onEachStore('a password is kept as it was typed, to its last character', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const long = `Aa1!${'x'.repeat(200)}`
  const spaced = '  Spaced-Out-42!  '
  const emoji = `Aa1!${'🔑'.repeat(30)}`
  for (const [password, twins] of [
    [long, [long.slice(0, -1), long.slice(0, 72), long.toLowerCase()]],
    [spaced, [spaced.trim(), spaced.trimEnd(), spaced.trimStart()]],
    [emoji, [emoji.slice(0, -2), `Aa1!${'🔑'.repeat(17)}`]],
    ['Ame\u0301lie-Rose-7!', ['Amelie-Rose-7!']],
  ] as const) {
    bench.clock.turn({ minutes: 16 })
    assert.ok(isSuccess(await reset(stranger(bench), spa, await letterFor(bench, spa, owner), password)))
    assert.equal(await logsIn(bench, owner, password), true, password.slice(0, 20))
    for (const twin of twins) assert.equal(await logsIn(bench, owner, twin), false, 'a twin of it')
  }
  assert.equal(await logsIn(bench, owner, 'Am\u00e9lie-Rose-7!'), true, 'written by another keyboard')
  const { token } = linkBody(spa, await letterFor(bench, spa, owner))
  for (const password of ['Nul-\u0000-Harbour-1!', 'Bell-\u0007-Harbour-1!', `Aa1!${'x'.repeat(253)}`]) {
    const refused = await stranger(bench).json(spa.routes.change, { token, new_password: password })
    assert.equal(refused.status, 422)
  }
})
