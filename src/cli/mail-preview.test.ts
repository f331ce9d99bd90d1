/** Every letter as files, to be looked at before anybody gets one. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { locales } from '../words/index.ts'
import { UsageError } from './command.ts'
import { mailPreview } from './mail-preview.ts'

function inFolder(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-preview-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const run = async (args: string) => {
    let printed = ''
    const say = (text: string) => {
      printed += text
    }
    const io = {
      ...{ environment: {}, folder, stdin: Readable.from([]), error: say },
      out: async (text: string) => {
        say(text)
        return true
      },
    }
    return { code: await mailPreview.run(args.split(' ').filter(Boolean), io), printed }
  }
  return { folder, run }
}

test('every letter of every flow is written as HTML and as text in each language, and the index leads to all', async (t) => {
  const { folder, run } = inFolder(t)
  const { code, printed } = await run('')
  assert.equal(code, 0)
  // Four flows with a link, one with a code.
  const each = 4 * 4 + 6
  assert.match(printed, new RegExp(`^${each * locales.length} letters are in `))
  const index = readFileSync(join(folder, 'letters/index.html'), 'utf8')
  const linked = [...index.matchAll(/href="([^"]+)"/g)].map(([, path]) => path!)
  assert.equal(linked.length, 2 * each * locales.length)
  for (const path of linked) assert.ok(existsSync(join(folder, 'letters', path)), path)
  for (const locale of locales) {
    assert.equal(readdirSync(join(folder, 'letters', locale)).length, 2 * each)
    const html = readFileSync(join(folder, `letters/${locale}/code-code.html`), 'utf8')
    assert.match(html, new RegExp(`<html lang="${locale}" dir="(ltr|rtl)">`))
    assert.match(
      readFileSync(join(folder, `letters/${locale}/code-code.txt`), 'utf8'),
      /^Subject: .*\n\n[\s\S]*\n493027\n/,
    )
  }
})

test('one language goes where it is told to, and wears the configuration’s brand', async (t) => {
  const { folder, run } = inFolder(t)
  const flows = [{ name: 'code', brand: { name: 'NORSU Alumni', colors: { light: '#8b1a2b' } } }]
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ flows }))
  const { printed } = await run('--lang en --out seen/here')
  assert.match(printed, /^6 letters are in /)
  assert.deepEqual(readdirSync(join(folder, 'seen/here')).sort(), ['en', 'index.html'])
  const html = readFileSync(join(folder, 'seen/here/en/code-link-instead.html'), 'utf8')
  assert.match(html, /NORSU Alumni/)
  assert.match(html, /#8b1a2b/)
})

test('a language that there is not is refused with those that there are', async (t) => {
  const { folder, run } = inFolder(t)
  await assert.rejects(
    run('--lang xx'),
    (error: Error) => error instanceof UsageError && /there are en/.test(error.message),
  )
  assert.deepEqual(readdirSync(folder), [])
})
