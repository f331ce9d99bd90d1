import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Outbox } from '../engine/ports.ts'
import { testRecovery } from '../testing/index.ts'
import { families } from './families.ts'
import { outboxReader, poolReadings } from './readings.ts'
import { registry } from './registry.ts'
import { tap } from './tap.ts'
import { familyText } from './text.ts'

/** A line of the format: a name, labels without anything that breaks them, a number. */
const line = /^[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? (-?\d+(\.\d+)?(e[+-]\d+)?|NaN|[+-]Inf)$/

test('every line is one that Prometheus reads, under a head of its family', async () => {
  const recovery = await testRecovery()
  await recovery.browser().json('/api/flows/spa/request', { email: 'ana@example.org' })
  await recovery.hasher.hash('a password')
  const text = await recovery.metrics()
  await recovery.close()
  let family = ''
  for (const one of text.trimEnd().split('\n')) {
    const head = /^# (HELP|TYPE) (\w+) \S/.exec(one)
    if (head) family = head[2]!
    else {
      assert.match(one, line)
      assert.ok(one.startsWith(family), one)
    }
  }
  assert.ok(text.endsWith('\n'))
  assert.match(text, /^latchkey_asks_total\{flow="spa",outcome="mailed"\} 1$/m)
  const buckets = [...text.matchAll(/^latchkey_hash_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)]
  assert.deepEqual(buckets.at(-1)?.slice(1), ['+Inf', '1'])
  const values = buckets.map(([, , value]) => Number(value))
  assert.deepEqual(values, values.toSorted())
})

test('what stands in a label is escaped, and a family without a sample is left out', () => {
  const family = { type: 'counter', help: 'a\nb', labels: ['one'] } as const
  assert.equal(
    familyText('x_total', family, [{ labels: ['a"b\\c\nd'], value: 0.5 }]),
    '# HELP x_total a\\nb\n# TYPE x_total counter\nx_total{one="a\\"b\\\\c\\nd"} 0.5\n',
  )
  assert.equal(familyText('x_total', family, []), '')
})

test('a database that does not answer costs a scrape its time-out and is asked once', async () => {
  let asked = 0
  let answer = (_: Outbox): void => {}
  const hanging = () => {
    asked++
    return new Promise<Outbox>((resolve) => {
      answer = resolve
    })
  }
  const read = outboxReader({ outbox: hanging }, { now: () => 5_000 }, 10)
  for (let scrape = 0; scrape < 3; scrape++) {
    assert.deepEqual(await read(), { latchkey_store_up: [{ labels: [], value: 0 }] })
  }
  assert.equal(asked, 1)
  answer({ due: 1, held: 0, later: 2, oldest: 1_000 })
  const readings = await read()
  assert.deepEqual(readings.latchkey_store_up, [{ labels: [], value: 1 }])
  assert.deepEqual(readings.latchkey_letters_oldest_seconds, [{ labels: [], value: 4 }])
  const broken = outboxReader({ outbox: () => Promise.reject(new Error('gone')) }, { now: () => 0 })
  assert.deepEqual((await broken()).latchkey_store_up, [{ labels: [], value: 0 }])
})

test('an operation of the database that fails is counted and fails as before', async () => {
  const recovery = await testRecovery()
  const counts = registry()
  const gone = new Error('gone')
  const broken = { ...recovery.store, note: () => Promise.reject(gone), onLetter: recovery.store.onLetter }
  const store = tap(counts, []).store(broken)
  const [event] = await recovery.store.events(0, 1)
  await assert.rejects(store.note(event!), gone)
  await recovery.close()
  assert.match(counts.text({}), /^latchkey_store_faults_total\{operation="note"\} 1$/m)
})

test('a flow or a reason that nobody knows is counted under a word of ours', async () => {
  const recovery = await testRecovery()
  const [event] = await recovery.store.events(0, 1)
  const counts = registry()
  const store = tap(counts, ['classic']).store(recovery.store)
  await store.note({ ...event!, name: 'proof.refused', flow: 'ana@example.org', because: 'ana@example.org' })
  await recovery.close()
  assert.match(counts.text({}), /^latchkey_proofs_refused_total\{flow="other",reason="other"\} 1$/m)
  assert.doesNotMatch(counts.text({}), /ana/)
})

const page = readFileSync('docs/metrics.md', 'utf8')
const alerts = readFileSync('docs/alerts.yml', 'utf8')

test('docs/metrics.md tells every family, as it is', () => {
  const told = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$/gm)].map(
    ([, name, type, labels, help]) => {
      return { name, type, labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label), help }
    },
  )
  const known = Object.entries(families).map(([name, { type, labels, help }]) => ({ name, type, labels, help }))
  assert.deepEqual(told, known)
})

test('the alerts ask for families and labels that there are', async () => {
  const recovery = await testRecovery()
  const text = await recovery.metrics()
  await recovery.close()
  const expressions = [...alerts.matchAll(/^\s+expr: (.*)$/gm)].map(([, expression]) => expression!)
  assert.ok(expressions.length > 15)
  const names = Object.keys(families)
  for (const expression of expressions) {
    for (const [, name, matchers = ''] of expression.matchAll(/\b((?:latchkey|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)) {
      assert.ok(names.includes(name!), `${name} in ${expression}`)
      const { labels } = families[name as keyof typeof families]
      for (const [, label, values] of matchers.matchAll(/(\w+)=~?"([^"]*)"/g)) {
        assert.ok((labels as readonly string[]).includes(label!), `${label} in ${expression}`)
        if (label === 'reason') continue
        // A series that is not there from the start raises nothing at its first step.
        for (const value of values!.split('|')) assert.match(text, new RegExp(`${name}\\{.*${label}="${value}"`))
      }
    }
  }
})

test('connections of a pool are told of where there is one', () => {
  assert.deepEqual(poolReadings({}), {})
  const { latchkey_pool_connections: samples } = poolReadings({ pool: () => ({ used: 3, idle: 1, waiting: 2 }) })
  assert.deepEqual(samples, [
    { labels: ['used'], value: 3 },
    { labels: ['idle'], value: 1 },
    { labels: ['waiting'], value: 2 },
  ])
})
