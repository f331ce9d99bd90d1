import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logger } from './log.ts'

const clock = { now: () => Date.UTC(2026, 4, 1) }

function logged(level: 'debug' | 'info' | 'warn' | 'error', entries: Parameters<ReturnType<typeof logger>>[0][]) {
  const lines: string[] = []
  const log = logger(level, clock, (line) => lines.push(line))
  for (const entry of entries) log(entry)
  return lines
}

test('a line is one JSON object with its time', () => {
  const [line] = logged('info', [{ level: 'info', message: 'started', port: 3000 }])
  assert.equal(line, '{"time":"2026-05-01T00:00:00.000Z","level":"info","message":"started","port":3000}\n')
})

test('what is below the level is left out', () => {
  const entries = (['debug', 'info', 'warn', 'error'] as const).map((level) => ({ level, message: level }))
  assert.equal(logged('debug', entries).length, 4)
  assert.deepEqual(
    logged('warn', entries).map((line) => JSON.parse(line).level),
    ['warn', 'error'],
  )
})

test('nothing breaks a line or speaks to a terminal', () => {
  const [line] = logged('info', [
    { level: 'info', message: 'a\nb\u001b[31m\u009b\u2028\u007f', agent: 'x\r\n{"level":"error"}' },
  ])
  assert.equal(line!.split('\n').length, 2)
  assert.doesNotMatch(line!.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
  assert.equal(JSON.parse(line!).message, 'a\nb\u001b[31m\u009b\u2028\u007f')
})

test('secrets are left out by their name, at any depth', () => {
  const fields = {
    token: 'hidden-1',
    password: 'hidden-2',
    nested: { cookie: 'hidden-3', link: 'hidden-4', SECRET_KEY: 'hidden-5' },
    code: 'hidden-6',
    grant: 'hidden-7',
  }
  const [line] = logged('info', [{ level: 'info', message: 'x', ...fields }])
  assert.doesNotMatch(line!, /hidden/)
})

test('errors are told, long texts are cut, and nothing makes the log throw', () => {
  const [line] = logged('info', [
    { level: 'error', message: 'x', error: new TypeError('bad'), text: 'y'.repeat(9000), big: 1n },
  ])
  const entry = JSON.parse(line!)
  assert.equal(entry.error, 'TypeError: bad')
  assert.equal(entry.text.length, 2001)
  assert.equal(entry.big, '1')
  const circular: Record<string, unknown> = {}
  circular.self = circular
  assert.equal(logged('info', [{ level: 'info', message: 'x', circular }]).length, 1)
})
