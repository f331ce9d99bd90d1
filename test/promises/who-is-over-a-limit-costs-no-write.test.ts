/**
 * A limit that writes a line for everyone it turns away is a way to fill a disk: the flood that it was to stop goes into the
 * audit instead, and what an attacker did drowns in how often he did it. So one who is over a limit is told of once, at the
 * first crossing in its window; the rest are counted in memory, and noted as one number when the window closes or the
 * process ends.
 */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { classic, code, spa, stateless } from '../../src/flows/index.ts'
import { codeIn } from '../../src/testing/index.ts'
import {
  askApi,
  type Bench,
  before,
  eventsOf,
  inMemory,
  letterFor,
  linkBody,
  onEachStore,
  onSqlite,
  person,
  rowsIn,
  sql,
  stranger,
} from './kit.ts'

const owner = 'ana@example.org'
const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const one = '192.0.2.7'

/** How often somebody committed a change to the file while `work` ran: 0 is not once. */
async function commitsDuring(bench: Bench, work: () => Promise<unknown>): Promise<number> {
  const db = new DatabaseSync(bench.file, { readOnly: true })
  try {
    const version = () => Number(db.prepare('PRAGMA data_version').get()!.data_version)
    const start = version()
    await work()
    return version() - start
  } finally {
    db.close()
  }
}

/** Each way to be over a limit: what leads up to it, and the request that is refused then. */
const ways: Record<string, (bench: Bench) => Promise<() => Promise<{ status: number }>>> = {
  'asks of one caller for one address': async (bench) => {
    const caller = bench.browser({ address: one })
    const again = () => askApi(caller, spa, owner)
    for (let count = 0; count < 4; count++) await again()
    return again
  },
  'asks of one network': async (bench) => {
    let count = 0
    const again = () => askApi(bench.browser({ address: one }), stateless, `p${count++}@example.org`)
    for (let asks = 0; asks < 21; asks++) await again()
    return again
  },
  'log-ins under one name': async (bench) => {
    const again = () => stranger(bench).post('/login/', { username: owner, password: 'Wrong-Guess-55!' }, sameOrigin)
    for (let count = 0; count < 11; count++) await again()
    return again
  },
  'log-ins of one network': async (bench) => {
    let count = 0
    const again = () => {
      const fields = { username: `p${count++}@example.org`, password: 'Wrong-Guess-55!' }
      return bench.browser({ address: one }).post('/login/', fields, sameOrigin)
    }
    for (let tries = 0; tries < 4; tries++) await again()
    return again
  },
  'links that open nothing': async (bench) => {
    const caller = bench.browser({ address: one })
    const again = () => caller.json('/api/flows/classic/prove', { token: 'x'.repeat(65), uid: 'MQ' })
    for (let count = 0; count < 61; count++) await again()
    return again
  },
  'grants that are none': async (bench) => {
    const caller = bench.browser({ address: one })
    const again = () => caller.json('/api/flows/classic/change', { grant: 'x'.repeat(90), password: before })
    for (let count = 0; count < 61; count++) await again()
    return again
  },
  'codes for flows that nobody asked for': async (bench) => {
    const caller = bench.browser({ address: one })
    const again = () => caller.json('/api/flows/code/prove', { flow_id: 'x'.repeat(22), email: owner, code: '123456' })
    for (let count = 0; count < 61; count++) await again()
    return again
  },
  'codes after the fifth': async (bench) => {
    const { body } = await askApi(bench.browser({ address: one }), code, owner)
    const real = codeIn((await bench.mail())!)
    const caller = bench.browser({ address: one })
    const again = () => caller.json('/api/flows/code/prove', { flow_id: body.flow_id, email: owner, code: wrong(real) })
    for (let count = 0; count < 66; count++) await again()
    return again
  },
  'looks at a good link': async (bench) => {
    const body = linkBody(classic, await letterFor(bench, classic, owner))
    const again = () => stranger(bench).json('/api/flows/classic/prove', body)
    for (let count = 0; count < 21; count++) await again()
    return again
  },
  'new passwords under one grant': async (bench) => {
    const body = linkBody(classic, await letterFor(bench, classic, owner))
    const again = () => stranger(bench).json('/api/flows/classic/change', { ...body, password: 'short' })
    for (let count = 0; count < 21; count++) await again()
    return again
  },
}

const wrong = (real: string): string => String((Number(real) + 1) % 1_000_000).padStart(6, '0')

const limits = {
  logInsPerNetwork: [{ max: 3, ms: 900_000 }],
  passwordsPerGrant: [{ max: 20, ms: 900_000 }],
}

for (const [name, way] of Object.entries(ways)) {
  onSqlite(`${name}: past the limit a hundred more are not one commit`, async (open) => {
    const bench = await open({ limits })
    await person(bench, owner)
    const again = await way(bench)
    const crossed = (await eventsOf(bench)).filter(({ name: event }) => event === 'limit.crossed').length
    assert.ok(crossed > 0, 'the crossing is told of')
    // A commit of ours is one that it would see.
    assert.equal(await commitsDuring(bench, async () => sql(bench, `UPDATE users SET locale = 'en'`)), 1)
    const statuses = new Set<number>()
    const commits = await commitsDuring(bench, async () => {
      for (let count = 0; count < 100; count++) statuses.add((await again()).status)
    })
    assert.equal(commits, 0)
    assert.equal(statuses.size, 1, [...statuses].join())
  })
}

onEachStore('what was refused is noted as one number when its window closes', async (open) => {
  const bench = await open()
  const again = await ways['asks of one network']!(bench)
  for (let count = 0; count < 50; count++) await again()
  bench.clock.turn({ minutes: 16 })
  // The first who is refused again in a later window shows that the earlier one is over.
  for (let count = 0; count < 21; count++) await again()
  // What closes a window is noted beside the answer: one write later it is there.
  await bench.store.giveBack([], [])
  const told = async () =>
    (await eventsOf(bench))
      .filter(({ name }) => name === 'limit.closed')
      .map(({ because, network }) => [because, network])
  assert.deepEqual(await told(), [['asks-per-network: 51 refused', one]])
})

onSqlite('what was refused is noted when the process ends, whatever is left of the window', async (open) => {
  const bench = await open({ limits })
  await person(bench, owner)
  await ways['log-ins under one name']!(bench)
  const links = await ways['links that open nothing']!(bench)
  for (let count = 0; count < 9; count++) await links()
  await bench.close()
  const closed = rowsIn(bench).latchkey_events!.filter(({ name }) => name === 'limit.closed')
  const told = closed.map(({ because }) => because).sort()
  assert.deepEqual(told, ['log-ins-per-account: 1 refused', 'refused-proofs-per-network: 10 refused'])
})

inMemory(
  'callers by the thousand over their limits are remembered in bounded space, and none is let through',
  async (open) => {
    const bench = await open({ trustedProxies: ['192.0.2.0/24'] })
    let passed = 0
    for (let caller = 0; caller < 4_200; caller++) {
      const address = `10.${caller >> 8}.${caller & 255}.1`
      const browser = bench.browser({ address: '192.0.2.1', headers: { 'x-forwarded-for': address } })
      for (let count = 0; count < 4; count++) if ((await askApi(browser, spa, owner)).status === 200) passed++
    }
    assert.equal(passed, 12_600)
    const early = (await eventsOf(bench)).filter(({ name }) => name === 'limit.closed').length
    assert.equal(early, 4_200 - 4_096, 'the oldest are told of early')
    const first = bench.browser({ address: '192.0.2.1', headers: { 'x-forwarded-for': '10.0.0.1' } })
    assert.equal((await askApi(first, spa, owner)).status, 429, 'forgotten here, not in the store')
  },
)
