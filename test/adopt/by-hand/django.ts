/**
 * A real Django site on loopback, reset through Latchkey; run by hand where Debian's python3-django, python3-argon2,
 * python3-bcrypt and python3-psycopg2 are:
 *   node --test test/adopt/by-hand/django.ts
 * Log in to Django and stay; ask through Latchkey; then Django itself takes the new password, refuses the old one, and has
 * ended the session that was open.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { asked, fresh, known, onBoth, opened, type Place, reset, written } from '../kit.ts'

const python = '/usr/bin/python3'
const site = join(import.meta.dirname, 'django_site.py')

function environmentOf(place: Place): NodeJS.ProcessEnv {
  const url = new URL(place.url)
  const database =
    place.dialect === 'sqlite'
      ? { ENGINE: 'django.db.backends.sqlite3', NAME: join(place.folder, 'app.db') }
      : {
          ENGINE: 'django.db.backends.postgresql',
          NAME: url.pathname.slice(1),
          HOST: url.hostname,
          PORT: url.port,
          USER: url.username,
        }
  return { PATH: '/usr/bin:/bin', PYTHONDONTWRITEBYTECODE: '1', SITE_DATABASE: JSON.stringify(database) }
}

function command(place: Place, ...args: string[]): void {
  const ran = spawnSync(python, [site, ...args], { env: environmentOf(place), encoding: 'utf8', timeout: 60_000 })
  assert.equal(ran.status, 0, ran.stderr)
}

/** A browser of one cookie, at the site. */
function visitor(port: number) {
  let cookie = ''
  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: cookie ? { cookie } : {} })
    for (const line of response.headers.getSetCookie()) cookie = line.split(';')[0]!
    return { status: response.status, text: await response.text() }
  }
  return {
    logIn: (username: string, password: string) => get(`/login?${new URLSearchParams({ username, password })}`),
    me: async () => (await get('/me')).text,
  }
}

onBoth('a Django site: its users reset through Latchkey and log in through Django', async (place) => {
  command(place, 'migrate')
  const users = [
    { username: 'ana', email: 'Ana@Example.org', password: known, hasher: 'pbkdf2_sha256' },
    { username: 'bea', email: 'bea@example.org', password: known, hasher: 'argon2' },
    { username: 'eva', email: 'eva@example.org', password: known, hasher: 'bcrypt_sha256' },
    { username: 'ldap', email: 'ldap@example.org', password: null, hasher: 'default' },
  ]
  command(place, 'users', JSON.stringify(users))
  const server = spawn(python, [site, 'serve'], { env: environmentOf(place), stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const port = Number(String((await once(server.stdout, 'data'))[0]))
    const open = visitor(port)
    assert.equal((await open.logIn('ana', known)).status, 200)
    assert.equal(await open.me(), 'ana')

    const { code, out } = await place.adopt()
    assert.equal(code, 0, out)
    assert.match(out, /Found "auth_user" \(Django\): 4 accounts/)
    const check = await place.adoptWith({ stdin: known }, '--check', 'ana@example.org', '--password-stdin')
    assert.equal(check.code, 0, check.out)
    assert.equal(await open.me(), 'ana', 'a check ends no session')

    const recovery = await opened(place, await written(place))
    try {
      for (const { username, email } of users.slice(0, 3)) {
        assert.equal(await reset(recovery, email.toLowerCase()), email)
        assert.equal((await visitor(port).logIn(username, fresh)).status, 200, `${username}: the new password`)
        assert.equal((await visitor(port).logIn(username, known)).status, 403, `${username}: the old one`)
      }
      assert.ok(!(await asked(recovery, 'ldap@example.org'))?.text.includes('password-reset-confirm'))
    } finally {
      await recovery.close()
    }
    assert.equal(await open.me(), 'nobody', 'the session that was open has ended')
  } finally {
    server.kill()
  }
})
