/** What the application is told of: by a call, and by a signed post that any receiver of Standard Webhooks can check. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { classic, spa } from '../../src/flows/index.ts'
import { latchkey } from '../../src/index.ts'
import type { UsersTable } from '../../src/options.ts'
import { memory } from '../../src/stores/memory.ts'
import type { Told } from '../../src/tell/told.ts'
import { testRecovery } from '../../src/testing/index.ts'
import { onBoth, onPostgres, type Place } from '../adopt/kit.ts'
import { inMemory, onEveryStore } from '../databases.ts'
import { after, ana, anaIn, ask, isSignedIn, letterFor, linkOf, logIn, nobody, resetByLink, stranger } from './steps.ts'

const key = Buffer.alloc(32, 7)
const secret = `whsec_${key.toString('base64')}`
const earlier = Buffer.alloc(24, 8)

type Post = { readonly headers: IncomingHttpHeaders; readonly body: string }

/** A receiver on loopback; `answer` is the status that it gives, or null for none. */
async function receiver(
  story: (at: { url: string; posts: Post[]; state: { answer: number | null } }) => Promise<void>,
) {
  const posts: Post[] = []
  const state = { answer: 204 as number | null }
  const server = createServer(async (request, response) => {
    posts.push({ headers: request.headers, body: await text(request) })
    if (state.answer !== null) response.writeHead(state.answer, { Location: 'http://127.0.0.1:9/' }).end('said')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await story({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`, posts, state })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

onEveryStore(
  'hooks are told of an ask, its letter, the change and the log-in, in their order, and of nothing before the start',
  async (open) => {
    const told: (readonly [string, Told])[] = []
    const hook = (name: string) => (one: Told) => void told.push([name, one])
    const hooks = Object.fromEntries(
      ['onRequested', 'onMailed', 'onChanged', 'onSignedIn', 'onSignedOut'].map((name) => [name, hook(name)]),
    )
    const recovery = await open({ hooks })
    await anaIn(recovery)
    await logIn(stranger(recovery), '/login/', ana, 'Old-Kettle-17!')
    await recovery.telling.drain()
    assert.equal(told.length, 0)
    const browser = stranger(recovery)
    assert.equal((await resetByLink(recovery, classic, ana, after, browser)).status, 303)
    await ask(stranger(recovery), classic, nobody)
    await logIn(browser, '/login/', ana, after)
    assert.equal(await isSignedIn(browser), true)
    await recovery.telling.drain()
    const { id } = (await recovery.accounts.byAddress(ana))[0]!
    const of = (name: string) =>
      told.filter(([one]) => one === name).map(([, { accountId, flow }]) => [accountId, flow])
    assert.deepEqual(
      of('onRequested'),
      [
        [null, 'classic'],
        [null, 'classic'],
      ],
      'an ask of nobody is an ask',
    )
    assert.deepEqual(of('onMailed'), [[id, 'classic']])
    assert.deepEqual(of('onChanged'), [[id, 'classic']])
    assert.equal(of('onSignedIn').length, 1)
    const numbers = told.map(([, one]) => Number(one.id.slice('evt_'.length)))
    assert.ok(new Set(numbers).size === numbers.length && numbers.every((number) => number > 0))
    const rest = JSON.stringify(told)
    assert.doesNotMatch(rest, /@|192\.0\.2|Old-Kettle|New-Harbour|agent|network/)
    told.splice(0)
    await recovery.telling.drain()
    assert.equal(told.length, 0, 'once')
  },
)

/** Tables of an application: how each is made, how it is mapped, how a row with this password's hash is added, and its id. */
type Made = {
  readonly made: string
  readonly table: UsersTable
  readonly row: (hash: string) => string
  readonly id: string
}

const mapped: Made = {
  made: 'CREATE TABLE people (nr BIGINT PRIMARY KEY, mail TEXT, secret TEXT)',
  table: { table: 'people', id: 'nr', email: 'mail', password: 'secret' },
  row: (hash) => `INSERT INTO people VALUES (9223372036854775806, '${ana}', '${hash}')`,
  id: '9223372036854775806',
}
const uuid = '0b0e3f8c-6f0d-4d3a-9c55-3a3f5f1f7a11'
const split: Made = {
  made: `CREATE TABLE people (id VARCHAR(36) PRIMARY KEY, email TEXT);
    CREATE TABLE logins (nr INTEGER PRIMARY KEY, owner VARCHAR(36), kind TEXT, secret TEXT)`,
  table: {
    ...{ table: 'people', id: 'id', email: 'email', password: 'secret' },
    credentials: { table: 'logins', account: 'owner', where: { kind: 'password' } },
  },
  row: (hash) =>
    `INSERT INTO people VALUES ('${uuid}', '${ana}'); INSERT INTO logins VALUES (7, '${uuid}', 'password', '${hash}')`,
  id: uuid,
}
const view: Made = {
  made: `CREATE TABLE everybody (id UUID PRIMARY KEY, mail TEXT, hash TEXT, gone BOOLEAN);
    CREATE VIEW people AS SELECT id, mail AS email, hash FROM everybody WHERE NOT gone`,
  table: { table: 'people', id: 'id', email: 'email', password: 'hash' },
  row: (hash) => `INSERT INTO everybody VALUES ('${uuid}', '${ana}', '${hash}', false)`,
  id: uuid,
}

/** A reset and a log-in on the table, and what every hook was told of whom. */
const toldOn =
  ({ made, table, row, id }: Made) =>
  async (place: Place): Promise<void> => {
    await place.run(made)
    const database = place.database()
    await database.migrate(table, false)
    const told: (readonly [string, string | null])[] = []
    const names = ['onRequested', 'onMailed', 'onChanged', 'onSignedIn', 'onSignedOut']
    const hooks = Object.fromEntries(
      names.map((name) => [name, ({ accountId }: Told) => void told.push([name, accountId])]),
    )
    const recovery = await testRecovery({ database, accounts: table, flows: [classic, spa], hooks })
    try {
      await place.run(row(await recovery.hasher.hash('Old-Kettle-17!')))
      await recovery.telling.drain()
      const browser = stranger(recovery)
      assert.equal((await resetByLink(recovery, classic, ana, after, browser)).status, 303)
      await logIn(browser, '/auth/login/', ana, after)
      assert.equal(await isSignedIn(browser), true)
      await browser.submit('/account/', {}, '/logout/')
      // The notice of the change is a letter, too.
      await recovery.mail()
      await recovery.telling.drain()
      const of = (name: string) => told.filter(([one]) => one === name).map(([, whom]) => whom)
      assert.deepEqual(Object.fromEntries(names.map((name) => [name, of(name)])), {
        ...{ onRequested: [null], onMailed: [id, id], onChanged: [id], onSignedIn: [id], onSignedOut: [id] },
      })
    } finally {
      await recovery.close()
    }
  }

onBoth("hooks are told the id that stands in the application's own table", toldOn(mapped))
onBoth('hooks are told the id of the account, not of its row of passwords in a table of their own', toldOn(split))
onPostgres('hooks are told the id that a view has, where the accounts are one', toldOn(view))

onEveryStore('a hook that throws is called again for the same event before any later one', async (open) => {
  const told: string[] = []
  let broken = true
  const recovery = await open({
    hooks: {
      onChanged({ id }) {
        told.push(id)
        if (broken) throw new Error('the session store is away')
      },
    },
  })
  await anaIn(recovery)
  await recovery.telling.drain()
  await resetByLink(recovery, classic, ana, after)
  recovery.clock.turn({ days: 1, minutes: 1 })
  await resetByLink(recovery, classic, ana, 'Another-Quay-42!')
  await recovery.telling.drain()
  await recovery.telling.drain()
  assert.equal(new Set(told).size, 1)
  broken = false
  await recovery.telling.drain()
  assert.equal(told.length, 4)
  assert.deepEqual(told.slice(0, 3), Array(3).fill(told[0]))
  assert.ok(Number(told[3]!.slice(4)) > Number(told[0]!.slice(4)))
  const warned = recovery.log.filter(({ told: whom }) => whom === 'onChanged')
  assert.deepEqual(
    warned.map(({ tries }) => tries),
    [1, 2],
  )
})

onEveryStore(
  'a webhook is signed over what it says, with each of its secrets, and is told of nothing that it did not ask for',
  (open) =>
    receiver(async ({ url, posts }) => {
      const recovery = await open({ webhooks: [{ url, secret: [secret, `whsec_${earlier.toString('base64')}`] }] })
      await anaIn(recovery)
      await recovery.telling.drain()
      await resetByLink(recovery, classic, ana, after)
      await recovery.telling.drain()
      assert.equal(posts.length, 1)
      const { headers, body } = posts[0]!
      const seconds = Math.floor(recovery.clock.now() / 1000)
      assert.equal(headers['webhook-timestamp'], String(seconds))
      const signed = `${headers['webhook-id']}.${seconds}.${body}`
      const signatures = [key, earlier].map((one) => `v1,${createHmac('sha256', one).update(signed).digest('base64')}`)
      assert.equal(headers['webhook-signature'], signatures.join(' '))
      const { id } = (await recovery.accounts.byAddress(ana))[0]!
      assert.deepEqual(JSON.parse(body), {
        type: 'password.changed',
        timestamp: new Date(recovery.clock.now()).toISOString(),
        data: { id: headers['webhook-id'], flow: 'classic', account_id: id },
      })
    }),
)

for (const [what, answer] of [
  ['refuses', 500],
  ['leads elsewhere', 302],
  ['has gone', 410],
] as const) {
  inMemory(
    `a receiver that ${what} is told again, later and later, and of nothing twice once it takes it`,
    async (open) =>
      receiver(async ({ url, posts, state }) => {
        const recovery = await open({ webhooks: [{ url, secret }] })
        await anaIn(recovery)
        await recovery.telling.drain()
        await resetByLink(recovery, classic, ana, after)
        state.answer = answer
        await recovery.telling.drain()
        assert.equal(posts.length, 1)
        const setting = (await recovery.store.settings()).find(({ name }) => name.startsWith('told.http'))
        assert.equal(JSON.parse(setting!.value!).again - recovery.clock.now(), 5_000)
        state.answer = 200
        await recovery.telling.drain()
        await recovery.telling.drain()
        assert.deepEqual(
          posts.map(({ headers }) => headers['webhook-id']),
          Array(2).fill(posts[0]!.headers['webhook-id']),
        )
      }),
  )
}

inMemory('after three days an event is passed over and that is noted, so that those behind it are told', async (open) =>
  receiver(async ({ url, posts, state }) => {
    const recovery = await open({ webhooks: [{ url, secret }] })
    await anaIn(recovery)
    await recovery.telling.drain()
    await resetByLink(recovery, classic, ana, after)
    state.answer = 503
    await recovery.telling.drain()
    recovery.clock.turn({ days: 3 })
    await resetByLink(recovery, classic, ana, 'Another-Quay-42!')
    await recovery.telling.drain()
    state.answer = 204
    await recovery.telling.drain()
    const ids = posts.map(({ headers }) => headers['webhook-id'])
    assert.equal(new Set(ids).size, 2)
    const failed = (await recovery.store.events(0, 1000)).filter(({ name }) => name === 'telling.failed')
    assert.equal(failed.length, 1)
    assert.match(failed[0]!.because!, /^http:\/\/127\.0\.0\.1:\d+\/hook: event \d+$/)
  }),
)

inMemory('of two processes one tells, and the other goes on where it died', async (open) => {
  const database = memory()
  const told: string[] = []
  const process = (name: string) =>
    open({ database, hooks: { onChanged: ({ id }) => void told.push(`${name} ${id}`) } })
  const [one, other] = [await process('one'), await process('other')]
  await anaIn(one)
  await one.telling.drain()
  await resetByLink(one, spa as never, ana, after).catch(() => {})
  const { token } = linkOf(await letterFor(one, spa, ana))
  assert.equal((await stranger(one).json('/auth/reset-password/', { token, new_password: after })).status, 200)
  await Promise.all([one.telling.drain(), other.telling.drain()])
  await other.telling.drain()
  assert.equal(told.length, 1)
})

test('a webhook that would go over the open net in clear, or has a weak secret, is refused at the start', () => {
  const start = (url: string, weak = secret, events?: never) =>
    latchkey({
      secret: 'a secret of a test, of which nothing outside hangs',
      publicUrl: 'https://app.example.com',
      store: memory(),
      mail: { from: 'a@example.com', console: true },
      webhooks: [{ url, secret: weak, ...(events ? { events } : {}) }],
    })
  assert.throws(() => start('http://app.example.com/hook'), /must be https/)
  assert.throws(() => start('https://app.example.com/hook', 'whsec_c2hvcnQ='), /24 to 64 random bytes/)
  assert.throws(
    () => start('https://app.example.com/hook', secret, ['user.deleted'] as never),
    /no event "user.deleted"/,
  )
  assert.doesNotThrow(() => start('https://app.example.com/hook'))
})
