/**
 * A backup that was never restored is a hope. And a restore turns time back: what was spent since is unspent, what was
 * promised since is forgotten, and an audit of which the end is missing looks whole to whoever has nothing to compare it
 * with. So a database is copied while a server works on it, and brought back; and it is said here what comes back with it.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { spa } from '../../src/flows/index.ts'
import { systemClock } from '../../src/system.ts'
import { compiled } from '../compiled.ts'
import { program } from '../program.ts'
import {
  after,
  askApi,
  type Bench,
  isSuccess,
  letterFor,
  logsIn,
  openBench,
  person,
  reset,
  stranger,
  temporaryFolder,
} from './kit.ts'

const secret = 'the secret of a server whose database is going to be restored'

function command(file: string, ...args: string[]): { status: number | null; said: string } {
  const env = { ...compiled, SECRET_KEY: secret, DATABASE_URL: `sqlite:${file}`, DEBUG: 'true' }
  const all = ['--disable-warning=ExperimentalWarning', program, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { env, encoding: 'utf8', cwd: join(file, '..') })
  return { status, said: stdout + stderr }
}

const open = (file: string, key = secret): Promise<Bench> =>
  openBench(file, { secret: key, clock: systemClock as Bench['clock'] })

test('a backup that is taken while a server works comes back whole, and says where its audit ends', async () => {
  const { path, remove } = temporaryFolder()
  const [file, copy] = [join(path, 'app.db'), join(path, 'copy.db')]
  try {
    const bench = await open(file)
    const people = ['used', 'unused', 'later', 'promised'].map((name) => `${name}@example.org`)
    for (const email of people) await person(bench, email)
    const [used, unused] = [await letterFor(bench, spa, people[0]!), await letterFor(bench, spa, people[1]!)]
    assert.ok(isSuccess(await reset(stranger(bench), spa, used, after)))
    await bench.mail()
    assert.equal((await askApi(stranger(bench), spa, people[3]!)).status, 200)
    await bench.audit.seal()

    const backup = command(file, 'backup', copy)
    assert.equal(backup.status, 0, backup.said)
    assert.equal(statSync(copy).mode & 0o777, 0o600, 'it is for its owner alone')
    assert.equal(existsSync(`${copy}.partial`), false)
    const again = command(file, 'backup', copy)
    assert.equal(again.status, 1)
    assert.match(again.said, /overwrites nothing/)

    // Life goes on: a proof is used, another is made, and the end of the chain is given away.
    assert.ok(isSuccess(await reset(stranger(bench), spa, unused, after)))
    const later = await letterFor(bench, spa, people[2]!)
    await bench.audit.seal()
    // As the log has it, which is shipped to another machine.
    const heads = join(path, 'log.jsonl')
    writeFileSync(heads, bench.log.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    await bench.close()

    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
    copyFileSync(copy, file)
    const restored = await open(file)
    await restored.worker.drain()
    const sent = restored.letters.map(({ to }) => to)
    assert.ok(sent.includes(people[3]!), 'a letter that was promised is sent')
    assert.ok(!isSuccess(await reset(stranger(restored), spa, used, `${after}2`)), 'what was used before stays used')
    assert.equal(await logsIn(restored, people[0]!, after), true)
    assert.ok(!isSuccess(await reset(stranger(restored), spa, later, after)), 'what was made since is unknown')
    await restored.close()

    const verified = command(file, 'audit', 'verify')
    assert.equal(verified.status, 0, verified.said)
    const compared = command(file, 'audit', 'verify', '--heads', heads)
    assert.equal(compared.status, 1, 'heads that were kept elsewhere say that the end is missing')
    assert.match(compared.said, /head/i)

    // What was used since is open again: with the same key it would be good, with another it is not.
    const unwary = await open(file)
    assert.ok(isSuccess(await reset(stranger(unwary), spa, unused, after)), 'a restore brings a spent proof back')
    await unwary.close()
    for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true })
    copyFileSync(copy, file)
    const wary = await open(file, 'another secret, that was made when the backup was restored')
    assert.ok(!isSuccess(await reset(stranger(wary), spa, unused, after)), 'so the key is changed with a restore')
    await wary.close()
  } finally {
    remove()
  }
})
