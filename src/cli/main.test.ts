/** The program as people run it: a process of its own, in a folder of its own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { SMTPServer } from 'smtp-server'
import { compiled } from '../../test/compiled.ts'
import { program } from '../../test/program.ts'

/** What a run left. */
type Ran = { readonly code: number | null; readonly out: string; readonly error: string }

/** A folder that is gone after the test. */
async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'))
  after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

type Environment = Record<string, string>

function begin(args: readonly string[], folder: string, environment: Environment): ChildProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args], {
    cwd: folder,
    env: { NO_COLOR: '1', ...compiled, ...environment },
  })
  after(() => child.kill('SIGKILL'))
  return child
}

/** Runs a command to its end. */
async function run(
  args: readonly string[],
  folder: string,
  environment: Environment = {},
  input: string | Buffer = '',
): Promise<Ran> {
  const child = begin(args, folder, environment)
  child.stdin!.on('error', () => {})
  child.stdin!.end(input)
  const [out, error, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'close')])
  return { code, out, error }
}

/** A command that goes on until it is stopped. */
type Running = {
  /** Everything printed so far, errors too. */
  printed(): string
  /** Waits until something is printed that matches; throws when the program ends first. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<number | null>
}

/** Starts a command that goes on. */
function begun(args: readonly string[], folder: string, environment: Environment = {}): Running {
  const child = begin(args, folder, environment)
  let printed = ''
  let isOver = false
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      printed += chunk
    })
  }
  const ended = once(child, 'close').then(([code]) => {
    isOver = true
    return code as number | null
  })
  return {
    printed: () => printed,
    ended,
    kill: (signal) => void child.kill(signal),
    async until(pattern) {
      for (;;) {
        const match = pattern.exec(printed)
        if (match) return match
        if (isOver) throw new Error(`the program ended without printing ${pattern}:\n${printed}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}

const secret = 'mB3rV0qTz8xWf1LkYcN5uJ7sD2hGpA9eQ4iR6oXt'
/** A production environment with which nothing is wrong. */
const sound: Environment = {
  SECRET_KEY: secret,
  PUBLIC_URL: 'https://app.example.com',
  EMAIL_HOST: '127.0.0.1',
  EMAIL_PORT: '1',
  DEFAULT_FROM_EMAIL: 'App <no-reply@example.com>',
  PORT: '0',
}
const hash = '$argon2id$v=19$m=19456,t=2,p=1$g4fDCy5QTcu8wWyUQZoJiw$gjq91W1tcNNOTUvLeaTKuKwnKN6E6QEUunaUs8GjadM'

/** A folder with a database that is up to date. */
async function migrated(): Promise<string> {
  const folder = await scratch()
  assert.equal((await run(['migrate'], folder)).code, 0)
  return folder
}

/** An answer over an agent of its own, so that no connection is left open. */
const ask = (url: string): Promise<Response> => fetch(url, { headers: { connection: 'close' }, redirect: 'manual' })

test('help says every command and variable; every command has help of its own', async () => {
  const folder = await scratch()
  const { code, out } = await run(['--help'], folder)
  assert.equal(code, 0)
  const names = [
    'serve',
    'worker',
    'migrate',
    'accounts add',
    'accounts import',
    'accounts list',
    'doctor',
    'mail test',
    'mail preview',
    'secret',
    'start',
    'audit tail',
    'audit verify',
    'audit export',
    'audit erase',
  ]
  for (const name of names) assert.match(out, new RegExp(`^  ${name} `, 'm'))
  for (const name of ['SECRET_KEY', 'EMAIL_HOST_PASSWORD', 'LIMITS']) assert.match(out, new RegExp(`^  ${name} `, 'm'))
  const helps = await Promise.all(names.map((name) => run([...name.split(' '), '--help'], folder)))
  for (const [at, help] of helps.entries()) {
    assert.equal(help.code, 0)
    assert.match(help.out, new RegExp(`^latchkey ${names[at]}: [\\s\\S]*Usage: latchkey ${names[at]}`))
  }
  assert.equal((await run(['help', 'mail', 'test'], folder)).out, helps[7]!.out)
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.equal((await run(['--version'], await scratch())).out, `${version}\n`)
})

test('a command line that is wrong ends with 2, on standard error, with a hint', async () => {
  const folder = await scratch()
  const wrong: [string[], RegExp][] = [
    [[], /Usage: latchkey COMMAND/],
    [['serv'], /no command "serv"\. Did you mean "serve"\?/],
    [['accounts'], /Did you mean "accounts add"/],
    [['frobnicate'], /See "latchkey help"/],
    [['serve', '--prot', '80'], /Unknown option '--prot'[\s\S]*serve --help/],
    [['serve', '--port'], /--port/],
    [['mail', 'test'], /TO is missing/],
    [['mail', 'test', 'a@x.org,b@x.org'], /not one plain address/],
    [['secret', 'more'], /one argument too many/],
    [['accounts', 'add', '--username', 'ana'], /--email is missing/],
  ]
  const runs = await Promise.all(wrong.map(([args]) => run(args, folder)))
  for (const [at, { code, out, error }] of runs.entries()) {
    assert.equal(code, 2, wrong[at]![0].join(' '))
    assert.equal(out, '')
    assert.match(error, wrong[at]![1])
  }
})

test('secret prints 48 random bytes, other ones each time', async () => {
  const folder = await scratch()
  const [a, b] = await Promise.all([run(['secret'], folder), run(['secret'], folder)])
  assert.match(a.out, /^[\w-]{64}\n$/)
  assert.notEqual(a.out, b.out)
})

test('migrate shows, applies once, and a dry run changes nothing', async () => {
  const folder = await scratch()
  const dry = await run(['migrate', '--dry-run'], folder)
  assert.deepEqual([dry.code, /CREATE TABLE latchkey_challenges/.test(dry.out)], [0, true])
  await assert.rejects(stat(join(folder, 'data')))
  assert.match((await run(['migrate'], folder)).out, /CREATE TABLE[\s\S]*Applied 1-/)
  assert.equal((await run(['migrate'], folder)).out, 'The database is up to date.\n')
})

test('accounts are added one by one, with the password from standard input only', async () => {
  const folder = await migrated()
  const add = (args: string[], input = '') => run(['accounts', 'add', ...args], folder, {}, input)
  const ana = ['--email', 'Ana@example.org', '--username', 'ana', '--password-stdin']
  assert.deepEqual(await add(ana, 'a tide of seven kites\n'), { code: 0, out: 'Added Ana@example.org.\n', error: '' })
  const twice = await add(ana, 'a tide of seven kites\n')
  assert.equal(twice.code, 1)
  assert.match(twice.error, /already/)
  assert.match((await add(['--email', 'b@example.org', '--password-stdin'], '123\n')).error, /too-short/)
  assert.equal((await add(['--email', 'b@example.org', '--unverified', '--inactive'])).code, 0)
  const { out } = await run(['accounts', 'list', '--header'], folder)
  assert.equal(
    out,
    'id\temail\tusername\temail_verified\tis_active\n1\tAna@example.org\tana\ttrue\ttrue\n2\tb@example.org\t\tfalse\tfalse\n',
  )
})

test('an import adds the good lines and tells of the bad ones by number, never of a password', async () => {
  const folder = await migrated()
  const file = [
    '\ufeff{"email":"ana@example.org","username":"ana","password":"hidden-1","email_verified":true}',
    `{"email":"ben@example.org","password_hash":"${hash}","is_active":false,"phone":"1"}`,
    '{"email":"ANA@example.org"}',
    '{"email":"x@example.org","password_hash":"$2b$12$hidden"}',
    '{"email":"x@example.org","password":"hidden-2"',
    '{"username":"x"}',
    '',
    '{"email":"a@x.org, b@y.org"}',
    '["hidden-3"]',
    `{"email":"x@example.org","password":"hidden-4","password_hash":"${hash}"}`,
    '{"email":"x@example.org","is_active":"yes"}',
    `{"email":"x@example.org","username":"${'x'.repeat(70_000)}"}`,
    `{"email":"x@example.org","password_hash":"${hash.replace('m=19456', 'm=99999999')}"}`,
    '{"email":"cleo@example.org"}',
  ]
  await writeFile(join(folder, 'accounts.jsonl'), file.join('\r\n'))
  const { code, out, error } = await run(['accounts', 'import', 'accounts.jsonl'], folder)
  assert.equal(code, 1)
  assert.match(out, /^3 added, 1 there already, 9 bad/)
  const told = error
    .match(/^line \d+: .*$/gm)!
    .sort((a, b) => Number.parseInt(a.slice(5), 10) - Number.parseInt(b.slice(5), 10))
  const expected = [
    /^line 3: address or user name is taken: ANA@example\.org$/,
    /^line 4: password_hash cannot be read: bcrypt, broken$/,
    /^line 5: it is not JSON$/,
    /^line 6: email is missing$/,
    /^line 8: email is not one plain address$/,
    /^line 9: it is not a JSON object$/,
    /^line 10: it has both/,
    /^line 11: is_active is neither/,
    /^line 12: it is longer/,
    /^line 13: password_hash cannot be read: Argon2, 99999999 KiB, of 262144 at most$/,
  ]
  assert.equal(told.length, expected.length, error)
  for (const [at, pattern] of expected.entries()) assert.match(told[at]!, pattern)
  assert.match(error, /Fields that were not read: phone\./)
  assert.doesNotMatch(error + out, /hidden/)
  const list = await run(['accounts', 'list'], folder)
  assert.equal(list.out.split('\n').length, 4)
})

test('an import may be given again, reads standard input, and copes with many rows', async () => {
  const folder = await migrated()
  const rows = Array.from(
    { length: 3_000 },
    (_, i) => `{"email":"u${i}@example.org","password_hash":"${hash}"}\n`,
  ).join('')
  const first = await run(['accounts', 'import', '-'], folder, {}, rows)
  assert.equal(first.code, 0)
  assert.match(first.out, /^3000 added, 0 there already, 0 bad/)
  const again = await run(['accounts', 'import', '-'], folder, {}, rows)
  assert.match(again.out, /^0 added, 3000 there already, 0 bad/)
  assert.equal(again.code, 0)
  const list = await run(['accounts', 'list'], folder)
  assert.equal(list.out.split('\n').length, 3_001)
})

test('a database that was never migrated is told of with its number', async () => {
  const { code, error } = await run(['accounts', 'list'], await scratch())
  assert.equal(code, 78)
  assert.match(error, /^L052 error: .*\n.*latchkey migrate/)
})

test('serve refuses an unsafe configuration with every number and exit code 78', async () => {
  const { code, out, error } = await run(['serve'], await scratch(), {
    SECRET_KEY: 'short',
    DATABASE_URL: 'postgres://u:hunter2%@x/y',
  })
  assert.equal(code, 78)
  assert.equal(out, '')
  assert.deepEqual(error.match(/^L\d+/gm), ['L002', 'L010', 'L030', 'L035', 'L051'])
  assert.doesNotMatch(error, /hunter2|short,/)
})

test('serve refuses a database that is behind, and in development brings it forward', async () => {
  const folder = await scratch()
  const behind = await run(['serve'], folder, sound)
  assert.equal(behind.code, 78)
  assert.match(behind.error, /L052/)
  const server = begun(['serve'], folder, { DEBUG: 'True', SECRET_KEY: secret, PORT: '0' })
  await server.until(/Database: applied 1-/)
  await server.until(/listens on/)
  server.kill('SIGTERM')
  assert.equal(await server.ended, 0)
})

test('two flows with one path are refused with a number', async () => {
  const folder = await migrated()
  const { code, error } = await run(['serve'], folder, { ...sound, SPA_URL: 'https://app.example.com' })
  assert.equal(code, 78)
  assert.match(error, /^L042 error: .*claimed by/)
})

test('serve answers, and a signal ends it in order', async () => {
  const folder = await migrated()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const server = begun(['serve', '--flows', 'classic'], folder, sound)
    const [, url] = await server.until(/listens on (http:\S+)/)
    assert.equal((await ask(`${url}readyz`)).status, 200)
    assert.equal((await ask(`${url}auth/password-reset/`)).status, 421)
    server.kill(signal)
    assert.equal(await server.ended, 0, server.printed())
  }
})

test('metrics are served beside the server and beside a worker, and are not on the public port', async () => {
  const folder = await migrated()
  for (const command of [['serve', '--no-worker', '--flows', 'classic'], ['worker']]) {
    const started = begun(command, folder, { ...sound, METRICS_PORT: '0' })
    const [, url] = await started.until(/Metrics are at (http:\S+)/)
    const answer = await ask(url!)
    assert.equal(answer.status, 200)
    assert.match(await answer.text(), /^latchkey_store_up 1$/m)
    const own = /listens on (http:\S+)/.exec(started.printed())?.[1]
    if (own) assert.notEqual((await ask(`${own}metrics`)).status, 200)
    started.kill('SIGTERM')
    assert.equal(await started.ended, 0, started.printed())
  }
  const open = await run(['serve'], folder, { ...sound, METRICS_PORT: '0', METRICS_HOST: '0.0.0.0' })
  assert.equal(open.code, 78)
  assert.match(open.error, /^L081 error/m)
})

test('a port that is taken is told of, with exit code 1', async () => {
  const folder = await migrated()
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  after(() => holder.close())
  const { port } = holder.address() as { port: number }
  const { code, error } = await run(['serve', '--port', String(port)], folder, sound)
  assert.equal(code, 1)
  assert.match(error, /is taken by another program\. Choose another/)
})

test('a letter asked for under serve --no-worker is sent by a worker', async () => {
  const folder = await migrated()
  await run(['accounts', 'add', '--email', 'ana@example.org'], folder)
  const received: string[] = []
  const post = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['STARTTLS'], logger: false, closeTimeout: 10 },
    onData(stream, session, done) {
      stream.resume()
      received.push(...session.envelope.rcptTo.map(({ address }) => address))
      stream.on('end', () => done())
    },
  })
  post.listen(0, '127.0.0.1')
  await once(post.server, 'listening')
  after(() => new Promise<void>((done) => post.close(done)))
  const { port } = post.server.address() as { port: number }
  const environment = { ...sound, EMAIL_PORT: String(port), EMAIL_USE_TLS: 'False', ALLOWED_HOSTS: '127.0.0.1' }
  const server = begun(['serve', '--no-worker'], folder, environment)
  const [, url] = await server.until(/listens on (http:\S+)/)
  const body = JSON.stringify({ email: 'ana@example.org' })
  const headers = { 'content-type': 'application/json', connection: 'close' }
  assert.equal((await fetch(`${url}api/flows/code/request`, { method: 'POST', headers, body })).status, 200)
  server.kill('SIGTERM')
  assert.equal(await server.ended, 0)
  assert.deepEqual(received, [])
  const worker = begun(['worker'], folder, environment)
  while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  worker.kill('SIGTERM')
  assert.equal(await worker.ended, 0, worker.printed())
  assert.deepEqual(received, ['ana@example.org'])
  const tested = await run(['mail', 'test', 'op@example.com'], folder, environment)
  assert.equal(tested.code, 0, tested.error)
  assert.match(tested.out, /^Sent to op@example\.com \(127\.0\.0\.1:\d+\)/)
  assert.equal(received.at(-1), 'op@example.com')
})

test('a test letter that cannot be sent says why', async () => {
  const { code, error } = await run(['mail', 'test', 'op@example.com'], await scratch(), sound)
  assert.equal(code, 1)
  assert.match(error, /was not sent: no connection to the mail server/)
})

test('doctor says what is well and what is not', async () => {
  const folder = await migrated()
  await run(
    ['accounts', 'import', '-'],
    folder,
    {},
    `{"email":"a@x.org","password_hash":"${hash}"}\n{"email":"b@x.org"}\n`,
  )
  const good = await run(['doctor'], folder, { DEBUG: 'True', SECRET_KEY: secret })
  assert.equal(good.code, 0, good.out)
  assert.match(good.out, /ok +flows: classic, /)
  assert.match(good.out, /sample link: http:\/\/localhost:3000\/auth\/password-reset-confirm\//)
  assert.match(
    good.out,
    /ok +database: up to date\n +accounts: table "users", 2 rows: 1 Argon2, 1 without a password\n +new passwords: argon2id/,
  )
  assert.match(good.out, /ok +captchas: request off; verify off; change off; login off/)
  assert.match(good.out, /ok +clock: 20/)
  const bad = await run(['doctor'], folder, { ...sound, SECRET_KEY: '' })
  assert.equal(bad.code, 1)
  assert.match(bad.out, /L001 error/)
  assert.match(bad.out, /error +mail: 127\.0\.0\.1: .*ECONNREFUSED/)
  assert.doesNotMatch(good.out + bad.out, new RegExp(secret))
  const behind = await run(['doctor'], await scratch(), sound)
  assert.match(behind.out, /error +database: L052/)
})

test('accounts that functions keep are neither added nor listed here, and doctor asks the functions', async () => {
  const folder = await scratch()
  const accounts = (byAddress: string) => `const f = async () => null
export default { accounts: { byId: f, byAddress: async () => ${byAddress}, byName: f, setPassword: f, endSessions: f }, flows: ['classic'] }`
  await writeFile(join(folder, 'latchkey.config.mjs'), accounts('[]'))
  const environment = { DEBUG: 'True', SECRET_KEY: secret }
  assert.equal((await run(['migrate'], folder, environment)).code, 0)
  const listed = await run(['accounts', 'list'], folder, environment)
  assert.equal(listed.code, 78)
  assert.match(listed.error, /kept by functions of the configuration/)
  const good = await run(['doctor'], folder, environment)
  assert.match(good.out, /accounts: functions of the configuration, and accounts\.byAddress answers/)
  await writeFile(join(folder, 'latchkey.config.mjs'), accounts('7'))
  const bad = await run(['doctor'], folder, environment)
  assert.equal(bad.code, 1)
  assert.match(bad.out + bad.error, /accounts\.byAddress answered no array/)
})

test('the development start makes all it needs, shows it, and finds it again', async () => {
  const folder = await scratch()
  const go = async () => {
    const server = begun(['start', '--port', '0'], folder)
    const [, base] = await server.until(/running: (http:\/\/localhost:\d+)\//)
    await server.until(/Stop it with/)
    return { server, base: base!, banner: server.printed() }
  }
  const first = await go()
  const password = /ana@example\.org +(\S+)/.exec(first.banner)![1]!
  assert.equal((await ask(`${first.base}/`)).status, 200)
  assert.equal((await ask(`${first.base}/dev/inbox/`)).status, 200)
  const login = (as: string, word: string) =>
    fetch(`${first.base}/auth/login/`, {
      method: 'POST',
      body: new URLSearchParams({ username: as, password: word }),
      headers: { connection: 'close', origin: first.base },
      redirect: 'manual',
    })
  assert.equal((await login('ana', password)).status, 303)
  assert.notEqual((await login('ana', 'wrong')).status, 303)
  for (const file of ['secret', 'demonstration.json', 'latchkey.db']) {
    assert.equal((await stat(join(folder, 'data', file))).mode & 0o777, 0o600, file)
  }
  first.server.kill('SIGINT')
  assert.equal(await first.server.ended, 0)
  const second = await go()
  assert.ok(second.banner.includes(password))
  second.server.kill('SIGINT')
  assert.equal(await second.server.ended, 0)
})
