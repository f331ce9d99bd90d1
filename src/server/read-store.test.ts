import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sqlitePath } from './read-store.ts'

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
