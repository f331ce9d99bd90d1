/** Alarms: once an hour over all processes, to each operator, and never in anybody's way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { own } from '../accounts/own.ts'
import type { Mail, Mailer, Store } from '../engine/ports.ts'
import { memory } from '../stores/memory.ts'
import { systemRandom } from '../system.ts'
import { testClock } from '../testing/index.ts'
import { alarms } from './alarm.ts'

type Log = { level: string; message: string; alarm?: unknown; because?: unknown }

async function bench(more: { store?: Store; send?: Mailer['send']; to?: string[] } = {}) {
  const clock = testClock()
  const { store } = await memory().open(own, true)
  const sent: Mail[] = []
  const log: Log[] = []
  let closed = 0
  const parts = {
    ...{ store: more.store ?? store, clock, random: systemRandom, host: 'app.example.com' },
    log: (level: string, message: string, fields: Record<string, unknown>) =>
      void log.push({ level, message, ...fields }),
    to: more.to ?? ['ops@example.com', 'night@example.com'],
    mailer: (): Mailer => ({
      width: 1,
      send: more.send ?? (async (mail) => void sent.push(mail)),
      check: async () => {},
      close: async () => void closed++,
    }),
    waits: [0, 1, 1],
  }
  return { clock, store, sent, log, parts, closed: () => closed }
}

test('each operator gets a letter that says what, since when and what to do; the log and the audit have it too', async () => {
  const { sent, log, parts, store, closed } = await bench()
  const one = alarms(parts)
  one.raise('wrong-codes-of-all')
  await one.close()
  assert.deepEqual(sent.map(({ to }) => to).sort(), ['night@example.com', 'ops@example.com'])
  assert.equal(sent[0]!.subject, '[Latchkey at app.example.com] Many wrong codes are typed')
  for (const text of [sent[0]!.text, sent[0]!.html])
    assert.match(text, /January 5, 2026 at 12:00 UTC.*somebody may be guessing/s)
  assert.notEqual(sent[0]!.messageId, sent[1]!.messageId)
  assert.deepEqual(log, [{ level: 'error', message: 'Many wrong codes are typed', alarm: 'wrong-codes-of-all' }])
  const events = await store.events(0, 10)
  assert.deepEqual(
    events.map(({ name, because }) => [name, because]),
    [['alarm.raised', 'wrong-codes-of-all']],
  )
  assert.equal(closed(), 1)
})

test('each kind is told of once an hour, however often it is raised', async () => {
  const { sent, log, parts, clock } = await bench({ to: ['ops@example.com'] })
  const one = alarms(parts)
  for (let minutes = 0; minutes < 130; minutes++) {
    one.raise('asks-of-all')
    if (minutes % 2 === 0) one.raise('letters-of-all')
    clock.turn({ minutes: 1 })
  }
  await one.close()
  assert.equal(log.length, 6)
  assert.equal(sent.length, 6)
})

test('of several processes one mails', async () => {
  const { sent, parts, log } = await bench({ to: ['ops@example.com'] })
  const processes = [alarms(parts), alarms(parts), alarms(parts)]
  for (const one of processes) one.raise('limiter-down')
  await Promise.all(processes.map((one) => one.close()))
  assert.equal(sent.length, 1)
  assert.equal(log.length, 3, 'each writes its own log')
})

test('a store that does not answer keeps no letter back', async () => {
  const broken = { take: () => Promise.reject(new Error('gone')), note: () => Promise.reject(new Error('gone')) }
  const { sent, parts } = await bench({ store: broken as unknown as Store, to: ['ops@example.com'] })
  const one = alarms(parts)
  one.raise('limiter-down')
  await one.close()
  assert.equal(sent.length, 1)
})

test('a mail server that fails is tried again, then given up with a line in the log, and throws at nobody', async () => {
  const failed = Promise.withResolvers<void>()
  let tries = 0
  const send = async (): Promise<void> => {
    tries++
    if (tries === 3) failed.resolve()
    throw new Error('connect ECONNREFUSED')
  }
  const { parts, log } = await bench({ send, to: ['ops@example.com'] })
  const one = alarms(parts)
  one.raise('letters-of-all')
  await failed.promise
  await one.close()
  assert.deepEqual(
    log.slice(1).map(({ message, because }) => [message, because]),
    Array(3).fill(['an alarm could not be mailed', 'connect ECONNREFUSED']),
  )
})

test('who stops does not wait for a second try', async () => {
  const { parts, log } = await bench({ send: () => Promise.reject(new Error('no')), to: ['ops@example.com'] })
  const one = alarms({ ...parts, waits: [0, 600_000] })
  one.raise('limiter-down')
  await one.close()
  assert.equal(log.filter(({ level }) => level === 'warn').length, 1)
})

test('nobody named: no mailer is made', async () => {
  const { parts, log } = await bench({ to: [] })
  const one = alarms({
    ...parts,
    mailer: () => {
      throw new Error('made')
    },
  })
  one.raise('asks-of-all')
  await one.close()
  assert.equal(log.length, 1)
})
