/** Links that Django itself made, read by their site's settings, and by no other. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { noAccount } from '../engine/proof.ts'
import { type DjangoLinks, djangoLinks, refuseDjangoLinks } from './django-links.ts'

type Row = Record<'id' | 'email' | 'password' | 'secretKey' | 'timeZone' | 'uid' | 'token', string> & {
  readonly madeAt: number
  readonly lastLogin: string | null
}
const file = new URL('../../test/fixtures/django-links/links.json', import.meta.url)
const { site, others }: Record<'site' | 'others', Row[]> = JSON.parse(readFileSync(file, 'utf8'))
const rows = [...site, ...others]

const accountOf = ({ id, email, password, lastLogin }: Row) => ({
  ...{ ...noAccount, active: true, verified: true },
  ...{ id, email, passwordHash: password, lastLogin },
})
const readerOf = ({ secretKey, timeZone }: Row, more: Partial<DjangoLinks> = {}) =>
  djangoLinks({ secretKey, timeZone, ...more })

test('a link of Django names its account, in each form in which a table keeps a UUID', () => {
  for (const row of rows) {
    const names = readerOf(row).names(row, row.madeAt)
    assert.deepEqual(names, row.id.length === 36 ? [row.id, row.id.replaceAll('-', '')] : [row.id], row.email)
  }
})

test('it is for the account as it was when the letter went out, and for no other', () => {
  for (const row of rows) {
    const reader = readerOf(row)
    const account = accountOf(row)
    assert.equal(reader.isFor(row, account), true, row.email)
    const changed = [
      { ...account, passwordHash: `${row.password}x` },
      { ...account, passwordHash: null },
      { ...account, email: row.email.toUpperCase() || 'a@example.org' },
      { ...account, lastLogin: '2026-01-05 12:00:01' },
      { ...account, lastLogin: row.lastLogin === null ? '2026-01-04 09:08:07' : null },
    ]
    for (const other of changed) assert.equal(reader.isFor(row, other), false, row.email)
    assert.equal(reader.isFor(row, null), false)
    for (const other of rows.filter(({ id }) => id !== row.id)) {
      assert.equal(reader.isFor({ uid: other.uid, token: row.token }, accountOf(other)), false)
    }
  }
})

test("it is read by the site's SECRET_KEY or one before it, and by no other", () => {
  const [row] = site as [Row]
  assert.equal(readerOf(row, { secretKey: `${row.secretKey} ` }).isFor(row, accountOf(row)), false)
  const turned = readerOf(row, { secretKey: 'a newer one', secretKeyFallbacks: ['another', row.secretKey] })
  assert.equal(turned.isFor(row, accountOf(row)), true)
})

test("it lives as long as PASSWORD_RESET_TIMEOUT says, by the clock of the site's TIME_ZONE", () => {
  for (const row of rows) {
    for (const timeout of [60, 259_200]) {
      const reader = readerOf(row, { timeout })
      assert.equal(reader.names(row, row.madeAt + timeout * 1000 + 999)?.length === 0, false, row.email)
      assert.deepEqual(reader.names(row, row.madeAt + (timeout + 1) * 1000), [], row.email)
    }
    assert.deepEqual(readerOf(row).names(row, row.madeAt - 3601_000), [], 'made in what is the future now')
  }
  const kathmandu = others.find(({ timeZone }) => timeZone === 'Asia/Kathmandu')!
  assert.deepEqual(readerOf(kathmandu, { timeZone: 'UTC' }).names(kathmandu, kathmandu.madeAt), [])
})

test('a clock that is put back at the end of summer time loses no link', () => {
  const [row] = site as [Row]
  // 02:30 of summer time in Berlin, and a quarter of an hour later, when it is 01:45 of winter time in UTC+1.
  const made = Date.UTC(2026, 9, 25, 0, 30)
  const seconds = (Date.UTC(2026, 9, 25, 2, 30) - Date.UTC(2001, 0, 1)) / 1000
  const link = { uid: row.uid, token: `${seconds.toString(36)}-${'0'.repeat(32)}` }
  const reader = djangoLinks({ secretKey: 'x', timeZone: 'Europe/Berlin', timeout: 600 })
  assert.deepEqual(reader.names(link, made), [row.id])
  assert.deepEqual(reader.names(link, made + 45 * 60_000), [row.id], 'Django takes it then as well')
})

test('what is no link of Django is left to others, and what is nearly one is refused', () => {
  const [row] = site as [Row]
  const reader = readerOf(row)
  const [stamp, hex] = row.token.split('-') as [string, string]
  const forms = [
    '',
    stamp,
    `${stamp}-`,
    `${stamp}-${hex}0`,
    `${stamp}-${hex.slice(1)}`,
    `${stamp}-${hex.toUpperCase()}`,
  ]
  for (const token of [...forms, `-${hex}`, `${stamp.toUpperCase()}-${hex}`, `${stamp}--${hex}`, `${row.token}\n`]) {
    assert.equal(reader.names({ uid: row.uid, token }, row.madeAt), null, token)
  }
  for (const uid of [null, '', `${row.uid}=`, `${row.uid}A`, '*', 'a'.repeat(201)]) {
    const named = reader.names({ uid, token: row.token }, row.madeAt)
    assert.ok(named === null || named[0] !== row.id, String(uid))
  }
  const later = (Number.parseInt(stamp, 36) + 1).toString(36)
  const forged = [`${later}-${hex}`, `${stamp}-${hex.replace(/^./, (one) => (one === '0' ? '1' : '0'))}`]
  for (const token of [...forged, `0${row.token}`]) {
    assert.equal(reader.isFor({ uid: row.uid, token }, accountOf(row)), false, token)
  }
})

test('settings that cannot be right are refused with a sentence each', () => {
  assert.deepEqual(refuseDjangoLinks({ secretKey: 'x' }), [])
  const wrong = { secretKey: '', timeout: 59, timeZone: 'Berlin', paths: ['/reset/:token/'] }
  const reasons = refuseDjangoLinks(wrong)
  assert.equal(reasons.length, 4)
  for (const name of Object.keys(wrong))
    assert.ok(
      reasons.some((reason) => reason.includes(name)),
      name,
    )
  assert.equal(refuseDjangoLinks({ secretKey: 'x', timeout: 604_801 }).length, 1)
  assert.equal(refuseDjangoLinks({ secretKey: 'x', paths: [] }).length, 1)
})
