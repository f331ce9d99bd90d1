import assert from 'node:assert/strict'
import { test } from 'node:test'
import { registry } from '../metrics/registry.ts'
import { merged } from './processes-metrics.ts'

test('each series has the name of its process, and each family its head once', () => {
  const texts = ['1', 'letters'].map((name, at): [string, string] => {
    const counts = registry({ latchkey_log_ins_total: [[]] })
    counts.add('latchkey_asks_total', ['classic', 'mailed'], at + 1)
    counts.hashed(0.02)
    return [name, counts.text({})]
  })
  const text = merged(texts)
  assert.equal(text.match(/# TYPE latchkey_asks_total counter/g)?.length, 1)
  assert.match(text, /^latchkey_asks_total\{process="1",flow="classic",outcome="mailed"\} 1$/m)
  assert.match(text, /^latchkey_asks_total\{process="letters",flow="classic",outcome="mailed"\} 2$/m)
  assert.match(text, /^latchkey_log_ins_total\{process="1"\} 0$/m)
  assert.match(text, /^latchkey_hash_seconds_bucket\{process="letters",le="\+Inf"\} 1$/m)
  const samples = (one: string): number => one.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  assert.equal(samples(text), samples(texts[0]![1]) + samples(texts[1]![1]), 'none is lost')
})
