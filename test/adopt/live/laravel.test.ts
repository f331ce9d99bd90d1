/** What Latchkey writes into Laravel's table, asked of PHP itself: the functions that Laravel's own log-in calls. */
// Debian packages: php-cli
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fresh, insert, known, onBoth, opened, reset, written } from '../kit.ts'

function php(code: string, ...args: string[]): string {
  const ran = spawnSync('/usr/bin/php', ['-r', code, '--', ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
  })
  assert.equal(ran.status, 0, ran.stderr)
  return ran.stdout.trim()
}

onBoth("Laravel: PHP's own password_verify takes the new password", async (place) => {
  await place.fixture('laravel')
  const before = php('echo password_hash($argv[1], PASSWORD_BCRYPT);', known)
  await place.run(
    insert('users', [
      { id: 1, name: 'Ana', email: 'ana@example.org', password: before, email_verified_at: '2024-01-01' },
    ]),
  )
  assert.equal((await place.adopt()).code, 0)
  const recovery = await opened(place, await written(place))
  await reset(recovery, 'ana@example.org').finally(() => recovery.close())
  const after = String((await place.rows('SELECT password AS hash FROM users'))[0]!.hash)
  const verify = (password: string): string => php('var_export(password_verify($argv[1], $argv[2]));', password, after)
  assert.deepEqual([verify(fresh), verify(known)], ['true', 'false'])
  assert.match(php('echo password_get_info($argv[1])["algoName"];', after), /^bcrypt$/, 'Laravel checks the kind first')
})
