/**
 * Where the accounts are another system's, no transaction spans "the proof is used" and "the password is set". Whoever
 * does the one and then the other loses either way: killed in between, the owner's link is dead and the password the old
 * one; the other way round, a link that has set a password sets another. And a directory that does not answer, taken for
 * one that knows nobody, costs a letter for each ask of that hour. So here a directory of its own process is slow, gone,
 * rude and untrue, the server is killed at each step, and in the end the proof has set one password and its owner knows,
 * or nothing has happened and the proof is as good as before.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasher } from '../../src/accounts/hash.ts'
import { elsewhere } from '../../src/accounts/own.ts'
import type { Flow } from '../../src/engine/flow.ts'
import { classic, code, spa, stateless, verified } from '../../src/flows/index.ts'
import type { AccountFunctions } from '../../src/options.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { systemRandom } from '../../src/system.ts'
import { type TestOptions, testClock } from '../../src/testing/index.ts'
import { accountsAt, type Directory, digested, directory, type Person } from './directory.ts'
import {
  after,
  askApi,
  type Bench,
  before,
  eventsOf,
  inMemory,
  isSuccess,
  letterFor,
  linkBody,
  onEachStore,
  onSqlite,
  openBench,
  reset,
  rowsIn,
  stranger,
  submit,
  temporaryFolder,
} from './kit.ts'
import { mailServer } from './mail-server.ts'
import { childSecret, post, startServer } from './server-child.ts'

const kinds = ['hash', 'password'] as const
type Kind = (typeof kinds)[number]

const rows: Flow = { ...verified, proof: { ...verified.proof, keep: 'rows' } }
const flowsOf = (kind: Kind): Flow[] => [
  classic,
  stateless,
  kind === 'hash' ? code : { ...code, password: { ...code.password, history: 0 } },
  spa,
  rows,
]

const hashes = hasher({ random: systemRandom })
let oldHash: Promise<string> | null = null
async function old(kind: Kind): Promise<string> {
  oldHash ??= hashes.hash(before)
  return kind === 'hash' ? oldHash : before
}

/** Whether this is the person's password, as the directory would say. */
const has = async (kind: Kind, { password }: Person, wanted: string): Promise<boolean> =>
  kind === 'hash' ? hashes.matches(password ?? '', wanted) : password === digested(wanted)

type Place = { readonly bench: Bench; readonly there: Directory; readonly ana: Person }
type Open = (options?: TestOptions) => Promise<Bench>

/** A recovery over a directory in which Ana is, and what is opened is closed. */
async function withDirectory(
  kind: Kind,
  open: Open,
  body: (place: Place) => Promise<void>,
  more: Partial<AccountFunctions> = {},
): Promise<void> {
  const there = await directory(kind)
  try {
    const bench = await open({ accounts: accountsAt(there.url, kind, more), flows: flowsOf(kind) })
    await body({ bench, there, ana: there.add('ana@example.org', await old(kind)) })
  } finally {
    await there.close()
  }
}

const change = (bench: Bench, flow: Flow, proof: object, password: string) =>
  stranger(bench).json(`/api/flows/${flow.name}/change`, { ...proof, password })

/** Minutes, in steps of a worker's. */
async function pass(bench: Bench, minutes: number): Promise<void> {
  for (let step = 0; step < minutes * 2; step++) {
    bench.clock.turn({ seconds: 30 })
    await bench.worker.drain()
  }
}

const namesOf = async (bench: Bench): Promise<string[]> => (await eventsOf(bench)).map(({ name }) => name)
const count = (names: readonly string[], name: string): number => names.filter((one) => one === name).length
const notices = (bench: Bench): number => bench.letters.filter(({ subject }) => /changed/i.test(subject)).length

inMemory('hooks are told of accounts in a directory, under the ids that it gives them', async (open) => {
  const told: string[] = []
  const hook = (name: string) => (one: { readonly accountId: string | null }) =>
    void told.push(`${name} ${one.accountId}`)
  const hooks = Object.fromEntries(['onMailed', 'onChanged', 'onSignedIn'].map((name) => [name, hook(name)]))
  const hooked: Open = (options) => open({ ...options, hooks })
  await withDirectory('hash', hooked, async ({ bench, ana }) => {
    const browser = stranger(bench)
    const logIn = { username: ana.email, password: before }
    await submit(stranger(bench), '/login/', logIn)
    // From here on: nobody is told of what was before the start.
    await bench.telling.drain()
    assert.ok(isSuccess(await reset(browser, classic, await letterFor(bench, classic, ana.email), after)))
    await submit(browser, '/login/', { ...logIn, password: after })
    await bench.telling.drain()
    assert.deepEqual(told, [`onMailed ${ana.id}`, `onChanged ${ana.id}`, `onSignedIn ${ana.id}`])
  })
})

for (const kind of kinds) {
  onEachStore(`every flow sets a password in a directory that takes a ${kind}`, (open) =>
    withDirectory(kind, open, async ({ bench, there }) => {
      for (const flow of flowsOf(kind)) {
        const person = there.add(`${flow.name}@example.org`, await old(kind))
        const mail = await letterFor(bench, flow, person.email)
        assert.equal(mail.to, person.email)
        const browser = stranger(bench)
        if (flow.name === 'code') await letterFor(bench, flow, person.email, browser)
        assert.ok(
          isSuccess(await reset(browser, flow, flow.name === 'code' ? bench.letters[0]! : mail, after)),
          flow.name,
        )
        assert.ok(await has(kind, person, after), flow.name)
        assert.equal(person.sessions, 0, 'its sessions there have ended')
        if (flow.proof.kind === 'code') continue
        assert.equal((await change(bench, flow, linkBody(flow, mail), `${after}!`)).status, 410, 'and the link is dead')
      }
      await bench.mail()
      assert.equal(notices(bench), 5)
      assert.equal(count(await namesOf(bench), 'password.changed'), 5)
    }),
  )

  for (const flow of [classic, stateless]) {
    // Fifty hashes take a while; whichever store decides, it decides the same.
    const declare = kind === 'hash' ? inMemory : onEachStore
    declare(`of fifty submits of one proof one wins: ${flow.name}, a directory that takes a ${kind}`, (open) =>
      withDirectory(kind, open, async ({ bench, there, ana }) => {
        // The worst there is: whoever comes last has set it.
        there.manners = { blind: true }
        const proof = linkBody(flow, await letterFor(bench, flow, ana.email))
        const letters = bench.letters.length
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, index) => change(bench, flow, proof, `Racing-Boat-${100 + index}!`)),
        )
        const winners = answers.flatMap(({ status }, index) => (status === 200 ? [index] : []))
        assert.equal(winners.length, 1)
        assert.ok(answers.every(({ status }) => [200, 410, 503].includes(status)))
        assert.equal(there.calls.filter(({ route }) => route === 'setPassword').length, 1)
        assert.ok(await has(kind, ana, `Racing-Boat-${100 + winners[0]!}!`))
        await bench.mail()
        assert.equal(bench.letters.length - letters, 1, 'one notice')
        await pass(bench, 10)
        assert.equal((await change(bench, flow, proof, after)).status, 410)
        assert.equal(count(await namesOf(bench), 'password.changed'), 1)
      }),
    )
  }
}

// Killed

/** The first example of a page, which is a configuration file. */
const exampleOf = (page: string): string =>
  /```ts\n([\s\S]*?)```/.exec(readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8'))![1]!

/** Three people, each of whom a server is killed over: before the directory acts, before it answers, before we confirm. */
const steps = ['close', 'set', 'confirm'] as const

for (const kind of kinds) {
  test(`killed between close, set and confirm, a change is finished or undone: a directory that takes a ${kind}`, async () => {
    const { path: folder, remove } = temporaryFolder()
    const there = await directory(kind)
    const mail = await mailServer()
    const file = join(folder, 'app.db')
    try {
      for (const step of steps) there.add(`${step}@example.org`, await old(kind))
      const module = new URL('./directory.ts', import.meta.url).href
      const withHash = `import { accountsAt } from ${JSON.stringify(module)}
        export default { accounts: accountsAt(process.env.DIRECTORY_URL, 'hash'), flows: ['spa'] }`
      const config = kind === 'hash' ? withHash : exampleOf('docs/adopt/functions.md')
      writeFileSync(join(folder, 'latchkey.config.ts'), config)
      const child = await startServer(folder, file, mail.port, { environment: { DIRECTORY_URL: there.url } })
      const tokens = new Map<string, string>()
      for (const step of steps) {
        const email = `${step}@example.org`
        assert.equal(await post(child.port, '/auth/forgot-password/', { email }), 200)
        for (let tries = 0; tries < 400 && !mail.received.some(({ to }) => to.includes(email)); tries++) await sleep(50)
        const letter = await mail.received.find(({ to }) => to.includes(email))!.parsed()
        tokens.set(step, /reset-password\/([\w-]{65})/.exec(letter.text ?? '')![1]!)
      }
      const people = [...there.people.values()]
      const stepOf = (id: string) => steps[people.findIndex((one) => one.id === id)]
      const held = new Set<string>()
      const hold = async (step: string): Promise<void> => {
        held.add(step)
        await sleep(60_000, undefined, { ref: false })
        throw new Error('the server is gone')
      }
      there.manners = {
        before: async (route, id) => {
          if (route === 'setPassword' && stepOf(id) === 'close') await hold('close')
          if (route === 'endSessions' && stepOf(id) === 'confirm') await hold('confirm')
        },
        after: async (route, id) => {
          if (route === 'setPassword' && stepOf(id) === 'set') await hold('set')
        },
      }
      for (const [, token] of tokens) void post(child.port, '/auth/reset-password/', { token, new_password: after })
      for (let tries = 0; tries < 400 && held.size < 3; tries++) await sleep(50)
      assert.equal(held.size, 3, child.output())
      child.process.kill('SIGKILL')
      await child.ended
      there.manners = {}

      const clock = testClock(Date.now())
      const accountsNow = accountsAt(there.url, kind)
      const bench = await openBench(file, { secret: childSecret, accounts: accountsNow, flows: [spa], clock })
      await bench.worker.drain()
      const [atClose, atSet, atConfirm] = people as [Person, Person, Person]
      assert.ok(await has(kind, atClose, before), 'what another process may still be at is left to it for a while')
      const again = (step: string) => change(bench, spa, { token: tokens.get(step) }, `${after}${after}`)
      assert.equal((await again('close')).status, 503, 'and its proof is closed meanwhile')

      await pass(bench, 4)
      const changed = kind === 'hash' ? steps : (['set', 'confirm'] as const)
      assert.equal(await has(kind, atClose, after), kind === 'hash', 'a hash is set again, a password was kept nowhere')
      for (const person of [atSet, atConfirm]) assert.ok(await has(kind, person, after), person.email)
      assert.deepEqual([atSet.sessions, atConfirm.sessions], [0, 0])
      const told = bench.letters.filter(({ subject }) => /changed/i.test(subject)).map(({ to }) => to)
      assert.deepEqual(told.sort(), changed.map((step) => `${step}@example.org`).sort())
      assert.equal(count(await namesOf(bench), 'password.changed'), changed.length)
      for (const step of changed) assert.equal((await again(step)).status, 410, `${step}: used`)
      if (kind === 'password') {
        assert.equal((await again('close')).status, 200, 'undone: the proof is as good as before')
        assert.ok(await has(kind, atClose, `${after}${after}`))
      }
      const keys = there.calls
        .filter(({ route, id }) => route === 'setPassword' && id === atClose.id)
        .map(({ key }) => key)
      assert.equal(keys.length, 2)
      assert.equal(keys[0] === keys[1], kind === 'hash', 'a repetition says that it is one')
      await bench.close()
    } finally {
      await there.close()
      await mail.close()
      remove()
    }
  })
}

// Down, slow, untrue

const rude = { before: () => Promise.reject(new Error('down')) }

for (const kind of kinds) {
  onEachStore(`a directory that is down costs no letter and no proof: it takes a ${kind}`, (open) =>
    withDirectory(kind, open, async ({ bench, there, ana }) => {
      there.manners = rude
      const calls = there.calls.length
      const answers = [ana.email, 'nobody@example.org'].map((email) => askApi(stranger(bench), spa, email))
      const [known, unknown] = await Promise.all(answers)
      assert.deepEqual([known!.status, known!.body.message], [unknown!.status, unknown!.body.message])
      assert.equal(known!.status, 200)
      assert.equal(there.calls.length, calls, 'nobody is asked for before the answer')
      await pass(bench, 5)
      assert.equal(bench.letters.length, 0)
      assert.equal(
        count(await namesOf(bench), 'letter.dropped'),
        0,
        'who does not answer has not said that there is none',
      )
      there.manners = {}
      await pass(bench, 2)
      assert.deepEqual(
        bench.letters.map(({ to }) => to),
        [ana.email],
      )
      const proof = linkBody(spa, bench.letters[0]!)

      there.manners = rude
      const down = await change(bench, spa, proof, after)
      assert.equal(down.status, 503)
      assert.ok(Number(down.headers.get('retry-after')) > 0)
      there.manners = {}
      assert.equal((await change(bench, spa, proof, after)).status, 200, 'at once, for nothing was begun')
    }),
  )

  inMemory(`a connection that breaks while a password is set leaves nobody guessing: ${kind}`, (open) =>
    withDirectory(kind, open, async ({ bench, there, ana }) => {
      const proof = linkBody(spa, await letterFor(bench, spa, ana.email))
      there.manners = { before: (route) => (route === 'setPassword' ? Promise.reject(new Error('reset')) : undefined) }
      const answer = await change(bench, spa, proof, after)
      assert.deepEqual([answer.status, answer.body.code], [503, 'unsettled'])
      assert.ok(Number(answer.headers.get('retry-after')) > 0)
      assert.equal((await change(bench, spa, proof, `${after}!`)).body.code, 'unsettled')
      assert.equal((await eventsOf(bench)).at(-1)?.because, 'another is under way')
      assert.equal(notices(bench), 0)
      there.manners = {}
      await pass(bench, 4)
      assert.equal(await has(kind, ana, after), kind === 'hash')
      assert.equal(notices(bench), kind === 'hash' ? 1 : 0)
      assert.equal((await change(bench, spa, proof, `${after}!`)).status, kind === 'hash' ? 410 : 200)
    }),
  )

  inMemory(`an answer that is lost is found out at once: ${kind}`, (open) =>
    withDirectory(kind, open, async ({ bench, there, ana }) => {
      const proof = linkBody(spa, await letterFor(bench, spa, ana.email))
      there.manners = { after: (route) => (route === 'setPassword' ? Promise.reject(new Error('reset')) : undefined) }
      assert.equal((await change(bench, spa, proof, after)).status, 200)
      assert.ok(await has(kind, ana, after))
    }),
  )

  inMemory(`a directory that hangs holds up no request, and what it does later is found: ${kind}`, (open) => {
    const body = async ({ bench, there, ana }: Place): Promise<void> => {
      const proof = linkBody(spa, await letterFor(bench, spa, ana.email))
      let release = (): void => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      there.manners = { before: (route) => (route === 'byId' ? released : undefined) }
      assert.equal((await change(bench, spa, proof, after)).status, 503)
      there.manners = { before: (route) => (route === 'setPassword' ? released : undefined) }
      assert.equal((await change(bench, spa, proof, after)).body.code, 'unsettled')
      release()
      for (let tries = 0; tries < 100 && ana.changes < 2; tries++) await sleep(20)
      assert.ok(await has(kind, ana, after), 'it lands late')
      await pass(bench, 1)
      assert.equal(notices(bench), 1, 'and its owner is told')
      assert.equal((await change(bench, spa, proof, `${after}!`)).status, 410)
    }
    return withDirectory(kind, open, body, { timeout: 1_000 })
  })

  inMemory(`a directory that says "set" and does nothing is not believed: ${kind}`, (open) =>
    withDirectory(kind, open, async ({ bench, there, ana }) => {
      const proof = linkBody(spa, await letterFor(bench, spa, ana.email))
      there.manners = { says: 'set' }
      assert.equal((await change(bench, spa, proof, after)).body.code, 'unsettled')
      assert.ok(bench.log.some(({ level, message }) => level === 'error' && /does not show it/.test(message)))
      await pass(bench, 5)
      assert.equal(notices(bench), 0, 'nobody is told what is not so')
      there.manners = {}
      assert.equal((await change(bench, spa, proof, after)).status, 200)
    }),
  )

  inMemory(`what the directory refuses is told, and costs no proof: ${kind}`, (open) =>
    withDirectory(kind, open, async ({ bench, there, ana }) => {
      const proof = linkBody(spa, await letterFor(bench, spa, ana.email))
      there.manners = { says: { refused: ['used-before'] } }
      const refused = await change(bench, spa, proof, after)
      assert.equal(refused.status, 422)
      assert.deepEqual(
        refused.body.unmet.map(({ code }: { code: string }) => code),
        ['used-before'],
      )
      there.manners = { says: 'not-set' }
      const notSet = await change(bench, spa, proof, after)
      assert.deepEqual([notSet.status, notSet.body.code], [503, 'unavailable'])
      assert.equal((await change(bench, spa, proof, before)).status, 422, 'nor is the current one taken')
      there.manners = {}
      assert.equal((await change(bench, spa, proof, after)).status, 200)
    }),
  )

  inMemory(`an account that changed by another way is left as it is: ${kind}`, (open) =>
    withDirectory(kind, open, async ({ bench, there, ana }) => {
      const proof = linkBody(spa, await letterFor(bench, spa, ana.email))
      const theirs = kind === 'hash' ? await hashes.hash('By-Another-Way-7!') : digested('By-Another-Way-7!')
      there.manners = {
        // Between our last look and the setting of it.
        before: (route) => {
          if (route === 'setPassword') Object.assign(ana, { password: theirs, changes: ana.changes + 1 })
        },
      }
      assert.equal((await change(bench, spa, proof, after)).status, 410)
      assert.equal(ana.password, theirs)
      await pass(bench, 5)
      assert.equal(notices(bench), 0)
      there.manners = {}
      assert.equal((await change(bench, spa, linkBody(spa, await letterFor(bench, spa, ana.email)), after)).status, 200)
    }),
  )

  inMemory(`sessions that cannot be ended are ended later, and the owner is told in any case: ${kind}`, (open) =>
    withDirectory(kind, open, async ({ bench, there, ana }) => {
      const proof = linkBody(spa, await letterFor(bench, spa, ana.email))
      there.manners = { before: (route) => (route === 'endSessions' ? Promise.reject(new Error('no')) : undefined) }
      assert.equal((await change(bench, spa, proof, after)).status, 200, 'the password is set')
      await pass(bench, 1)
      assert.deepEqual([notices(bench), ana.sessions], [0, 2])
      there.manners = {}
      await pass(bench, 1)
      assert.deepEqual([notices(bench), ana.sessions], [1, 0])

      const bea = there.add('bea@example.org', await old(kind))
      there.manners = { before: (route) => (route === 'endSessions' ? Promise.reject(new Error('no')) : undefined) }
      const hers = linkBody(spa, await letterFor(bench, spa, bea.email))
      assert.equal((await change(bench, spa, hers, after)).status, 200)
      await pass(bench, 4)
      assert.equal(notices(bench), 2)
    }),
  )
}

onSqlite('while a change is pending no password stands in the database', (open) =>
  withDirectory('password', open, async ({ bench, there, ana }) => {
    const proof = linkBody(spa, await letterFor(bench, spa, ana.email))
    there.manners = { before: (route) => (route === 'setPassword' ? Promise.reject(new Error('reset')) : undefined) }
    await change(bench, spa, proof, after)
    const all = rowsIn(bench)
    assert.equal(all.latchkey_changes!.length, 1)
    for (const secret of [after, digested(after), ana.email]) {
      assert.ok(!JSON.stringify(all.latchkey_changes).includes(secret), secret)
    }
    assert.ok(!JSON.stringify([all, bench.log]).includes(after))
    assert.deepEqual(all.latchkey_nobody, [])
  }),
)

inMemory('an id that nobody has costs the directory the question that somebody has', (open) =>
  withDirectory('password', open, async ({ bench, there, ana }) => {
    await letterFor(bench, spa, ana.email)
    await bench.accounts.byId(ana.id)
    const asks = async (id: string) => {
      const from = there.calls.length
      const found = await bench.accounts.byId(id)
      return { found: found?.id ?? null, routes: there.calls.slice(from).map(({ route }) => route) }
    }
    assert.deepEqual(await asks(ana.id), { found: ana.id, routes: ['byId'] })
    for (const id of ['', 'decoy:key', 'several:YQ.Yg'])
      assert.deepEqual(await asks(id), { found: null, routes: ['byId'] })
    there.manners = rude
    for (const id of [ana.id, '', 'decoy:key']) await assert.rejects(bench.accounts.byId(id), { code: 'accounts' })
  }),
)

inMemory('an address that only contains the one that was asked for gets no letter', (open) =>
  withDirectory('hash', open, async ({ bench, there, ana }) => {
    there.add('joana@example.org', null)
    await letterFor(bench, spa, ana.email)
    assert.deepEqual(
      bench.letters.map(({ to }) => to),
      ['ana@example.org'],
    )
  }),
)

inMemory('one logs in by what the directory says, and changes the password on the account page', (open) =>
  withDirectory('password', open, async ({ bench, there, ana }) => {
    const browser = stranger(bench)
    const form = { 'sec-fetch-site': 'same-origin' }
    for (const [name, password, status] of [
      [ana.email, 'Wrong-Guess-55!', 403],
      ['nobody@example.org', before, 403],
      [ana.email, before, 303],
    ] as const) {
      const page = await browser.post('/login/', { username: name, password }, form)
      assert.equal(page.status, status, name)
    }
    const verified = there.calls.filter(({ route }) => route === 'verify').map(({ id }) => id)
    assert.deepEqual(verified, [ana.id, 'latchkey-nobody', ana.id])
    const wish = { current_password: before, new_password: after, confirm_password: after }
    assert.equal((await submit(browser, '/account/', wish, '/account/')).location, '/account/?done=changed')
    assert.ok(await has('password', ana, after))
    assert.equal((await browser.get('/account/')).status, 200, 'signed in, by a session of its own')
  }),
)

test('a database that was opened for accounts elsewhere has an empty table in their place', async () => {
  const { path, remove } = temporaryFolder()
  try {
    const database = sqlite(join(path, 'app.db'))
    const applied = (await database.migrate(elsewhere, false)).map(({ name }) => name)
    assert.deepEqual(applied.slice(-3), ['7-changes', '9-refusals-of-nobody', '8-nobody'])
    assert.ok(!applied.includes('2-users'))
    const { store, accounts } = await database.open(elsewhere, false)
    assert.deepEqual(await accounts.list(null, 10), [])
    await store.close()
  } finally {
    remove()
  }
})
