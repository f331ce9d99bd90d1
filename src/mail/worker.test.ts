/** What is promised of letters that a worker holds and does not know of. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Caller } from '../engine/audit.ts'
import { Fault, MailServerGone } from '../engine/outcome.ts'
import type { Database, Store } from '../engine/ports.ts'
import { verbs } from '../engine/verbs.ts'
import { flows } from '../index.ts'
import { memory } from '../stores/memory.ts'
import { testRecovery } from '../testing/index.ts'

const caller: Caller = { network: '', block: '', agent: '', browser: null, devices: [], locale: 'en', requestId: '' }

/** The reference store on a way that breaks: after letters were leased, or before one is settled and before it is put back. */
function breaking(at: 'lease' | 'settle'): Database {
  const database = memory()
  const lost = new Fault('database-busy', 'The connection is gone.')
  let times = at === 'lease' ? 1 : 2
  const breaks = (): boolean => times-- > 0
  const over = (store: Store): Pick<Store, 'lease' | 'settle'> => ({
    async lease(...given) {
      const leased = await store.lease(...given)
      if (at === 'lease' && leased.length > 0 && breaks()) throw lost
      return leased
    },
    async settle(...given) {
      if (at === 'settle' && breaks()) throw lost
      return store.settle(...given)
    },
  })
  return {
    ...database,
    async open(...given) {
      const opened = await database.open(...given)
      return { ...opened, store: { ...opened.store, ...over(opened.store) } }
    },
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    assert.ok(tries < 500, `never: ${what}`)
    await sleep(10)
  }
}

/** A worker that is busy from then on, for the letter to bea hangs in the mail server. */
async function busyWorker(t: TestContext, at: 'lease' | 'settle') {
  const begun: string[] = []
  const hang = Promise.withResolvers<void>()
  const send = async ({ to }: { to: string }): Promise<void> => {
    begun.push(to)
    if (to === 'bea@example.org') await hang.promise
  }
  const mail = { from: 'App <no-reply@example.com>', send }
  const recovery = await testRecovery({ database: breaking(at), mail, worker: true })
  t.after(async () => {
    hang.resolve()
    await recovery.close()
  })
  const { request } = verbs(recovery.kit)
  const ask = async (name: string): Promise<void> => {
    const address = `${name}@example.org`
    await recovery.account({ email: address, password: 'Old-Kettle-17!' })
    assert.ok((await request(flows.spa, { address, caller, previous: null, resend: false })).ok)
  }
  return { recovery, begun, ask }
}

for (const [at, what, message] of [
  ['lease', 'leased when the connection broke', 'the outbox does not answer'],
  ['settle', 'sent and not settled, for the connection broke,', 'a letter could not be settled; its lease will end'],
] as const) {
  test(`a letter that was ${what} has its turn when its lease ends, however busy the worker is`, async (t) => {
    const { recovery, begun, ask } = await busyWorker(t, at)
    const toAna = () => begun.filter((to) => to === 'ana@example.org').length
    await ask('ana')
    await until('the connection broke', () => recovery.log.some((entry) => entry.message === message))
    const before = toAna()
    await ask('bea')
    await until('the letter to bea is on its way', () => begun.includes('bea@example.org'))
    recovery.clock.turn({ seconds: 5 })
    await ask('cleo')
    await until('the letter to cleo has left', () => begun.includes('cleo@example.org'))
    recovery.clock.turn({ seconds: 8 })
    await ask('dora')
    await until('the letter to ana has its turn', () => toAna() === before + 1)
  })
}

test('while the mail server is not there one letter knocks at a time, and when it is back all leave', async (t) => {
  const [knocked, left]: string[][] = [[], []]
  let isThere = false
  const send = async ({ to }: { to: string }): Promise<void> => {
    knocked!.push(to)
    if (!isThere) throw new MailServerGone('connect ECONNREFUSED')
    left!.push(to)
  }
  const mail = { from: 'App <no-reply@example.com>', send }
  const recovery = await testRecovery({ database: memory(), mail, worker: true })
  t.after(() => recovery.close())
  const { request } = verbs(recovery.kit)
  const ask = async (name: string): Promise<void> => {
    const address = `${name}@example.org`
    await recovery.account({ email: address, password: 'Old-Kettle-17!' })
    assert.ok((await request(flows.spa, { address, caller, previous: null, resend: false })).ok)
  }
  await ask('ana')
  await until('the first letter knocked', () => knocked!.length === 1)
  for (const name of ['bea', 'cleo', 'dora', 'ema']) await ask(name)
  await sleep(200)
  assert.equal(knocked!.length, 1, 'others rest')
  recovery.clock.turn({ seconds: 2 })
  await until('another knocked', () => knocked!.length === 2)
  await sleep(200)
  assert.equal(knocked!.length, 2, 'one at a time')
  isThere = true
  recovery.clock.turn({ seconds: 60 })
  await until('all have left', () => left!.length === 5)
})
