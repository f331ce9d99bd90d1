/**
 * A mailbox is one factor. Whoever reads it must not get past a second one, nor make a password for an account that has
 * none: GitLab's reset logged in past the second factor, Nextcloud's let accounts of a directory set a password of their
 * own, and "forgot password" is the usual way round a company's single sign-on. Here the application's table says, in two
 * columns that are only ever read, whether a second factor or single sign-on is in use. With a factor the password is
 * reset and nothing else; with single sign-on there is no proof at all, but a letter that names the right door.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { own } from '../../src/accounts/own.ts'
import type { Flow } from '../../src/engine/flow.ts'
import type { AccountsTable } from '../../src/engine/ports.ts'
import { classic, code, stateless } from '../../src/flows/index.ts'
import { aChange } from '../../src/stores/contract-values.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { codeIn, type Page, type TestOptions } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  ask,
  askApi,
  type Bench,
  before,
  eventsOf,
  isSuccess,
  letterFor,
  linkBody,
  openBench,
  person,
  reset,
  rowsIn,
  sql,
  stranger,
  submit,
  temporaryFolder,
} from './kit.ts'

type Facts = { readonly factor?: string | null; readonly provider?: string | null }

/** A recovery over an application's table with the two columns, and that application's own hand in it. */
type World = {
  readonly bench: Bench
  add(email: string, facts?: Facts): Promise<string>
  /** Behind our back. */
  set(id: string, facts: Facts): void
  /** What the two columns hold. */
  facts(id: string): Promise<readonly unknown[]>
}

const mapping: AccountsTable = { ...own, secondFactor: 'totp_secret', signOn: 'sso_provider' }

function onBothStores(name: string, story: (open: (options?: TestOptions) => Promise<World>) => Promise<void>): void {
  test(`${name} (memory)`, async () => {
    const opened: Bench[] = []
    await story(async (options = {}) => {
      const database = memory()
      const bench = await openBench('', { accounts: mapping, ...options, database })
      opened.push(bench)
      const set = (id: string, { factor, provider }: Facts): void => {
        const account = database.accounts.get(id)!
        const secondFactor = factor === undefined ? account.secondFactor : factor !== null
        const signOn = provider === undefined ? account.signOn : provider !== null
        database.accounts.set(id, { ...account, secondFactor, signOn })
      }
      return {
        bench,
        set,
        async add(email, facts = {}) {
          const id = await person(bench, email)
          set(id, facts)
          return id
        },
        async facts(id) {
          const account = await bench.accounts.byId(id)
          return [account?.secondFactor, account?.signOn]
        },
      }
    })
    for (const bench of opened) await bench.close()
  })
  test(`${name} (SQLite)`, async () => {
    const folder = temporaryFolder()
    const opened: Bench[] = []
    try {
      await story(async (options = {}) => {
        const file = join(folder.path, `${opened.length}.db`)
        await sqlite(file).migrate(own, true)
        sql({ file }, 'ALTER TABLE users ADD COLUMN totp_secret TEXT')
        sql({ file }, 'ALTER TABLE users ADD COLUMN sso_provider TEXT')
        const bench = await openBench(file, { accounts: mapping, ...options })
        opened.push(bench)
        const hash = await bench.hasher.hash(before)
        return {
          bench,
          async add(email, { factor = null, provider = null } = {}) {
            const columns = 'email, password_hash, email_verified, totp_secret, sso_provider'
            sql(bench, `INSERT INTO users (${columns}) VALUES (?, ?, 1, ?, ?)`, email, hash, factor, provider)
            return (await bench.accounts.byAddress(email.toLowerCase()))[0]!.id
          },
          set(id, facts) {
            if (facts.factor !== undefined)
              sql(bench, 'UPDATE users SET totp_secret = ? WHERE id = ?', facts.factor, id)
            if (facts.provider === undefined) return
            sql(bench, 'UPDATE users SET sso_provider = ? WHERE id = ?', facts.provider, id)
          },
          async facts(id) {
            const row = rowsIn(bench).users?.find((one) => String(one.id) === id)
            return [row?.totp_secret, row?.sso_provider]
          },
        }
      })
    } finally {
      for (const bench of opened) await bench.close()
      folder.remove()
    }
  })
}

const totp = 'JBSWY3DPEHPK3PXP'
const door = 'https://app.example.com/sso/start'
const withDoor = allFlows.map((flow): Flow => ({ ...flow, signOnUrl: door }))
const loginHere: readonly Flow[] = [
  { ...classic, after: { login: true } },
  { ...stateless, after: { login: true } },
  { ...code, after: { login: true } },
]

/** An answer with what is random in it replaced by its length. */
function shapeOf(page: Page, address: string) {
  const mask = (text: string): string =>
    text
      .replaceAll(address, '<address>')
      .replaceAll(encodeURIComponent(address), '<address>')
      .replace(/[\w-]{16,}/g, (token) => `<${token.length}>`)
  const headers = [...page.headers].map(([name, value]) => `${name}: ${mask(value)}`)
  return { status: page.status, headers, bytes: Buffer.byteLength(page.text), body: mask(page.text) }
}

/** All that a stranger can see of one address: an ask by page and by program, and six guesses at its code. */
async function seenByAStranger({ bench }: World, flow: Flow, address: string) {
  const browser = stranger(bench)
  const first = await ask(browser, flow, address)
  const pages = [first, ...(first.location ? [await browser.get(first.location)] : [])]
  await bench.mail()
  if (flow.proof.kind === 'code') {
    const { code: path } = flow.routes as typeof code.routes
    for (const guess of ['135790', '246801', '357912', '468023', '579134', '680245']) {
      pages.push(await submit(browser, path, { code: guess }, path))
    }
  }
  pages.push(await ask(browser, flow, address))
  const shapes = pages.map((page) => shapeOf(page, address))
  const { status, body } = await askApi(stranger(bench), flow, address)
  return { shapes, status, members: { ...body, flow_id: String(body.flow_id).length } }
}

onBothStores('with a factor, with single sign-on, or nobody: the answers are the same to the byte', async (open) => {
  const world = await open({ flows: withDoor })
  await world.add('person-a@example.org')
  await world.add('person-b@example.org', { factor: totp })
  await world.add('person-c@example.org', { provider: 'acme-saml' })
  for (const flow of withDoor) {
    const plain = await seenByAStranger(world, flow, 'person-a@example.org')
    for (const one of ['person-b', 'person-c', 'person-d']) {
      assert.deepEqual(await seenByAStranger(world, flow, `${one}@example.org`), plain, `${flow.name}: ${one}`)
    }
  }
})

onBothStores('an account with single sign-on gets a letter that names the right door, and no proof', async (open) => {
  const world = await open({ flows: withDoor })
  const { bench } = world
  const id = await world.add('Sam@example.org', { provider: 'acme-saml' })
  for (const flow of withDoor) {
    const mail = await letterFor(bench, flow, 'sam@example.org')
    assert.equal(mail.to, 'Sam@example.org')
    assert.equal(mail.subject, `${flow.brand.name} - How to sign in`)
    assert.deepEqual([...new Set(mail.text.match(/https?:\/\/[^\s<]+/g))], [door], flow.name)
    assert.deepEqual([...new Set(mail.html.match(/https?:\/\/[^\s"<]+/g))], [door], flow.name)
    assert.equal(codeIn(mail), '')
    assert.doesNotMatch(mail.text, /[\w-]{40,}/)
    const [opened, sent] = (await eventsOf(bench)).slice(-2)
    assert.deepEqual([sent?.name, sent?.accountId, sent?.because], ['letter.sent', id, 'signs in elsewhere'])
    const challenge = opened?.challengeId && (await bench.store.challenge(opened.challengeId))
    if (flow.proof.kind !== 'signed') assert.match(challenge ? challenge.accountId! : '', /^decoy:/, flow.name)
  }
  assert.equal((await bench.accounts.byId(id))?.reset, null)
  // Counted as proof letters are: six in a quarter of an hour, over all flows.
  const had = bench.letters.length
  for (let asked = 0; asked < 4; asked++) await ask(stranger(bench), classic, 'sam@example.org')
  await bench.mail()
  assert.equal(bench.letters.length, had + 6 - withDoor.length)
})

onBothStores('where no door is named the letter holds no link at all', async (open) => {
  const world = await open({ flows: [classic] })
  await world.add('sam@example.org', { provider: 'acme-saml' })
  const mail = await letterFor(world.bench, classic, 'sam@example.org')
  assert.doesNotMatch(mail.text + mail.html, /https?:/)
  assert.match(mail.text, /Sign in as you always do/)
})

onBothStores('with a second factor the password is reset, nobody is logged in, and the factor stays', async (open) => {
  const world = await open({ flows: loginHere })
  const { bench } = world
  for (const flow of loginHere) {
    const [ana, bob] = [`ana.${flow.name}@example.org`, `bob.${flow.name}@example.org`]
    const id = await world.add(ana, { factor: totp })
    const held = await world.facts(id)
    const browser = stranger(bench)
    const done = await reset(browser, flow, await letterFor(bench, flow, ana, browser), after)
    assert.ok(isSuccess(done), flow.name)
    assert.equal(browser.jar.has('__Host-lk_session'), false, flow.name)
    assert.match((await browser.get(done.location!)).text, /log in with your new password|Password (updated|reset)/i)
    assert.deepEqual(await world.facts(id), held, flow.name)
    assert.ok(await bench.hasher.verify((await bench.accounts.byId(id))!.passwordHash, after), flow.name)

    // The same flow does log in who has none: else this could not fail.
    await world.add(bob)
    const other = stranger(bench)
    await reset(other, flow, await letterFor(bench, flow, bob, other), after)
    assert.equal(other.jar.has('__Host-lk_session'), true, flow.name)
  }
})

onBothStores('our log-in page lets nobody past a factor, and tells of it only who has the password', async (open) => {
  const world = await open({ flows: [stateless] })
  const { bench } = world
  await world.add('ana@example.org', { factor: totp })
  await world.add('sam@example.org', { provider: 'acme-saml' })
  const { login } = stateless.routes
  for (const username of ['ana@example.org', 'sam@example.org']) {
    // A right password gives its try back, so that its owner is not shut out for trying.
    for (let tried = 0; tried < 12; tried++) {
      const browser = stranger(bench)
      const page = await submit(browser, login, { username, password: before })
      assert.equal(page.status, 403)
      assert.match(page.text, /it takes more than a password/)
      assert.deepEqual(
        [...browser.jar.keys()].filter((name) => /session|device/.test(name)),
        [],
      )
    }
    const wrong = await submit(stranger(bench), login, { username, password: 'not the password' })
    const nobody = await submit(stranger(bench), login, { username: 'eva@example.org', password: 'not the password' })
    assert.deepEqual(shapeOf(wrong, username), shapeOf(nobody, 'eva@example.org'))
  }
  const reasons = (await eventsOf(bench)).filter(({ name }) => name === 'session.refused').map((one) => one.because)
  assert.deepEqual([...new Set(reasons)], ['second factor', 'wrong password', 'no account', 'signs in elsewhere'])
})

onBothStores('a proof dies when its account moves to single sign-on, at every stage', async (open) => {
  const world = await open()
  const { bench } = world
  for (const flow of allFlows) {
    const api = `/api/flows/${flow.name}`
    const email = `${flow.name}@example.org`
    const id = await world.add(email)
    const program = stranger(bench)
    const { body } = await askApi(program, flow, email)
    const mail = (await bench.mail())!
    const proof =
      flow.proof.kind === 'code' ? { flow_id: body.flow_id, email, code: codeIn(mail) } : linkBody(flow, mail)
    const prove = () => program.json(`${api}/prove`, proof)
    world.set(id, { provider: 'acme-saml' })
    assert.equal((await prove()).status, flow.proof.kind === 'code' ? 400 : 410, flow.name)
    world.set(id, { provider: null })
    const { grant } = (await prove()).body
    assert.equal(typeof grant, 'string', flow.name)
    world.set(id, { provider: 'acme-saml' })
    const refused = await program.json(`${api}/change`, { grant, password: after })
    assert.deepEqual([refused.status, refused.body.code], [410, 'session-expired'], flow.name)
    assert.ok(await bench.hasher.verify((await bench.accounts.byId(id))!.passwordHash, before), flow.name)
  }
})

onBothStores('a factor or a sign-on that comes between the judging and the writing stops the change', async (open) => {
  const { bench, add, set } = await open()
  const id = await add('ana@example.org')
  const seen = (await bench.accounts.byId(id))!
  const change = () => bench.store.change(aChange(seen, null))
  set(id, { factor: totp })
  assert.equal(await change(), false)
  set(id, { factor: null, provider: 'acme-saml' })
  assert.equal(await change(), false)
  set(id, { provider: null })
  assert.equal(await change(), true)
})

test('a column counts as in use whatever it holds, but for what says that nothing is', async () => {
  const folder = temporaryFolder()
  const file = join(folder.path, 'app.db')
  await sqlite(file).migrate(own, true)
  sql({ file }, 'ALTER TABLE users ADD COLUMN totp_secret ANY')
  sql({ file }, 'ALTER TABLE users ADD COLUMN sso_provider TEXT')
  const bench = await openBench(file, { accounts: mapping })
  const add = `INSERT INTO users (email, totp_secret) VALUES (?, ?)`
  const used = [1, 2, totp, 'true', '2024-05-06 07:08:09', '["webauthn"]', 'banana']
  const unused = [null, '', ' ', 0, '0', 'False', 'no', '[]', '{}', 'null']
  for (const [index, value] of [...used, ...unused].entries()) sql(bench, add, `p${index}@example.org`, value)
  const found = (await bench.accounts.list(null, 100)).map((account) => account.secondFactor)
  assert.deepEqual(found, [...used.map(() => true), ...unused.map(() => false)])
  await bench.close()
  folder.remove()
})
