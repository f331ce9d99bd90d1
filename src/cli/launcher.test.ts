/** `bin/latchkey` as an installed package has it: no repository around it, whatever Node is on the PATH. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../bin/latchkey', import.meta.url))

/** An installed package whose program says who runs it. */
async function installed(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey launcher-'))
  after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'package/bin'), { recursive: true })
  await mkdir(join(folder, 'package/dist/cli'), { recursive: true })
  await copyFile(launcher, join(folder, 'package/bin/latchkey'))
  const program = 'console.log(process.pid, ...process.argv.slice(2)); process.exitCode = 78'
  await writeFile(join(folder, 'package/dist/cli/main.js'), program)
  return folder
}

async function launch(path: string, args: readonly string[], PATH: string) {
  const child = spawn(path, args, { cwd: tmpdir(), env: { PATH } })
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { pid: child.pid, out, error, code }
}

const system = `${dirname(process.execPath)}:/usr/bin:/bin`

test('the program replaces the launcher, from any folder, through links, with its arguments and exit code', async () => {
  const folder = await installed()
  await mkdir(join(folder, '.bin'))
  await symlink('../package/bin/latchkey', join(folder, '.bin/latchkey'))
  await symlink(join(folder, '.bin/latchkey'), join(folder, 'lk'))
  for (const path of ['package/bin/latchkey', '.bin/latchkey', 'lk']) {
    const { pid, out, error, code } = await launch(join(folder, path), ['a b', '--c'], system)
    assert.deepEqual([out, error, code], [`${pid} a b --c\n`, '', 78])
  }
})

test('an old Node is refused with a sentence, and so is none', async () => {
  const folder = await installed()
  await mkdir(join(folder, 'old'))
  await writeFile(join(folder, 'old/node'), '#!/bin/sh\necho v22.17.9\n')
  await chmod(join(folder, 'old/node'), 0o755)
  const old = await launch(join(folder, 'package/bin/latchkey'), [], `${join(folder, 'old')}:/usr/bin:/bin`)
  assert.equal(old.code, 1)
  assert.equal(old.error, 'latchkey: Node.js 22.18 or later is needed; the one on the PATH is v22.17.9.\n')
  for (const tool of ['dirname', 'readlink', 'sh']) await symlink(`/usr/bin/${tool}`, join(folder, 'old', tool))
  await rm(join(folder, 'old/node'))
  const none = await launch(join(folder, 'package/bin/latchkey'), [], join(folder, 'old'))
  assert.equal(none.code, 1)
  assert.match(none.error, /the one on the PATH is missing\.\n$/)
})
