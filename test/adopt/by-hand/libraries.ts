/**
 * What Latchkey writes into tables of Devise and Laravel, asked of Devise and PHP themselves; run by hand where Debian's
 * ruby-devise and php-cli are:
 *   node --test test/adopt/by-hand/libraries.ts
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fresh, insert, known, onBoth, opened, reset, written } from '../kit.ts'

function ask(program: string, args: readonly string[]): string {
  const ran = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' },
  })
  assert.equal(ran.status, 0, ran.stderr)
  return ran.stdout.trim()
}

const ruby = (code: string, ...args: string[]): string => ask('/usr/bin/ruby', ['-rdevise', '-e', code, ...args])
const php = (code: string, ...args: string[]): string => ask('/usr/bin/php', ['-r', code, '--', ...args])

const model = `model = Struct.new(:stretches, :pepper).new(4, ARGV[0].empty? ? nil : ARGV[0]);`

for (const pepper of ['', 'a pepper of the site']) {
  onBoth(
    `Devise ${pepper ? 'with a pepper' : 'without one'}: its own encryptor takes the new password, and its salt has changed`,
    async (place) => {
      await place.fixture('devise')
      const before = ruby(`${model} print Devise::Encryptor.digest(model, ARGV[1])`, pepper, known)
      await place.run(
        insert('users', [{ id: 1, email: 'ana@example.org', encrypted_password: before, confirmed_at: '2024-01-01' }]),
      )
      assert.equal((await place.adopt()).code, 0)
      const environment: Record<string, string> = pepper ? { HASH_PEPPER: pepper } : {}
      const check = await place.adoptWith(
        { stdin: known, environment },
        '--check',
        'ana@example.org',
        '--password-stdin',
      )
      assert.equal(check.code, 0, check.out)
      const recovery = await opened(place, { ...(await written(place)), hash: { form: 'devise', pepper } })
      await reset(recovery, 'Ana@example.org').finally(() => recovery.close())
      const after = String((await place.rows('SELECT encrypted_password AS hash FROM users'))[0]!.hash)
      const compare = (password: string): string =>
        ruby(`${model} print Devise::Encryptor.compare(model, ARGV[1], ARGV[2])`, pepper, after, password)
      assert.deepEqual([compare(fresh), compare(known)], ['true', 'false'])
      assert.notEqual(after.slice(0, 29), before.slice(0, 29), "what Devise's sessions hang on")
    },
  )
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
