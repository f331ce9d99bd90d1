import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loginUrl } from './config.ts'
import { pathBelow } from './router.ts'
import { split, takeToken } from './token.ts'

test('the token is taken out of the address, whatever the base and the last slash', () => {
  assert.deepEqual(split('/app/reset-password/abc', '/app/'), { token: 'abc', path: '/app/reset-password' })
  assert.deepEqual(split('/app/reset-password/abc/', '/app/'), { token: 'abc', path: '/app/reset-password' })
  assert.deepEqual(split('/reset-password/a%2Bb', '/'), { token: 'a+b', path: '/reset-password' })
  assert.deepEqual(split('/a/b/reset-password/x_-', '/a/b/'), { token: 'x_-', path: '/a/b/reset-password' })
})

test('what is no token is taken out of the address too', () => {
  for (const rest of ['', 'a/b', '%E0%A4%A', '/']) {
    assert.deepEqual(split(`/app/reset-password/${rest}`, '/app/'), { token: null, path: '/app/reset-password' })
  }
})

test('other addresses are left alone', () => {
  for (const path of [
    '/app/reset-password',
    '/app/forgot-password/abc',
    '/reset-password/abc',
    '/app/reset-passwords/a',
  ]) {
    assert.equal(split(path, '/app/'), null)
  }
})

test('taking the token leaves neither query nor fragment, and no state', () => {
  const calls: unknown[][] = []
  const page = {
    location: { pathname: '/app/reset-password/abc' },
    history: { replaceState: (...given: unknown[]) => void calls.push(given) },
  } as unknown as Window
  assert.equal(takeToken('/app/', page), 'abc')
  assert.deepEqual(calls, [[null, '', '/app/reset-password']])
})

test('a path below the base has no slash at its end', () => {
  assert.equal(pathBelow('/app', '/app/login/'), '/login')
  assert.equal(pathBelow('/app/', '/app'), '/')
  assert.equal(pathBelow('', '/login'), '/login')
  assert.equal(pathBelow('/', '/'), '/')
  assert.equal(pathBelow('/app', '/apple/login'), null)
})

test('the log-in page is a page, and another than our own', () => {
  const own = 'https://front.example/app/login'
  assert.equal(loginUrl('https://app.example/login/', own), 'https://app.example/login/')
  assert.equal(loginUrl('/auth/login/', own), 'https://front.example/auth/login/')
  for (const bad of ['', '/app/login', '/app/login/', 'javascript:alert(1)', 'http://[', 'mailto:a@b.c']) {
    assert.equal(loginUrl(bad, own), null, bad)
  }
})
