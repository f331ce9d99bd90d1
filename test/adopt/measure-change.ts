/**
 * What the store's part of a reset costs on a mapped table, beside Latchkey's own; run by hand:
 *   node test/adopt/measure-change.ts [rounds]
 * The hash is made before the transaction, so this is the database alone: ten changes at once, in turn on one table and on
 * the other, the median of each.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { own } from '../../src/accounts/own.ts'
import type { Account, AccountsTable, Database } from '../../src/engine/ports.ts'
import { aChange } from '../../src/stores/contract-values.ts'
import { postgres } from '../../src/stores/postgres.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { startPostgres } from '../postgres.ts'

const rounds = Number(process.argv[2] ?? 200)
const width = 10
const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')
const django = {
  table: 'auth_user',
  id: 'id',
  email: 'email',
  password: 'password',
  username: 'username',
  active: 'is_active',
}
const user = (n: number): string =>
  `(${n}, '', FALSE, 'user${n}', '', '', 'user${n}@example.org', FALSE, TRUE, '2024-01-01')`
const users = `INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
  date_joined) VALUES ${Array.from({ length: 1000 }, (_, n) => user(n + 1)).join(', ')}`

async function opened(database: Database, table: AccountsTable) {
  await database.migrate(table, false)
  const { store, accounts } = await database.open(table, false)
  if (table === own) {
    const rows = Array.from({ length: 1000 }, (_, n) => ({
      email: `user${n}@example.org`,
      username: `user${n}`,
      passwordHash: '',
      verified: true,
      active: true,
    }))
    await accounts.add(rows, 0)
  }
  return { store, held: await accounts.list(null, 1000), times: [] as number[] }
}

async function measure(name: string, ours: Database, theirs: Database): Promise<void> {
  const both = [await opened(ours, own), await opened(theirs, django)]
  for (let round = 0; round < rounds; round++) {
    for (const one of both) {
      const chosen = Array.from({ length: width }, (_, at) => (round * width + at) % one.held.length)
      const changes = chosen.map((at) => ({ ...aChange(one.held[at]!, null), passwordHash: `hash ${round}` }))
      const began = performance.now()
      const won = await Promise.all(changes.map((change) => one.store.change(change)))
      one.times.push(performance.now() - began)
      if (!won.every(Boolean)) throw new Error('A change did not win.')
      for (const at of chosen) one.held[at] = { ...one.held[at]!, passwordHash: `hash ${round}` } as Account
    }
  }
  const [own1, mapped] = both.map(({ times }) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]! / width)
  console.log(`${name}: ${own1!.toFixed(2)} ms own, ${mapped!.toFixed(2)} ms mapped, ${(mapped! / own1!).toFixed(2)} ×`)
  for (const { store } of both) await store.close()
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-change-'))
const server = await startPostgres()
try {
  const [first, second] = [join(folder, 'own.db'), join(folder, 'django.db')]
  const db = new DatabaseSync(second)
  db.exec(`${fixture('django.sqlite.sql')}; ${users}`)
  db.close()
  await measure('SQLite', sqlite(first), sqlite(second))
  const url = new URL(server.url)
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  await admin.query('CREATE DATABASE django')
  await admin.end()
  url.pathname = '/django'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.query(`${fixture('django.postgres.sql')}; ${users}`)
  await client.end()
  await measure('PostgreSQL', postgres(server.url), postgres(url.href))
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
