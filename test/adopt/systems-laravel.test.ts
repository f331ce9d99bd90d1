/**
 * A database as each system makes it, rows with the hashes that its own library made, and the whole way: `adopt` recognises
 * it and writes the configuration, Latchkey resets by it, and the system's own check of the password (`checks.ts`) takes
 * the new password and no longer the old one.
 */
import assert from 'node:assert/strict'
import { bcrypt, made, resets } from './checks.ts'
import { asked, insert, onBoth, onPostgres, opened, written } from './kit.ts'

onBoth("Laravel's table is adopted; rows that are softly deleted are no accounts", async (place) => {
  await place.fixture('laravel')
  const user = { name: 'Ana', password: made(/^\$2y\$/), email_verified_at: '2024-05-06 07:08:09' }
  await place.run(
    insert('users', [
      { ...user, id: 1, email: 'ana@example.org' },
      { ...user, id: 2, email: 'Gone@example.org', deleted_at: '2025-01-01 00:00:00' },
      { ...user, id: 3, email: 'Bea@example.org', two_factor_confirmed_at: '2025-01-01 00:00:00' },
    ]),
  )
  const { out } = await place.adopt()
  assert.match(out, /Found "users" \(Laravel\): 2 accounts/)
  assert.match(out, /"remember_token" stays as it is/)
  assert.deepEqual((await written(place)).where, { deleted_at: null })
  await resets(
    place,
    'ana@example.org',
    'ana@example.org',
    'SELECT password AS hash FROM users WHERE id = 1',
    bcrypt('$2y$'),
  )
  const recovery = await opened(place, await written(place))
  assert.equal(await asked(recovery, 'gone@example.org'), null)
  assert.equal((await recovery.accounts.byAddress('bea@example.org'))[0]?.secondFactor, true)
  await recovery.close()
})

onPostgres("Supabase's auth.users is adopted, and its own index finds the addresses", async (place) => {
  await place.fixture('supabase')
  const instance_id = '00000000-0000-0000-0000-000000000000'
  const user = (digit: number, email: string, more: object = {}) => ({
    ...{ instance_id, id: `00000000-0000-4000-8000-00000000000${digit}`, aud: 'authenticated', email },
    ...{ encrypted_password: made(/^\$2[ay]\$10/).replace('$2y$', '$2a$'), email_confirmed_at: '2025-01-01' },
    ...{ is_sso_user: false, ...more },
  })
  await place.run(
    insert('auth.users', [
      user(1, 'ana@example.org'),
      user(2, 'sso@example.org', { is_sso_user: true, encrypted_password: '' }),
      user(3, 'gone@example.org', { deleted_at: '2025-01-01' }),
    ]),
  )
  const { code, out } = await place.adopt()
  assert.equal(code, 0)
  assert.match(out, /Found "auth.users" \(Supabase\): 2 accounts/)
  assert.match(out, /by the index "users_instance_id_email_idx"/)
  assert.match(out, /a reset ends sessions and their refresh tokens: the rows in "auth.sessions"/)
  const { signOn, verified, hash, sessions } = await written(place)
  assert.deepEqual(
    { signOn, verified, hash, sessions },
    {
      ...{ signOn: 'is_sso_user', verified: 'email_confirmed_at', hash: 'supabase' },
      sessions: { table: 'auth.sessions', account: 'user_id' },
    },
  )
  const hashOf = "SELECT encrypted_password AS hash FROM auth.users WHERE email = 'ana@example.org'"
  await resets(place, 'ana@example.org', 'ana@example.org', hashOf, bcrypt('$2a$'))
  const recovery = await opened(place, await written(place))
  const elsewhere = await asked(recovery, 'sso@example.org')
  assert.ok(elsewhere && !elsewhere.text.includes('password-reset-confirm'))
  await recovery.close()
})

onBoth('a dump of WordPress that was converted is recognised as WordPress', async (place) => {
  await place.fixture('wordpress')
  const { code, out } = await place.adopt()
  assert.equal(code, 0)
  assert.match(out, /Found "wp_users" \(WordPress\)/)
  const { hash, sessions, username } = await written(place)
  assert.deepEqual([hash, sessions, username], ['wordpress', 'with-password', 'user_login'])
})
