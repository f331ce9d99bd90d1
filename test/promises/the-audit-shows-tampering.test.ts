/**
 * Who takes over an account and has a foot in the database cleans up behind: the row that names the network is altered,
 * the one that tells of the reset is deleted, the last hour is cut off. Logs that can be edited in silence tell the story
 * of whoever edited them last; the trail of many a break-in ends so, and so did that of administrators who looked where
 * they should not. Yet what tells of a person must go when its time has come or when the person asks, and a chain that
 * breaks with every erasure proves nothing. So rows are altered, added, swapped, deleted and forged here behind the
 * server's back, and each time the audit must say which.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { auditKeys } from '../../src/audit/auditor.ts'
import { erase } from '../../src/audit/erase.ts'
import { type Finding, sentence } from '../../src/audit/findings.ts'
import { compareHeads, type HeadLine, readHead } from '../../src/audit/heads.ts'
import { keep, standardKept } from '../../src/audit/keep.ts'
import { names } from '../../src/audit/names.ts'
import { verify } from '../../src/audit/verify.ts'
import { event } from '../../src/engine/audit.ts'
import { digest, keyring } from '../../src/engine/keys.ts'
import type { Kit } from '../../src/engine/ports.ts'
import { type AuditRow, type Head, sealEvent, segmentOf, shortened, shortenedEvent } from '../../src/engine/seal.ts'
import * as flows from '../../src/flows/index.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import {
  type AuditBench,
  another,
  auditInMemory,
  auditOnEachStore,
  auditOnSqlite,
  benchSecret,
  caller,
  openAudit,
  sealed,
} from '../audit-bench.ts'
import {
  after,
  inMemory,
  letterFor,
  logsIn,
  onAllStores,
  person,
  reset,
  rowsIn,
  sql,
  stranger,
  temporaryFolder,
} from './kit.ts'

/** Sentences of everything that a walk finds. */
async function told(bench: { kit: Pick<Kit, 'keys' | 'store'> }, keys = bench.kit.keys): Promise<string[]> {
  const found: Finding[] = []
  await verify(bench.kit.store, keys, (finding) => found.push(finding))
  return found.map(sentence)
}

/** Three segments: events 1 to 3, 4 to 7, 8 to 9. */
async function chained(bench: AuditBench): Promise<AuditBench> {
  await sealed(bench, [3, 4, 2])
  assert.deepEqual(await told(bench), [])
  return bench
}

auditOnEachStore('a chain that nobody touched is whole, and tells how far it goes', async (open) => {
  const bench = await open()
  const walked = () => verify(bench.store, bench.kit.keys, (finding) => assert.fail(sentence(finding)))
  const nothing = { segments: 0, events: 0, unsealed: 0, unsealedSince: null, tip: null, removedTo: 0 }
  assert.deepEqual(await walked(), nothing)
  await sealed(bench, [3, 2])
  await bench.store.note(event(bench.clock.now(), 'link.opened', caller))
  const { tip, ...counts } = await walked()
  const since = bench.clock.now()
  assert.deepEqual(counts, { segments: 2, events: 5, unsealed: 1, unsealedSince: since, removedTo: 0 })
  assert.deepEqual([tip?.number, tip?.last], [2, 5])
})

onAllStores('a recovery from the ask to the log-in is sealed whole', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  for (const flow of [flows.classic, flows.code]) {
    const browser = stranger(bench)
    await reset(browser, flow, await letterFor(bench, flow, 'ana@example.org', browser), after)
    await bench.audit.seal()
    bench.clock.turn({ minutes: 16 })
  }
  const { unsealed, events } = await verify(bench.store, bench.kit.keys, (finding) => assert.fail(sentence(finding)))
  assert.deepEqual([unsealed, events], [0, (await bench.store.events(0, 100_000)).length])
})

/** What is done behind the server's back, and what the walk says then. */
const deeds: readonly (readonly [name: string, statements: readonly string[], said: readonly RegExp[]])[] = [
  [
    'a reason that was altered',
    [`UPDATE latchkey_events SET because = 'nothing' WHERE seq = 5`],
    [/^Event 5 was altered after it was sealed/],
  ],
  ...['at = at + 1', `name = 'link.opened'`, `flow = 'code'`, `address_key = 'a'`, `challenge_id = 'c'`].map(
    (change) =>
      [
        `another ${change.split(' ')[0]}`,
        [`UPDATE latchkey_events SET ${change} WHERE seq = 5`],
        [/^Event 5 was altered/],
      ] as const,
  ),
  [
    'another request id, and none instead of an empty reason',
    [
      `UPDATE latchkey_events SET request_id = 'r2' WHERE seq = 1`,
      `UPDATE latchkey_events SET because = NULL WHERE seq = 9`,
    ],
    [/^Event 1 was altered/, /^Event 9 was altered/],
  ],
  [
    'the account of an event',
    [`UPDATE latchkey_events SET account_id = '8' WHERE seq = 4`],
    [/^Account, network or agent of event 4 were altered/],
  ],
  [
    'the network, and the agent of another',
    [
      `UPDATE latchkey_events SET network = '203.0.113.9' WHERE seq = 4`,
      `UPDATE latchkey_events SET agent = '' WHERE seq = 6`,
    ],
    [/^Account, network or agent of event 4/, /^Account, network or agent of event 6/],
  ],
  [
    'the digest of the account and a salt',
    [
      `UPDATE latchkey_events SET account_key = 'another' WHERE seq = 4`,
      `UPDATE latchkey_events SET salt = 'wAAAAAAAAAAAAAAAAAAAAAA' WHERE seq = 6`,
    ],
    [/^Event 4 was altered/, /^Account, network or agent of event 6/],
  ],
  [
    'what tells of a person, as if it had been erased',
    [`UPDATE latchkey_events SET account_id = NULL, network = '', agent = '', salt = NULL WHERE seq IN (4, 5)`],
    [/^Of 2 events account, network and agent were taken out, and no erasure tells of it/],
  ],
  ['a row that was deleted', ['DELETE FROM latchkey_events WHERE seq = 5'], [/^Event 5 of segment 2 is missing/]],
  [
    'rows that were deleted',
    ['DELETE FROM latchkey_events WHERE seq IN (5, 6)'],
    [/^Events 5 to 6 of segment 2 are missing/],
  ],
  [
    'two rows that were swapped',
    [
      'UPDATE latchkey_events SET seq = -5 WHERE seq = 5',
      'UPDATE latchkey_events SET seq = 5 WHERE seq = 6',
      'UPDATE latchkey_events SET seq = 6 WHERE seq = -5',
    ],
    [/^Event 5 was altered/, /^Event 6 was altered/],
  ],
  [
    'a row in the place of another',
    [
      'DELETE FROM latchkey_events WHERE seq = 5',
      `INSERT INTO latchkey_events (seq, at, name, network, agent, request_id) VALUES (5, 1, 'link.opened', '', '', '')`,
    ],
    [/^Event 5 was put in after/, /^Event 5 of segment 2 is missing/],
  ],
  [
    'a copy of a row in the place of another',
    ['DELETE FROM latchkey_events WHERE seq = 6', 'UPDATE latchkey_events SET seq = 6 WHERE seq = 5'],
    [/^Event 6 was altered/, /^Event 5 of segment 2 is missing/],
  ],
  [
    'the newest rows cut off',
    ['DELETE FROM latchkey_events WHERE seq > 7'],
    [/^Events 8 to 9 of segment 3 are missing/],
  ],
  [
    'the last segment gone, its events kept',
    ['DELETE FROM latchkey_segments WHERE number = 3'],
    [/^The end of the chain was cut off: events 8 to 9 were sealed, and their segments are gone/],
  ],
  [
    'all segments gone',
    ['DELETE FROM latchkey_segments'],
    [/^The end of the chain was cut off: events 1 to 9 were sealed/],
  ],
  [
    'a segment in the middle gone with its events',
    ['DELETE FROM latchkey_segments WHERE number = 2', 'DELETE FROM latchkey_events WHERE seq IN (4, 5, 6, 7)'],
    [/^Segment 2 is missing, with no checkpoint/],
  ],
  [
    'the oldest segment gone with its events',
    ['DELETE FROM latchkey_segments WHERE number = 1', 'DELETE FROM latchkey_events WHERE seq < 4'],
    [/^Segment 1 is missing, with no checkpoint/],
  ],
  [
    'a checkpoint that was made without the key',
    [
      'DELETE FROM latchkey_segments WHERE number = 1',
      'DELETE FROM latchkey_events WHERE seq < 4',
      `INSERT INTO latchkey_checkpoint SELECT 1, 1, 3, previous, 1, key_id, digest FROM latchkey_segments WHERE number = 2`,
    ],
    [/^The checkpoint was altered, or made without the key/],
  ],
  ...['last = 6', 'newest = 0', 'count = 3', 'sealed_at = 1', `content = 'c'`, `digest = 'd'`].map(
    (change) =>
      [
        `a segment's ${change.split(' ')[0]}`,
        [`UPDATE latchkey_segments SET ${change} WHERE number = 2`],
        [/^Segment 2 was altered, or made without the key/],
      ] as const,
  ),
  [
    'a segment under a key that nobody has',
    [`UPDATE latchkey_segments SET key_id = 'nobodys' WHERE number = 3`],
    [/^Segment 3 was sealed under the key nobodys, which is not known here/],
  ],
]

auditOnSqlite('whatever is done to the rows behind the back of the server shows', async (open) => {
  const bench = await chained(await open())
  const tables = ['latchkey_events', 'latchkey_segments', 'latchkey_checkpoint']
  for (const table of tables) sql(bench, `CREATE TABLE kept_${table} AS SELECT * FROM ${table}`)
  for (const [name, statements, said] of deeds) {
    for (const statement of statements) sql(bench, statement)
    const sentences = await told(bench)
    const all = `${name}:\n${sentences.join('\n')}`
    for (const pattern of said)
      assert.ok(
        sentences.some((one) => pattern.test(one)),
        all,
      )
    // What follows from a thing that was altered may be told of besides.
    assert.ok(sentences.length <= said.length + 1, all)
    for (const table of tables) {
      sql(bench, `DELETE FROM ${table}`)
      sql(bench, `INSERT INTO ${table} SELECT * FROM kept_${table}`)
    }
    assert.deepEqual(await told(bench), [])
  }
})

auditOnSqlite('who has the database and not the key cannot make a segment', async (open) => {
  const bench = await chained(await open())
  sql(bench, `UPDATE latchkey_events SET because = 'nothing to see' WHERE seq = 9`)
  // All that the code does, under a secret of their own, with the name of the real key on it.
  const { current } = keyring('a secret that the forger has made up for this')
  const forger = { ...current, id: bench.kit.keys.current.id }
  const [, two] = await bench.store.audit.segments(0, 3)
  const rows = await bench.store.audit.rows(7, 2)
  const bare = { accountKey: null, personal: null, salt: null, seal: null }
  const seals = rows.map((row) => ({
    at: row.at,
    ...sealEvent(forger, { ...row, ...bare } as AuditRow, 'A'.repeat(22)),
  }))
  const { newest, sealedAt, content, digest } = segmentOf(forger, two!, seals, bench.clock.now())
  sql(
    bench,
    'UPDATE latchkey_segments SET newest = ?, sealed_at = ?, content = ?, digest = ? WHERE number = 3',
    ...[newest, sealedAt, content, digest],
  )
  for (const { seq, accountKey, personal, salt, seal } of seals) {
    const row = [accountKey, personal, salt, seal, seq]
    sql(bench, 'UPDATE latchkey_events SET account_key = ?, personal = ?, salt = ?, seal = ? WHERE seq = ?', ...row)
  }
  assert.match((await told(bench))[0]!, /^Segment 3 was altered, or made without the key/)
})

auditOnSqlite(
  'a chain that was cut behind the back of the process that made it is told of, and sealed on',
  async (open) => {
    const bench = await chained(await open())
    sql(bench, 'DELETE FROM latchkey_segments WHERE number = 3')
    sql(bench, 'DELETE FROM latchkey_events WHERE seq > 7')
    // Nothing in the database tells of it any more; the process that sealed it knows.
    assert.deepEqual(await told(bench), [])
    await sealed(bench, [1])
    await bench.audit.seal()
    const [sentence, ...more] = await told(bench)
    assert.match(sentence!, /^Event \d+: at 2026-.*Z the sealer found that segment 3 was sealed and is gone\.$/)
    assert.deepEqual(more, [])
    assert.ok(bench.log.some(({ level }) => level === 'error'))
  },
)

auditOnSqlite('a chain whose end was taken off its events is told of though another process seals on', async (open) => {
  const bench = await chained(await open())
  sql(bench, 'DELETE FROM latchkey_segments WHERE number > 1')
  const other = another(bench)
  await other.seal()
  await other.seal()
  const sentences = await told(bench)
  assert.equal(sentences.length, 1)
  assert.match(sentences[0]!, /the sealer found that events 4 to 9 were sealed in a segment that is gone/)
})

/** Lines as a file has them. */
async function* linesOf(texts: readonly string[]): AsyncGenerator<HeadLine> {
  for (const [at, text] of texts.entries()) yield { line: at + 1, head: readHead(text) }
}

async function comparedWith(bench: AuditBench, texts: readonly string[]) {
  const found: Finding[] = []
  const compared = await compareHeads(bench.store, bench.kit.keys, linesOf(texts), (finding) => found.push(finding))
  return { ...compared, sentences: found.map(sentence) }
}

auditOnSqlite('a chain that was rewritten with the key itself is shown by a head that was given away', async (open) => {
  const heads: Head[] = []
  const bench = await open({ audit: { heads: (head) => void heads.push(head) } })
  await chained(bench)
  assert.deepEqual(
    heads.map(({ segment }) => segment),
    [1, 2, 3],
  )
  const lines = heads.map((head) => JSON.stringify(head))
  assert.deepEqual(await comparedWith(bench, lines), { held: 3, removed: 0, sentences: [] })

  sql(bench, 'DELETE FROM latchkey_segments WHERE number > 1')
  sql(bench, 'DELETE FROM latchkey_events WHERE seq > 4')
  sql(
    bench,
    `UPDATE latchkey_events SET account_key = NULL, personal = NULL, salt = NULL, seal = NULL, because = 'fine'
    WHERE seq = 4`,
  )
  // A new process, which knows nothing, seals what it is given: the chain is whole again.
  await another(bench).seal()
  assert.deepEqual(await told(bench), [])
  const { held, sentences } = await comparedWith(bench, ['', 'not a head', ...lines])
  assert.equal(held, 1)
  assert.match(sentences[0]!, /^Line 4: segment 2 is not the one that was exported: the chain was rewritten/)
  assert.match(sentences[1]!, /^Line 5: segment 3 was exported and is not in the database: the chain was cut off/)
  assert.equal(sentences.length, 2)
})

auditOnSqlite('heads stand in a file and in the log, and one that was made up or altered shows', async (open) => {
  const bench = await open({ audit: { heads: import.meta.dirname } })
  await sealed(bench, [1])
  // A folder is no file: that is told of, and the log has the head all the same.
  assert.ok(bench.log.some(({ message }) => message === 'a head of the audit could not be given away'))
  const logged = bench.log.filter((entry) => 'head' in entry).map((entry) => JSON.stringify(entry))
  assert.deepEqual(await comparedWith(bench, logged), { held: 1, removed: 0, sentences: [] })

  const file = join(bench.file, '..', 'heads', 'audit.jsonl')
  const other = another(bench, { heads: file })
  await bench.store.note(event(bench.clock.now(), 'link.opened', caller))
  await other.seal()
  await bench.store.note(event(bench.clock.now(), 'link.opened', caller))
  await other.seal()
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  assert.deepEqual(await comparedWith(bench, lines), { held: 2, removed: 0, sentences: [] })

  const head = readHead(lines[1]!)!
  const stranger = keyring('a secret of a stranger, who wants to be believed')
  const forged = [
    { ...head, digest: 'A'.repeat(43) },
    { ...head, at: '2020-01-01T00:00:00.000Z' },
    { ...head, signature: 'A'.repeat(86) },
    { ...head, keyId: stranger.current.id },
  ]
  const { held, sentences } = await comparedWith(
    bench,
    forged.map((one) => JSON.stringify(one)),
  )
  assert.equal(held, 0)
  for (const [at, one] of sentences.entries()) {
    assert.match(one, at < 3 ? /bears a signature that is not ours/ : /which is not known here/)
  }
  assert.equal(sentences.length, 4)
})

auditOnEachStore(
  'an audit that is stopped has sealed what was noted, and given the end of its chain away',
  async (open) => {
    const heads: Head[] = []
    const bench = await open({ audit: { heads: (head) => void heads.push(head) } })
    bench.audit.start()
    bench.audit.start()
    for (let i = 0; i < 300; i++) await bench.store.note(event(bench.clock.now(), 'link.opened', caller))
    await bench.audit.stop()
    await bench.audit.stop()
    const { unsealed, events, tip } = await verify(bench.store, bench.kit.keys, (one) => assert.fail(sentence(one)))
    assert.deepEqual([unsealed, events], [0, 300])
    assert.deepEqual([heads.at(-1)?.segment, heads.at(-1)?.last], [tip?.number, 300])
  },
)

auditOnEachStore('a function for heads that fails costs nothing but that head', async (open) => {
  const bench = await open({
    audit: {
      heads: () => {
        throw new Error('the log service is away')
      },
    },
  })
  await sealed(bench, [2, 1])
  assert.equal(bench.log.filter(({ level }) => level === 'error').length, 2)
  assert.equal(bench.log.filter((entry) => 'head' in entry).length, 2)
  assert.deepEqual(await told(bench), [])
})

auditOnEachStore('any number of sealers at once make one chain', async (open) => {
  const bench = await open()
  const sealers = Array.from({ length: 6 }, () => another(bench))
  for (let round = 0; round < 5; round++) {
    await Promise.all(
      Array.from({ length: 150 }, () => bench.store.note(event(bench.clock.now(), 'link.opened', caller))),
    )
    const done = await Promise.all(sealers.map((one) => one.seal()))
    assert.equal(
      done.reduce((sum, one) => sum + one.events, 0),
      150,
    )
  }
  const { events, unsealed } = await verify(bench.store, bench.kit.keys, (finding) => assert.fail(sentence(finding)))
  assert.deepEqual([events, unsealed], [750, 0])
})

auditOnEachStore('a sealer that another overtakes between two looks finds nothing amiss', async (open) => {
  const bench = await open()
  for (let i = 0; i < 5; i++) await bench.store.note(event(bench.clock.now(), 'link.opened', caller))
  let overtakes = 1
  const audit: Kit['store']['audit'] = {
    ...bench.store.audit,
    async rows(...args) {
      if (overtakes-- > 0) await bench.audit.seal()
      return bench.store.audit.rows(...args)
    },
  }
  const late = another({ kit: { ...bench.kit, store: { ...bench.store, audit } } })
  assert.deepEqual((await late.seal()).amiss, [])
  assert.deepEqual(await told(bench), [])
})

onAllStores('a person who is erased leaves the seal whole', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  await person(bench, 'bea@example.org')
  for (const address of ['ana@example.org', 'bea@example.org']) {
    const browser = stranger(bench, { 'user-agent': `the browser of ${address}` })
    await reset(browser, flows.classic, await letterFor(bench, flows.classic, address, browser), after)
  }
  const before = await bench.store.events(0, 100_000)
  const erased = await erase(bench.kit, { accountId: '1', addressKeys: [] }, 'an operator')
  assert.ok(erased >= 4)
  const now = await bench.store.events(0, 100_000)
  assert.doesNotMatch(JSON.stringify(now), /browser of ana/)
  assert.match(JSON.stringify(now), /browser of bea/)
  assert.equal(
    now.some(({ accountId }) => accountId === '1'),
    false,
  )
  assert.deepEqual(
    now.filter(({ accountId }) => accountId === '2'),
    before.filter(({ accountId }) => accountId === '2'),
  )
  const last = now.at(-1)!
  assert.deepEqual(
    [last.name, last.because, last.accountId],
    ['audit.erased', `${erased} events, by an operator`, null],
  )
  await bench.audit.seal()
  assert.deepEqual(await told(bench), [])
  assert.equal(await erase(bench.kit, { accountId: '1', addressKeys: [] }, 'an operator'), 0)
  await bench.audit.seal()
  assert.deepEqual(await told(bench), [])
})

auditOnSqlite('an erasure is no cover for another', async (open) => {
  const bench = await open()
  await sealed(bench, [2], '1')
  await sealed(bench, [2], '2')
  await erase(bench.kit, { accountId: '1', addressKeys: [] }, 'an operator')
  await bench.audit.seal()
  assert.deepEqual(await told(bench), [])
  sql(
    bench,
    `UPDATE latchkey_events SET account_id = NULL, network = '', agent = '', salt = NULL, erased_by = 5 WHERE seq = 4`,
  )
  assert.deepEqual(await told(bench), [
    'Of 1 event account, network and agent were taken out, and no erasure tells of it.',
  ])
})

auditOnSqlite('an erasure whose events are gone already is no cover for another account either', async (open) => {
  const bench = await open()
  await sealed(bench, [2], '1')
  bench.clock.turn({ days: 100 })
  await sealed(bench, [1], '2')
  await erase(bench.kit, { accountId: '1', addressKeys: [] }, 'an operator')
  bench.clock.turn({ days: 81 })
  assert.equal((await bench.audit.keep()).removed, 2)
  await bench.audit.seal()
  assert.deepEqual(await told(bench), [])
  sql(
    bench,
    `UPDATE latchkey_events SET account_id = NULL, network = '', agent = '', salt = NULL, erased_by = 4 WHERE seq = 3`,
  )
  assert.deepEqual(await told(bench), [
    'Of 1 event account, network and agent were taken out, and no erasure tells of it.',
  ])
})

auditOnEachStore('networks are cut and agents go after 30 days, and the seal stays whole', async (open) => {
  const bench = await open()
  const six = { ...caller, network: '2001:db8:1:2::7' }
  await sealed(bench, [2])
  await bench.store.note(event(bench.clock.now(), 'link.opened', six, { accountId: '7' }))
  await bench.audit.seal()
  bench.clock.turn({ days: 30 })
  assert.deepEqual(await bench.audit.keep(), { shortened: 0, removed: 0, stuckAt: null })
  await sealed(bench, [1])
  bench.clock.turn({ days: 1 })
  assert.deepEqual(await bench.audit.keep(), { shortened: 3, removed: 0, stuckAt: null })
  assert.deepEqual(await bench.audit.keep(), { shortened: 0, removed: 0, stuckAt: null })
  const events = await bench.store.events(0, 100_000)
  assert.deepEqual(
    events.slice(0, 4).map(({ network, agent, accountId }) => [network, agent, accountId]),
    [
      ['192.0.2.0/24', '', '7'],
      ['192.0.2.0/24', '', '7'],
      ['2001:db8:1::/48', '', '7'],
      ['192.0.2.77', 'a browser', '7'],
    ],
  )
  assert.deepEqual([events[4]?.name, events[4]?.because], ['audit.shortened', 'events to 3'])
  await bench.audit.seal()
  assert.deepEqual(await told(bench), [])
})

auditOnSqlite(
  'what is left after shortening is still proved, and a shortening that nobody made shows',
  async (open) => {
    const bench = await open()
    await sealed(bench, [2])
    bench.clock.turn({ days: 31 })
    await bench.audit.keep()
    await sealed(bench, [2])
    assert.deepEqual(await told(bench), [])
    sql(bench, `UPDATE latchkey_events SET network = '198.51.100.0/24' WHERE seq = 1`)
    sql(bench, `UPDATE latchkey_events SET account_id = '8' WHERE seq = 2`)
    assert.deepEqual(await told(bench), [
      'Account, network or agent of event 1 were altered after it was sealed.',
      'Account, network or agent of event 2 were altered after it was sealed.',
    ])
    sql(bench, `UPDATE latchkey_events SET network = '192.0.2.0/24' WHERE seq = 1`)
    sql(bench, `UPDATE latchkey_events SET account_id = '7' WHERE seq = 2`)
    assert.deepEqual(await told(bench), [])
    // What says more than is left to be proved is not believed either.
    sql(bench, `UPDATE latchkey_events SET network = '192.0.2.5' WHERE seq = 1`)
    sql(bench, `UPDATE latchkey_events SET agent = 'another' WHERE seq = 2`)
    assert.equal((await told(bench)).length, 2)
    sql(bench, `UPDATE latchkey_events SET network = '192.0.2.0/24', agent = '' WHERE seq < 3`)
    sql(bench, `UPDATE latchkey_events SET account_id = '7' WHERE seq = 2`)
    assert.deepEqual(await told(bench), [])
    // The salt of the whole leads to the shorter one, and never back.
    const { latchkey_events: rows } = rowsIn(bench)
    const { salt } = rows!.find(({ seq }) => seq === 4)!
    const [row] = await bench.store.audit.rows(3, 1)
    assert.equal(row?.salt, salt)
    const cut = shortenedEvent(row!)
    sql(bench, `UPDATE latchkey_events SET network = ?, salt = ?, agent = '' WHERE seq = 4`, cut.network, cut.salt)
    assert.deepEqual(await told(bench), [
      'Networks and agents were taken out up to event 4, and no shortening tells of it.',
    ])
  },
)

auditOnEachStore(
  'events go after 180 days, whole segments at a time, and the chain goes on from a checkpoint',
  async (open) => {
    const heads: Head[] = []
    const bench = await open({ audit: { heads: (head) => void heads.push(head) } })
    await sealed(bench, [3, 4])
    bench.clock.turn({ days: 100 })
    await sealed(bench, [2])
    bench.clock.turn({ days: 80 })
    assert.equal((await bench.audit.keep()).removed, 0)
    bench.clock.turn({ days: 1 })
    assert.equal((await bench.audit.keep()).removed, 7)
    await bench.audit.seal()
    assert.deepEqual(await told(bench), [])
    const events = await bench.store.events(0, 100_000)
    assert.equal(events[0]?.seq, 8)
    const removed = events.find(({ name }) => name === 'audit.removed')
    assert.equal(removed?.because, 'events 1 to 7')
    const lines = heads.map((head) => JSON.stringify(head))
    // The checkpoint is the last of what was removed, and its head still agrees.
    assert.deepEqual(await comparedWith(bench, lines), { held: heads.length - 1, removed: 1, sentences: [] })
    bench.clock.turn({ days: 200 })
    assert.equal((await bench.audit.keep()).removed, events.length)
    await bench.audit.seal()
    assert.deepEqual(await told(bench), [])
  },
)

auditOnSqlite('what was altered is not removed under the cover of its age', async (open) => {
  const bench = await chained(await open())
  sql(bench, 'UPDATE latchkey_segments SET newest = 0')
  assert.equal((await bench.audit.keep()).removed, 0)
  sql(bench, `UPDATE latchkey_segments SET newest = 0, key_id = 'nobodys'`)
  assert.equal((await bench.audit.keep()).removed, 0)
  // A key that nobody has lends no age: what came after it is genuine, and young.
  const young = await chained(await open())
  sql(young, `UPDATE latchkey_segments SET newest = 0, key_id = 'nobodys' WHERE number = 1`)
  assert.equal((await young.audit.keep()).removed, 0)
  // One that was altered keeps those after it, too, until somebody has looked.
  const other = await chained(await open())
  sql(other, 'UPDATE latchkey_segments SET newest = 0 WHERE number = 1')
  other.clock.turn({ days: 181 })
  const stuck = await other.audit.keep()
  assert.deepEqual([stuck.removed, stuck.stuckAt], [0, 1])
})

auditInMemory('what a lost key has sealed goes when what came after it is old enough', async (open) => {
  const bench = await open({ secret: 'the secret that is going to be lost by this test' })
  // More segments than are looked at in one go.
  for (let i = 0; i < 205; i++) await sealed(bench, [1])
  bench.clock.turn({ days: 181 })
  const kit = { ...bench.kit, keys: keyring(benchSecret) }
  assert.deepEqual(await keep(kit, standardKept), { shortened: 205, removed: 0, stuckAt: null })
  await sealed({ ...bench, audit: another({ kit }) }, [1])
  bench.clock.turn({ days: 181 })
  // The event of the new key, and the two that tell of the shortening, among them.
  assert.equal((await keep(kit, standardKept)).removed, 208)
  await another({ kit }).seal()
  assert.deepEqual(await told(bench, kit.keys), [])
})

auditOnSqlite('a checkpoint is no licence to remove more', async (open) => {
  const bench = await open()
  await sealed(bench, [3])
  bench.clock.turn({ days: 181 })
  await sealed(bench, [2, 2])
  await bench.audit.keep()
  await bench.audit.seal()
  assert.deepEqual(await told(bench), [])
  sql(bench, 'CREATE TABLE kept_checkpoint AS SELECT * FROM latchkey_checkpoint')
  for (const change of ['number = 0', 'last = 2', `digest = 'd'`, 'removed_at = 1', `mac = 'm'`]) {
    sql(bench, `UPDATE latchkey_checkpoint SET ${change}`)
    assert.match((await told(bench)).join('\n'), /The checkpoint was altered/, change)
    sql(bench, 'DELETE FROM latchkey_checkpoint')
    sql(bench, 'INSERT INTO latchkey_checkpoint SELECT * FROM kept_checkpoint')
  }
  sql(bench, 'UPDATE latchkey_checkpoint SET number = 2, last = 5')
  sql(bench, 'DELETE FROM latchkey_segments WHERE number = 2')
  sql(bench, 'DELETE FROM latchkey_events WHERE seq <= 5')
  assert.match((await told(bench)).join('\n'), /The checkpoint was altered, or made without the key/)
})

auditOnEachStore('a new secret seals on, and the old one is needed only to check what it sealed', async (open) => {
  const first = 'the first secret of the audit, long enough for all'
  const second = 'the second one that came after it, as long as that'
  const bench = await open({ secret: first })
  await sealed(bench, [2])
  const kit = { ...bench.kit, keys: keyring(second, [first]) }
  await another({ kit }).seal()
  await bench.store.note(event(bench.clock.now(), 'link.opened', caller, { accountId: '7' }))
  await another({ kit }).seal()
  assert.deepEqual(await told(bench, keyring(second, [first])), [])
  assert.deepEqual(await told(bench, auditKeys(second, [], { secrets: [first] })), [])
  const [alone] = await told(bench, keyring(second))
  assert.match(alone!, /^Segment 1 was sealed under the key [\w-]{8}, which is not known here: give the earlier secret/)
  await erase(kit, { accountId: '7', addressKeys: [] }, 'an operator')
  await another({ kit }).seal()
  assert.deepEqual(await told(bench, kit.keys), [])
})

auditOnEachStore('ten thousand events are sealed and checked, a segment at a time', async (open) => {
  const bench = await open()
  for (let batch = 0; batch < 10; batch++) {
    const notes = Array.from({ length: 1000 }, (_, i) =>
      bench.store.note(event(bench.clock.now(), 'link.opened', caller, { accountId: String(i) })),
    )
    await Promise.all(notes)
  }
  assert.equal((await bench.audit.seal()).events, 10_000)
  const walked = await verify(bench.store, bench.kit.keys, (finding) => assert.fail(sentence(finding)))
  assert.deepEqual([walked.events, walked.unsealed], [10_000, 0])
  bench.clock.turn({ days: 181 })
  const some = await keep(bench.kit, standardKept, 2_000)
  assert.ok(some.removed >= 2_000 && some.removed < 4_000)
  const { removed } = await bench.audit.keep()
  assert.equal(some.removed + removed, 10_000)
  await bench.audit.seal()
  assert.deepEqual(await told(bench), [])
})

auditOnSqlite('an older segment or event does not fit into a chain that went on without it', async (open) => {
  const bench = await open()
  await sealed(bench, [3, 4])
  const tables = ['latchkey_events', 'latchkey_segments']
  for (const table of tables) sql(bench, `CREATE TABLE first_${table} AS SELECT * FROM ${table}`)
  sql(bench, 'DELETE FROM latchkey_segments WHERE number = 2')
  sql(bench, 'DELETE FROM latchkey_events WHERE seq > 3')
  // Another process, which knows of no second segment, makes one and a third.
  await sealed({ ...bench, audit: another(bench) }, [4, 2], '8')
  assert.deepEqual(await told(bench), [])
  sql(bench, 'DELETE FROM latchkey_events WHERE seq = 5')
  sql(bench, 'INSERT INTO latchkey_events SELECT * FROM first_latchkey_events WHERE seq = 5')
  assert.deepEqual(await told(bench), ['The events of segment 2 are not those that were sealed in it.'])
  sql(bench, 'DELETE FROM latchkey_segments WHERE number = 2')
  sql(bench, 'DELETE FROM latchkey_events WHERE seq BETWEEN 4 AND 7')
  sql(bench, 'INSERT INTO latchkey_segments SELECT * FROM first_latchkey_segments WHERE number = 2')
  sql(bench, 'INSERT INTO latchkey_events SELECT * FROM first_latchkey_events WHERE seq BETWEEN 4 AND 7')
  assert.deepEqual(await told(bench), [
    'Segment 3 does not follow the one before it: one of the two is not the original.',
  ])
})

auditOnSqlite(
  'events of before the audit was sealed are sealed as they are, numbers missing among them',
  async (open) => {
    const bench = await open()
    for (let i = 0; i < 6; i++) await bench.store.note(event(bench.clock.now(), 'link.opened', caller))
    sql(bench, 'DELETE FROM latchkey_events WHERE seq IN (1, 3)')
    assert.equal((await bench.audit.seal()).events, 4)
    assert.deepEqual(await told(bench), [])
    sql(bench, 'DELETE FROM latchkey_events WHERE seq = 4')
    assert.deepEqual(await told(bench), ['One event of segment 1 is missing.'])
    sql(
      bench,
      `INSERT INTO latchkey_events (seq, at, name, network, agent, request_id) VALUES (3, 9e15, 'x', '', '', '')`,
    )
    assert.equal((await told(bench))[0], 'Event 3 was put in after the events around it were sealed.')
  },
)

inMemory('an erasure finds asks that know no account, by the address that was typed', async (open) => {
  const bench = await open()
  const id = await person(bench, 'ana@example.org')
  await person(bench, 'bea@example.org')
  for (const address of ['ana@example.org', 'bea@example.org']) {
    // A flow that keeps no rows: nothing but the address ties the ask to its letter.
    await letterFor(bench, flows.stateless, address, stranger(bench, { 'user-agent': `the browser of ${address}` }))
  }
  const address = bench.kit.tidyAddress('ana@example.org')!
  const addressKeys = [digest(bench.kit.keys.lasting, 'address', [address])]
  await erase(bench.kit, { accountId: id, addressKeys }, 'an operator')
  const now = JSON.stringify(await bench.store.events(0, 1000))
  assert.doesNotMatch(now, /browser of ana/)
  assert.match(now, /browser of bea/)
})

test('a network is cut to its /24 or /48, however it is written', () => {
  const cuts = {
    '192.0.2.77': '192.0.2.0/24',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1::/48',
    '2001:db8::7': '2001:db8:0::/48',
    '::1': '0:0:0::/48',
    'fe80::': 'fe80:0:0::/48',
    '192.0.2.0/24': '192.0.2.0/24',
    '': '',
  }
  for (const [network, cut] of Object.entries(cuts)) assert.equal(shortened(network), cut)
})

test('a sealer that is killed leaves whole segments or none, and the next one goes on', async () => {
  const { path, remove } = temporaryFolder()
  try {
    const file = join(path, 'app.db')
    const secret = 'a secret that two processes of this test have in common'
    const bench = await openAudit(sqlite(file), file, { secret })
    for (let kill = 0; kill < 4; kill++) {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', sealingFor(file, secret)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let segments = 0
      for await (const chunk of child.stdout) {
        segments += String(chunk).split('\n').length - 1
        if (segments >= 8 + kill) child.kill('SIGKILL')
      }
      assert.ok(segments >= 8)
      assert.deepEqual(await told(bench), [])
    }
    await bench.audit.seal()
    bench.clock.turn({ days: 1000 })
    await bench.audit.keep()
    await bench.audit.seal()
    assert.deepEqual(await told(bench), [])
    await bench.store.close()
  } finally {
    remove()
  }
})

/** Notes, seals, shortens, erases and removes without end; a line for each round. */
const sealingFor = (file: string, secret: string): string => `
  const { testClock, testRecovery } = await import(${JSON.stringify(import.meta.resolve('../../src/testing/index.ts'))})
  const { sqlite } = await import(${JSON.stringify(import.meta.resolve('../../src/stores/sqlite.ts'))})
  const { event, nobody } = await import(${JSON.stringify(import.meta.resolve('../../src/engine/audit.ts'))})
  const { erase } = await import(${JSON.stringify(import.meta.resolve('../../src/audit/erase.ts'))})
  const database = sqlite(${JSON.stringify(file)})
  const clock = testClock()
  const bench = await testRecovery({ database, secret: ${JSON.stringify(secret)}, clock })
  for (let round = 0; ; round++) {
    const note = (i) => bench.store.note(event(clock.now(), 'link.opened', nobody, { accountId: String(i % 7) }))
    await Promise.all(Array.from({ length: 40 }, (_, i) => note(i)))
    await bench.audit.seal()
    clock.turn({ days: 31 })
    await bench.audit.keep()
    await erase(bench.kit, { accountId: String(round % 7), addressKeys: [] }, 'the test')
    process.stdout.write('round\\n')
  }`

inMemory('every event has the fields that its page says, and no others', async (open) => {
  const bench = await open({ flows: Object.values(flows) })
  await person(bench, 'ana@example.org', { username: 'ana' })
  for (const flow of Object.values(flows)) {
    const browser = stranger(bench)
    const mail = await letterFor(bench, flow, 'ana@example.org', browser)
    await reset(browser, flow, mail, 'short')
    await reset(browser, flow, mail, `${after}${flow.name}`).catch(() => null)
    await reset(browser, flow, mail, after).catch(() => null)
    await letterFor(bench, flow, 'nobody@example.org', stranger(bench)).catch(() => null)
    for (let i = 0; i < 12; i++) await logsIn(bench, 'ana', 'a wrong password').catch(() => null)
    bench.clock.turn({ minutes: 20 })
  }
  assert.ok(await logsIn(bench, 'ana', `${after}${flows.verified.name}`))
  const events = await bench.store.events(0, 100_000)
  await erase(bench.kit, { accountId: '1', addressKeys: [] }, 'an operator')
  bench.clock.turn({ days: 31 })
  await bench.audit.keep()
  bench.clock.turn({ days: 200 })
  await bench.audit.keep()
  events.push(...(await bench.store.events(0, 100_000)))
  const seen = new Set<string>()
  for (const { seq: _, at: __, name, ...fields } of events) {
    seen.add(name)
    const known: readonly string[] = names[name].fields
    for (const [field, value] of Object.entries(fields)) {
      const isSaid = value === null || value === '' || known.includes(field)
      assert.ok(isSaid, `${name} has ${field}, and its page does not say so`)
    }
  }
  const walked = [
    'challenge.opened',
    'letter.dropped',
    'letter.sent',
    'limit.crossed',
    'link.opened',
    'password.changed',
  ]
  walked.push('password.refused', 'proof.accepted', 'proof.refused', 'session.opened', 'session.refused')
  walked.push('audit.erased', 'audit.removed', 'audit.shortened')
  assert.deepEqual(
    walked.filter((name) => !seen.has(name)),
    [],
  )
})
