/**
 * A reset that writes a hash which the application cannot read locks its owner out for good, with a letter that says all is
 * well; one that cuts a long password lets in whoever knows its beginning (Okta, October 2024: bcrypt's 72 bytes were used
 * up by what stood before the password). So: on a users table of another system passwords are read and written as that
 * system does, a form is never guessed, and what a form would cut is refused with a sentence.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { type FormName, forms, readColumn } from '../../src/accounts/formats/index.ts'
import * as flows from '../../src/flows/index.ts'
import type { UsersTable } from '../../src/options.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { type TestRecovery, testRecovery } from '../../src/testing/index.ts'
import { fixtures } from '../fixtures/hashes/read.ts'
import { after, isSuccess, letterFor, linkBody, logsIn, reset, rowsIn, stranger, temporaryFolder } from './kit.ts'

const { spa, stateless, code } = flows
const owner = 'ana@example.org'
const table: UsersTable = { table: 'members', id: 'id', email: 'email', password: 'pw' }

/** A hash that the other system made itself, and its password. */
const madeBy = (mark: RegExp) =>
  fixtures
    .filter(({ pepper }) => !pepper)
    .flatMap(({ rows }) => rows)
    .find(({ hash, password }) => mark.test(hash) && password === 'Str0ng-Horse-Staple!')!

/** A table of another system, and Latchkey on it. */
async function onTable(
  hashes: readonly (string | null)[],
  hash: UsersTable['hash'],
  body: (recovery: TestRecovery, stored: (id?: number) => string) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder()
  const file = join(folder.path, 'app.db')
  const db = new DatabaseSync(file)
  db.exec('CREATE TABLE members (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, pw TEXT)')
  hashes.forEach((text, at) => {
    db.prepare('INSERT INTO members (email, pw) VALUES (?, ?)').run(at === 0 ? owner : `m${at}@example.org`, text)
  })
  db.close()
  const database = sqlite(file)
  await database.migrate(table, false)
  let recovery: TestRecovery | null = null
  try {
    const accounts = hash === undefined ? table : { ...table, hash }
    recovery = await testRecovery({ database, accounts, flows: [spa, stateless, code] })
    await body(recovery, (id = 1) => String(rowsIn({ file }).members!.find((row) => row.id === id)?.pw))
  } finally {
    await recovery?.close()
    folder.remove()
  }
}

const codesIn = (body: object): string[] => (body as { unmet: { code: string }[] }).unmet.map((one) => one.code)

const tables: readonly [FormName, RegExp][] = [
  ['django', /^pbkdf2_sha256/],
  ['laravel', /^\$2y/],
  ['wordpress', /^\$wp/],
  ['wordpress-phpass', /^\$P/],
  ['aspnet', /^AQAAAAI/],
  ['better-auth', /^[0-9a-f]{32}:/],
]
for (const [form, mark] of tables) {
  test(`on a table of the form ${form}, the old password logs in, and after the reset the new one does, written as the application reads it`, async () => {
    const made = madeBy(mark)
    await onTable([made.hash], form, async (recovery, stored) => {
      assert.equal(await logsIn(recovery, owner, made.password), true)
      const letter = await letterFor(recovery, stateless, owner)
      assert.ok(isSuccess(await reset(stranger(recovery), stateless, letter, after)))
      assert.match(stored(), forms[form].mark)
      assert.equal(await logsIn(recovery, owner, after), true)
    })
  })
}

test('the current password is refused as the new one, whatever form it stands in', async () => {
  for (const mark of [/^pbkdf2_sha1/, /^\$P/, /^AQAAAAI/]) {
    const { hash, password } = madeBy(mark)
    await onTable([hash], 'django', async (recovery, stored) => {
      const token = linkBody(spa, await letterFor(recovery, spa, owner))
      const answer = await stranger(recovery).json(spa.routes.change, { ...token, new_password: password })
      assert.equal(answer.status, 422)
      assert.deepEqual(codesIn(answer.body), ['same-as-current'])
      assert.equal(stored(), hash)
    })
  }
})

test('an earlier password is remembered in the form that it had, when the form has changed since', async () => {
  const { hash, password } = madeBy(/^\$P/)
  await onTable([hash], 'django-argon2', async (recovery, stored) => {
    const set = async (wanted: string) => {
      recovery.clock.turn({ minutes: 20 })
      const visitor = stranger(recovery)
      return reset(visitor, code, await letterFor(recovery, code, owner, visitor), wanted)
    }
    assert.ok(isSuccess(await set(after)))
    assert.match(stored(), /^argon2\$argon2id/)
    const again = await set(password)
    assert.equal(again.status, 422)
    assert.match(again.text, /You used this password before/)
    assert.ok(isSuccess(await set('Third-Meadow-29!')))
  })
})

test('a password that bcrypt would cut is refused with a sentence, and costs no proof', async () => {
  const made = madeBy(/^\$2y/)
  await onTable([made.hash], 'laravel', async (recovery, stored) => {
    const token = linkBody(spa, await letterFor(recovery, spa, owner))
    const set = (new_password: string) => stranger(recovery).json(spa.routes.change, { ...token, new_password })
    const whole = `Aa1!${'ä'.repeat(34)}`
    const long = await set(`${whole}x`)
    assert.equal(long.status, 422)
    assert.match(JSON.stringify(long.body), /Password is too long for this system: 72 letters at most/)
    assert.equal(stored(), made.hash)
    assert.equal((await set(whole)).status, 200)
    assert.equal(await logsIn(recovery, owner, whole), true)
    assert.equal(await logsIn(recovery, owner, `${whole}x`), false)
  })
})

test('a form is never guessed: where none is named and the rows are of another, the start is refused and says which', async () => {
  const refused: [mark: RegExp, says: RegExp][] = [
    [/^pbkdf2_sha256/, /accounts\.hash is missing.*hash: 'django'/],
    [/^\$2y/, /hash: 'laravel'/],
    [/^AQAAAAI/, /hash: 'aspnet'/],
  ]
  for (const [mark, says] of refused) {
    const rows = [null, '!', madeBy(mark).hash]
    await assert.rejects(
      onTable(rows, undefined, async () => {}),
      { code: 'configuration', message: says },
    )
  }
  for (const rows of [[], [null, '!'], [madeBy(/^\$argon2id/).hash, madeBy(/^\$2y/).hash], ['plain text']]) {
    await onTable(rows, undefined, async () => {})
  }
})

test('a form that nobody knows, or a pepper where none belongs, is refused at the start', async () => {
  const wrong: [hash: unknown, says: RegExp][] = [
    ['md5', /"md5" is no form of password hashes; known are argon2id, /],
    ['toString', /"toString" is no form/],
    [{ form: 'laravel', pepper: 'x' }, /a pepper goes with the form "devise" only/],
  ]
  for (const [hash, message] of wrong) {
    await assert.rejects(
      onTable([], hash as FormName, async () => {}),
      { code: 'configuration', message },
    )
  }
})

test('a row that would cost minutes, or is broken, is a wrong password at the log-in and a line in the log without it', async () => {
  const rows = ['pbkdf2_sha256$999999999$salt$c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U=', '$2b$31$secret', 'secret']
  await onTable(rows, 'django', async (recovery) => {
    assert.equal(await logsIn(recovery, owner, 'Some-Kettle-17!'), false)
    assert.equal(await logsIn(recovery, 'm1@example.org', 'Some-Kettle-17!'), false)
    const lines = recovery.log.filter(({ message }) => message.startsWith('a password hash cannot be read'))
    assert.deepEqual(
      lines.map(({ level, format }) => [level, format]),
      [
        ['warn', 'Django PBKDF2'],
        ['warn', 'bcrypt'],
      ],
    )
    assert.doesNotMatch(JSON.stringify(lines), /secret|c2Vjcm/)
    // And its owner is not shut out: a reset makes it whole.
    const letter = await letterFor(recovery, stateless, owner)
    assert.ok(isSuccess(await reset(stranger(recovery), stateless, letter, after)))
    assert.equal(await logsIn(recovery, owner, after), true)
  })
})

test("Django's unusable password lets nobody in, and is no row that cannot be read", async () => {
  const unusable = fixtures.flatMap((one) => one.unusable ?? [])[0]!
  assert.equal(readColumn(unusable).kind, 'none')
  await onTable([unusable], 'django', async (recovery) => {
    assert.equal(await logsIn(recovery, owner, unusable), false)
    assert.equal(await logsIn(recovery, owner, unusable.slice(1)), false)
    assert.deepEqual(
      recovery.log.filter(({ level }) => level === 'warn'),
      [],
    )
  })
})
