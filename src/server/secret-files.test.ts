import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadConfig } from './config.ts'
import { withSecretFiles } from './secret-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-files-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const secret = 'kX7vR2mQ9sT4wY8zB1nC6dF3gH5jL0pA'

test('a secret may stand in a file, and the line break at its end is no part of it', async () => {
  const SECRET_KEY_FILE = file('key', `${secret}\n`)
  const { options, findings } = await loadConfig({ SECRET_KEY_FILE }, {}, folder)
  assert.equal(options.secret, secret)
  assert.ok(!findings.some(({ code }) => /^L00|^L02[89]/.test(code)))
})

test('two places for one secret are refused, for one of them is old', () => {
  const { findings } = withSecretFiles({ SECRET_KEY: 'another', SECRET_KEY_FILE: file('twice', secret) })
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['L028'],
  )
})

test('a file that is not there or empty is told of, by its variable and not by what it holds', async () => {
  for (const path of [join(folder, 'none'), file('empty', '\n'), file('long', secret.repeat(4_000)), folder]) {
    const { findings } = await loadConfig({ EMAIL_URL_FILE: path }, {}, folder)
    const [found] = findings.filter(({ code }) => code === 'L029')
    assert.match(found!.message, /EMAIL_URL_FILE/)
    assert.ok(!found!.message.includes(secret))
  }
})
