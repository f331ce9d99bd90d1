/** The commands that set captchas up, on a database of their own. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { captchaOff } from './captcha-off.ts'
import { captchaSet } from './captcha-set.ts'
import { captchaShow } from './captcha-show.ts'
import { type Command, UsageError } from './command.ts'
import { migrate } from './migrate.ts'

const secretKey = 'hG8tq2ZxV5nB1mK7pL4sD9fJ3wQ6yR0c'

/** Runs commands in a folder that is gone after the test; `input` is what standard input holds. */
function inFolder(t: TestContext, environment: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-captcha-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const run = async (command: Command, args: string, input = '', more: Record<string, string> = {}) => {
    let printed = ''
    const io = {
      environment: { SECRET_KEY: secretKey, DATABASE_URL: `sqlite:${folder}/app.db`, ...environment, ...more },
      folder,
      stdin: Readable.from([Buffer.from(input)]),
      out: async (text: string) => {
        printed += text
        return true
      },
      error: (text: string) => {
        printed += text
      },
    }
    const code = await command.run(args.split(' ').filter(Boolean), io)
    return { code, printed }
  }
  return { folder, run }
}

const off = 'request  off\nverify   off\nchange   off\nlogin    off\n'

test('a captcha is set up, shown and taken back, and its secret is printed and kept in clear nowhere', async (t) => {
  const { folder, run } = inFolder(t)
  await run(migrate, '')
  assert.equal((await run(captchaShow, '')).printed, off)
  const args = '--form login --provider turnstile --site-key 0x4AAAAAAA --secret-stdin --outage altcha --when always'
  const set = await run(captchaSet, args, 'The-Secret-1\r\nnot this\n')
  assert.deepEqual(set, { code: 0, printed: 'The form login asks for turnstile, always.\n' })
  const altcha = await run(captchaSet, '--form request --provider altcha')
  assert.equal(altcha.printed, 'The form request asks for altcha, where a limit overflows.\n')
  const line = 'login    turnstile, when always, outage altcha, site key 0x4AAAAAAA, secret'
  const shown = await run(captchaShow, '')
  assert.equal(shown.printed, `request  altcha, when overflow\nverify   off\nchange   off\n${line} is set\n`)
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'))
  assert.ok(files.some((one) => one.includes('0x4AAAAAAA')))
  for (const one of [set.printed, shown.printed, ...files]) assert.ok(!one.includes('The-Secret-1'))

  const turned = await run(captchaShow, '', '', { SECRET_KEY: `${secretKey}x`, SECRET_KEY_FALLBACKS: secretKey })
  assert.ok(turned.printed.includes(`${line} is set`))
  const gone = await run(captchaShow, '', '', { SECRET_KEY: `${secretKey}x` })
  assert.ok(gone.printed.includes(`${line} unreadable`))

  for (const form of ['login', 'request']) {
    const taken = await run(captchaOff, `--form ${form}`)
    assert.deepEqual(taken, { code: 0, printed: `The form ${form} asks for no captcha any more.\n` })
  }
  assert.equal((await run(captchaOff, '--form login')).printed, 'The form login asked for none.\n')
  assert.equal((await run(captchaShow, '')).printed, off)
})

const wrong: readonly [args: string, reason: RegExp, input?: string][] = [
  ['--provider altcha', /--form must be one of request, verify, change, login/],
  ['--form ask --provider altcha', /--form must be one of/],
  ['--form login', /--provider is missing/],
  ['--form login --provider captcha', /--provider must be one of recaptcha-v2, /],
  [
    '--form login --provider hcaptcha',
    /needs a site key.*needs a secret: give it with --secret-stdin.*does not answer/,
  ],
  ['--form login --provider hcaptcha --site-key k --outage refuse --secret-stdin', /standard input holds no secret/],
  ['--form login --provider hcaptcha --site-key k --secret s', /Unknown option '--secret'/],
  ['--form login --provider hcaptcha --site-key k --outage wait --secret-stdin', /--outage must be one of/, 's'],
  ['--form login --provider hcaptcha --site-key k --secret-stdin', /say what is to happen/, 's'],
  ['--form login --provider turnstile --site-key k --outage refuse --threshold 0.5 --secret-stdin', /no score/, 's'],
  ['--form login --provider recaptcha-v3 --site-key k --outage refuse --threshold 5 --secret-stdin', /0 to 1/, 's'],
  ['--form login --provider recaptcha-v3 --site-key k --outage refuse --threshold= --secret-stdin', /0 to 1/, 's'],
  ['--form change --provider altcha --when overflow', /no limit that could overflow/],
  ['--form login --provider altcha --site-key k', /neither site key nor secret/],
  [
    '--form login --provider turnstile --site-key k --outage refuse --secret-stdin',
    /the secret is not one/,
    'two words',
  ],
  [
    '--form login --provider turnstile --site-key 1x00000000000000000000AA --outage refuse --secret-stdin',
    /for tests/,
    's',
  ],
]

test('what cannot be set up is refused with its reason, and changes nothing', async (t) => {
  const { run } = inFolder(t)
  await run(migrate, '')
  for (const [args, reason, input = ''] of wrong) {
    await assert.rejects(
      run(captchaSet, args, input),
      (error) => error instanceof UsageError && reason.test(error.message),
      args,
    )
  }
  assert.equal((await run(captchaShow, '')).printed, off)
})

test('in development keys for tests are taken', async (t) => {
  const { run } = inFolder(t, { DEBUG: 'True' })
  await run(migrate, '')
  const args = '--form login --provider turnstile --site-key 1x00000000000000000000AA --outage refuse --secret-stdin'
  assert.equal((await run(captchaSet, args, '1x0000000000000000000000000000000AA\n')).code, 0)
})

test('a database that is not up to date, and a missing SECRET_KEY, are told of by their numbers', async (t) => {
  const { run } = inFolder(t)
  const early = await run(captchaShow, '')
  assert.deepEqual([early.code, /^L052 /m.test(early.printed)], [78, true])
  await run(migrate, '')
  const bare = await run(captchaShow, '', '', { SECRET_KEY: '' })
  assert.deepEqual([bare.code, /^L001 /m.test(bare.printed)], [78, true])
})
