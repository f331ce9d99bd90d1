/**
 * A database as each system makes it, rows with the hashes that its own library made, and the whole way: `adopt` recognises
 * it and writes the configuration, Latchkey resets by it, and the system's own check of the password (`checks.ts`) takes
 * the new password and no longer the old one.
 */
import assert from 'node:assert/strict'
import { bcrypt, made, resets } from './checks.ts'
import { insert, onBoth, written } from './kit.ts'

onBoth("Devise's table is adopted, and its own index finds the addresses", async (place) => {
  await place.fixture('devise')
  const hash = made(/^\$2a\$/)
  await place.run(
    insert('users', [
      {
        id: '9007199254740993',
        email: 'ana@example.org',
        encrypted_password: hash,
        confirmed_at: '2024-05-06 07:08:09',
      },
      { id: '9007199254740995', email: 'bea@example.org', encrypted_password: hash, confirmed_at: null },
    ]),
  )
  const { code, out } = await place.adopt()
  assert.equal(code, 0)
  assert.match(out, /Found "users" \(Rails with Devise\): 2 accounts/)
  assert.match(out, /look-up +by the index "index_users_on_email"/)
  assert.match(out, /a reset ends sessions, by Devise's salt/)
  assert.match(out, /HASH_PEPPER/)
  assert.deepEqual(await written(place), {
    table: 'users',
    id: 'id',
    email: 'email',
    password: 'encrypted_password',
    verified: 'confirmed_at',
    sessions: 'with-password',
    compare: 'lower',
    hash: 'devise',
  })
  await resets(
    place,
    'Ana@example.org',
    'ana@example.org',
    'SELECT encrypted_password AS hash FROM users WHERE id = 9007199254740993',
    bcrypt('$2a$'),
  )
  const [other] = await place.rows('SELECT encrypted_password AS hash FROM users WHERE id = 9007199254740995')
  assert.equal(other?.hash, hash, 'an id past 2^53 is not taken for its neighbour')
})

onBoth("Rails' own has_secure_password is adopted, and its sessions end with the password", async (place) => {
  await place.fixture('rails')
  await place.run(insert('users', [{ id: 1, email_address: 'ana@example.org', password_digest: made(/^\$2a\$/) }]))
  const { out } = await place.adopt()
  assert.match(out, /Rails with has_secure_password/)
  assert.match(out, /a reset ends sessions: their rows in "sessions" are deleted/)
  await resets(place, 'ana@example.org', 'ana@example.org', 'SELECT password_digest AS hash FROM users', bcrypt('$2a$'))
})

onBoth("JHipster's table is adopted, and its sixty letters hold the new hash", async (place) => {
  await place.fixture('jhipster')
  const user = { id: 1, login: 'ana', email: 'ana@example.org', activated: true, lang_key: 'de', created_by: 'system' }
  await place.run(insert('jhi_user', [{ ...user, password_hash: made(/^\$2a\$/) }]))
  const { out } = await place.adopt()
  assert.match(out, /Found "jhi_user" \(Spring Security, of JHipster's kind\)/)
  const { username, locale, active } = await written(place)
  assert.deepEqual({ username, locale, active }, { username: 'login', locale: 'lang_key', active: 'activated' })
  await resets(
    place,
    'ana@example.org',
    'ana@example.org',
    'SELECT password_hash AS hash FROM jhi_user',
    bcrypt('$2a$'),
  )
})
