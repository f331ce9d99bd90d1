/** What a flow may be, to the last value: each bound is kept at its edge, and refused one past it with its reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classic, code, spa, stateless, verified } from '../flows/index.ts'
import { defaults, defineFlow, type Flow, pagePaths, plain, strong } from './flow.ts'

// A configuration in JSON has no types: what it says is tried here.
const refused = (flow: object): string[] => {
  try {
    assert.equal(defineFlow(flow as Flow), flow)
    return []
  } catch (error) {
    const found = /^Flow "(.*)" is refused: (.*)\.$/s.exec((error as Error).message)
    assert.ok(found, String(error))
    assert.equal(found[1], (flow as Flow).name)
    return found[2]!.split('; ')
  }
}

/** Sets a value deep in a flow. */
function withValue(flow: object, path: string, value: unknown): object {
  const [first = '', ...rest] = path.split('.')
  const inner = (flow as Record<string, object>)[first]
  return { ...flow, [first]: rest.length === 0 ? value : withValue(inner ?? {}, rest.join('.'), value) }
}

test('each number of a flow has bounds, and a fraction is none', () => {
  const bounds: [Flow, string, number, number, (value: number) => string][] = [
    [classic, 'life', 300, 86_400, (value) => `life must be 300 to 86400 seconds, it is ${value}`],
    [code, 'life', 300, 900, (value) => `life must be 300 to 900 seconds, it is ${value}`],
    [classic, 'grant', 60, 900, (value) => `grant must be 60 to 900 seconds, it is ${value}`],
    [code, 'proof.digits', 6, 10, (value) => `digits must be 6 to 10, they are ${value}`],
    [code, 'proof.tries', 3, 10, (value) => `tries must be 3 to 10, they are ${value}`],
    [code, 'proof.resendAfter', 60, 900, () => 'resendAfter must be 60 to 900 seconds'],
    [classic, 'password.min', 8, 64, (value) => `password.min must be 8 to 64, it is ${value}`],
    [classic, 'password.history', 0, 24, () => 'password.history must be 0 to 24'],
    [classic, 'limits.asks.max', 1, 100, () => 'limits.asks.max must be 1 to 100'],
    [classic, 'limits.asks.seconds', 60, 86_400, () => 'limits.asks.seconds must be 60 to 86400'],
    [classic, 'limits.live', 1, 10, () => 'limits.live must be 1 to 10'],
  ]
  for (const [flow, path, least, most, reason] of bounds) {
    for (const good of [least, most]) assert.deepEqual(refused(withValue(flow, path, good)), [], `${path} ${good}`)
    for (const bad of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.deepEqual(refused(withValue(flow, path, bad)), [reason(bad)], `${path} ${bad}`)
    }
  }
})

test('bounds of codes are asked of codes alone', () => {
  for (const part of ['digits', 'tries', 'resendAfter']) {
    assert.deepEqual(refused(withValue(classic, `proof.${part}`, 0)), [])
  }
})

test('a proof dies with the password, whatever else it dies with', () => {
  assert.deepEqual(refused(withValue(classic, 'proof.dies', ['email', 'active'])), [
    'a proof must die with the password',
  ])
  assert.deepEqual(refused(withValue(classic, 'proof.dies', ['password'])), [])
})

test('a page cannot read a fragment; a front end can', () => {
  const pages = withValue(withValue(classic, 'proof.carry', 'fragment'), 'routes.link', ['/a/'])
  assert.deepEqual(refused(pages), ['a page cannot read a token in the fragment'])
  const json = withValue(withValue(spa, 'proof.carry', 'fragment'), 'routes.spa.link', '/a')
  assert.deepEqual(refused(json), [])
})

test('two columns hold one proof', () => {
  const reason = 'one pair of columns holds one proof: limits.live must be 1'
  assert.deepEqual(refused(withValue(verified, 'limits.live', 2)), [reason])
  assert.deepEqual(refused(withValue(verified, 'proof.keep', 'rows')), [])
  assert.deepEqual(refused(withValue(withValue(verified, 'proof.keep', 'rows'), 'limits.live', 2)), [])
  assert.deepEqual(refused(withValue(stateless, 'proof.keep', 'columns')), [], 'what is signed keeps nothing')
})

test('every path of a link in the path holds the token; of one elsewhere none does', () => {
  const noToken = 'routes.link must hold ":token"'
  assert.deepEqual(refused(withValue(classic, 'routes.link', ['/a/:uid/:token/', '/b/:uid/'])), [noToken])
  assert.deepEqual(refused(withValue(code, 'routes.link', ['/a/'])), [noToken], 'the link instead of a code too')
  assert.deepEqual(refused(withValue(spa, 'routes.spa.link', '/a')), [noToken])
  const query = withValue(verified, 'routes.link', ['/reset-password/', '/:token'])
  assert.deepEqual(refused(query), [
    'the query holds the token: no ":token"',
    'a token in the query arrives at routes.set: routes.link must be that path',
  ])
  assert.deepEqual(refused(withValue(verified, 'routes.link', ['/other/'])), [
    'a token in the query arrives at routes.set: routes.link must be that path',
  ])
  const front = withValue(withValue(spa, 'proof.carry', 'query'), 'routes.spa.link', '/a')
  assert.deepEqual(refused(front), [], 'a front end has its own paths')
})

test('a signed link says whose it is', () => {
  const noUid = 'routes.link must hold ":uid"'
  assert.deepEqual(refused(withValue(stateless, 'routes.link', ['/a/:uid/:token/', '/b/:token/'])), [noUid])
  assert.deepEqual(refused(withValue(classic, 'routes.link', ['/b/:token/'])), [])
  const query = withValue(withValue(stateless, 'proof.carry', 'query'), 'routes.link', ['/reset/set-password/'])
  assert.deepEqual(refused(query), [])
})

test('a path starts with a slash and holds plain characters', () => {
  const reason = (path: string): string => `the path "${path}" must start with "/" and hold plain characters`
  for (const bad of ['a/', '', '/a b/', '/a?b', '/a#b', '/ä/', '/a%20', '/a\n']) {
    assert.deepEqual(refused(withValue(classic, 'routes.ask', bad)), [reason(bad)])
  }
  for (const part of ['ask', 'sent', 'set', 'done']) {
    assert.deepEqual(refused(withValue(classic, `routes.${part}`, 'no')), [reason('no')], part)
  }
  assert.deepEqual(refused(withValue(code, 'routes.code', 'no')), [reason('no')])
  assert.deepEqual(refused(withValue(classic, 'routes.link', ['no:token'])), [reason('no:token')])
  for (const part of ['ask', 'change']) {
    assert.deepEqual(refused(withValue(spa, `routes.${part}`, 'no')), [reason('no')], part)
  }
  assert.deepEqual(refused(withValue(classic, 'routes.ask', '/')), [])
  assert.deepEqual(refused(withValue(classic, 'routes.ask', '/a-b_c.d/:e/')), [])
})

test('a name is lower-case letters, digits and hyphens, and starts with a letter', () => {
  const reason = 'name must be lower-case letters, digits and hyphens, 32 at most'
  for (const good of ['a', 'a1-', `a${'b'.repeat(31)}`]) assert.deepEqual(refused({ ...classic, name: good }), [])
  for (const bad of ['', 'A', '1a', '-a', 'a b', 'a_b', 'ä', `a${'b'.repeat(32)}`, ' a', 'a\n']) {
    assert.deepEqual(refused({ ...classic, name: bad }), [reason], bad)
  }
})

test('single sign-on is an address of the web, since it stands in letters', () => {
  const reason = 'signOnUrl must be an address such as https://app.example.com/sso'
  for (const good of ['https://app.example.com/sso', 'http://a', 'HTTPS://a']) {
    assert.deepEqual(refused({ ...classic, signOnUrl: good }), [])
  }
  for (const bad of [
    '',
    '/sso',
    'https://',
    'https:///a',
    'ftp://a',
    'javascript:https://a',
    ' https://a',
    'httpss://a',
  ]) {
    assert.deepEqual(refused({ ...classic, signOnUrl: bad }), [reason], bad)
  }
})

test('a foolish flow is told of all that is wrong with it, its name first', () => {
  assert.deepEqual(refused({ ...withValue(classic, 'password.min', 1), name: 'No', life: 1 }), [
    'name must be lower-case letters, digits and hyphens, 32 at most',
    'life must be 300 to 86400 seconds, it is 1',
    'password.min must be 8 to 64, it is 1',
  ])
})

test('what every flow says unless it says otherwise', () => {
  assert.deepEqual(defaults, {
    eligible: 'active',
    grant: 900,
    limits: { asks: { max: 3, seconds: 900 }, live: 3 },
    disclosure: 'uniform',
    after: { login: false },
    brand: { name: 'Latchkey' },
    fields: { email: 'email', token: 'token', code: 'code', password: 'new_password', confirm: 'confirm_password' },
  })
  const none = { upper: false, lower: false, digit: false, special: false, notAllDigits: false, history: 0 }
  assert.deepEqual(plain, { min: 8, ...none })
  assert.deepEqual(strong, { min: 8, ...none, upper: true, lower: true, digit: true, special: true })
})

test('the pages of a flow are each told once', () => {
  assert.deepEqual(pagePaths(classic), [
    '/auth/password-reset/',
    '/auth/password-reset/done/',
    '/auth/password-reset-confirm/:uid/:token/',
    '/auth/password-reset-confirm/:token/',
    '/auth/password-reset-confirm/set-password/',
    '/auth/password-reset-complete/',
  ])
  assert.deepEqual(pagePaths(verified), ['/forgot-password/', '/reset-password/'])
  assert.deepEqual(pagePaths(code), [
    '/accounts/password-reset-email/',
    '/accounts/password-reset-link/:token/',
    '/accounts/password-reset-otp/',
    '/accounts/password-reset-new-password/',
  ])
})

test('a brand’s colours are told of where they are no colours, or cannot be read', () => {
  const colored = (colors: unknown): string[] => refused(withValue(classic, 'brand.colors', colors))
  assert.deepEqual(colored({ light: '#8b1a2b' }), [])
  assert.deepEqual(colored({ light: '#8b1a2b', dark: '#ffffff' }), [])
  assert.deepEqual(colored({ light: 'red' }), ['brand.colors must be written as #rrggbb, not "red"'])
  assert.deepEqual(colored({ light: 'red', dark: '#fff' }), [
    'brand.colors must be written as #rrggbb, not "red"',
    'brand.colors must be written as #rrggbb, not "#fff"',
  ])
  assert.match(
    colored({ light: '#ffd400' }).join('; '),
    /^brand\.colors\.light #ffd400 has a contrast of 1\.3:1 where text needs 4\.5:1; #[0-9a-f]{6} has it$/,
  )
})
