/** Moving in: each product's own file is imported, and its people log in through the pages with the passwords that they had. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { logsIn } from '../../test/promises/kit.ts'
import { own } from '../accounts/own.ts'
import { sqlite } from '../stores/sqlite.ts'
import { testRecovery } from '../testing/index.ts'
import { accountsImport } from './accounts-import.ts'
import { type Io, UsageError } from './command.ts'

const samples = new URL('../../test/fixtures/imports/', import.meta.url)
const password = 'Str0ng-Horse-Staple!'

type Ran = { readonly code: number; readonly out: string; readonly error: string }

/** A folder with the samples and an empty database in it. */
async function place() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-import-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const database = sqlite(join(folder, 'app.db'))
  await database.migrate(own, true)
  return {
    folder,
    database,
    bring: (name: string, as = name) => copyFileSync(new URL(name, samples), join(folder, as)),
    write: (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text),
    async run(args: readonly string[], stdin: string | Buffer = ''): Promise<Ran> {
      let [out, error] = ['', '']
      const io: Io = {
        environment: { DATABASE_URL: `sqlite:${join(folder, 'app.db')}` },
        folder,
        stdin: Readable.from([Buffer.from(stdin)]) as unknown as Io['stdin'],
        out: async (text) => {
          out += text
          return true
        },
        error: (text) => {
          error += text
        },
      }
      const code = await accountsImport.run(args, io)
      return { code, out, error }
    },
    /** What is in the table, in order: address, name, confirmed, active, and how the hash begins. */
    async rows() {
      const { store, accounts } = await database.open(own, true)
      const list = await accounts.list(null, 1_000)
      await store.close()
      return list.map((one) => [
        one.email,
        one.username,
        one.verified,
        one.active,
        one.passwordHash?.slice(0, 9) ?? null,
      ])
    },
    /** Whether these log in through the pages. */
    async logIn(pairs: readonly (readonly [string, string])[]): Promise<boolean[]> {
      const recovery = await testRecovery({ database })
      const answers: boolean[] = []
      for (const [name, typed] of pairs) answers.push(await logsIn(recovery, name, typed))
      await recovery.close()
      return answers
    },
  }
}

const plain = (text: string): string => text.replace(/ \([\d,.]+ rows\/s\)/, '')

for (const file of ['firebase.json', 'firebase.csv']) {
  test(`Firebase: ${file} is told by its first bytes, and its passwords open their accounts`, async () => {
    const { bring, run, rows, logIn } = await place()
    bring(file, 'users')
    bring('firebase-hash-config.txt')
    const { code, out, error } = await run(['users', '--firebase-hash-config', 'firebase-hash-config.txt'])
    assert.match(error, /^Read as Firebase's auth:export \(--from firebase\)\./)
    assert.match(error, file === 'firebase.csv' ? /^line 4: email is missing$/m : /^line 46: email is missing$/m)
    assert.equal(code, 1)
    assert.equal(
      plain(out),
      '3 added, 0 there already, 1 bad.\n1 of them without a password: their owners set one by a reset.\n',
    )
    assert.deepEqual(await rows(), [
      ['ana@example.org', null, true, true, '$fbscrypt'],
      ['Ben@example.org', null, false, false, '$fbscrypt'],
      ['cleo@gmail.example', null, true, true, null],
    ])
    const people = [
      ['ana@example.org', 'user1password?'],
      ['ana@example.org', 'user1password'],
      ['ana@example.org', 'user1password'],
      ['ben@example.org', 'user1password'],
      ['cleo@gmail.example', ''],
    ] as const
    assert.deepEqual(await logIn(people), [false, true, true, false, false])
    assert.equal(
      (await rows())[0]![4],
      '$argon2id',
      'the log-in has renewed it, and the signer key is gone from the row',
    )
  })
}

test('Firebase: without its parameters, or with half of them, nothing is read', async () => {
  const { bring, write, run, rows } = await place()
  bring('firebase.json')
  write('half.txt', 'hash_config { algorithm: SCRYPT, base64_signer_key: abcd== }')
  write('other.json', '{"algorithm": "HMAC_SHA256", "base64_signer_key": "abcd=="}')
  const wrong: [string[], RegExp][] = [
    [[], /--firebase-hash-config FILE is missing: the console shows it/],
    [['--firebase-hash-config', 'half.txt'], /half\.txt: it has no rounds, no mem_cost/],
    [['--firebase-hash-config', 'other.json'], /its algorithm is HMAC_SHA256/],
    [['--firebase-hash-config', 'none.txt'], /ENOENT/],
    [['--from', 'auth0', '--firebase-hash-config', 'half.txt'], /goes with --from firebase, not with auth0/],
  ]
  for (const [flags, message] of wrong) {
    await assert.rejects(
      run(['firebase.json', ...flags]),
      (error) => error instanceof UsageError && message.test(error.message),
    )
  }
  assert.deepEqual(await rows(), [])
})

test('Auth0: the export of hashes lets everybody in with the password that they had', async () => {
  const { bring, run, rows, logIn } = await place()
  bring('auth0-hashes.ndjson')
  const { code, out, error } = await run(['auth0-hashes.ndjson'])
  assert.match(error, /^Read as Auth0's export \(--from auth0\)\./)
  assert.match(error, /Fields that were not read: _id, password_set_date, tenant, connection, _tmp_is_unique, alt_id\./)
  assert.deepEqual([code, plain(out)], [0, '2 added, 0 there already, 0 bad.\n'])
  assert.deepEqual(await rows(), [
    ['ana@example.org', null, true, true, '$2b$10$bP'],
    ['ben@example.org', 'ben', false, true, '$2b$10$bP'],
  ])
  const people = [
    ['ana@example.org', password],
    ['ben', password],
    ['ben', `${password}?`],
  ] as const
  assert.deepEqual(await logIn(people), [true, true, false])
})

test('Auth0: the array of an import, with hashes of each kind that it takes and we read', async () => {
  const { bring, run, rows, logIn } = await place()
  bring('auth0-import.json')
  const { code, out, error } = await run(['auth0-import.json'])
  assert.match(error, /^line 62: custom_password_hash cannot be read: md5 is no function for passwords/m)
  assert.deepEqual([code, plain(out)], [1, '5 added, 0 there already, 1 bad.\n'])
  assert.deepEqual(
    (await rows()).map(([email, , , active, hash]) => [email, active, hash]),
    [
      ['ana@example.org', true, '$2b$10$bP'],
      ['bea@example.org', true, '$argon2id'],
      ['cleo@example.org', true, '$pbkdf2-s'],
      ['dan@example.org', true, '$scrypt$l'],
      ['eve@example.org', false, '$2b$10$bP'],
    ],
  )
  const names = ['ana@example.org', 'bea@example.org', 'cleo', 'dan@example.org', 'eve@example.org']
  assert.deepEqual(await logIn(names.map((name) => [name, password])), [true, true, true, true, false])
})

test('Auth0: the export of users has no hashes, and says so', async () => {
  const { bring, run, rows } = await place()
  bring('auth0-users.ndjson')
  const { code, out } = await run(['auth0-users.ndjson'])
  assert.equal(code, 0)
  assert.match(out, /^2 added.*\n2 of them without a password: their owners set one by a reset\.\n$/)
  assert.deepEqual(await rows(), [
    ['ana@example.org', null, true, true, null],
    ['ben@example.org', null, true, false, null],
  ])
})

test('Cognito: accounts come without a password, and their owners make one by a reset', async () => {
  for (const file of ['cognito.json', 'cognito.csv']) {
    const { bring, run, rows } = await place()
    bring(file)
    const { code, out, error } = await run([file])
    assert.match(error, /^Read as Amazon Cognito's users \(--from cognito\)\./)
    const isJson = file === 'cognito.json'
    assert.equal(code, isJson ? 1 : 0, error)
    if (isJson) assert.match(error, /^line 49: email is missing$/m)
    assert.match(out, /2 of them without a password/)
    assert.deepEqual(await rows(), [
      ['ana@example.org', 'ana', true, true, null],
      ['ben@example.org', null, false, !isJson, null],
    ])
  }
})

const bcryptHash = '$2b$10$bP8K34.pdsS/M6kbpFHzmOoHGu1KMCumhbKZD17fZKgujUH0EVjcu'

test('CSV: any order, quotes, a byte order mark, and what nobody reads is told of', async () => {
  const { write, run, rows, logIn } = await place()
  const lines = [
    '\ufeffPassword_Hash,phone,Email,is_active,email_verified,username',
    `${bcryptHash},1,ana@example.org,t,1,"an ""a"", the first"`,
    `${bcryptHash},"two`,
    'lines",ben@example.org,,,ben',
    '',
    `,"3",cleo@example.org,no,false,`,
    'short,row',
    `"a"b,4,x@example.org,,,`,
    `$2b$12$nonsense,5,x@example.org,,,`,
    `,6,x@example.org,perhaps,,`,
    `${bcryptHash},7,dan@example.org,TRUE,TRUE,`,
    `,8,"x@example.org`,
  ]
  write('people.csv', lines.join('\r\n'))
  const { code, out, error } = await run(['people.csv'])
  assert.equal(code, 1)
  assert.match(error, /^Read as CSV with a header \(--from csv\)\./)
  assert.deepEqual(error.match(/^lines? .*$/gm), [
    'line 7: it has 2 cells, and the header 6',
    'line 8: a quote within a cell is not doubled',
    'line 9: password_hash cannot be read: bcrypt, broken',
    'line 10: is_active is neither true nor false',
    'line 12: the file ends within its quotes',
  ])
  assert.match(error, /Fields that were not read: phone\./)
  assert.match(plain(out), /^4 added, 0 there already, 5 bad\.\n1 of them without/)
  assert.deepEqual(await rows(), [
    ['ana@example.org', 'an "a", the first', true, true, '$2b$10$bP'],
    ['ben@example.org', 'ben', false, true, '$2b$10$bP'],
    ['cleo@example.org', null, false, false, null],
    ['dan@example.org', null, true, true, '$2b$10$bP'],
  ])
  assert.deepEqual(await logIn([['an "a", the first', password]]), [true])
})

test('CSV: semicolons of a spreadsheet, and a header that names no address', async () => {
  const { write, run, rows } = await place()
  write('half-of-europe.csv', 'email;email_verified\nana@example.org;true\n')
  assert.equal((await run(['half-of-europe.csv'])).code, 0)
  write('names.csv', 'name,mail\nAna,ana@example.org\n')
  const { code, error } = await run(['names.csv'])
  assert.equal(code, 1)
  assert.match(error, /^line 1: the header has no column "email"; nothing was read/m)
  assert.deepEqual(await rows(), [['ana@example.org', null, true, true, null]])
})

test('a dry run judges every row, says what would be, and adds none', async () => {
  const { bring, write, run, rows } = await place()
  write('first.csv', 'email,username\nANA@example.org,\nx@example.org,BEN\n')
  assert.equal((await run(['first.csv'])).code, 0)
  bring('auth0-hashes.ndjson')
  const tried = await run(['auth0-hashes.ndjson', '--dry-run'])
  assert.deepEqual([tried.code, plain(tried.out)], [0, '0 would be added, 2 there already, 0 bad.\n'])
  assert.match(tried.error, /^line 1: address or user name is taken: ana@example\.org$/m)
  bring('cognito.csv')
  assert.match((await run(['cognito.csv', '--dry-run'])).out, /^1 would be added, 1 there already, 0 bad/)
  assert.equal((await rows()).length, 2)
})

test('what is not known, or not there, is told of before anything is read', async () => {
  const { write, run } = await place()
  write('notes', 'Ana and Ben\n')
  await assert.rejects(run(['notes']), /it is not known what notes is: say it with --from, one of jsonl, csv, auth0/)
  await assert.rejects(run(['notes', '--from', 'okta']), /--from is one of jsonl, csv, .*; got "okta"/)
  const gone = await run(['none.csv'])
  assert.equal(gone.code, 1)
  assert.match(gone.error, /^none\.csv cannot be read: ENOENT/)
  write('empty.csv', '')
  assert.match((await run(['empty.csv'])).out, /^0 added, 0 there already, 0 bad/)
})

test('a file that is cut off does not look whole', async () => {
  const { write, run, rows } = await place()
  const whole = readFileSync(new URL('cognito.json', samples))
  write('cut.json', whole.subarray(0, whole.indexOf('phone-only')))
  const within = await run(['cut.json'])
  assert.equal(within.code, 1)
  assert.match(within.error, /^line 49: the file ends within it$/m)
  write('cut.json', whole.subarray(0, whole.lastIndexOf(']')))
  assert.match((await run(['cut.json'])).error, /the file ends before its list does$/m)
  assert.equal((await rows()).length, 2)
})

test('it reads standard input, and a source that is named goes before what it looks like', async () => {
  const { run, rows } = await place()
  const line = `{"email":"ana@example.org","passwordHash":"${bcryptHash}","password_hash":null}\n`
  assert.match((await run(['-', '--from', 'jsonl'], line)).error, /^Fields that were not read: passwordHash\.$/m)
  assert.deepEqual(await rows(), [['ana@example.org', null, false, true, null]])
})
