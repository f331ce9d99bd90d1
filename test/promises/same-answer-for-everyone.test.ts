/**
 * Whoever asks for a reset must not learn whether the address has an account. Grafana said "User not found" in its JSON
 * (CVE-2022-39307); Django answered with an error when the mail failed, which it only ever did for real accounts
 * (CVE-2024-45231); ApostropheCMS waited for unknown names alone (CVE-2026-33877), TYPO3's form took longer for known
 * ones (CVE-2020-11063). Lists of who is registered where were sold from less. So here every answer along every flow is
 * held against the same answer for somebody else, byte for byte, and so is the work that is done for it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow } from '../../src/engine/flow.ts'
import type { Database } from '../../src/engine/ports.ts'
import type { code } from '../../src/flows/index.ts'
import { memory } from '../../src/stores/memory.ts'
import { codeIn, type Page } from '../../src/testing/index.ts'
import {
  allFlows,
  ask,
  askApi,
  type Bench,
  inMemory,
  onEachStore,
  onSqlite,
  openBench,
  person,
  rowsIn,
  stranger,
  submit,
} from './kit.ts'

/** Addresses of equal length, so that even the length of what an answer repeats must be the same. */
const people = {
  known: 'person-a@example.org',
  unknown: 'person-b@example.org',
  inactive: 'person-c@example.org',
  unverified: 'person-d@example.org',
  limited: 'person-e@example.org',
  'unknown and limited': 'person-f@example.org',
  'without a password': 'person-g@example.org',
} as const
type Kind = keyof typeof people
const kinds = Object.keys(people) as Kind[]
const onDisk: readonly Kind[] = ['known', 'unknown', 'limited']

async function populate(bench: Bench, kind: Kind): Promise<void> {
  await person(bench, people.known)
  await person(bench, people.inactive, { active: false })
  await person(bench, people.unverified, { verified: false })
  await person(bench, people.limited)
  await person(bench, people['without a password'], { passwordHash: null })
  if (kind !== 'limited' && kind !== 'unknown and limited') return
  // Others have used up what may be mailed to this address.
  for (let asked = 0; asked < 6; asked++) await askApi(stranger(bench), allFlows[0]!, people[kind])
  await bench.mail()
}

/** An answer with what is random in it replaced by its length. */
function shapeOf(page: Page, address: string) {
  const mask = (text: string): string =>
    text
      .replaceAll(address, '<address>')
      .replaceAll(encodeURIComponent(address), '<address>')
      .replace(/[\w-]{16,}/g, (token) => `<${token.length}>`)
  const headers = [...page.headers].map(([name, value]) => `${name}: ${mask(value)} (${value.length})`)
  return { status: page.status, headers, bytes: Buffer.byteLength(page.text), body: mask(page.text) }
}

type Shape = ReturnType<typeof shapeOf>

/** Answer by answer, so that a failure says which one gives somebody away. */
function assertAlike(shapes: readonly Shape[], others: readonly Shape[], who: string): void {
  assert.equal(shapes.length, others.length, who)
  for (const [step, shape] of shapes.entries()) assert.deepEqual(shape, others[step], `${who}: answer ${step + 1}`)
}

const wrongCodes = ['135790', '246801', '357912', '468023', '579134', '680245', '791356', '802467']

/** All that one visitor does in a flow without ever reading mail, and every answer on the way. */
async function walkByPages(bench: Bench, flow: Flow, address: string): Promise<Page[]> {
  const browser = stranger(bench)
  const pages: Page[] = []
  const asks = async () => {
    const page = await ask(browser, flow, address)
    pages.push(page)
    if (page.location) pages.push(await browser.get(page.location))
  }
  await asks()
  await bench.mail()
  if (flow.face === 'pages' && flow.proof.kind === 'code') {
    const { code: codePage } = flow.routes as typeof code.routes
    const real = bench.letters[0] ? codeIn(bench.letters[0]) : ''
    const wrong = wrongCodes.filter((one) => one !== real).slice(0, 7)
    for (const typed of wrong) pages.push(await submit(browser, codePage, { code: typed }, codePage))
    pages.push(await submit(browser, codePage, {}, flow.routes.ask))
    bench.clock.turn({ seconds: 61 })
    pages.push(await browser.get(codePage))
    pages.push(await submit(browser, codePage, {}, flow.routes.ask))
    pages.push(await submit(browser, codePage, { code: wrong[0]! }, codePage))
  }
  await asks()
  await asks()
  await asks()
  bench.clock.turn({ minutes: 16 })
  await asks()
  return pages
}

/** The same by a program. */
async function walkByApi(bench: Bench, flow: Flow, address: string): Promise<Page[]> {
  const browser = stranger(bench)
  const pages: Page[] = []
  const post = async (verb: string, body: object) => {
    const text = JSON.stringify(body)
    const page = await browser.post(`/api/flows/${flow.name}/${verb}`, text, { 'content-type': 'application/json' })
    pages.push(page)
    return JSON.parse(page.text)
  }
  const { flow_id } = await post('request', { email: address })
  await bench.mail()
  if (flow.proof.kind === 'code') {
    const real = bench.letters[0] ? codeIn(bench.letters[0]) : ''
    for (const typed of wrongCodes.filter((one) => one !== real).slice(0, 7)) {
      await post('prove', { flow_id, email: address, code: typed })
    }
    await post('request', { email: address, flow_id })
    bench.clock.turn({ seconds: 61 })
    await post('request', { email: address, flow_id })
  }
  for (let asked = 0; asked < 3; asked++) await post('request', { email: address })
  return pages
}

for (const flow of allFlows) {
  onEachStore(`every answer of ${flow.name} is the same for everyone, by pages and by API`, async (open) => {
    for (const walk of [walkByPages, walkByApi]) {
      const shapes: Shape[][] = []
      const met: Kind[] = []
      for (const kind of kinds) {
        const bench = await open()
        // On disk each takes a while, and only what the store sees can differ there.
        if (bench.file !== '' && !onDisk.includes(kind)) continue
        met.push(kind)
        await populate(bench, kind)
        const pages = await walk(bench, flow, people[kind])
        for (const page of pages) assert.ok(page.status < 500, `${kind}: ${page.status}`)
        shapes.push(pages.map((page) => shapeOf(page, people[kind])))
      }
      assert.ok(shapes[0]!.length >= 4)
      assert.ok(
        shapes[0]!.some((shape) => shape.status === 429),
        'the walk goes as far as the limit',
      )
      for (const [index, kind] of met.entries()) assertAlike(shapes[index]!, shapes[0]!, `${walk.name}, ${kind}`)
    }
  })
}

onEachStore('a failed log-in is answered alike for everyone, up to the limit and beyond', async (open) => {
  const shapes: Shape[][] = []
  const met: Kind[] = []
  for (const kind of kinds) {
    const bench = await open()
    if (bench.file !== '' && !onDisk.includes(kind)) continue
    met.push(kind)
    await populate(bench, kind)
    const browser = stranger(bench)
    const pages: Page[] = []
    for (let tries = 0; tries < 12; tries++) {
      pages.push(await submit(browser, '/login/', { username: people[kind], password: 'Wrong-Guess-55!' }))
    }
    assert.equal(pages[9]!.status, 403)
    assert.equal(pages[10]!.status, 429)
    shapes.push(pages.map((page) => shapeOf(page, people[kind])))
  }
  for (const [index, kind] of met.entries()) assertAlike(shapes[index]!, shapes[0]!, kind)
})

test('a mail server that is down changes no answer', async () => {
  const bench = await openBench('', {
    worker: true,
    mail: {
      from: 'no-reply@example.com',
      send: async () => {
        throw new Error('connect ECONNREFUSED')
      },
    },
  })
  try {
    await person(bench, people.known)
    for (const flow of allFlows) {
      const answers = []
      for (const address of [people.known, people.unknown]) {
        const browser = stranger(bench)
        const first = await ask(browser, flow, address)
        // Time for the worker to fail with it.
        await new Promise((resolve) => setTimeout(resolve, 60))
        const second = await ask(browser, flow, address)
        answers.push([first, second].map((page) => shapeOf(page, address)))
      }
      assert.deepEqual(answers[1], answers[0], flow.name)
    }
    assert.ok(
      bench.log.some((entry) => entry.level === 'warn'),
      'letters did fail meanwhile',
    )
  } finally {
    await bench.close()
  }
})

// The work

/** A database whose calls are written down, with the form of what is passed. */
function recorded(database: Database, calls: string[]): Database {
  const watch = <T extends object>(port: string, target: T): T =>
    new Proxy(target, {
      get(on, name) {
        const value = Reflect.get(on, name)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          const form = JSON.stringify(args, (_, part) =>
            typeof part === 'string' && part.length >= 10 ? `<${part.length}>` : part,
          )
          calls.push(`${port}.${String(name)} ${form}`)
          return value.apply(on, args)
        }
      },
    })
  return {
    ...database,
    async open(table, columns) {
      const { store, accounts } = await database.open(table, columns)
      return { store: watch('store', store), accounts: watch('accounts', accounts) }
    },
  }
}

inMemory('an ask makes the same calls for everyone, and never reads an account', async (open) => {
  for (const flow of allFlows) {
    for (const asking of [ask, askApi]) {
      const perKind: string[][] = []
      for (const kind of ['known', 'unknown', 'inactive', 'unverified', 'without a password'] as const) {
        const calls: string[] = []
        const bench = await open({ database: recorded(memory(), calls) })
        await populate(bench, kind)
        const browser = stranger(bench)
        calls.length = 0
        for (let asked = 0; asked < 4; asked++) await asking(browser, flow, people[kind])
        perKind.push([...calls])
      }
      for (const calls of perKind) {
        assert.ok(calls.length >= 4)
        assert.deepEqual(
          calls.filter((call) => call.startsWith('accounts.')),
          [],
          `${flow.name}: an ask reads no account`,
        )
        assert.deepEqual(withoutTimes(calls), withoutTimes(perKind[0]!), `${flow.name}: the same calls for everyone`)
      }
    }
  }
})

const withoutTimes = (calls: string[]): string[] => calls.map((call) => call.replace(/\b\d{13}\b/g, '<time>'))

inMemory("the letter's turn makes the same calls for a decoy as for an account", async (open) => {
  for (const flow of allFlows) {
    const turns: string[][] = []
    for (const kind of ['known', 'unknown', 'inactive'] as const) {
      const calls: string[] = []
      const bench = await open({ database: recorded(memory(), calls) })
      await populate(bench, kind)
      await ask(stranger(bench), flow, people[kind])
      calls.length = 0
      const had = bench.letters.length
      await bench.mail()
      assert.equal(bench.letters.length - had, kind === 'known' ? 1 : 0)
      turns.push(calls.map((call) => call.split(' ')[0]!))
    }
    assert.ok(turns[0]!.includes('store.settle'))
    assert.equal(turns[0]!.includes('store.bind'), flow.proof.kind !== 'signed')
    assert.deepEqual(turns[1], turns[0], `${flow.name}: nobody's letter costs what somebody's costs`)
    assert.deepEqual(turns[2], turns[0], `${flow.name}: a closed account's letter costs what an open one's costs`)
  }
})

onSqlite('the database gets as many rows, of the same size, for nobody as for somebody', async (open) => {
  const sizes = (bench: Bench): Record<string, [number, number]> =>
    Object.fromEntries(
      Object.entries(rowsIn(bench))
        .filter(([table]) => table !== 'users')
        .map(([table, rows]) => [table, [rows.length, JSON.stringify(rows).length]]),
    )
  for (const flow of allFlows) {
    const asked = []
    for (const kind of ['known', 'unknown'] as const) {
      const bench = await open()
      await populate(bench, kind)
      const empty = sizes(bench)
      await ask(stranger(bench), flow, people[kind])
      const full = sizes(bench)
      asked.push(Object.entries(full).map(([table, [n, b]]) => [table, n - empty[table]![0], b - empty[table]![1]]))
    }
    assert.ok(asked[0]!.some(([, rows]) => Number(rows) > 0))
    assert.deepEqual(asked[1], asked[0], flow.name)
  }
})
