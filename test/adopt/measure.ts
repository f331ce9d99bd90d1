/**
 * How long `latchkey adopt` looks at a million accounts, and how much memory it takes; run by hand:
 *   npm run build && node test/adopt/measure.ts [rows] [main.js]
 * Makes a Django table on SQLite and on PostgreSQL, without an index on addresses, a tenth of it with capitals, with four
 * formats of hashes and some addresses twice. Prints seconds and the largest resident set of the command's process.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { startPostgres } from '../postgres.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-million-'))
const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')

/** Rows by the database itself, so that this program holds none. `of`: the number of the row. */
const rows = (isSqlite: boolean): string => {
  const [yes, no] = isSqlite ? ['1', '0'] : ['true', 'false']
  const salt = isSqlite ? `printf('%022d', n)` : `lpad(n::text, 22, '0')`
  const key = isSqlite ? `printf('%042dA=', n)` : `lpad(n::text, 42, '0') || 'A='`
  return `SELECT n, 'user' || n, '', '', ${no}, ${no}, ${yes}, '2024-01-01',
    CASE WHEN n % 10 = 0 THEN 'User' || n || '@Example.org' ELSE 'user' || (n - ${isSqlite ? '(n % 1000 = 1)' : '(n % 1000 = 1)::int'}) || '@example.org' END,
    CASE n % 4 WHEN 0 THEN 'pbkdf2_sha256$600000$' || ${salt} || '$' || ${key}
      WHEN 1 THEN 'argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQxMjM0NTY$' || replace(${key}, '=', '')
      WHEN 2 THEN '!' || ${key} ELSE 'bcrypt_sha256$$2b$12$' || substr(${key}, 1, 22) || substr(${key}, 1, 31) END`
}
const columns = 'id, username, first_name, last_name, is_superuser, is_staff, is_active, date_joined, email, password'

async function measure(name: string, url: string): Promise<void> {
  const began = performance.now()
  const main = process.argv[3] ?? join(import.meta.dirname, '../../dist/cli/main.js')
  const probe = `process.on('exit', () => console.error('KB', process.resourceUsage().maxRSS, (process.cpuUsage().user + process.cpuUsage().system) / 1e6)); process.argv = [...process.argv.slice(0, 1), ${JSON.stringify(main)}, 'adopt', ${JSON.stringify(url)}, '--dry-run']; await import(${JSON.stringify(main)})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', probe], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, error] = ['', '']
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (error += chunk))
  await once(child, 'close')
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const megabytes = Math.round(Number(/KB (\d+)/.exec(error)?.[1] ?? Number.NaN) / 1000)
  const own = Number(/KB \d+ ([\d.]+)/.exec(error)?.[1]).toFixed(1)
  console.log(
    `${name}: ${count.toLocaleString('en')} accounts in ${seconds} s (${own} s of this process's own), ${megabytes} MB\n${out}${error.replace(/KB.*/, '')}`,
  )
}

try {
  const path = join(folder, 'app.db')
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA journal_mode = OFF; ${fixture('django.sqlite.sql')}`)
  db.exec(`WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < ${count})
    INSERT INTO auth_user (${columns}) ${rows(true)} FROM one`)
  db.close()
  await measure('SQLite', `sqlite:${path}`)
  const server = await startPostgres()
  try {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query(fixture('django.postgres.sql'))
    await client.query(
      `INSERT INTO auth_user (${columns}) ${rows(false).replace("'2024-01-01'", "'2024-01-01'::timestamptz")} FROM generate_series(1, ${count}) AS one(n)`,
    )
    await client.query('ANALYZE auth_user')
    await client.end()
    await measure('PostgreSQL', server.url)
  } finally {
    await server.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
