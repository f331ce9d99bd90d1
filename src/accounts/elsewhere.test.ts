/** What functions of the host may answer, what is made of it, and what is refused before anything starts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as flows from '../flows/index.ts'
import { latchkey } from '../latchkey.ts'
import type { AccountFunctions, Options } from '../options.ts'
import { memory } from '../stores/memory.ts'
import { hostAccounts } from './elsewhere.ts'

const never = async (): Promise<never> => {
  throw new Error('not this one')
}
const ana = { id: 'a', email: 'Ana@example.org', passwordHash: 'hash' }
const functions = (more: object = {}): AccountFunctions =>
  ({
    byId: never,
    byAddress: never,
    byName: never,
    setPassword: never,
    endSessions: never,
    ...more,
  }) as AccountFunctions
const withHash = (more: object) => hostAccounts(functions({ hash: 'argon2id', ...more }), () => {})
const withPassword = (more: object) => hostAccounts(functions(more), () => {})

test('what is not named of an account is as the options say', async () => {
  const { accounts } = withHash({ byId: async () => ana, byAddress: async () => [ana], byName: async () => ana })
  const whole = {
    ...ana,
    ...{ username: null, verified: true, active: true, locale: null, secondFactor: false, signOn: false, reset: null },
  }
  assert.deepEqual(await accounts.byId('a'), whole)
  assert.deepEqual(await accounts.byAddress('ana@example.org'), [whole])
  assert.deepEqual(await accounts.byName('ana@example.org'), whole)
  assert.equal(await accounts.byName('bea@example.org'), null, 'a search that finds another finds nobody')
  assert.deepEqual(await accounts.byAddress('na@example.org'), [])
})

test('nobody is null, undefined or an empty array, and nothing else is', async () => {
  const { accounts } = withHash({ byId: async () => undefined, byName: async () => null, byAddress: async () => [] })
  assert.equal(await accounts.byId('a'), null)
  assert.equal(await accounts.byName('a'), null)
  assert.deepEqual(await accounts.byAddress('a@example.org'), [])
  for (const answer of [null, undefined, ana, 'none']) {
    const { accounts } = withHash({ byAddress: async () => answer })
    await assert.rejects(accounts.byAddress('a@example.org'), /accounts\.byAddress answered no array/)
  }
})

test('a wrong shape names the function and the field, and quotes nobody', async () => {
  for (const [account, expected] of [
    ['Ana', /byId answered a text of another form: expected an account or null/],
    [[ana], /byId answered an array/],
    [{ ...ana, id: 7 }, /"id" is a number: expected a text of 1 to 150 bytes/],
    [{ ...ana, id: 'ü'.repeat(76) }, /"id" is a text of another form/],
    [{ ...ana, id: 'b' }, /"id" is not the one that was asked for/],
    [{ ...ana, email: undefined }, /"email" is missing: expected a text/],
    [{ ...ana, passwordHash: undefined }, /"passwordHash" is missing: expected a text or null/],
    [{ ...ana, passwordHash: 5 }, /"passwordHash" is a number/],
    [{ ...ana, active: 1 }, /"active" is a number: expected true or false/],
    [{ ...ana, verified: 'yes' }, /"verified" is a text of another form: expected true or false/],
    [{ ...ana, username: 5 }, /"username" is a number: expected a text or null/],
  ] as const) {
    const { accounts } = withHash({ byId: async () => account })
    await assert.rejects(accounts.byId('a'), (error: Error) => {
      assert.match(error.message, expected)
      assert.doesNotMatch(error.message, /example\.org/)
      return (error as { code?: string }).code === 'accounts'
    })
  }
  const { accounts } = withPassword({ byId: async () => ana })
  await assert.rejects(accounts.byId('a'), /"stamp" is missing: expected a text that changes with the password/)
})

test('a call that hangs or throws is a fault in time; what it was given in confidence is not in its message', async () => {
  const hangs = withHash({ byId: () => new Promise(() => {}), timeout: 100 })
  await assert.rejects(hangs.accounts.byId('a'), /accounts\.byId did not answer within 100 ms/)
  let aborted = false
  const told = withHash({
    byId: (_: string, signal: AbortSignal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true
          reject(new Error('aborted'))
        })
      }),
    timeout: 100,
  })
  await assert.rejects(told.accounts.byId('a'), { code: 'accounts' })
  assert.ok(aborted, 'and is told so')

  const log: string[] = []
  const throws = (given: unknown) => {
    throw new TypeError(`fetch failed: ${JSON.stringify(given)} ${encodeURIComponent('New "Harbour" 83?')}`, {
      cause: { code: 'ECONNREFUSED' },
    })
  }
  const host = hostAccounts(
    functions({ setPassword: throws, byAddress: throws }),
    (...line) => void log.push(String(line)),
  )
  const account = { ...ana, passwordHash: null } as never
  await assert.rejects(host.elsewhere.set({ account, key: 'k', password: 'New "Harbour" 83?' }), (error: Error) => {
    assert.match(error.message, /setPassword threw: fetch failed: .*ECONNREFUSED/)
    return !/Harbour/.test(error.message + log)
  })
  await assert.rejects(host.accounts.byAddress('ana@example.org'), (error: Error) => !/example/.test(error.message))
})

test('what setPassword answers is one of four, and the rules that it refuses by are ours', async () => {
  const answer = (value: unknown) =>
    withHash({ setPassword: async () => value }).elsewhere.set({ account: ana as never, key: 'k', hash: 'new' })
  for (const good of ['set', 'stale', 'not-set', { refused: ['common', 'used-before'] }]) {
    assert.deepEqual(await answer(good), good)
  }
  for (const bad of [
    true,
    undefined,
    null,
    'done',
    {},
    { refused: [] },
    { refused: ['ugly'] },
    { refused: ['toString'] },
  ]) {
    await assert.rejects(answer(bad), /accounts\.setPassword answered .*: expected "set", "stale", "not-set" or/)
  }
})

test('a host is told what it needs: the hash or the password, what must still be so, and a key', async () => {
  const wishes: unknown[] = []
  const setPassword = async (wish: object) => {
    wishes.push({ ...wish })
    return 'set'
  }
  const byId = async () => ({ ...ana, stamp: 'change:1' })
  const hash = withHash({ byId, setPassword })
  await hash.elsewhere.set({ account: (await hash.accounts.byId('a'))!, key: 'k', hash: 'new hash' })
  const password = withPassword({ byId, setPassword })
  await password.elsewhere.set({ account: (await password.accounts.byId('a'))!, key: 'k', password: 'new' })
  assert.deepEqual(wishes, [
    { id: 'a', expected: 'hash', key: 'k', hash: 'new hash', password: null },
    { id: 'a', expected: 'change:1', key: 'k', hash: null, password: 'new' },
  ])
})

test('a password is verified by the host; for nobody it is asked as well, and never under another’s id', async () => {
  const asked: unknown[] = []
  const verify = async (typed: { id: string; password: string }) => {
    asked.push(typed.id)
    if (typed.id === 'latchkey-nobody') throw new Error('there is no such person')
    return typed.password === 'right'
  }
  const { accounts, hasher } = withPassword({ byId: async () => ({ ...ana, stamp: 's' }), verify })
  const { passwordHash } = (await accounts.byId('a'))!
  assert.equal(await hasher!.verify(passwordHash, 'right'), true)
  assert.equal(await hasher!.matches(passwordHash!, 'wrong'), false)
  assert.equal(await hasher!.verify(null, 'right'), false)
  assert.deepEqual(asked, ['a', 'a', 'latchkey-nobody'])
  assert.equal(
    await withPassword({}).hasher!.verify(passwordHash, 'right'),
    false,
    'nobody logs in where nobody verifies',
  )
})

test('accounts are neither added nor listed where functions keep them', async () => {
  const { accounts } = withHash({})
  await assert.rejects(accounts.add([], 0), /kept by functions/)
  await assert.rejects(accounts.list(null, 1), /kept by functions/)
})

const refused = (accounts: object, more: Partial<Options> = {}): string => {
  try {
    latchkey({
      secret: 'a secret of a test, of which nothing outside hangs',
      publicUrl: 'https://app.example.com',
      store: memory(),
      mail: { from: 'a@example.org', console: true },
      accounts: accounts as AccountFunctions,
      flows: [flows.classic],
      ...more,
    })
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('what cannot be is refused at the start, with what to write instead', () => {
  assert.equal(refused(functions()), '')
  assert.equal(refused(functions({ hash: 'bcrypt' }), { flows: [flows.classic, flows.code] }), '')
  assert.match(
    refused({ byId: never }),
    /accounts\.byAddress: expected a function; all of byId, .*endSessions are needed/,
  )
  assert.match(refused(functions({ timeout: 50 })), /accounts\.timeout: expected 100 to 20000 milliseconds/)
  assert.match(refused(functions({ hash: 'md5' })), /accounts\.hash: "md5" is no form/)
  assert.match(
    refused(functions({ hash: 'bcrypt', verify: never })),
    /accounts\.verify: it goes without accounts\.hash/,
  )
  assert.match(
    refused(functions(), { flows: [flows.verified] }),
    /proof: \{ \.\.\.flows\.verified\.proof, keep: 'rows' \}/,
  )
  assert.match(refused(functions(), { flows: [flows.code] }), /password: \{ \.\.\.flows\.code\.password, history: 0 \}/)
})
