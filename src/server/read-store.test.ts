import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readStore, sqlitePath } from './read-store.ts'
import { reading } from './variables.ts'

test('a SQLite URL is read as it is written here, in Rails and in Django', () => {
  assert.equal(sqlitePath('sqlite:data/app.db'), 'data/app.db')
  assert.equal(sqlitePath('sqlite:/var/lib/app.db'), '/var/lib/app.db')
  assert.equal(sqlitePath('sqlite3:db/app.sqlite3'), 'db/app.sqlite3')
  assert.equal(sqlitePath('sqlite:///app.db'), 'app.db')
  assert.equal(sqlitePath('sqlite:////var/lib/app.db'), '/var/lib/app.db')
})

test('what names no file is no SQLite URL', () => {
  for (const wrong of [
    '',
    'sqlite:',
    'sqlite://host/app.db',
    'sqlite::memory:',
    'app.db',
    'mysql://x/y',
    'sqlite:a\0b',
  ]) {
    assert.equal(sqlitePath(wrong), null, wrong)
  }
})

test('a PostgreSQL address is taken without touching the database, and one that is none is refused without being quoted', () => {
  const found = (environment: Record<string, string>) => {
    const read = reading(environment)
    const store = readStore(read, undefined)
    return [store !== undefined, read.findings.map(({ code, message }) => [code, message])]
  }
  const good = [
    'postgres://u:p%40ss@db.example.com:5432/app?sslmode=verify-full',
    'postgresql:///app?host=/run/postgresql',
  ]
  for (const DATABASE_URL of good) assert.deepEqual(found({ DATABASE_URL }), [true, []])
  assert.deepEqual(found({ DATABASE_URL: good[0]!, DATABASE_URL_DIRECT: good[1]! }), [true, []])
  for (const url of [
    'postgres:app',
    'postgres://u:hunter2#@x/y:z@',
    'postgres://u:hunter2%@x/y',
    'postgres://u:p@x:port/y',
  ]) {
    const [taken, findings] = found({ DATABASE_URL: url })
    assert.equal(taken, false, url)
    assert.deepEqual(
      (findings as string[][]).map(([code]) => code),
      ['L051'],
      url,
    )
    assert.doesNotMatch(JSON.stringify(findings), /hunter2|port\/y/)
  }
  assert.deepEqual((found({ DATABASE_URL_DIRECT: good[0]! })[1] as string[][])[0]?.[0], 'L053')
})

test('a MySQL address is taken without touching the database, and one that is none is refused without being quoted', () => {
  const found = (DATABASE_URL: string) => {
    const read = reading({ DATABASE_URL })
    return [readStore(read, undefined) !== undefined, read.findings.map(({ code, message }) => `${code} ${message}`)]
  }
  for (const url of [
    'mysql://u:p%40ss@db.example.com:3306/shop?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/ca.pem',
    'mariadb://u@localhost/shop?socket=/run/mysqld/mysqld.sock',
    'mysql2://u@127.0.0.1/shop',
  ])
    assert.deepEqual(found(url), [true, []], url)
  for (const [url, said] of [
    ['mysql:shop', /expected mysql:/],
    ['mysql://u:hunter2#@x/y:z@', /cannot be read|names no database/],
    ['mysql://u:hunter2%@x/y', /is written %25/],
    ['mysql://u:hunter2@x', /names no database/],
    ['mysql://u:hunter2@x/y?multipleStatements=true', /"multipleStatements" is not known/],
    ['mysql://u:hunter2@x/y?ssl-mode=PREFERRED', /ssl-mode is one of/],
  ] as const) {
    const [taken, findings] = found(url)
    assert.equal(taken, false, url)
    assert.match(String(findings), /^L054 /, url)
    assert.match(String(findings), said, url)
    assert.doesNotMatch(String(findings), /hunter2/)
  }
})
