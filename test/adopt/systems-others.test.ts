/**
 * A database as each system makes it, rows with the hashes that its own library made, and the whole way: `adopt` recognises
 * it and writes the configuration, Latchkey resets by it, and the system's own check of the password (`checks.ts`) takes
 * the new password and no longer the old one.
 */
import assert from 'node:assert/strict'
import { aspnet, aspnetHash, betterAuth, made, resets } from './checks.ts'
import { asked, insert, known, onBoth, opened, written } from './kit.ts'

onBoth(
  "better-auth's two tables are adopted: who has no password of its own gets no link, banned ones get nothing",
  async (place) => {
    await place.fixture('better-auth')
    const at = { createdAt: '2025-01-01 00:00:00', updatedAt: '2025-01-01 00:00:00' }
    const user = (id: string, banned: boolean | null) => ({
      id,
      name: id,
      email: `${id}@example.org`,
      emailVerified: true,
      banned,
      ...at,
    })
    const account = (userId: string, providerId: string, password: string | null) => ({
      ...{ id: `${userId}-${providerId}`, accountId: userId, providerId, userId, password },
      ...at,
    })
    const hash = made(/^[\da-f]{32}:/)
    await place.run(insert('"user"', [user('ana', null), user('bea', false), user('eva', true)]))
    await place.run(
      insert('account', [
        ...['ana', 'eva'].map((id) => account(id, 'credential', hash)),
        ...['ana', 'bea'].map((id) => account(id, 'google', null)),
      ]),
    )
    const { code, out } = await place.adopt()
    assert.equal(code, 0)
    assert.match(out, /Found "user" \(better-auth\): 2 accounts/)
    assert.match(out, /passwords in "account"\."password"/)
    assert.match(out, /a reset ends sessions: their rows in "session" are deleted/)
    assert.deepEqual((await written(place)).credentials, {
      table: 'account',
      account: 'userId',
      where: { providerId: 'credential' },
    })
    const hashOf = (id: string) => `SELECT password AS hash FROM account WHERE id = '${id}'`
    await resets(place, 'ana@example.org', 'ana@example.org', hashOf('ana-credential'), betterAuth)
    assert.equal((await place.rows(hashOf('ana-google')))[0]!.hash, null, "Google's row is left alone")
    const recovery = await opened(place, await written(place))
    const elsewhere = await asked(recovery, 'bea@example.org')
    assert.ok(elsewhere && !elsewhere.text.includes('password-reset-confirm'))
    assert.equal(await asked(recovery, 'eva@example.org'), null)
    await recovery.close()
  },
)

onBoth('ASP.NET Core Identity is adopted, and it is said that its sessions stay', async (place) => {
  await place.fixture('aspnet')
  await place.run(
    insert('"AspNetUsers"', [
      {
        ...{ Id: 'b5c1e0a0-1', UserName: 'ana', NormalizedUserName: 'ANA', Email: 'Ana@Example.org' },
        ...{ NormalizedEmail: 'ANA@EXAMPLE.ORG', EmailConfirmed: true, PasswordHash: aspnetHash(known) },
        ...{ SecurityStamp: 's', PhoneNumberConfirmed: false, TwoFactorEnabled: false, LockoutEnabled: true },
        AccessFailedCount: 0,
      },
    ]),
  )
  const { out } = await place.adopt()
  assert.match(out, /Found "AspNetUsers" \(ASP.NET Core Identity\)/)
  assert.match(out, /goes on +sessions: Identity ends them by "SecurityStamp"/)
  await resets(place, 'ana@example.org', 'Ana@Example.org', 'SELECT "PasswordHash" AS hash FROM "AspNetUsers"', aspnet)
})
