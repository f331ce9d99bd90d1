/**
 * Some tables let several accounts have one address: Django's does. Serving the first alone leaves the others locked out,
 * and one proof for all would open what its reader did not ask for. So each account gets a letter of its own that names
 * it. A code cannot say whose it is: there one letter has one code for all of them, which account is asked after it was
 * right, and it sets one password. Nobody learns from a page before that how many there are.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { mostAccounts } from '../../src/engine/bound.ts'
import type { Flow } from '../../src/engine/flow.ts'
import type { AccountsTable, Mail } from '../../src/engine/ports.ts'

import { sqlite } from '../../src/stores/sqlite.ts'
import { codeIn, type Page, type TestBrowser, type TestRecovery, testRecovery } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  arrive,
  ask,
  before,
  logsIn,
  origin,
  reset,
  stranger,
  submit,
  temporaryFolder,
} from './kit.ts'

const mapping: AccountsTable = {
  ...{ table: 'people', id: 'nr', email: 'mail', password: 'pass', username: 'login' },
  ...{ active: 'enabled', verified: 'confirmed', signOn: 'sso' },
}
const address = 'office@example.org'

type Person = { readonly login: string | null; readonly mail?: string; readonly enabled?: 0 | 1; readonly sso?: string }

/** A recovery on an application's table with these people in it. */
async function withPeople(people: readonly Person[], story: (recovery: TestRecovery) => Promise<void>): Promise<void> {
  const { path, remove } = temporaryFolder()
  const file = join(path, 'app.db')
  const hasher = (await testRecovery()).hasher
  const hash = await hasher.hash(before)
  const db = new DatabaseSync(file)
  db.exec(`CREATE TABLE people (nr INTEGER PRIMARY KEY, login TEXT, mail TEXT, pass TEXT, enabled INTEGER,
    confirmed INTEGER, sso TEXT)`)
  const add = db.prepare('INSERT INTO people (login, mail, pass, enabled, confirmed, sso) VALUES (?, ?, ?, ?, 1, ?)')
  for (const { login, mail = address, enabled = 1, sso = null } of people) add.run(login, mail, hash, enabled, sso)
  db.close()
  const database = sqlite(file)
  await database.migrate(mapping, true)
  const recovery = await testRecovery({ database, accounts: mapping })
  try {
    await story(recovery)
  } finally {
    await recovery.close()
    remove()
  }
}

/** The letters of one ask, by the account that they name. */
async function lettersOf(recovery: TestRecovery, flow: Flow, logins: readonly string[], browser = stranger(recovery)) {
  const had = recovery.letters.length
  await ask(browser, flow, address)
  await recovery.mail()
  const sent = recovery.letters.slice(0, recovery.letters.length - had)
  return new Map(
    sent.map((mail) => [logins.find((login) => mail.text.includes(`for the account ${login};`)) ?? 'nobody', mail]),
  )
}

for (const flow of allFlows) {
  test(`${flow.name}: each account of an address has a letter that opens it, and no other`, () =>
    withPeople([{ login: 'ana' }, { login: 'ben', mail: 'Office@Example.org' }, { login: 'cid' }], async (recovery) => {
      const logins = ['ana', 'ben', 'cid']
      const letters = await lettersOf(recovery, flow, logins)
      assert.deepEqual([...letters.keys()].sort(), logins)
      assert.equal(letters.get('ben')!.to, 'Office@Example.org', 'as it is stored')
      assert.equal(new Set([...letters.values()].map(({ messageId }) => messageId)).size, 3)
      for (const mail of letters.values()) assert.doesNotMatch(mail.text, /wrong codes|^\d{6}$/m)
      const link = /https?:\/\/\S+/.exec(letters.get('ben')!.text)![0]
      const asLink = { ...flow, proof: { kind: 'stored' } } as Flow
      const set = await reset(
        stranger(recovery),
        flow.proof.kind === 'code' ? asLink : flow,
        letters.get('ben')!,
        after,
      )
      assert.ok(set.status === 303 || set.status === 200, `${link} was answered ${set.status}`)
      assert.deepEqual(await Promise.all(logins.map((login) => logsIn(recovery, login, after))), [false, true, false])
      for (const login of ['ana', 'cid']) assert.equal(await logsIn(recovery, login, before), true, login)
      // What opened one is used up; the others' still stand.
      const rest = await reset(
        stranger(recovery),
        flow.proof.kind === 'code' ? asLink : flow,
        letters.get('cid')!,
        after,
      )
      assert.ok(rest.status === 303 || rest.status === 200)
      assert.equal(await logsIn(recovery, 'cid', after), true)
    }))
}

test('of several accounts those that may recover are served: one alone as if there were no others', () =>
  withPeople(
    [{ login: 'gone', enabled: 0 }, { login: 'ana' }, { login: 'elsewhere', sso: 'okta' }],
    async (recovery) => {
      for (const flow of allFlows) {
        const letters = await lettersOf(recovery, flow, ['gone', 'ana', 'elsewhere'])
        assert.deepEqual([...letters.keys()], ['nobody'], `${flow.name}: one letter, which names no account`)
        recovery.clock.turn({ days: 1, minutes: 1 })
      }
    },
  ))

test('the page of a code says the same for three accounts as for none', () =>
  withPeople([{ login: 'ana' }, { login: 'ben' }, { login: 'cid' }], async (recovery) => {
    const flow = allFlows.find((one) => one.proof.kind === 'code') as Extract<Flow, { proof: { kind: 'code' } }>
    const answers = []
    for (const email of [address, 'nobody@example.org']) {
      const browser = stranger(recovery)
      const asked = await ask(browser, flow, email)
      await recovery.mail()
      const wrong = await submit(browser, flow.routes.code, { code: '000000' })
      answers.push([asked.status, asked.location, wrong.status, wrong.text.replaceAll(/value="[^"]*"|c=[\w-]+/g, '')])
    }
    assert.deepEqual(answers[0], answers[1])
  }))

test('asked again, each account gets its letter again, and one ask mails ten accounts at most', () =>
  withPeople(
    Array.from({ length: mostAccounts + 2 }, (_, at) => ({ login: `p${String(at).padStart(2, '0')}` })),
    async (recovery) => {
      const flow = allFlows.find((one) => one.name === 'classic')!
      const logins = Array.from({ length: mostAccounts + 2 }, (_, at) => `p${String(at).padStart(2, '0')}`)
      const first = await lettersOf(recovery, flow, logins)
      assert.equal(first.size, mostAccounts)
      const second = await lettersOf(recovery, flow, logins)
      assert.deepEqual([...second.keys()], [...first.keys()])
    },
  ))

test('a letter that is split while its worker dies is split again, and no account gets two', () =>
  withPeople([{ login: 'ana' }, { login: 'ben' }], async (recovery) => {
    const flow = allFlows.find((one) => one.name === 'classic')!
    await ask(stranger(recovery), flow, address)
    const now = recovery.clock.now()
    const [held] = await recovery.store.lease(1, now, now + 60_000, 'a worker that dies')
    assert.equal(held!.letter.kind, 'proof')
    recovery.clock.turn({ minutes: 2 })
    await recovery.mail()
    assert.deepEqual(recovery.letters.map(({ text }) => /for the account (\w+);/.exec(text)?.[1]).sort(), [
      'ana',
      'ben',
    ])
    const late = { kind: 'split', letters: [held!.letter], challenges: [] } as const
    assert.equal(await recovery.store.settle(held!.letter.id, held!.lease, now, late, null), false)
  }))

// Codes

const codes = allFlows.find((one) => one.proof.kind === 'code') as Extract<Flow, { proof: { kind: 'code' } }>
type WithCode = { readonly browser: TestBrowser; readonly mail: Mail }

/** A browser that asked, and its one letter. */
async function coded(recovery: TestRecovery): Promise<WithCode> {
  const browser = stranger(recovery)
  const had = recovery.letters.length
  await ask(browser, codes, address)
  await recovery.mail()
  assert.equal(recovery.letters.length - had, 1, 'one letter')
  return { browser, mail: recovery.letters[0]! }
}

const linksOn = (page: Page): Map<string, string> =>
  new Map(
    [...page.text.matchAll(/<a class="button" href="([^"]+)"><bdi>([^<]+)<\/bdi>/g)].map(([, href, name]) => [
      name!,
      href!,
    ]),
  )

test('one code is mailed for all accounts of an address, the page after it asks which, and it sets one password', () =>
  withPeople([{ login: 'ana' }, { login: 'ben' }, { login: null }, { login: null }], async (recovery) => {
    const { browser, mail } = await coded(recovery)
    assert.equal(mail.to, address)
    for (const part of [mail.subject, mail.text, mail.html]) assert.doesNotMatch(part, /\b(ana|ben)\b/)
    const choice = await arrive(browser, codes, mail)
    assert.match(choice, /\?c=[\w-]{12}(\.[\w-]{12}){3}$/)
    const page = await browser.get(choice)
    assert.match(page.text, /<h1>Which account\?<\/h1>/)
    assert.doesNotMatch(page.text, /type="password"/)
    assert.ok(
      page.text.includes(`name="c" value="${new URL(choice, origin).searchParams.get('c')}"`),
      'kept in any language',
    )
    const links = linksOn(page)
    assert.deepEqual([...links.keys()], ['ana', 'ben', `${address} (3)`, `${address} (4)`])
    const path = links.get('ben')!
    const form = await browser.get(path)
    assert.match(form.text, /For the account <bdi class="strong">ben<\/bdi>/)
    assert.match(form.text, /name="username" value="ben"/, 'for the keeper of passwords')
    const passwords = (password: string) => ({ [codes.fields.password]: password, [codes.fields.confirm]: password })
    const poor = await submit(browser, path, passwords('short'))
    assert.equal(poor.status, 422)
    assert.match(poor.text, /<bdi class="strong">ben<\/bdi>/)
    assert.equal((await submit(browser, path, passwords(after))).status, 303)
    assert.deepEqual(await Promise.all(['ana', 'ben'].map((login) => logsIn(recovery, login, after))), [false, true])
    assert.equal(await logsIn(recovery, 'ana', before), true)
    for (const dead of [choice, ...links.values()]) assert.equal((await browser.get(dead)).status, 410, dead)
    assert.deepEqual(
      [...browser.jar.keys()].filter((name) => name.includes('grant')),
      [],
    )
  }))

test('a choice is the browser’s whose code was right, and of one account it is none', () =>
  withPeople([{ login: 'ana' }, { login: 'ben' }], async (recovery) => {
    const { browser, mail } = await coded(recovery)
    const choice = await arrive(browser, codes, mail)
    assert.equal((await stranger(recovery).get(choice)).status, 410)
    const [first] = new URL(choice, origin).searchParams.get('c')!.split('.')
    const mixed = linksOn(await browser.get(`${codes.routes.set}?c=${first}.AAAAAAAAAAAA.`))
    assert.deepEqual([...mixed.keys()], ['ana'])
  }))

test('programs are given a grant for each account; of fifty who use two of one proof at once one wins', () =>
  withPeople([{ login: 'ana' }, { login: null }], async (recovery) => {
    const program = stranger(recovery)
    const api = (verb: string, body: object) => program.json(`/api/flows/${codes.name}/${verb}`, body)
    const { body: asked } = await api('request', { email: address })
    const mail = (await recovery.mail())!
    const proof = { flow_id: asked.flow_id, email: address, code: codeIn(mail) }
    const { body: proved } = await api('prove', proof)
    const [ana, other] = proved.accounts
    assert.deepEqual(Object.keys(proved).sort(), ['accounts', 'expires_in', 'rules'])
    assert.deepEqual({ ...ana, grant: '' }, { grant: '', name: 'ana', account: address, username: 'ana' })
    assert.deepEqual({ ...other, grant: '' }, { grant: '', name: address, account: address, username: null })
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        api('change', { grant: at % 2 === 0 ? ana.grant : other.grant, password: `${after}${at}` }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 200).length, 1)
    assert.deepEqual(new Set(statuses.filter((status) => status !== 200 && status !== 429)), new Set([410]))
  }))

test('a letter of each account goes out with a link where an address is stored in two spellings', () =>
  withPeople([{ login: 'ana' }, { login: 'ben', mail: 'Office@example.org' }], async (recovery) => {
    const letters = await lettersOf(recovery, codes, ['ana', 'ben'])
    assert.deepEqual([...letters.keys()].sort(), ['ana', 'ben'])
    assert.deepEqual([...letters.values()].map(({ to }) => to).sort(), ['Office@example.org', address])
  }))
