/** The commands on the audit, each run as the program runs it, in a folder with a database of its own. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { type AuditBench, caller, openAudit, benchSecret as secret } from '../../test/audit-bench.ts'
import { own } from '../accounts/own.ts'
import { event, nobody } from '../engine/audit.ts'
import { sqlite } from '../stores/sqlite.ts'
import { systemClock } from '../system.ts'
import { auditErase } from './audit-erase.ts'
import { auditExport } from './audit-export.ts'
import { auditTail } from './audit-tail.ts'
import { auditVerify } from './audit-verify.ts'
import { type Command, type Io, UsageError } from './command.ts'

/** A folder with a database, what was done to it, and a way to run commands there. */
async function folder(fill: (bench: AuditBench) => Promise<void> = async () => {}) {
  const path = await mkdtemp(join(tmpdir(), 'latchkey-audit-'))
  after(() => rm(path, { recursive: true, force: true }))
  const file = join(path, 'app.db')
  const database = sqlite(file)
  const bench = await openAudit(database, file, { audit: { heads: join(path, 'heads.jsonl') } })
  await fill(bench)
  await bench.store.close()

  const run = async (command: Command, args: readonly string[], how: Partial<Io> & { secret?: string } = {}) => {
    let out = ''
    let error = ''
    const io: Io = {
      environment: { DATABASE_URL: `sqlite:${file}`, SECRET_KEY: how.secret ?? secret, DEBUG: 'true' },
      folder: path,
      stdin: Readable.from([]),
      out: async (text) => {
        out += text
        return true
      },
      error: (text) => {
        error += text
      },
      ...how,
    }
    return { code: await command.run(args, io), out, error }
  }
  const sql = (statement: string) => {
    const db = new DatabaseSync(file)
    db.exec(statement)
    db.close()
  }
  return { path, file, run, sql }
}

/** Three events of two accounts, sealed. */
async function three({ store, clock, audit }: AuditBench): Promise<void> {
  await store.note(event(clock.now(), 'challenge.opened', caller, { flow: 'classic', challengeId: 'c1' }))
  await store.note(event(clock.now(), 'letter.sent', nobody, { flow: 'classic', challengeId: 'c1', accountId: '7' }))
  await store.note(event(clock.now(), 'session.refused', caller, { accountId: '8', because: 'wrong password' }))
  await audit.seal()
}

test('verify says that everything is as it was sealed, or what is not, and its exit code says so too', async () => {
  const { run, sql, path } = await folder(three)
  const heads = ['--heads', join(path, 'heads.jsonl')]
  const good = await run(auditVerify, heads)
  assert.equal(good.code, 0)
  assert.equal(
    good.out,
    'Checked 1 segment with 3 events, up to event 3.\nHeads: 1 that the chain still holds.\nEverything is as it was sealed.\n',
  )
  sql(`UPDATE latchkey_events SET because = 'nothing' WHERE seq = 3; DELETE FROM latchkey_events WHERE seq = 2`)
  const bad = await run(auditVerify, [])
  assert.equal(bad.code, 1)
  assert.match(bad.out, /^Event 3 was altered after it was sealed/m)
  assert.match(bad.out, /^Event 2 of segment 1 is missing\.\n/m)
  assert.match(bad.out, /The audit is not as it was sealed\.\n$/)
  sql('DELETE FROM latchkey_segments; DELETE FROM latchkey_events')
  assert.deepEqual(await run(auditVerify, []), {
    code: 0,
    out: 'Nothing is sealed yet.\nEverything is as it was sealed.\n',
    error: '',
  })
  const cut = await run(auditVerify, heads)
  assert.equal(cut.code, 1)
  assert.match(cut.out, /^Line 1: segment 1 was exported and is not in the database/m)
})

test('verify tells of what is not sealed, takes a log for heads, and refuses a file without any', async () => {
  const { run, path } = await folder(async (recovery) => {
    await three(recovery)
    await recovery.store.note(event(recovery.clock.now(), 'link.opened', caller))
  })
  const { code, out } = await run(auditVerify, [])
  assert.equal(code, 0)
  assert.match(
    out,
    /^Not sealed yet, and so not proved: 1 event, the oldest of 2026-01-05T12:00:00\.000Z\. Does a worker run\?$/m,
  )
  const head = (await readFile(join(path, 'heads.jsonl'), 'utf8')).trimEnd()
  const log = `{"level":"info","message":"started"}\n{"level":"info","head":${head}}\nno JSON at all\n`
  assert.match(
    (await run(auditVerify, ['--heads', '-'], { stdin: Readable.from([Buffer.from(log)]) })).out,
    /^Heads: 1 /m,
  )
  await writeFile(join(path, 'none'), '{"level":"info"}\n')
  const none = await run(auditVerify, ['--heads', join(path, 'none')])
  assert.deepEqual([none.code, none.error], [1, `${join(path, 'none')} holds no head.\n`])
  const missing = await run(auditVerify, ['--heads', join(path, 'missing')])
  assert.equal(missing.code, 1)
  assert.match(missing.error, /missing cannot be read: ENOENT/)
})

test('verify needs the secret, and says when it was another', async () => {
  const { run } = await folder(three)
  const without = await run(auditVerify, [], { environment: { DATABASE_URL: 'sqlite:x.db', DEBUG: 'true' } })
  assert.equal(without.code, 78)
  assert.match(without.error, /^L001 error/)
  const other = await run(auditVerify, [], { secret: 'Zq7rW2mKx9LpVd4TnB8sHf3JgY6cUa1EoR5iQ0wM' })
  assert.equal(other.code, 1)
  assert.match(
    other.out,
    /Segment 1 was sealed under the key [\w-]{8}, which is not known here: give the earlier secret/,
  )
  const key = await run(auditVerify, ['--public-key'])
  assert.match(key.out, /^-----BEGIN PUBLIC KEY-----\n/)
})

test('tail prints the newest events, a line each, whatever stands in them', async () => {
  const { run } = await folder(async ({ store, clock }) => {
    for (let i = 1; i <= 30; i++) {
      const agent = i === 30 ? 'evil\u202e\u001b[31m\nagent' : 'a browser'
      await store.note(event(clock.now(), 'link.opened', { ...caller, agent }, { accountId: String(i) }))
    }
  })
  const { out } = await run(auditTail, [])
  assert.equal(out.split('\n').length, 21)
  assert.match(out, /^11 {2}2026-01-05T12:00:00\.000Z {2}link\.opened +- {2}account 11 {2}192\.0\.2\.77 {2}a browser\n/)
  assert.match(out, /evil\\u202e\\u001b\[31m\\u000aagent\n$/)
  const json = (await run(auditTail, ['--json', '--lines', '2'])).out.trimEnd().split('\n')
  assert.deepEqual(
    json.map((line) => JSON.parse(line).account),
    ['29', '30'],
  )
  assert.match(json[1]!, /evil\\u202e\\u001b\[31m\\nagent/)
  await assert.rejects(run(auditTail, ['--lines', 'many']), UsageError)
})

test('tail --follow prints what comes, until nobody reads any longer', async () => {
  const { run, file } = await folder(three)
  const { store } = await sqlite(file).open(own, true)
  let read = ''
  const { code } = await run(auditTail, ['--follow', '--lines', '1'], {
    out: async (text) => {
      read += text
      if (!/link\.opened/.test(read)) await store.note(event(systemClock.now(), 'link.opened', caller))
      return !/link\.opened/.test(read)
    },
  })
  await store.close()
  assert.equal(code, 0)
  assert.match(read, /^3 .*session\.refused[^\n]*\n4 .*link\.opened[^\n]*\n$/)
})

test('an export has every event, quoted so that no spreadsheet runs any of it, and is noted first', async () => {
  const agents = ['=HYPERLINK("http://evil")', '+1', '-1', '@SUM(A1)', '\tx', '＝1', 'a, "quoted" one', 'two\r\nlines']
  const { run } = await folder(async ({ store, clock }) => {
    for (const agent of agents) await store.note(event(clock.now(), 'link.opened', { ...caller, agent }))
  })
  const { out } = await run(auditExport, [])
  const lines = out.split('\r\n')
  assert.equal(lines[0], 'seq,time,name,flow,account,address_key,challenge,network,agent,request,because')
  assert.equal(lines[1], `1,2026-01-05T12:00:00.000Z,link.opened,,,,,192.0.2.77,"'=HYPERLINK(""http://evil"")",r1,`)
  for (const cell of [`"'+1"`, `"'-1"`, `"'@SUM(A1)"`, `"'\tx"`, `"'＝1"`, '"a, ""quoted"" one"', '"two\r\nlines"']) {
    assert.ok(out.includes(`,${cell},`), cell)
  }
  assert.match(out, /,audit\.exported,.*,csv by [^,\r\n]+\r\n$/)
})

test('an export can be of some days, of one account, and to a new file of its owner', async () => {
  const { run, path } = await folder(async (recovery) => {
    await three(recovery)
    recovery.clock.turn({ days: 1 })
    await recovery.store.note(event(recovery.clock.now(), 'link.opened', caller))
  })
  const seqs = async (...args: string[]) =>
    (await run(auditExport, ['--format', 'jsonl', ...args])).out
      .trimEnd()
      .split('\n')
      .map((line) => (line === '' ? 0 : JSON.parse(line).seq))
  assert.deepEqual(await seqs('--to', '2026-01-06'), [1, 2, 3])
  assert.deepEqual(await seqs('--from', '2026-01-06', '--to', '2026-01-06T12:00:00.001Z'), [4])
  assert.deepEqual(await seqs('--from', '2026-01-05T14:00:00+02:00', '--to', '2026-01-06T12:00:00Z'), [1, 2, 3])
  assert.deepEqual(await seqs('--account', '7', '--to', '2026-02-01'), [1, 2])
  const out = join(path, 'events.jsonl')
  const first = await run(auditExport, ['--format', 'jsonl', '--to', '2026-02-01', '--out', out])
  assert.deepEqual(first, { code: 0, out: `4 events in ${out}.\n`, error: '' })
  assert.equal((await stat(out)).mode & 0o777, 0o600)
  assert.equal((await readFile(out, 'utf8')).split('\n').length, 5)
  const again = await run(auditExport, ['--out', out])
  assert.deepEqual([again.code, again.error], [1, `${out} is there already.\n`])
  for (const args of [
    ['--from', 'yesterday'],
    ['--to', '2026-02-30'],
    ['--format', 'xml'],
    ['--account', ''],
    ['more'],
  ]) {
    await assert.rejects(run(auditExport, args), UsageError)
  }
})

test('an export of many events is whole', async () => {
  const { run } = await folder(async ({ store, clock }) => {
    const note = (i: number) => store.note(event(clock.now(), 'link.opened', caller, { accountId: String(i % 2) }))
    for (let batch = 0; batch < 5; batch++) await Promise.all(Array.from({ length: 1000 }, (_, i) => note(i)))
  })
  const all = await run(auditExport, ['--format', 'jsonl'])
  assert.equal(all.out.split('\n').length, 5002)
  assert.equal((await run(auditExport, ['--account', '1', '--format', 'jsonl'])).out.split('\n').length, 2502)
})

test('erase takes out what tells of one account, once, and verify agrees', async () => {
  const { run } = await folder(three)
  assert.equal((await run(auditErase, ['--account', '7'])).out, 'Took account, network and agent out of 2 events.\n')
  assert.equal((await run(auditErase, ['--account', '7'])).out, 'No event tells of account 7.\n')
  const { out } = await run(auditExport, [])
  const rows = out
    .split('\r\n')
    .filter((row) => !row.includes('settings.changed'))
    .slice(1, 5)
  assert.match(rows[0]!, /challenge\.opened,classic,,,c1,,,r1,$/)
  assert.match(rows[2]!, /session\.refused,,8,,,192\.0\.2\.77,a browser,r1,wrong password$/)
  assert.match(rows[3]!, /audit\.erased,.*,"2 events, by .*"$/)
  assert.equal((await run(auditVerify, [])).code, 0)
  await assert.rejects(run(auditErase, []), /--account is missing/)
})
