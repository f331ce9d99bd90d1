/**
 * A real Rails site on loopback, that of `examples/rails` under Debian's Rails and Devise, and Latchkey beside it on the
 * site's own database by what `adopt` has written: people ask through Latchkey and log in through Devise's own form. Devise takes the new
 * password, refuses the old one, and has ended the sessions that were open and those that it would have remembered.
 */
// Debian packages: ruby ruby-devise ruby-railties ruby-activerecord ruby-actionmailer ruby-sqlite3 ruby-pg ruby-rack ruby-webrick
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../src/server/listen.ts'
import type { TestBrowser } from '../../../src/testing/index.ts'
import { fresh, known, onPostgres, onSqlite, type Place } from '../kit.ts'
import { type Beside, fillIn, latchkey, ran, resetThrough, serveBeside, somebody, startSite, stopped } from './site.ts'

const shop = fileURLToPath(new URL('../../../examples/rails', import.meta.url))
const ruby = ['/usr/bin/ruby', '-r', './config/environment', '-r', 'json', '-e']
const migrating = 'ActiveRecord::Migration.verbose = false; load "db/schema.rb"'
const adding = `JSON.parse($stdin.read).each do |email, password|
  User.new(email: email, password: password).tap(&:skip_confirmation!).save!
end`
const serving = ['/usr/bin/rackup', '--env', 'deployment', '--server', 'webrick', '--host', '127.0.0.1', '--port']

function environmentOf(place: Place, pepper: string | null): Record<string, string> {
  const DATABASE_URL = place.dialect === 'sqlite' ? `sqlite3:${join(place.folder, 'app.db')}` : place.url
  const own = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: place.folder, DATABASE_URL }
  return pepper === null ? own : { ...own, DEVISE_PEPPER: pepper }
}

/** Typed in capitals by one of them; Devise keeps all in small letters. */
const people = ['ana@example.org', 'Bea@Example.org', 'eva@example.org']

/** Logs in at Devise's own form; whether that worked. */
async function logsIn(port: number, email: string, password: string, browser = somebody(port)): Promise<boolean> {
  const fields = { 'user[email]': email, 'user[password]': password, 'user[remember_me]': '1' }
  await browser.submit('/users/sign_in', fields, '/users/sign_in')
  return isIn(browser, email)
}

const isIn = async (browser: TestBrowser, email: string): Promise<boolean> =>
  (await browser.get('/')).text === `Signed in as ${email.toLowerCase()}.`

/** Without its session: what is left is what Devise remembers it by. */
function forgetSession({ jar }: TestBrowser): void {
  const session = [...jar.keys()].find((name) => name.endsWith('_session'))
  assert.ok(session && jar.has('remember_user_token'), [...jar.keys()].join(' '))
  jar.delete(session)
}

async function adopted(place: Place, pepper: string | null): Promise<void> {
  const out = await latchkey(place, ['adopt', place.url])
  assert.match(out, /Found "users" \(Rails with Devise\): 3 accounts/)
  assert.match(out, /by the index "index_users_on_email"/)
  assert.match(out, /a reset ends sessions, by Devise's salt[^\n]*\n\s+"remember me", by the same/)
  const check = ['adopt', '--check', 'ana@example.org', '--password-stdin']
  if (pepper !== null) {
    await assert.rejects(latchkey(place, check, {}, known), /is not the one that it has/, 'without the pepper')
    fillIn(place, `HASH_PEPPER='${pepper}'`)
  }
  assert.match(await latchkey(place, check, {}, known), /A reset would work/)
}

async function story(place: Place, pepper: string | null): Promise<void> {
  const environment = environmentOf(place, pepper)
  await ran([...ruby, migrating], shop, environment)
  const users = people.map((email) => [email, known])
  await ran([...ruby, adding], shop, environment, JSON.stringify(users))
  const port = await freePort('127.0.0.1')
  const server = await startSite([...serving, String(port)], shop, environment, port)
  let beside: Beside | null = null
  try {
    const [open, remembered] = [somebody(port), somebody(port)]
    for (const browser of [open, remembered]) assert.equal(await logsIn(port, 'ana@example.org', known, browser), true)
    await adopted(place, pepper)
    beside = await serveBeside(place)
    assert.equal(await isIn(open, 'ana@example.org'), true, 'nothing has ended a session yet')
    forgetSession(remembered)
    assert.equal(await isIn(remembered, 'ana@example.org'), true, 'and Devise remembers')

    await resetThrough(beside, 'ANA@example.org', 'ana@example.org')
    await resetThrough(beside, 'bea@EXAMPLE.org', 'bea@example.org')
    assert.equal(await isIn(open, 'ana@example.org'), false, 'the session that was open has ended')
    forgetSession(remembered)
    assert.equal(await isIn(remembered, 'ana@example.org'), false, 'and nobody is remembered')
    for (const email of people.slice(0, 2)) {
      assert.equal(await logsIn(port, email, fresh), true, `${email}: Devise takes the new password`)
      assert.equal(await logsIn(port, email, known), false, `${email}: Devise refuses the old one`)
    }
    assert.equal(await logsIn(port, 'eva@example.org', known), true, 'who asked for nothing goes on as before')
  } finally {
    await beside?.close()
    await stopped(server)
  }
}

onSqlite('a Rails site with Devise moves to Latchkey (SQLite)', (place) => story(place, null))
onSqlite('so does one with a pepper (SQLite)', (place) => story(place, 'pépper "of" the $ite'))
onPostgres('and one with a pepper (PostgreSQL)', (place) => story(place, 'f'.repeat(128)))
