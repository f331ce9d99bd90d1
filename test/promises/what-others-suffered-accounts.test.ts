/**
 * What others suffered, and is tried here: accounts that were more, or other, after a reset than before. PocketBase left
 * the password to whoever had taken an address before its owner (CVE-2024-38351), Vikunja opened closed accounts
 * (CVE-2026-33316), ProfilePress and Ultimate Member took columns from forms (CVE-2021-34621, CVE-2023-3460), and hashes
 * that cut at 72 bytes or at a NUL made two passwords one (CVE-2025-22228, CVE-2020-7689).
 */
import assert from 'node:assert/strict'
import type { Flow } from '../../src/engine/flow.ts'
import type { Mail } from '../../src/engine/ports.ts'
import { classic, code, spa } from '../../src/flows/index.ts'
import type { Page } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  arrive,
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
  sql,
  stranger,
  submit,
} from './kit.ts'

const owner = 'ana@example.org'

/** From the ask to the new password, in a browser that was never here. */
async function resetAnew(bench: Bench, flow: Flow, password: string): Promise<Page> {
  const browser = stranger(bench)
  return reset(browser, flow, await letterFor(bench, flow, owner, browser), password)
}

onEachStore('whoever took an address before its owner has nothing of it left after the reset', async (open) => {
  for (const flow of allFlows.filter(({ eligible }) => eligible === 'active')) {
    const bench = await open()
    // Mallory signs up with Ana's address and a password of her own, and stays logged in.
    await person(bench, owner, { verified: false, username: 'mallory' })
    const mallory = stranger(bench)
    await submit(mallory, '/login/', { username: owner, password: before })
    assert.equal((await mallory.look('/account/')).status, 200)
    // Ana is told that there is an account, and takes it by reset.
    assert.ok(isSuccess(await resetAnew(bench, flow, after)), flow.name)
    assert.equal((await mallory.look('/account/')).status, 303, 'her session is over')
    for (const name of [owner, 'mallory']) {
      assert.equal(await logsIn(bench, name, before), false, 'her password is gone, by either name')
      assert.equal(await logsIn(bench, name, after), true)
    }
    assert.equal((await submit(mallory, '/login/', { username: owner, password: before })).status, 403)
  }
})

/** When the account is closed: between which steps. */
const moments = ['before the ask', 'before the letter', 'before the look', 'before the password'] as const

onSqlite('an account that is closed stays closed, at whatever step it was closed', async (open) => {
  const bench = await open()
  for (const flow of allFlows) {
    for (const [index, moment] of moments.entries()) {
      const email = `${flow.name}.${index}@example.org`
      const id = await person(bench, email)
      const close = (): void => sql(bench, 'UPDATE users SET is_active = 0 WHERE id = ?', id)
      const row = () => rowsIn(bench).users!.find((one) => String(one.id) === id)
      await throughTo(bench, flow, email, moment, close)
      const { is_active, password_hash } = row()!
      assert.equal(is_active, 0, `${flow.name}, closed ${moment}`)
      assert.ok(await bench.hasher.verify(String(password_hash), before), 'and its password is the old one')
      assert.equal(await logsIn(bench, email, before), false)
      bench.clock.turn({ minutes: 16 })
    }
  }
})

/** Goes as far as one gets, and closes the account on the way. */
async function throughTo(bench: Bench, flow: Flow, email: string, moment: string, close: () => void): Promise<void> {
  const browser = stranger(bench)
  if (moment === 'before the ask') close()
  const had = bench.letters.length
  await bench.mail()
  if (flow.face === 'json') await browser.json(flow.routes.ask, { email })
  else await submit(browser, flow.routes.ask, { [flow.fields.email]: email })
  if (moment === 'before the letter') close()
  const mail = await bench.mail()
  if (moment === 'before the ask' || moment === 'before the letter') {
    assert.equal(bench.letters.length, had, `${flow.name}: no letter for a closed account`)
    return
  }
  assert.equal(mail!.to, email)
  if (moment === 'before the look') close()
  await tryToSet(bench, flow, mail!, browser, moment === 'before the password' ? close : () => {})
}

async function tryToSet(
  bench: Bench,
  flow: Flow,
  mail: Mail,
  browser: ReturnType<typeof stranger>,
  close: () => void,
): Promise<void> {
  if (flow.face === 'json') {
    close()
    const { token } = linkBody(flow, mail)
    const { status } = await stranger(bench).json(flow.routes.change, { token, new_password: after })
    assert.equal(status, 400)
    return
  }
  const path = await arrive(browser, flow, mail).catch(() => null)
  if (path === null) return
  const both = { [flow.fields.password]: after, [flow.fields.confirm]: after }
  const page = await browser.get(path)
  close()
  if (page.status !== 200) return
  const challenge = /name="challenge" value="([^"]*)"/.exec(page.text)![1]!
  const posted = await browser.post(flow.routes.set, { ...both, challenge }, { 'sec-fetch-site': 'same-origin' })
  assert.equal(posted.status, 410)
}

/** Columns, in the spellings by which forms have been made to write them. */
const columns = ['is_active', 'email_verified', 'role', 'is_admin', 'password_hash', 'username', 'locale', 'created_at']
const spellings = [
  (name: string) => name,
  (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
  (name: string) => name.toUpperCase(),
  (name: string) => `user[${name}]`,
  (name: string) => `user.${name}`,
  (name: string) => `data[attributes][${name}]`,
  (name: string) => `meta[${name}][]`,
  (name: string) => `__proto__[${name}]`,
  (name: string) => `constructor.prototype.${name}`,
  (name: string) => `${name} `,
  (name: string) => name.replace('i', 'ı'),
  (name: string) => `${name}\u0000`,
]

onSqlite('no column of the table is taken from a form or a body, however it is spelled', async (open) => {
  const bench = await open()
  const id = await person(bench, owner, { username: 'ana_keller', verified: true })
  await person(bench, 'ben@example.org')
  const extra = Object.fromEntries(
    columns.flatMap((name) => spellings.map((spell) => [spell(name), name === 'role' ? 'admin' : '1'])),
  )
  const { users } = rowsIn(bench)
  for (const flow of allFlows) {
    const browser = stranger(bench)
    const mail = await letterFor(bench, flow, owner, browser)
    if (flow.face === 'json') {
      const body = { ...linkBody(flow, mail), new_password: after, ...extra }
      assert.equal((await browser.json(flow.routes.change, body)).status, 400)
      const { status } = await browser.json(flow.routes.change, { ...linkBody(flow, mail), new_password: after })
      assert.equal(status, 200)
    } else {
      const fields = { [flow.fields.password]: after, [flow.fields.confirm]: after }
      const path = await arrive(browser, flow, mail)
      assert.equal((await submit(browser, path, { ...fields, ...extra })).status, 303)
      await submit(stranger(bench), flow.routes.ask, { [flow.fields.email]: owner, ...extra })
    }
    for (const row of rowsIn(bench).users!) {
      const old = users!.find((one) => one.id === row.id)!
      const { password_hash, reset_token: _, reset_token_expiry: __, ...others } = row
      for (const [column, value] of Object.entries(others)) assert.equal(value, old[column], `${flow.name}: ${column}`)
      assert.equal(password_hash === old.password_hash, String(row.id) !== id)
    }
    assert.equal(({} as Record<string, unknown>).role, undefined, 'nor of every object')
    // The next flow starts from the old password again.
    sql(
      bench,
      'UPDATE users SET password_hash = ? WHERE id = ?',
      String(users!.find((one) => String(one.id) === id)!.password_hash),
      id,
    )
    bench.clock.turn({ days: 1, minutes: 1 })
  }
})

// Passwords, byte for byte

const at72 = `Aa1!${'x'.repeat(68)}`
const umlauts = `Aa1!${'ü'.repeat(34)}`

/** A password, and what is not it. */
const twins: readonly [password: string, others: readonly string[]][] = [
  [`${at72}y`, [at72, `${at72}z`]],
  [`${umlauts}y`, [umlauts, `${umlauts}z`, `${umlauts.slice(0, -1)}y`]],
  [`Aa1!${'🗝'.repeat(252)}`, [`Aa1!${'🗝'.repeat(251)}`, `Aa1!${'🗝'.repeat(17)}`]],
  ['  Wide-Harbour-5!  ', ['Wide-Harbour-5!', '  Wide-Harbour-5!', 'Wide-Harbour-5!  ']],
  ['Wide\u00a0Harbour-5!', ['Wide Harbour-5!', 'WideHarbour-5!']],
  ['Zo\u00eb-Harbour-5!', ['Zoe-Harbour-5!', 'zo\u00eb-harbour-5!']],
  ['ﬁne-Harbour-5!X', ['fine-Harbour-5!X']],
  ['Пароль-Гавань-5!', ['Пароль-Гавань-5']],
]

inMemory('every byte of a password counts, in every flow, and is the same at the log-in', async (open) => {
  for (const flow of allFlows) {
    const bench = await open()
    await person(bench, owner)
    // Once through all of them is enough for what the flows share.
    for (const [password, others] of flow === classic ? twins : twins.slice(0, 4)) {
      const page = await resetAnew(bench, flow, password)
      assert.ok(isSuccess(page), `${flow.name}: ${password.slice(0, 20)} is answered ${page.status}`)
      assert.equal(await logsIn(bench, owner, password), true, password.slice(0, 20))
      for (const other of flow === classic ? others : others.slice(0, 1)) {
        assert.equal(await logsIn(bench, owner, other), false, `${password.slice(0, 20)} is not ${other.slice(0, 20)}`)
      }
      bench.clock.turn({ days: 1, minutes: 1 })
    }
  }
})

inMemory('one letter in its two ways of Unicode is one password, and what merely looks alike is not', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const [composed, decomposed] = ['Ame\u0301lie-Rose-7!'.normalize('NFC'), 'Ame\u0301lie-Rose-7!'.normalize('NFD')]
  assert.notEqual(composed, decomposed)
  await resetAnew(bench, spa, decomposed)
  for (const [password, right] of [
    [composed, true],
    [decomposed, true],
    ['Amelie-Rose-7!', false],
    ['\uff21mélie-Rose-7!', false],
    ['Amélie-Rose-７!', false],
  ] as const) {
    assert.equal(await logsIn(bench, owner, password), right, password)
  }
})

onSqlite(
  'a password is kept as Argon2id at 19 MiB and two passes, salted, and a weaker one is renewed by its reset',
  async (open) => {
    const bench = await open({ realHashes: true })
    const weak = '$argon2id$v=19$m=4096,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$Vd6yfKcZqLeHQZEbvPYqlBkcKF0ZV2cNXxYfYQ8kR0g'
    const people = [owner, 'ben@example.org']
    for (const email of people) await person(bench, email, { passwordHash: weak })
    for (const email of people) {
      assert.ok(isSuccess(await reset(stranger(bench), classic, await letterFor(bench, classic, email), after)))
    }
    const hashes = rowsIn(bench).users!.map(({ password_hash }) => String(password_hash))
    for (const hash of hashes) assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    assert.notEqual(hashes[0], hashes[1], 'one password, two salts')
  },
)

/** Counts what the hasher does, and lets it do it. */
function countHashes(bench: Bench): { hashed: number; verified: number } {
  const count = { hashed: 0, verified: 0 }
  const { hasher } = bench.kit
  Object.assign(bench.kit, {
    hasher: {
      hash(password: string) {
        count.hashed++
        return hasher.hash(password)
      },
      verify(stored: string | null, password: string) {
        count.verified++
        return hasher.verify(stored, password)
      },
      matches(stored: string, password: string) {
        count.verified++
        return hasher.matches(stored, password)
      },
      refuses: hasher.refuses,
    },
  })
  return count
}

inMemory('what is no password, or too long for one, is refused plainly before anything is hashed', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const { token } = linkBody(spa, await letterFor(bench, spa, owner))
  const count = countHashes(bench)
  const refused: [password: string, status: number][] = [
    ['', 422],
    ['Short-1', 422],
    ['Good-Kettle\u0000-5!', 422],
    ['Good-Kettle-5!\u0000', 422],
    ['Good-Kettle-5!\r\n', 422],
    ['Good\u001b[31m-Kettle-5!', 422],
    ['Good-Kettle\ud800-5!', 400],
    [`Aa1!${'x'.repeat(253)}`, 422],
    [`Aa1!${'🗝'.repeat(253)}`, 422],
    [`Aa1!${'x'.repeat(8_189)}`, 400],
    [`Aa1!${'x'.repeat(20_000)}`, 413],
  ]
  for (const [password, status] of refused) {
    const answer = await stranger(bench).json(spa.routes.change, { token, new_password: password })
    assert.ok(
      [status, status === 400 ? 422 : status].includes(answer.status),
      `${JSON.stringify(password.slice(0, 20))} is answered ${answer.status}`,
    )
  }
  assert.deepEqual(count, { hashed: 0, verified: 0 })
  assert.equal((await stranger(bench).json(spa.routes.change, { token, new_password: after })).status, 200)
  assert.equal(count.hashed, 1, 'and the token was not spent')
})

inMemory('whoever has no proof makes nobody hash, however often and long', async (open) => {
  const bench = await open()
  await person(bench, owner)
  for (const flow of allFlows) await letterFor(bench, flow, owner)
  const count = countHashes(bench)
  const token = 'k'.repeat(65)
  for (const flow of allFlows) {
    const program = stranger(bench)
    for (let tries = 0; tries < 20; tries++) {
      for (const by of [{ token }, { grant: token }, { token, uid: 'MQ' }]) {
        const { status } = await program.json(`/api/flows/${flow.name}/change`, { ...by, password: after })
        assert.ok(status === 410 || status === 400)
      }
    }
    if (flow.face === 'json') continue
    const both = { [flow.fields.password]: after, [flow.fields.confirm]: after }
    for (const more of [{}, { [flow.fields.token]: token }, { challenge: 'x' }]) {
      await stranger(bench).post(flow.routes.set, { ...both, ...more }, { 'sec-fetch-site': 'same-origin' })
    }
  }
  const typed = { flow_id: 'x', email: owner, code: '123456' }
  await stranger(bench).json(`/api/flows/${code.name}/prove`, typed)
  assert.deepEqual(count, { hashed: 0, verified: 0 })
})

// Log-ins and limits around it

onEachStore(
  'who has no password, one in another form, or no account fails alike, and costs a hash as any other',
  async (open) => {
    const bench = await open()
    await person(bench, owner)
    const hashes: Record<string, string | null> = {
      'no password': null,
      'an empty one': '',
      'one switched off': '!',
      'bcrypt of elsewhere': '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW',
      'one of Django': 'pbkdf2_sha256$600000$salt$hash',
      'a text in clear': before,
    }
    const kinds = Object.keys(hashes)
    for (const [index, kind] of kinds.entries()) {
      await person(bench, `kind.${index}@example.org`, { passwordHash: hashes[kind]! })
    }
    const count = countHashes(bench)
    const answers = []
    for (const name of [owner, 'nobody@example.org', ...kinds.map((_, index) => `kind.${index}@example.org`)]) {
      for (const password of ['Wrong-Kettle-5!', name === owner ? 'Wrong-Harbour-6!' : before]) {
        count.verified = 0
        const form = { username: name, password }
        const page = await stranger(bench).post('/login/', form, { 'sec-fetch-site': 'same-origin' })
        assert.equal(count.verified, 1, `${name} costs one comparison`)
        const text = page.text.replaceAll(name, '<name>').replaceAll(/value="[\w-]{43}"/g, '')
        answers.push([page.status, text, [...page.headers.keys()].sort()])
      }
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    assert.equal(answers[0]![0], 403)
  },
)

inMemory('a network address that cannot be read has its limit all the same', async (open) => {
  const junk = [
    'a',
    ',',
    'unknown',
    '999.1.1.1',
    '[::zz',
    '-',
    '1.2.3',
    'localhost',
    '0x7f000001',
    '1.2.3.4.5',
    '::g',
    '"',
  ]
  const limits = { logInsPerNetwork: [{ max: 10, ms: 900_000 }] }
  const bench = await open({ trustedProxies: ['10.0.0.0/8'], limits })
  const from = (index: number) => {
    const value = `${junk[index % junk.length]}${index}`
    const headers = { 'x-forwarded-for': value, forwarded: `for=${value}`, 'x-real-ip': value }
    return bench.browser({ address: '10.1.2.3', headers })
  }
  const statuses: number[] = []
  for (let index = 0; index < 30; index++) {
    const page = await from(index).json(spa.routes.ask, { email: `person.${index}@example.org` })
    statuses.push(page.status)
  }
  assert.deepEqual(statuses.slice(0, 20), Array(20).fill(200))
  assert.deepEqual(statuses.slice(20), Array(10).fill(429))
  const logins: number[] = []
  for (let index = 0; index < 12; index++) {
    const form = { username: `person.${index}`, password: 'x' }
    logins.push((await from(index).post('/login/', form, { 'sec-fetch-site': 'same-origin' })).status)
  }
  assert.equal(logins[9], 403)
  assert.equal(logins.at(-1), 429)
  const real = bench.browser({ address: '10.1.2.3', headers: { 'x-forwarded-for': '198.51.100.77' } })
  assert.equal((await real.json(spa.routes.ask, { email: owner })).status, 200, 'and a real one has its own')
})
