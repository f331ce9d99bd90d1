/**
 * What the promises share: a recovery on either store, the walk of a visitor through any flow by pages or by the JSON
 * API, a mail server on loopback, and what lies in the database file to look at and to meddle with.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { functionsIn } from '../../src/accounts/elsewhere-options.ts'
import { elsewhere, own } from '../../src/accounts/own.ts'
import type { Flow } from '../../src/engine/flow.ts'
import type { Database, Mail } from '../../src/engine/ports.ts'
import * as flows from '../../src/flows/index.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import {
  codeIn,
  formIn,
  linkIn,
  type Page,
  type TestBrowser,
  type TestOptions,
  type TestRecovery,
  testRecovery,
} from '../../src/testing/index.ts'
import { newPostgres, type PostgresDatabase } from '../new-postgres.ts'

/** Loaded before any test, for what it made goes when the file is over; and only where there is a MariaDB. */
const onMariadb = process.env.TEST_STORIES_ON === 'mysql' ? await import('../new-mysql.ts') : null

export const origin = 'https://app.example.com'
/** The passwords of before and after; both keep every flow's rules. */
export const before = 'Old-Kettle-17!'
export const after = 'New-Harbour-83?'

/** The five flows, and those of them whose letters carry a link. */
export const allFlows: readonly Flow[] = Object.values(flows)
export const linkFlows: readonly Flow[] = allFlows.filter((flow) => flow.proof.kind !== 'code')

/** A recovery and, on SQLite, its file. */
export type Bench = TestRecovery & {
  readonly database: Database
  /** Empty where there is none: on the memory store, and on PostgreSQL. */
  readonly file: string
}

type Open = (options?: TestOptions) => Promise<Bench>

/** Declares the test once for each store; what it opens is closed and removed after it. */
export function onAllStores(name: string, body: (open: Open) => Promise<void>): void {
  // In `npm run test:adopt`, which has a MariaDB, on that alone.
  if (onMariadb) {
    test(`${name} (MariaDB)`, () => withBench('mysql', body))
    return
  }
  test(`${name} (memory)`, () => withBench('memory', body))
  test(`${name} (SQLite)`, () => withBench('sqlite', body))
  test(`${name} (PostgreSQL)`, () => withBench('postgres', body))
}

/**
 * The same for promises that the store has a small part in: on PostgreSQL in the long run alone, so that the short one
 * stays short. The walks, the contract and `onAllStores` are there in both.
 */
export function onEachStore(name: string, body: (open: Open) => Promise<void>): void {
  if (onMariadb) {
    onAllStores(name, body)
    return
  }
  test(`${name} (memory)`, () => withBench('memory', body))
  test(`${name} (SQLite)`, () => withBench('sqlite', body))
  if (process.env.TEST_EVERY_WAY) test(`${name} (PostgreSQL)`, () => withBench('postgres', body))
}

/** Declares a test that looks into the database file itself. */
export function onSqlite(name: string, body: (open: Open) => Promise<void>): void {
  test(name, () => withBench('sqlite', body))
}

/** Declares a test for which the store makes no difference. */
export function inMemory(name: string, body: (open: Open) => Promise<void>): void {
  test(name, () => withBench('memory', body))
}

type Kind = 'memory' | 'sqlite' | 'postgres' | 'mysql'

/** A database of its own, where the kind has a server. */
async function madeOn(
  kind: Kind,
): Promise<(Pick<PostgresDatabase, 'database'> & { drop(): void | Promise<void> }) | null> {
  if (kind === 'mysql') return onMariadb!.newMysql()
  return kind === 'postgres' ? newPostgres() : null
}

async function withBench(kind: Kind, body: (open: Open) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-promise-'))
  const opened: Bench[] = []
  const databases: { drop(): void | Promise<void> }[] = []
  try {
    await body(async (options = {}) => {
      const file = kind === 'sqlite' ? join(folder, `${opened.length}.db`) : ''
      const made = options.database ? null : await madeOn(kind)
      if (made) databases.push(made)
      const bench = await openBench(file, made ? { ...options, database: made.database } : options)
      opened.push(bench)
      return bench
    })
  } finally {
    for (const bench of opened) await bench.close()
    for (const made of databases) await made.drop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A recovery on the file, migrated; in memory without one. `options.database` goes before either. */
export async function openBench(file: string, options: TestOptions = {}): Promise<Bench> {
  const database = options.database ?? (file === '' ? memory() : sqlite(file))
  if (functionsIn(options.accounts)) await database.migrate(elsewhere, false)
  else await database.migrate(own, true)
  return Object.assign(await testRecovery({ ...options, database }), { database, file })
}

/** A temporary folder for a test, and its removal. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-promise-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Runs SQL on a bench's file behind its back, as an administrator or an application would. */
export function sql(bench: Pick<Bench, 'file'>, statement: string, ...values: (string | number | null)[]): void {
  const db = new DatabaseSync(bench.file, { timeout: 5000 })
  try {
    db.prepare(statement).run(...values)
  } finally {
    db.close()
  }
}

/** Every row of every table. */
export function rowsIn(bench: Pick<Bench, 'file'>): Record<string, Record<string, unknown>[]> {
  const db = new DatabaseSync(bench.file, { timeout: 5000, readOnly: true })
  try {
    const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`).all()
    return Object.fromEntries(
      tables.map(({ name }) => [
        name,
        db
          .prepare(`SELECT * FROM "${name}"`)
          .all()
          .map((row) => ({ ...row })),
      ]),
    )
  } finally {
    db.close()
  }
}

/** A browser at a network address of its own. */
let networks = 0
export const freshAddress = (): string => {
  networks++
  // Three digits everywhere, so that no row is longer for its address.
  return `198.51.${100 + Math.floor(networks / 100)}.${100 + (networks % 100)}`
}
export const stranger = (bench: TestRecovery, headers?: Record<string, string>): TestBrowser =>
  bench.browser({ address: freshAddress(), ...(headers ? { headers } : {}) })

const sameOrigin = { 'sec-fetch-site': 'same-origin' }
const asJson = { 'content-type': 'application/json' }

/** Asks as a visitor does: by the flow's own form, or its front end's request. Does not follow. */
export async function ask(browser: TestBrowser, flow: Flow, address: string): Promise<Page> {
  if (flow.face === 'json') return browser.post(flow.routes.ask, JSON.stringify({ email: address }), asJson)
  return submit(browser, flow.routes.ask, { [flow.fields.email]: address })
}

/** Asks as a program does. */
export const askApi = (browser: TestBrowser, flow: Flow, address: string, more: object = {}) =>
  browser.json(`/api/flows/${flow.name}/request`, { email: address, ...more })

/** Opens a page and gives its form, with what stands in its fields. */
export async function formOn(browser: TestBrowser, path: string, action?: string) {
  const page = await browser.get(path)
  const form = formIn(page.text, action)
  if (!form) throw new Error(`No form on ${path} (status ${page.status}): ${page.text.slice(0, 400)}`)
  return form
}

/** Opens a page, fills its form and sends it; does not follow. */
export async function submit(
  browser: TestBrowser,
  path: string,
  fields: Record<string, string>,
  action?: string,
): Promise<Page> {
  const form = await formOn(browser, path, action)
  return browser.post(form.action, { ...form.fields, ...fields }, sameOrigin)
}

/** What a letter's link carries. */
export function linkOf(flow: Flow, mail: Mail): { link: string; uid: string | null; token: string } {
  const link = linkIn(mail)
  const url = new URL(link)
  const token = url.searchParams.get(flow.fields.token) ?? url.pathname.split('/').findLast(Boolean) ?? ''
  const uid = flow.face === 'pages' && flow.routes.link[0].includes(':uid') ? url.pathname.split('/').at(-3)! : null
  return { link, uid, token }
}

/** The body in which a program sends a link's secret. */
export function linkBody(flow: Flow, mail: Mail): { token: string; uid?: string } {
  const { uid, token } = linkOf(flow, mail)
  return uid === null ? { token } : { token, uid }
}

/** A letter for this address by this browser; fails when none comes. */
export async function letterFor(bench: TestRecovery, flow: Flow, address: string, browser = stranger(bench)) {
  // What waits from before, such as a notice, goes first.
  await bench.mail()
  const had = bench.letters.length
  const page = await ask(browser, flow, address)
  const mail = await bench.mail()
  if (bench.letters.length === had || !mail) throw new Error(`${flow.name}: no letter came (status ${page.status}).`)
  return mail
}

/** Gets as far as the page for the new password: opens the link, or types the code. Answers the set page's path. */
export async function arrive(browser: TestBrowser, flow: Flow, mail: Mail): Promise<string> {
  const code = flow.proof.kind === 'code' ? codeIn(mail) : ''
  const page =
    code === '' || flow.proof.kind !== 'code'
      ? await browser.look(linkOf(flow, mail).link)
      : await submit(browser, (flow as Extract<Flow, { proof: { kind: 'code' } }>).routes.code, { code })
  if (page.location === null) throw new Error(`${flow.name}: the proof was refused with ${page.status}.`)
  return page.location
}

/** Sets the password as a visitor does who has this letter. Does not follow the last redirect. */
export async function reset(browser: TestBrowser, flow: Flow, mail: Mail, password: string): Promise<Page> {
  if (flow.face === 'json') {
    const body = JSON.stringify({ token: linkOf(flow, mail).token, new_password: password })
    return browser.post(flow.routes.change, body, asJson)
  }
  const path = await arrive(browser, flow, mail)
  return submit(browser, path, { [flow.fields.password]: password, [flow.fields.confirm]: password })
}

/** Whether an answer says that the password was set. */
export const isSuccess = (page: { status: number; location?: string | null }): boolean =>
  page.status === 200 || (page.status === 303 && page.location !== null)

/** Whether one can log in with these, from a network where nobody failed before. */
export async function logsIn(bench: TestRecovery, name: string, password: string): Promise<boolean> {
  const page = await stranger(bench).post('/login/', { username: name, password }, sameOrigin)
  if (page.status !== 303 && page.status !== 403) throw new Error(`The log-in answered ${page.status}.`)
  return page.status === 303
}

/** Every event, oldest first. */
export const eventsOf = (bench: TestRecovery) => bench.store.events(0, 1_000_000)

let hash: Promise<string> | null = null

/** Adds an account whose password is `before`; hashed once a file, for hashing is slow on purpose. */
export async function person(
  bench: TestRecovery,
  email: string,
  more: { username?: string; verified?: boolean; active?: boolean; passwordHash?: string | null } = {},
): Promise<string> {
  hash ??= bench.hasher.hash(before)
  const { username = null, verified = true, active = true, passwordHash = await hash } = more
  const { taken } = await bench.accounts.add([{ email, username, passwordHash, verified, active }], bench.clock.now())
  if (taken.length > 0) throw new Error(`${email} is taken.`)
  return (await bench.accounts.list(null, 10_000)).find((account) => account.email === email)!.id
}
