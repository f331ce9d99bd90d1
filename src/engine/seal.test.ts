/** The audit's seal as arithmetic: what shows when it is altered, what may be taken out without breaking it, and how links join. */
import assert from 'node:assert/strict'
import { createHash, verify } from 'node:crypto'
import { test } from 'node:test'
import { digest, keyring, mac, publicKey } from './keys.ts'
import {
  type AuditRow,
  accountKeyOf,
  beginning,
  checkpointAfter,
  contentOf,
  headOf,
  isAsSealed,
  isCheckpoint,
  isHead,
  isSegment,
  personalState,
  type Segment,
  sealEvent,
  segmentOf,
  shortened,
  shortenedEvent,
} from './seal.ts'

const ring = keyring('a secret of a test, of which nothing outside hangs')
const keys = ring.current
const others = keyring('another secret, of which nothing outside hangs').current
const salt = 'c2l4dGVlbi1ieXRlcy1oZXJl'

const row: AuditRow = {
  seq: 7,
  at: 1_700_000_000_000,
  name: 'proof.refused',
  flow: 'code',
  accountId: '12',
  addressKey: 'address',
  challengeId: 'challenge',
  network: '203.0.113.7',
  agent: 'a browser',
  requestId: 'request',
  because: 'wrong code',
  accountKey: null,
  personal: null,
  salt: null,
  seal: null,
  erasedBy: null,
}

const sealed = (more: Partial<AuditRow> = {}): AuditRow => {
  const event = { ...row, ...more }
  return { ...event, ...sealEvent(keys, event, salt) }
}

test('an event is sealed by keyed digests: of its account, of its person twice, and of all that does not change', () => {
  const seal = sealEvent(keys, row, salt)
  const short = createHash('sha256').update(`latchkey/v1/short salt ${salt}`).digest('base64url').slice(0, 22)
  const accountKey = digest(keys, 'audit', ['account', '12'])
  const personal =
    digest(keys, 'audit', ['whole', salt, '=12', '203.0.113.7', 'a browser']) +
    digest(keys, 'audit', ['short', short, '=12', '203.0.113.0/24'])
  const fields = ['7', '1700000000000', 'proof.refused', '=code', '=address', '=challenge', '=wrong code', 'request']
  assert.deepEqual(seal, {
    seq: 7,
    accountKey,
    personal,
    salt: `w${salt}`,
    seal: digest(keys, 'audit', ['event', ...fields, accountKey, personal]),
  })
  assert.equal(accountKeyOf(keys, '12'), accountKey)
  assert.equal(sealed({ accountId: null }).accountKey, '')
  assert.equal(sealed({ accountKey: 'of before' }).accountKey, 'of before', 'what an erasure is noted under stays')
})

test('whatever is altered of what does not change shows, and so does another secret', () => {
  const whole = sealed()
  assert.ok(isAsSealed(keys, whole))
  assert.equal(isAsSealed(others, whole), false)
  assert.equal(isAsSealed(keys, row), false, 'what is not sealed yet')
  const changes: Partial<AuditRow>[] = [
    { seq: 8 },
    { at: row.at + 1 },
    { name: 'proof.accepted' },
    { flow: 'classic' },
    { addressKey: 'another' },
    { challengeId: 'another' },
    { requestId: 'another' },
    { because: 'expired' },
    { accountKey: 'another' },
    { personal: 'another' },
    { seal: 'another' },
    { seal: null },
  ]
  for (const change of changes) assert.equal(isAsSealed(keys, { ...whole, ...change }), false, JSON.stringify(change))
  for (const field of ['flow', 'addressKey', 'challengeId', 'because'] as const) {
    const nothing = sealed({ [field]: null })
    assert.ok(isAsSealed(keys, nothing))
    for (const text of ['', 'null', 'mutant']) {
      assert.equal(
        isAsSealed(keys, { ...nothing, [field]: text }),
        false,
        `${field}: nothing and "${text}" are two things`,
      )
    }
  }
  assert.equal(isAsSealed(keys, { ...whole, personal: null }), false)
  const bare = sealEvent(keys, { ...row, flow: null, accountId: null }, salt)
  const fields = ['7', '1700000000000', 'proof.refused', '', '=address', '=challenge', '=wrong code', 'request']
  assert.equal(bare.seal, digest(keys, 'audit', ['event', ...fields, '', bare.personal]))
  const nobody = sealed({ accountId: null })
  assert.ok(isAsSealed(keys, { ...nobody, accountKey: null }), 'a database may keep an empty text as nothing')
})

test('what tells of a person is whole as it was written; every alteration shows', () => {
  const whole = sealed()
  assert.equal(personalState(keys, whole), 'whole')
  assert.equal(personalState(others, whole), 'altered')
  const changes: Partial<AuditRow>[] = [
    { accountId: '13' },
    { accountId: null },
    { network: '203.0.113.8' },
    { agent: 'another' },
    { agent: '' },
    { salt: `w${salt}x` },
    { salt: `s${salt}` },
    { personal: null },
    { personal: whole.personal!.slice(0, 22) },
    { personal: whole.personal!.slice(22) },
  ]
  for (const change of changes) {
    assert.equal(personalState(keys, { ...whole, ...change }), 'altered', JSON.stringify(change))
    assert.equal(isAsSealed(keys, { ...whole, ...change, personal: whole.personal }), true, 'the sealed part is whole')
  }
})

test('shortened, an event keeps its account and the beginning of its network, and what would confirm a guess is gone', () => {
  const whole = sealed()
  const cut = shortenedEvent(whole)
  const oneWay = createHash('sha256').update(`latchkey/v1/short salt ${salt}`).digest('base64url').slice(0, 22)
  assert.deepEqual(cut, { seq: 7, network: '203.0.113.0/24', salt: `s${oneWay}` })
  const short: AuditRow = { ...whole, ...cut, agent: '' }
  assert.equal(personalState(keys, short), 'short')
  assert.ok(isAsSealed(keys, short))
  for (const change of [
    { agent: 'a browser' },
    { network: '203.0.113.7' },
    { network: '203.0.114.0/24' },
    { network: '' },
    { accountId: '13' },
    { salt: `w${oneWay}` },
    { salt: 's' },
  ]) {
    assert.equal(personalState(keys, { ...short, ...change }), 'altered', JSON.stringify(change))
  }
  assert.equal(personalState(others, short), 'altered')
  assert.equal(
    shortenedEvent(row).salt,
    `s${createHash('sha256').update('latchkey/v1/short salt ').digest('base64url').slice(0, 22)}`,
  )
})

test('erased, nothing of the person is left, and the seal is whole', () => {
  const gone: AuditRow = { ...sealed(), accountId: null, network: '', agent: '', salt: null }
  assert.equal(personalState(keys, gone), 'gone')
  assert.ok(isAsSealed(keys, gone))
  for (const change of [{ accountId: '12' }, { network: '203.0.113.0/24' }, { agent: 'a browser' }]) {
    assert.equal(personalState(keys, { ...gone, ...change }), 'altered', JSON.stringify(change))
  }
})

test('a network is cut to its /24 or /48, in one spelling', () => {
  for (const [network, cut] of [
    ['', ''],
    ['203.0.113.7', '203.0.113.0/24'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8:1::/48', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['2001::5:6:7:8:9:a', '2001:0:5::/48'],
    ['::1', '0:0:0::/48'],
    ['::', '0:0:0::/48'],
    ['1::', '1:0:0::/48'],
    ['::3:4:5:6:7:8:9', '0:3:4::/48'],
    ['::2:3:4:5:6:7:8:9', '2:3:4::/48'],
    ['::ffff:203.0.113.7', '0:0:0::/48'],
    ['1.2.3', '1.2.3::/48'],
    ['1.2.3.4.5', '1.2.3.4.5::/48'],
  ]) {
    assert.equal(shortened(network!), cut, network)
    assert.equal(shortened(cut!), cut, 'cut twice is cut once')
  }
})

const events = [
  { ...sealed({ seq: 4, at: 300 }), seal: 'one' },
  { ...sealed({ seq: 6, at: 500 }), seal: 'two' },
  { ...sealed({ seq: 9, at: 400 }), seal: 'three' },
] as (AuditRow & { accountKey: string; personal: string; seal: string })[]

test('a segment tells what it holds, joins the one before, and covers all of it', () => {
  const first = segmentOf(keys, beginning, events, 1000)
  const content = mac(keys, 'audit', ['content', '4:one', '6:two', '9:three'])
  assert.equal(contentOf(keys, events), content)
  const body = ['1', '1', '9', '3', '500', '1000', keys.id, '', content]
  assert.deepEqual(first, {
    number: 1,
    first: 1,
    last: 9,
    count: 3,
    newest: 500,
    sealedAt: 1000,
    keyId: keys.id,
    previous: '',
    content,
    digest: mac(keys, 'audit', ['segment', ...body]),
  })
  const second = segmentOf(keys, first, [events[0]!], 2000)
  assert.deepEqual([second.number, second.first, second.previous], [2, 10, first.digest])
  assert.ok(isSegment(keys, first) && isSegment(keys, second))
  assert.equal(isSegment(others, first), false)
  const changes: Partial<Segment>[] = [
    { number: 2 },
    { first: 2 },
    { last: 8 },
    { count: 2 },
    { newest: 501 },
    { sealedAt: 1001 },
    { keyId: 'another' },
    { previous: 'another' },
    { content: 'another' },
    { digest: 'another' },
  ]
  for (const change of changes) assert.equal(isSegment(keys, { ...first, ...change }), false, JSON.stringify(change))
  assert.deepEqual(beginning, { number: 0, last: 0, digest: '' })
})

test('the content of a segment changes with each number and seal in it, and with their order', () => {
  const content = contentOf(keys, events)
  for (const other of [events.slice(1), events.toReversed(), [...events, events[0]!]]) {
    assert.notEqual(contentOf(keys, other), content)
  }
  assert.notEqual(contentOf(keys, [{ seq: 5, seal: 'one' }, ...events.slice(1)]), content)
})

test('a checkpoint stands for what was removed, and nobody else makes one', () => {
  const segment = segmentOf(keys, beginning, events, 1000)
  const point = checkpointAfter(keys, segment, 5000)
  const { number, last, digest: of } = segment
  const fields = ['checkpoint', '1', '9', of, '5000', keys.id]
  assert.deepEqual(point, {
    number,
    last,
    digest: of,
    removedAt: 5000,
    keyId: keys.id,
    mac: mac(keys, 'audit', fields),
  })
  assert.ok(isCheckpoint(keys, point))
  assert.equal(isCheckpoint(others, point), false)
  for (const change of [
    { number: 2 },
    { last: 8 },
    { digest: 'another' },
    { removedAt: 5001 },
    { keyId: 'another' },
    { mac: 'another' },
  ]) {
    assert.equal(isCheckpoint(keys, { ...point, ...change }), false, JSON.stringify(change))
  }
})

test('a head is signed over six lines that anybody can check with the public key', () => {
  const segment = segmentOf(keys, beginning, events, 1000)
  const head = headOf(keys, segment, Date.UTC(2026, 0, 5, 12))
  const { signature, ...rest } = head
  assert.deepEqual(rest, {
    segment: 1,
    digest: segment.digest,
    last: 9,
    at: '2026-01-05T12:00:00.000Z',
    keyId: keys.id,
  })
  const lines = `latchkey-head/v1\n1\n${segment.digest}\n9\n2026-01-05T12:00:00.000Z\n${keys.id}`
  assert.ok(verify(null, Buffer.from(lines), publicKey(keys), Buffer.from(signature, 'base64url')))
  assert.ok(isHead(ring, head))
  for (const change of [
    { segment: 2 },
    { digest: 'another' },
    { last: 8 },
    { at: '2026-01-05T12:00:00.001Z' },
    { keyId: others.id },
    { signature: `A${signature.slice(1)}` === signature ? `B${signature.slice(1)}` : `A${signature.slice(1)}` },
  ]) {
    assert.equal(isHead(ring, { ...head, ...change }), false, JSON.stringify(change))
  }
  const later = keyring('the secret of the day after, no less long', [
    'a secret of a test, of which nothing outside hangs',
  ])
  assert.ok(isHead(later, head), 'under a secret of before too')
})
