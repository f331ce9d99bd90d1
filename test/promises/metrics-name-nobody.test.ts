/**
 * Metrics leave the house: they go to other machines, into dashboards and into alerts by mail, and stay for years. A label
 * with an address, an account or a token in it hands out what the database guards, and one with anything that a stranger
 * types lets him fill the memory of whoever keeps the series. So here every flow is walked well and badly, by people with
 * and without accounts, and every label must be a word of ours; and what was done must have been counted.
 */
import assert from 'node:assert/strict'
import { classic, code } from '../../src/flows/index.ts'
import { families } from '../../src/metrics/families.ts'
import { codeIn } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  askApi,
  before,
  eventsOf,
  letterFor,
  linkOf,
  logsIn,
  onEachStore,
  person,
  reset,
  stranger,
  submit,
} from './kit.ts'

type Series = { readonly name: string; readonly labels: Record<string, string>; readonly value: number }

function seriesIn(text: string): Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text])
      return { name, labels: Object.fromEntries(pairs), value: Number(value) }
    })
}

const sumOf = (series: readonly Series[], name: string, labels: Record<string, string> = {}): number =>
  series
    .filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value))
    .reduce((sum, one) => sum + one.value, 0)

onEachStore('no label is anything but a word of ours, and everything is counted', async (open) => {
  const bench = await open()
  const secrets = new Set<string>([after, before, 'unheard-of', '198.51', '"*'])
  const names = ['ana', 'bob', 'cyd', 'dan', 'eva']
  for (const [index, flow] of allFlows.entries()) {
    const email = `${names[index]}.lastname@example.org`
    secrets.add(await person(bench, email, { username: `nick-${names[index]}` }))
    for (const part of [email, `nick-${names[index]}`, `${names[index]}.lastname`]) secrets.add(part)
    const browser = stranger(bench, { 'user-agent': 'latchkey_agent{x="1"}' })
    const mail = await letterFor(bench, flow, email, browser)
    secrets.add(flow.proof.kind === 'code' ? codeIn(mail) : linkOf(flow, mail).token)
    await askApi(stranger(bench), flow, `nobody.${names[index]}@unheard-of.example`)
    const bad = { token: 'a-token-that-"opens"\nnothing', uid: 'x{y="z"}' }
    await stranger(bench).json(`/api/flows/${flow.name}/prove`, bad)
    await stranger(bench).json(`/api/flows/${flow.name}/change`, { grant: 'a-grant-of-nobody', password: after })
    const weak = await reset(browser, flow, mail, 'short')
    assert.ok(weak.status >= 400, flow.name)
    const again = flow.proof.kind === 'code' ? await letterFor(bench, flow, email, browser) : mail
    await reset(browser, flow, again, after)
    assert.equal(await logsIn(bench, email, after), true, flow.name)
    assert.equal(await logsIn(bench, email, 'not the password'), false)
  }
  const { body } = await askApi(stranger(bench), code, 'nobody.at.all@unheard-of.example')
  const typed = { flow_id: body.flow_id, email: 'nobody.at.all@unheard-of.example', code: '123456' }
  await stranger(bench).json('/api/flows/code/prove', typed)
  const many = bench.browser({ address: '192.0.2.99' })
  for (let asked = 0; asked < 23; asked++) await askApi(many, classic, `more${asked}@unheard-of.example`)
  await submit(stranger(bench), '/login/', { username: 'unheard-of', password: 'unheard-of' })
  await bench.mail()

  const text = await bench.metrics()
  const series = seriesIn(text)
  const flows = allFlows.map(({ name }) => name as string)
  for (const { name, labels } of series) {
    for (const [label, value] of Object.entries(labels)) {
      if (label === 'flow') assert.ok([...flows, 'other'].includes(value), `${name}: ${value}`)
      else if (label === 'le' || label === 'quantile') assert.match(value, /^([\d.]+|\+Inf)$/)
      else assert.match(value, /^[A-Za-z][A-Za-z, -]{1,60}$/, `${name}: ${label}`)
      for (const secret of secrets) if (secret.length > 2) assert.ok(!value.includes(secret), `${name}: ${value}`)
    }
  }
  const words = Object.keys(families)
  assert.ok(series.every(({ name }) => words.includes(name.replace(/_(bucket|sum|count)$/, ''))))
  assert.equal(sumOf(series, 'latchkey_proofs_refused_total', { reason: 'other' }), 0, 'every reason is known')
  assert.equal(sumOf(series, 'latchkey_log_ins_refused_total', { reason: 'other' }), 0)
  assert.equal(sumOf(series, 'latchkey_passwords_refused_total', { reason: 'other' }), 0)

  // What the audit has, the counters have.
  const events = await eventsOf(bench)
  const noted = (name: string): number => events.filter((event) => event.name === name).length
  assert.equal(sumOf(series, 'latchkey_asks_total', { outcome: 'mailed' }), noted('challenge.opened'))
  assert.equal(sumOf(series, 'latchkey_asks_refused_total', { limit: 'asks-per-network' }), 3)
  assert.equal(sumOf(series, 'latchkey_limits_total', { limit: 'asks-per-network' }), 3)
  assert.equal(sumOf(series, 'latchkey_letters_total', { outcome: 'sent' }), noted('letter.sent'))
  assert.equal(sumOf(series, 'latchkey_letters_total', { outcome: 'dropped' }), noted('letter.dropped'))
  assert.equal(sumOf(series, 'latchkey_proofs_total', { kind: 'opened' }), noted('link.opened'))
  assert.equal(sumOf(series, 'latchkey_proofs_total', { kind: 'accepted' }), noted('proof.accepted'))
  assert.equal(sumOf(series, 'latchkey_proofs_refused_total'), noted('proof.refused'))
  assert.equal(sumOf(series, 'latchkey_changes_total'), allFlows.length)
  assert.equal(sumOf(series, 'latchkey_log_ins_total'), allFlows.length)
  assert.equal(sumOf(series, 'latchkey_log_ins_refused_total'), noted('session.refused'))
  assert.ok(sumOf(series, 'latchkey_passwords_refused_total', { reason: 'too-short' }) >= allFlows.length)
  assert.equal(sumOf(series, 'latchkey_store_faults_total'), 0)
  assert.equal(sumOf(series, 'latchkey_letters_waiting'), 0)
})
