/**
 * A database as each system makes it, rows with the hashes that its own library made, and the whole way: `adopt` recognises
 * it and writes the configuration, Latchkey resets by it, and the system's own check of the password (`checks.ts`) takes
 * the new password and no longer the old one.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FormName, forms } from '../../src/accounts/formats/index.ts'
import { hasher } from '../../src/accounts/hash.ts'
import { systemRandom } from '../../src/system.ts'
import { django, made, resets } from './checks.ts'
import { asked, fresh, insert, onBoth, opened, type Place, written } from './kit.ts'

const djangoUser = (place: Place, id: number, username: string, email: string, password: string) => ({
  ...{ id, username, email, password, is_superuser: place.dialect === 'sqlite' ? 0 : false, is_staff: false },
  ...{ first_name: '', last_name: '', is_active: true, date_joined: '2024-01-01 00:00:00' },
})

onBoth(
  'a Django site is adopted: PBKDF2 beside Argon2, unusable passwords, two users on one address, capitals',
  async (place) => {
    await place.fixture('django')
    const [pbkdf2, argon] = [made(/^pbkdf2_sha256/), made(/^argon2\$argon2id/)]
    const rows = [
      djangoUser(place, 1, 'ana', 'Ana@Example.org', pbkdf2),
      djangoUser(place, 2, 'bea', 'bea@example.org', argon),
      djangoUser(place, 3, 'eva', 'eva@example.org', pbkdf2),
      djangoUser(place, 4, 'eva2', 'EVA@example.org', pbkdf2),
      djangoUser(place, 5, 'ldap', 'ldap@example.org', '!Zh7XjbNqH4kF3mTq7dWq1Zl0lY0m4v1a2b3c4d5e'),
      djangoUser(place, 6, 'cron', '', '!'),
      { ...djangoUser(place, 7, 'gone', 'gone@example.org', pbkdf2), is_active: false },
    ]
    await place.run(insert('auth_user', rows))
    const { code, out } = await place.adopt()
    assert.equal(code, 0)
    assert.match(out, /Found "auth_user" \(Django\): 7 accounts/)
    assert.match(out, /4 Django PBKDF2/)
    assert.match(out, /1 Django Argon2/)
    assert.match(out, /2 unusable/)
    assert.match(out, /1 without one, 2 with capitals/)
    assert.match(out, /1 address is those of 2 accounts, 1 of them spelled in several ways/)
    assert.match(out, /1 account is not active/)
    assert.match(out, /a reset ends sessions, by Django's session hash/)
    assert.deepEqual(await written(place), {
      table: 'auth_user',
      id: 'id',
      email: 'email',
      password: 'password',
      username: 'username',
      active: 'is_active',
      lastLogin: 'last_login',
      sessions: 'with-password',
      hash: 'django',
    })
    await resets(
      place,
      'ana@example.org',
      'Ana@Example.org',
      'SELECT password AS hash FROM auth_user WHERE id = 1',
      django,
    )
    await resets(
      place,
      'bea@example.org',
      'bea@example.org',
      'SELECT password AS hash FROM auth_user WHERE id = 2',
      django,
    )
    const recovery = await opened(place, await written(place))
    const elsewhere = await asked(recovery, 'ldap@example.org')
    assert.ok(elsewhere && !elsewhere.text.includes('password-reset-confirm'), 'an unusable password gets no link')
    assert.equal(await asked(recovery, 'gone@example.org'), null)
    await recovery.close()
    const [{ hash } = {}] = await place.rows('SELECT password AS hash FROM auth_user WHERE id = 5')
    assert.equal(hash, rows[4]!.password)
  },
)

onBoth('a Django site with a user model of its own is adopted, whose ids are UUIDs', async (place) => {
  await place.fixture('django-custom')
  const id = place.dialect === 'sqlite' ? '0f0e0d0c0b0a49088706050403020100' : '0f0e0d0c-0b0a-4908-8706-050403020100'
  const user = {
    id,
    email: 'ana@example.org',
    password: made(/^argon2\$argon2id/),
    is_active: true,
    is_superuser: false,
  }
  await place.run(insert('custom_member', [user]))
  const { code, out } = await place.adopt()
  assert.equal(code, 0)
  assert.match(out, /Found "custom_member" \(Django, with a user model of its own\)/)
  assert.equal((await written(place)).hash, 'django-argon2')
  await resets(place, 'ANA@example.org', 'ana@example.org', 'SELECT password AS hash FROM custom_member', django)
})

test("what is written in any of Django's forms fits into Django's column of 128 letters", async () => {
  const names = (Object.keys(forms) as FormName[]).filter((name) => name.startsWith('django'))
  assert.equal(names.length, 6)
  for (const form of names) {
    const hash = await hasher({ random: systemRandom, form, inFlight: 1 }).hash(fresh)
    assert.ok(hash.length <= 128, `${form}: ${hash.length}`)
  }
})
