/**
 * "If the email exists, a reset link has been sent": whoever reads that waits, looks into the junk folder, and asks again
 * until a limit says no. Where letters are sent beside the answer and kept in memory, each restart, each deployment and
 * each hiccup of the mail server loses some of them (the pattern of every "fire and forget" in a request handler); where
 * they are sent within it, a slow mail server makes slow answers, and slower ones for addresses that exist. And a process
 * that dies between "the token is used" and "the password is set" locks its owner out. So servers are killed here without
 * warning, mail servers are down, slow, silent and rude, and every letter that was promised must come.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after as afterAll, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { classic, code, spa } from '../../src/flows/index.ts'
import { systemClock } from '../../src/system.ts'
import {
  after,
  allFlows,
  ask,
  askApi,
  type Bench,
  eventsOf,
  inMemory,
  isSuccess,
  onAllStores,
  openBench,
  person,
  reset,
  stranger,
  temporaryFolder,
} from './kit.ts'
import { type MailServer, mailServer, type Received, silentServer } from './mail-server.ts'
import { type Child, childSecret, halfPost, post, startServer } from './server-child.ts'

const children = new Set<Child>()
afterAll(() => {
  for (const child of children) child.process.kill('SIGKILL')
})

async function start(...given: Parameters<typeof startServer>): Promise<Child> {
  const child = await startServer(...given)
  children.add(child)
  child.ended.then(() => children.delete(child))
  return child
}

/** A database with this many accounts, made before any server runs. */
async function populated(count: number): Promise<{ folder: string; file: string; remove(): void }> {
  const { path, remove } = temporaryFolder()
  const file = join(path, 'app.db')
  const bench = await openBench(file, { secret: childSecret })
  const passwordHash = await bench.hasher.hash('Old-Kettle-17!')
  await bench.accounts.add(
    Array.from({ length: count }, (_, index) => ({
      ...{ email: `person.${index}@example.org`, username: null, passwordHash, verified: true, active: true },
    })),
    Date.now(),
  )
  await bench.close()
  return { folder: path, file, remove }
}

async function until(done: () => boolean, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!done() && Date.now() < end) await sleep(50)
}

const messageId = ({ raw }: Received): string => /^Message-ID: (.*)\r$/im.exec(raw)![1]!
const lettersTo = (mail: MailServer, address: string): Received[] =>
  mail.received.filter(({ to }) => to.includes(address))

describe('processes', { concurrency: true }, () => {
  test('kill -9 in a stream of asks: every ask that was answered has its letter in the end', async () => {
    const mail = await mailServer({ delay: 60 })
    const { folder, file, remove } = await populated(120)
    try {
      const answered: string[] = []
      let next = 0
      for (const least of [12, 31, 19]) {
        const child = await start(folder, file, mail.port)
        const end = answered.length + least
        const asker = async (): Promise<void> => {
          while (child.process.exitCode === null && child.process.signalCode === null && next < 120) {
            const index = next++
            const flow = allFlows[index % allFlows.length]!
            const address = `person.${index}@example.org`
            const status = await post(child.port, `/api/flows/${flow.name}/request`, { email: address })
            if (status === 200) answered.push(address)
            if (answered.length >= end) child.process.kill('SIGKILL')
          }
        }
        await Promise.all(Array.from({ length: 8 }, asker))
        assert.equal((await child.ended).signal, 'SIGKILL')
      }
      assert.ok(answered.length >= 62)
      const missing = () => answered.filter((address) => lettersTo(mail, address).length === 0)
      assert.ok(missing().length > 0, 'the kills came before some letters')
      const child = await start(folder, file, mail.port)
      // What was on its way when its worker died is held by nobody after twelve seconds.
      await until(() => missing().length === 0, 25)
      assert.deepEqual(missing(), [])
      for (const address of answered) {
        const ids = new Set(lettersTo(mail, address).map(messageId))
        assert.equal(ids.size, 1, 'what came twice says that it is the same letter')
      }
      // The letters that waited are as good as any.
      const spas = answered.filter((_, index) => index % 7 === 0)
      for (const address of spas) {
        const text = (await lettersTo(mail, address).at(-1)!.parsed()).text ?? ''
        const token = /reset-password\/([\w-]{65})/.exec(text)?.[1]
        if (!token) continue
        assert.equal(await post(child.port, '/auth/reset-password/', { token, new_password: after }), 200)
      }
      child.process.kill('SIGKILL')
      await child.ended
    } finally {
      await mail.close()
      remove()
    }
  })

  test('kill -9 in a stream of resets: the password is set and told of, or nothing has happened', async () => {
    const mail = await mailServer()
    const count = 24
    const { folder, file, remove } = await populated(count)
    try {
      let child = await start(folder, file, mail.port)
      const tokens = new Map<string, string>()
      for (let index = 0; index < count; index++) {
        const address = `person.${index}@example.org`
        await post(child.port, '/auth/forgot-password/', { email: address })
        await until(() => lettersTo(mail, address).length > 0, 10)
        const { text = '' } = await lettersTo(mail, address)[0]!.parsed()
        tokens.set(address, /reset-password\/([\w-]{65})/.exec(text)![1]!)
      }
      const before = hashes(file)
      const told: string[] = []
      const sent = [...tokens].map(async ([address, token]) => {
        const status = await post(child.port, '/auth/reset-password/', { token, new_password: after })
        if (status === 200) told.push(address)
        if (told.length === 5) child.process.kill('SIGKILL')
      })
      await Promise.all(sent)
      await child.ended
      assert.ok(told.length >= 5)
      assert.ok(told.length < count, 'the kill came in time')
      const now = hashes(file)
      child = await start(folder, file, mail.port)
      const changed = [...tokens.keys()].filter((address) => now.get(address) !== before.get(address))
      for (const address of told) assert.ok(changed.includes(address), 'what was told of is so')
      for (const [address, token] of tokens) {
        const status = await post(child.port, '/auth/reset-password/', { token, new_password: `${after}${after}` })
        assert.equal(
          status,
          changed.includes(address) ? 400 : 200,
          'a changed password has a dead link, another a live one',
        )
      }
      const withoutNotice = () => [...tokens.keys()].filter((address) => lettersTo(mail, address).length < 2)
      await until(() => withoutNotice().length === 0, 25)
      assert.deepEqual(withoutNotice(), [], 'each change is told of')
      child.process.kill('SIGKILL')
      await child.ended
    } finally {
      await mail.close()
      remove()
    }
  })

  test('SIGTERM: answers under way are given, letters under way are given back, and go out later', async () => {
    const mail = await mailServer({ delay: Number.POSITIVE_INFINITY })
    const { folder, file, remove } = await populated(12)
    try {
      const child = await start(folder, file, mail.port)
      for (let index = 0; index < 11; index++) {
        assert.equal(await post(child.port, '/auth/forgot-password/', { email: `person.${index}@example.org` }), 200)
      }
      const half = await halfPost(child.port, '/auth/forgot-password/', '{"email":"person.11@example.org"}')
      await until(() => leases(file) > 0, 5)
      assert.ok(leases(file) > 0, 'letters are on their way')
      child.process.kill('SIGTERM')
      await sleep(300)
      const answer = await half.finish()
      assert.match(answer, /^HTTP\/1\.1 200 /)
      const { code: exit } = await child.ended
      assert.equal(exit, 0, child.output())
      assert.equal(leases(file), 0, 'nothing is held by who is gone')
      mail.manners = {}
      const smtp = { host: '127.0.0.1', port: mail.port, tls: false }
      const heir = await openBench(file, {
        secret: childSecret,
        clock: systemClock as Bench['clock'],
        mail: { smtp, from: 'no-reply@example.com' },
      })
      await heir.worker.drain()
      await heir.close()
      for (let index = 0; index < 12; index++) {
        assert.ok(lettersTo(mail, `person.${index}@example.org`).length > 0, `person.${index}`)
      }
    } finally {
      await mail.close()
      remove()
    }
  })
})

function hashes(file: string): Map<string, string> {
  const db = new DatabaseSync(file, { timeout: 5000 })
  const rows = db.prepare('SELECT email, password_hash FROM users').all()
  db.close()
  return new Map(rows.map((row) => [String(row.email), String(row.password_hash)]))
}

function leases(file: string): number {
  const db = new DatabaseSync(file, { timeout: 5000, readOnly: true })
  const row = db.prepare('SELECT count(*) AS n FROM latchkey_letters WHERE lease IS NOT NULL').get()
  db.close()
  return Number(row!.n)
}

// Mail servers

const smtpTo = (port: number, timeout = 15_000) => ({
  mail: { smtp: { host: '127.0.0.1', port, tls: false, timeout }, from: 'no-reply@example.com' },
})

/** Asks in every flow, each for somebody else; answers whom. */
async function askAll(bench: Bench, round: string): Promise<string[]> {
  const addresses: string[] = []
  for (const [index, flow] of allFlows.entries()) {
    const address = `${round}.${index}@example.org`
    await person(bench, address)
    assert.ok((await askApi(stranger(bench), flow, address)).status === 200)
    addresses.push(address)
  }
  return addresses
}

/** Goes through time in small steps, as a worker would. */
async function pass(bench: Bench, minutes: number): Promise<void> {
  for (let step = 0; step < minutes * 2; step++) {
    bench.clock.turn({ seconds: 30 })
    await bench.worker.drain()
  }
}

onAllStores('a mail server that is down costs no letter', async (open) => {
  const gone = await mailServer()
  await gone.close()
  const bench = await open(smtpTo(gone.port))
  const addresses = await askAll(bench, 'down')
  await bench.worker.drain()
  await pass(bench, 5)
  const mail = await mailServer({}, gone.port)
  try {
    await pass(bench, 2)
    for (const address of addresses) assert.equal(lettersTo(mail, address).length, 1, address)
  } finally {
    await mail.close()
  }
})

for (const [name, manners] of [
  ['refuses every recipient for good', { recipient: () => ({ code: 550, text: '5.7.1 Relaying denied' }) }],
  ['refuses every recipient for now', { recipient: () => ({ code: 450, text: '4.2.1 Try again' }) }],
  ['refuses every letter for good', { letter: () => ({ code: 554, text: '5.7.0 Looks like spam' }) }],
  ['is full', { letter: () => ({ code: 452, text: '4.3.1 Insufficient system storage' }) }],
  ['closes the door', { recipient: () => ({ code: 421, text: '4.3.2 Shutting down' }) }],
] as const) {
  inMemory(`a mail server that ${name} for five minutes costs no letter`, async (open) => {
    const mail = await mailServer(manners)
    try {
      const bench = await open(smtpTo(mail.port))
      const addresses = await askAll(bench, 'refused')
      await bench.worker.drain()
      await pass(bench, 5)
      assert.equal(mail.received.length, 0)
      assert.ok(addresses.length === 5)
      mail.manners = {}
      await pass(bench, 7)
      for (const address of addresses) assert.equal(lettersTo(mail, address).length, 1, address)
    } finally {
      await mail.close()
    }
  })
}

inMemory('one recipient who is refused holds up nobody else, and is not forgotten', async (open) => {
  const refused = 'rude.0@example.org'
  const mail = await mailServer({ recipient: (to) => (to === refused ? { code: 550, text: 'No such user' } : null) })
  try {
    const bench = await open(smtpTo(mail.port))
    const addresses = await askAll(bench, 'rude')
    await bench.worker.drain()
    assert.deepEqual(
      mail.received.flatMap(({ to }) => to).sort(),
      addresses.filter((address) => address !== refused),
    )
    const failed = (await eventsOf(bench)).filter(({ name }) => name === 'letter.failed')
    assert.ok(failed.length > 0, 'it is an event')
    mail.manners = {}
    await pass(bench, 10)
    assert.equal(lettersTo(mail, refused).length, 1)
    // It is knocked at seldom: a mailbox that is not there is no reason to be taken for a sender of spam.
    assert.ok(failed.length <= 2)
  } finally {
    await mail.close()
  }
})

inMemory('a mail server that takes a letter and never says so gets it again under the same name', async (open) => {
  const mail = await mailServer({ delay: Number.POSITIVE_INFINITY })
  try {
    const bench = await open(smtpTo(mail.port, 250))
    const [address] = await askAll(bench, 'hanging')
    await bench.worker.drain()
    assert.equal(mail.received.length, 0)
    mail.manners = {}
    await pass(bench, 2)
    const letters = lettersTo(mail, address!)
    assert.ok(letters.length >= 1)
    assert.equal(new Set(letters.map(messageId)).size, 1)
  } finally {
    await mail.close()
  }
})

inMemory('the same letter carries the same proof however often it is sent', async (open) => {
  let lost = 0
  const mail = await mailServer()
  try {
    const bench = await open({
      mail: {
        from: 'no-reply@example.com',
        send: async (letter) => {
          sent.push(letter.text)
          if (++lost % 3 !== 0) throw new Error('the connection broke after the letter was taken')
        },
      },
    })
    const sent: string[] = []
    for (const flow of [classic, code, spa]) {
      await person(bench, `again.${flow.name}@example.org`)
      await ask(stranger(bench), flow, `again.${flow.name}@example.org`)
      sent.length = 0
      for (let tries = 0; tries < 3; tries++) {
        await bench.worker.drain()
        bench.clock.turn({ seconds: 30 })
      }
      assert.equal(sent.length, 3)
      assert.equal(new Set(sent).size, 1, flow.name)
    }
  } finally {
    await mail.close()
  }
})

test('asks are answered while the mail server is slow, silent or gone', async () => {
  const silent = await silentServer()
  const slow = await mailServer({ delay: 200 })
  const gone = await mailServer()
  await gone.close()
  try {
    for (const { port } of [silent, slow, gone]) {
      const bench = await openBench('', { ...smtpTo(port, 1500), worker: true, clock: systemClock as Bench['clock'] })
      const times: number[] = []
      for (let index = 0; index < 30; index++) {
        await person(bench, `quick.${index}@example.org`)
        const start = performance.now()
        const { status } = await askApi(stranger(bench), allFlows[index % 5]!, `quick.${index}@example.org`)
        times.push(performance.now() - start)
        assert.equal(status, 200)
      }
      times.sort((a, b) => a - b)
      // Half of them in a fraction of what one letter takes.
      assert.ok(times[15]! < 180, `${times[15]} ms`)
      assert.ok(times[29]! < 2000, `${times[29]} ms`)
      if (port === slow.port) {
        await until(() => slow.received.length === 30, 10)
        assert.equal(slow.received.length, 30, 'and the letters come, one after the other')
      }
      await bench.close()
    }
  } finally {
    await silent.close()
    await slow.close()
  }
})

onAllStores('a letter that came too late is not sent dead, and its end is an event', async (open) => {
  const gone = await mailServer()
  await gone.close()
  const bench = await open(smtpTo(gone.port))
  await askAll(bench, 'late')
  await pass(bench, 16)
  const mail = await mailServer({}, gone.port)
  try {
    await pass(bench, 2)
    // A day, an hour and half an hour are not over yet; a quarter of an hour is.
    assert.equal(mail.received.length, 3)
    const expired = (await eventsOf(bench)).filter(({ name }) => name === 'letter.expired')
    assert.equal(expired.length, 2)
    assert.deepEqual(new Set(expired.map(({ flow }) => flow)), new Set(['code', 'spa']))
  } finally {
    await mail.close()
  }
})

onAllStores('a letter that waited for an hour still opens its account', async (open) => {
  const letters: Parameters<typeof reset>[2][] = []
  let down = true
  const bench = await open({
    mail: {
      from: 'no-reply@example.com',
      send: async (mail) => {
        if (down) throw new Error('down')
        letters.push(mail)
      },
    },
  })
  await person(bench, 'ana@example.org')
  await ask(stranger(bench), classic, 'ana@example.org')
  await pass(bench, 60)
  down = false
  await pass(bench, 2)
  assert.equal(letters.length, 1)
  assert.ok(isSuccess(await reset(stranger(bench), classic, letters[0]!, after)))
})
