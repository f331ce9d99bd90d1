import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { code } from '../flows/index.ts'
import { inbox } from '../mail/inbox.ts'
import { readConfig, soundOptions, wayOf } from './config.ts'
import type { FileOptions } from './file-shape.ts'
import { isSound, told } from './findings.ts'
import type { Environment, Flags } from './variables.ts'

const secret = 'mB3rV0qTz8xWf1LkYcN5uJ7sD2hGpA9eQ4iR6oXt'
const earlier = 'Zk8vQ1pLw3nXr7TjUe5yHs0Bg2Dc6Fa9MmKoIiJq'
/** A production environment with which nothing is wrong. */
const sound: Environment = {
  SECRET_KEY: secret,
  PUBLIC_URL: 'https://app.example.com',
  EMAIL_HOST: 'mail.example.com',
  EMAIL_HOST_USER: 'app@example.com',
  EMAIL_HOST_PASSWORD: 'hunter2hunter2',
}
const development: Environment = { DEBUG: 'True', SECRET_KEY: secret }

const read = (environment: Environment, options: FileOptions = {}, flags: Flags = {}) =>
  readConfig(environment, flags, { path: null, options, findings: [] })
const codes = (...args: Parameters<typeof read>): string[] => read(...args).findings.map((found) => found.code)

test('a sound production environment has no finding, and becomes whole options', () => {
  const config = read(sound)
  assert.deepEqual(config.findings, [])
  const options = soundOptions(config)
  assert.equal(options.secret, secret)
  assert.equal(options.publicUrl, 'https://app.example.com')
  assert.deepEqual(options.allowedHosts, ['app.example.com'])
  assert.equal(options.development, false)
  assert.equal(options.flows?.length, 5)
  assert.deepEqual(options.mail, {
    from: 'app@example.com',
    smtp: {
      host: 'mail.example.com',
      port: 587,
      ssl: false,
      tls: true,
      user: 'app@example.com',
      password: 'hunter2hunter2',
    },
  })
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 3000 })
})

test('development needs a secret and nothing else', () => {
  const config = read(development)
  assert.deepEqual(config.findings, [])
  const options = soundOptions(config)
  assert.equal(options.publicUrl, 'http://localhost:3000')
  assert.deepEqual(options.allowedHosts, ['localhost', '127.0.0.1', '[::1]', 'localhost:3000'])
  assert.ok('inbox' in options.mail && options.mail.print)
})

/** Each number, with an environment that has it and nothing else wrong. */
const found: Record<string, [Environment, FileOptions?, Flags?]> = {
  L001: [{ ...sound, SECRET_KEY: '' }],
  L002: [{ ...sound, SECRET_KEY: 'mB3rV0qTz8xWf1Lk' }],
  L003: [{ ...sound, PUBLIC_URL: 'http://app.example.com' }],
  L007: [{ ...sound, SECRET_KEY_FALLBACKS: `${earlier},${earlier}` }],
  L004: [{ ...sound, SECRET_KEY: 'django-insecure-3x@1b8w^1zv$k2j!m#n5q7r9t0u' }],
  L005: [{ ...sound, SECRET_KEY_FALLBACKS: `${earlier},${secret}` }],
  L006: [{ ...sound, SECRET_KEY_FALLBACKS: 'old' }],
  L010: [{ ...sound, PUBLIC_URL: undefined }],
  L011: [{ ...sound, PUBLIC_URL: 'https://app.example.com/reset' }],
  L012: [{ ...sound, ALLOWED_HOSTS: 'app.example.com,*' }],
  L013: [{ ...sound, SPA_URL: 'app.example.com/app' }],
  L014: [{ ...sound, SPA_URL: 'http://app.example.com/app' }],
  L015: [{ ...sound, PORT: '80a' }],
  L016: [{ ...sound, HOST: 'not a host' }],
  L017: [{ ...sound, TRUSTED_PROXIES: '10.0.0.0/8,proxy' }],
  L018: [{ ...sound, TRUSTED_PROXIES: '0.0.0.0/0' }],
  L019: [sound, {}, { processes: '0' }],
  L020: [{ ...development, HOST: '0.0.0.0' }],
  L021: [{ ...development, PUBLIC_URL: 'https://app.example.com' }],
  L022: [{ ...development, NODE_ENV: 'production' }],
  L023: [{ ...sound, LIMITS: 'off' }],
  L024: [{ ...development, LIMITS: 'off' }],
  L025: [{ ...sound, EMAIL_USE_SSL: 'maybe' }],
  L026: [{ ...sound, LOG_LEVEL: 'loud' }],
  L027: [{ ...sound, DEBUG: '1', PUBLIC_URL: '', EMAIL_BACKEND: 'inbox' }, {}, { processes: '2' }],
  L030: [{ ...sound, EMAIL_HOST: undefined }],
  L031: [{ ...sound, EMAIL_BACKEND: 'django.core.mail.backends.dummy.EmailBackend' }],
  L032: [{ ...sound, EMAIL_BACKEND: 'console' }],
  L033: [{ ...sound, EMAIL_USE_TLS: 'True', EMAIL_USE_SSL: 'True' }],
  L034: [{ ...sound, EMAIL_USE_TLS: 'False' }],
  L035: [{ ...sound, EMAIL_HOST_USER: 'apikey' }],
  L036: [{ ...sound, DEFAULT_FROM_EMAIL: 'a@example.com, b@example.com' }],
  L037: [{ ...sound, EMAIL_URL: 'mail.example.com' }],
  L038: [{ ...sound, EMAIL_PORT: '0' }],
  L080: [{ ...sound, METRICS_PORT: '94640' }],
  L081: [{ ...sound, METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0' }],
  L082: [{ ...sound, METRICS_PORT: '9464', METRICS_TOKEN: 'hunter2' }],
  L083: [{ ...sound, METRICS_TOKEN: earlier }],
  L084: [{ ...sound, METRICS_PORT: '9464', METRICS_HOST: 'not a host', METRICS_TOKEN: earlier }],
  L091: [{ ...sound, WEBHOOK_URL: 'https://app.example.com/hook', WEBHOOK_SECRET: 'whsec_short' }],
  L100: [sound, { earlier: { django: {} } }],
  L101: [{ ...sound, DJANGO_SECRET_KEY: 'x' }, { earlier: { django: { timeout: 1 } } }],
  L090: [{ ...sound, BREACHED_PASSWORDS_URL: 'http://list.example.com/range/' }],
  L070: [{ ...sound, ADMINS: 'ops@example.com, not an address' }],
  L040: [{ ...sound, FLOWS: 'code,sms' }],
  L041: [sound, { flows: [{ ...code, disclosure: 'explicit' }] }],
  L042: [sound, { flows: [{ name: 'mine' } as never] }],
  L043: [sound, { flows: [{ ...code, brand: { name: 'App', colors: { light: '#ffd400' } } }] }],
  L050: [{ ...sound, DATABASE_URL: 'oracle://localhost/app' }],
  L051: [{ ...sound, DATABASE_URL: 'postgres://app:hunter2%@localhost/app' }],
  L054: [{ ...sound, DATABASE_URL: 'mysql://app:hunter2%@localhost/app' }],
  L053: [{ ...sound, DATABASE_URL_DIRECT: 'postgres://app:hunter2@localhost/app' }],
}

for (const [number, [environment, file, flags]] of Object.entries(found)) {
  test(`${number} is found, alone, with a hint and without a secret`, () => {
    const { findings } = read(environment, file, flags)
    assert.deepEqual(
      findings.map((one) => one.code),
      [number],
    )
    const text = told(findings)
    assert.ok(findings[0]!.hint.length > 5)
    for (const hidden of [environment.SECRET_KEY, 'hunter2', earlier]) {
      if (hidden) assert.ok(!text.includes(hidden), text)
    }
    assert.doesNotMatch(text, /\{\w+\}/)
  })
}

test('operators are named as Django names them, and alarms come from SERVER_EMAIL', () => {
  const alarmsOf = (more: object) => read({ ...sound, ...more }).options.alarms
  const to = ['ops@example.com', 'night@example.com']
  for (const ADMINS of [
    'ops@example.com, night@example.com',
    'Ops <ops@example.com>,Night <night@example.com>',
    'Ops:ops@example.com,Night watch:night@example.com',
  ]) {
    assert.deepEqual(alarmsOf({ ADMINS }), { to })
  }
  const from = 'Server <server@example.com>'
  assert.deepEqual(alarmsOf({ ADMINS: to[0], SERVER_EMAIL: from }), { to: [to[0]], from })
  assert.equal(alarmsOf({ SERVER_EMAIL: from }), undefined)
})

test('metrics are off, or on loopback, or behind a token', () => {
  assert.equal(read(sound).metrics, null)
  const port = { ...sound, METRICS_PORT: '9464' }
  assert.deepEqual(read(port).metrics, { host: '127.0.0.1', port: 9464, token: null })
  for (const host of ['::1', '[::1]', 'localhost', '127.0.0.2']) {
    assert.deepEqual(codes({ ...port, METRICS_HOST: host }), [], host)
  }
  for (const host of ['0.0.0.0', '::', '10.1.2.3', 'metrics.internal', 'localhost.example.com']) {
    assert.deepEqual(codes({ ...port, METRICS_HOST: host }), ['L081'], host)
    assert.deepEqual(codes({ ...port, METRICS_HOST: host, METRICS_TOKEN: earlier }), [], host)
    assert.deepEqual(codes({ ...port, METRICS_HOST: host, METRICS_TOKEN: 'x'.repeat(64) }), ['L082'], host)
  }
})

test('warnings let the server start, errors do not', () => {
  for (const number of ['L018', 'L024', 'L034', 'L041']) assert.ok(isSound(read(...found[number]!).findings))
  for (const number of ['L001', 'L003', 'L020', 'L023']) assert.ok(!isSound(read(...found[number]!).findings))
  assert.throws(() => soundOptions(read({})))
})

test('secrets of tutorials and tired fingers are told of; in development they are taken', () => {
  const samples = [
    'changeme-changeme-1234567890-abcdefgh',
    'your-secret-key-goes-here-0123456789',
    'abcabcabcabcabcabcabcabcabcabcabcabc',
    '0'.repeat(64),
    `${'kY7v'.repeat(12)}`,
    '<put a long random secret key in here!>',
    'django-insecure-3x@1b8w^1zv$k2j!m#n5q7r9t0u',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    '0123456789abcdef0123456789abcdef',
    'ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210',
    'correct-horse-correct-horse-correct-horse-cor',
    'qwertyuiopasdfghjklzxcvbnm1234567890',
    'secret-secret-please-do-not-tell-anyone',
    'password1234567890-password1234567890',
  ]
  for (const sample of samples) {
    assert.deepEqual(codes({ ...sound, SECRET_KEY: sample }), ['L004'], sample)
    assert.ok(isSound(read({ ...development, SECRET_KEY: sample }).findings))
    const among = read({ ...sound, SECRET_KEY_FALLBACKS: `${earlier},${sample}` }).findings
    assert.deepEqual([among[0]?.code, among[0]?.level], ['L006', 'error'], sample)
    assert.ok(!told(among).includes(sample))
  }
  const weak: [string, string][] = [
    ['mB3rV0qTz8xWf1LkPd6sYc9uHn2eGa5', 'L002'],
    ['changeme', 'L002'],
  ]
  for (const [secret, code] of weak) {
    const { findings } = read({ ...sound, SECRET_KEY: secret })
    assert.deepEqual([findings[0]?.code, findings[0]?.level], [code, 'error'])
    assert.ok(!told(findings).includes(secret))
  }
})

test('secrets that a generator gives are taken', () => {
  for (let made = 0; made < 200; made++) {
    for (const encoding of ['hex', 'base64url', 'base64'] as const) {
      const secret = randomBytes(32).toString(encoding)
      assert.deepEqual(codes({ ...sound, SECRET_KEY: secret }), [], secret)
    }
  }
})

test('True and False are read as Django reads them', () => {
  for (const yes of ['True', 'true', '1', 'yes', 'on']) assert.ok(read({ ...development, DEBUG: yes }).development)
  for (const no of ['False', 'false', '0', 'no', 'off', '', undefined]) {
    assert.ok(!read({ ...sound, DEBUG: no }).development)
  }
})

test('the names of a Django project are understood', () => {
  const django = {
    ...{ SECRET_KEY: secret, DEBUG: 'False', ALLOWED_HOSTS: 'app.example.com, www.example.com' },
    ...{ EMAIL_BACKEND: 'django.core.mail.backends.smtp.EmailBackend', EMAIL_HOST: 'smtp.example.com' },
    ...{ EMAIL_PORT: '465', EMAIL_USE_SSL: 'True', EMAIL_HOST_USER: 'app@example.com', EMAIL_HOST_PASSWORD: 'x' },
    ...{ DEFAULT_FROM_EMAIL: 'App <no-reply@example.com>', SERVER_EMAIL: 'ops@example.com' },
  }
  const { findings, options } = read(django)
  assert.deepEqual(findings, [])
  assert.equal(options.publicUrl, 'https://app.example.com')
  assert.deepEqual(options.allowedHosts, ['app.example.com', 'www.example.com'])
  assert.ok(options.mail && 'smtp' in options.mail && typeof options.mail.smtp === 'object')
  assert.deepEqual([options.mail.smtp.port, options.mail.smtp.ssl, options.mail.smtp.tls], [465, true, false])
  assert.equal(options.mail.from, 'App <no-reply@example.com>')
})

test('EMAIL_BACKEND chooses the way, also beside a mail server', () => {
  const mail = (environment: Environment) => wayOf(read({ ...development, ...environment }).options.mail!)
  assert.equal(mail({}), 'kept in the development inbox, and printed here')
  assert.equal(mail({ EMAIL_BACKEND: 'inbox' }), 'kept in the development inbox')
  assert.equal(mail({ EMAIL_BACKEND: 'console', EMAIL_HOST: 'mail.example.com' }), 'printed here')
  assert.equal(mail({ EMAIL_BACKEND: 'django.core.mail.backends.console.EmailBackend' }), 'printed here')
  assert.equal(mail({ EMAIL_HOST: 'mail.example.com' }), 'mail.example.com:587')
  assert.equal(mail({ EMAIL_URL: 'smtps://u:p@mail.example.com' }), 'mail.example.com:465')
  assert.equal(mail({ EMAIL_URL: 'consolemail://' }), 'printed here')
})

test('a flag goes before the environment, the environment before the file, the file before the default', () => {
  const file: FileOptions = { publicUrl: 'https://file.example.com', flows: ['code', 'classic'], secret: earlier }
  const { PUBLIC_URL: _, SECRET_KEY: __, ...rest } = sound
  assert.equal(read(rest, file).options.publicUrl, 'https://file.example.com')
  assert.equal(read(rest, file).options.secret, earlier)
  assert.equal(read(sound, file).options.publicUrl, 'https://app.example.com')
  assert.equal(read(sound, file).options.secret, secret)
  const names = (flags: Flags, environment = sound) =>
    read(environment, file, flags).options.flows?.map(({ name }) => name)
  assert.deepEqual(names({}), ['code', 'classic'])
  assert.deepEqual(names({}, { ...sound, FLOWS: 'spa, classic' }), ['spa', 'classic'])
  assert.deepEqual(names({ flows: 'verified' }, { ...sound, FLOWS: 'spa' }), ['verified'])
  assert.equal(read({ ...sound, PORT: '80' }, {}, { port: '81' }).listen.port, 81)
  assert.equal(read({ ...sound, HOST: '::1' }, {}, { host: '0.0.0.0' }).listen.host, '0.0.0.0')
})

test('a flow of the file that has a built-in name keeps what it does not say', () => {
  const flows = [{ name: 'code', brand: { name: 'NORSU Alumni' } } as never]
  const [flow] = read(sound, { flows }).options.flows!
  assert.deepEqual(flow, { ...code, brand: { name: 'NORSU Alumni' } })
})

test('the file says how letters leave unless the environment does', () => {
  const mail = { from: 'File <file@example.com>', smtp: 'smtp://file.example.com' }
  const { EMAIL_HOST: _, EMAIL_HOST_USER: __, EMAIL_HOST_PASSWORD: ___, ...rest } = sound
  assert.deepEqual(read(rest, { mail }).options.mail, mail)
  assert.equal(wayOf(read(sound, { mail }).options.mail!), 'mail.example.com:587')
  assert.equal(read(sound, { mail }).options.mail!.from, 'File <file@example.com>')
  assert.deepEqual(codes(rest, { mail: { from: 'a@example.com', console: true } }), ['L032'])
  assert.deepEqual(codes(rest, { mail: { from: 'a@example.com', inbox: inbox() } }), ['L032'])
  assert.deepEqual(codes(rest, { mail: { from: 'a@example.com', smtp: 'smtp://u:p@x?tls=false' } }), ['L034'])
  assert.deepEqual(codes(rest, { mail: { from: 'a@example.com', send: async () => {} } }), [])
})

test('values in findings are tame: one line, no control characters, not endless', () => {
  const text = told(read({ ...sound, FLOWS: `x\u001b[31m\r\ny${'z'.repeat(5000)}` }).findings)
  assert.equal(text.split('\n').length, 3)
  assert.doesNotMatch(text, /\u001b/)
  assert.ok(text.length < 1000)
})

test('how many processes there are is a number, or one for each core', () => {
  const processes = (flags: Flags) => read(sound, {}, flags).processes
  assert.equal(processes({}), 1)
  assert.equal(processes({ processes: '4' }), 4)
  assert.equal(processes({ processes: 'auto' }), availableParallelism())
  for (const wrong of ['-1', '1.5', '129', 'two', '']) {
    assert.ok(
      read(sound, {}, { processes: wrong }).findings.some(({ code }) => code === 'L019'),
      wrong,
    )
  }
})

test("Devise's pepper may stand in the environment, beside the file's table", () => {
  const table = { table: 'users', id: 'id', email: 'email', password: 'encrypted_password' }
  const hash = (accounts: FileOptions['accounts'], environment: Environment) =>
    read({ ...sound, ...environment }, { accounts }).options.accounts?.hash
  const pepper = 'c0ffee'
  assert.deepEqual(hash(table, { HASH_PEPPER: pepper }), { form: 'devise', pepper })
  assert.deepEqual(hash({ ...table, hash: 'devise' }, { HASH_PEPPER: pepper }), { form: 'devise', pepper })
  assert.equal(hash({ ...table, hash: 'laravel' }, {}), 'laravel')
})
