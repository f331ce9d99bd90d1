/** What accounts promise: found by the tidied address, kept as they were given. */
import assert from 'node:assert/strict'
import type { NewAccount } from '../engine/ports.ts'
import { anAccount, anEvent, type Promises, start } from './contract-values.ts'

const row = (email: string, username: string | null = null, more: Partial<NewAccount> = {}): NewAccount => ({
  email,
  username,
  passwordHash: 'a hash',
  verified: true,
  active: true,
  ...more,
})

/** What a new row says nothing of. */
const unsaid = { locale: null, secondFactor: false, signOn: false, reset: null }

export const accountPromises: Promises = {
  'an account that is added is noted with its id, where an event is given': async ({ store, accounts }) => {
    const row = { username: null, passwordHash: null, verified: true, active: true }
    const rows = ['ana@example.org', 'ANA@example.org', 'bea@example.org'].map((email) => ({ ...row, email }))
    await accounts.add(rows, start, anEvent('account.added', { because: 'by hand' }))
    await accounts.add([{ ...row, email: 'eve@example.org' }], start)
    const ids = (await accounts.list(null, 10)).map(({ id }) => id)
    assert.deepEqual(
      (await store.events(0, 10)).map(({ name, accountId, because }) => [name, accountId, because]),
      ids.slice(0, 2).map((id) => ['account.added', id, 'by hand']),
    )
  },

  'an account is found by id, by tidied address and by name, and is as it was given': async ({ accounts }) => {
    await accounts.add([row('Ana.Lima@Example.org', 'Ana', { verified: false })], start)
    const ana = await accounts.byName('ana')
    const given = {
      email: 'Ana.Lima@Example.org',
      username: 'Ana',
      passwordHash: 'a hash',
      verified: false,
      active: true,
    }
    assert.deepEqual(ana, { ...given, ...unsaid, id: ana?.id })
    assert.equal(typeof ana?.id, 'string')
    assert.deepEqual(await accounts.byId(ana!.id), ana)
    assert.deepEqual(await accounts.byAddress('ana.lima@example.org'), [ana])
    assert.deepEqual(await accounts.byName('ana.lima@example.org'), ana)
    assert.deepEqual(await accounts.byName('ANA'), ana)
  },

  'who is not there is not found': async ({ accounts }) => {
    const ana = await anAccount(accounts, { username: null, passwordHash: null, active: false })
    assert.deepEqual(
      { ...ana, id: '', email: '' },
      {
        ...row('', null, { passwordHash: null, active: false }),
        ...{ id: '', ...unsaid },
      },
    )
    for (const id of ['', '0', '4711', `0${ana.id}`, `${ana.id}.0`, ` ${ana.id}`, 'decoy:key']) {
      assert.equal(await accounts.byId(id), null, id)
    }
    assert.deepEqual(await accounts.byAddress('nobody@example.org'), [])
    await accounts.add([row('ana@example.org', 'ana'), row('an@ana')], start)
    const names = ['ana\0', 'ana@example.org\0', 'ana@example.org/1', 'ana@example.org?', 'ana@ex%61mple.org', 'an@']
    for (const name of ['', 'nobody', 'null', '%', ...names]) assert.equal(await accounts.byName(name), null)
  },

  'letters beyond ASCII are not folded': async ({ accounts }) => {
    const rows = [row('mike@example.org', 'mike'), row('mıke@example.org', 'mıke'), row('mi\u212Ae@example.org')]
    assert.deepEqual(await accounts.add(rows, start), { taken: [] })
    for (const { email } of rows) {
      assert.deepEqual(
        (await accounts.byAddress(email)).map((one) => one.email),
        [email],
      )
    }
    assert.deepEqual(await accounts.byAddress('miKe@example.org'.toUpperCase()), [])
  },

  'a domain is one domain, in letters or in A-labels': async ({ accounts }) => {
    await accounts.add([row('ana@Bücher.example'), row('bea@BÜCHER.example'), row('eva@xn--bcher-kva.example')], start)
    for (const name of ['ana', 'bea', 'eva']) {
      assert.equal((await accounts.byAddress(`${name}@xn--bcher-kva.example`)).length, 1, name)
    }
    assert.deepEqual(await accounts.add([row('ana@XN--bcher-kva.example')], start), { taken: [0] })
  },

  'a taken address or name is left out and told of, the others are added': async ({ accounts }) => {
    await accounts.add([row('ana@example.org', 'ana')], start)
    const rows = [
      row('ANA@example.org', 'other'),
      row('bea@example.org', 'ANA'),
      row('eva@example.org', 'eva'),
      row('Eva@example.org'),
      row('ida@example.org', ''),
      row('uta@example.org', ''),
    ]
    assert.deepEqual(await accounts.add(rows, start), { taken: [0, 1, 3] })
    assert.deepEqual(
      (await accounts.list(null, 10)).map(({ email, username }) => [email, username]),
      [
        ['ana@example.org', 'ana'],
        ['eva@example.org', 'eva'],
        ['ida@example.org', null],
        ['uta@example.org', null],
      ],
    )
  },

  'of those who add one address at once one does': async ({ accounts }) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => accounts.add([row('ana@example.org')], start)))
    assert.equal(answers.filter(({ taken }) => taken.length === 0).length, 1)
    assert.equal((await accounts.byAddress('ana@example.org')).length, 1)
  },

  'an address comes before a name that reads the same': async ({ accounts }) => {
    await accounts.add([row('eve@example.org', 'ana@example.org'), row('ana@example.org', 'ana')], start)
    assert.equal((await accounts.byName('ana@example.org'))?.username, 'ana')
  },

  'accounts are listed page by page, in order of id': async ({ accounts }) => {
    const rows = Array.from({ length: 25 }, (_, index) => row(`person-${index}@example.org`))
    await accounts.add(rows, start)
    const emails: string[] = []
    for (let after: string | null = null; ; ) {
      const page = await accounts.list(after, 10)
      if (page.length === 0) break
      emails.push(...page.map((one) => one.email))
      after = page.at(-1)!.id
    }
    assert.deepEqual(
      emails,
      rows.map((one) => one.email),
    )
  },
}
