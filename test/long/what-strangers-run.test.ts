/**
 * Whoever finds a form on the net lets loose on it what is one command away: sqlmap, wapiti, hydra and slowhttptest, here
 * from Debian's packages, against a server as it is started. None finds a way in, none breaks anything, and whoever comes
 * meanwhile is answered. On loopback alone, each bounded in time.
 */
// Debian packages: hydra slowhttptest sqlmap wapiti
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { before } from '../promises/kit.ts'
import { mailServer } from '../promises/mail-server.ts'
import { addressOf, places, populate, serveOn } from '../promises/real-server.ts'

type Target = { readonly port: number; readonly folder: string; readonly url: string }

/** What a program printed, however it ended; it has so many seconds. */
function run(folder: string, seconds: number, command: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8' }
  const limits = { cwd: folder, env, timeout: seconds * 1000, maxBuffer: 64 * 1024 * 1024 }
  return new Promise((resolve) => {
    execFile(command, args, limits, (_, out, error) => resolve(out + error)).stdin?.end()
  })
}

/** A server with one person, and afterwards: it answers, nothing went wrong in it, and her password is what it was. */
function onServer(name: string, flags: Record<string, string>, body: (target: Target) => Promise<void>): void {
  for (const place of places) {
    test(`${name} (${place.name})`, async (context) => {
      const there = await place.make()
      const mail = await mailServer()
      await populate(there, 1)
      const child = await serveOn(there, mail.port, { environment: { LOG_LEVEL: 'info', ...flags } })
      context.after(async () => {
        child.process.kill('SIGKILL')
        await child.ended
        await mail.close()
        await there.remove()
      })
      const url = `http://127.0.0.1:${child.port}`
      await body({ port: child.port, folder: there.folder, url })
      assert.equal((await fetch(`${url}/readyz`)).status, 200)
      assert.doesNotMatch(child.output(), /"level":"error"|"status":5\d\d/)
      const bench = await there.open()
      const [ana] = await bench.accounts.byAddress(addressOf(0))
      await bench.close()
      assert.ok(await bench.hasher.verify(ana?.passwordHash ?? null, before))
    })
  }
}

/** What sqlmap is to say of each field: that nothing can be put into it, and that no answer was above 499. */
async function noWayIn({ folder, url }: Target, path: string, json: object): Promise<void> {
  const args = ['-u', url + path, '--method', 'POST', '--data', JSON.stringify(json)]
  const codes = ['--ignore-code', '400,403,404,409,410,422,429']
  const depth = [
    '--batch',
    '--level',
    '3',
    '--risk',
    '2',
    '--technique',
    'BEUS',
    '--disable-coloring',
    '--flush-session',
  ]
  const headers = ['--headers', 'Content-Type: application/json', '--output-dir', join(folder, 'sqlmap')]
  const said = await run(folder, 400, 'sqlmap', ...args, ...codes, ...depth, ...headers)
  assert.match(said, /all tested parameters do not appear to be injectable/, said.slice(-2000))
  assert.doesNotMatch(said, /is vulnerable|\b5\d\d \([A-Z][\w ]+\) - \d+ times/)
}

// Without limits, so that everything it thinks of reaches the database.
onServer(
  'sqlmap finds no field that reaches the database as anything but a value',
  { LIMITS: 'off' },
  async (target) => {
    const email = addressOf(0)
    await noWayIn(target, '/auth/forgot-password/', { email })
    await noWayIn(target, '/auth/reset-password/', { token: 'a'.repeat(65), new_password: before })
    await noWayIn(target, '/api/flows/code/prove', { flow_id: 'a'.repeat(22), email, code: '123456' })
  },
)

onServer('wapiti walks every form and finds nothing that is not a matter of plain http', {}, async (target) => {
  const report = join(target.folder, 'wapiti.json')
  const modules = 'sql,xss,permanentxss,exec,file,crlf,csp,cookieflags,csrf'
  const bounds = ['--max-scan-time', '120', '--max-attack-time', '30', '-d', '3', '--max-links-per-page', '30']
  const args = ['-u', `${target.url}/`, '--scope', 'domain', '--flush-session', '-m', modules, '--no-bugreport']
  const said = await run(target.folder, 900, 'wapiti', ...args, ...bounds, '-f', 'json', '-o', report)
  assert.match(said, /A report has been generated/, said.slice(-2000))
  type Found = { info: string; path: string }
  const { vulnerabilities, anomalies } = JSON.parse(readFileSync(report, 'utf8')) as Record<
    string,
    Record<string, Found[]>
  >
  const found = [vulnerabilities, anomalies].flatMap((kinds) => Object.values(kinds ?? {}).flat())
  // Cookies are Secure where the address is https, which loopback is not.
  assert.deepEqual(
    found.filter(({ info }) => !info.startsWith('Secure flag is not set')).map(({ info, path }) => [path, info]),
    [],
  )
})

onServer('hydra does not get to the right password, though it is on its list', {}, async ({ port, folder }) => {
  const list = join(folder, 'passwords')
  // A browser's own header, so that it is the limit that keeps it out; without it no form is taken at all.
  const form = '/login/:username=^USER^&password=^PASS^:H=Sec-Fetch-Site\\: same-origin:S=ocation\\:'
  const tries = async (passwords: readonly string[]): Promise<string> => {
    writeFileSync(list, passwords.join('\n'))
    const target = ['-s', String(port), '127.0.0.1', 'http-post-form', form]
    return run(folder, 300, 'hydra', '-l', addressOf(0), '-P', list, '-t', '1', '-f', ...target)
  }
  const wrong = Array.from({ length: 30 }, (_, at) => `Wrong-Guess-${at}!`)
  assert.match(await tries([wrong[0]!, before]), /1 valid password found/, 'it knows how to log in here')
  const said = await tries([...wrong, before])
  assert.match(said, /0 valid password/, said)
})

onServer('slowhttptest holds connections, and keeps nobody else waiting', {}, async ({ folder, url }) => {
  for (const kind of ['-H', '-B', '-X']) {
    const attack = run(
      folder,
      60,
      'slowhttptest',
      '-c',
      '300',
      kind,
      '-r',
      '100',
      '-i',
      '5',
      '-l',
      '20',
      '-u',
      `${url}/login/`,
      '-p',
      '5',
    )
    for (let second = 0; second < 15; second++) {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      const answer = await fetch(`${url}/login/`, { signal: AbortSignal.timeout(10_000) })
      assert.equal(answer.status, 200)
    }
    assert.match(await attack, /service available:\S*\s+\S*YES/)
  }
})
