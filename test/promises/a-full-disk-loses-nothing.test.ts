/**
 * A disk fills up at night: a log that nobody turns, a backup beside the database. What is written then is cut where the
 * room ends, and a server that does not expect it answers "sent" without a letter, spends a link without setting the
 * password, or leaves a file that no longer opens. So a database is given a
 * disk of four megabytes and the disk is filled to the last byte, while visitors ask and change.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { spa } from '../../src/flows/index.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { systemClock } from '../../src/system.ts'
import { after, type Bench, openBench } from './kit.ts'
import { mailServer } from './mail-server.ts'
import { addressOf, becomes, lettersTo, type Place, populate, serveOn, tokenIn, visitor } from './real-server.ts'
import { childSecret } from './server-child.ts'

/** A disk of its own, in memory; null where this user may not mount one. */
function smallDisk(): { path: string; remove(): void } | null {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-disk-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'latchkey-test', path])
  if (status !== 0) {
    rmSync(path, { recursive: true })
    return null
  }
  return {
    path,
    remove() {
      spawnSync('umount', ['-l', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Writes until there is no room for a single byte. */
function fill(file: string): void {
  const open = openSync(file, 'w')
  for (let size = 65_536; size >= 1; ) {
    try {
      if (writeSync(open, Buffer.alloc(size)) < size) size = Math.floor(size / 2)
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
      size = Math.floor(size / 2)
    }
  }
  closeSync(open)
}

test('a disk that is full is a refusal for now: nothing is half done, and it goes on when there is room', async (context) => {
  const disk = smallDisk()
  if (!disk) return context.skip('this user may not mount a small disk')
  const mail = await mailServer()
  const file = join(disk.path, 'app.db')
  const place: Place = {
    ...{ url: `sqlite:${file}`, folder: disk.path, remove: async () => disk.remove() },
    open: (options) =>
      openBench('', { database: sqlite(file), secret: childSecret, clock: systemClock as Bench['clock'], ...options }),
  }
  try {
    await populate(place, 400)
    const child = await serveOn(place, mail.port, { environment: { LOG_LEVEL: 'error' } })
    const ask = (index: number) =>
      visitor(child.port, `10.7.${index >> 8}.${index & 255}`).post(
        spa.routes.ask,
        JSON.stringify({ email: addressOf(index) }),
        { 'content-type': 'application/json' },
      )
    assert.equal((await ask(0)).status, 200)
    await becomes('the letter comes', () => lettersTo(mail, addressOf(0)).length > 0)
    const token = await tokenIn(lettersTo(mail, addressOf(0))[0]!)
    const change = () => visitor(child.port, '10.9.0.1').json(spa.routes.change, { token, new_password: after })

    const filler = join(disk.path, 'filler')
    fill(filler)
    const answered: string[] = []
    let index = 1
    // What the journal has room for is written still.
    for (let refused = 0; refused < 5 && index < 400; index++) {
      const page = await ask(index)
      if (page.status === 200) answered.push(addressOf(index))
      else {
        refused++
        assert.equal(page.status, 503)
        assert.match(page.headers.get('retry-after') ?? '', /^\d+$/)
        assert.match(page.headers.get('content-type') ?? '', /problem\+json/)
      }
    }
    assert.ok(index < 400, 'the disk was full at last')
    assert.equal((await change()).status, 503, 'a change is refused')
    assert.equal((await visitor(child.port, '10.9.0.2').get('/auth/password-reset/')).status, 200, 'pages are there')
    assert.match(child.output(), /no room on the disk/i)

    rmSync(filler)
    await becomes('asks are taken again', async () => (await ask(399)).status === 200, 15)
    assert.equal((await change()).status, 200, 'the proof was not spent')
    await becomes('every letter that was promised comes', () =>
      answered.every((address) => lettersTo(mail, address).length > 0),
    )
    await becomes('and the notice', () => lettersTo(mail, addressOf(0)).length > 1)
    child.process.kill('SIGTERM')
    assert.equal((await child.ended).code, 0)
    const db = new DatabaseSync(file)
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    db.close()
  } finally {
    await mail.close()
    await place.remove()
  }
})
