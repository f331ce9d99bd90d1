/**
 * A site of WordPress, of Debian's package, made by its own installer: who has reset their password through Latchkey logs in
 * to WordPress with the new one, and with the old one no more.
 */
// Debian packages: mariadb-server wordpress php-cli php-mysql
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fresh, opened, type Place, reset, written } from '../kit.ts'
import { onMysql } from './kit.ts'

const before = `Old "Kettle" \\'17!`

/** Runs a task in PHP, as WordPress itself would. */
function wordpress(place: Place, task: string, given: Record<string, unknown> = {}): unknown {
  const { hostname, port, pathname, username: user, password: secret } = new URL(place.url)
  const all = JSON.stringify({ host: `${hostname}:${port}`, database: pathname.slice(1), user, secret, ...given })
  const script = join(import.meta.dirname, 'wordpress.php')
  const ran = spawnSync('php', ['-d', 'memory_limit=512M', script, task, all], { encoding: 'utf8', timeout: 300_000 })
  assert.equal(ran.status, 0, `${ran.stderr}${ran.stdout}`)
  return JSON.parse(ran.stdout.slice(ran.stdout.lastIndexOf('\n') + 1))
}

onMysql(
  'WordPress lets in who was reset by Latchkey, and nobody else',
  async (place) => {
    const version = String(wordpress(place, 'install', { password: before }))
    const logIn = (name: string, password: string): unknown => wordpress(place, 'log-in', { name, password })
    assert.deepEqual([logIn('ana', before), logIn('Ana@example.org', before)], ['ana', 'ana'], version)
    const cookies = ['ana', 'bea'].map((name) => wordpress(place, 'open-session', { name }))
    const live = (): unknown[] => cookies.map((cookie) => wordpress(place, 'session', { cookie }) !== false)
    assert.deepEqual(live(), [true, true])

    const { code, out, error } = await place.adopt()
    assert.equal(code, 0, error)
    assert.match(out, /Found "blog_users" \(WordPress\): 2 accounts/)
    assert.match(out, /2 WordPress (phpass|bcrypt)/)
    assert.match(out, /by the index "user_email"/)
    const accounts = await written(place)
    const modern = version.localeCompare('6.8', 'en', { numeric: true }) >= 0
    assert.equal(accounts.hash, modern ? 'wordpress' : 'wordpress-phpass')

    const checked = await place.adoptWith({ stdin: `${before}\n` }, '--check', 'ana@example.org', '--password-stdin')
    assert.equal(checked.code, 0, checked.out + checked.error)
    assert.equal(logIn('ana', before), 'ana', 'what is tried out is undone')

    const recovery = await opened(place, accounts)
    assert.equal(await reset(recovery, 'ANA@EXAMPLE.ORG'), 'Ana@example.org')
    assert.equal(logIn('ana', fresh), 'ana')
    assert.equal(logIn('Ana@example.org', fresh), 'ana')
    assert.equal(logIn('ana', before), 'incorrect_password')
    assert.deepEqual([logIn('bea', before), logIn('bea', fresh)], ['bea', 'incorrect_password'])
    assert.deepEqual(live(), [false, true], 'her sessions have ended with the password, and nobody else’s')

    // What WordPress sets meanwhile is taken as it is.
    await recovery.worker.drain()
    wordpress(place, 'set', { name: 'bea', password: 'Set-Elsewhere-5!' })
    assert.equal(await reset(recovery, 'bea@example.org'), 'bea@example.org')
    assert.equal(logIn('bea', fresh), 'bea')
    await recovery.close()
  },
  'utf8mb4_unicode_520_ci',
)
