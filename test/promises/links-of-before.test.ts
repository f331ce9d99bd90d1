/**
 * Who moves from Django to Latchkey has letters of Django in people's inboxes. A link that no longer opens sends its reader
 * away, or worse, to support, who then resets by telephone; and a link that opens too well (for ever, twice, for another
 * account, after the password was changed) is what links-die.test.ts tells the holes of. So links that Django itself
 * made, by the site's own SECRET_KEY, are tried here on Django's own table: they open one page, once, and die as they do
 * at Django: by use, time, the password, the address and a log-in.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Flow } from '../../src/engine/flow.ts'
import { classic, code, spa, stateless, verified } from '../../src/flows/index.ts'
import { latchkey } from '../../src/latchkey.ts'
import { memory } from '../../src/stores/memory.ts'
import {
  type TestBrowser,
  type TestOptions,
  type TestRecovery,
  testClock,
  testRecovery,
} from '../../src/testing/index.ts'
import { insert, onBoth, onSqlite, type Place, written } from '../adopt/kit.ts'
import { after, eventsOf, isSuccess, letterFor, origin, reset, stranger, submit } from './kit.ts'

type Row = Record<'id' | 'email' | 'password' | 'secretKey' | 'uid' | 'token', string> & {
  readonly madeAt: number
  readonly lastLogin: string | null
}
const file = new URL('../fixtures/django-links/links.json', import.meta.url)
const { site }: { site: readonly Row[] } = JSON.parse(readFileSync(file, 'utf8'))
const { secretKey } = site[0]!
const timeout = 259_200

/** The site's users, each as at the time of its letter, and Latchkey beside them. */
async function moved(place: Place, more: TestOptions = {}): Promise<TestRecovery> {
  await place.fixture('django')
  const [yes, no] = place.dialect === 'sqlite' ? [1, 0] : [true, false]
  const users = site.map(({ id, email, password, lastLogin }) => ({
    ...{ id: Number(id), username: `person${id}`, email, password },
    ...{ last_login: lastLogin && `${lastLogin}.654321${place.dialect === 'sqlite' ? '' : '+00'}` },
    ...{ first_name: '', last_name: '', is_superuser: no, is_staff: no, is_active: yes },
    date_joined: '2024-01-01 00:00:00',
  }))
  await place.run(insert('auth_user', users))
  assert.equal((await place.adopt()).code, 0)
  // The quickest form, for these are about links.
  const accounts = { ...(await written(place)), hash: 'argon2id' as const }
  const { hash: _, ...table } = accounts
  const database = place.database()
  await database.migrate(table, false)
  return testRecovery({
    ...{ database, accounts, clock: testClock(site[0]!.madeAt), flows: [classic, spa, code] },
    ...{ earlier: { django: { secretKey } } },
    ...more,
  })
}

const onePath = ({ uid, token }: Row, start = '/reset/'): string => `${start}${uid}/${token}/`

/** Opens the link as its reader does; the path of the page for the new password, or null where it is dead. */
async function open(browser: TestBrowser, path: string): Promise<string | null> {
  const page = await browser.look(path)
  if (page.location !== null) return page.location
  assert.equal(page.status, 410, page.text)
  assert.match(page.text, /Invalid or expired link/)
  return null
}

const fields = { new_password1: after, new_password2: after }
const hashesOf = (place: Place) => place.rows('SELECT id, password FROM auth_user ORDER BY id')

onBoth(
  'a letter of Django opens the page for a new password, wherever its site had it, and is spent by that',
  async (place) => {
    const recovery = await moved(place)
    try {
      for (const [index, start] of ['/reset/', '/accounts/reset/'].entries()) {
        const row = site[index]!
        const browser = stranger(recovery)
        const path = await open(browser, onePath(row, start))
        assert.ok(path?.startsWith(`${classic.routes.set}?c=`), 'the secret has left the address')
        assert.match((await browser.get(path!)).text, new RegExp(row.email))
        assert.equal((await submit(browser, path!, fields)).location, classic.routes.done)
        assert.equal(await open(browser, onePath(row, start)), null, 'used')
        assert.equal(await open(stranger(recovery), onePath(row, start)), null, 'used, for anybody')
      }
      // Without its slash, and as scripts do it: the password posted to the link itself.
      const posted = await stranger(recovery).post(onePath(site[2]!).replace(/\/$/, ''), fields)
      assert.equal(posted.status, 303)
      const changed = (await hashesOf(place)).filter(({ password }) => password !== site[0]!.password)
      assert.deepEqual(
        changed.map(({ id }) => Number(id)),
        [1, 2, 3],
      )
      const told = (await eventsOf(recovery)).filter(({ name }) => name === 'link.opened')
      assert.deepEqual(
        told.map(({ because }) => because),
        ['mailed by the product before', 'mailed by the product before'],
      )
      await recovery.mail()
      assert.equal(recovery.letters.filter(({ subject }) => /changed/i.test(subject)).length, 3, 'the owners are told')
    } finally {
      await recovery.close()
    }
  },
)

onSqlite('to look at it spends nothing, however often and by whatever', async (place) => {
  const recovery = await moved(place)
  const [row] = site as [Row]
  const rows = JSON.stringify(await hashesOf(place))
  for (let looks = 0; looks < 5; looks++) {
    assert.notEqual(await open(stranger(recovery), onePath(row)), null)
    const head = await recovery.fetch(new Request(`${origin}${onePath(row)}`, { method: 'HEAD' }), {})
    assert.equal(head.status, 303)
  }
  const poor = await stranger(recovery).post(onePath(row), { new_password1: 'short', new_password2: 'short' })
  assert.equal(poor.status, 422)
  assert.equal(JSON.stringify(await hashesOf(place)), rows)
  assert.equal((await stranger(recovery).post(onePath(row), fields)).status, 303)
  await recovery.close()
})

onBoth('of twenty who send a password by one link at once, one sets it', async (place) => {
  const recovery = await moved(place)
  const [row] = site as [Row]
  const granted = await open(stranger(recovery), onePath(row))
  assert.notEqual(granted, null)
  const posts = Array.from({ length: 20 }, () => stranger(recovery).post(onePath(row), fields))
  const statuses = (await Promise.all(posts)).map(({ status }) => status).sort()
  assert.deepEqual(statuses, [303, ...Array(19).fill(410)])
  await recovery.close()
})

/** What ends a link, brought about behind Latchkey's back or by it. */
const causes: readonly {
  readonly name: string
  bring(place: Place, recovery: TestRecovery, row: Row): Promise<unknown>
}[] = [
  {
    name: 'a change of the password by the site',
    bring: (place, _, { id }) => place.run(`UPDATE auth_user SET password = '!none' WHERE id = ${id}`),
  },
  {
    name: 'a change of the password by another flow',
    bring: async (_, recovery, { email }) =>
      assert.ok(
        isSuccess(await reset(stranger(recovery), spa, await letterFor(recovery, spa, email), 'In-Between-64!')),
      ),
  },
  {
    name: 'a change of the address',
    bring: (place, _, { id }) => place.run(`UPDATE auth_user SET email = 'moved${id}@example.net' WHERE id = ${id}`),
  },
  {
    name: 'a log-in at the site',
    bring: (place, _, { id }) =>
      place.run(`UPDATE auth_user SET last_login = '2026-01-05 12:00:30.1' WHERE id = ${id}`),
  },
  {
    name: 'deactivation',
    bring: (place, _, { id }) => place.run(`UPDATE auth_user SET is_active = NOT is_active WHERE id = ${id}`),
  },
  { name: 'deletion', bring: (place, _, { id }) => place.run(`DELETE FROM auth_user WHERE id = ${id}`) },
]

onBoth(
  'it dies, and the leave that it gave dies, with the password, the address, a log-in and the account',
  async (place) => {
    const recovery = await moved(place)
    const users = site.slice()
    for (const { name, bring } of causes) {
      const [looked, granted] = [users.shift()!, users.shift()!]
      const browser = stranger(recovery)
      const path = await open(browser, onePath(granted))
      assert.notEqual(path, null, name)
      const form = await browser.get(path!)
      assert.equal(form.status, 200)
      await bring(place, recovery, looked)
      await bring(place, recovery, granted)
      const before = JSON.stringify(await hashesOf(place))
      assert.equal(await open(stranger(recovery), onePath(looked)), null, name)
      assert.equal((await stranger(recovery).post(onePath(looked), fields)).status, 410, name)
      const challenge = new URL(path!, origin).searchParams.get('c')!
      const late = await browser.post(classic.routes.set, { ...fields, challenge }, { 'sec-fetch-site': 'same-origin' })
      assert.equal(late.status, 410, name)
      assert.match(late.text, /Session expired/)
      assert.equal(JSON.stringify(await hashesOf(place)), before, name)
    }
    assert.notEqual(await open(stranger(recovery), onePath(users[0]!)), null, 'without a cause it lives')
    await recovery.close()
  },
)

onSqlite(
  "it works in the last second of the site's PASSWORD_RESET_TIMEOUT and not in the next; its leave a quarter of an hour",
  async (place) => {
    const recovery = await moved(place)
    const clock = recovery.clock
    clock.turn({ seconds: timeout })
    const browsers = [stranger(recovery), stranger(recovery)] as const
    const paths = [await open(browsers[0], onePath(site[0]!)), await open(browsers[1], onePath(site[1]!))] as const
    clock.turn({ seconds: 1 })
    assert.equal(await open(stranger(recovery), onePath(site[2]!)), null)
    clock.turn({ seconds: classic.grant - 2 })
    assert.equal((await submit(browsers[0], paths[0]!, fields)).location, classic.routes.done)
    clock.turn({ seconds: 1 })
    assert.equal((await browsers[1].get(paths[1]!)).status, 410)
    clock.turn({ days: 3650 })
    assert.equal(await open(stranger(recovery), onePath(site[3]!)), null, 'ten years later')
    await recovery.close()
  },
)

/** An answer without what is random in it. */
const shapeOf = ({ status, headers, text }: { status: number; headers: Headers; text: string }) => ({
  status,
  text: text.replaceAll(/[\w-]{22,}/g, '<random>'),
  headers: [...headers].map(([name, value]) => [name, value.replaceAll(/[\w-]{11,}/g, '<random>')]),
})

onBoth(
  'whatever is wrong with it, the page is the same: for an account that is there, one that is not, an old one, a forged one',
  async (place) => {
    const recovery = await moved(place)
    const [row, other] = site as [Row, Row]
    const forged = row.token.replace(/.$/, (one) => (one === '0' ? '1' : '0'))
    const answers = []
    for (const [uid, token] of [
      [row.uid, forged],
      [other.uid, row.token],
      [Buffer.from('4711').toString('base64url'), row.token],
      [Buffer.from('a name').toString('base64url'), row.token],
      [Buffer.from('9'.repeat(30)).toString('base64url'), row.token],
      [Buffer.from('0x1\0').toString('base64url'), row.token],
      ['**', row.token],
      [row.uid, `000000-${row.token.split('-')[1]}`],
      [row.uid, `zzzzzz-${row.token.split('-')[1]}`],
      [row.uid, 'set-password'],
    ]) {
      answers.push(shapeOf(await stranger(recovery).look(`/reset/${uid}/${token}/`)))
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    assert.equal(answers[0]!.status, 410)
    assert.notEqual(await open(stranger(recovery), onePath(row)), null, 'and the genuine one opens after all of them')
    await recovery.close()
  },
)

onSqlite(
  'other flows do not take it, nor the leave that it gave; programs can send it to the one that does',
  async (place) => {
    const recovery = await moved(place)
    const [row] = site as [Row]
    const program = stranger(recovery)
    const prove = (flow: Flow, body: object) => program.json(`/api/flows/${flow.name}/prove`, body)
    const { uid, token } = row
    const granted = await prove(classic, { uid, token })
    assert.equal(granted.status, 200)
    for (const flow of [spa, code]) {
      assert.notEqual((await prove(flow, { uid, token })).status, 200, flow.name)
      const bodies = [{ uid, token }, { grant: granted.body.grant }]
      for (const body of bodies) {
        const change = await program.json(`/api/flows/${flow.name}/change`, { ...body, password: after })
        assert.ok(change.status >= 400 && change.status < 500, flow.name)
      }
    }
    const body = { grant: granted.body.grant, password: after }
    assert.equal((await program.json('/api/flows/classic/change', body)).status, 200)
    assert.equal((await program.json('/api/flows/classic/change', body)).status, 410)
    await recovery.close()
  },
)

onSqlite(
  'letters of Latchkey go on beside it, and where both lead to one path each is told by its form',
  async (place) => {
    const recovery = await moved(place, { flows: [classic, stateless] })
    const [row, other] = site as [Row, Row]
    assert.ok((await open(stranger(recovery), onePath(row)))?.startsWith(stateless.routes.set))
    for (const flow of [classic, stateless]) {
      const mail = await letterFor(recovery, flow, other.email)
      assert.ok(isSuccess(await reset(stranger(recovery), flow, mail, `${after}${flow.name}`)), flow.name)
    }
    assert.equal(await open(stranger(recovery), onePath(other)), null)
    assert.equal((await stranger(recovery).post(onePath(row), fields)).status, 303)
    await recovery.close()
  },
)

onSqlite('without the option, and with another SECRET_KEY, no link of Django opens anything', async (place) => {
  const first = await moved(place, { earlier: { django: { secretKey: `${secretKey}x` } } })
  assert.equal(await open(stranger(first), onePath(site[0]!)), null)
  await first.close()
  const accounts = await written(place)
  const { earlier: _, ...bare } = { database: place.database(), accounts, flows: [classic, stateless], earlier: null }
  const second = await testRecovery({ ...bare, clock: testClock(site[0]!.madeAt) })
  assert.equal(await open(stranger(second), onePath(site[0]!)), null)
  assert.equal((await stranger(second).look(onePath(site[0]!, '/accounts/reset/'))).status, 404)
  await second.close()
})

onSqlite("no log, event or row of Latchkey's holds the link or the site's SECRET_KEY", async (place) => {
  const recovery = await moved(place)
  const [row] = site as [Row]
  await open(stranger(recovery), onePath(row))
  await stranger(recovery).post(onePath(row), fields)
  await open(stranger(recovery), onePath(row))
  await recovery.mail()
  const hex = row.token.split('-')[1]!
  const texts = [
    JSON.stringify(recovery.log),
    JSON.stringify(await eventsOf(recovery)),
    JSON.stringify(recovery.letters),
  ]
  await recovery.close()
  texts.push(readFileSync(place.url.replace('sqlite:', ''), 'latin1'))
  for (const text of texts) for (const secret of [hex, secretKey]) assert.ok(!text.includes(secret))
})

test('what cannot work is refused at the start, with the reason', () => {
  const table = { table: 'auth_user', id: 'id', email: 'email', password: 'password', hash: 'django' } as const
  const sound = {
    secret: 'a secret of a test, of which nothing outside hangs',
    publicUrl: origin,
    store: memory(),
    mail: { console: true, from: 'App <no-reply@example.com>' },
    accounts: { ...table, lastLogin: 'last_login' },
    earlier: { django: { secretKey } },
  } as const
  assert.doesNotThrow(() => latchkey(sound))
  const wrong = [
    [{ accounts: table }, /name its "last_login" in accounts\.lastLogin/],
    [{ accounts: undefined }, /accounts\.lastLogin/],
    [{ flows: [spa] }, /needs a flow with pages/],
    [{ earlier: { django: { secretKey, timeout: 700_000 } } }, /earlier\.django\.timeout must be 60 to 604800/],
    [
      {
        earlier: { django: { secretKey, paths: ['/login/:uid/:token'] } },
        flows: [{ ...verified, routes: { ...verified.routes, login: '/login/:uid/:token' } }],
      },
      /claimed by/,
    ],
    [
      {
        flows: [classic, stateless],
        earlier: { django: { secretKey, paths: ['/auth/password-reset/', '/reset/:uid/:token/'] } },
      },
      /must each hold ":uid"/,
    ],
  ] as const
  for (const [more, reason] of wrong) {
    assert.throws(() => latchkey({ ...sound, ...(more as object) }), { code: 'configuration', message: reason })
  }
})
