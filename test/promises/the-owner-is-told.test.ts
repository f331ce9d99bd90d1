/**
 * The last line of defence against everything else going wrong is a letter: "Your password was changed", to the address
 * that was good a moment before. Whoever takes an account tries to keep that letter from its owner: changes the address
 * first thing, deletes the account, or waits for a mail server to be down. Parse Server's raced tokens (CVE-2026-32943)
 * and Rails applications without Devise's optional notice lost accounts that nobody missed for weeks. So the notice is
 * queued in the transaction of the change, for the address of that moment, and goes out for three days.
 */
import assert from 'node:assert/strict'
import type { Flow } from '../../src/engine/flow.ts'
import { classic, code, spa, stateless } from '../../src/flows/index.ts'
import { codeIn } from '../../src/testing/index.ts'
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
  onEachStore,
  onSqlite,
  person,
  reset,
  sql,
  stranger,
} from './kit.ts'

const owner = 'ana@example.org'
const mallory = 'mallory@example.net'

/** Letters that left since. */
async function since(bench: Bench, had: number) {
  await bench.worker.drain()
  return bench.letters.slice(0, bench.letters.length - had)
}

async function changeByApi(bench: Bench, flow: Flow): Promise<void> {
  const program = stranger(bench)
  let proof: object
  if (flow.proof.kind === 'code') {
    const { body } = await askApi(program, flow, owner)
    const typed = { flow_id: body.flow_id, email: owner, code: codeIn((await bench.mail())!) }
    proof = { grant: (await program.json('/api/flows/code/prove', typed)).body.grant }
  } else {
    proof = linkBody(flow, await letterFor(bench, flow, owner))
  }
  const changed = await program.json(`/api/flows/${flow.name}/change`, { ...proof, password: after })
  assert.equal(changed.status, 200)
}

async function changeByPages(bench: Bench, flow: Flow): Promise<void> {
  const browser = stranger(bench)
  const mail = await letterFor(bench, flow, owner, browser)
  assert.ok(isSuccess(await reset(browser, flow, mail, after)))
}

for (const flow of allFlows) {
  onEachStore(`a change by ${flow.name} is told of, once, and the notice opens nothing`, async (open) => {
    for (const change of [changeByPages, changeByApi]) {
      const bench = await open()
      await person(bench, owner)
      await change(bench, flow)
      const had = bench.letters.length
      const notices = await since(bench, had)
      assert.deepEqual(
        notices.map(({ to }) => to),
        [owner],
      )
      const { subject, text, html } = notices[0]!
      assert.match(subject, /password was changed/i)
      // Who reads it may ask for a reset of his own; no token stands in it, for a notice goes where nobody proved anything.
      const path = flow.face === 'json' ? flow.routes.spa.ask : flow.routes.ask
      assert.ok(text.includes(path), 'says where to go if it was somebody else')
      assert.doesNotMatch(text + html, /[\w-]{43}/)
      bench.clock.turn({ days: 4 })
      assert.deepEqual(await since(bench, had + 1), [], 'once')
    }
  })
}

onEachStore('what was refused is not told of as done', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const { token } = linkBody(spa, await letterFor(bench, spa, owner))
  const had = bench.letters.length
  const program = stranger(bench)
  for (const new_password of ['short', before, '']) await program.json(spa.routes.change, { token, new_password })
  await program.json(spa.routes.change, { token: token.replace(/.$/, '_'), new_password: after })
  assert.deepEqual(await since(bench, had), [])
})

// Whoever wants to keep the letter from its owner

for (const [name, statement] of [
  ['the address is changed', `UPDATE users SET email = '${mallory}'`],
  ['the address is taken away', `UPDATE users SET email = ''`],
  ['the account is closed', 'UPDATE users SET is_active = 0'],
  ['the account is deleted', 'DELETE FROM users'],
] as const) {
  onSqlite(`the notice reaches the owner when ${name} before it leaves`, async (open) => {
    for (const flow of allFlows) {
      const bench = await open()
      await person(bench, owner)
      await changeByApi(bench, flow)
      const had = bench.letters.length
      sql(bench, statement)
      const notices = await since(bench, had)
      assert.deepEqual(
        notices.map(({ to }) => to),
        [owner],
        flow.name,
      )
      assert.match(notices[0]!.subject, /password was changed/i)
    }
  })
}

onSqlite('the next notice goes to the next address', async (open) => {
  const bench = await open()
  await person(bench, owner)
  await changeByApi(bench, classic)
  await bench.worker.drain()
  sql(bench, `UPDATE users SET email = 'ana@new.example.org'`)
  bench.clock.turn({ minutes: 20 })
  const mail = await letterFor(bench, stateless, 'ana@new.example.org')
  const had = bench.letters.length
  assert.ok(isSuccess(await reset(stranger(bench), stateless, mail, 'Third-Meadow-29!')))
  assert.deepEqual(
    (await since(bench, had)).map(({ to }) => to),
    ['ana@new.example.org'],
  )
})

/** A mail function that can be down. */
function postOffice() {
  const office = { down: false, sent: [] as { to: string; subject: string; text: string }[] }
  const send = async (mail: { to: string; subject: string; text: string }): Promise<void> => {
    if (office.down) throw new Error('down')
    office.sent.push(mail)
  }
  return { office, mail: { from: 'no-reply@example.com', send } }
}

onEachStore(
  'a mail server that is down during the change, and for two days after, keeps the notice from nobody',
  async (open) => {
    const { office, mail } = postOffice()
    const bench = await open({ mail })
    await person(bench, owner)
    await ask(stranger(bench), spa, owner)
    await bench.worker.drain()
    const token = /reset-password\/([\w-]{65})/.exec(office.sent[0]!.text)![1]
    office.down = true
    const changed = await stranger(bench).json(spa.routes.change, { token, new_password: after })
    assert.equal(changed.status, 200, 'the change waits for no mail server')
    for (let quarter = 0; quarter < 2 * 96; quarter++) {
      await bench.worker.drain()
      bench.clock.turn({ minutes: 15 })
    }
    office.down = false
    bench.clock.turn({ minutes: 20 })
    await bench.worker.drain()
    assert.equal(office.sent.length, 2)
    assert.equal(office.sent[1]!.to, owner)
    assert.match(office.sent[1]!.subject, /password was changed/i)
  },
)

onEachStore('a notice that could not be sent in three days is an event', async (open) => {
  const { office, mail } = postOffice()
  const bench = await open({ mail })
  await person(bench, owner)
  await ask(stranger(bench), spa, owner)
  await bench.worker.drain()
  const token = /reset-password\/([\w-]{65})/.exec(office.sent[0]!.text)![1]
  office.down = true
  await stranger(bench).json(spa.routes.change, { token, new_password: after })
  bench.clock.turn({ days: 3 })
  await bench.worker.drain()
  const lost = (await eventsOf(bench)).filter(({ name }) => name === 'letter.expired')
  assert.equal(lost.length, 1)
  assert.equal(lost[0]!.accountId, (await bench.accounts.byAddress(owner))[0]!.id)
})

// Too many tries

onEachStore('too many wrong codes are told of, once in a day, and only to somebody who is there', async (open) => {
  const bench = await open()
  await person(bench, owner)
  const guess = async (address: string, from: number, most = 5): Promise<void> => {
    await bench.mail()
    const had = bench.letters.length
    const { body } = await askApi(stranger(bench), code, address)
    await bench.mail()
    const real = bench.letters.length > had ? Number(codeIn(bench.letters[0]!)) : 0
    for (let tries = 0; tries < most; tries++) {
      const typed = String((real + from + tries) % 1_000_000).padStart(6, '0')
      await stranger(bench).json('/api/flows/code/prove', { flow_id: body.flow_id, email: address, code: typed })
    }
  }
  const notices = () =>
    bench.letters.filter(
      ({ text }) => !/\d{6}/.test(text.replaceAll(/\d{4}-|:\d\d/g, '')) && !/password-reset-link/.test(text),
    )
  await guess(owner, 1)
  await guess(owner, 10, 4)
  await bench.mail()
  assert.equal(notices().length, 0, 'nine are not yet too many')
  await guess(owner, 20, 1)
  await bench.mail()
  assert.equal(notices().length, 1, 'it leaves with the tenth')
  await guess(owner, 25)
  await bench.mail()
  assert.equal(notices().length, 1, 'and not with the eleventh')
  assert.equal(notices()[0]!.to, owner)
  assert.doesNotMatch(notices()[0]!.text, /[\w-]{43}/)
  bench.clock.turn({ minutes: 20 })
  for (let round = 0; round < 3; round++) await guess(owner, 30 + 10 * round)
  await bench.mail()
  assert.equal(notices().length, 1, 'once')
  for (let round = 0; round < 3; round++) await guess('nobody@example.org', 10 * round)
  await bench.mail()
  assert.deepEqual(
    bench.letters.filter(({ to }) => to !== owner),
    [],
  )
})
