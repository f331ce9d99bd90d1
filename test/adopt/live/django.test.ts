/**
 * A real Django site on loopback, that of `examples/django` under Debian's Django, and Latchkey beside it on the site's
 * own database by what `adopt` has written: people ask through Latchkey and log in through Django's own form. Django
 * takes the new password, refuses the old one, and has ended the sessions that were open; letters that Django mailed
 * before the move go on opening.
 */
// Debian packages: python3-django python3-argon2 python3-bcrypt python3-psycopg2
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../src/server/listen.ts'
import { formIn, type Page, type TestBrowser } from '../../../src/testing/index.ts'
import { type MailServer, mailServer } from '../../promises/mail-server.ts'
import { becomes, lettersTo } from '../../promises/real-server.ts'
import { fresh, known, onPostgres, onSqlite, type Place } from '../kit.ts'
import {
  askFor,
  type Beside,
  fillIn,
  isDead,
  latchkey,
  linkTo,
  ran,
  resetThrough,
  serveBeside,
  setBy,
  somebody,
  startSite,
  stopped,
} from './site.ts'

const shop = fileURLToPath(new URL('../../../examples/django', import.meta.url))
const manage = ['/usr/bin/python3', 'manage.py']
const secretKey = 'x#3$k&the-key-of-the-site-(not-ours)+'

/** How the site is set up. */
type Settings = { readonly timeZone: string; readonly usesUtc: boolean }

function environmentOf(place: Place, { timeZone, usesUtc }: Settings, mailPort: number): Record<string, string> {
  const postgres = (): object => {
    const { pathname, hostname, port, username } = new URL(place.url)
    const database = { NAME: pathname.slice(1), HOST: hostname, PORT: port, USER: username }
    return { ENGINE: 'django.db.backends.postgresql', ...database }
  }
  const sqlite = { ENGINE: 'django.db.backends.sqlite3', NAME: join(place.folder, 'app.db') }
  return {
    ...{ PATH: '/usr/bin:/bin', PYTHONDONTWRITEBYTECODE: '1', LANG: 'C.UTF-8' },
    DJANGO_SECRET_KEY: secretKey,
    SHOP_DATABASE: JSON.stringify(place.dialect === 'sqlite' ? sqlite : postgres()),
    ...{ SHOP_TIME_ZONE: timeZone, SHOP_USE_TZ: usesUtc ? 'True' : 'False', EMAIL_PORT: String(mailPort) },
  }
}

/** Each with the password `known`, in the hash that is named; null: an unusable one. */
const people: readonly (readonly [name: string, email: string, hasher: string | null])[] = [
  ['ana', 'Ana@Example.org', 'pbkdf2_sha256'],
  ['bea', 'bea@example.org', 'argon2'],
  ['eva', 'EVA@EXAMPLE.ORG', 'bcrypt_sha256'],
  ['twin', 'twins@example.org', 'pbkdf2_sha256'],
  ['other', 'Twins@example.org', 'argon2'],
  ['ldap', 'ldap@example.org', null],
  ['dora', 'dora@example.org', 'argon2'],
  ['fay', 'fay@example.org', 'pbkdf2_sha256'],
  ['gil', 'gil@example.org', 'pbkdf2_sha256'],
  ['ida', 'ida@example.org', 'argon2'],
]
const adding = `
import json
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
people, password = json.loads(open(0).read())
for name, email, hasher in people:
    stored = make_password(password, hasher=hasher) if hasher else make_password(None)
    User.objects.create(username=name, email=email, password=stored)
`

type Site = { readonly port: number; readonly post: MailServer }

/** Fills the page's form as a browser does where it names no address to be sent to: it goes where the page is. */
async function fill(browser: TestBrowser, path: string, fields: Record<string, string>): Promise<Page> {
  const { text } = await browser.look(path)
  const form = formIn(text)
  assert.ok(form, text)
  const sent = await browser.post(path, { ...form.fields, ...fields })
  return sent.location === null ? sent : browser.get(sent.location)
}

/** Logs in at the site's own form; whether that worked. */
async function logsIn({ port }: Site, username: string, password: string, browser = somebody(port)): Promise<boolean> {
  const page = await fill(browser, '/accounts/login/', { username, password })
  assert.equal(page.status, 200, page.text)
  return page.text === `Signed in as ${username}.`
}

async function takesTheNewAlone(site: Site, username: string): Promise<void> {
  assert.equal(await logsIn(site, username, fresh), true, `${username}: Django takes the new password`)
  assert.equal(await logsIn(site, username, known), false, `${username}: Django refuses the old one`)
}

/** The path of the link in a letter that the site itself mails to this address. */
async function mailedByDjango({ port, post }: Site, email: string): Promise<string> {
  const page = await fill(somebody(port), '/accounts/password_reset/', { email })
  assert.match(page.text, /We’ve emailed you instructions/)
  return linkTo(post, email, /http:\/\/\S+\/accounts\/reset\/\S+/)
}

/** Sets the password by such a link at the site itself; whether the link was good there. */
async function setAtDjango({ port }: Site, path: string, password: string): Promise<boolean> {
  const browser = somebody(port)
  const { location } = await browser.look(path)
  if (location === null) return false
  const done = await fill(browser, location, { new_password1: password, new_password2: password })
  assert.match(done.text, /Password reset complete/)
  return true
}

/** `latchkey adopt`, and what its reader is told to fill in. */
async function adopted(place: Place, { timeZone }: Settings): Promise<void> {
  const out = await latchkey(place, ['adopt', place.url])
  assert.match(out, /Found "auth_user" \(Django\): 10 accounts/)
  assert.match(out, /5 Django PBKDF2/)
  assert.match(out, /3 Django Argon2/)
  assert.match(out, /1 unusable/)
  assert.match(
    await latchkey(place, ['adopt', '--check', 'ana@example.org', '--password-stdin'], {}, known),
    /would work/,
  )
  const config = join(place.folder, 'latchkey.config.ts')
  const [commented, whole] = [
    "// earlier: { django: { paths: ['/reset/:uid/:token/']",
    "earlier: { django: { paths: ['/accounts/reset/:uid/:token/']",
  ]
  const text = readFileSync(config, 'utf8')
  assert.ok(text.includes(commented), text)
  writeFileSync(config, text.replace(commented, whole).replace("timeZone: 'UTC'", `timeZone: '${timeZone}'`))
  fillIn(place, `DJANGO_SECRET_KEY='${secretKey}'`)
}

async function resets(beside: Beside, site: Site): Promise<void> {
  await resetThrough(beside, 'ana@example.org', 'Ana@example.org')
  await resetThrough(beside, 'BEA@Example.ORG', 'bea@example.org')
  await resetThrough(beside, 'eva@example.org', 'EVA@example.org')
  for (const name of ['ana', 'bea', 'eva']) await takesTheNewAlone(site, name)
}

/** Each of two users on one address gets a letter of its own. */
async function resetsTwins(beside: Beside, site: Site): Promise<void> {
  await resetThrough(beside, 'TWINS@example.org', 'twins@example.org')
  assert.deepEqual([await logsIn(site, 'twin', fresh), await logsIn(site, 'other', fresh)], [true, false])
  await setBy(beside, await linkTo(beside.post, 'Twins@example.org', /http\S+password-reset-confirm\S+/))
  await takesTheNewAlone(site, 'other')
}

async function givesNoLinkForLdap(beside: Beside): Promise<void> {
  await askFor(beside, 'ldap@example.org')
  await becomes('a letter comes', () => lettersTo(beside.post, 'ldap@example.org').length > 0)
  const letter = await lettersTo(beside.post, 'ldap@example.org')[0]!.parsed()
  assert.doesNotMatch(letter.text ?? '', /password-reset-confirm/)
}

/** Links that Django has mailed before the move: one is opened, three have died by what happened since. */
async function opensTheirs(
  beside: Beside,
  site: Site,
  theirs: Record<'dora' | 'fay' | 'gil' | 'ida', string>,
): Promise<void> {
  await setBy(beside, theirs.dora)
  await takesTheNewAlone(site, 'dora')
  assert.equal(await isDead(beside, theirs.dora), true, 'used')
  assert.equal(await setAtDjango(site, theirs.dora, 'Another-Quay-51?'), false, 'at Django too')

  assert.equal(await logsIn(site, 'fay', known), true)
  assert.equal(await isDead(beside, theirs.fay), true, 'a log-in at Django')

  assert.equal(await setAtDjango(site, theirs.gil, fresh), true)
  assert.equal(await isDead(beside, theirs.gil), true, 'used at Django')

  await resetThrough(beside, 'ida@example.org', 'ida@example.org')
  assert.equal(await isDead(beside, theirs.ida), true, 'another reset')
}

async function story(place: Place, settings: Settings): Promise<void> {
  const post = await mailServer()
  const environment = environmentOf(place, settings, post.port)
  await ran([...manage, 'migrate', '--verbosity', '0'], shop, environment)
  await ran([...manage, 'shell', '--command', adding], shop, environment, JSON.stringify([people, known]))
  const port = await freePort('127.0.0.1')
  const command = [...manage, 'runserver', '--noreload', `127.0.0.1:${port}`]
  const server = await startSite(command, shop, environment, port)
  let beside: Beside | null = null
  try {
    const site: Site = { port, post }
    const open = somebody(port)
    assert.equal(await logsIn(site, 'ana', known, open), true)
    // One who has logged in before, and three who never did.
    assert.equal(await logsIn(site, 'dora', known), true)
    const theirs = {
      dora: await mailedByDjango(site, 'dora@example.org'),
      fay: await mailedByDjango(site, 'fay@example.org'),
      gil: await mailedByDjango(site, 'gil@example.org'),
      ida: await mailedByDjango(site, 'ida@example.org'),
    }
    await adopted(place, settings)
    beside = await serveBeside(place)
    assert.equal((await open.get('/')).text, 'Signed in as ana.', 'nothing has ended a session yet')
    await resets(beside, site)
    assert.doesNotMatch((await open.get('/')).text, /Signed in/, 'the session that was open has ended')
    await resetsTwins(beside, site)
    await givesNoLinkForLdap(beside)
    await opensTheirs(beside, site, theirs)
  } finally {
    await beside?.close()
    await stopped(server)
    await post.close()
  }
}

onSqlite('a Django site moves to Latchkey, its clock in UTC (SQLite)', (place) =>
  story(place, { timeZone: 'UTC', usesUtc: true }),
)
onSqlite('so does one with a clock of its own (SQLite)', (place) =>
  story(place, { timeZone: 'Asia/Kathmandu', usesUtc: true }),
)
onPostgres('and one without USE_TZ (PostgreSQL)', (place) =>
  story(place, { timeZone: 'America/St_Johns', usesUtc: false }),
)
