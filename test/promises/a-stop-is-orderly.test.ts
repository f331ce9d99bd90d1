/**
 * Whoever runs a server stops it each day: for an update, to move it, to make room. A server that waits for a mail server
 * that hangs, or for a client that never ends its request, is killed by whoever supervises it, with whatever it was doing;
 * one that ends at once cuts answers in half. So it is stopped while both hang: its own watch would end it with 1.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { spa } from '../../src/flows/index.ts'
import { mailServer } from './mail-server.ts'
import { addressOf, becomes, isAlive, places, populate, processesOf, serveOn } from './real-server.ts'
import { halfPost, post } from './server-child.ts'

describe('SIGTERM while a mail server hangs and a client never ends', { concurrency: true }, () => {
  for (const flags of [[], ['--processes', '2']]) {
    const what = flags.length > 0 ? 'two processes' : 'one process'
    test(`${what}: the end comes in order, and the letter goes out later`, async () => {
      const mail = await mailServer({ delay: Number.POSITIVE_INFINITY })
      const place = await places[0]!.make()
      try {
        await populate(place, 2)
        const child = await serveOn(place, mail.port, { flags })
        assert.equal(await post(child.port, spa.routes.ask, { email: addressOf(0) }), 200)
        const slow = await halfPost(child.port, spa.routes.ask, JSON.stringify({ email: addressOf(1) }))
        const outbox = await place.open()
        await becomes('the letter is on its way', async () => (await outbox.store.outbox(Date.now())).held > 0)
        child.process.kill('SIGTERM')
        const { code: exit } = await child.ended
        assert.equal(exit, 0, child.output().slice(-2000))
        for (const pid of processesOf(child).values()) assert.equal(isAlive(pid), false)
        assert.equal((await outbox.store.outbox(Date.now())).held, 0, 'nothing is held by who is gone')
        await outbox.close()
        assert.doesNotMatch(await slow.finish(), /^HTTP\/1\.1 200/, 'what never came was not answered')
        mail.manners = {}
        const smtp = { host: '127.0.0.1', port: mail.port, tls: false }
        const heir = await place.open({ mail: { smtp, from: 'no-reply@example.com' } })
        await heir.worker.drain()
        await heir.close()
        assert.deepEqual(
          mail.received.map(({ to }) => to),
          [[addressOf(0)]],
        )
      } finally {
        await mail.close()
        await place.remove()
      }
    })
  }
})
