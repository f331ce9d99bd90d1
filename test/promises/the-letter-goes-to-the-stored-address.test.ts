/**
 * A letter goes to the address that the account was given, and nothing that a stranger types changes where. GitHub and
 * Django mailed to the address as typed after finding the account without regard to case: `mıke@`, with a dotless i,
 * found mike (CVE-2019-19844), and Directus' accent-blind collation found `user@` for `usér@` (CVE-2024-27295); next-auth
 * handed a list with two addresses to its mailer (CVE-2022-35924); nodemailer let a line break in an address add headers
 * (CVE-2021-23400); WordPress was told two names apart that its column cut to one (CVE-2008-4106). So every such address
 * is asked for here, in every flow, and the envelope is read as it went over the wire.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after as afterAll, before as beforeAll, test } from 'node:test'
import { sqlite } from '../../src/stores/sqlite.ts'
import { testRecovery } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  ask,
  askApi,
  type Bench,
  before,
  inMemory,
  logsIn,
  onEachStore,
  person,
  stranger,
  temporaryFolder,
} from './kit.ts'
import { type MailServer, mailServer, type Received } from './mail-server.ts'

let mail: MailServer
beforeAll(async () => {
  mail = await mailServer()
})
afterAll(() => mail.close())

const viaSmtp = () => ({
  mail: { smtp: { host: '127.0.0.1', port: mail.port, tls: false }, from: 'App <no-reply@example.com>' },
})

/** Asks for this by pages and by API, in every flow; answers what went out. Nothing may fail. */
async function lettersFor(bench: Bench, typed: string): Promise<Received[]> {
  const had = mail.received.length
  for (const flow of allFlows) {
    for (const asking of [ask, askApi]) {
      const { status } = await asking(stranger(bench), flow, typed)
      assert.ok(status < 500, `${JSON.stringify(typed)} is answered ${status}`)
      await bench.worker.drain()
    }
    // The limits of one address are not the matter here.
    bench.clock.turn({ days: 1, minutes: 1 })
  }
  return mail.received.slice(had)
}

/** Exactly one recipient each, in the envelope and in the head, byte for byte as stored. */
async function assertOnlyTo(letters: readonly Received[], stored: string): Promise<void> {
  for (const letter of letters) {
    assert.deepEqual(letter.to, [stored])
    const { to, cc, bcc, headers } = await letter.parsed()
    assert.deepEqual(
      to?.map(({ address }) => address),
      [stored],
    )
    assert.deepEqual([cc ?? [], bcc ?? []], [[], []])
    const allowed = /^(from|to|subject|message-id|date|mime-version|content-|auto-submitted|x-auto-response-suppress)/
    for (const { key } of headers) assert.match(key, allowed, `a header ${key}`)
  }
}

/** A domain has no capitals of its own: SMTP libraries write it small. */
const stored = 'Mike.Kelvin@example.org'

onEachStore('however its capitals are typed, the letter goes to the address as it is stored', async (open) => {
  const bench = await open(viaSmtp())
  await person(bench, stored)
  for (const typed of [stored, stored.toLowerCase(), stored.toUpperCase(), ` ${stored}\t`.trimEnd()]) {
    const letters = await lettersFor(bench, typed)
    assert.equal(letters.length, 10, typed)
    await assertOnlyTo(letters, stored)
  }
})

/** What looks like the address, or is made into it by folding, normalising, trimming or cutting. */
const lookAlikes = [
  'mıke.kelvin@example.org',
  'mi\u0307ke.kelvin@example.org',
  'MİKE.KELVIN@example.org',
  'mi\u212ae.\u212aelvin@example.org',
  'mike.\u212aelvin@example.org',
  'míke.kelvin@example.org',
  'mi\u0301ke.kelvin@example.org',
  'mike.kélvin@example.org',
  'ｍｉｋｅ.ｋｅｌｖｉｎ@example.org',
  'mike。kelvin@example.org',
  'mike.kelvin@éxample.org',
  'mike.kelvin@ex\u0430mple.org',
  'mike.kelvin@exam\u200dple.org',
  'mike\u200b.kelvin@example.org',
  'mike.kelvin\u00ad@example.org',
  'mike.kelvin+tag@example.org',
  'mikekelvin@example.org',
  'mike.kelvin@example.org.',
  'mike.kelvin@example.org.evil.test',
  'mike.kelvin@sub.example.org',
  'mike.ſelvin@example.org',
  `mike.kelvin@example.org${' '.repeat(300)}x`,
  `${'m'.repeat(300)}@example.org`,
  'mike.kelvin@example.org\u0000',
  'mike.kelvin@example.org\u0000@evil.test',
]

onEachStore('what only looks like the address finds nobody', async (open) => {
  const bench = await open(viaSmtp())
  await person(bench, stored)
  for (const typed of lookAlikes) {
    const had = mail.received.length
    for (const flow of allFlows) {
      const { status } = await askApi(stranger(bench), flow, typed)
      assert.ok(status < 500)
    }
    await bench.worker.drain()
    assert.equal(mail.received.length, had, JSON.stringify(typed))
  }
})

/** Lists, names, comments and line breaks: what a mailer could read as more than one recipient. */
const many = [
  `${stored},evil@evil.test`,
  `evil@evil.test,${stored}`,
  `${stored};evil@evil.test`,
  `${stored} evil@evil.test`,
  `${stored}, evil@evil.test`,
  `"${stored}" <evil@evil.test>`,
  `<${stored}>`,
  `evil <${stored}>`,
  `${stored}<evil@evil.test>`,
  `group:${stored},evil@evil.test;`,
  `${stored}(evil@evil.test)`,
  `"mike.kelvin"@example.org`,
  `mike.kelvin@[192.0.2.1]`,
  `mike.kelvin@192.0.2.1`,
  `@evil.test:${stored}`,
  `mike.kelvin%example.org@evil.test`,
  `evil.test!${stored}`,
  `${stored}%2cevil@evil.test`,
  `${stored}%0d%0aBcc:evil@evil.test`,
  `${stored}\r\nBcc: evil@evil.test`,
  `${stored}\nBcc: evil@evil.test`,
  `${stored}\r`,
  `${stored}\u2028Bcc: evil@evil.test`,
  `${stored}\u0085Bcc: evil@evil.test`,
  `${stored}\t,evil@evil.test`,
  `mike.kelvin@example.org\\r\\nBcc:evil@evil.test`,
]

onEachStore('an address that is more than one gets one letter to the stored address, or none', async (open) => {
  const bench = await open(viaSmtp())
  await person(bench, stored)
  await person(bench, 'evil@evil.test')
  for (const typed of many) {
    const letters = await lettersFor(bench, typed)
    await assertOnlyTo(letters, stored)
    assert.equal(letters.length, 0, JSON.stringify(typed))
  }
})

// What strangers have written into the table long before

const hostileNames = [
  'Bob\r\nBcc: evil@evil.test',
  'Bob\nSubject: You have won',
  'Bob\u2028Bcc: evil@evil.test',
  '<script>alert(1)</script>',
  '<a href="https://evil.test">click</a>',
  'https://evil.test/reset',
  'Visit www.evil.test or evil.test/x',
  '"><img src=x onerror=alert(1)>',
  'evil@evil.test',
  '\u202egnp.tset.live',
  `${'long '.repeat(500)}`,
  '{{link}} %s <%= link %> {link} #{link} %{link}',
  '\u0007\u001b]0;title\u0007',
  'Ana\u0000na',
]

inMemory('a hostile user name is text, in the head of a letter and in its body', async (open) => {
  const bench = await open(viaSmtp())
  for (const [index, username] of hostileNames.entries()) {
    const address = `named.${index}@example.org`
    await person(bench, address, { username })
    for (const flow of allFlows) {
      const had = mail.received.length
      await ask(stranger(bench), flow, address)
      await bench.worker.drain()
      const [letter] = mail.received.slice(had)
      assert.ok(letter)
      await assertOnlyTo([letter], address)
      const { html = '', text = '', subject = '' } = await letter.parsed()
      assert.doesNotMatch(subject, /won|evil/, 'the subject is ours')
      assert.doesNotMatch(html, /<script|<img|onerror=alert\(1\)>|href="[^"]*evil/i)
      for (const link of [...`${text} ${html}`.matchAll(/https?:\/\/[^\s"'<>]+/g)].map(([one]) => one)) {
        assert.ok(link.startsWith('https://app.example.com/') || link.startsWith('http://www.w3.org/'), link)
      }
      assert.doesNotMatch(`${text}${html}`, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u202a-\u202e]/, 'no controls')
      assert.doesNotMatch(text, /(?:long ){40}/, 'names are cut')
    }
  }
})

/** An application's own table may hold anything, and its column may compare as it likes. */
test("an application's table that compares without regard to case or accents changes nothing", async () => {
  const { path, remove } = temporaryFolder()
  const file = join(path, 'app.db')
  const db = new DatabaseSync(file)
  db.exec(`CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT COLLATE NOCASE, pw TEXT)`)
  const add = db.prepare('INSERT INTO people (mail, pw) VALUES (?, ?)')
  const rows = [
    stored,
    'mıke.kelvin@example.org',
    'two@example.org,evil@evil.test',
    'bcc@example.org\r\nBcc: evil@evil.test',
    '"Bob" <bob@example.org>',
    ' spaced@example.org ',
    'TWICE@example.org',
    'twice@example.org',
    '',
  ]
  for (const row of rows) add.run(row, null)
  db.close()
  const accounts = { table: 'people', id: 'id', email: 'mail', password: 'pw' }
  const database = sqlite(file)
  await database.migrate(accounts, true)
  const bench = await testRecovery({ ...viaSmtp(), accounts, database })
  try {
    const lettersTo = async (typed: string): Promise<string[]> => {
      const had = mail.received.length
      for (const flow of allFlows) assert.ok((await askApi(stranger(bench), flow, typed)).status < 500)
      await bench.worker.drain()
      bench.clock.turn({ days: 1 })
      const letters = mail.received.slice(had)
      for (const letter of letters) await assertOnlyTo([letter], letter.to[0]!)
      return [...new Set(letters.flatMap(({ to }) => to))]
    }
    assert.deepEqual(await lettersTo('MIKE.kelvin@example.org'), [stored])
    assert.deepEqual(await lettersTo('m\u0131ke.kelvin@example.org'), ['m\u0131ke.kelvin@example.org'], 'its own')
    for (const typed of [
      'two@example.org',
      'evil@evil.test',
      'bcc@example.org',
      'bob@example.org',
      'spaced@example.org',
    ]) {
      assert.deepEqual(await lettersTo(typed), [], typed)
    }
    for (const typed of rows.slice(2, 6)) assert.deepEqual(await lettersTo(typed), [], JSON.stringify(typed))
    const both = ['TWICE@example.org', 'twice@example.org']
    assert.deepEqual(
      (await lettersTo('twice@example.org')).sort(),
      both,
      'each of two gets its own, where it is stored',
    )
  } finally {
    await bench.close()
    remove()
  }
})

onEachStore('two names that a column would cut or trim to one are two', async (open) => {
  const bench = await open(viaSmtp())
  await person(bench, 'admin@example.org', { username: 'admin' })
  const passwordHash = await bench.hasher.hash(after)
  for (const [index, username] of [`admin${' '.repeat(60)}x`, 'admin\u0000', 'admin\u200b'].entries()) {
    await person(bench, `evil.${index}@evil.test`, { username, passwordHash })
  }
  assert.equal(await logsIn(bench, 'admin', before), true)
  assert.equal(await logsIn(bench, 'admin', after), false)
  const letters = await lettersFor(bench, 'admin@example.org')
  await assertOnlyTo(letters, 'admin@example.org')
  assert.equal(letters.length, 10)
})
