/**
 * No statement reads a table from end to end: what is quick with a hundred accounts is else slow with a million, and found out
 * by whoever has a million. Every statement that the store prepares is explained by SQLite itself; one that scans must stand
 * in the list below with its reason. A statement that is new is held to it without anybody's doing.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { own } from '../accounts/own.ts'
import { sqlite } from './sqlite.ts'
import { look } from './sqlite-migrate.ts'
import { rowsOf } from './sqlite-rows.ts'
import { usersOf } from './sqlite-users.ts'

/** What may be read from its beginning, by the step of the plan and the statement, and why. */
const short: readonly (readonly [step: RegExp, sql: RegExp, why: string])[] = [
  [/^SCAN latchkey_settings$/, /./, 'a row for each form and key'],
  [/^SCAN latchkey_(checkpoint|migrations)$/, /./, 'a row, or one for each step'],
  [
    /^SCAN latchkey_letters USING (COVERING )?INDEX latchkey_letters_due$/,
    /./,
    'the index holds what is queued, no more',
  ],
  [/^SCAN latchkey_segments USING INDEX latchkey_segments_whole$/, /LIMIT \?$/, 'the oldest that were not shortened'],
  [/^SCAN users$/, /"users"\."id" LIMIT [1?]\)?( LIMIT 1)?$/, 'the first ones by id: it ends after as many'],
  [/^SCAN \(subquery/, /LIMIT 1$/, 'of one row'],
  [
    /^SCAN (latchkey_events|challenges|addresses)$/,
    /^WITH\s+challenges AS/,
    'all about one account: for an operator, once in a while',
  ],
]

const folder = mkdtempSync(join(tmpdir(), 'latchkey-plans-'))
const file = join(folder, 'app.db')
await sqlite(file).migrate(own, true)
const db = new DatabaseSync(file)
after(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

/** Every statement that the store's files prepare, by the file. */
async function statements(): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  let from = ''
  const noting = new Proxy(db, {
    get(target, name) {
      if (name === 'prepare') {
        return (sql: string) => {
          found.set(sql, from)
          return target.prepare(sql)
        }
      }
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  from = 'sqlite-rows.ts'
  const rows = rowsOf(noting)
  const users = usersOf(own, true, look(db, own), noting)
  for (const name of readdirSync(import.meta.dirname).filter((one) => /^sqlite-[a-z-]+(?<!test)\.ts$/.test(one))) {
    if (name === 'sqlite-thread.ts') continue
    from = name
    for (const [called, make] of Object.entries(await import(`./${name}`))) {
      if (typeof make !== 'function') continue
      if (called.endsWith('Operations')) make(noting, rows, users)
      else if (called.endsWith('Reads')) make(noting, users)
    }
  }
  return found
}

const planOf = (sql: string): string[] =>
  db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail))

/** Takes the first rows of a table in the order in which it stands, and so ends at once. */
const isFirstOfAll = (sql: string, plan: readonly string[]): boolean =>
  /\bLIMIT\b/.test(sql) && !/\bWHERE\b/.test(sql) && !plan.some((step) => step.includes('TEMP B-TREE'))

/** The steps that read a whole table or index. */
function scans(sql: string): string[] {
  const plan = planOf(sql)
  return isFirstOfAll(sql, plan)
    ? []
    : plan.filter((step) => /^SCAN (?!CONSTANT ROW|\d+ CONSTANT|json_each)/.test(step))
}

test('every statement finds its rows by an index', async () => {
  const all = await statements()
  assert.ok(all.size > 60, `${all.size} statements were found`)
  for (const [sql, from] of all) {
    const bad = scans(sql).filter((step) => !short.some(([steps, sqls]) => steps.test(step) && sqls.test(sql.trim())))
    assert.deepEqual(bad, [], `${from}: ${sql}`)
  }
})

test('a statement without an index is found out', () => {
  assert.deepEqual(scans('SELECT * FROM latchkey_events WHERE network = ?'), ['SCAN latchkey_events'])
  assert.deepEqual(scans('SELECT * FROM latchkey_events WHERE seq > ?'), [])
})
