/**
 * Proofs and grants, form by form: what each is bound to, and that nothing of it may be another. The exact values stand
 * here because letters are on their way while a server is updated: what was mailed by the old version opens in the new.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { classic, code, spa, stateless, verified } from '../flows/index.ts'
import { defineFlow, type Flow } from './flow.ts'
import { digest, type Keyring, keyring, mac } from './keys.ts'
import type { Account, Challenge } from './ports.ts'
import {
  accountOf,
  challengeOf,
  codeOf,
  columnReference,
  type Grant,
  grantOf,
  handleOf,
  isGrant,
  isLinkToken,
  isOurGrant,
  isSignedToken,
  linkToken,
  namesAccount,
  readGrant,
  signedExpiry,
  signedToken,
  uidOf,
} from './proof.ts'

const secret = 'a secret of these tests, long enough to be one'
const ring = keyring(secret)
const keys = ring.current
const rotated = keyring('the next secret of these tests', [secret])
const at = Date.UTC(2026, 0, 5, 12)

const ana: Account = {
  id: '7',
  email: 'ana@example.org',
  username: 'ana',
  passwordHash: 'hash of ana',
  verified: true,
  active: true,
  locale: null,
  secondFactor: false,
  signOn: false,
  reset: null,
}
const challenge: Challenge = {
  id: 'c'.repeat(22),
  flow: 'classic',
  addressKey: 'address',
  browser: null,
  keyId: keys.id,
  askedAt: at,
  expiresAt: at + 86_400_000,
  state: 'open',
  triesLeft: 0,
  accountId: '7',
  mails: 'c'.repeat(22),
  nonce: null,
  mailedAt: at,
}

/** What a proof of this flow is bound to, as the record of this decision has it. */
const bound = (flow: Flow, account: Account, expiresAt: number): string[] => [
  flow.name,
  account.id,
  account.email,
  String(expiresAt),
  ...flow.proof.dies.map((fact) => {
    if (fact === 'password') return `password=${account.passwordHash ?? ''}`
    if (fact === 'email') return `email=${account.email}`
    return `${fact}=${account[fact]}`
  }),
]

/** Every way in which an account can be another, with the fact that it changes. */
const others: readonly [string, Partial<Account>][] = [
  ['id', { id: '8' }],
  ['email', { email: 'Ana@example.org' }],
  ['password', { passwordHash: 'another' }],
  ['password', { passwordHash: null }],
  ['active', { active: false }],
  ['verified', { verified: false }],
]

test('an id is written in a link and read back, whatever is in it; what is not so written is nobody', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), (id) => {
      assert.equal(accountOf(uidOf(id)), id)
    }),
  )
  assert.equal(uidOf('7'), 'Nw')
  assert.equal(accountOf('Nw'), '7')
  for (const bad of ['', 'N', 'Nx', 'Nw=', 'N w', 'Nw/', '=', ' Nw', 'Nw\n', '_w'])
    assert.equal(accountOf(bad), null, bad)
  const longest = uidOf('x'.repeat(150))
  assert.equal(longest.length, 200)
  assert.equal(accountOf(longest), 'x'.repeat(150))
  assert.equal(accountOf(uidOf('x'.repeat(151))), null)
})

test('a stored link is the id of its challenge and a MAC over all that it hangs on', () => {
  for (const flow of [classic, spa, verified]) {
    const token = linkToken(keys, flow, challenge, ana)
    const fields = [keys.id, challenge.id, ...bound(flow, ana, challenge.expiresAt)]
    assert.equal(token, challenge.id + mac(keys, 'link', fields))
    assert.equal(token.length, 65)
    assert.equal(challengeOf(token), challenge.id)
    assert.equal(isLinkToken(keys, flow, challenge, ana, token), true)
    assert.equal(isLinkToken(keys, flow, challenge, null, token), false)
    const none = { ...ana, passwordHash: null }
    const empty = mac(keys, 'link', [keys.id, challenge.id, ...bound(flow, none, challenge.expiresAt)])
    assert.equal(linkToken(keys, flow, challenge, none), challenge.id + empty, 'no password is an empty one')
  }
})

test('a stored link does not fit another flow, challenge, expiry, key or account', () => {
  const token = linkToken(keys, classic, challenge, ana)
  const fits = (flow: Flow, one: Partial<Challenge>, account: Account | null, under = keys): boolean =>
    isLinkToken(under, flow, { ...challenge, ...one }, account, token)
  assert.equal(fits(classic, {}, ana), true)
  assert.equal(fits(spa, {}, ana), false)
  assert.equal(fits(classic, { id: 'd'.repeat(22) }, ana), false)
  assert.equal(fits(classic, { expiresAt: challenge.expiresAt + 1 }, ana), false)
  assert.equal(fits(classic, {}, ana, keyring('another').current), false)
  assert.equal(isLinkToken(keys, classic, challenge, ana, `${token}A`), false)
  assert.equal(isLinkToken(keys, classic, challenge, ana, ''), false)
  for (const [fact, change] of others) {
    const dies = fact === 'id' || (classic.proof.dies as readonly string[]).includes(fact)
    assert.equal(fits(classic, {}, { ...ana, ...change }), !dies, fact)
  }
})

test('a token of nobody, which anybody with no account might hope for, opens nothing', () => {
  const nobody = { ...ana, id: '', email: '', username: null, passwordHash: null, verified: false, active: false }
  assert.equal(isLinkToken(keys, classic, challenge, null, linkToken(keys, classic, challenge, nobody)), false)
  const signed = signedToken(keys, stateless, nobody, at)
  assert.equal(isSignedToken(ring, stateless, null, signed), false)
  const grant: Grant = { challengeId: '', accountId: '', expiresAt: at }
  assert.equal(isGrant(ring, stateless, grantOf(keys, stateless, grant, null, nobody), grant, null, null), false)
})

test('what has not the form of a token names no challenge', () => {
  const token = linkToken(keys, classic, challenge, ana)
  for (const bad of ['', token.slice(1), `${token}x`, `${token.slice(0, 64)}.`, ` ${token.slice(1)}`, '/'.repeat(65)]) {
    assert.equal(challengeOf(bad), null, bad)
  }
})

test('a signed token says its expiry, shows its badge, and ends in the MAC', () => {
  const token = signedToken(keys, stateless, ana, at)
  const expiry = at.toString(36)
  const badge = digest(keys, 'signed', ['badge', keys.id, 'stateless', '7', expiry])
  assert.equal(token, `${expiry}-${badge}${mac(keys, 'signed', [keys.id, ...bound(stateless, ana, at)])}`)
  assert.equal(signedExpiry(token), at)
  for (const bad of [
    '',
    token.slice(1),
    `x${token.slice(4)}`,
    `${token}x`,
    token.slice(0, -1),
    ` ${token}`,
    `${token}\n`,
  ]) {
    assert.equal(bad === token.slice(1) ? signedExpiry(`!${bad}`) : signedExpiry(bad), null, bad)
  }
  const forms: [string, boolean][] = [
    [`${'1'.repeat(5)}-${'a'.repeat(65)}`, false],
    [`${'1'.repeat(6)}-${'a'.repeat(65)}`, true],
    [`${'1'.repeat(10)}-${'a'.repeat(65)}`, true],
    [`${'1'.repeat(11)}-${'a'.repeat(65)}`, false],
    [`${'1'.repeat(8)}-${'a'.repeat(64)}`, false],
    [`${'1'.repeat(8)}-${'a'.repeat(66)}`, false],
    [`${'1'.repeat(8)}${'a'.repeat(65)}`, false],
    [`${'A'.repeat(8)}-${'a'.repeat(65)}`, false],
  ]
  for (const [text, isForm] of forms) assert.equal(signedExpiry(text) !== null, isForm, text)
})

test('a badge names its account, flow and expiry, under any secret of the ring', () => {
  const token = signedToken(keys, stateless, ana, at)
  assert.equal(namesAccount(ring, stateless, '7', token), true)
  assert.equal(namesAccount(rotated, stateless, '7', token), true)
  assert.equal(namesAccount(keyring('another'), stateless, '7', token), false)
  assert.equal(namesAccount(ring, stateless, '8', token), false)
  assert.equal(namesAccount(ring, { ...stateless, name: 'other' }, '7', token), false)
  const later = `${(at + 1).toString(36)}${token.slice(token.indexOf('-'))}`
  assert.equal(namesAccount(ring, stateless, '7', later), false)
  assert.equal(namesAccount(ring, stateless, '7', ''), false)
  assert.equal(namesAccount(ring, stateless, '7', 'not a token'), false)
})

test('a signed token fits its account as it was, under any secret of the ring', () => {
  const token = signedToken(keys, stateless, ana, at)
  const fits = (account: Account | null, held: Keyring = ring, flow: Flow = stateless): boolean =>
    isSignedToken(held, flow, account, token)
  assert.equal(fits(ana), true)
  assert.equal(fits(ana, rotated), true)
  assert.equal(fits(ana, keyring('another')), false)
  assert.equal(fits(null), false)
  assert.equal(fits(ana, ring, { ...stateless, name: 'other' }), false)
  for (const [fact, change] of others) {
    const dies = fact === 'id' || (stateless.proof.dies as readonly string[]).includes(fact)
    assert.equal(fits({ ...ana, ...change }), !dies, fact)
  }
  const last = token.at(-1) === 'A' ? 'E' : 'A'
  assert.equal(isSignedToken(ring, stateless, ana, token.slice(0, -1) + last), false)
  assert.equal(isSignedToken(ring, stateless, ana, 'not a token'), false)
})

test('a code is made of the first six bytes of a MAC that are fair, with its leading zeros', () => {
  const fields = (id: string) => [keys.id, id, ...bound(code, ana, challenge.expiresAt)]
  let zeros = 0
  for (let count = 0; count < 300; count++) {
    const id = `${count}`.padStart(22, 'x')
    const words = Buffer.from(mac(keys, 'code', [...fields(id), '0']), 'base64url')
    const made = codeOf(keys, code, { ...challenge, id }, [ana])
    assert.equal(made, String(words.readUIntBE(0, 6) % 1_000_000).padStart(6, '0'))
    if (made.startsWith('0')) zeros++
  }
  assert.ok(zeros > 5, 'leading zeros are kept')
})

test('a code has the digits of its flow, and another for another flow, challenge, expiry, key or account', () => {
  const one = codeOf(keys, code, challenge, [ana])
  for (const digits of [6, 7, 8, 9, 10] as const) {
    const flow = defineFlow({ ...code, proof: { ...code.proof, digits } })
    assert.match(codeOf(keys, flow, challenge, [ana]), new RegExp(`^[0-9]{${digits}}$`))
  }
  assert.match(codeOf(keys, classic, challenge, [ana]), /^[0-9]{6}$/)
  assert.notEqual(codeOf(keys, { ...code, name: 'other' }, challenge, [ana]), one)
  assert.notEqual(codeOf(keys, code, { ...challenge, id: 'd'.repeat(22) }, [ana]), one)
  assert.notEqual(codeOf(keys, code, { ...challenge, expiresAt: at }, [ana]), one)
  assert.notEqual(codeOf(keyring('another').current, code, challenge, [ana]), one)
  assert.notEqual(codeOf(keys, code, challenge, []), one)
  for (const [fact, change] of others) {
    const dies = fact === 'id' || (code.proof.dies as readonly string[]).includes(fact)
    assert.equal(codeOf(keys, code, challenge, [{ ...ana, ...change }]) !== one, dies, fact)
  }
})

test('digits are even: none comes up more often than chance has it', () => {
  const counts = new Array<number>(10).fill(0)
  for (let count = 0; count < 2000; count++) {
    const id = `${count}`.padStart(22, 'x')
    for (const digit of codeOf(keys, code, { ...challenge, id }, [ana])) counts[Number(digit)]!++
  }
  // Chi squared with nine degrees of freedom, for these keys: fixed, so that it cannot fail by chance.
  const chi = counts.reduce((sum, one) => sum + (one - 1200) ** 2 / 1200, 0)
  assert.ok(chi < 21.7, `${counts}`)
})

test('the reference in a column is a digest that only the key makes', () => {
  assert.equal(columnReference(keys, challenge.id), digest(keys, 'column', [challenge.id]))
})

const grant: Grant = { challengeId: challenge.id, accountId: '7', expiresAt: at + 900_000 }

test('a grant says what it is for, shows its badge, and ends in a MAC over challenge, nonce and account', () => {
  for (const [flow, one, nonce] of [
    [code, grant, 'n'.repeat(22)],
    [classic, grant, null],
    [stateless, { ...grant, challengeId: '' }, null],
  ] as const) {
    const text = grantOf(keys, flow, one, nonce, ana)
    const says = [one.challengeId, 'Nw', one.expiresAt.toString(36)]
    const signature = mac(keys, 'grant', [keys.id, one.challengeId, nonce ?? '', ...bound(flow, ana, one.expiresAt)])
    assert.equal(text, [...says, digest(keys, 'grant', ['badge', keys.id, flow.name, ...says]) + signature].join('.'))
    assert.deepEqual(readGrant(text), one)
    assert.equal(isOurGrant(ring, flow, text), true)
    assert.equal(isOurGrant(rotated, flow, text), true)
    assert.equal(isOurGrant(keyring('another'), flow, text), false)
    assert.equal(isOurGrant(ring, { ...flow, name: 'other' } as Flow, text), false)
    assert.equal(isGrant(ring, flow, text, one, nonce, ana), true)
    assert.equal(isGrant(rotated, flow, text, one, nonce, ana), true)
    assert.equal(isGrant(keyring('another'), flow, text, one, nonce, ana), false)
    assert.equal(isGrant(ring, flow, text, one, nonce, null), false)
  }
})

test('a grant dies with its nonce, its account and its flow', () => {
  const text = grantOf(keys, code, grant, 'nonce', ana)
  assert.equal(isGrant(ring, code, text, grant, 'other', ana), false)
  assert.equal(isGrant(ring, code, text, grant, null, ana), false)
  assert.equal(isGrant(ring, { ...code, name: 'other' }, text, grant, 'nonce', ana), false)
  for (const [fact, change] of others) {
    const dies = fact === 'id' || (code.proof.dies as readonly string[]).includes(fact)
    assert.equal(isGrant(ring, code, text, grant, 'nonce', { ...ana, ...change }), !dies, fact)
  }
})

test('whatever a grant says that we did not write, it is not ours', () => {
  const text = grantOf(keys, code, grant, 'nonce', ana)
  const [id, uid, expiry, signature] = text.split('.') as [string, string, string, string]
  for (const parts of [
    ['d'.repeat(22), uid, expiry, signature],
    [id, uidOf('8'), expiry, signature],
    [id, uid, (grant.expiresAt + 1).toString(36), signature],
    [id, uid, expiry, `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`],
  ]) {
    assert.notEqual(readGrant(parts.join('.')), null)
    assert.equal(isOurGrant(ring, code, parts.join('.')), false)
  }
  for (const bad of ['', '...', id, 'a.b.c.d']) assert.equal(isOurGrant(ring, code, bad), false)
})

test('what has not the form of a grant is none', () => {
  const [id, uid, expiry, signature] = grantOf(keys, code, grant, 'nonce', ana).split('.') as [
    string,
    string,
    string,
    string,
  ]
  const forms: [string[], boolean][] = [
    [[id, uid, expiry, signature], true],
    [['', uid, expiry, signature], true],
    [[id.slice(1), uid, expiry, signature], false],
    [[`${id}x`, uid, expiry, signature], false],
    [[id, '', expiry, signature], false],
    [[id, '_w', expiry, signature], false],
    [[id, uidOf('x'.repeat(150)), expiry, signature], true],
    [[id, uidOf('x'.repeat(151)), expiry, signature], false],
    [[id, uid, '1'.repeat(5), signature], false],
    [[id, uid, '1'.repeat(6), signature], true],
    [[id, uid, '1'.repeat(10), signature], true],
    [[id, uid, '1'.repeat(11), signature], false],
    [[id, uid, expiry.toUpperCase(), signature], false],
    [[id, uid, expiry, signature.slice(1)], false],
    [[id, uid, expiry, `${signature}x`], false],
    [[id, uid, expiry, signature, ''], false],
    [[id, uid, expiry], false],
  ]
  for (const [parts, isForm] of forms) assert.equal(readGrant(parts.join('.')) !== null, isForm, parts.join('.'))
  assert.equal(readGrant(` ${[id, uid, expiry, signature].join('.')}`), null)
})

test('two tabs are told apart by twelve characters that are the same for one challenge and account', () => {
  const handle = handleOf(ring, classic, grant)
  assert.equal(handle, digest(keys, 'handle', ['classic', challenge.id, '7']).slice(0, 12))
  assert.equal(handle.length, 12)
  assert.equal(handleOf(ring, classic, { ...grant, expiresAt: 1 }), handle)
})
