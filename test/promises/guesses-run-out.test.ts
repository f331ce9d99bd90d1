/**
 * Six digits are a million guesses, so what protects a code is the count of tries, and nothing else. Counts that were
 * kept per address, per challenge or per process were got round by the hundred: Mastodon's limiter believed a header that
 * anybody can send (CVE-2023-49952), Dify and others could be asked for a new code and a new round of guesses for ever
 * (CVE-2024-12039), django-allauth forgave a whole network when one log-in in it was right, and Instagram's recovery
 * fell to a million tries from a thousand addresses in 2019. Others never compared at all: October CMS took `true` for
 * any stored code (CVE-2021-32648), Strapi an empty one (CVE-2019-18818), OTRS a wildcard (CVE-2020-1772), Joomla a
 * quotation mark (CVE-2008-3681). Here the guesses come at once, from everywhere, spelt in every way, and run out.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Database } from '../../src/engine/ports.ts'
import { classic, code, spa, verified } from '../../src/flows/index.ts'
import { memory } from '../../src/stores/memory.ts'
import { codeIn, linkIn } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  arrive,
  ask,
  askApi,
  type Bench,
  before,
  eventsOf,
  freshAddress,
  inMemory,
  isSuccess,
  letterFor,
  linkBody,
  linkFlows,
  logsIn,
  onAllStores,
  onSqlite,
  openBench,
  origin,
  person,
  rowsIn,
  stranger,
  temporaryFolder,
} from './kit.ts'

const owner = 'ana@example.org'

/** Codes that are not this one, all different. */
const wrongOnes = (real: string, count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, at) => String((Number(real) + from + at) % 1_000_000).padStart(6, '0'))

const compared = async (bench: Bench): Promise<number> =>
  (await eventsOf(bench)).filter(({ because }) => because === 'wrong code').length

/** Opens a flow as a program from a network of its own; the code is empty when the letter has none. */
async function open(bench: Bench, address = owner): Promise<{ flow_id: string; real: string }> {
  await bench.mail()
  const had = bench.letters.length
  const { body } = await askApi(stranger(bench), code, address)
  await bench.mail()
  const mail = bench.letters.length > had ? bench.letters[0] : undefined
  return { flow_id: body.flow_id, real: mail ? codeIn(mail) : '' }
}

const type = async (bench: Bench, flow_id: string, typed: unknown, email: unknown = owner) =>
  stranger(bench).json('/api/flows/code/prove', { flow_id, email, code: typed })

onAllStores('five hundred guesses at once on one code: five are compared, and then the code is dead', async (start) => {
  const bench = await start()
  await person(bench, owner)
  const { flow_id, real } = await open(bench)
  const answers = await Promise.all(wrongOnes(real, 500).map((typed) => type(bench, flow_id, typed)))
  for (const { status, body } of answers) assert.deepEqual([status, body.code], [400, 'code-dead'])
  assert.equal(await compared(bench), 5)
  const right = await type(bench, flow_id, real)
  assert.equal(right.body.code, 'code-dead', 'the right one comes too late')
})

onAllStores('the fifth try may be the right one; it is given back to the account', async (start) => {
  const bench = await start()
  await person(bench, owner)
  for (let round = 0; round < 2; round++) {
    const { flow_id, real } = await open(bench)
    for (const typed of wrongOnes(real, 4)) assert.equal((await type(bench, flow_id, typed)).status, 400)
    assert.equal((await type(bench, flow_id, real)).status, 200)
    assert.equal((await type(bench, flow_id, real)).status, 400, 'once')
    bench.clock.turn({ minutes: 16 })
  }
  // Eight wrong ones so far, and two right ones, which count for nothing: two more may be wrong.
  const { flow_id, real } = await open(bench)
  for (const typed of wrongOnes(real, 3)) await type(bench, flow_id, typed)
  assert.equal(await compared(bench), 10)
})

onAllStores('a new flow, a new network and a new code for each guess: ten are compared in a day', async (start) => {
  const bench = await start()
  await person(bench, owner)
  for (let quarter = 0; quarter < 90; quarter++) {
    for (let flows = 0; flows < (quarter < 8 ? 4 : 1); flows++) {
      const { flow_id, real } = await open(bench)
      for (const typed of wrongOnes(real || '500000', 3, 1 + quarter)) await type(bench, flow_id, typed)
    }
    bench.clock.turn({ minutes: 15 })
  }
  assert.equal(await compared(bench), 10)
})

inMemory('nobody who goes on for a month gets more than fifty, and the owner still gets in by link', async (start) => {
  const bench = await start()
  await person(bench, owner)
  for (let day = 0; day < 30; day++) {
    for (let flows = 0; flows < 4; flows++) {
      const { flow_id, real } = await open(bench)
      for (const typed of wrongOnes(real || '500000', 4, 1 + day)) await type(bench, flow_id, typed)
    }
    bench.clock.turn({ days: 1, minutes: 1 })
  }
  assert.equal(await compared(bench), 50)
  const mail = await letterFor(bench, code, owner)
  assert.equal(codeIn(mail), '')
  const phone = stranger(bench)
  const page = await phone.look(linkIn(mail).slice(origin.length))
  assert.equal(page.status, 303)
  const { body } = await phone.json('/api/flows/code/prove', { token: linkIn(mail).split('/').at(-2) })
  const changed = await phone.json('/api/flows/code/change', { grant: body.grant, password: after })
  assert.equal(changed.status, 200)
  bench.clock.turn({ minutes: 16 })
  assert.notEqual((await open(bench)).real, '', 'and after that codes work again')
})

onAllStores('a success somewhere else forgives nothing', async (start) => {
  const bench = await start()
  await person(bench, owner)
  await person(bench, 'mallory@example.org')
  const thief = bench.browser({ address: '192.0.2.9' })
  for (let round = 0; round < 5; round++) {
    const { flow_id, real } = await open(bench)
    for (const typed of wrongOnes(real || '500000', 4, 1 + round)) {
      await thief.json('/api/flows/code/prove', { flow_id, email: owner, code: typed })
    }
    const own = await open(bench, 'mallory@example.org')
    const proof = { flow_id: own.flow_id, email: 'mallory@example.org', code: own.real }
    assert.equal((await thief.json('/api/flows/code/prove', proof)).status, 200)
    bench.clock.turn({ minutes: 16 })
  }
  assert.equal(await compared(bench), 10)
})

test('a restart keeps every count', async () => {
  const { path, remove } = temporaryFolder()
  const file = join(path, 'app.db')
  let bench = await openBench(file)
  try {
    await person(bench, owner)
    const restart = async (): Promise<void> => {
      const { clock } = bench
      await bench.close()
      bench = await openBench(file, { clock })
    }
    const first = await open(bench)
    let guesses = 0
    for (const typed of wrongOnes(first.real, 8)) {
      await restart()
      await type(bench, first.flow_id, typed)
      guesses++
    }
    assert.equal(guesses, 8)
    assert.equal(await compared(bench), 5, 'tries of a code')
    for (let flows = 0; flows < 4; flows++) {
      await restart()
      const { flow_id, real } = await open(bench)
      for (const typed of wrongOnes(real || '500000', 3, 20 + flows)) await type(bench, flow_id, typed)
    }
    assert.equal(await compared(bench), 10, 'wrong codes of an account')
    const asks: number[] = []
    for (let count = 0; count < 5; count++) {
      await restart()
      asks.push((await askApi(bench.browser({ address: '192.0.2.77' }), spa, 'bob@example.org')).status)
    }
    assert.deepEqual(asks, [200, 200, 200, 429, 429], 'asks of a caller')
    const logins: number[] = []
    for (let count = 0; count < 12; count++) {
      if (count % 4 === 0) await restart()
      const fields = { username: owner, password: 'Wrong-Guess-55!' }
      logins.push((await stranger(bench).post('/login/', fields, { 'sec-fetch-site': 'same-origin' })).status)
    }
    assert.deepEqual(logins, [...Array(10).fill(403), 429, 429], 'failed log-ins')
  } finally {
    await bench.close()
    remove()
  }
})

// Spellings

const spellings = [
  'ANA@example.org',
  'Ana@Example.ORG',
  ' ana@example.org ',
  '\u00a0ana@example.org',
  'ana@EXAMPLE。org',
  'ana@ｅｘａｍｐｌｅ.org',
]

inMemory('no spelling of an address has counts of its own', async (start) => {
  const bench = await start()
  await person(bench, owner)
  const statuses: number[] = []
  const caller = bench.browser({ address: '192.0.2.5' })
  for (const spelling of spellings) statuses.push((await askApi(caller, spa, spelling)).status)
  assert.equal(statuses.filter((status) => status === 200).length, 3, String(statuses))
  assert.ok(statuses.every((status) => [200, 400, 429].includes(status)))
  bench.clock.turn({ minutes: 16 })

  for (let flows = 0; flows < 5; flows++) {
    const { flow_id, real } = await open(bench, spellings[flows % spellings.length]!)
    for (const [index, typed] of wrongOnes(real || '500000', 4, 1 + 4 * flows).entries()) {
      await type(bench, flow_id, typed, spellings[index % spellings.length])
    }
  }
  assert.equal(await compared(bench), 10)

  const logins: number[] = []
  for (let count = 0; count < 18; count++) {
    const fields = { username: spellings[count % spellings.length]!, password: 'Wrong-Guess-55!' }
    logins.push((await stranger(bench).post('/login/', fields, { 'sec-fetch-site': 'same-origin' })).status)
  }
  assert.equal(logins.filter((status) => status === 403).length, 10)
})

inMemory('no spelling of a code is a try more', async (start) => {
  const bench = await start()
  await person(bench, owner)
  const { flow_id, real } = await open(bench)
  const [one = ''] = wrongOnes(real, 1)
  const fullWidth = [...one].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join('')
  const ways = [
    `${one.slice(0, 3)} ${one.slice(3)}`,
    `${one.slice(0, 3)}-${one.slice(3)}`,
    fullWidth,
    ` ${one}\u200b`,
    one,
  ]
  for (const way of ways) await type(bench, flow_id, way)
  assert.equal(await compared(bench), 5)
  assert.equal((await type(bench, flow_id, real)).status, 400)
})

inMemory('the right code may be written as people and telephones write it', async (start) => {
  for (const write of [
    (real: string) => `${real.slice(0, 3)} ${real.slice(3)}`,
    (real: string) => ` ${real}\n`,
    (real: string) => [...real].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join(''),
  ]) {
    const bench = await start()
    await person(bench, owner)
    const { flow_id, real } = await open(bench)
    assert.equal((await type(bench, flow_id, write(real))).status, 200)
  }
})

inMemory('no header lends a caller another address', async (start) => {
  const bench = await start()
  const names = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'client-ip', 'true-client-ip', 'cf-connecting-ip']
  const caller = bench.browser({ address: '192.0.2.50' })
  const statuses: number[] = []
  for (let count = 0; count < 30; count++) {
    const spoofed = Object.fromEntries(
      names.map((name) => [name, name === 'forwarded' ? `for=10.0.0.${count}` : `10.0.0.${count}`]),
    )
    statuses.push((await caller.json('/api/flows/spa/request', { email: `p${count}@example.org` }, spoofed)).status)
  }
  assert.equal(statuses.filter((status) => status === 200).length, 20)

  const behind = await start({ trustedProxies: ['192.0.2.0/24'] })
  const through = async (chain: string, count: number) =>
    (
      await behind
        .browser({ address: '192.0.2.50' })
        .json('/api/flows/spa/request', { email: `q${count}@example.org` }, { 'x-forwarded-for': chain })
    ).status
  const hops: number[] = []
  // What the caller wrote stands to the left; the trusted proxy's own word is the last.
  for (let count = 0; count < 30; count++) hops.push(await through(`10.1.1.${count}, 203.0.113.9`, count))
  assert.equal(hops.filter((status) => status === 200).length, 20)
  for (const junk of ['a', ',', ', ,', '::ffff:1.2.3.4%eth0', '1.2.3.4:99999', Array(10_000).fill('x').join(',')]) {
    assert.ok([200, 429].includes(await through(junk, 999)), junk.slice(0, 20))
  }
})

inMemory('an address of IPv6 is counted by its network, for a house has 2^64 of them', async (start) => {
  const bench = await start()
  const statuses: number[] = []
  for (let count = 0; count < 30; count++) {
    const caller = bench.browser({ address: `2001:db8:1:2:${count.toString(16)}::1` })
    statuses.push((await askApi(caller, spa, `p${count}@example.org`)).status)
  }
  assert.equal(statuses.filter((status) => status === 200).length, 20)
  for (let count = 0; count < 30; count++) {
    const caller = bench.browser({ address: `2001:db8:2:${count.toString(16)}::1` })
    statuses.push((await askApi(caller, spa, `q${count}@example.org`)).status)
  }
  assert.equal(statuses.filter((status) => status === 200).length, 40, 'and a company has 2^16 such networks')
})

// What is no code and no token

const noSecrets: unknown[] = [
  true,
  false,
  null,
  0,
  1,
  1e1,
  '',
  ' ',
  '0e123',
  '%',
  '_',
  '*',
  '.*',
  'a%',
  "'",
  '"',
  "' OR 1=1 --",
  '\\',
  '\u0000',
  'a\u0000b',
  '%00',
  [],
  [true],
  [['x']],
  {},
  { $ne: null },
  { length: 65 },
  { toString: 'x' },
  'x'.repeat(1_048_576),
  '\ud800',
]

/** One letter of each flow is live, and every password is as it was. */
onSqlite('nothing but the secret opens: not true, not an empty text, no wildcard, no megabyte', async (start) => {
  const bench = await start()
  const live: Record<string, string> = {}
  const ids: Record<string, string> = {}
  let flow_id = ''
  for (const flow of allFlows) {
    const email = `${flow.name}.reader@example.org`
    ids[flow.name] = Buffer.from(await person(bench, email)).toString('base64url')
    if (flow.proof.kind === 'code') flow_id = (await open(bench, email)).flow_id
    else live[flow.name] = linkBody(flow, await letterFor(bench, flow, email)).token
  }
  const users = rowsIn(bench).users
  const challenges = rowsIn(bench).latchkey_challenges
  const guesses = (token: string): unknown[] => [
    ...[...token].slice(0, 1),
    `${token.slice(0, 22)}%`,
    `${token.slice(0, -1)}_`,
    `${token.slice(0, -1)}%`,
    token.slice(0, -1),
    `${token}a`,
    `${token}\u0000`,
    token.toUpperCase(),
    [token],
    { token },
    token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    ` ${token}`,
  ]
  for (const flow of allFlows) {
    const uid = flow.proof.kind === 'signed' ? { uid: ids[flow.name] } : {}
    const [sent, email] = [freshAddress(), `${flow.name}.reader@example.org`]
    const program = bench.browser({ address: sent })
    for (const secret of [...noSecrets, ...guesses(live[flow.name] ?? 'x'.repeat(65))]) {
      const shown = JSON.stringify(secret)?.slice(0, 40)
      const tries = [
        program.json(`/api/flows/${flow.name}/prove`, { token: secret, ...uid }),
        program.json(`/api/flows/${flow.name}/change`, { token: secret, ...uid, password: after }),
        program.json(`/api/flows/${flow.name}/change`, { grant: secret, password: after }),
        ...(flow.face === 'json' ? [program.json(flow.routes.change, { token: secret, new_password: after })] : []),
        ...(flow.proof.kind === 'code' && typeof secret !== 'string'
          ? [
              program.json('/api/flows/code/prove', { flow_id, email, code: secret }),
              program.json('/api/flows/code/prove', { flow_id: secret, email, code: '123456' }),
            ]
          : []),
        ...(typeof secret === 'string' && secret.isWellFormed() && flow.face === 'pages'
          ? pagesWith(bench, flow, secret)
          : []),
      ]
      for (const { status } of await Promise.all(tries)) {
        assert.ok(status >= 400 && status < 500, `${flow.name}: ${shown} is answered ${status}`)
      }
    }
  }
  const rows = rowsIn(bench)
  assert.deepEqual(rows.users, users)
  assert.deepEqual(rows.latchkey_challenges, challenges)
  for (const flow of linkFlows) {
    const body = {
      token: live[flow.name],
      ...(flow.proof.kind === 'signed' ? { uid: ids[flow.name] } : {}),
      password: after,
    }
    assert.equal(
      (await stranger(bench).json(`/api/flows/${flow.name}/change`, body)).status,
      200,
      'the live ones still live',
    )
  }
})

function pagesWith(bench: Bench, flow: (typeof allFlows)[number], secret: string): Promise<{ status: number }>[] {
  if (flow.face !== 'pages' || secret.length > 8_000) return []
  const browser = stranger(bench)
  const path = encodeURIComponent(secret)
  const fields = { [flow.fields.password]: after, [flow.fields.confirm]: after }
  return flow.routes.link.flatMap((link) => {
    const at = link.includes(':token')
      ? link.replace(':uid', 'MQ').replace(':token', path)
      : `${link}?${flow.fields.token}=${path}`
    // A path without a token is another page, or none.
    return secret.trim() === '' ? [] : [browser.look(at), browser.post(at.split('?')[0]!, { ...fields, token: secret })]
  })
}

inMemory('one step cannot be left out: no change without a proof, none with somebody else’s', async (start) => {
  const bench = await start()
  await person(bench, owner)
  await person(bench, 'mallory@example.org')
  const mallory = stranger(bench)
  const mail = await letterFor(bench, code, 'mallory@example.org', mallory)
  const fields = { [code.fields.password]: after, [code.fields.confirm]: after }
  const sameOrigin = { 'sec-fetch-site': 'same-origin' }
  for (const more of [
    {},
    { email: owner },
    { email: owner, code: codeIn(mail) },
    { challenge: '' },
    { step: 'done', verified: 'true' },
  ]) {
    const page = await stranger(bench).post(
      code.routes.set,
      { ...fields, ...more } as Record<string, string>,
      sameOrigin,
    )
    assert.equal(page.status, 410)
  }
  await ask(mallory, code, owner)
  const owners = await letterFor(bench, code, 'mallory@example.org', mallory)
  const path = await arrive(mallory, code, owners)
  const handle = new URL(path, origin).searchParams.get('c')!
  await mallory.post(
    code.routes.set,
    { ...fields, challenge: handle, email: owner, username: owner, account: owner, id: '1' },
    sameOrigin,
  )
  assert.equal(await logsIn(bench, owner, before), true, 'hers is changed, not his')
  assert.equal(await logsIn(bench, 'mallory@example.org', after), true)
})

inMemory('a code belongs to the browser or the flow that asked for it', async (start) => {
  const bench = await start()
  await person(bench, owner)
  const browser = stranger(bench)
  const mail = await letterFor(bench, code, owner, browser)
  const real = codeIn(mail)
  const thief = stranger(bench)
  await ask(thief, code, 'somebody.else@example.org')
  const page = await thief.get(code.routes.code)
  const token = /name="csrf_token" value="([^"]+)"/.exec(page.text)![1]!
  for (const email of [owner, 'somebody.else@example.org']) {
    const answer = await thief.post(code.routes.code, { csrf_token: token, email, code: real })
    assert.equal(answer.status, 400)
  }
  const { body } = await askApi(stranger(bench), code, 'somebody.else@example.org')
  assert.equal((await type(bench, body.flow_id, real)).status, 400)
  assert.equal(await compared(bench), 1, 'only the one guess at a flow of his own, for nobody')
  assert.ok(isSuccess({ status: 303, location: await arrive(browser, code, mail) }))
})

inMemory('an alarm is raised when the whole installation is guessed at', async (start) => {
  const bench = await start({ limits: { wrongCodesAlarm: [{ max: 12, ms: 86_400_000 }] } })
  for (let count = 0; count < 4; count++) {
    const email = `p${count}@example.org`
    await person(bench, email)
    const { flow_id, real } = await open(bench, email)
    for (const typed of wrongOnes(real, 4)) await type(bench, flow_id, typed, email)
  }
  const alarms = bench.log.filter((entry) => entry.level === 'error' && entry.alarm === 'wrong-codes-of-all')
  assert.equal(alarms.length, 1)
})

// Tokens

/** A database on which the clock stands and everything is asked in the same millisecond. */
inMemory('tokens made in the same millisecond share nothing but what they are about', async (start) => {
  const database: Database = memory()
  const bench = await start({ database })
  for (const flow of linkFlows) {
    const tokens: string[] = []
    for (let count = 0; count < 40; count++) {
      const email = `${flow.name}${count}@example.org`
      await person(bench, email)
      tokens.push(linkBody(flow, await letterFor(bench, flow, email)).token)
    }
    const tails = tokens.map((token) => token.slice(-43))
    assert.equal(new Set(tokens).size, 40)
    // Of 43 random characters of base64url two share 0.7 places on average; a structure would share many in all pairs.
    const shared = tails.flatMap((one, index) =>
      tails.slice(index + 1).map((other) => [...one].filter((letter, at) => letter === other[at]).length),
    )
    const mean = shared.reduce((sum, count) => sum + count, 0) / shared.length
    assert.ok(mean < 1.5, `${flow.name}: ${mean} places on average`)
    assert.notDeepEqual([...tokens].sort(), tokens, 'nor does their order tell the time')
  }
  assert.ok([classic, spa, verified].every(({ proof }) => proof.kind === 'stored'))
})
