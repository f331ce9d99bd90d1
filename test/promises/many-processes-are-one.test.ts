/**
 * Whoever runs a server on several cores runs several memories. A limit that is counted in one of them is a limit times
 * the number of processes; a session that one of them keeps is lost at every other click; a setting that one has not read
 * is a captcha that is off for every second guess; and of two processes that each look whether a link was used, both may
 * find that it was not. So here one server of several processes is treated as a visitor treats it: each request goes to
 * whichever of them takes it.
 */
import assert from 'node:assert/strict'
import { after as afterAll, before as beforeAll, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setCaptcha } from '../../src/captcha/set.ts'
import { code, spa } from '../../src/flows/index.ts'
import { codeIn } from '../../src/testing/index.ts'
import { after, before } from './kit.ts'
import { type MailServer, mailServer } from './mail-server.ts'
import {
  addressOf,
  becomes,
  isAlive,
  lettersTo,
  type Place,
  places,
  populate,
  processesOf,
  serveOn,
  spawnOn,
  tokenIn,
  visitor,
} from './real-server.ts'
import { type Child, halfPost } from './server-child.ts'

const serving = 3
const people = 80

describe('on each database', { concurrency: true }, () => {
  for (const { name, make } of places) {
    describe(`three processes on ${name}`, { concurrency: false }, () => {
      let place: Place
      let mail: MailServer
      let child: Child
      beforeAll(async () => {
        place = await make()
        mail = await mailServer()
        await populate(place, people)
        child = await serveOn(place, mail.port, {
          flags: ['--processes', String(serving)],
          environment: { METRICS_PORT: '0' },
        })
      })
      afterAll(async () => {
        child.process.kill('SIGKILL')
        await mail.close()
        await place.remove()
      })

      /** A counter of each process, by name. */
      async function counted(series: string): Promise<Map<string, number>> {
        await becomes('metrics are told of', () => /Metrics of all are at/.test(child.output()))
        const url = /Metrics of all are at (\S+)/.exec(child.output())![1]!
        const found = new Map<string, number>()
        for (const line of (await (await fetch(url)).text()).split('\n')) {
          const [, process, value] = new RegExp(`^${series}\\{process="(\\w+)".*\\} (\\d+)$`).exec(line) ?? []
          if (process) found.set(process, (found.get(process) ?? 0) + Number(value))
        }
        return found
      }

      test('a limit is as exact as in one process', async () => {
        // Twenty in fifteen minutes from one network, whoever of them is asked.
        const statuses = await Promise.all(
          Array.from({ length: 45 }, async (_, index) => {
            const asked = await visitor(child.port, '198.51.100.7').json(`/api/flows/${spa.name}/request`, {
              email: addressOf(index),
            })
            return asked.status
          }),
        )
        assert.equal(statuses.filter((status) => status === 200).length, 20)
        assert.equal(statuses.filter((status) => status === 429).length, 25)
        const asks = await counted('latchkey_asks_total')
        const refused = await counted('latchkey_asks_refused_total')
        const total = (counts: Map<string, number>): number => [...counts.values()].reduce((sum, one) => sum + one, 0)
        assert.deepEqual([total(asks), total(refused)], [20, 25], 'and the metrics of all of them together say so')
        const answered = [...asks].filter(([name, count]) => count + refused.get(name)! > 0).map(([name]) => name)
        assert.ok(answered.length > 1, 'it was not one of them that answered all')
        assert.ok(!answered.includes('letters'), 'the one for letters answers nobody')
      })

      test('a session of one is a session of all, and so is its end', async () => {
        const browser = visitor(child.port, '198.51.100.8')
        const page = await browser.submit('/login/', { username: addressOf(50), password: before })
        assert.match(page.text, /person\.50@example\.org/)
        const looks = await Promise.all(Array.from({ length: 12 }, () => browser.look('/account/')))
        assert.deepEqual([...new Set(looks.map(({ status }) => status))], [200])
        const { csrf_token } = Object.fromEntries(
          [...(await browser.get('/account/')).text.matchAll(/name="(csrf_token)" value="([^"]+)"/g)].map((m) => [
            m[1],
            m[2],
          ]),
        )
        const out = await browser.post(
          '/logout/',
          { csrf_token: csrf_token ?? '' },
          { 'sec-fetch-site': 'same-origin' },
        )
        assert.ok(out.status < 400)
        const later = await Promise.all(Array.from({ length: 12 }, () => browser.look('/account/')))
        assert.ok(later.every(({ status }) => status !== 200))
      })

      test('a grant that one gave is good at another, once', async () => {
        const address = addressOf(51)
        const browser = visitor(child.port, '198.51.100.9')
        const { body } = await browser.json(`/api/flows/${code.name}/request`, { email: address })
        await becomes('the letter comes', () => lettersTo(mail, address).length > 0)
        const { text = '', subject = '' } = await lettersTo(mail, address)[0]!.parsed()
        const digits = codeIn({ text, subject } as Parameters<typeof codeIn>[0])
        const typed = { flow_id: body.flow_id, email: address, code: digits }
        const { body: proved } = await browser.json(`/api/flows/${code.name}/prove`, typed)
        const bodies = Array.from({ length: 12 }, () => ({ grant: proved.grant, password: after }))
        const changes = await Promise.all(bodies.map((one) => browser.json(`/api/flows/${code.name}/change`, one)))
        assert.equal(changes.filter(({ status }) => status === 200).length, 1)
      })

      test('of fifty submits of one proof to all of them one wins', async () => {
        const address = addressOf(52)
        await visitor(child.port, '198.51.100.10').json(`/api/flows/${spa.name}/request`, { email: address })
        await becomes('the letter comes', () => lettersTo(mail, address).length > 0)
        const token = await tokenIn(lettersTo(mail, address)[0]!)
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, index) =>
            visitor(child.port, `203.0.113.${index}`).json(spa.routes.change, {
              token,
              new_password: `Racing-Boat-${100 + index}!`,
            }),
          ),
        )
        const winners = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []))
        assert.equal(winners.length, 1)
        assert.ok(answers.every(({ status }) => status < 500))
        await becomes('one notice comes', () => lettersTo(mail, address).length === 2)
        const right = visitor(child.port, '198.51.100.11')
        const page = await right.submit('/login/', { username: address, password: `Racing-Boat-${100 + winners[0]!}!` })
        assert.match(page.text, /person\.52@example\.org/)
      })

      test('a setting is that of all of them within a second', async () => {
        const asked = async (): Promise<number> => {
          const pages = await Promise.all(
            Array.from({ length: 12 }, () => visitor(child.port, '198.51.100.12').get('/auth/password-reset/')),
          )
          return pages.filter(({ text }) => text.includes('data-captcha')).length
        }
        assert.equal(await asked(), 0)
        const bench = await place.open()
        const wanted = { provider: 'altcha', siteKey: '', secret: '', when: 'always' } as const
        try {
          await setCaptcha(bench.kit, 'request', wanted)
          await sleep(1_100)
          assert.equal(await asked(), 12)
        } finally {
          await setCaptcha(bench.kit, 'request', null)
        }
        await sleep(1_100)
        assert.equal(await asked(), 0)
        await bench.close()
      })

      test('kill -9 of one under load: no ask that was answered loses its letter, and it is started anew', async () => {
        const victim = processesOf(child).get('2')!
        const answered: string[] = []
        let next = 53
        const asker = async (): Promise<void> => {
          while (next < people) {
            const index = next++
            if (index === 62) process.kill(victim, 'SIGKILL')
            const browser = visitor(child.port, `192.0.2.${index}`)
            const asked = await browser
              .json(`/api/flows/${spa.name}/request`, { email: addressOf(index) })
              .catch(() => null)
            if (asked?.status === 200) answered.push(addressOf(index))
          }
        }
        await Promise.all(Array.from({ length: 6 }, asker))
        assert.ok(answered.length >= people - 53 - 6, 'at most what was on its way there had no answer')
        await becomes('every letter comes', () => answered.every((address) => lettersTo(mail, address).length > 0))
        await becomes('another is there', () => processesOf(child).get('2') !== victim)
        assert.match(child.output(), /a process ended and is started anew.*"process":"2".*"signal":"SIGKILL"/)
      })

      test('kill -9 of the one that sends letters: they go out when it is there again', async () => {
        const victim = processesOf(child).get('letters')!
        process.kill(victim, 'SIGKILL')
        const address = addressOf(53)
        const had = lettersTo(mail, address).length
        await visitor(child.port, '192.0.2.200').json(`/api/flows/${spa.name}/request`, { email: address })
        await becomes('the letter comes', () => lettersTo(mail, address).length > had)
        assert.notEqual(processesOf(child).get('letters'), victim)
      })

      test('SIGTERM ends all of them in order, with 0, and what is on its way is answered', async () => {
        const halves = await Promise.all(
          [54, 55, 56].map((index) =>
            halfPost(child.port, spa.routes.ask, JSON.stringify({ email: addressOf(index) })),
          ),
        )
        child.process.kill('SIGTERM')
        await sleep(300)
        for (const half of halves) assert.match(await half.finish(), /^HTTP\/1\.1 200 /)
        const { code: exit } = await child.ended
        assert.equal(exit, 0, child.output().slice(-2000))
        for (const [name, pid] of processesOf(child)) assert.equal(isAlive(pid), false, name)
      })
    })
  }
})

test('a stop that comes while they start ends all of them, and starts none anew', async () => {
  const place = await places[0]!.make()
  try {
    await populate(place, 1)
    for (const wait of [1, 2]) {
      const child = spawnOn(place, 1, { flags: ['--processes', '3'] })
      await becomes('the first ones are there', () => processesOf(child).size >= wait)
      child.process.kill('SIGTERM')
      const { code: exit } = await child.ended
      assert.equal(exit, 0, child.output())
      assert.doesNotMatch(child.output(), /started anew/)
      for (const [name, pid] of processesOf(child)) assert.equal(isAlive(pid), false, name)
    }
  } finally {
    await place.remove()
  }
})

test('a parent that is killed leaves no process behind', async () => {
  const place = await places[0]!.make()
  try {
    await populate(place, 1)
    const child = await serveOn(place, 1, { flags: ['--processes', '2'] })
    const pids = [...processesOf(child).values()]
    assert.equal(pids.length, 3)
    child.process.kill('SIGKILL')
    await child.ended
    await becomes('all of them are gone', () => pids.every((pid) => !isAlive(pid)), 10)
  } finally {
    await place.remove()
  }
})
