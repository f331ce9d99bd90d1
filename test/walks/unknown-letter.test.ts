/** "No account with this address": a letter to whoever holds an address that was typed, where a flow is set to send it. */
import assert from 'node:assert/strict'
import type { Mail } from '../../src/engine/ports.ts'
import { classic, code, stateless } from '../../src/flows/index.ts'
import type { TestOptions, TestRecovery } from '../../src/testing/index.ts'
import { inMemory, onEveryStore } from '../databases.ts'
import { ana, anaIn, nobody, read, send, stranger } from './steps.ts'

const flows = [classic, stateless, code].map((flow) => ({ ...flow, tellsUnknown: true }))
const withLetters: TestOptions = { flows }

const ask = (recovery: TestRecovery, address: string, flow: (typeof flows)[number] = flows[0]!) =>
  send(stranger(recovery), flow.routes.ask, { [flow.fields.email]: address })

/** What has left for this address. */
const lettersTo = async (recovery: TestRecovery, address: string): Promise<readonly Mail[]> => {
  await recovery.mail()
  return recovery.letters.filter(({ to }) => to === address)
}

onEveryStore('an address that nobody has is told so once in seven days, over all flows', async (open) => {
  const recovery = await open(withLetters)
  await anaIn(recovery)
  for (const flow of [...flows, ...flows]) await ask(recovery, nobody, flow)
  // Another spelling of it is no other address.
  await ask(recovery, nobody.toUpperCase().replace('EXAMPLE.ORG', 'Example.org'))
  const [letter, ...more] = await lettersTo(recovery, nobody)
  assert.deepEqual(more, [])
  assert.equal(letter?.subject, 'Latchkey - No account with this address')
  assert.match(letter?.text ?? '', /There is no account with it\./)
  assert.doesNotMatch((letter?.text ?? '') + (letter?.html ?? ''), /password-reset-confirm|\d{6}(?![0-9a-f;"!)])/i)

  recovery.clock.turn({ minutes: 6 * 24 * 60 })
  await ask(recovery, nobody)
  assert.equal((await lettersTo(recovery, nobody)).length, 1)
  recovery.clock.turn({ minutes: 24 * 60 + 1 })
  await ask(recovery, nobody)
  assert.equal((await lettersTo(recovery, nobody)).length, 2)
  // Who has an account gets what they asked for.
  await ask(recovery, ana)
  assert.deepEqual(
    (await lettersTo(recovery, ana)).map(({ subject }) => subject),
    ['Reset Your Password'],
  )
  const events = await recovery.store.events(0, 1000)
  const sent = events.filter(({ name, because }) => name === 'letter.sent' && because === 'no account')
  assert.deepEqual(
    sent.map(({ accountId }) => accountId),
    [null, null],
  )
})

inMemory('the page says the same to both, and by default nobody is written to', async (open) => {
  const [on, off] = [await open(withLetters), await open()]
  for (const recovery of [on, off]) {
    await anaIn(recovery)
    const answers = await Promise.all([ask(recovery, ana), ask(recovery, nobody)])
    assert.deepEqual(
      answers.map(({ status, location }) => [status, location]),
      [
        [303, '/auth/password-reset/done/'],
        [303, '/auth/password-reset/done/'],
      ],
    )
  }
  assert.equal((await lettersTo(on, nobody)).length, 1)
  assert.equal((await lettersTo(off, nobody)).length, 0)
})

inMemory('an account that may not recover is not told of as one that is not there', async (open) => {
  const recovery = await open(withLetters)
  await recovery.account({ email: nobody, password: 'Old-Kettle-17!', active: false })
  await ask(recovery, nobody)
  assert.deepEqual(await lettersTo(recovery, nobody), [])
})

inMemory('a mail server that was away costs the one letter nothing', async (open) => {
  let away = true
  const sent: Mail[] = []
  const recovery = await open({
    flows,
    mail: {
      from: 'App <no-reply@example.com>',
      send: async (mail) => {
        if (away) throw new Error('away')
        sent.push(mail)
      },
    },
  })
  await ask(recovery, nobody)
  await ask(recovery, nobody)
  await recovery.worker.drain()
  away = false
  recovery.clock.turn({ minutes: 2 })
  await recovery.worker.drain()
  assert.deepEqual(
    sent.map(({ to, subject }) => [to, subject]),
    [[nobody, 'Latchkey - No account with this address']],
  )
})

inMemory('in development every letter can be seen, and in production none', async (open) => {
  const recovery = await open({ ...withLetters, development: true, publicUrl: 'http://localhost:3000' })
  const browser = stranger(recovery)
  const list = await browser.get('/dev/letters/')
  const names = [...list.text.matchAll(/href="\/dev\/letters\/([\w-]+)\/"/g)].map(([, name]) => name!)
  assert.equal(names.length, 4 + 4 + 6)
  for (const name of names) {
    const page = await browser.get(`/dev/letters/${name}/`)
    assert.match(read(page.text), /ana@example\.org/)
    assert.match((await browser.get(`/dev/letters/${name}/html/`)).text, /^<!doctype html>/)
  }
  assert.equal((await browser.get('/dev/letters/nothing/')).status, 404)
  const production = await open(withLetters)
  for (const path of ['/dev/letters/', `/dev/letters/${names[0]}/`, `/dev/letters/${names[0]}/html/`]) {
    assert.equal((await stranger(production).get(path)).status, 404, path)
  }
})
